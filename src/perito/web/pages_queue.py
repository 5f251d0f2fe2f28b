"""The queue: the item in hand, its answer, what is revealed of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from perito.web.changes import withdraw_item
from perito.web.conflicts import held_conflict, let_go
from perito.web.events import Submission
from perito.web.labels import record_label, take_back
from perito.web.plain import plain_lines
from perito.web.progress import progress_of
from perito.web.queue import held_slot, next_turn
from perito.web.refused import Refused
from perito.web.reveals import (
    REVEAL_S_MAX,
    content_of,
    end_reveals,
    hide,
    open_reveal,
    record_reveal,
    view_mode,
)
from perito.web.review import book_in_force
from perito.web.safety import take_the_day_off
from perito.web.visit import answers

if TYPE_CHECKING:
    import sqlite3

    from perito.web.reveals import Reveal
    from perito.web.visit import Visit

_VIDEO = "video"


def queue(visit: Visit) -> Response:
    """The item that the person reads next, or why there is none."""
    review = visit.desk.review
    turn = next_turn(review, visit.person.id)
    while turn.slot is not None and withdraw_purged(visit, turn.slot["item_no"]):
        turn = next_turn(review, visit.person.id)
    if turn.pause is not None:
        return visit.page("pause.html.j2", pause=turn.pause, settings=review.settings)
    with review.base.reading() as connection:
        progress = progress_of(connection, visit.person.id)
        if turn.slot is None:
            return visit.page("nothing.html.j2", progress=progress, where="/queue")
        return visit.page(
            "queue.html.j2",
            reading=visit.desk.veil.name(visit.person.id, turn.slot["slot_no"]),
            item=shown_item(connection, turn.slot["item_no"]),
            book=book_in_force(connection),
            progress=progress,
            reveal=None,
        )


def withdraw_purged(visit: Visit, item_no: int) -> bool:
    """Whether bytes behind an item were purged meanwhile; nobody is shown it any more then."""
    review = visit.desk.review
    with review.base.reading() as connection:
        content = content_of(connection, item_no)
        row = connection.execute("SELECT item_id FROM items WHERE item_no = ?", (item_no,)).fetchone()
    if not visit.desk.is_purged(content):
        return False
    withdraw_item(review, row["item_id"], "purged")
    return True


def refuse_purged(visit: Visit, table: str, number: int) -> None:
    """Refuse what is said of an item whose bytes were purged while it was open.

    Raises:
        Refused: `withdrawn`.
    """
    column = {"slots": "slot_no", "conflicts": "conflict_no"}[table]
    with visit.desk.review.base.reading() as connection:
        row = connection.execute(f"SELECT item_no FROM {table} WHERE {column} = ?", (number,)).fetchone()
    if row is not None and withdraw_purged(visit, row["item_no"]):
        raise Refused("withdrawn")


def shown_item(connection: sqlite3.Connection, item_no: int) -> dict[str, Any]:
    """What the page shows of an item: words in which nothing can deceive, the media without their bytes."""
    row = connection.execute(
        "SELECT item_id, item_kind, platform FROM items WHERE item_no = ?", (item_no,)
    ).fetchone()
    content = content_of(connection, item_no)
    text = content.get("text")
    return {
        "item_no": item_no,
        "id": row["item_id"],
        "kind": row["item_kind"],
        "platform": row["platform"],
        "paragraphs": plain_lines(text) if text else [],
        "text_state": content.get("text_state"),
        "lang": _language_tag(content.get("lang")),
        "created_at_us": content.get("created_at_us"),
        "media": [
            {
                "digest": None,
                **medium,
                "alt_text": " ".join(plain_lines(medium["alt_text"] or "")),
                "is_video": medium["kind"] == _VIDEO,
            }
            for medium in content["media"]
        ],
        "view_mode": view_mode(content, set()),
    }


def _language_tag(tag: str | None) -> str | None:
    is_tag = tag is not None and tag != "und" and tag.replace("-", "").isalnum() and tag.isascii()
    return tag if is_tag else None


def submission(visit: Visit, *, is_answer: bool = True) -> Submission:
    """What the page of an item sent."""
    return Submission(
        event_key=visit.form.get("event_key", ""),
        book_version=visit.form.get("book_version", ""),
        choices=answers(visit.form) if is_answer else None,
        note=visit.form.get("note", "").replace("\r\n", "\n").strip(),
        template_version=visit.form.get("template_version", "")[:80],
    )


def label(visit: Visit) -> Response:
    """Record an answer."""
    refuse_purged(visit, "slots", visit.reading())
    record_label(visit.desk.review, visit.person.id, visit.reading(), submission(visit))
    return visit.done("/queue")


def skip(visit: Visit) -> Response:
    """Pass an item on to others, for no stated reason."""
    given = submission(visit, is_answer=False)
    refuse_purged(visit, "slots", visit.reading())
    record_label(visit.desk.review, visit.person.id, visit.reading(), given)
    return visit.done("/queue")


def undo(visit: Visit) -> Response:
    """Take back the last answer."""
    take_back(visit.desk.review, visit.person.id, visit.form.get("event_key", ""))
    return visit.done("/queue")


def not_today(visit: Visit) -> Response:
    """No more items until tomorrow; what is in hand goes to others."""
    review = visit.desk.review
    with review.base.writing() as connection:
        now = review.clock.now_us()
        end_reveals(connection, visit.person.id, now)
        take_the_day_off(connection, visit.person.id, now)
        let_go(connection, visit.person.id)
    return visit.done("/")


def in_hand(visit: Visit) -> sqlite3.Row:
    """The reading or the dispute that the person has in hand.

    Raises:
        Refused: `passed_on`, there is none.
    """
    with visit.desk.review.base.reading() as connection:
        number = book_in_force(connection).number
        found = held_slot if visit.may("label") else held_conflict
        row = found(connection, visit.person.id, number)
    if row is None:
        raise Refused("passed_on")
    return row


def preview(visit: Visit) -> Response:
    """The tiny blurred picture of a medium of the item in hand."""
    number = visit.path_values["medium"]
    with visit.desk.review.base.reading() as connection:
        media = content_of(connection, in_hand(visit)["item_no"])["media"]
    held = media[int(number)] if number.isascii() and number.isdigit() and int(number) < len(media) else None
    if held is None or not held["content_id"]:
        raise Refused("not_there")
    content = visit.desk.picture(held["content_id"], "preview", is_video=held["kind"] == _VIDEO)
    return Response(content, media_type="image/png")


def reveal(visit: Visit) -> Response:
    """Record that a picture is shown as it is, and show it."""
    review, held = visit.desk.review, in_hand(visit)
    if withdraw_purged(visit, held["item_no"]):
        raise Refused("withdrawn")
    made = record_reveal(review, visit.person.id, held, visit.number("medium"), visit.form.get("mode", ""))
    visit.desk.note_custody("revealed", [made.evidence_id], visit.person.id, mode=made.mode)
    address = f"/media/{made.token}"
    if visit.wants_json:
        return visit.done(address, seconds=REVEAL_S_MAX)
    return _revealed_page(visit, held, made)


def _revealed_page(visit: Visit, held: sqlite3.Row, made: Reveal) -> Response:
    """The page of the item with the picture in it, for browsers without script."""
    shown = {"medium": visit.number("medium"), "address": f"/media/{made.token}", "mode": made.mode}
    with visit.desk.review.base.reading() as connection:
        values: dict[str, Any] = {
            "item": shown_item(connection, held["item_no"]),
            "book": book_in_force(connection),
            "progress": progress_of(connection, visit.person.id),
            "reveal": shown,
        }
    if visit.may("label"):
        name = visit.desk.veil.name(visit.person.id, held["slot_no"])
        return visit.page("queue.html.j2", reading=name, **values)
    from perito.web.pages_adjudication import dispute_page

    return dispute_page(visit, held, shown)


def hide_again(visit: Visit) -> Response:
    """Record that the person hides what was revealed."""
    hide(visit.desk.review, visit.person.id)
    return visit.done("/queue" if visit.may("label") else "/adjudicate")


def medium(visit: Visit) -> Response:
    """The picture of a reveal, while it holds."""
    made = open_reveal(visit.desk.review, visit.person.id, visit.path_values["token"])
    content = visit.desk.picture(made.evidence_id, made.mode, is_video=made.kind == _VIDEO)
    return Response(content, media_type="image/png")
