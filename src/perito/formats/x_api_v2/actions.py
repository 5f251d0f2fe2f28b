"""What X API v2 says of items that are withheld or gone: `withheld`, `errors[]`, batch-compliance lines.

The kind of an action follows the words of the platform and says no more than they do: of a post that
is merely not found, or that the caller "is not authorized to see", nobody knows from this by whose act.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perito.formats.base import Row
from perito.formats.delimited import RowFault
from perito.formats.x_api_v2.fields import (
    PLATFORM,
    Node,
    Observed,
    flag,
    instant,
    is_native_id,
    native_id,
    required,
    text,
    texts,
)
from perito.ids import key

if TYPE_CHECKING:
    from perito.formats.x_api_v2.page import Page

_KINDS_BY_WORD = {"suspended": "suspend", "protected": "protected", "deactivated": "author_deleted"}
_UNKNOWN_CAUSE = "unavailable"
_UNAVAILABLE_TYPES = ("resource-not-found", "not-authorized-for-resource", "resource-unavailable")
_UNAVAILABLE_TITLES = ("Not Found Error", "Authorization Error", "Forbidden")
_WORD = re.compile(r"[a-z]+")


def is_notice(withheld: Node, words: str | None) -> bool:
    """Whether the platform put a notice in the place of the author's words.

    It does where the whole account is withheld (scope `user`). For one withheld post (scope `tweet`)
    no example was seen, so there the words themselves must say so.

    Raises:
        RowFault: The scope is no text.
    """
    scope = text(withheld, "scope")
    return scope == "user" or (scope == "tweet" and words is not None and "withheld" in words)


def withheld_rows(
    withheld: Node,
    item: str,
    observed: Observed,
    *,
    post_id: str | None = None,
    account_id: str | None = None,
) -> tuple[Row, ...]:
    """One action for each territory of a `withheld` object, as the platform names it (`XX`: everywhere).

    Args:
        withheld: The object; empty if nothing is withheld.
        item: What is withheld, for the name of the action: `post:<id>` or `account:<id>`.
        observed: When it was found so; when it began is not said.
        post_id: The post concerned.
        account_id: The account concerned, if the measure is against the account.

    Raises:
        RowFault: A field of the wrong type.
    """
    if not withheld:
        return ()
    ground = "copyright" if flag(withheld, "copyright") else None
    territories: list[str | None] = [*dict.fromkeys(texts(withheld, "country_codes"))]
    return tuple(
        _found_so(
            f"withheld:{item}:{territory or ''}",
            observed,
            post_id=post_id,
            account_id=account_id,
            kind="restrict_geo",
            territory=territory,
            ground=ground,
        )
        for territory in territories or [None]
    )


@dataclass(frozen=True, slots=True)
class Problem:
    """An entry of `errors[]` that was read, and its rows."""

    own_rows: tuple[Row, ...]

    def rows(self, page: Page) -> tuple[Row, ...]:  # noqa: ARG002  (a problem needs nothing else of its page)
        """One action, or none where the entry is about the request and not about a post or account."""
        return self.own_rows


def read_problem(node: Node, observed: Observed) -> Problem:
    """The post or account that an entry of `errors[]` reports as gone.

    An account that is named by its handle alone is referred to as `x:@handle`: such a reference never
    equals the key of an account, not even where the handle is made of digits.

    Raises:
        RowFault: A field of the wrong type, or no name of the item.
    """
    title, detail = text(node, "title") or "", text(node, "detail") or ""
    resource = text(node, "resource_type")
    problem = (text(node, "type") or "").rpartition("/")[2]
    is_gone = problem in _UNAVAILABLE_TYPES or title in _UNAVAILABLE_TITLES
    if not is_gone or resource not in ("tweet", "user"):
        return Problem(())
    # The detail ends in the name of the item in brackets: a handle there may itself read 'suspended'.
    ground = detail.partition("[")[0].rstrip(" :") or title or None
    kind = _kind(f"{title} {ground}")
    if resource == "tweet":
        post_id = _concerned_post(node)
        name = f"error:post:{_bare(post_id)}:{kind}"
        row = _found_so(name, observed, post_id=post_id, kind=kind, ground=ground)
    else:
        account_id = _concerned_account(node)
        name = f"error:account:{_bare(account_id)}:{kind}"
        row = _found_so(name, observed, account_id=account_id, kind=kind, ground=ground)
    return Problem((row,))


def compliance_rows(node: Node, observed: Observed, concerned: str) -> tuple[Row, ...]:
    """The action of a batch-compliance line.

    Args:
        node: The line: `id`, `action`, `created_at`, `redacted_at` (when it happened), `reason`.
        observed: When the line was got, for the many without `redacted_at`.
        concerned: What the ids of the file are: `post_id` or `account_id`.

    Raises:
        RowFault: No id, an unknown action, or a field of the wrong type.

    Source: docs.x.com, X API v2, batch compliance. `deleted` does not say by whom; `scrub_geo`
    removes coordinates and leaves the post, so it is no action here.
    """
    native = required(native_id(node, "id"), "id")
    action, reason = required(text(node, "action"), "action"), text(node, "reason")
    instant(node, "created_at")
    happened_us = instant(node, "redacted_at")
    if "scrub_geo" in (action, reason):
        return ()
    if action != "delete":
        raise RowFault(f"'action' is {action[:40]}, expected delete or scrub_geo")
    kind = _kind(reason or "")
    name = f"compliance:{concerned.removesuffix('_id')}:{native}:{kind}:{happened_us or ''}"
    row = _found_so(
        name,
        observed,
        source="platform_statement",
        kind=kind,
        ground=reason,
        **{concerned: key(PLATFORM, native)},
    )
    return (row if happened_us is None else _dated(row, happened_us),)


def _found_so(name: str, observed: Observed, source: str = "api_state", **columns: str | None) -> Row:
    """An action of which only the latest possible time is known: it was found so when observed."""
    return Row(
        "actions",
        {
            "action_id": key(PLATFORM, name),
            "platform": PLATFORM,
            **columns,
            "source": source,
            "happened_at_us": None,
            "happened_basis": observed.basis,
            "not_after_us": observed.at_us,
        },
    )


def _dated(row: Row, happened_us: int) -> Row:
    dated = {"happened_at_us": happened_us, "happened_basis": "server_utc", "not_after_us": None}
    return Row(row.table, {**row.values, **dated})


def _kind(words: str) -> str:
    found = _WORD.findall(words.lower())
    return next((_KINDS_BY_WORD[word] for word in found if word in _KINDS_BY_WORD), _UNKNOWN_CAUSE)


def _bare(reference: str) -> str:
    return reference.removeprefix(f"{PLATFORM}:")


def _concerned_post(node: Node) -> str:
    name = "resource_id" if node.get("resource_id") is not None else "value"
    return key(PLATFORM, required(native_id(node, name), name))


def _concerned_account(node: Node) -> str:
    named = node.get("resource_id", node.get("value"))
    named = str(named) if type(named) is int else named
    if not isinstance(named, str) or not named:
        raise RowFault("'resource_id' is no id and no handle")
    is_handle = "username" in (text(node, "parameter") or "") or not is_native_id(named)
    return key(PLATFORM, f"@{named.lower()}" if is_handle else named)
