"""Adjudication: a third person looks first, and is then shown what the readers said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perito.web.conflicts import next_dispute, readings_of, record_decision, record_look
from perito.web.pages_queue import refuse_purged, shown_item, submission, withdraw_purged
from perito.web.progress import progress_of
from perito.web.review import book_in_force

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from starlette.responses import Response

    from perito.web.visit import Visit


def adjudicate(visit: Visit) -> Response:
    """The dispute that the person decides next, or why there is none."""
    review = visit.desk.review
    dispute = next_dispute(review, visit.person.id)
    while dispute.row is not None and withdraw_purged(visit, dispute.row["item_no"]):
        dispute = next_dispute(review, visit.person.id)
    if dispute.pause is not None:
        return visit.page("pause.html.j2", pause=dispute.pause, settings=review.settings)
    if dispute.row is None:
        with review.base.reading() as connection:
            progress = progress_of(connection, visit.person.id)
        return visit.page("nothing.html.j2", progress=progress, where="/adjudicate")
    return dispute_page(visit, dispute.row, None)


def dispute_page(visit: Visit, conflict: sqlite3.Row, reveal: Mapping[str, Any] | None) -> Response:
    """The page of a dispute; the readings are in it only after the own look."""
    with visit.desk.review.base.reading() as connection:
        looked = conflict["look_no"] is not None
        return visit.page(
            "adjudicate.html.j2",
            conflict=conflict,
            item=shown_item(connection, conflict["item_no"]),
            book=book_in_force(connection),
            readings=readings_of(connection, conflict) if looked else [],
            reveal=reveal,
        )


def look(visit: Visit) -> Response:
    """Record the own look."""
    refuse_purged(visit, "conflicts", visit.number("conflict"))
    record_look(visit.desk.review, visit.person.id, visit.number("conflict"), submission(visit))
    return visit.done("/adjudicate")


def decide(visit: Visit) -> Response:
    """Record the decision."""
    refuse_purged(visit, "conflicts", visit.number("conflict"))
    record_decision(visit.desk.review, visit.person.id, visit.number("conflict"), submission(visit))
    return visit.done("/adjudicate")
