"""DuckDB as the engine: in memory, over Parquet files it was given, locked before the first query.

Locked means: no file, network address or extension but the tables that were registered, and no
setting can be changed any more. Data that look like a path or an address stay data.
"""

from __future__ import annotations

from glob import escape
from typing import TYPE_CHECKING, Any

from perito.engine.exchange import checked_parameters, exact_result
from perito.engine.sources import open_sources
from perito.errors import CaseError, MeasureError, SchemaError
from perito.tables.spill import SpillFolder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import duckdb
    import pyarrow as pa

    from perito.engine.sources import Files, Source

MEMORY_LIMIT_MB = 1_024
_OWN_PERCENT = (
    80  # DuckDB holds more than it counts against its own limit: at 20 million rows and 400 MB, by 150 MB
)
_SQL_TYPES = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "int32": "INTEGER",
    "double": "DOUBLE",
    "bool": "BOOLEAN",
}


class DuckDBEngine:
    """A locked DuckDB connection over a case's tables.

    Args:
        paths: The Parquet file, or the files, of each table that has rows.
        names: Every table that may be asked; those without a file are empty.
        threads: How many threads DuckDB may use.
        memory_limit_mb: What DuckDB may hold in memory, in MB of 10^6 bytes; the rest of the process comes
            on top, about 125 MB.
        spill: Where a folder may be made for what does not fit; without one, such a query fails.
        spill_limit_mb: How much may be written there; without one, what the disk holds.

    Raises:
        CaseError: The limits are not positive, or the spill folder cannot be written.
        SchemaError: A file that is no Parquet or has other columns, or a name that is no canonical table.

    Example:
        >>> engine = DuckDBEngine({}, ["posts"], threads=1)
        >>> engine.query("SELECT CAST(count(*) AS BIGINT) AS posts FROM posts").to_pylist()
        [{'posts': 0}]
        >>> engine.query("SELECT * FROM read_csv('/etc/passwd')")  # doctest: +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        perito.errors.MeasureError: ...
    """

    name = "duckdb"

    def __init__(
        self,
        paths: Mapping[str, Files],
        names: Iterable[str],
        threads: int,
        *,
        memory_limit_mb: int = MEMORY_LIMIT_MB,
        spill: Path | None = None,
        spill_limit_mb: int | None = None,
    ) -> None:
        limits = {"threads": threads, "memory limit": memory_limit_mb, "spill limit": spill_limit_mb}
        for what, given in limits.items():
            if given is not None and given < 1:
                raise CaseError(f"the engine's {what} is not positive", found=str(given))
        sources = open_sources(paths, names)
        self._spill = SpillFolder(spill, self.name) if spill is not None else None
        try:
            self._connection = _connection(threads, memory_limit_mb, self._spill)
            if spill_limit_mb is not None:
                self._connection.execute(f"SET max_temp_directory_size = '{spill_limit_mb}MB'")
            for source in sources:
                self._register(source)
            self._lock(sources)
        except BaseException:
            self.close()
            raise

    def _register(self, source: Source) -> None:
        import duckdb

        if not source.files:
            self._connection.register(source.name, source.schema.empty_table())
            return
        # A folder that is called `year=2026` is no partition.
        files = f"read_parquet([{', '.join(map(_pattern, source.files))}], hive_partitioning = false)"
        columns = ", ".join(_column(source, field) for field in source.schema)
        try:
            self._connection.execute(f"CREATE VIEW {source.name} AS SELECT {columns} FROM {files}")
        except duckdb.Error as error:
            raise SchemaError(
                "the table is not readable", where=str(source.files[0]), found=_first_line(error)
            ) from error

    def _lock(self, sources: Iterable[Source]) -> None:
        files = [file for source in sources for file in source.files]
        allowed = [named(file) for file in files for named in (_quoted, _pattern)]
        self._connection.execute(f"SET allowed_paths = [{', '.join(allowed)}]")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """The result of a query as an Arrow table.

        Raises:
            MeasureError: It is not one SELECT, DuckDB refuses it, or it needs more room than there is.
        """
        import duckdb

        values = checked_parameters(parameters)
        bound = {name: _bound(value) for name, value in values.items()}
        try:
            statements = self._connection.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise MeasureError("a query is one SELECT", found=sql[:200])
            relation = self._connection.sql(sql, params=bound) if bound else self._connection.sql(sql)
            return exact_result(relation.to_arrow_table())
        except duckdb.Error as error:
            raise _refusal(error, sql) from error

    def close(self) -> None:
        """Close the connection and remove what it spilled."""
        connection = getattr(self, "_connection", None)
        if connection is not None:
            connection.close()
        if self._spill is not None:
            self._spill.close()


def _connection(threads: int, memory_limit_mb: int, spill: SpillFolder | None) -> duckdb.DuckDBPyConnection:
    import duckdb

    return duckdb.connect(
        config={
            "threads": threads,
            "memory_limit": f"{memory_limit_mb * _OWN_PERCENT // 100}MB",
            "temp_directory": str(spill.path) if spill else "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,  # a name in SQL is never a Python variable
        }
    )


def _bound(value: Any) -> Any:  # noqa: ANN401  (a parameter of any of the allowed types)
    """Integers are always 64 bits wide: what a query gives must not depend on how large a parameter is."""
    import duckdb

    is_integer = isinstance(value, int) and not isinstance(value, bool)
    return duckdb.Value(value, duckdb.sqltypes.BIGINT) if is_integer else value


def _column(source: Source, field: pa.Field) -> str:
    if field.name not in source.missing:
        return f'"{field.name}"'
    kind = _SQL_TYPES.get(str(field.type)) or f"DECIMAL({field.type.precision}, {field.type.scale})"
    return f'CAST(NULL AS {kind}) AS "{field.name}"'


def _refusal(error: duckdb.Error, sql: str) -> MeasureError:
    import duckdb

    message = _first_line(error)
    if isinstance(error, duckdb.OutOfMemoryException) or "No space left on device" in str(error):
        return MeasureError(
            f"the query needs more room than DuckDB has: {message}",
            found=sql[:200],
            remedy="raise the engine's memory limit, or give it a spill folder on a disk with room",
        )
    return MeasureError(f"DuckDB refuses a query: {message}", found=sql[:200])


def _pattern(path: Path) -> str:
    """A path where DuckDB reads patterns: a folder called `*` is that folder, not every folder."""
    return _quoted(escape(str(path)))


def _quoted(path: Path | str) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
