"""Planning and drawing a sample of 2,000 from the posts of a simulated case, by scores and without.

From the tables of the case to the whole design: the population is counted and its digest taken, scores are
joined, strata cut, labels shared out, every item ranked by SHA-256 and the readings chosen. There is no peer:
the survey packages that draw samples start from a list in memory and neither count nor register it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from contest import contest, ours
from measuring import Row, Settings

from perito.evidence import Store
from perito.simulate import simulate
from perito.tables import build_tables

_TABLES = ("posts", "scores")


def rows(settings: Settings) -> list[Row]:
    """Two rows for each size: strata by score, and a simple random sample."""
    sizes = [1_000] if settings.is_smoke else [100_000, 1_000_000]
    found = []
    for posts in sizes:
        with tempfile.TemporaryDirectory(prefix="perito-bench-") as made:
            tables = _tables(Path(made), posts)
            for how, words in (("score", "strata by score"), ("none", "simple random sample")):
                name = f"plan and draw from {posts:,} simulated posts, {words}"
                rounds = 1 if settings.is_smoke else 3
                found += contest(name, [ours("sample_plan_ours.py", tables, how)], rounds, size=posts)
    return found


def _tables(folder: Path, posts: int) -> Path:
    """The canonical tables of posts and scores of a simulated case."""
    simulate(folder / "case", posts=posts, seed=7)
    store = Store(folder / "evidence")
    for name in _TABLES:
        file = folder / "case" / "sources" / f"{name}.parquet"
        store.add(file, path_in_case=file.name, format=f"table:{name}", acquired_at_us=0)
    build_tables(store, folder / "tables")
    return folder / "tables"
