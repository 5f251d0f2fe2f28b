"""`table:<name>`: CSV, NDJSON or Parquet already in the columns of a canonical table.

The door for users who map their own data. Place and item are set here, never by the file; where the file
has no platform column, the acquisition record's platform fills it. Times are microseconds since the epoch,
or ISO 8601 with a zone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from perito.clock import instant_us
from perito.errors import CaseError, Malformed, Unrecognised, nearest
from perito.formats.base import Columns, Record, Reject, Row, SourceItem, excerpt
from perito.formats.delimited import RowFault, csv_cells, csv_header
from perito.formats.json_lines import Line, read_line
from perito.formats.line_blocks import line_blocks
from perito.formats.parquet import MAGIC, locators, parquet_tables, row_locators
from perito.schema import Column, table, table_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import BinaryIO

    import pyarrow as pa

    from perito.schema import Table

_SET_HERE = ("evidence_id", "locator")
_SHOWN_CHARACTERS = 80  # of a name that the evidence gives
_WHOLE = re.compile(r"-?[0-9]{1,19}")
_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?")
_TRUTH = {"true": True, "false": False, "1": True, "0": False}


def canonical_format(name: str) -> CanonicalFormat:
    """The format of a canonical table.

    Example:
        >>> canonical_format("posts").name
        'table:posts'

    Raises:
        Unrecognised: There is no such table, or it is derived and not for users to fill.
    """
    open_tables = [
        known for known in table_names() if table(known).kind == "evidence" and known not in _OWN_TABLES
    ]
    if name not in open_tables:
        raise Unrecognised(f"'table:{name}' names no canonical table", remedy=nearest(name, open_tables))
    return CanonicalFormat(name)


_OWN_TABLES = ("evidence", "rejects")


@dataclass(frozen=True)
class CanonicalFormat:
    """Rows of one canonical table, as the user mapped them."""

    table: str

    @property
    def name(self) -> str:
        """`table:<name>`."""
        return f"table:{self.table}"

    @property
    def title(self) -> Mapping[str, str]:
        """What it is."""
        return {"en": f"Canonical table «{self.table}»", "es": f"Tabla canónica «{self.table}»"}

    @property
    def tables(self) -> tuple[str, ...]:
        """The one table."""
        return (self.table,)

    def sniff(self, head: bytes, name: str) -> float:  # noqa: ARG002
        """0: a canonical table is declared, never guessed."""
        return 0.0

    def read(self, item: SourceItem) -> Iterator[Record | Reject | Columns]:
        """Every row of the file, mapped or rejected."""
        with item.open() as stream:
            head = stream.read(512)
        if head.startswith(MAGIC):
            yield from self._read_parquet(item)
        elif head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{":
            yield from self._read_ndjson(item)
        else:
            yield from self._read_csv(item)

    def _read_parquet(self, item: SourceItem) -> Iterator[Columns]:
        first = 1
        for data in parquet_tables(item):
            if not data.num_rows:
                self._check_columns(data.column_names, item)
                continue
            yield Columns(self.table, self._placed(data, row_locators(data.num_rows, first), item))
            first += data.num_rows

    def _placed(self, data: pa.Table, places: pa.Array, item: SourceItem) -> pa.Table:
        """The rows with their places, and with the platform where the file does not say it."""
        placed = data.append_column("locator", places)
        if self._fills_platform(data.column_names, item):
            import pyarrow as pa

            placed = placed.append_column("platform", pa.repeat(item.platform, data.num_rows))
        return placed

    def _read_ndjson(self, item: SourceItem) -> Iterator[Record | Reject | Columns]:
        """Lines that are written alike many at once, all others one by one; both as strictly."""
        with item.open() as stream:
            for first, block in line_blocks(stream):
                yield from self._block(first, block, item)

    def _block(self, first: int, block: bytes, item: SourceItem) -> Iterator[Record | Reject | Columns]:
        from perito.formats.uniform_lines import uniform_lines

        found, left = uniform_lines(block, _columns(table(self.table)), _typed)
        for rows in found:
            data = self._with_required(rows.data, item)
            yield Columns(self.table, self._placed(data, locators("line", rows.lines + first), item))
        if not len(left):
            return
        lines = block.split(b"\n")
        for at in left.tolist():
            raw = lines[at] + b"\n" * (at + 1 < len(lines))
            line = read_line(first + at, raw)
            if isinstance(line, Line):
                yield self._line(line, item)
            elif line is not None:
                yield line

    def _line(self, line: Line, item: SourceItem) -> Record | Reject:
        if not isinstance(line.value, dict):
            return Reject(line.locator, "the line is no object", excerpt(str(line.value)))
        return self._record(line.locator, line.value, item)

    def _with_required(self, data: pa.Table, item: SourceItem) -> pa.Table:
        """The rows with the required columns that no line has, as NULL: the schema then names each row."""
        import pyarrow as pa

        for column in _columns(table(self.table)).values():
            is_filled = column.name == "platform" and self._fills_platform(data.column_names, item)
            if column.required and column.name not in data.column_names and not is_filled:
                data = data.append_column(column.name, pa.nulls(data.num_rows))
        return data

    def _read_csv(self, item: SourceItem) -> Iterator[Record | Reject]:
        with item.open() as stream:
            yield from self._csv_records(stream, item)

    def _csv_records(self, stream: BinaryIO, item: SourceItem) -> Iterator[Record | Reject]:
        header, records = csv_header(stream, item)
        self._check_columns(header, item)
        for locator, cells in csv_cells(records, header):
            if isinstance(cells, Reject):
                yield cells
            else:
                yield self._record(locator, cells, item)

    def _record(self, locator: str, values: Mapping[str, Any], item: SourceItem) -> Record | Reject:
        try:
            typed = _typed_values(values, _columns(table(self.table)))
        except RowFault as fault:
            cells = ("" if value is None else str(value) for value in values.values())
            return Reject(locator, str(fault), excerpt(",".join(cells)))
        if self._fills_platform(list(values), item):
            typed["platform"] = item.platform
        return Record(locator, (Row(self.table, typed),))

    def _fills_platform(self, names: list[str], item: SourceItem) -> bool:
        return (
            "platform" not in names
            and item.platform is not None
            and "platform" in _columns(table(self.table))
        )

    def _check_columns(self, names: list[str], item: SourceItem) -> None:
        columns = _columns(table(self.table))
        for name in names:
            if name in _SET_HERE:
                raise Malformed(
                    f"the column '{name}' is set by perito", where=item.name, remedy="leave it out"
                )
            if name not in columns:
                raise Malformed(
                    f"the table '{self.table}' has no column '{name[:_SHOWN_CHARACTERS]}'",
                    where=item.name,
                    remedy=nearest(name[:_SHOWN_CHARACTERS], columns),
                )
        filled = {*names, "platform"} if self._fills_platform(names, item) else set(names)
        for column in columns.values():
            if column.required and column.name not in filled:
                raise Malformed(f"the required column '{column.name}' is missing", where=item.name)


def _columns(of: Table) -> dict[str, Column]:
    return {column.name: column for column in of.columns if column.name not in _SET_HERE}


def _typed_values(values: Mapping[str, Any], columns: Mapping[str, Column]) -> dict[str, Any]:
    unknown = next((name for name in values if name not in columns), None)
    if unknown is not None:
        raise RowFault(f"unknown column '{unknown[:40]}', {nearest(unknown, columns)}")
    return {name: _typed(columns[name], value) for name, value in values.items()}


def _typed(column: Column, value: object) -> object:
    """A cell or JSON value in the column's type.

    Raises:
        RowFault: It is not of that type.
    """
    if value is None:
        return None
    if column.name.endswith("_us") and isinstance(value, str) and not value.lstrip("-").isdigit():
        return _instant(column, value)
    if isinstance(value, str) and column.type != "text":
        return _from_text(column, value)
    if column.type == "text" and not isinstance(value, str):
        raise RowFault(f"'{column.name}' is {str(value)[:40]}, expected a text (ids are texts)")
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if column.type in {"bigint", "integer"} and not (is_number and isinstance(value, int)):
        raise RowFault(f"'{column.name}' is {str(value)[:40]}, expected a whole number")
    if column.type == "double" and not is_number:
        raise RowFault(f"'{column.name}' is {str(value)[:40]}, expected a number")
    return value


def _instant(column: Column, text: str) -> int:
    try:
        return instant_us(text)
    except CaseError as error:
        raise RowFault(f"'{column.name}': {error}") from None


def _from_text(column: Column, text: str) -> object:
    match column.type:
        case "bigint" | "integer" if _WHOLE.fullmatch(text):
            return int(text)
        case "double" if _NUMBER.fullmatch(text):
            return float(text)
        case "decimal(18,6)" if _NUMBER.fullmatch(text):
            return Decimal(text)
        case "boolean" if text.lower() in _TRUTH:
            return _TRUTH[text.lower()]
    raise RowFault(f"'{column.name}' is '{text[:40]}', expected {column.type}")
