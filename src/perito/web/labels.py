"""A reading is made: a label, an item passed on, a label taken back. What cannot be right is not recorded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from perito.web.conflicts import note_conflict, withdraw_conflict
from perito.web.events import Shown, Submission, already_recorded, append, check_answers
from perito.web.queue import bar, hold, release
from perito.web.refused import Refused
from perito.web.reveals import shown_of
from perito.web.review import book_in_force, fact

if TYPE_CHECKING:
    import sqlite3

    from perito.web.review import Review


def record_label(review: Review, person_id: str, slot_no: int, given: Submission) -> int:
    """Record a person's answer to an item, or that it is passed on; on the disk when this returns.

    Args:
        review: The review.
        person_id: Who.
        slot_no: The reading that the page was given.
        given: What the page sent; without choices the item is passed on.

    Returns:
        The number of the event; that of the first time if it is sent again.

    Raises:
        Refused: With the reason; nothing was recorded.
    """
    kind = "skip" if given.choices is None else "label"
    with review.base.writing() as connection:
        known = already_recorded(connection, person_id, kind, ("slot_no", slot_no), given)
        if known is not None:
            return known
        slot = _own_slot(connection, review, person_id, slot_no)
        check_answers(book_in_force(connection), given)
        shown = shown_of(connection, review, person_id, slot)
        about = {"slot_no": slot_no, "item_no": slot["item_no"], "book_no": slot["book_no"]}
        number = append(connection, review, kind, person_id, given, shown, about)
        if kind == "skip":
            _pass_on(connection, slot, person_id)
        else:
            _finish(connection, slot, number, given)
        return number


def _own_slot(connection: sqlite3.Connection, review: Review, person_id: str, slot_no: int) -> sqlite3.Row:
    """The reading, if it may be made by this person now.

    Raises:
        Refused: The reason.
    """
    slot: sqlite3.Row | None = connection.execute(
        "SELECT slots.*, is_withdrawn, version FROM slots JOIN items USING (item_no)"
        " JOIN books USING (book_no) WHERE slot_no = ?",
        (slot_no,),
    ).fetchone()
    if slot is None:
        raise Refused("not_there")
    if slot["is_withdrawn"]:
        raise Refused("withdrawn")
    book = book_in_force(connection)
    if slot["book_no"] != book.number:
        raise Refused("book_replaced", old=slot["version"], new=book.version)
    if slot["reader"] == person_id and slot["state"] == "held":
        return slot
    if slot["reader"] == person_id and slot["state"] == "done":
        raise Refused("already_labelled")
    return _taken_up_again(connection, review, person_id, slot)


def _taken_up_again(
    connection: sqlite3.Connection, review: Review, person_id: str, slot: sqlite3.Row
) -> sqlite3.Row:
    """A reading whose lease ended while the page was away, if nobody has it and the person once had it."""
    if slot["state"] != "open" or slot["last_reader"] != person_id:
        raise Refused("passed_on")
    held_us = slot["held_us"] or review.clock.now_us()
    return hold(connection, review, slot["slot_no"], person_id, held_us)


def _pass_on(connection: sqlite3.Connection, slot: sqlite3.Row, person_id: str) -> None:
    """Leave every open reading of the item to others."""
    connection.execute("INSERT OR IGNORE INTO passes VALUES (?, ?)", (person_id, slot["item_no"]))
    connection.execute(
        "UPDATE slots SET state = 'passed' WHERE item_no = ? AND book_no = ? AND state = 'open'",
        (slot["item_no"], slot["book_no"]),
    )
    release(connection, slot)


def _finish(connection: sqlite3.Connection, slot: sqlite3.Row, number: int, given: Submission) -> None:
    connection.execute(
        "UPDATE slots SET state = 'done', event_no = ? WHERE slot_no = ?", (number, slot["slot_no"])
    )
    connection.execute("UPDATE people SET labels = labels + 1 WHERE person_id = ?", (slot["reader"],))
    if slot["queue"] != "sample":
        return
    if slot["round"] == 1 and given.choices and "yes" in given.choices.values():
        _open_further(connection, slot)
    bar(connection, slot["item_no"], slot["book_no"])
    note_conflict(connection, slot["item_no"], slot["book_no"])


def _open_further(connection: sqlite3.Connection, slot: sqlite3.Row) -> None:
    """Open the further readings that the design wants of what a first reader flags."""
    wanted = int(fact(connection, "flagged_readings") or 2)
    held = {
        row["round"]
        for row in connection.execute(
            "SELECT round FROM slots WHERE item_no = ? AND book_no = ? AND queue = 'sample'",
            (slot["item_no"], slot["book_no"]),
        )
    }
    connection.executemany(
        "INSERT INTO slots (item_no, book_no, round, queue, position, state) VALUES (?, ?, ?, ?, ?, 'open')",
        [
            (slot["item_no"], slot["book_no"], number, "sample", slot["position"])
            for number in range(2, wanted + 1)
            if number not in held
        ],
    )


def take_back(review: Review, person_id: str, event_key: str) -> sqlite3.Row:
    """Take back the last thing that a person recorded, by a new event; the item is in hand again.

    Returns:
        The reading.

    Raises:
        Refused: `nothing_to_undo`; `undo_too_late` when it is too old, others have the item, or its conflict
            is being decided.
    """
    given = Submission(event_key, "", None)
    with review.base.writing() as connection:
        last = _last_event(connection, person_id)
        again = already_recorded(connection, person_id, "undo", ("person_id", person_id), given)
        if again is not None:
            return _slot(connection, _undone_slot(connection, again))
        if last is None or last["slot_no"] is None:
            raise Refused("nothing_to_undo")
        slot = _slot(connection, last["slot_no"])
        _check_undo(connection, review, last, slot)
        about = {name: last[name] for name in ("slot_no", "item_no", "book_no")}
        unseen = Shown(last["view_mode"], 0, 0)
        append(connection, review, "undo", person_id, given, unseen, {**about, "undoes": last["event_no"]})
        _reopen(connection, review, person_id, last, slot)
        return _slot(connection, slot["slot_no"])


def _last_event(connection: sqlite3.Connection, person_id: str) -> sqlite3.Row | None:
    """The last label or pass of a person that was not taken back."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM label_events e WHERE person_id = ? AND kind IN ('label', 'skip') AND NOT EXISTS"
        " (SELECT 1 FROM label_events later WHERE later.undoes = e.event_no) ORDER BY event_no DESC LIMIT 1",
        (person_id,),
    ).fetchone()
    return row


def _check_undo(connection: sqlite3.Connection, review: Review, last: sqlite3.Row, slot: sqlite3.Row) -> None:
    too_old = review.clock.now_us() - last["at_us"] > review.settings.us("undo_minutes")
    if last["kind"] == "label":
        is_free = slot["state"] == "done" and slot["event_no"] == last["event_no"]
    else:
        is_free = slot["state"] in {"open", "passed"} and last["person_id"] not in slot["barred"].split()
    is_replaced = slot["book_no"] != book_in_force(connection).number
    decided = connection.execute(
        "SELECT 1 FROM conflicts WHERE item_no = ? AND book_no = ? AND state IN ('held', 'decided')",
        (slot["item_no"], slot["book_no"]),
    ).fetchone()
    if too_old or is_replaced or not is_free or decided:
        raise Refused("undo_too_late", minutes=review.settings.undo_minutes)


def _reopen(
    connection: sqlite3.Connection, review: Review, person_id: str, last: sqlite3.Row, slot: sqlite3.Row
) -> None:
    held = connection.execute(
        "SELECT * FROM slots WHERE state = 'held' AND reader = ?", (person_id,)
    ).fetchall()
    for other in held:
        release(connection, other)
    item = (slot["item_no"], slot["book_no"])
    if last["kind"] == "skip":
        connection.execute(
            "DELETE FROM passes WHERE person_id = ? AND item_no = ?", (person_id, slot["item_no"])
        )
        connection.execute(
            "UPDATE slots SET state = 'open' WHERE item_no = ? AND book_no = ? AND state = 'passed'"
            " AND NOT EXISTS (SELECT 1 FROM passes WHERE passes.item_no = slots.item_no)",
            item,
        )
    else:
        withdraw_conflict(connection, *item)
        _close_further(connection, slot)
    hold(connection, review, slot["slot_no"], person_id, review.clock.now_us())


def _close_further(connection: sqlite3.Connection, slot: sqlite3.Row) -> None:
    """Close what only the label taken back had opened and nobody has begun."""
    item = connection.execute("SELECT is_doubled FROM items WHERE item_no = ?", (slot["item_no"],)).fetchone()
    planned = 2 if item["is_doubled"] else 1
    connection.execute(
        "DELETE FROM slots WHERE item_no = ? AND book_no = ? AND queue = 'sample' AND round > ?"
        " AND state = 'open' AND NOT EXISTS"
        " (SELECT 1 FROM label_events WHERE label_events.slot_no = slots.slot_no)",
        (slot["item_no"], slot["book_no"], planned if slot["round"] == 1 else 9),
    )


def _slot(connection: sqlite3.Connection, slot_no: int) -> sqlite3.Row:
    row: sqlite3.Row = connection.execute("SELECT * FROM slots WHERE slot_no = ?", (slot_no,)).fetchone()
    return row


def _undone_slot(connection: sqlite3.Connection, event_no: int) -> int:
    row = connection.execute("SELECT slot_no FROM label_events WHERE event_no = ?", (event_no,)).fetchone()
    return int(row["slot_no"])


def choices_of(row: sqlite3.Row) -> dict[str, Any]:
    """The choices of an event."""
    found: dict[str, Any] = json.loads(row["choices"])
    return found
