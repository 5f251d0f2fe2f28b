"""The application: every request is checked, answered and logged in one place; the pages are a table."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from perito.errors import PeritoError
from perito.web.pages import ROUTES, Page
from perito.web.refused import Refused
from perito.web.sessions import check_forgery, find_session
from perito.web.visit import Visit
from perito.web.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.requests import Request

    from perito.web.desk import Desk

BODY_BYTES_MAX = 64 * 1024
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), autoplay=()",
    "Referrer-Policy": "same-origin",  # with none, forms would come with the origin "null"
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}


def create_app(desk: Desk) -> Starlette:
    """The application over a desk; it closes the desk when it is shut down."""
    routes = [Route(page.path, _endpoint(desk, page), methods=[page.method]) for page in ROUTES]
    nothing = Page("GET", "/{rest:path}", _nothing)
    methods = ["GET", "POST", "PUT", "DELETE", "PATCH"]
    routes.append(Route("/{rest:path}", _endpoint(desk, nothing), methods=methods))

    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        desk.close()

    from contextlib import asynccontextmanager

    return Starlette(routes=routes, lifespan=asynccontextmanager(lifespan))


def _nothing(_visit: Visit) -> Response:
    raise Refused("not_there")


def _endpoint(desk: Desk, page: Page) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        body = await _body(request)
        return await run_in_threadpool(_answered, desk, page, request, body)

    return answer


async def _body(request: Request) -> bytes | None:
    """What was sent; None if it is too much."""
    parts = bytearray()
    async for chunk in request.stream():
        parts += chunk
        if len(parts) > BODY_BYTES_MAX:
            return None
    return bytes(parts)


def _answered(desk: Desk, page: Page, request: Request, body: bytes | None) -> Response:
    """The answer to a request, with the headers of every answer, and a line in the access log."""
    visit = _visit(desk, request)
    try:
        response = _checked(visit, page, request, body)
    except Refused as refused:
        response = _refused(visit, page, refused)
    except (PeritoError, sqlite3.Error, OSError) as error:  # no space, no access: said, and tried again
        response = _refused(visit, page, Refused("failed", reason=str(error)))
    response.headers.update(HEADERS)
    _set_language(visit, response)
    if page.is_logged:
        _log(visit, page, request.method, response.status_code)
    return response


def _log(visit: Visit, page: Page, method: str, status: int) -> None:
    """A line of the access log; a token that opens something is left out of it."""
    review = visit.desk.review
    path = page.path if "{token}" in page.path else visit.path[:200]
    person_id = visit.session.person.id if visit.session else None
    with review.access.writing(is_durable=False) as connection:
        connection.execute(
            "INSERT INTO access (at_us, person_id, address, method, path, status) VALUES (?, ?, ?, ?, ?, ?)",
            (review.clock.now_us(), person_id, visit.address, method, path, status),
        )


def _visit(desk: Desk, request: Request) -> Visit:
    session = find_session(desk.review, desk.signer.read(request.cookies.get(desk.cookie_name)))
    chosen = request.query_params.get("language") or request.cookies.get("perito_language")
    language = session.person.language if session else chosen
    return Visit(
        desk=desk,
        path=request.url.path,
        query=request.query_params,
        form={},
        cookies=request.cookies,
        address=request.client.host if request.client else "",
        session=session,
        language=language if language in LANGUAGES else desk.language,
        wants_json="application/json" in request.headers.get("accept", ""),
        path_values=request.path_params,
    )


def _checked(visit: Visit, page: Page, request: Request, body: bytes | None) -> Response:
    host = request.headers.get("host", "")
    if host.rpartition(":")[0] not in visit.desk.hosts and host not in visit.desk.hosts:
        raise Refused("address_wrong")  # a foreign name that was made to lead here
    if body is None:
        raise Refused("too_large")
    visit.form = _fields(body)
    if request.method == "POST":
        _check_origin(request)
    if page.right is not None:
        visit.person  # noqa: B018  (refuses a visitor)
        if request.method == "POST":
            given = request.headers.get("x-csrf-token") or visit.form.get("csrf")
            check_forgery(visit.session.csrf if visit.session else "", given)
        if not visit.may(page.right):
            raise Refused("role_refused", role=visit.words(f"role.{visit.person.role}"))
    return page.answer(visit)


def _fields(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=200))
    except ValueError:
        raise Refused("body_wrong") from None


def _check_origin(request: Request) -> None:
    """Refuse what another site's page sent."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Refused("forged")
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise Refused("forged")


def _refused(visit: Visit, page: Page, refused: Refused) -> Response:
    if refused.code == "session_expired" and not visit.wants_json and page.method == "GET":
        return RedirectResponse("/sign-in", 303)
    return visit.refusal(refused)


def _set_language(visit: Visit, response: Response) -> None:
    if visit.query.get("language") in LANGUAGES:
        response.set_cookie(
            "perito_language", visit.language, httponly=True, samesite="strict", secure=visit.desk.is_secure
        )
