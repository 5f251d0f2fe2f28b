"""Posts of X API v2: one tweet object is one observation, with its edges, links, tags, engagement."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perito.formats.base import Row
from perito.formats.delimited import RowFault
from perito.formats.x_api_v2.actions import is_notice, withheld_rows
from perito.formats.x_api_v2.fields import (
    INTEGER_LIMIT,
    PLATFORM,
    Node,
    Observed,
    child,
    children,
    count,
    flag,
    instant,
    is_native_id,
    native_id,
    reference,
    required,
    text,
    texts,
)
from perito.ids import key, permalink

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perito.formats.x_api_v2.page import Page

_EDGE_KINDS = {"retweeted": "repost", "quoted": "quote", "replied_to": "reply"}
_METRICS = {
    "impression_count": "view",
    "like_count": "like",
    "retweet_count": "repost",
    "quote_count": "quote",
    "reply_count": "reply",
    "bookmark_count": "bookmark",
}
_REPOST_PREFIX = re.compile(r"RT @\w+: ")
_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^:/?#@\[\]]+|\[[^/?#@\[\]]+\])")
_ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Post:
    """A tweet object that was read; what needs the rest of its page is still open.

    Args:
        columns: Its row in `posts`, the words as the object gives them.
        references: Kind of edge and key of each post that it refers to.
        replied_account_id: The account that it answers.
        mentions: Key, where the object gives it, and handle of each account that it names.
        media_keys: Its media, in order.
        own_rows: The rows that need nothing else: engagement, links, tags, actions.
    """

    columns: Node
    references: tuple[tuple[str, str], ...]
    replied_account_id: str | None
    mentions: tuple[tuple[str | None, str], ...]
    media_keys: tuple[str, ...]
    own_rows: tuple[Row, ...]

    @property
    def post_id(self) -> str:
        """Its key."""
        post_id: str = self.columns["post_id"]
        return post_id

    def rows(self, page: Page) -> tuple[Row, ...]:
        """The observation first, then its edges, then the rows that need nothing else."""
        observation = Row("posts", {**self.columns, **_whole_words(self, page)})
        return (observation, *_edges(self, page), *self.own_rows)


def read_post(node: Node, observed: Observed) -> Post:
    """The post that a tweet object describes.

    Words and entities of a long post come from `note_tweet`, of which `text` is only the beginning.

    Raises:
        RowFault: No id, a field of the wrong type, or a reference of an unknown kind.
    """
    native = required(native_id(node, "id"), "id")
    note, withheld = child(node, "note_tweet"), child(node, "withheld")
    words = text(node, "text") if note.get("text") is None else text(note, "text")
    is_replaced = is_notice(withheld, words)
    entities = child(node if note.get("entities") is None else note, "entities")
    references = _references(node)
    account_id, post_id = reference(node, "author_id"), key(PLATFORM, native)
    columns = {
        "post_id": post_id,
        "platform": PLATFORM,
        "native_id": native,
        "kind": _kind(references),
        **_author(account_id, is_withheld=text(withheld, "scope") == "user"),
        "thread_id": reference(node, "conversation_id"),
        "text": words,
        "text_state": _text_state(words, is_replaced=is_replaced),
        **_circumstances(node),
        "revision_of": _revision_of(node, post_id),
        "permalink": permalink(PLATFORM, native),
        **observed.columns,
    }
    accused = account_id if columns["author_state"] == "withheld" else None
    own_rows = (
        *_engagement(child(node, "public_metrics"), post_id, observed),
        *_links(entities, post_id),
        *_tags(entities, post_id),
        *withheld_rows(withheld, f"post:{native}", observed, post_id=post_id, account_id=accused),
    )
    return Post(
        columns,
        references,
        reference(node, "in_reply_to_user_id"),
        tuple(
            (reference(mention, "id"), required(text(mention, "username"), "mentions: username"))
            for mention in children(entities, "mentions")
        ),
        tuple(texts(child(node, "attachments"), "media_keys")),
        own_rows,
    )


def _references(node: Node) -> tuple[tuple[str, str], ...]:
    found: dict[tuple[str, str], None] = {}
    for referred in children(node, "referenced_tweets"):
        kind = required(text(referred, "type"), "referenced_tweets: type")
        if kind not in _EDGE_KINDS:
            known = ", ".join(_EDGE_KINDS)
            raise RowFault(f"'referenced_tweets: type' is {kind[:40]}, expected one of {known}")
        post_id = required(reference(referred, "id"), "referenced_tweets: id")
        found[_EDGE_KINDS[kind], post_id] = None
    return tuple(found)


def _kind(references: tuple[tuple[str, str], ...]) -> str:
    kinds = {kind for kind, _ in references}
    if "repost" in kinds:
        return "repost"
    return "comment" if "reply" in kinds else "post"


def _author(account_id: str | None, *, is_withheld: bool) -> Node:
    if is_withheld:
        return {"account_id": account_id, "author_state": "withheld"}
    return {"account_id": account_id, "author_state": "absent" if account_id is None else "present"}


def _text_state(words: str | None, *, is_replaced: bool) -> str:
    if is_replaced:
        return "withheld"
    if words is None:
        return "absent"
    return "present" if words else "empty"


def _circumstances(node: Node) -> Node:
    created_us = instant(node, "created_at")
    return {
        "lang": text(node, "lang"),
        "created_at_us": created_us,
        "created_basis": None if created_us is None else "server_utc",
        "sensitive": flag(node, "possibly_sensitive"),
        "source_app": text(node, "source"),
    }


def _revision_of(node: Node, post_id: str) -> str | None:
    """The first version of an edited post, None for that version; each has an id of its own."""
    versions = texts(node, "edit_history_tweet_ids")
    if not all(map(is_native_id, versions)):
        raise RowFault("'edit_history_tweet_ids' holds what is no id")
    first = key(PLATFORM, versions[0]) if versions else post_id
    return None if first == post_id else first


def _engagement(metrics: Node, post_id: str, observed: Observed) -> Iterator[Row]:
    for name, metric in _METRICS.items():
        value = count(metrics, name)
        if value is not None:  # views are not published before December 2022: no row, never zero
            yield Row(
                "engagement",
                {
                    "post_id": post_id,
                    "platform": PLATFORM,
                    "metric": metric,
                    "value": value,
                    "value_kind": "exact",
                    **observed.columns,
                },
            )


def _links(entities: Node, post_id: str) -> Iterator[Row]:
    for position, entity in enumerate(children(entities, "urls")):
        url = required(text(entity, "url"), "urls: url")
        expanded_url = text(entity, "unwound_url") or text(entity, "expanded_url")
        yield Row(
            "links",
            {
                "post_id": post_id,
                "platform": PLATFORM,
                "position": position,
                "url": url,
                "expanded_url": expanded_url,
                "host": _host(expanded_url or url),
                "start_cp": count(entity, "start", below=INTEGER_LIMIT),
                "end_cp": count(entity, "end", below=INTEGER_LIMIT),
            },
        )


def _host(url: str) -> str | None:
    found = _HOST.match(url)
    return found[1].lower() if found else None


def _tags(entities: Node, post_id: str) -> Iterator[Row]:
    tags = [
        (kind, required(text(entity, "tag"), f"{name}: tag"))
        for name, kind in (("hashtags", "hashtag"), ("cashtags", "cashtag"))
        for entity in children(entities, name)
    ]
    for position, (kind, value) in enumerate(tags):
        yield Row(
            "tags",
            {"post_id": post_id, "platform": PLATFORM, "kind": kind, "value": value, "position": position},
        )


def _edges(post: Post, page: Page) -> Iterator[Row]:
    for kind, dst_post_id in post.references:
        answered = post.replied_account_id if kind == "reply" else None
        yield _edge(post, kind, dst_post_id, answered or _author_on(page, dst_post_id))
    named = (account_id or page.accounts.get(handle.lower()) for account_id, handle in post.mentions)
    for dst_account_id in dict.fromkeys(filter(None, named)):
        yield _edge(post, "mention", None, dst_account_id)


def _author_on(page: Page, post_id: str) -> str | None:
    original = page.posts.get(post_id)
    author: str | None = original.columns["account_id"] if original else None
    return author


def _edge(post: Post, kind: str, dst_post_id: str | None, dst_account_id: str | None) -> Row:
    return Row(
        "edges",
        {
            "kind": kind,
            "platform": PLATFORM,
            "src_post_id": post.post_id,
            "src_account_id": post.columns["account_id"],
            "dst_post_id": dst_post_id,
            "dst_account_id": dst_account_id,
            "happened_at_us": post.columns["created_at_us"],
            "happened_basis": post.columns["created_basis"],
            "inferred": False,
        },
    )


def _whole_words(post: Post, page: Page) -> Node:
    """The words of a repost that the platform cut at 140 characters, completed where its page allows.

    A repost has no words of its own: they are a prefix and those of the original. If the original is
    on the page and begins with what is left of them, they are completed from it; if not, `truncated`.
    """
    words = post.columns["text"]
    if post.columns["kind"] != "repost" or post.columns["text_state"] != "present" or words[-1] != _ELLIPSIS:
        return {}
    prefix = _REPOST_PREFIX.match(words)
    original = next((page.posts.get(post_id) for kind, post_id in post.references if kind == "repost"), None)
    if prefix is None or original is None or original.columns["text_state"] != "present":
        return {"text_state": "truncated"}
    whole = original.columns["text"]
    if not whole.startswith(words[prefix.end() : -1]):
        return {"text_state": "truncated"}
    return {"text": prefix[0] + whole}
