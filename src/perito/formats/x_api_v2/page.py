"""One page (a response of the API): its elements are read one by one, then related to each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from perito.evidence.locator import Locator
from perito.formats.base import Record, Reject, Row, excerpt
from perito.formats.delimited import RowFault
from perito.formats.x_api_v2.accounts import Account, read_account
from perito.formats.x_api_v2.actions import Problem, read_problem
from perito.formats.x_api_v2.fields import Node, Observed, child, instant
from perito.formats.x_api_v2.media import Attachment, Medium, read_medium
from perito.formats.x_api_v2.posts import Post, read_post

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PAGE_KEYS = frozenset({"data", "includes", "errors", "meta"})
_POST_KEYS = frozenset({"text", "author_id", "conversation_id", "edit_history_tweet_ids"})
_EXCERPT_LIMIT_BYTES = 1_000


@dataclass(frozen=True, slots=True)
class Uninterpreted:
    """An element that is counted and fills no table: a place, a poll, a topic."""

    def rows(self, page: Page) -> tuple[Row, ...]:  # noqa: ARG002  (the same call for every reading)
        """None."""
        return ()


Reading = Post | Account | Medium | Problem | Uninterpreted


@dataclass(frozen=True)
class Page:
    """What the elements of a page say to each other; only elements that were read count.

    Args:
        posts: The first reading of each post.
        accounts: Keys by handle in lower case: within one response a handle means one account.
        attachments: The posts that each media key is attached to.
    """

    posts: dict[str, Post] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    attachments: dict[str, list[Attachment]] = field(default_factory=dict)

    def note(self, reading: Reading) -> None:
        """Take up what an element says that others need."""
        if isinstance(reading, Account) and reading.handle:
            self.accounts.setdefault(reading.handle, reading.account_id)
        if isinstance(reading, Post):
            self.posts.setdefault(reading.post_id, reading)
            for position, media_key in enumerate(reading.media_keys):
                places = self.attachments.setdefault(media_key, [])
                place = Attachment(reading.post_id, position, reading.columns["account_id"])
                if place not in places:
                    places.append(place)


@dataclass(frozen=True)
class _Element:
    """A member of a page before it is read; `section` is the list that holds it."""

    locator: str
    section: str
    node: Any


def read_page(value: Node, place: str, fallback: Observed) -> Iterator[Record | Reject]:
    """Every element of a page, mapped or rejected; a page without elements is one record without rows.

    Args:
        value: The page.
        place: Locator of the page; those of its elements are JSON Pointers (RFC 6901) after a `#`.
        fallback: When it was observed if the page does not say when it was retrieved.
    """
    observed = fallback
    pieces = list(_elements(value, place))
    try:
        observed = _retrieved(value) or fallback
    except RowFault as fault:
        pieces.append(Reject(f"{place}#/__twarc", str(fault), _excerpt(value["__twarc"])))
    page = Page()
    readings = [_noted(piece, observed, page) for piece in pieces]
    said: dict[str, tuple[Row, ...]] = {}
    for reading in readings:
        if isinstance(reading, Reject):
            yield reading
        else:
            locator, element = reading
            yield Record(locator, _fresh_rows(element, page, said))
    if not pieces:
        yield Record(place or "#", ())


def _retrieved(value: Node) -> Observed | None:
    at_us = instant(child(value, "__twarc"), "retrieved_at")
    return None if at_us is None else Observed(at_us, "capture_clock")


def _elements(value: Node, place: str) -> Iterator[_Element | Reject]:
    data = value.get("data")
    if isinstance(data, dict):
        yield _Element(f"{place}#/data", "data", data)
    else:
        yield from _members(data, f"{place}#/data", "data")
    includes = value.get("includes")
    if includes is None or isinstance(includes, dict):
        for name, members in (includes or {}).items():
            token = name.replace("~", "~0").replace("/", "~1")
            yield from _members(
                members, f"{place}{Locator(pointer=f'/includes/{token}')}", f"includes/{name}"
            )
    else:
        yield Reject(f"{place}#/includes", "'includes' is no object", _excerpt(includes))
    yield from _members(value.get("errors"), f"{place}#/errors", "errors")


def _members(members: object, locator: str, section: str) -> Iterator[_Element | Reject]:
    if isinstance(members, list):
        for position, node in enumerate(members):
            yield _Element(f"{locator}/{position}", section, node)
    elif members is not None:
        yield Reject(locator, f"'{section[:40]}' is no list", _excerpt(members))


def _noted(piece: _Element | Reject, observed: Observed, page: Page) -> Reject | tuple[str, Reading]:
    if isinstance(piece, Reject):
        return piece
    try:
        reading = _read(piece, observed)
    except RowFault as fault:
        return Reject(piece.locator, str(fault), _excerpt(piece.node))
    page.note(reading)
    return piece.locator, reading


def _read(element: _Element, observed: Observed) -> Reading:
    if element.section not in _READERS:
        return Uninterpreted()
    if not isinstance(element.node, dict):
        raise RowFault(f"a member of '{element.section}' is no object")
    return _READERS[element.section](element.node, observed)


def _read_main(node: Node, observed: Observed) -> Post | Account:
    """A member of `data`: what the request was for, posts or accounts."""
    if "username" in node:
        return read_account(node, observed)
    if _POST_KEYS.isdisjoint(node):
        raise RowFault("neither a post nor an account")
    return read_post(node, observed)


_READERS: dict[str, Callable[[Node, Observed], Reading]] = {
    "data": _read_main,
    "includes/tweets": read_post,
    "includes/users": read_account,
    "includes/media": read_medium,
    "errors": read_problem,
}


def _fresh_rows(reading: Reading, page: Page, said: dict[str, tuple[Row, ...]]) -> tuple[Row, ...]:
    """Its rows; where the page said the same of the same post before, only the observation."""
    rows = reading.rows(page)
    if not isinstance(reading, Post):
        return rows
    before = said.setdefault(reading.post_id, rows)
    return rows if before is rows else _observation_and_news(rows, before)


def _observation_and_news(rows: Sequence[Row], before: Sequence[Row]) -> tuple[Row, ...]:
    return tuple(row for row in rows if row.table == "posts" or row not in before)


def _excerpt(node: object) -> str:
    return excerpt(orjson.dumps(node)[:_EXCERPT_LIMIT_BYTES])
