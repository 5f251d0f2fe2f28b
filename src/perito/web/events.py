"""Label events: written once, never changed, each chained to the one before; taking back is a new event.

The page names every event with a key of its own. The same key again is answered like the first time and
recorded once, whatever was lost on the way.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perito.web.refused import Refused
from perito.web.review import last_event_us

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from perito.web.book import Book
    from perito.web.review import Review

NOTE_CHARACTERS_MAX = 2_000
_KEY_CHARACTERS = range(8, 65)
_COLUMNS = (
    "event_key", "kind", "slot_no", "conflict_no", "item_no", "person_id", "choices", "note", "at_us",
    "open_us", "revealed_us", "view_mode", "book_no", "template_version", "undoes",
)  # fmt: skip


@dataclass(frozen=True)
class Submission:
    """What the page of a person sends.

    Args:
        event_key: The name that the page gave this event.
        book_version: The version of the label book that the page showed.
        choices: The answer for each class; None where the item is passed on.
        note: Words for the other people of the review.
        template_version: The version of the page.
    """

    event_key: str
    book_version: str
    choices: Mapping[str, str] | None
    note: str = ""
    template_version: str = ""

    @property
    def choices_text(self) -> str | None:
        """The choices as they are recorded."""
        return None if self.choices is None else json.dumps(self.choices, sort_keys=True)


@dataclass(frozen=True)
class Shown:
    """What of an item a person was shown, and for how long."""

    view_mode: str
    open_us: int
    revealed_us: int


def already_recorded(
    connection: sqlite3.Connection, person_id: str, kind: str, about: tuple[str, int | str], given: Submission
) -> int | None:
    """The number of the event if it was recorded before under the same key.

    Args:
        connection: The review's database.
        person_id: Who sends it.
        kind: The kind of event.
        about: The column that says what it is about, and its value.
        given: What was sent.

    Raises:
        Refused: `key_reused`, the key belongs to another event; `body_wrong`, it is no key.
    """
    if len(given.event_key) not in _KEY_CHARACTERS or not given.event_key.isascii():
        raise Refused("body_wrong")
    row = connection.execute("SELECT * FROM label_events WHERE event_key = ?", (given.event_key,)).fetchone()
    if row is None:
        return None
    column, number = about
    same = (row["person_id"], row["kind"], row[column], row["choices"], row["note"])
    if same != (person_id, kind, number, given.choices_text, given.note):
        raise Refused("key_reused")
    return int(row["event_no"])


def check_answers(book: Book, given: Submission) -> None:
    """Refuse an answer to another version of the label book, or one that is not complete.

    Raises:
        Refused: `book_replaced`, `answer_missing`, `answer_unknown` or `note_too_long`.

    Example:
        >>> from perito.web.book import Book, BookClass
        >>> book = Book("b", "2", (BookClass("advert", {}, {}),))
        >>> check_answers(book, Submission("12345678", "1", {"advert": "yes"}))
        Traceback (most recent call last):
        perito.web.refused.Refused: book_replaced
    """
    if given.book_version != book.version:
        raise Refused("book_replaced", old=given.book_version, new=book.version)
    if len(given.note) > NOTE_CHARACTERS_MAX:
        raise Refused("note_too_long", most=NOTE_CHARACTERS_MAX)
    if given.choices is None:
        return
    names = {one.id for one in book.classes}
    if names - set(given.choices):
        raise Refused("answer_missing")
    if set(given.choices) - names or not set(given.choices.values()) <= set(book.answers):
        raise Refused("answer_unknown")


def append(
    connection: sqlite3.Connection,
    review: Review,
    kind: str,
    person_id: str,
    given: Submission,
    shown: Shown,
    about: Mapping[str, Any],
) -> int:
    """Write one event.

    Args:
        connection: The review's database, being written.
        review: The review.
        kind: `label`, `skip`, `undo`, `own_look` or `decision`.
        person_id: Who.
        given: What was sent.
        shown: What was shown.
        about: `item_no` and `book_no`; `slot_no`, `conflict_no` or `undoes` where there is one.

    Returns:
        Its number.

    Raises:
        Refused: `clock_jumped`.
    """
    values = dict.fromkeys(_COLUMNS) | dict(about) | vars(shown)
    values |= {
        "event_key": given.event_key,
        "kind": kind,
        "person_id": person_id,
        "choices": given.choices_text,
        "note": given.note,
        "at_us": review.clock.trusted_us(last_event_us(connection)),
        "template_version": given.template_version,
    }
    before = connection.execute("SELECT digest FROM label_events ORDER BY event_no DESC LIMIT 1").fetchone()
    values["digest"] = chained("" if before is None else before["digest"], values)
    names = ", ".join(values)
    marks = ", ".join("?" * len(values))
    number = connection.execute(
        f"INSERT INTO label_events ({names}) VALUES ({marks})", tuple(values.values())
    ).lastrowid
    return int(number or 0)


def chained(before: str, values: Mapping[str, Any]) -> str:
    """The digest of an event: SHA-256 over the digest of the event before and the event itself."""
    own = json.dumps({name: values[name] for name in _COLUMNS}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(f"{before}\n{own}".encode()).hexdigest()


def broken_chain(connection: sqlite3.Connection) -> int | None:
    """The number of the first event that is not as it was written, None if all are."""
    before = ""
    for row in connection.execute("SELECT * FROM label_events ORDER BY event_no"):
        if row["digest"] != chained(before, dict(row)):
            return int(row["event_no"])
        before = row["digest"]
    return None
