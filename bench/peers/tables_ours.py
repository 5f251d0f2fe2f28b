"""Canonical tables from Parquet files that are named after their table, sealed before the clock starts."""

import shutil
import sys
import tempfile
from pathlib import Path

import stopwatch


def prepare() -> tuple:
    """The files sealed in a store of their own."""
    from perito.evidence import Store
    from perito.tables import build_tables

    folder = Path(tempfile.mkdtemp(prefix="perito-bench-"))
    store = Store(folder / "evidence")
    for file in sorted(Path(sys.argv[1]).glob("*.parquet")):
        store.add(file, path_in_case=file.name, format=f"table:{file.stem}", acquired_at_us=0)
    return build_tables, Store(folder / "evidence"), folder


def work(given: tuple) -> int:
    """How many rows the tables have."""
    build_tables, store, folder = given
    try:
        built = build_tables(store, folder / "tables", memory_limit_mb=int(sys.argv[2]))
    finally:
        shutil.rmtree(folder)
    return sum(rows for _, rows in built.inputs.values())


stopwatch.report(work, prepare)
