"""The task files: what readers get, as CSV, as Label Studio tasks and as doccano documents.

Every task carries all that a label needs beside its answer, so that a label that comes back is complete
whatever the tool. No file shows a score, a stratum, or what another reader said.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

import orjson

from perito.evidence.spreadsheet import safe_cell
from perito.formats.label_rows import TASK_FACTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from perito.sampling.design import Design

CSV_FILE = "to_label{}.csv"
LABEL_STUDIO_FILE = "label_studio{}.json"
DOCCANO_FILE = "doccano{}.jsonl"
CONFIG_FILE = "label_studio.xml"
COLUMNS = (*TASK_FACTS, "text", "value", "skipped", "confidence", "labelled_at")
ANSWER_COLUMNS = ("value", "skipped", "confidence", "labelled_at")
_VIEW_MODES = {"post": "text_only", "media": "description"}


@dataclass(frozen=True)
class Reading:
    """One reading that is asked for: an item, which reading of it, and who reads."""

    item_id: str
    number: int
    reader: str


def first_readings(design: Design) -> list[Reading]:
    """A first reading of every item drawn, in the order of the draw, readers in turn."""
    readers = design.readings["readers"]
    return [Reading(item, 1, readers[at % len(readers)]) for at, item in enumerate(drawn_items(design))]


def drawn_items(design: Design) -> list[str]:
    """The items drawn, each once, in the order of the draw."""
    return list(dict.fromkeys(draw["item_id"] for draw in design.draws))


def assignment_id(design_id: str, class_name: str, place: int, number: int) -> str:
    """The id of an assignment: the design, the class, the item's place in the draw, the reading.

    Example:
        >>> assignment_id("q-1", "advert", 7, 2)
        'q-1:advert:7:2'
    """
    return f"{design_id}:{class_name}:{place}:{number}"


def task_rows(design: Design, readings: Iterable[Reading], texts: Mapping[str, str]) -> list[dict[str, str]]:
    """A row for each reading and class: what a label has to carry, and the words of the item.

    Args:
        design: The design.
        readings: What is to be read.
        texts: The words of each item that has any.
    """
    places = {item: place for place, item in enumerate(drawn_items(design), start=1)}
    platforms = {draw["item_id"]: draw["platform"] for draw in design.draws}
    shared = {
        "design_id": design.design_id,
        "item_kind": str(design.facts["item_kind"]),
        "label_book_id": str(design.facts["label_book_id"]),
        "label_book_version": str(design.facts["label_book_version"]),
        "role": "sample",
        "blind": "true",
        "view_mode": _VIEW_MODES[str(design.facts["item_kind"])],
    }
    return [
        {
            **shared,
            "assignment_id": assignment_id(design.design_id, name, places[one.item_id], one.number),
            "item_id": one.item_id,
            "platform": platforms[one.item_id],
            "class": name,
            "annotator_id": one.reader,
            "round": str(one.number),
            "text": texts.get(one.item_id, ""),
        }
        for name in design.classes
        for one in readings
    ]


def task_files(design: Design, rows: Sequence[Mapping[str, str]], part: str = "") -> dict[str, bytes]:
    """The files of some tasks, by name; `part` tells later ones apart.

    Example:
        >>> from perito.sampling.design import Design
        >>> sorted(task_files(Design({}, [], {"values": ["yes"]}, ["c"], [], {}), [], "-2"))
        ['doccano-2.jsonl', 'label_studio-2.json', 'label_studio.xml', 'to_label-2.csv']
    """
    ordered = [{name: row[name] for name in (*TASK_FACTS, "text")} for row in rows]
    tasks = orjson.dumps([{"data": row} for row in ordered], option=orjson.OPT_INDENT_2) + b"\n"
    return {
        CSV_FILE.format(part): _csv(rows),
        LABEL_STUDIO_FILE.format(part): tasks,
        DOCCANO_FILE.format(part): b"".join(orjson.dumps({**row, "label": []}) + b"\n" for row in ordered),
        CONFIG_FILE: _config(design.label_book["values"]),
    }


def _csv(rows: Sequence[Mapping[str, str]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_neutral(row.get(name, "")) for name in COLUMNS])
    return out.getvalue().encode()


def _neutral(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula, and no reader of CSV for two records."""
    text = cell.replace("\0", "\ufffd")
    return safe_cell(text)


def _config(values: Sequence[str]) -> bytes:
    """The labelling page of Label Studio: the words, and the answers of the label book."""
    choices = "\n".join(f"    <Choice value={quoteattr(value)}/>" for value in values)
    return (
        '<View>\n  <Header value="$class"/>\n  <Text name="text" value="$text"/>\n'
        '  <Choices name="value" toName="text" choice="single" required="true">\n'
        f"{choices}\n  </Choices>\n</View>\n"
    ).encode()


def read_assignments(content: bytes) -> set[str]:
    r"""The assignments that a task file of ours asks for already.

    Example:
        >>> read_assignments(b"assignment_id,value\nq:c:1:1,\n")
        {'q:c:1:1'}
    """
    rows: Any = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    return {row["assignment_id"] for row in rows if row.get("assignment_id")}
