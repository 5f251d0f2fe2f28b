"""Engines: one interface, one portable SQL."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from perito.engine.base import Engine, Tables
from perito.errors import CaseError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["ENGINES", "Engine", "Tables", "open_engine"]

ENGINES = ("duckdb",)


def open_engine(
    name: str, paths: Mapping[str, Path], names: Iterable[str], threads: int | None = None
) -> Engine:
    """An engine over the tables' Parquet files.

    Args:
        name: One of `ENGINES`.
        paths: The file of each table that has rows.
        names: Every table that may be asked.
        threads: How many threads it may use; all cores by default.

    Raises:
        CaseError: There is no engine of that name, or the number of threads is not positive.
        SchemaError: A table's file cannot be read.

    Example:
        >>> with Tables(open_engine("duckdb", {}, ["posts"], threads=1), {}) as tables:
        ...     tables.rows("SELECT post_id FROM posts")
        []
    """
    if name not in ENGINES:
        raise CaseError(f"there is no engine '{name}'", remedy=nearest(name, ENGINES))
    if threads is not None and threads < 1:
        raise CaseError("an engine needs at least one thread", found=str(threads))
    from perito.engine.duckdb_engine import DuckDBEngine

    return DuckDBEngine(paths, names, threads or os.cpu_count() or 1)
