"""Readings that differ are decided by a third person, who looks first and sees the readings afterwards."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perito.web.events import Submission, already_recorded, append, check_answers
from perito.web.queue import release
from perito.web.refused import Refused
from perito.web.reveals import shown_of
from perito.web.review import book_in_force
from perito.web.safety import Pause, pause_of, start_item

if TYPE_CHECKING:
    import sqlite3

    from perito.web.review import Review


@dataclass(frozen=True)
class Dispute:
    """What an adjudicator has in hand, or why nothing; both None when nothing is in dispute."""

    row: sqlite3.Row | None = None
    pause: Pause | None = None


@dataclass(frozen=True)
class Reading:
    """What one of the readers said."""

    person_id: str
    choices: dict[str, str]
    note: str
    view_mode: str


def note_conflict(connection: sqlite3.Connection, item_no: int, book_no: int) -> None:
    """Put an item up for adjudication once all its readings are made and differ."""
    slots = connection.execute(
        "SELECT state, reader, choices FROM slots LEFT JOIN label_events USING (event_no)"
        " WHERE slots.item_no = ? AND slots.book_no = ? AND queue = 'sample' ORDER BY round",
        (item_no, book_no),
    ).fetchall()
    if any(slot["state"] != "done" for slot in slots) or len({slot["choices"] for slot in slots}) < 2:  # noqa: PLR2004
        return
    readers = " ".join(sorted(slot["reader"] for slot in slots))
    connection.execute(
        "INSERT INTO conflicts (item_no, book_no, readers, state) VALUES (?, ?, ?, 'open')",
        (item_no, book_no, readers),
    )


def withdraw_conflict(connection: sqlite3.Connection, item_no: int, book_no: int) -> None:
    """Take an item back from adjudication, when one of its readings was taken back."""
    connection.execute(
        "UPDATE conflicts SET state = 'withdrawn' WHERE item_no = ? AND book_no = ? AND state = 'open'",
        (item_no, book_no),
    )


def held_conflict(connection: sqlite3.Connection, person_id: str, book_no: int) -> sqlite3.Row | None:
    """The dispute that a person has in hand."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM conflicts WHERE book_no = ? AND state = 'held' AND holder = ?", (book_no, person_id)
    ).fetchone()
    return row


def next_dispute(review: Review, person_id: str) -> Dispute:
    """The dispute that a person decides next; never one in which that person was a reader."""
    now = review.clock.now_us()
    with review.base.writing(is_durable=False) as connection:
        book_no = book_in_force(connection).number
        held = held_conflict(connection, person_id, book_no)
        if held is None:
            _end_leases(connection, book_no, now)
            pause = pause_of(connection, review.settings, person_id, now)
            if pause is not None:
                return Dispute(pause=pause)
            held = _first(connection, person_id, book_no)
            if held is None:
                return Dispute()
            start_item(connection, person_id, now)
        lease_us = now + review.settings.us("lease_minutes")
        connection.execute(
            "UPDATE conflicts SET held_us = CASE state WHEN 'held' THEN held_us ELSE ? END, state = 'held',"
            " holder = ?, lease_us = ? WHERE conflict_no = ?",
            (now, person_id, lease_us, held["conflict_no"]),
        )
        return Dispute(row=_conflict(connection, held["conflict_no"]))


def let_go(connection: sqlite3.Connection, person_id: str) -> None:
    """Give back the reading and the dispute that a person has in hand."""
    for slot in connection.execute(
        "SELECT * FROM slots WHERE state = 'held' AND reader = ?", (person_id,)
    ).fetchall():
        release(connection, slot)
    connection.execute(
        "UPDATE conflicts SET state = 'open', holder = NULL, look_no = NULL"
        " WHERE state = 'held' AND holder = ?",
        (person_id,),
    )


def _end_leases(connection: sqlite3.Connection, book_no: int, now: int) -> None:
    """Give back disputes that were held too long, with the look forgotten: it was somebody else's."""
    connection.execute(
        "UPDATE conflicts SET state = 'open', holder = NULL, look_no = NULL"
        " WHERE book_no = ? AND state = 'held' AND lease_us < ?",
        (book_no, now),
    )


def _first(connection: sqlite3.Connection, person_id: str, book_no: int) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM conflicts WHERE book_no = ? AND state = 'open' AND instr(' ' || readers || ' ', ?) = 0"
        " ORDER BY conflict_no LIMIT 1",
        (book_no, f" {person_id} "),
    ).fetchone()
    return row


def _conflict(connection: sqlite3.Connection, conflict_no: int) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute(
        "SELECT conflicts.*, is_withdrawn, version FROM conflicts JOIN items USING (item_no)"
        " JOIN books USING (book_no) WHERE conflict_no = ?",
        (conflict_no,),
    ).fetchone()
    if row is None:
        raise Refused("not_there")
    return row


def record_look(review: Review, person_id: str, conflict_no: int, given: Submission) -> int:
    """Record what the adjudicator thinks before seeing the readings.

    Raises:
        Refused: With the reason; nothing was recorded.
    """
    return _record(review, person_id, conflict_no, given, "own_look")


def record_decision(review: Review, person_id: str, conflict_no: int, given: Submission) -> int:
    """Record the adjudicator's decision.

    Raises:
        Refused: With the reason; `look_first` if there was no own look.
    """
    return _record(review, person_id, conflict_no, given, "decision")


def _record(review: Review, person_id: str, conflict_no: int, given: Submission, kind: str) -> int:
    with review.base.writing() as connection:
        known = already_recorded(connection, person_id, kind, ("conflict_no", conflict_no), given)
        if known is not None:
            return known
        conflict = _own_conflict(connection, person_id, conflict_no)
        if kind == "decision" and conflict["look_no"] is None:
            raise Refused("look_first")
        if kind == "own_look" and conflict["look_no"] is not None:
            raise Refused("look_taken")
        if given.choices is None:
            raise Refused("answer_missing")
        check_answers(book_in_force(connection), given)
        shown = shown_of(connection, review, person_id, conflict)
        about = {name: conflict[name] for name in ("conflict_no", "item_no", "book_no")}
        number = append(connection, review, kind, person_id, given, shown, about)
        change = "look_no = ?" if kind == "own_look" else "state = 'decided', event_no = ?"
        connection.execute(f"UPDATE conflicts SET {change} WHERE conflict_no = ?", (number, conflict_no))
        return number


def _own_conflict(connection: sqlite3.Connection, person_id: str, conflict_no: int) -> sqlite3.Row:
    conflict = _conflict(connection, conflict_no)
    if conflict["is_withdrawn"]:
        raise Refused("withdrawn")
    book = book_in_force(connection)
    if conflict["book_no"] != book.number:
        raise Refused("book_replaced", old=conflict["version"], new=book.version)
    if conflict["state"] == "decided":
        raise Refused("already_decided")
    if conflict["state"] != "held" or conflict["holder"] != person_id:
        raise Refused("passed_on")
    return conflict


def readings_of(connection: sqlite3.Connection, conflict: sqlite3.Row) -> list[Reading]:
    """The readings in dispute, in the order of the rounds.

    Raises:
        Refused: `look_first`: nobody sees them before an own look.
    """
    if conflict["look_no"] is None:
        raise Refused("look_first")
    rows = connection.execute(
        "SELECT person_id, choices, note, view_mode FROM slots JOIN label_events USING (event_no)"
        " WHERE slots.item_no = ? AND slots.book_no = ? AND queue = 'sample' ORDER BY round",
        (conflict["item_no"], conflict["book_no"]),
    )
    return [
        Reading(row["person_id"], _choices(row["choices"]), row["note"], row["view_mode"]) for row in rows
    ]


def _choices(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found
