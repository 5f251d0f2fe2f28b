"""The application: every request is checked, answered and logged in one place; the pages are a table."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route

from perito.errors import PeritoError
from perito.web.pages import ROUTES, Page
from perito.web.refused import Refused
from perito.web.sessions import check_forgery, find_session
from perito.web.visit import Visit
from perito.web.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from perito.web.desk import Desk

BODY_BYTES_MAX = 64 * 1024
BODY_S_MAX = 20.0
_PORT = re.compile(r"(:\d{1,5})?")
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


def create_app(desk: Desk) -> ASGIApp:
    """The application over a desk; it closes the desk when it is shut down."""
    pages = [Route(page.path, _endpoint(desk, page), methods=[page.method]) for page in ROUTES]
    answer = _endpoint(desk, Page("GET", "/", _nothing))

    async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
        """Whatever else is asked for, by whatever method."""
        response = await answer(Request(scope, receive))
        await response(scope, receive, send)

    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        desk.close()

    routes = [*pages, Mount("", nothing)]
    return _with_headers(Starlette(routes=routes, lifespan=asynccontextmanager(lifespan)))


def _with_headers(app: ASGIApp) -> ASGIApp:
    """The application with the headers of every answer, also of one that nobody foresaw."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await app(scope, receive, sent)

    return answer


def _nothing(_visit: Visit) -> Response:
    raise Refused("not_there")


def _endpoint(desk: Desk, page: Page) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            async with asyncio.timeout(BODY_S_MAX):
                body: bytes | Refused = await _body(request)
        except TimeoutError:
            body = Refused("too_slow")
        return await run_in_threadpool(_answered, desk, page, request, body)

    return answer


async def _body(request: Request) -> bytes | Refused:
    """What was sent, or that it is too much."""
    parts = bytearray()
    async for chunk in request.stream():
        parts += chunk
        if len(parts) > BODY_BYTES_MAX:
            return Refused("too_large")
    return bytes(parts)


def _answered(desk: Desk, page: Page, request: Request, body: bytes | Refused) -> Response:
    """The answer to a request, and a line in the access log; without the line there is no answer."""
    visit = _visit(desk, request)
    try:
        response = _checked(visit, page, request, body)
    except Refused as refused:
        response = _refused(visit, page, refused)
    except (PeritoError, sqlite3.Error, OSError) as error:  # no space, no access: said, and tried again
        response = _refused(visit, page, Refused("failed", reason=str(error)))
    _set_language(visit, response)
    try:
        if page.is_logged:
            _log(visit, page, request.method, response.status_code)
    except sqlite3.Error as error:
        return _refused(visit, page, Refused("failed", reason=str(error)))
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
    """The request as a visitor's, in the language that the visitor chose."""
    chosen = request.query_params.get("language") or request.cookies.get("perito_language")
    return Visit(
        desk=desk,
        path=request.scope["path"],  # not that of `request.url`, in which the header Host has a say
        query=request.query_params,
        form={},
        cookies=request.cookies,
        address=request.client.host if request.client else "",
        session=None,
        language=chosen if chosen in LANGUAGES else desk.language,
        wants_json="application/json" in request.headers.get("accept", ""),
        path_values=request.path_params,
    )


def _checked(visit: Visit, page: Page, request: Request, body: bytes | Refused) -> Response:
    if not _is_own_name(request.headers.get("host", ""), visit.desk.hosts):
        raise Refused("address_wrong")  # a foreign name that was made to lead here
    _find_person(visit)
    if isinstance(body, Refused):
        raise body
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


def _is_own_name(host: str, names: Collection[str]) -> bool:
    """Whether a header Host is one of the names of the server, with a port or without."""
    return any(host.startswith(name) and _PORT.fullmatch(host[len(name) :]) for name in names)


def _find_person(visit: Visit) -> None:
    """Note whose session it is, and that person's language."""
    desk = visit.desk
    visit.session = find_session(desk.review, desk.signer.read(visit.cookies.get(desk.cookie_name)))
    if visit.session is not None:
        visit.language = visit.session.person.language


def _fields(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=200))
    except ValueError:
        raise Refused("body_wrong") from None


def _check_origin(request: Request) -> None:
    """Refuse what another site's page sent."""
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
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
