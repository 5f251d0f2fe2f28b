"""Tables inside a finding: series by platform, wave or period, and sensitivity sweeps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from perito.errors import DossierError
from perito.findings.text import Text
from perito.findings.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

Cell = Value | Text | str | None
"""A number with its derivation, words of ours, words of a source printed verbatim, or nothing said."""


@dataclass(frozen=True)
class Column:
    """One column: a name for programs and a label for people."""

    name: str
    label: Text


@dataclass(frozen=True)
class Row:
    """One row: its label and one cell a column."""

    label: Text
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """A titled table of values.

    Each number in it is a `Value` with its own derivation `<finding>/<table>/<row>/<column>`, rows
    counted from one.
    """

    name: str
    title: Text
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: Text | None = None

    def placed(self, finding_id: str) -> Table:
        """The same table with the derivation ids of its values set.

        Raises:
            DossierError: A row that has more or fewer cells than there are columns.
        """
        for number, row in enumerate(self.rows, start=1):
            if len(row.cells) != len(self.columns):
                raise DossierError(
                    f"row {number} of the table '{self.name}' has not one cell a column",
                    where=finding_id,
                    expected=str(len(self.columns)),
                    found=str(len(row.cells)),
                )
        rows = tuple(
            Row(
                row.label,
                tuple(self._placed_cell(cell, finding_id, number, at) for at, cell in enumerate(row.cells)),
            )
            for number, row in enumerate(self.rows, start=1)
        )
        return replace(self, rows=rows)

    def _placed_cell(self, cell: Cell, finding_id: str, row: int, at: int) -> Cell:
        if not isinstance(cell, Value):
            return cell
        return cell.within(f"{finding_id}/{self.name}/{row}/{self.columns[at].name}")

    def values(self) -> Iterator[Value]:
        """Every number in the table, row by row."""
        for row in self.rows:
            yield from (cell for cell in row.cells if isinstance(cell, Value))

    def texts(self) -> Iterator[Text]:
        """Every text of ours in the table: title, note, labels."""
        yield self.title
        if self.note:
            yield self.note
        yield from (column.label for column in self.columns)
        yield from (row.label for row in self.rows)
        yield from (value.label for value in self.values())
        yield from (cell for row in self.rows for cell in row.cells if isinstance(cell, Text))

    def to_json(self, numbers: dict[str, Value]) -> dict[str, Any]:
        """The table as in findings.json."""
        return {
            "name": self.name,
            "title": self.title.to_json(numbers),
            "note": self.note.to_json(numbers) if self.note else None,
            "columns": [{"name": c.name, "label": c.label.to_json(numbers)} for c in self.columns],
            "rows": [
                {
                    "label": row.label.to_json(numbers),
                    "cells": [_cell_json(cell, numbers) for cell in row.cells],
                }
                for row in self.rows
            ],
        }


def _cell_json(cell: Cell, numbers: dict[str, Value]) -> dict[str, Any] | None:
    if isinstance(cell, Value):
        return cell.to_json(numbers)
    if isinstance(cell, Text):
        return {"text": cell.to_json(numbers)}
    return None if cell is None else {"quote": cell}
