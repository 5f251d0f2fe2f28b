"""Collecting what formats read: rows that the schema allows, and rejects for all others.

A record is mapped whole or rejected whole. Records mapped and records rejected add up to the records
that the item holds, for every item.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from perito.errors import Malformed, SchemaError
from perito.evidence.records import CELL_LIMIT_BYTES
from perito.formats import Columns, Format, Record, Reject, SourceItem
from perito.formats.base import excerpt
from perito.schema import table
from perito.schema.arrow import arrow_schema, cast_columns, violations
from perito.tables.invariants import CHECKED_TABLES, check_rows
from perito.tables.lines import text_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BATCH_ROWS = 16_384
_REFUSED = (pa.ArrowException, TypeError, ValueError, OverflowError)  # what Arrow raises for a wrong value


class Sink(Protocol):
    """Where the rows and rejects of items go."""

    def take_rows(self, name: str, data: pa.Table) -> None:
        """Take rows of a table, in canonical columns."""

    def take_rejects(self, rejects: list[Reject]) -> None:
        """Take rejects of the item that is read."""


@dataclass
class ItemCount:
    """How many records an item holds, and why the first that was rejected was."""

    mapped: int = 0
    rejected: int = 0
    first_reason: str = ""

    @property
    def records(self) -> int:
        """Records present: mapped and rejected."""
        return self.mapped + self.rejected


@dataclass
class ItemRows:
    """What one item gave, in memory: rows by table, rejects, and how many records it holds."""

    tables: dict[str, list[pa.Table]] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    mapped: int = 0

    @property
    def records(self) -> int:
        """Records present: mapped and rejected."""
        return self.mapped + len(self.rejects)

    def take_rows(self, name: str, data: pa.Table) -> None:
        """Take rows of a table."""
        self.tables.setdefault(name, []).append(data)

    def take_rejects(self, rejects: list[Reject]) -> None:
        """Take rejects."""
        self.rejects += rejects


def read_item(item: SourceItem, reader: Format) -> ItemRows:
    """Everything that a format reads in an item, in memory; for items that are known to be small.

    Raises:
        Malformed, MeasureError: As `read_into`.
    """
    found = ItemRows()
    found.mapped = read_into(item, reader, found).mapped
    return found


def read_into(item: SourceItem, reader: Format, sink: Sink) -> ItemCount:
    """Give a sink everything that a format reads in an item, checked against the schema, as it is read.

    Raises:
        Malformed: Nothing of the item could be read.
        MeasureError: Published figures that cannot be true together.
    """
    count = ItemCount()
    for pieces in _batches(reader.read(item)):
        if isinstance(pieces, Columns):
            rejects = _take_columns(count, sink, item, pieces)
        else:
            rejects = _take_records(count, sink, item, pieces)
        if rejects:
            count.first_reason = count.first_reason or rejects[0].reason
            count.rejected += len(rejects)
            sink.take_rejects(rejects)
    if not count.mapped:
        first = f"the first reason: {excerpt(count.first_reason)}" if count.rejected else "it holds no record"
        raise Malformed(
            "nothing of the item can be read", where=f"{item.name} ({item.evidence_id[:19]})", found=first,
            expected=f"records of the format '{reader.name}'",
            remedy="check that the file is whole and that its format is the right one",
        )  # fmt: skip
    return count


def _batches(pieces: Iterable[Record | Reject | Columns]) -> Iterator[Columns | list[Record | Reject]]:
    batch: list[Record | Reject] = []
    for piece in pieces:
        if isinstance(piece, Columns):
            yield piece
            continue
        batch.append(piece)
        if len(batch) >= _BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def _take_records(
    count: ItemCount, sink: Sink, item: SourceItem, pieces: list[Record | Reject]
) -> list[Reject]:
    """Rows of many records at once; the faults of one send the whole record to the rejects."""
    records = [piece for piece in pieces if isinstance(piece, Record)]
    rejects = [piece for piece in pieces if isinstance(piece, Reject)]
    while True:
        built, faults = _build(item, records)
        if not faults:
            break
        rejects += [Reject(records[at].locator, reason) for at, reason in sorted(faults.items())]
        records = [record for at, record in enumerate(records) if at not in faults]
    for name, data in built.items():
        sink.take_rows(name, data)
    count.mapped += len(records)
    return rejects


def _build(item: SourceItem, records: list[Record]) -> tuple[dict[str, pa.Table], dict[int, str]]:
    """Arrow tables of the records' rows, and for each record that cannot stand the reason why."""
    rows: dict[str, list[dict[str, Any]]] = {}
    owners: dict[str, list[int]] = {}
    for at, record in enumerate(records):
        for row in record.rows:
            place = row.locator or record.locator
            rows.setdefault(row.table, []).append(
                {**row.values, "evidence_id": item.evidence_id, "locator": place}
            )
            owners.setdefault(row.table, []).append(at)
    faults: dict[int, str] = {}
    built: dict[str, pa.Table] = {}
    for name, values in rows.items():
        data = _arrow(name, values, owners[name], faults)
        if data is not None:
            built[name] = data
            for at, reason in _refused(name, data):
                faults.setdefault(owners[name][at], reason)
            if not faults and name in CHECKED_TABLES:
                check_rows(name, data, item.name)
    return built, faults


def _refused(name: str, data: pa.Table) -> Iterator[tuple[int, str]]:
    """The rows that the schema or the limits of a text refuse, with the reasons.

    Formats may refuse such texts themselves; here the rule holds for every door, Parquet among them.
    """
    for violation in violations(table(name), data):
        yield violation.row, f"{name}.{violation.column}: {violation.reason}"
    for column in data.schema:
        values = data.column(column.name)
        if column.name != "evidence_id" and pa.types.is_string(column.type) and _needs_a_look(values):
            yield from _marked(pc.match_substring(values, "\0"), f"{name}.{column.name}: a NUL character")
            is_long = pc.greater(pc.binary_length(values), CELL_LIMIT_BYTES)
            yield from _marked(is_long, f"{name}.{column.name}: longer than {CELL_LIMIT_BYTES} bytes")


def _needs_a_look(values: pa.ChunkedArray) -> bool:
    """Whether a text may hold a NUL or be too long; the bytes of the whole column say so fast."""
    for chunk in values.chunks:
        if chunk.null_count == len(chunk):
            continue
        raw = text_bytes(chunk)
        if len(raw) and raw.min() == 0:
            return True
        if len(raw) > CELL_LIMIT_BYTES and pc.max(pc.binary_length(chunk)).as_py() > CELL_LIMIT_BYTES:
            return True
    return False


def _marked(mask: pa.ChunkedArray, reason: str) -> Iterator[tuple[int, str]]:
    rows = pc.indices_nonzero(pc.fill_null(mask, fill_value=False))
    yield from ((row, reason) for row in rows.to_pylist())


def _arrow(
    name: str, values: list[dict[str, Any]], owners: list[int], faults: dict[int, str]
) -> pa.Table | None:
    """The rows as a canonical Arrow table; None when one has a value of a wrong type, which is then named."""
    schema = arrow_schema(table(name))
    _check_columns(name, values)
    try:
        return pa.Table.from_pylist(values, schema=schema)
    except _REFUSED:
        wrong = {at: reason for field_ in schema for at, reason in _wrong_types(values, field_)}
        if not wrong:
            raise  # no single value is at fault
        for at, reason in wrong.items():
            faults.setdefault(owners[at], f"{name}.{reason}")
        return None


def _check_columns(name: str, values: list[dict[str, Any]]) -> None:
    """A format that fills a column that does not exist is a fault of the format, not of the evidence."""
    known = set(table(name).column_names)
    for row in values:
        unknown = row.keys() - known
        if unknown:
            raise SchemaError(f"there is no column '{min(unknown)}'", where=f"table '{name}'")


def _wrong_types(values: list[dict[str, Any]], column: pa.Field) -> Iterator[tuple[int, str]]:
    """The rows whose value is not of the column's type; one by one only where the column has such a row."""
    given = [row.get(column.name) for row in values]
    if _type_fault(given, column.type) is None:
        return
    for at, value in enumerate(given):
        reason = _type_fault([value], column.type)
        if reason is not None:
            yield at, f"{column.name}: {reason}"


def _type_fault(values: list[Any], of_type: pa.DataType) -> str | None:
    try:
        pa.array(values, type=of_type)
    except _REFUSED as error:
        return str(error).partition("\n")[0][:120]
    return None


def _take_columns(count: ItemCount, sink: Sink, item: SourceItem, columns: Columns) -> list[Reject]:
    """Rows of an Arrow table, one record each; rows that the schema refuses become rejects."""
    data = columns.data.append_column("evidence_id", pa.repeat(item.evidence_id, columns.data.num_rows))
    try:
        data = cast_columns(table(columns.table), data)
    except SchemaError as error:
        raise Malformed(
            error.what, where=f"{item.name} ({item.evidence_id[:19]})", expected=error.expected,
            found=error.found, remedy=error.remedy,
        ) from error  # fmt: skip
    faults: dict[int, str] = {}
    for at, reason in _refused(columns.table, data):
        faults.setdefault(at, reason)
    rejects: list[Reject] = []
    if faults:
        places = data.column("locator").take(sorted(faults)).to_pylist()
        rejects = [Reject(place, faults[at]) for place, at in zip(places, sorted(faults), strict=True)]
        kept = np.ones(data.num_rows, np.bool_)
        kept[list(faults)] = False
        data = data.filter(pa.array(kept))
    if columns.table in CHECKED_TABLES:
        check_rows(columns.table, data, item.name)
    if data.num_rows:
        sink.take_rows(columns.table, data)
    count.mapped += data.num_rows
    return rejects
