"""The half-life query: for each post the time within which half of its reposts came.

Ours runs the portable SQL in DuckDB within 400 MB, spilling to disk; the peers hold what they need. All read
the same Parquet file, and have to give the same two integers: posts, and the sum of their half-lives.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from contest import contest, ours, peer
from entries.tables_memory import _long_table
from measuring import Row, Settings

_LIMIT_MB = 400
_ABOVE_MB = 150
_SPEED = "half-life query, {:,} rows: speed (wanted: 2.5 million)"
_RATE = "million rows/CPU s"


def rows(settings: Settings) -> list[Row]:
    """CPU time for each size and peer, ours in rows a CPU second, and our peak memory."""
    sizes = [1_000] if settings.is_smoke else [100_000, 1_000_000, 10_000_000, 20_000_000]
    with tempfile.TemporaryDirectory(prefix="perito-bench-") as folder:
        return [row for size in sizes for row in _rows(settings, Path(folder), size)]


def _rows(settings: Settings, folder: Path, size: int) -> list[Row]:
    file = folder / "edges.parquet"
    _long_table(file, size)
    contenders = [
        ours("half_life_ours.py", file, _LIMIT_MB, folder / "spill"),
        peer(settings, "polars", "half_life_polars.py", file),
        peer(settings, "pandas", "half_life_pandas.py", file),
    ]
    found = contest(
        f"half-life query, {size:,} rows, {_LIMIT_MB} MB", contenders, min(settings.rounds, 3), size=size
    )
    used = found[0].ours_used
    return [
        *found,
        Row(_SPEED.format(size), size / found[0].ours / 1e6, _RATE, is_more_better=True, size=size),
        Row(
            f"half-life query, {size:,} rows, {_LIMIT_MB} MB: peak memory",
            used.peak_mb if used else 0.0,
            "MB",
            target=_LIMIT_MB + _ABOVE_MB,
            size=size,
        ),
    ]
