"""The routes: method, path, the right that is needed, and the function that answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perito.web import pages_adjudication, pages_analysis, pages_entry, pages_office, pages_queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from perito.web.visit import Visit


@dataclass(frozen=True)
class Page:
    """One route; without a right anybody may ask."""

    method: str
    path: str
    answer: Callable[[Visit], Response]
    right: str | None = None
    is_logged: bool = True


ROUTES = (
    Page("GET", "/static/{name}", pages_entry.static, is_logged=False),
    Page("GET", "/sign-in", pages_entry.sign_in_form),
    Page("POST", "/sign-in", pages_entry.sign_in),
    Page("POST", "/sign-out", pages_entry.sign_out, "read"),
    Page("GET", "/", pages_entry.home, "read"),
    Page("GET", "/help", pages_entry.show_help, "read"),
    Page("GET", "/book", pages_entry.show_book, "read"),
    Page("GET", "/account", pages_entry.account, "read"),
    Page("POST", "/account", pages_entry.change_account, "read"),
    Page("POST", "/password", pages_entry.change_own_password, "read"),
    Page("GET", "/queue", pages_queue.queue, "label"),
    Page("POST", "/label", pages_queue.label, "label"),
    Page("POST", "/skip", pages_queue.skip, "label"),
    Page("POST", "/undo", pages_queue.undo, "label"),
    Page("POST", "/not-today", pages_queue.not_today, "reveal"),
    Page("GET", "/preview/{medium}", pages_queue.preview, "reveal"),
    Page("POST", "/reveal", pages_queue.reveal, "reveal"),
    Page("POST", "/hide", pages_queue.hide_again, "reveal"),
    Page("GET", "/media/{token}", pages_queue.medium, "reveal"),
    Page("GET", "/adjudicate", pages_adjudication.adjudicate, "adjudicate"),
    Page("POST", "/look", pages_adjudication.look, "adjudicate"),
    Page("POST", "/decide", pages_adjudication.decide, "adjudicate"),
    Page("GET", "/live", pages_analysis.live, "live"),
    Page("GET", "/people", pages_office.people, "people"),
    Page("POST", "/people", pages_office.add, "people"),
    Page("POST", "/people/active", pages_office.activate, "people"),
    Page("GET", "/log", pages_office.log, "log"),
    Page("POST", "/export", pages_office.export, "export"),
)
