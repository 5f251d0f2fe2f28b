"""What the formats of labelling tools share: from named facts of one reading to rows of `labels`.

A label without its label book, version, class, reader, round, role or view mode is refused, never completed
by a guess. Where a tool's export lacks one of them, it comes from the data of the task, which `perito sample`
wrote into the tool's own task file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perito.clock import instant_us
from perito.errors import CaseError
from perito.formats.base import Row
from perito.formats.delimited import RowFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perito.formats.base import SourceItem

TASK_FACTS = (
    "design_id",
    "assignment_id",
    "item_id",
    "item_kind",
    "platform",
    "class",
    "label_book_id",
    "label_book_version",
    "annotator_id",
    "round",
    "role",
    "blind",
    "view_mode",
)
"""What a task carries for every reading; what the labelling tool shows comes on top."""

UNREAD_FACTS = ("text", "note")
_REQUIRED = (
    "item_id",
    "label_book_id",
    "label_book_version",
    "class",
    "annotator_id",
    "round",
    "role",
    "view_mode",
)
_TELLING_APART = _REQUIRED[:-1]
_ASSIGNED = ("assignment_id", "annotator_id", "role", "blind")
_ANSWERS = {
    "yes": "yes",
    "sí": "yes",
    "si": "yes",
    "no": "no",
    "cannot_tell": "cannot_tell",
    "cannot tell": "cannot_tell",
    "no se puede saber": "cannot_tell",
}
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class Readings:
    """The readings of one file, so that the second of the same reader, item, class and round is told.

    Args:
        item: The item that is read; its platform stands in where a reading names none.
    """

    def __init__(self, item: SourceItem) -> None:
        self._platform = item.platform
        self._seen: set[tuple[Any, ...]] = set()

    def label(self, facts: Mapping[str, Any]) -> Row:
        """The row of `labels` for one reading.

        Args:
            facts: Columns of `labels`, with `value` as answered, or `skipped` true.

        Raises:
            RowFault: Something is missing, or this reader has labelled the item in this round already.
        """
        for name in _REQUIRED:
            if facts.get(name) in (None, ""):
                raise RowFault(f"'{name}' is missing: it is not guessed")
        key = tuple(facts[name] for name in _TELLING_APART)
        if key in self._seen:
            raise RowFault(f"labelled twice by {str(facts['annotator_id'])[:40]} in round {facts['round']}")
        is_skipped = bool(facts.get("skipped"))
        value = None if is_skipped else answer(facts.get("value"))
        if is_skipped and facts.get("value") not in (None, ""):
            raise RowFault("skipped, and yet answered")
        values = {name: facts.get(name) for name in _LABEL_COLUMNS}
        row = Row(
            "labels",
            {**values, "platform": self._platform_of(facts), "value": value, "skipped": is_skipped},
        )
        self._seen.add(key)
        return row

    def assignment(self, facts: Mapping[str, Any]) -> tuple[Row, ...]:
        """The row of `assignments` of a task; none where the task does not carry one."""
        if any(facts.get(name) in (None, "") for name in _ASSIGNED) or not facts.get("item_id"):
            return ()
        values = {
            name: facts.get(name)
            for name in ("assignment_id", "item_id", "item_kind", "design_id", "annotator_id", "blind")
        }
        return (Row("assignments", {**values, "platform": self._platform_of(facts), "queue": facts["role"]}),)

    def _platform_of(self, facts: Mapping[str, Any]) -> Any:  # noqa: ANN401  (the schema checks it)
        return facts.get("platform") or self._platform


_LABEL_COLUMNS = (
    "item_id",
    "item_kind",
    "assignment_id",
    "label_book_id",
    "label_book_version",
    "class",
    "annotator_id",
    "round",
    "role",
    "blind",
    "confidence",
    "labelled_at_us",
    "labelled_basis",
    "revealed_s",
    "view_mode",
)


def answer(value: object) -> str:
    """The answer as a value of a label book; `sí` is yes, other values stay as they are.

    Raises:
        RowFault: There is none, or it is no text.

    Example:
        >>> answer(" Sí "), answer("no"), answer("3")
        ('yes', 'no', '3')
    """
    if not isinstance(value, str) or not value.strip():
        raise RowFault("no answer")
    text = value.strip()
    return _ANSWERS.get(text.casefold(), text)


def truth(value: object, name: str) -> bool | None:
    """A yes or no as a truth value, None where nothing is said.

    Raises:
        RowFault: Anything else.

    Example:
        >>> truth("TRUE", "blind"), truth(None, "blind")
        (True, None)
    """
    if value is None or isinstance(value, bool):
        return value
    text = str(value).strip().casefold()
    if not text:
        return None
    if text not in _TRUTH:
        raise RowFault(f"'{name}' is '{text[:40]}', expected true or false")
    return _TRUTH[text]


def labelled_at(value: object, basis: str) -> dict[str, Any]:
    """When it was labelled, with what that rests on; empty where nothing is said.

    Raises:
        RowFault: No time with its zone.

    Example:
        >>> labelled_at("2026-03-01T10:00:00Z", "server_utc")["labelled_basis"]
        'server_utc'
    """
    if value is None or not str(value).strip():
        return {}
    try:
        return {"labelled_at_us": instant_us(str(value)), "labelled_basis": basis}
    except CaseError as error:
        raise RowFault(f"'labelled_at': {error}") from None


def number(value: object, name: str) -> float | None:
    """A number, None where nothing is said.

    Raises:
        RowFault: Anything else.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise RowFault(f"'{name}' is no number")
    try:
        found = float(value)
    except ValueError:
        raise RowFault(f"'{name}' is '{str(value)[:40]}', expected a number") from None
    if not abs(found) < float("inf"):
        raise RowFault(f"'{name}' is not finite")
    return found


def task_facts(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a task carries, as texts, with `blind` as a truth value.

    Raises:
        RowFault: A fact that is no text.
    """
    facts: dict[str, Any] = {}
    for name in TASK_FACTS:
        value = data.get(name)
        if name == "blind":
            facts[name] = truth(value, name)
        elif value is not None and not isinstance(value, (str, int)):
            raise RowFault(f"'{name}' is no text")
        else:
            facts[name] = None if value is None else str(value)
    return facts
