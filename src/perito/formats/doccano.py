"""`doccano`: the JSONL export of a doccano text-classification project, one document a line.

doccano exports what was imported with a document, so the data of the task comes back: reader, round, label
book, view mode. Its own export names no reader and no time. The answer is the one label of the document; a
document without a label is an assignment that nobody has fulfilled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from perito.formats.base import Record, Reject, SourceItem, excerpt
from perito.formats.delimited import RowFault
from perito.formats.json_lines import read_lines
from perito.formats.label_rows import Readings, task_facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from perito.formats.base import Row

_OWN_NAMES = (b'"label"', b'"text"', b'"assignment_id"', b'"label_book_version"')
_EXCERPT_LIMIT_BYTES = 1_000


@dataclass(frozen=True)
class Doccano:
    """The format; see the module for what becomes of what."""

    title: Mapping[str, str]
    name: str = "doccano"
    tables: tuple[str, ...] = ("assignments", "labels")

    def sniff(self, head: bytes, name: str) -> float:  # noqa: ARG002  (a name proves nothing)
        """0.9 when the first line is a labelled document with the data of its task, else 0.

        Example:
            >>> line = b'{"id":1,"text":"a","label":["yes"],"assignment_id":"a","label_book_version":"1"}'
            >>> FORMAT.sniff(line, "all.jsonl")
            0.9
        """
        first = head.removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n", 1)[0]
        return 0.9 if first.startswith(b"{") and all(own in first for own in _OWN_NAMES) else 0.0

    def read(self, item: SourceItem) -> Iterator[Record | Reject]:
        """Every document, mapped or rejected."""
        readings = Readings(item)
        with item.open() as stream:
            for line in read_lines(stream):
                if isinstance(line, Reject):
                    yield line
                    continue
                try:
                    yield Record(line.locator, _rows(readings, line.value))
                except RowFault as fault:
                    raw = orjson.dumps(line.value)[:_EXCERPT_LIMIT_BYTES]
                    yield Reject(line.locator, str(fault), excerpt(raw))


def _rows(readings: Readings, document: object) -> tuple[Row, ...]:
    if not isinstance(document, dict):
        raise RowFault("not a document")
    meta = document.get("meta")  # older versions keep what was imported one level down
    facts = task_facts({**(meta if isinstance(meta, dict) else {}), **document})
    assigned, answer = readings.assignment(facts), _answer(document)
    if answer is None:
        if not assigned:
            raise RowFault("no label, and no assignment either")
        return assigned
    return (*assigned, readings.label({**facts, "value": answer, "skipped": False}))


def _answer(document: Mapping[str, Any]) -> str | None:
    """The one label of a document; None where there is none yet.

    Raises:
        RowFault: Several, or no text.
    """
    labels = document.get("label", document.get("labels", document.get("annotations")))
    if not isinstance(labels, list):
        raise RowFault("'label' is no list: export a text-classification project as JSONL")
    if not labels:
        return None
    if len(labels) != 1 or not isinstance(labels[0], str):
        raise RowFault(f"{len(labels)} labels, expected one text")
    return labels[0]


FORMAT = Doccano(
    title={"en": "doccano, export as JSONL", "es": "doccano, exportación en JSONL"},
)
