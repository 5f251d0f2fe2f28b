"""Which item a person reads next: the first in the order of drawing that nobody else has to read before.

Every step is a look into an index, whatever the number of items. A person never gets two readings of one
item, except the hidden repeats that show drift; who reads it second is told nothing of the first.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perito.web.review import book_in_force, fact
from perito.web.safety import Pause, pause_of, start_item

if TYPE_CHECKING:
    import sqlite3

    from perito.web.review import Review

# One lane for every set of readers that may not read the items in it; there are few, and each is sorted.
_NEXT_OPEN = """
WITH RECURSIVE lanes (barred) AS (
  SELECT min(barred) FROM slots WHERE state = 'open' AND book_no = :book
  UNION ALL
  SELECT (SELECT min(barred) FROM slots WHERE state = 'open' AND book_no = :book AND barred > lanes.barred)
  FROM lanes WHERE lanes.barred IS NOT NULL)
SELECT slots.* FROM lanes JOIN slots ON slots.slot_no = (
  SELECT slot_no FROM slots WHERE state = 'open' AND book_no = :book AND barred = lanes.barred
  ORDER BY position, round LIMIT 1)
WHERE lanes.barred IS NOT NULL AND instr(' ' || lanes.barred || ' ', ' ' || :person || ' ') = 0
ORDER BY slots.position, slots.round LIMIT 1
"""
_NEXT_PASSED = """
SELECT * FROM slots WHERE state = 'passed' AND book_no = :book
  AND instr(' ' || barred || ' ', ' ' || :person || ' ') = 0
  AND NOT EXISTS (SELECT 1 FROM passes WHERE person_id = :person AND passes.item_no = slots.item_no)
ORDER BY position, round LIMIT 1
"""


@dataclass(frozen=True)
class Turn:
    """What a person is given: a reading to make, or why there is none now; neither when all is read."""

    slot: sqlite3.Row | None = None
    pause: Pause | None = None


def held_slot(connection: sqlite3.Connection, person_id: str, book_no: int) -> sqlite3.Row | None:
    """The reading that a person has in hand."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM slots WHERE state = 'held' AND reader = ? AND book_no = ?", (person_id, book_no)
    ).fetchone()
    return row


def next_turn(review: Review, person_id: str) -> Turn:
    """What a person does next; the same until it is labelled, passed on or its lease is over."""
    now = review.clock.now_us()
    with review.base.reading() as connection:
        book_no = book_in_force(connection).number
        held = held_slot(connection, person_id, book_no)
    if held is not None and held["lease_us"] - now > review.settings.us("lease_minutes") // 2:
        return Turn(slot=held)
    with review.base.writing(is_durable=False) as connection:
        return _claimed(connection, review, person_id, now)


def _claimed(connection: sqlite3.Connection, review: Review, person_id: str, now: int) -> Turn:
    book_no = book_in_force(connection).number
    held = held_slot(connection, person_id, book_no)
    if held is not None:
        return Turn(slot=hold(connection, review, held["slot_no"], person_id, held["held_us"]))
    end_leases(connection, now)
    pause = pause_of(connection, review.settings, person_id, now)
    if pause is not None:
        return Turn(pause=pause)
    slot_no = _hidden(connection, review, person_id, book_no) or _first(connection, person_id, book_no)
    if slot_no is None:
        return Turn()
    slot = hold(connection, review, slot_no, person_id, now)
    start_item(connection, person_id, now)
    return Turn(slot=slot)


def _first(connection: sqlite3.Connection, person_id: str, book_no: int) -> int | None:
    names = {"book": book_no, "person": person_id}
    found = [connection.execute(query, names).fetchone() for query in (_NEXT_OPEN, _NEXT_PASSED)]
    rows = sorted((row for row in found if row is not None), key=lambda row: (row["position"], row["round"]))
    return int(rows[0]["slot_no"]) if rows else None


def hold(
    connection: sqlite3.Connection, review: Review, slot_no: int, person_id: str, held_us: int
) -> sqlite3.Row:
    """Put a reading into a person's hands and bar that person from the item's other readings."""
    lease_us = review.clock.now_us() + review.settings.us("lease_minutes")
    connection.execute(
        "UPDATE slots SET state = 'held', reader = ?1, last_reader = ?1, held_us = ?2, lease_us = ?3,"
        " event_no = NULL WHERE slot_no = ?4",
        (person_id, held_us, lease_us, slot_no),
    )
    slot: sqlite3.Row = connection.execute("SELECT * FROM slots WHERE slot_no = ?", (slot_no,)).fetchone()
    bar(connection, slot["item_no"], slot["book_no"])
    return slot


def release(connection: sqlite3.Connection, slot: sqlite3.Row) -> None:
    """Give a reading back to the others; a hidden one is closed, it was made for one person."""
    item_no = slot["item_no"]
    if slot["queue"] == "sample":
        passed = connection.execute("SELECT 1 FROM passes WHERE item_no = ?", (item_no,)).fetchone()
        state = "open" if passed is None else "passed"
    else:
        state = "closed"
    connection.execute(
        "UPDATE slots SET state = ?, reader = NULL, lease_us = NULL WHERE slot_no = ?",
        (state, slot["slot_no"]),
    )
    bar(connection, item_no, slot["book_no"])


def end_leases(connection: sqlite3.Connection, now: int) -> None:
    """Give back every reading that was held for too long."""
    over = connection.execute("SELECT * FROM slots WHERE state = 'held' AND lease_us < ?", (now,)).fetchall()
    for slot in over:
        release(connection, slot)


def bar(connection: sqlite3.Connection, item_no: int, book_no: int) -> None:
    """Note on the open readings of an item who has, or made, the others."""
    slots = connection.execute(
        "SELECT slot_no, state, reader FROM slots WHERE item_no = ? AND book_no = ? AND queue = 'sample'",
        (item_no, book_no),
    ).fetchall()
    barred = " ".join(sorted({slot["reader"] for slot in slots if slot["state"] in {"held", "done"}}))
    connection.executemany(
        "UPDATE slots SET barred = ? WHERE slot_no = ? AND barred <> ?",
        [(barred, slot["slot_no"], barred) for slot in slots if slot["state"] in {"open", "passed"}],
    )


def _hidden(connection: sqlite3.Connection, review: Review, person_id: str, book_no: int) -> int | None:
    """A reading that shows drift, where the lot says that one is due; the page looks like any other."""
    person = connection.execute(
        "SELECT labels, checked_at FROM people WHERE person_id = ?", (person_id,)
    ).fetchone()
    number = person["labels"]
    if number == 0 or person["checked_at"] == number:
        return None
    connection.execute("UPDATE people SET checked_at = ? WHERE person_id = ?", (number, person_id))
    seed = fact(connection, "seed") or ""
    item_no, queue = None, "golden"
    if _is_due(seed, person_id, number, "golden", review.settings.golden_every):
        item_no = _unread_golden(connection, person_id, book_no)
    if item_no is None and _is_due(seed, person_id, number, "repeat", review.settings.repeat_every):
        lot = _lot(seed, person_id, number, "which")
        item_no, queue = _repeat(connection, person_id, book_no, review.settings.repeat_gap, lot), "relabel"
    if item_no is None:
        return None
    return connection.execute(
        "INSERT INTO slots (item_no, book_no, round, queue, position, state)"
        " VALUES (?, ?, 1, ?, 0, 'closed')",
        (item_no, book_no, queue),
    ).lastrowid


def _lot(*words: object) -> int:
    """A number that nobody can foresee without the seed, and that is the same each time."""
    return int.from_bytes(hashlib.sha256("|".join(map(str, words)).encode()).digest()[:8])


def _is_due(seed: str, person_id: str, number: int, what: str, every: int) -> bool:
    return every > 0 and _lot(seed, person_id, number, what) % every == 0


def _unread_golden(connection: sqlite3.Connection, person_id: str, book_no: int) -> int | None:
    row = connection.execute(
        "SELECT answers.item_no FROM answers JOIN items USING (item_no) WHERE NOT is_withdrawn AND NOT EXISTS"
        " (SELECT 1 FROM slots WHERE slots.item_no = answers.item_no AND book_no = ? AND reader = ?)"
        " ORDER BY answers.item_no LIMIT 1",
        (book_no, person_id),
    ).fetchone()
    return None if row is None else int(row["item_no"])


def _repeat(connection: sqlite3.Connection, person_id: str, book_no: int, gap: int, lot: int) -> int | None:
    """An item of the sample that the person labelled long enough ago and not yet again."""
    ends = connection.execute(
        "SELECT (SELECT event_no FROM label_events WHERE person_id = :person ORDER BY event_no LIMIT 1) low,"
        " (SELECT event_no FROM label_events WHERE person_id = :person ORDER BY event_no DESC"
        "  LIMIT 1 OFFSET :gap) high",
        {"person": person_id, "gap": gap},
    ).fetchone()
    if ends["high"] is None:
        return None
    row = connection.execute(
        "SELECT slots.item_no FROM label_events JOIN slots USING (slot_no) JOIN items ON"
        " items.item_no = slots.item_no WHERE label_events.person_id = :person"
        " AND label_events.event_no BETWEEN :start AND :high AND slots.event_no = label_events.event_no"
        " AND slots.state = 'done' AND slots.queue = 'sample' AND slots.book_no = :book AND NOT is_withdrawn"
        " AND NOT EXISTS (SELECT 1 FROM slots again WHERE again.item_no = slots.item_no"
        "  AND again.queue = 'relabel' AND again.book_no = :book AND again.reader = :person)"
        " ORDER BY label_events.event_no LIMIT 1",
        {
            "person": person_id, "book": book_no, "high": ends["high"],
            "start": ends["low"] + lot % (ends["high"] - ends["low"] + 1),
        },
    ).fetchone()  # fmt: skip
    return None if row is None else int(row["item_no"])
