"""What is seen of the fate of notified posts: our checks at intervals, and what platforms state.

A check finds the post there or gone. The first that finds it gone bounds the event: after the last check
that found it there, and not after itself. Some notices are never checked again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from perito.simulate.columns import (
    Codes,
    Flags,
    Numbers,
    Whole,
    coded,
    constant,
    digits,
    joined,
    microseconds,
    table,
)
from perito.simulate.world import HOUR_S

if TYPE_CHECKING:
    from perito.simulate.notices import Notices
    from perito.simulate.posts import Posts
    from perito.simulate.world import World

_FOUND = ("available", "unavailable")
_STATED = ("remove", "author_deleted", "suspend", "restrict_geo")  # in the order of `notices.CAUSES`
_STATED_BY = ("platform_statement", "api_state")
_STATEMENT = 99  # number of the action that is a statement; checks are numbered from 1


def action_tables(world: World, posts: Posts, notices: Notices, block: int) -> list[pa.Table]:
    """Checks and statements as rows of `actions`."""
    return [_check_rows(world, posts, notices, block), _statement_rows(world, posts, notices, block)]


def _check_times_s(world: World, notices: Notices, block: int) -> Whole:
    """Planned checks of each notice, rising, one row a notice."""
    random, plan = world.stream("checks", block), world.plan.removal
    planned = np.asarray(plan.checks_h, np.float64)[np.newaxis, :] * HOUR_S
    jitter: Numbers = 1 + plan.checks_jitter * (2 * random.random((len(notices), planned.shape[1])) - 1)
    return np.sort(notices.received_s[:, np.newaxis] + np.ceil(planned * jitter).astype(np.int64), axis=1)


def _check_rows(world: World, posts: Posts, notices: Notices, block: int) -> pa.Table:
    times = _check_times_s(world, notices, block)
    is_checked = world.stream("unchecked", block).random(len(notices)) >= world.plan.removal.unchecked
    is_gone = times >= notices.ended_s[:, np.newaxis]
    is_first_gone = is_gone & (np.cumsum(is_gone, axis=1) == 1)
    is_made = (times <= world.capture_s) & is_checked[:, np.newaxis] & (~is_gone | is_first_gone)
    row, check = np.nonzero(is_made)
    found_gone = is_first_gone[row, check]
    last_there = np.where(check > 0, times[row, np.maximum(check - 1, 0)], 0)
    return _rows(
        world,
        posts,
        notices,
        row=row,
        number=check + 1,
        kind=coded(found_gone.astype(np.int8), _FOUND),
        source=constant("recheck", len(row)),
        basis="capture_clock",
        happened_s=times[row, check],
        last_there_s=last_there,
        has_lower=found_gone & (check > 0),
        has_upper=found_gone,
    )


def _statement_rows(world: World, posts: Posts, notices: Notices, block: int) -> pa.Table:
    is_stated = world.stream("statements", block).random(len(notices)) < world.plan.removal.stated
    row = np.flatnonzero(is_stated & (notices.ended_s <= world.capture_s))
    cause, none = notices.cause[row], np.zeros(len(row), np.bool_)
    return _rows(
        world,
        posts,
        notices,
        row=row,
        number=np.full(len(row), _STATEMENT),
        kind=coded(cause, _STATED),
        source=coded((cause != 0).astype(np.int8), _STATED_BY),
        basis="server_utc",
        happened_s=notices.ended_s[row],
        last_there_s=notices.ended_s[row],
        has_lower=none,
        has_upper=none,
    )


def _rows(
    world: World,
    posts: Posts,
    notices: Notices,
    *,
    row: Whole,
    number: Codes,
    kind: pa.Array,
    source: pa.Array,
    basis: str,
    happened_s: Whole,
    last_there_s: Whole,
    has_lower: Flags,
    has_upper: Flags,
) -> pa.Table:
    post = notices.post[row]
    return table(
        {
            "action_id": joined("action-", digits(posts.first + post), "-", digits(number)),
            "platform": coded(posts.platform[post], world.platforms),
            "post_id": posts.keys.take(pa.array(post)),
            "account_id": posts.account_keys.take(pa.array(post)),
            "notice_id": notices.keys.take(pa.array(row)),
            "kind": kind,
            "territory": constant("ES", len(row)),
            "source": source,
            "happened_at_us": microseconds(happened_s),
            "happened_basis": constant(basis, len(row)),
            "not_before_us": pa.array(microseconds(last_there_s), mask=~has_lower),
            "not_after_us": pa.array(microseconds(happened_s), mask=~has_upper),
        }
    )
