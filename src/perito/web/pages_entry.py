"""Signing in and out, the first page, the account of a person, the help and the label book."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response

from perito.clock import iso_day
from perito.evidence.duty import duty_title
from perito.web.people import LANGUAGES, THEMES, change_password, check_password
from perito.web.progress import progress_of
from perito.web.refused import Refused
from perito.web.reveals import end_reveals
from perito.web.review import book_in_force
from perito.web.safety import exposure_of
from perito.web.sessions import check_form_token, end_session, form_token, start_session

if TYPE_CHECKING:
    from perito.web.visit import Visit

_FORM_COOKIE = "perito_form"
_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


def static(visit: Visit) -> Response:
    """The style sheet, the script, the icon."""
    name = visit.path_values["name"]
    if name not in visit.desk.static:
        raise Refused("not_there")
    return Response(visit.desk.static[name], media_type=_TYPES[name.rpartition(".")[2]])


def sign_in_form(visit: Visit) -> Response:
    """The sign-in page."""
    if visit.session is not None:
        return RedirectResponse("/", 303)
    return _sign_in_page(visit)


def _sign_in_page(visit: Visit, status: int = 200, said: str = "", name: str = "") -> Response:
    token = form_token(visit.desk.form_signer)
    response = visit.page("sign_in.html.j2", status, form_token=token, said=said, name=name)
    response.set_cookie(
        _FORM_COOKIE, token, httponly=True, samesite="strict", secure=visit.desk.is_secure, max_age=3600
    )
    return response


def sign_in(visit: Visit) -> Response:
    """Sign in; a failure shows the form again and says no more than that it failed."""
    check_form_token(visit.desk.form_signer, visit.cookies.get(_FORM_COOKIE), visit.form.get("form_token"))
    name = visit.form.get("name", "")
    try:
        person = check_password(visit.desk.review, name, visit.form.get("password", ""), visit.address)
    except Refused as refused:
        said = visit.words(f"refused.{refused.code}", **refused.facts)
        return _sign_in_page(visit, refused.status, said, name)
    if visit.session is not None:
        end_session(visit.desk.review, visit.session.digest)
    signed = visit.desk.signer.sign(start_session(visit.desk.review, person))
    response = RedirectResponse("/", 303)
    response.set_cookie(
        visit.desk.cookie_name, signed, httponly=True, samesite="strict", secure=visit.desk.is_secure
    )
    response.delete_cookie(_FORM_COOKIE)
    return response


def sign_out(visit: Visit) -> Response:
    """End the session."""
    with visit.desk.review.base.writing() as connection:
        end_reveals(connection, visit.person.id, visit.desk.review.clock.now_us())
    if visit.session is not None:
        end_session(visit.desk.review, visit.session.digest)
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(
        visit.desk.cookie_name, httponly=True, samesite="strict", secure=visit.desk.is_secure
    )
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def home(visit: Visit) -> Response:
    """What a person can do here."""
    with visit.desk.review.base.reading() as connection:
        book, progress = book_in_force(connection), progress_of(connection, visit.person.id)
    return visit.page("home.html.j2", book=book, progress=progress)


def show_help(visit: Visit) -> Response:
    """Keys, and what the marks mean."""
    with visit.desk.review.base.reading() as connection:
        book = book_in_force(connection)
    return visit.page("help.html.j2", book=book, provision=duty_title(visit.language))


def show_book(visit: Visit) -> Response:
    """The label book in force."""
    with visit.desk.review.base.reading() as connection:
        return visit.page("book.html.j2", book=book_in_force(connection))


def account(visit: Visit) -> Response:
    """What a person was shown today, and that person's settings."""
    review = visit.desk.review
    with review.base.reading() as connection:
        shown = exposure_of(connection, visit.person.id, iso_day(review.clock.now_us()))
    return visit.page("account.html.j2", shown=shown, settings=review.settings, person=visit.person)


def change_account(visit: Visit) -> Response:
    """Another language, look, or keys."""
    language, theme = visit.form.get("language"), visit.form.get("theme")
    person = visit.person
    with visit.desk.review.base.writing() as connection:
        connection.execute(
            "UPDATE people SET language = ?, theme = ?, has_keys = ? WHERE person_id = ?",
            (
                language if language in LANGUAGES else person.language,
                theme if theme in THEMES else person.theme,
                int(visit.form.get("keys", "on" if person.has_keys else "off") == "on"),
                person.id,
            ),
        )
    back = visit.form.get("back", "")
    return visit.done(back if back in {"/", "/queue", "/adjudicate", "/live"} else "/account")


def change_own_password(visit: Visit) -> Response:
    """Another password; the old one is needed, and all sessions end."""
    review, person = visit.desk.review, visit.person
    check_password(review, person.name, visit.form.get("old", ""), visit.address)
    change_password(review, person.name, visit.form.get("new", ""), by=person.id)
    return visit.done("/sign-in")
