"""`label_studio`: the JSON export of Label Studio, one task an element, with every annotation of it.

The reader is `completed_by` (the number alone, never a name or an address). The answer is the one choice of
the annotation; a cancelled annotation is a skipped item. Everything else comes from the data of the task.
Predictions of a model are no labels and are not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perito.errors import Malformed
from perito.formats.base import Record, Reject, SourceItem, excerpt
from perito.formats.delimited import RowFault
from perito.formats.json_lines import read_document
from perito.formats.label_rows import Readings, labelled_at, number, task_facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from perito.formats.base import Row

LIMIT_BYTES = 512 * 1024 * 1024
_OWN_NAMES = (b'"annotations"', b'"completed_by"', b'"was_cancelled"', b'"lead_time"', b'"to_name"')
_SURE = 3
_REMEDY = "export as JSON, not as JSON-MIN or CSV"
_FLAT = {"annotator", "annotation_id"}  # what every row of JSON-MIN has beside its data


@dataclass(frozen=True)
class LabelStudio:
    """The format; see the module for what becomes of what."""

    title: Mapping[str, str]
    name: str = "label_studio"
    tables: tuple[str, ...] = ("assignments", "labels")

    def sniff(self, head: bytes, name: str) -> float:  # noqa: ARG002  (a name proves nothing)
        """0.9 when a list begins with tasks as Label Studio writes them, else 0.

        Example:
            >>> FORMAT.sniff(b'[{"id":1,"annotations":[{"completed_by":1,"was_cancelled":false}]', "a.json")
            0.9
        """
        text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        if not text.startswith(b"[") or not text[1:].lstrip().startswith(b"{"):
            return 0.0
        return 0.9 if sum(own in text for own in _OWN_NAMES) >= _SURE else 0.0

    def read(self, item: SourceItem) -> Iterator[Record | Reject]:
        """Every task and every annotation, mapped or rejected.

        Raises:
            Malformed: It is no list of tasks.
        """
        readings = Readings(item)
        for at, task in enumerate(_tasks(item), start=1):
            locator = f"row={at}"
            try:
                facts = _task(task)
            except RowFault as fault:
                yield Reject(locator, str(fault), excerpt(str(task)))
                continue
            yield Record(locator, readings.assignment(facts))
            for number_, annotation in enumerate(task["annotations"]):
                place = f"{locator}#/annotations/{number_}"
                try:
                    yield Record(place, (_label(readings, facts, annotation),))
                except RowFault as fault:
                    yield Reject(place, str(fault), excerpt(str(annotation)))


def _tasks(item: SourceItem) -> list[Any]:
    where = f"{item.name} ({item.evidence_id[:19]})"
    try:
        with item.open() as stream:
            document = read_document(stream, LIMIT_BYTES)
    except RowFault as fault:
        raise Malformed(f"the export cannot be read: {fault}", where=where) from None
    if not isinstance(document, list):
        raise Malformed(
            "this is no list of tasks",
            where=where,
            expected="the export 'JSON' of Label Studio",
            remedy=_REMEDY,
        )
    if document and all(isinstance(one, dict) and set(one) >= _FLAT for one in document):
        raise Malformed(
            "this is the export 'JSON-MIN' of Label Studio, which does not say who was skipped or cancelled",
            where=where,
            expected="the export 'JSON' of Label Studio",
            remedy=_REMEDY,
        )
    return document


def _task(task: object) -> dict[str, Any]:
    if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
        raise RowFault("no task with its data")
    if not isinstance(task.get("annotations"), list):
        raise RowFault("no task with its annotations")
    return task_facts(task["data"])


def _label(readings: Readings, facts: Mapping[str, Any], annotation: object) -> Row:
    if not isinstance(annotation, dict):
        raise RowFault("not an annotation")
    is_skipped = annotation.get("was_cancelled") is True
    seconds = number(annotation.get("lead_time"), "lead_time")
    return readings.label(
        {
            **facts,
            "annotator_id": _reader(annotation.get("completed_by")),
            "skipped": is_skipped,
            "value": None if is_skipped else _choice(annotation.get("result")),
            "revealed_s": seconds if facts.get("view_mode") == "full" else None,
            **labelled_at(annotation.get("created_at"), "server_utc"),
        }
    )


def _reader(completed_by: object) -> str:
    """`label_studio:` and the number of the account.

    Raises:
        RowFault: Nobody is named.
    """
    found = completed_by.get("id") if isinstance(completed_by, dict) else completed_by
    if not isinstance(found, int) or isinstance(found, bool):
        raise RowFault("'completed_by' names no account by its number")
    return f"label_studio:{found}"


def _choice(result: object) -> str:
    """The one choice of an annotation.

    Raises:
        RowFault: None, or several.
    """
    choices = [
        choice
        for part in (result if isinstance(result, list) else [])
        if isinstance(part, dict) and part.get("type") == "choices" and isinstance(part.get("value"), dict)
        for choice in _listed(part["value"].get("choices"))
    ]
    if len(choices) != 1 or not isinstance(choices[0], str):
        raise RowFault(f"{len(choices)} choices, expected one")
    return choices[0]


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


FORMAT = LabelStudio(
    title={"en": "Label Studio, export as JSON", "es": "Label Studio, exportación en JSON"},
)
