"""A default install into a fresh environment: how long, how large. Only with `--install`: needs an index."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from measuring import ROOT, Row, Settings, environment

# Installing from a folder leaves a build folder in it: the copy takes it.
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv*", "build", "site", "*.egg-info", "__pycache__", ".*_cache"
)


def rows(settings: Settings) -> list[Row]:
    """Time and size of `pip install` with the pinned versions; nothing unless it was asked for."""
    if not settings.with_install:
        return []
    with tempfile.TemporaryDirectory(prefix="perito-bench-") as folder:
        source = Path(folder) / "source"
        shutil.copytree(ROOT, source, ignore=NOT_COPIED)
        start = time.perf_counter()
        python = environment(Path(folder) / "env", "-c", str(source / "constraints.txt"), str(source))
        wall_s = time.perf_counter() - start
        packages = next((python.parent.parent / "lib").glob("python*/site-packages"))
        megabytes = sum(path.stat().st_size for path in packages.rglob("*") if path.is_file()) / 1e6
        number = len(list(packages.glob("*.dist-info")))
    return [
        Row("default install: wall", wall_s, "s", target=180),
        Row("default install: size", megabytes, "MB", target=800),
        Row("default install: distributions", number, ""),
    ]
