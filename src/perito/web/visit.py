"""One request as the pages see it: who, what was sent, in which language; and how an answer is made of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from perito.web.refused import Refused
from perito.web.roles import RIGHTS, may
from perito.web.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perito.web.desk import Desk
    from perito.web.people import Person
    from perito.web.sessions import Session


@dataclass
class Visit:
    """One request.

    Args:
        desk: What all requests share.
        path: The path that was asked for.
        query: What follows it.
        form: The fields that were sent.
        cookies: The cookies.
        address: Where it came from.
        session: The session, None for a visitor.
        language: The language of the answer.
        wants_json: Whether the page's script asks, not the browser.
    """

    desk: Desk
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    cookies: Mapping[str, str]
    address: str
    session: Session | None
    language: str
    wants_json: bool = False
    path_values: Mapping[str, str] = field(default_factory=dict)

    @property
    def person(self) -> Person:
        """Who is signed in.

        Raises:
            Refused: `session_expired`, nobody is.
        """
        if self.session is None:
            raise Refused("session_expired")
        return self.session.person

    @property
    def words(self) -> Words:
        """The words of the visit's language."""
        return Words(self.language)

    def may(self, right: str) -> bool:
        """Whether the person has a right."""
        return self.session is not None and may(self.session.person.role, right)

    def number(self, name: str) -> int:
        """A field as a whole number.

        Raises:
            Refused: `body_wrong`.
        """
        text = self.form.get(name, "")
        if not (text.isascii() and text.isdigit() and len(text) < 18):  # noqa: PLR2004  (fits 64 bits)
            raise Refused("body_wrong")
        return int(text)

    def reading(self) -> int:
        """The number of the reading that the page named.

        Raises:
            Refused: `body_wrong` or `not_there`.
        """
        return self.desk.veil.number(self.person.id, self.form.get("slot", ""))

    def page(self, template: str, status: int = 200, **values: object) -> Response:
        """A page."""
        shared = {
            "t": self.words,
            "visit": self,
            "language": self.language,
            "theme": self.session.person.theme if self.session else "auto",
            "csrf": self.session.csrf if self.session else "",
            "rights": [right for right in RIGHTS if self.may(right)],
            "event_key": uuid4().hex,
            "template_version": self.desk.template_version,
        }
        text = self.desk.templates.get_template(template).render(**{**shared, **values})
        return HTMLResponse(text, status)

    def done(self, where: str, **values: Any) -> Response:  # noqa: ANN401  (what the script reads)
        """What was asked for was done; the next page is there."""
        if self.wants_json:
            return JSONResponse({"ok": True, "next": where, **values})
        return RedirectResponse(where, 303)

    def refusal(self, refused: Refused) -> Response:
        """What was asked for was not done, in the words of the catalogue."""
        said = self.words(f"refused.{refused.code}", **refused.facts)
        if self.wants_json:
            return JSONResponse({"ok": False, "code": refused.code, "said": said}, refused.status)
        return self.page("refused.html.j2", refused.status, said=said, code=refused.code)


def answers(form: Mapping[str, str]) -> dict[str, str]:
    """The answers in a form, by class: its fields `answer.<class>`.

    Example:
        >>> answers({"answer.advert": "yes", "note": "x"})
        {'advert': 'yes'}
    """
    return {name.removeprefix("answer."): value for name, value in form.items() if name.startswith("answer.")}


def script_data(values: object) -> str:
    """Values for the page's script as JSON that cannot end an attribute or a tag."""
    text = json.dumps(values, ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
