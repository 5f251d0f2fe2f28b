"""Accounts of X API v2: one user object is one observation of an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perito.formats.base import Row
from perito.formats.x_api_v2.actions import is_notice, withheld_rows
from perito.formats.x_api_v2.fields import (
    PLATFORM,
    Node,
    Observed,
    child,
    children,
    count,
    flag,
    instant,
    native_id,
    required,
    text,
)
from perito.ids import key

if TYPE_CHECKING:
    from perito.formats.x_api_v2.page import Page


@dataclass(frozen=True, slots=True)
class Account:
    """A user object that was read: its key, its handle in lower case, and its rows."""

    account_id: str
    handle: str | None
    own_rows: tuple[Row, ...]

    def rows(self, page: Page) -> tuple[Row, ...]:  # noqa: ARG002  (an account needs nothing else of its page)
        """Its rows: the observation, and one action for each territory in which it is withheld."""
        return self.own_rows


def read_account(node: Node, observed: Observed) -> Account:
    """The account that a user object describes.

    Where the whole account is withheld, the platform shows a notice in place of the description and
    no name: both stay NULL, for they are not the account's words.

    Raises:
        RowFault: No id, or a field of the wrong type.
    """
    native = required(native_id(node, "id"), "id")
    account_id, handle = key(PLATFORM, native), text(node, "username")
    withheld = child(node, "withheld")
    columns = {
        "account_id": account_id,
        "platform": PLATFORM,
        "native_id": native,
        "handle": handle,
        **_profile(node, is_replaced=is_notice(withheld, None)),
        **_counters(child(node, "public_metrics")),
        "verified": _verified(node),
        "protected": flag(node, "protected"),
        **observed.columns,
    }
    actions = withheld_rows(withheld, f"account:{native}", observed, account_id=account_id)
    return Account(account_id, handle.lower() if handle else None, (Row("accounts", columns), *actions))


def _profile(node: Node, *, is_replaced: bool) -> Node:
    created_us = instant(node, "created_at")
    name, bio = text(node, "name"), text(node, "description")
    return {
        "display_name": None if is_replaced else name,
        "bio": None if is_replaced else bio,
        "url": _address(node),
        "created_at_us": created_us,
        "created_basis": None if created_us is None else "server_utc",
    }


def _address(node: Node) -> str | None:
    """The address on the profile, in full where the object resolves its own short form."""
    address = text(node, "url")
    for entity in children(child(child(node, "entities"), "url"), "urls"):
        if text(entity, "url") == address:
            return text(entity, "expanded_url") or address
    return address


def _counters(metrics: Node) -> Node:
    return {
        "followers": count(metrics, "followers_count"),
        "following": count(metrics, "following_count"),
        "posts": count(metrics, "tweet_count"),
    }


def _verified(node: Node) -> str | None:
    """The kind of mark as the platform names it; before December 2022 there was one kind, or none."""
    mark, is_verified = text(node, "verified_type"), flag(node, "verified")
    if mark is not None or is_verified is None:
        return mark
    return "verified" if is_verified else "none"
