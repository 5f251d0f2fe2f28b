"""The Parquet files behind the tables, checked before an engine starts: whole, with the canonical columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from perito.errors import SchemaError, nearest
from perito.schema import arrow_schema, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Files = Path | Sequence[Path]


@dataclass(frozen=True)
class Source:
    """A canonical table and the files that hold its rows; no file, no rows.

    `missing` are columns that every file lacks: an older table has NULL there.
    """

    name: str
    files: tuple[Path, ...]
    schema: pa.Schema
    missing: frozenset[str] = frozenset()


def open_sources(paths: Mapping[str, Files], names: Iterable[str]) -> list[Source]:
    """The tables that may be asked, with their files.

    Args:
        paths: The file, or the files, of each table that has rows.
        names: Every table that may be asked.

    Raises:
        SchemaError: A name that is no canonical table; a file that is not there, is cut short or is no
            Parquet; columns that are not those of the table.

    Example:
        >>> [source.files for source in open_sources({}, ["posts"])]
        [()]
    """
    return [_source(name, paths.get(name, ())) for name in names]


def _source(name: str, given: Files) -> Source:
    files = (given,) if isinstance(given, Path) else tuple(given)
    wanted = arrow_schema(table(name))
    lacking = [_lacking(name, wanted, file) for file in files]
    for file, columns in zip(files, lacking, strict=True):
        if columns != lacking[0]:
            raise SchemaError(
                "the files of one table have different columns",
                where=str(file),
                expected=f"as in {files[0]}",
                remedy="build the tables again with 'perito run'",
            )
    return Source(table(name).name, files, wanted, lacking[0] if lacking else frozenset())


def _lacking(name: str, wanted: pa.Schema, file: Path) -> frozenset[str]:
    """The columns of the table that a file does not have."""
    found = _schema_of(file)
    for column in found:
        if column.name not in wanted.names:
            raise SchemaError(
                f"the table '{name}' has no column '{column.name}'",
                where=str(file),
                remedy=nearest(column.name, wanted.names),
            )
        if column.type != wanted.field(column.name).type:
            raise SchemaError(
                f"the column '{column.name}' has another type than the schema says",
                where=str(file),
                expected=str(wanted.field(column.name).type),
                found=str(column.type),
                remedy="build the tables again with 'perito run'",
            )
    return frozenset(set(wanted.names) - set(found.names))


def _schema_of(file: Path) -> pa.Schema:
    """The columns that a file's footer declares; the footer is written last, so a file cut short has none."""
    try:
        with pq.ParquetFile(file) as opened:
            return opened.schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise SchemaError(
            "the table is not readable",
            where=str(file),
            found=str(error).partition("\n")[0][:200],
            remedy="build the tables again with 'perito run'",
        ) from error
