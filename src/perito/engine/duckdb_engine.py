"""DuckDB as the engine: in memory, over Parquet files it was given, locked before the first query.

Locked means: no file, network address or extension but the tables that were registered, and no
setting can be changed any more. Data that look like a path or an address stay data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perito.errors import MeasureError
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
            }
        )
        for name in names:
            self._register(name, paths.get(name))
        self._connection.execute(f"SET allowed_paths = {[str(path) for path in paths.values()]}")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    def _register(self, name: str, path: Path | None) -> None:
        if path is None:
            self._connection.register(name, arrow_schema(table(name)).empty_table())
            return
        quoted = str(path).replace("'", "''")
        self._connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{quoted}')")

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
            raise MeasureError(f"DuckDB refuses a query: {str(error).splitlines()[0]}", found=sql[:200]) from error

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
