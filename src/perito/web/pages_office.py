"""The custodian's pages: people, the access log, and the export of the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.errors import CaseError
from perito.web.people import add_person, list_people, set_active
from perito.web.refused import Refused
from perito.web.roles import ROLES

if TYPE_CHECKING:
    from starlette.responses import Response

    from perito.web.visit import Visit

_LINES = 200


def people(visit: Visit) -> Response:
    """Everybody, and a form for a new person."""
    return visit.page("people.html.j2", people=list_people(visit.desk.review), roles=ROLES)


def add(visit: Visit) -> Response:
    """A new person."""
    given = visit.form
    try:
        add_person(
            visit.desk.review,
            given.get("name", ""),
            given.get("role", ""),
            given.get("password", ""),
            given.get("language", visit.language),
            by=visit.person.id,
        )
    except CaseError:
        raise Refused("body_wrong") from None
    return visit.done("/people")


def activate(visit: Visit) -> Response:
    """Let a person in, or no longer; nobody can shut out themselves."""
    name = visit.form.get("name", "")
    if name == visit.person.name:
        raise Refused("body_wrong")
    try:
        set_active(visit.desk.review, name, is_active=visit.form.get("active") == "yes", by=visit.person.id)
    except CaseError:
        raise Refused("not_there") from None
    return visit.done("/people")


def log(visit: Visit) -> Response:
    """The last lines of the access log and the last reveals."""
    review = visit.desk.review
    names = {person.id: person.name for person in list_people(review)}
    with review.access.reading() as connection:
        lines = connection.execute(
            "SELECT * FROM access ORDER BY access_no DESC LIMIT ?", (_LINES,)
        ).fetchall()
    with review.base.reading() as connection:
        reveals = connection.execute(
            "SELECT reveals.*, hides.shown_us, item_id FROM reveals JOIN items USING (item_no)"
            " LEFT JOIN hides USING (reveal_no) ORDER BY reveal_no DESC LIMIT ?",
            (_LINES,),
        ).fetchall()
    return visit.page("log.html.j2", lines=lines, reveals=reveals, names=names)


def export(visit: Visit) -> Response:
    """Seal the labels so far into the case."""
    from perito.web.export import seal_labels

    sealed = seal_labels(visit.desk.review, visit.desk.store, visit.person.id)
    return visit.page("exported.html.j2", sealed=sealed)
