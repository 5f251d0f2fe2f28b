"""DuckDB as the engine: in memory, over Parquet files it was given, locked before the first query.

Locked means: no file, network address or extension but the tables that were registered, and no
setting can be changed any more. Data that look like a path or an address stay data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perito.errors import MeasureError, SchemaError
from perito.schema import arrow_schema, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import duckdb
    import pyarrow as pa

MEMORY_LIMIT_MB = 1_024


class DuckDBEngine:
    """A locked DuckDB connection over a case's tables.

    Args:
        paths: The Parquet file of each table that has rows.
        names: Every table that may be asked; those without a file are empty.
        threads: How many threads DuckDB may use.

    Raises:
        SchemaError: A file that is no Parquet, or a name that is no canonical table.

    Example:
        >>> engine = DuckDBEngine({}, ["posts"], threads=1)
        >>> engine.query("SELECT CAST(count(*) AS BIGINT) AS posts FROM posts").to_pylist()
        [{'posts': 0}]
        >>> engine.query("SELECT * FROM read_csv('/etc/passwd')")  # doctest: +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        perito.errors.MeasureError: ...
    """

    name = "duckdb"

    def __init__(self, paths: Mapping[str, Path], names: Iterable[str], threads: int) -> None:
        import duckdb

        self._connection = duckdb.connect(
            config={
                "threads": threads,
                "memory_limit": f"{MEMORY_LIMIT_MB}MB",
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "python_enable_replacements": False,  # a name in SQL is never a Python variable
            }
        )
        for name in names:
            self._register(name, paths.get(name))
        self._connection.execute(f"SET allowed_paths = [{', '.join(map(_quoted, paths.values()))}]")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    def _register(self, name: str, path: Path | None) -> None:
        import duckdb

        if path is None:
            self._connection.register(name, arrow_schema(table(name)).empty_table())
            return
        # A folder that is called `year=2026` is no partition.
        source = f"read_parquet({_quoted(path)}, hive_partitioning = false)"
        try:
            self._connection.execute(f"CREATE VIEW {table(name).name} AS SELECT * FROM {source}")
        except duckdb.Error as error:
            raise SchemaError(
                "the table is not readable", where=str(path), found=_first_line(error)
            ) from error

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """The result of a query as an Arrow table.

        Raises:
            MeasureError: DuckDB refuses the query.
        """
        import duckdb

        try:
            relation: duckdb.DuckDBPyConnection = self._connection.execute(sql, dict(parameters or {}))
            return relation.to_arrow_table()
        except duckdb.Error as error:
            raise MeasureError(f"DuckDB refuses a query: {_first_line(error)}", found=sql[:200]) from error

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
