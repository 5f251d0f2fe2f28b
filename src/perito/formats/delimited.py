"""Delimited text (CSV, RFC 4180) as evidence: every record is read or rejected, none is lost or repaired.

Records are split on the bytes, so that one record with a broken encoding costs that record and no
other. Row numbers count records from one, the header being row zero.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from perito.errors import Malformed, nearest
from perito.evidence.records import CELL_LIMIT_BYTES, csv_records
from perito.formats.base import Record, Reject, Row, SourceItem, excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_LONGEST_WHOLE = 18  # digits that fit a 64-bit integer with certainty


class RowFault(Exception):  # noqa: N818  (never leaves a format: it becomes a reject)
    """Why one record cannot be mapped."""


@dataclass(frozen=True)
class DelimitedFormat:
    """A CSV kind with a fixed header and a mapping of one record to canonical rows.

    Args:
        name: The format's name.
        title: What it is, `{en, es}`.
        tables: The tables that it fills.
        columns: The header, in any order. A missing or an unknown column is an error.
        map_record: Rows of one record; raises `RowFault` to reject it.
    """

    name: str
    title: Mapping[str, str]
    tables: tuple[str, ...]
    columns: tuple[str, ...]
    map_record: Callable[[Mapping[str, str | None], SourceItem], tuple[Row, ...]]

    def sniff(self, head: bytes, name: str) -> float:  # noqa: ARG002  (a name proves nothing)
        """1 when the first line is exactly this header, else 0."""
        first = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].rstrip(b"\r")
        return float(first.decode("utf-8", "replace").split(",") == list(self.columns))

    def read(self, item: SourceItem) -> Iterator[Record | Reject]:
        """Every record of the item, mapped or rejected."""
        with item.open() as stream:
            for locator, cells in read_cells(stream, item, self.columns):
                if isinstance(cells, Reject):
                    yield cells
                    continue
                try:
                    yield Record(locator, self.map_record(cells, item))
                except RowFault as fault:
                    yield Reject(locator, str(fault), excerpt(",".join(c or "" for c in cells.values())))


def read_cells(
    stream: BinaryIO, item: SourceItem, columns: tuple[str, ...]
) -> Iterator[tuple[str, Mapping[str, str | None] | Reject]]:
    """Each record as `(locator, cells by column)`, or as a reject. An empty cell is None.

    Raises:
        Malformed: No header, or a header with a missing or an unknown column.
    """
    header, records = csv_header(stream, item)
    _check_header(header, item, columns)
    yield from csv_cells(records, header)


def csv_header(stream: BinaryIO, item: SourceItem) -> tuple[list[str], Iterator[tuple[int, bytes]]]:
    """The header's columns, and the records that follow it.

    Raises:
        Malformed: The file is empty, its first record is not CSV, or a column is named twice.
    """
    records = csv_records(stream)
    first = next(records, None)
    if first is None:
        raise Malformed("the file is empty", where=_where(item), expected="a header line")
    try:
        header = _split(first[1])
    except RowFault as fault:
        raise Malformed(f"no header can be read: {fault}", where=_where(item)) from None
    if len(set(header)) != len(header):
        raise Malformed("a column is named twice", where=_where(item), found=excerpt(", ".join(header)))
    return header, records


def csv_cells(
    records: Iterator[tuple[int, bytes]], header: list[str]
) -> Iterator[tuple[str, Mapping[str, str | None] | Reject]]:
    """Each record as `(locator, cells by column)`, or as a reject."""
    for number, raw in records:
        locator = f"row={number}"
        try:
            yield locator, _cells(raw, header)
        except RowFault as fault:
            yield locator, Reject(locator, str(fault), excerpt(raw))


def _where(item: SourceItem) -> str:
    return f"{item.name} ({item.evidence_id[:19]})"


def _check_header(header: list[str], item: SourceItem, columns: tuple[str, ...]) -> None:
    for column in columns:
        if column not in header:
            raise Malformed(
                f"the column '{column}' is missing",
                where=_where(item),
                found=excerpt(", ".join(header)),
                remedy="check that the declared format is the right one",
            )
    for column in header:
        if column not in columns:
            raise Malformed(
                f"the column '{excerpt(column)}' is not known",
                where=_where(item),
                remedy=nearest(column, columns),
            )


def _cells(raw: bytes, header: list[str]) -> Mapping[str, str | None]:
    values = _split(raw)
    if len(values) != len(header):
        raise RowFault(f"{len(values)} cells, expected {len(header)}")
    return {column: value or None for column, value in zip(header, values, strict=True)}


def _split(raw: bytes) -> list[str]:
    if b"\0" in raw:
        raise RowFault("a NUL byte")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RowFault(f"not UTF-8 at byte {error.start} of the record") from None
    try:
        # The limit of the csv module counts characters; the bytes bound them.
        values = next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        raise RowFault(f"not CSV: {error}") from None
    longest = max((len(value.encode()) for value in values), default=0)
    if longest > CELL_LIMIT_BYTES:
        raise RowFault(f"a cell of {longest} bytes, the limit is {CELL_LIMIT_BYTES}")
    return values


def whole(cells: Mapping[str, str | None], column: str) -> int | None:
    """The cell as a whole number, None when empty.

    Raises:
        RowFault: Anything else.

    Example:
        >>> whole({"n": "20000"}, "n"), whole({"n": None}, "n")
        (20000, None)
    """
    text = cells[column]
    if text is None:
        return None
    if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > _LONGEST_WHOLE:
        raise RowFault(f"'{column}' is '{text[:40]}', expected a whole number")
    return int(text)


def required(cells: Mapping[str, str | None], column: str) -> str:
    """The cell's text.

    Raises:
        RowFault: It is empty.
    """
    text = cells[column]
    if text is None:
        raise RowFault(f"'{column}' is empty")
    return text


def one_of(cells: Mapping[str, str | None], column: str, names: Mapping[str, str]) -> str:
    """The canonical name of a cell that must be one of a few.

    Raises:
        RowFault: Empty, or none of them.
    """
    text = required(cells, column)
    if text not in names:
        raise RowFault(f"'{column}' is '{text[:40]}', expected one of {', '.join(names)}")
    return names[text]
