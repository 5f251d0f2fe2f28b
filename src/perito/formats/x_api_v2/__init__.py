"""`x_api_v2`: pages of the X API v2, one response a line as twarc2 writes them, and batch-compliance lines.

**What counts as a record.** Each member of `data`, of every list in `includes` and of `errors` is one
record with a locator of its own (`line=17#/data/3`, `line=17#/includes/users/0`), each compliance line
is one (`line=17`), and so is a page without members. A member that cannot be read is one reject and
the rest of its page goes on; a line that cannot be read is one reject.

**What becomes of it.** `accounts` and `posts` are observations. X repeats posts of `data` in
`includes.tweets`: both observations are kept, but edges, links, tags, engagement and actions that a
page says twice of a post are kept once, under the locator that comes first. Across pages nothing is
merged: the same edge seen on two pages is two rows.

* Times: `created_at` is `server_utc`; observed is `__twarc.retrieved_at` (`capture_clock`) or else the
  acquisition (`acquisition_record`). Ids are text and are not decoded.
* Words: as the platform gives them (`&amp;` stays), so that the offsets of links, in code points, hold.
  A repost that ends in an ellipsis is completed from the original on its page, or is `truncated`. Where
  a notice of the platform stands in for the author's words, it is kept with `text_state` `withheld`.
* `kind` is `repost`, `comment` (it answers a post) or `post`. An answer whose post is not given, only
  the account, has its mention as the only edge.
* A mention without an id is resolved by the accounts of the same response; if it cannot be, it has no
  edge, for a handle is no key. A media key that the page does not resolve has no row.
* Engagement is as printed: a repost repeats the original's count of reposts.
* `errors` and `withheld` are actions found by the time of observation; compliance lines have the time
  of the event where the line gives it. Whether the ids of such a file are posts or accounts only its
  name says (`tweets`, `posts`, `users`).

Left in the sealed bytes: places, polls, topics, annotations, pinned posts, avatars, view counts of
media, locations, and what the address of the request would say (who follows, who liked).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from perito.errors import Malformed
from perito.formats.base import Record, Reject, SourceItem, excerpt
from perito.formats.delimited import RowFault
from perito.formats.json_lines import BYTES_LIMIT, Line, read_document, read_lines
from perito.formats.x_api_v2.actions import compliance_rows
from perito.formats.x_api_v2.fields import Node, Observed
from perito.formats.x_api_v2.page import PAGE_KEYS, read_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["FORMAT", "XApiV2"]

_PAGE_START = re.compile(rb'\s*\{\s*"(?:data|includes|errors|meta|__twarc)"\s*:')
_COMPLIANCE_KEYS = (b'"id"', b'"action"', b'"created_at"')
_OWN_NAMES = (
    b'"author_id"',
    b'"conversation_id"',
    b'"edit_history_tweet_ids"',
    b'"public_metrics"',
    b'"referenced_tweets"',
    b'"__twarc"',
    b"/2/problems/",
)
_COMPLIANCE_LIMIT_BYTES = 400
_EXCERPT_LIMIT_BYTES = 1_000
_OPEN_ENDS = (b"{", b"[", b",")


@dataclass(frozen=True)
class XApiV2:
    """The format; see the module for what becomes of what."""

    title: Mapping[str, str]
    name: str = "x_api_v2"
    tables: tuple[str, ...] = (
        "accounts",
        "posts",
        "media",
        "edges",
        "links",
        "tags",
        "engagement",
        "actions",
    )

    def sniff(self, head: bytes, name: str) -> float:  # noqa: ARG002  (a name proves nothing)
        """How many names of its own the page begins with; compliance lines have fewer of them.

        Example:
            >>> FORMAT.sniff(b'{"data": [{"id": "1", "author_id": "2", "public_metrics": {}}]}', "x.jsonl")
            0.9
        """
        head = head.removeprefix(b"\xef\xbb\xbf")
        if _PAGE_START.match(head):
            own = sum(own_name in head for own_name in _OWN_NAMES)
            return (0.0, 0.6, 0.9)[min(own, 2)]
        first = head.lstrip().split(b"\n", 1)[0]
        is_compliance = first.startswith(b"{") and all(found in first for found in _COMPLIANCE_KEYS)
        return 0.8 if is_compliance and len(first) < _COMPLIANCE_LIMIT_BYTES else 0.0

    def read(self, item: SourceItem) -> Iterator[Record | Reject]:
        """Every record of the item, mapped or rejected.

        Raises:
            Malformed: Not one record can be read.
        """
        is_read = False
        for piece in _pieces(item):
            is_read = is_read or isinstance(piece, Record)
            yield piece
        if not is_read:
            raise Malformed(
                "not one record can be read",
                where=f"{item.name} ({item.evidence_id})",
                expected="pages of the X API v2, one a line, or batch-compliance lines",
                remedy="check that the declared format is the right one",
            )


def _pieces(item: SourceItem) -> Iterator[Record | Reject]:
    fallback = Observed(item.acquired_at_us, "acquisition_record")
    document = _spread_document(item)
    if document is not None:
        yield from read_page(document, "", fallback)
        return
    with item.open() as stream:
        for line in read_lines(stream):
            if isinstance(line, Reject):
                yield line
            else:
                yield from _read_line(line, item, fallback)


def _spread_document(item: SourceItem) -> Node | None:
    """The page, if the item is a single one printed over several lines."""
    with item.open() as stream:
        if not stream.readline(BYTES_LIMIT).rstrip().endswith(_OPEN_ENDS):
            return None
    try:
        with item.open() as stream:
            value = read_document(stream)
    except RowFault:  # lines then; each of them that cannot be read will be a reject
        return None
    return value if isinstance(value, dict) and not PAGE_KEYS.isdisjoint(value) else None


def _read_line(line: Line, item: SourceItem, fallback: Observed) -> Iterator[Record | Reject]:
    value = line.value
    if isinstance(value, dict) and not PAGE_KEYS.isdisjoint(value):
        yield from read_page(value, line.locator, fallback)
        return
    try:
        yield Record(line.locator, compliance_rows(_compliance(value), fallback, _concerned(item.name)))
    except RowFault as fault:
        yield Reject(line.locator, str(fault), excerpt(orjson.dumps(value)[:_EXCERPT_LIMIT_BYTES]))


def _compliance(value: object) -> Node:
    if not isinstance(value, dict) or "action" not in value:
        raise RowFault("neither a page of the X API v2 nor a compliance line")
    return value


def _concerned(name: str) -> str:
    """What the ids of a compliance file are, which its lines do not say."""
    last = name.rpartition("/")[2].lower()
    is_posts, is_accounts = "tweet" in last or "post" in last, "user" in last or "account" in last
    if is_posts == is_accounts:
        raise RowFault("whether its id is a post or an account neither the line nor the file name says")
    return "post_id" if is_posts else "account_id"


FORMAT = XApiV2(
    title={
        "en": "X API v2, pages as twarc2 writes them (JSON lines)",
        "es": "API v2 de X, páginas tal como las escribe twarc2 (líneas JSON)",
    }
)
