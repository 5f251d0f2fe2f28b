"""What of an item a person was shown. A picture is blurred until a reveal, for one person, is on the disk.

How long a picture was unblurred is told by the server: from the reveal to the hiding, to the next thing that
the person did, or to the end of the time for which a reveal holds.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perito.web.events import Shown
from perito.web.refused import Refused
from perito.web.review import last_event_us
from perito.web.safety import add_exposure, is_capped

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from perito.web.review import Review

MODES = ("greyscale", "full")
REVEAL_S_MAX = 120
_REVEAL_US_MAX = REVEAL_S_MAX * 1_000_000


@dataclass(frozen=True)
class Reveal:
    """A reveal that was recorded: its number, the token for its bytes, and which bytes in which mode."""

    number: int
    token: str
    evidence_id: str
    mode: str
    kind: str


def content_of(connection: sqlite3.Connection, item_no: int) -> dict[str, Any]:
    """The content of an item as it was loaded from the tables."""
    row = connection.execute("SELECT content FROM items WHERE item_no = ?", (item_no,)).fetchone()
    found: dict[str, Any] = json.loads(row["content"])
    return found


def _about(row: sqlite3.Row) -> tuple[str, int]:
    """Whether a reading or a dispute is in hand, and which."""
    column = "conflict_no" if "conflict_no" in row.keys() else "slot_no"  # noqa: SIM118  (a row, no mapping)
    return column, row[column]


def record_reveal(review: Review, person_id: str, in_hand: sqlite3.Row, medium: int, mode: str) -> Reveal:
    """Record that a person is shown a picture as it is; on the disk when this returns.

    Args:
        review: The review.
        person_id: Who; the right to reveal was checked.
        in_hand: The reading or the dispute in that person's hands.
        medium: Which medium of the item, from 0.
        mode: One of `MODES`.

    Raises:
        Refused: `withdrawn`, `caps_reached`, `clock_jumped`, or `not_there` when the bytes are not held.
    """
    with review.base.writing() as connection:
        now = review.clock.trusted_us(last_event_us(connection))
        item = connection.execute(
            "SELECT is_withdrawn FROM items WHERE item_no = ?", (in_hand["item_no"],)
        ).fetchone()
        if item["is_withdrawn"]:
            raise Refused("withdrawn")
        held = _held_medium(content_of(connection, in_hand["item_no"]), medium, mode)
        if is_capped(connection, review.settings, person_id, now):
            raise Refused("caps_reached")
        end_reveals(connection, person_id, now)
        token = secrets.token_urlsafe(24)
        column, number = _about(in_hand)
        found = connection.execute(
            f"INSERT INTO reveals (token, person_id, {column}, item_no, medium, evidence_id, mode, at_us)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (token, person_id, number, in_hand["item_no"], medium, held["content_id"], mode, now),
        ).lastrowid
        add_exposure(connection, person_id, now, pictures=1)
    return Reveal(int(found or 0), token, held["content_id"], mode, held["kind"])


def _held_medium(content: Mapping[str, Any], medium: int, mode: str) -> dict[str, Any]:
    media = content["media"]
    if mode not in MODES or not 0 <= medium < len(media) or not media[medium]["content_id"]:
        raise Refused("not_there")
    held: dict[str, Any] = media[medium]
    return held


def open_reveal(review: Review, person_id: str, token: str) -> Reveal:
    """The reveal behind a token, while it holds.

    Raises:
        Refused: `not_there`: another person's, hidden again, or over.
    """
    with review.base.reading() as connection:
        row = connection.execute(
            "SELECT * FROM reveals WHERE token = ? AND person_id = ? AND at_us >= ?"
            " AND reveal_no NOT IN (SELECT reveal_no FROM hides)",
            (token, person_id, review.clock.now_us() - _REVEAL_US_MAX),
        ).fetchone()
        if row is None:
            raise Refused("not_there")
        kind = content_of(connection, row["item_no"])["media"][row["medium"]]["kind"]
    return Reveal(row["reveal_no"], token, row["evidence_id"], row["mode"], kind)


def hide(review: Review, person_id: str) -> None:
    """Record that a person has hidden what was revealed."""
    with review.base.writing() as connection:
        end_reveals(connection, person_id, review.clock.now_us())


def end_reveals(connection: sqlite3.Connection, person_id: str, now: int) -> None:
    """End every reveal of a person and add its time to the account."""
    rows = connection.execute(
        "SELECT reveal_no, at_us FROM reveals WHERE person_id = ? AND reveal_no NOT IN"
        " (SELECT reveal_no FROM hides) ORDER BY reveal_no DESC LIMIT 9",
        (person_id,),
    ).fetchall()
    for row in rows:
        shown_us = min(max(now - row["at_us"], 0), _REVEAL_US_MAX)
        connection.execute(
            "INSERT INTO hides VALUES (?, ?, ?)", (row["reveal_no"], row["at_us"] + shown_us, shown_us)
        )
        add_exposure(connection, person_id, now, revealed_us=shown_us)


def shown_of(connection: sqlite3.Connection, review: Review, person_id: str, in_hand: sqlite3.Row) -> Shown:
    """What of the reading or dispute in hand the person was shown; ends what is still revealed."""
    now = review.clock.now_us()
    end_reveals(connection, person_id, now)
    column, number = _about(in_hand)
    rows = connection.execute(
        "SELECT mode, shown_us FROM reveals JOIN hides USING (reveal_no)"
        f" WHERE {column} = ? AND person_id = ?",
        (number, person_id),
    ).fetchall()
    mode = view_mode(content_of(connection, in_hand["item_no"]), {row["mode"] for row in rows})
    open_us = max(now - (in_hand["held_us"] or now), 0)
    return Shown(mode, open_us, sum(row["shown_us"] for row in rows))


def view_mode(content: Mapping[str, Any], modes: set[str]) -> str:
    """How an item was shown, as the table `labels` says it: the most that was seen.

    Example:
        >>> view_mode({"text": "Words", "media": []}, set())
        'text_only'
    """
    for mode in reversed(MODES):
        if mode in modes:
            return mode
    if any(medium["content_id"] for medium in content["media"]):
        return "blurred"
    if content.get("text"):
        return "text_only"
    return "description" if any(medium["alt_text"] for medium in content["media"]) else "hash_only"
