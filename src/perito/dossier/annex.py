"""The annex: every table of the findings as CSV, and all of them as one workbook, for those who calculate on.

Numbers stand there as their derivation records have them (in the workbook with sixteen digits), words in both
languages, words of a source as the report shows them. A cell that a spreadsheet would take for a formula is
kept as text: in CSV behind an apostrophe, in the workbook by its type. Equal findings give equal bytes.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from perito.evidence import shown_name
from perito.evidence.spreadsheet import safe_cell
from perito.findings import LANGUAGES, Text, Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from perito.findings import Cell as FindingCell
    from perito.findings import Finding, Table

ANNEX_FOLDER = "annex"
WORKBOOK = "tables.xlsx"
INDEX = "index.csv"

Cell = str | int | float | None

_LONGEST_SHEET_NAME, _LONGEST_TEXT = 31, 32_767
_NOT_IN_SHEET_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\'", "_"))
_CREATED = datetime(
    2000, 1, 1, tzinfo=UTC
)  # a workbook names a day; that of making it is in the custody record
_NUMBER_COLUMNS = (
    "name",
    "label_en",
    "label_es",
    "estimate",
    "low",
    "high",
    "level",
    "method",
    "unit",
    "status",
)
_PARTS = ("estimate", "low", "high")
_PART_OF = {"": "estimate", "_low": "low", "_high": "high"}
_WIDTH = 18


@dataclass(frozen=True)
class Sheet:
    """One table of the annex.

    Args:
        finding: Id of the finding.
        table: Name of its table; `values` and `counts` for the numbers outside tables.
        titles: The title by language.
        columns: Names of the columns.
        rows: One row a line, as many cells as there are columns.
    """

    finding: str
    table: str
    titles: tuple[str, str]
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def file(self) -> str:
        """The name of its CSV file."""
        return f"{self.finding}.{self.table}.csv"


def put_annex(findings: Sequence[Finding], target: Path) -> None:
    """Write the annex into a folder that is being written: `annex/*.csv` and `annex/tables.xlsx`.

    Args:
        findings: The findings, in the order of the questions.
        target: The folder of the dossier.
    """
    folder = target / ANNEX_FOLDER
    folder.mkdir()
    made = sheets(findings)
    index = index_of(made)
    (folder / INDEX).write_bytes(csv_bytes(index))
    for sheet in made:
        (folder / sheet.file).write_bytes(csv_bytes(sheet))
    (folder / WORKBOOK).write_bytes(workbook_bytes([index, *made]))


def sheets(findings: Sequence[Finding]) -> list[Sheet]:
    """Every table of the findings, in the order in which the report has them; empty ones are left out."""
    return [sheet for finding in findings for sheet in _of_finding(finding) if sheet.rows]


def index_of(made: Sequence[Sheet]) -> Sheet:
    """The list of all tables: file, sheet, finding, titles, number of rows."""
    names = sheet_names(made)
    rows = tuple(
        (sheet.file, name, sheet.finding, sheet.table, *sheet.titles, len(sheet.rows))
        for sheet, name in zip(made, names, strict=True)
    )
    columns = ("file", "sheet", "finding", "table", "title_en", "title_es", "rows")
    return Sheet("annex", "index", ("Index", "Índice"), columns, rows)


def csv_bytes(sheet: Sheet) -> bytes:
    r"""A table as CSV: UTF-8, comma, LF; no cell of it is a formula.

    Example:
        >>> csv_bytes(Sheet("f", "t", ("T", "T"), ("a", "b"), (("=1+1", -2),)))
        b"a,b\n'=1+1,-2\n"
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(sheet.columns)
    writer.writerows([neutral(cell) for cell in row] for row in sheet.rows)
    return out.getvalue().encode()


def neutral(cell: Cell) -> str | int | float:
    """A cell that no spreadsheet takes for a formula; nothing said is an empty cell.

    Example:
        >>> neutral("@SUM(A1)"), neutral("-"), neutral(-1.5), neutral(None)
        ("'@SUM(A1)", "'-", '-1.5', '')
    """
    if cell is None:
        return ""
    if isinstance(cell, str):
        return safe_cell(cell)
    return repr(cell) if isinstance(cell, float) else cell


def workbook_bytes(made: Sequence[Sheet]) -> bytes:
    """All tables as one workbook, a sheet each; texts are texts, whatever they begin with."""
    import xlsxwriter  # heavy; only a dossier needs it

    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_numbers": False,
        "strings_to_formulas": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"title": "perito", "created": _CREATED})
        bold = book.add_format({"bold": True})
        for sheet, name in zip(made, sheet_names(made), strict=True):
            page = book.add_worksheet(name)
            page.freeze_panes(1, 0)
            page.set_column(0, len(sheet.columns) - 1, _WIDTH)
            page.write_row(0, 0, sheet.columns, bold)
            for at, row in enumerate(sheet.rows, start=1):
                for column, cell in enumerate(row):
                    _write(page, at, column, cell)
    return out.getvalue()


def sheet_names(made: Sequence[Sheet]) -> list[str]:
    """Names that a workbook can hold, no two alike whatever their case.

    Example:
        >>> twice = Sheet("a" * 40, "t", ("", ""), (), ())
        >>> sheet_names([twice, twice])[1][-4:]
        'aa 2'
    """
    taken: set[str] = set()
    names = []
    for sheet in made:
        wanted = f"{sheet.finding} {sheet.table}".translate(_NOT_IN_SHEET_NAMES)
        name, number = wanted[:_LONGEST_SHEET_NAME], 1
        while name.casefold() in taken:
            number += 1
            ending = f" {number}"
            name = wanted[: _LONGEST_SHEET_NAME - len(ending)] + ending
        taken.add(name.casefold())
        names.append(name)
    return names


def _write(page: Any, row: int, column: int, cell: Cell) -> None:  # noqa: ANN401  (a sheet of a library without types)
    if cell is None:
        return
    if isinstance(cell, str):
        page.write_string(row, column, cell[:_LONGEST_TEXT])
    else:
        page.write_number(row, column, cell)


def _of_finding(finding: Finding) -> Iterator[Sheet]:
    numbers = {
        "values": (finding.values, ("Values", "Valores")),
        "counts": (finding.counts, ("Counts", "Recuentos")),
    }
    for name, (values, titles) in numbers.items():
        rows = tuple(_number_row(finding, value) for value in values)
        yield Sheet(finding.id, name, titles, _NUMBER_COLUMNS, rows)
    for table in finding.tables():
        yield _sheet(finding, table)


def _number_row(finding: Finding, value: Value) -> tuple[Cell, ...]:
    method = value.interval.method if value.interval else None
    parts = (*(value.part(part) for part in _PARTS), value.part("level"))
    return (value.name, *_both(finding, value.label), *parts, method, value.unit, value.status)


def _sheet(finding: Finding, table: Table) -> Sheet:
    """A table with its words in both languages, and each number in as many columns as it has parts."""
    columns = [[row.cells[at] for row in table.rows] for at in range(len(table.columns))]
    parts = [_parts_of(cells) for cells in columns]
    names = [
        f"{column.name}{ending}"
        for column, endings in zip(table.columns, parts, strict=True)
        for ending in endings
    ]
    rows = tuple(
        (
            *_both(finding, row.label),
            *(
                _part(finding, cell, ending)
                for cell, endings in zip(row.cells, parts, strict=True)
                for ending in endings
            ),
        )
        for row in table.rows
    )
    return Sheet(finding.id, table.name, _both(finding, table.title), ("row_en", "row_es", *names), rows)


def _parts_of(cells: Sequence[FindingCell]) -> tuple[str, ...]:
    """The endings of the columns that a column of the report becomes."""
    endings: list[str] = []
    if any(isinstance(cell, Value) for cell in cells):
        endings.append("")
    if any(isinstance(cell, Value) and cell.interval for cell in cells):
        endings += ["_low", "_high"]
    if any(isinstance(cell, Text) for cell in cells):
        endings += ["_en", "_es"]
    if any(isinstance(cell, str) for cell in cells):
        endings.append("_quoted")
    return tuple(endings) or ("",)


def _part(finding: Finding, cell: FindingCell, ending: str) -> Cell:
    """What a cell says in the column of that ending; nothing where the column is of another kind."""
    if isinstance(cell, Value):
        return cell.part(_PART_OF[ending]) if ending in _PART_OF else None
    if isinstance(cell, Text):
        words = dict(zip(("_en", "_es"), _both(finding, cell), strict=True))
        return words.get(ending)
    return shown_name(cell) if cell is not None and ending == "_quoted" else None


def _both(finding: Finding, text: Text) -> tuple[str, str]:
    """A text in both languages, characters that could deceive a reader as code points."""
    en, es = (shown_name(finding.plain(text, language)) for language in LANGUAGES)
    return en, es
