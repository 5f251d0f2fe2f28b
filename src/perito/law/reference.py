"""Reading reference data strictly: every fault names its file, row and column before any work starts.

The tables of `perito.law` are read by jurists and corrected by hand. A typing mistake in a date or an
id must stop the program, not change which law a finding is joined to.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from perito import ids
from perito.clock import day_bounds_us
from perito.errors import CaseError, LawError, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

CONFIDENCE = ("seen", "seen-after-2026-02", "known-not-read", "unverified")
LANGUAGES = ("en", "es")
_DATE = re.compile(
    r"(?:19|20|21)[0-9]{2}-[0-9]{2}(?:-[0-9]{2})?"
)  # a year typed with a digit too many is refused


def certain_start_us(date: str) -> int:
    """The first instant at which something that started on that date had certainly started.

    A date known to the month counts from the first instant after the month.

    Example:
        >>> from perito.clock import iso
        >>> iso(certain_start_us("2019-09")), iso(certain_start_us("2019-09-05"))
        ('2019-10-01T00:00:00Z', '2019-09-05T00:00:00Z')
    """
    first, after = day_bounds_us(date)
    return first if date.count("-") == 2 else after  # noqa: PLR2004  (YYYY-MM-DD has two hyphens)


def certain_end_us(date: str) -> int:
    """The first instant at which something that ended on that date may have been over.

    The date is the first day on which it no longer holds; known to the month, it counts from the first
    instant of the month.

    Example:
        >>> from perito.clock import iso
        >>> iso(certain_end_us("2024-05-14")), iso(certain_end_us("2024-05"))
        ('2024-05-14T00:00:00Z', '2024-05-01T00:00:00Z')
    """
    return day_bounds_us(date)[0]


def platform_key(name: str) -> str:
    """A platform's name as the reference data writes it: lower case, hyphens for spaces.

    Example:
        >>> platform_key("Google Shopping")
        'google-shopping'
    """
    return "-".join(name.casefold().replace("_", " ").split())


def shipped(name: str) -> str:
    """The text of a reference file that ships with the package."""
    return resources.files("perito.law").joinpath(name).read_text(encoding="utf-8")


@dataclass(frozen=True)
class Row:
    """One row of a reference table; what it hands out has been checked.

    Args:
        where: File and row, for messages.
        cells: Column name -> cell, as read.

    Example:
        >>> Row("x.toml: row 1", {"hours": 48, "note": ""}).text_or_none("note") is None
        True
    """

    where: str
    cells: Mapping[str, object]

    def fault(self, column: str, what: str, *, expected: str = "", found: object = "") -> LawError:
        """The error to raise about one cell."""
        where = f"{self.where}, column '{column}'"
        shown = found if isinstance(found, str) else repr(found)
        return LawError(
            what, where=where, expected=expected, found=shown, remedy="correct the reference data"
        )

    def text_or_none(self, column: str) -> str | None:
        """The cell's text, or None where the cell is empty or absent: the source did not say."""
        value = self.cells.get(column, "")
        if not isinstance(value, str):
            raise self.fault(column, "the cell is not text", expected="text in quotes", found=value)
        if value != value.strip():
            raise self.fault(column, "the cell has blanks at its ends", found=repr(value))
        return value or None

    def text(self, column: str) -> str:
        """The cell's text.

        Raises:
            LawError: The cell is empty or no text.
        """
        value = self.text_or_none(column)
        if value is None:
            raise self.fault(column, "the cell is empty", expected="text")
        return value

    def choice(self, column: str, allowed: Sequence[str]) -> str:
        """The cell's text, one of a closed list."""
        value = self.text(column)
        if value not in allowed:
            raise self.fault(
                column, "the value is not known", expected=" or ".join(allowed), found=f"'{value}'"
            )
        return value

    def date_or_none(self, column: str) -> str | None:
        """The cell's date as text (`YYYY-MM-DD` or `YYYY-MM`), or None.

        Raises:
            LawError: The date is written otherwise or does not exist.
        """
        value = self.text_or_none(column)
        if value is None:
            return None
        if _DATE.fullmatch(value) is None:
            raise self.fault(column, "not a date", expected="YYYY-MM-DD or YYYY-MM", found=f"'{value}'")
        try:
            day_bounds_us(value)
        except CaseError as error:
            raise self.fault(column, "a date that does not exist", found=f"'{value}'") from error
        return value

    def date(self, column: str) -> str:
        """The cell's date as text.

        Raises:
            LawError: The cell is empty or no date.
        """
        value = self.date_or_none(column)
        if value is None:
            raise self.fault(column, "the cell is empty", expected="YYYY-MM-DD or YYYY-MM")
        return value

    def bilingual(self, column: str) -> Mapping[str, str]:
        """The cell's two texts, `en` and `es`."""
        value = self.cells.get(column)
        if not isinstance(value, dict) or set(value) != set(LANGUAGES):
            raise self.fault(
                column, "not a text in two languages", expected="{ en = ..., es = ... }", found=value
            )
        inner = Row(f"{self.where}, column '{column}'", value)
        return {language: inner.text(language) for language in LANGUAGES}

    def names(self, column: str) -> tuple[str, ...]:
        """The cell's list of names, each in lower-case letters, digits and hyphens, none twice."""
        value = self.cells.get(column)
        if not isinstance(value, list) or not all(
            isinstance(name, str) and ids.is_slug(name) for name in value
        ):
            raise self.fault(column, "not a list of names", expected='["facebook", ...]', found=value)
        if len(set(value)) != len(value):
            raise self.fault(column, "a name stands twice in the list", found=value)
        return tuple(value)


def read_csv(text: str, where: str, columns: Sequence[str], key: str) -> list[Row]:
    r"""The rows of a CSV table that has exactly these columns; row 1 is the header.

    Args:
        text: The file's text.
        where: The file's name, for messages.
        columns: Every column that must be there; no other may be.
        key: The column whose values may not repeat.

    Raises:
        LawError: An unknown, missing or repeated column, a row with another number of cells, an empty,
            ill-formed or repeated key, or text that is no CSV.

    Example:
        >>> [row.text("b") for row in read_csv("a,b\nx,1\n", "t.csv", ["a", "b"], "a")]
        ['1']
    """
    lines = _csv_lines(text, where)
    header = lines[0] if lines else []
    _check_columns(header, required=columns, known=columns, where=f"{where}: row 1")
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(header):
            raise LawError(
                "a row with the wrong number of cells",
                where=f"{where}: row {number}, column '{header[min(len(line), len(header) - 1)]}'",
                expected=f"{len(header)} cells",
                found=str(len(line)),
                remedy="quote a cell that has a comma in it",
            )
        rows.append(Row(f"{where}: row {number}", dict(zip(header, line, strict=True))))
    return _keyed(rows, key)


def read_toml(
    text: str,
    where: str,
    table: str,
    *,
    required: Collection[str],
    optional: Collection[str] = (),
    key: str = "id",
) -> list[Row]:
    r"""The rows `[[table]]` of a TOML file, counted from 1; nothing else may be in it.

    Raises:
        LawError: No TOML, another table, an unknown or missing key, an ill-formed or repeated `key`.

    Example:
        >>> [row.text("id") for row in read_toml('[[a]]\nid = "x"', "t.toml", "a", required=["id"])]
        ['x']
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LawError("the file is no TOML", where=where, found=str(error), remedy="correct it") from error
    _check_columns(list(content), required=[table], known=[table], where=where)
    entries = content[table]
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise LawError(f"'{table}' is no list of rows", where=where, expected=f"[[{table}]]")
    rows = [Row(f"{where}: row {number}", entry) for number, entry in enumerate(entries, start=1)]
    for row in rows:
        _check_columns(list(row.cells), required=required, known={*required, *optional}, where=row.where)
    return _keyed(rows, key)


def check_order(row: Row, start: str | None, vlop_start: str | None, end: str | None) -> None:
    """Refuses dates that cannot be: an end before a start, or very large platforms bound after all others.

    Raises:
        LawError: The dates of the row contradict each other.
    """
    for first in (start, vlop_start):
        if first is not None and end is not None and certain_start_us(first) >= certain_end_us(end):
            raise row.fault(
                "in_force_to", "no day between start and end", expected=f"after {first}", found=end
            )
    if (
        start is not None
        and vlop_start is not None
        and certain_start_us(start) < certain_start_us(vlop_start)
    ):
        raise row.fault(
            "in_force_vlop_from",
            "very large platforms would be bound after all others",
            expected=f"{start} or earlier",
            found=vlop_start,
        )


def _csv_lines(text: str, where: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines: list[list[str]] = []
    try:
        lines.extend(reader)
    except csv.Error as error:
        place = f"{where}: row {len(lines) + 1}"
        raise LawError(
            "the row is no CSV", where=place, found=str(error), remedy="check its quotes"
        ) from error
    return lines


def _check_columns(
    found: Sequence[str], *, required: Collection[str], known: Collection[str], where: str
) -> None:
    for column in found:
        if column not in known:
            raise LawError(f"unknown column '{column}'", where=where, remedy=nearest(column, known))
    for column in required:
        if column not in found:
            raise LawError(f"column '{column}' is missing", where=where, remedy="add it")
    if len(set(found)) != len(found):
        twice = next(column for column in found if list(found).count(column) > 1)
        raise LawError(f"column '{twice}' stands twice", where=where, remedy="remove one")


def _keyed(rows: list[Row], key: str) -> list[Row]:
    """The rows, each now named by its key in messages."""
    named: dict[str, Row] = {}
    for row in rows:
        name = row.text(key)
        if not ids.is_slug(name):
            raise row.fault(
                key, "not an id", expected="lower-case letters, digits, hyphens", found=f"'{name}'"
            )
        if name in named:
            raise row.fault(key, f"'{name}' is already the {key} of another row", found=named[name].where)
        named[name] = Row(f"{row.where} ('{name}')", row.cells)
    return list(named.values())
