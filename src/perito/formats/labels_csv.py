"""`labels_csv`: readings from any labelling tool as CSV, one row a reading.

The file that `perito sample` gives to readers is in this format once its column `value` is filled in. Columns
may bear one of a few other names that mean the same (`ALIASES`); a column that means nothing known is an
error, not ignored. A row without an answer is an assignment that nobody has fulfilled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perito.errors import Malformed, nearest
from perito.formats.base import Record, Reject, SourceItem, excerpt
from perito.formats.delimited import RowFault, csv_cells, csv_header
from perito.formats.label_rows import TASK_FACTS, UNREAD_FACTS, Readings, labelled_at, number, truth

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from perito.formats.base import Row

ALIASES = {
    "queue": "role",
    "label": "value",
    "answer": "value",
    "annotator": "annotator_id",
    "reader": "annotator_id",
    "coder": "annotator_id",
    "label_book": "label_book_id",
    "book": "label_book_id",
    "book_version": "label_book_version",
    "category": "class",
    "label_class": "class",
    "seconds_unblurred": "revealed_s",
    "labelled_at_us": "labelled_at",
}
"""Other names of columns, and what they mean."""

_AGAIN = "Correct the file and add it again under its name, or as a 'document' to leave it unread"
_OWN = ("value", "skipped", "confidence", "labelled_at", "revealed_s")
COLUMNS = (*TASK_FACTS, *_OWN, *UNREAD_FACTS)
_TELLING = {"item_id", "value", "label_book_version", "class", "annotator_id"}


@dataclass(frozen=True)
class LabelsCsv:
    """The format; see the module for what becomes of what."""

    title: Mapping[str, str]
    name: str = "labels_csv"
    tables: tuple[str, ...] = ("assignments", "labels")

    def sniff(self, head: bytes, name: str) -> float:  # noqa: ARG002  (a name proves nothing)
        r"""0.9 when the first line names the columns without which nothing is a label, else 0.

        Example:
            >>> FORMAT.sniff(b"item_id,class,book_version,reader,label\n", "labels.csv")
            0.9
        """
        first = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].rstrip(b"\r")
        names = [_named(cell.strip('"')) for cell in first.decode("utf-8", "replace").split(",")]
        return 0.9 if set(names) >= _TELLING and set(names) <= set(COLUMNS) else 0.0

    def read(self, item: SourceItem) -> Iterator[Record | Reject]:
        """Every row of the file, mapped or rejected.

        Raises:
            Malformed: No header, or a column that means nothing known, or two that mean the same.
        """
        with item.open() as stream:
            header, records = csv_header(stream, item)
            names = _checked(header, item)
            readings = Readings(item)
            for locator, cells in csv_cells(records, names):
                if isinstance(cells, Reject):
                    yield cells
                    continue
                try:
                    yield Record(locator, _rows(readings, cells))
                except RowFault as fault:
                    yield Reject(locator, str(fault), excerpt(",".join(c or "" for c in cells.values())))


def _named(column: str) -> str:
    name = column.strip().casefold()
    return ALIASES.get(name, name)


def _checked(header: list[str], item: SourceItem) -> list[str]:
    names = [_named(column) for column in header]
    for column, name in zip(header, names, strict=True):
        where = f"{item.name} ({item.evidence_id[:19]})"
        if name not in COLUMNS:
            hint = nearest(name, (*COLUMNS, *ALIASES))
            remedy = f"{hint}{'' if hint.endswith('?') else '.'} {_AGAIN}"
            raise Malformed(f"the column '{excerpt(column)}' is not known", where=where, remedy=remedy)
        if names.count(name) > 1:
            raise Malformed(f"two columns mean '{name}'", where=where, found=excerpt(", ".join(header)))
    return names


def _rows(readings: Readings, cells: Mapping[str, str | None]) -> tuple[Row, ...]:
    facts: dict[str, Any] = {name: cells.get(name) for name in (*TASK_FACTS, "value")}
    facts["blind"] = truth(cells.get("blind"), "blind")
    facts["skipped"] = truth(cells.get("skipped"), "skipped") or False
    facts["confidence"] = number(cells.get("confidence"), "confidence")
    facts["revealed_s"] = number(cells.get("revealed_s"), "revealed_s")
    assigned = readings.assignment(facts)
    if facts["value"] is None and not facts["skipped"]:
        if not assigned:
            raise RowFault("no answer, and no assignment either")
        return assigned
    facts |= _time(cells.get("labelled_at"))
    return (*assigned, readings.label(facts))


def _time(text: str | None) -> dict[str, Any]:
    if text is not None and text.isascii() and text.isdigit():  # microseconds, as the table itself has them
        return {"labelled_at_us": int(text[:19]), "labelled_basis": "client_claimed"}
    return labelled_at(text, "client_claimed")


FORMAT = LabelsCsv(
    title={
        "en": "Labels of human readers, one reading a row (CSV)",
        "es": "Etiquetas de lectores humanos, una lectura por fila (CSV)",
    }
)
