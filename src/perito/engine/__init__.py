"""Engines: one interface, one portable SQL."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from perito.engine.base import Engine, Tables
from perito.errors import CaseError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from perito.engine.sources import Files

__all__ = ["ENGINES", "Engine", "Tables", "check_engine", "open_engine"]

ENGINES = ("duckdb", "spark")
_LOCAL_MASTER = "local[*]"


def check_engine(name: str, master: str | None = None) -> None:
    """Refuse an engine that cannot start, before any work is done.

    Args:
        name: One of `ENGINES`.
        master: The address of the Spark cluster; this machine by default.

    Raises:
        CaseError: There is no engine of that name; it is not installed, or in another version than the one
            that was tested; its cluster does not answer; or a cluster is named for an engine without one.

    Example:
        >>> check_engine("duckdb")
    """
    if name not in ENGINES:
        raise CaseError(f"there is no engine '{name}'", remedy=nearest(name, ENGINES))
    if name == "spark":
        from perito.engine.spark_checks import check_spark

        check_spark(master or _LOCAL_MASTER)
    elif master is not None:
        raise CaseError(
            f"the engine '{name}' runs on this machine only", where="--master", remedy="add '--engine spark'"
        )


def open_engine(
    name: str,
    paths: Mapping[str, Files],
    names: Iterable[str],
    threads: int | None = None,
    *,
    master: str | None = None,
    memory_limit_mb: int | None = None,
    spill: Path | None = None,
) -> Engine:
    """An engine over the tables' Parquet files.

    Args:
        name: One of `ENGINES`.
        paths: The file, or the files, of each table that has rows.
        names: Every table that may be asked.
        threads: How many threads it may use on this machine; all cores by default.
        master: The address of the Spark cluster; this machine by default.
        memory_limit_mb: How much memory it may use on this machine, in MB.
        spill: Where it may make a folder for what does not fit in memory; removed when it is closed.

    Raises:
        CaseError: As `check_engine`, or a limit that is not positive.
        SchemaError: A table's file cannot be read.

    Example:
        >>> with Tables(open_engine("duckdb", {}, ["posts"], threads=1), {}) as tables:
        ...     tables.rows("SELECT post_id FROM posts")
        []
    """
    if threads is not None and threads < 1:
        raise CaseError("an engine needs at least one thread", found=str(threads))
    if name != "spark":
        check_engine(name, master)
    from perito.engine.duckdb_engine import MEMORY_LIMIT_MB, DuckDBEngine

    limit = MEMORY_LIMIT_MB if memory_limit_mb is None else memory_limit_mb
    if name == "spark":
        from perito.engine.spark_engine import SparkEngine

        return SparkEngine(
            paths, names, threads, master=master or _LOCAL_MASTER, memory_limit_mb=limit, spill=spill
        )
    return DuckDBEngine(paths, names, threads or os.cpu_count() or 1, memory_limit_mb=limit, spill=spill)
