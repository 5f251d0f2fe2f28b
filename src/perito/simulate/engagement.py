"""Counters: views of every post at the capture, and repost counters read again and again for some."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perito.simulate.columns import Codes, Flags, Whole, coded, microseconds, table

if TYPE_CHECKING:
    import pyarrow as pa

    from perito.simulate.cascades import Reposts
    from perito.simulate.posts import Posts
    from perito.simulate.world import World

_MOST_VIEWS = 1e12  # the totals stay whole numbers of 64 bits
_METRICS = ("view", "repost")
_VALUE_KINDS = ("exact", "hidden")


def engagement_table(world: World, posts: Posts, reposts: Reposts, block: int) -> tuple[pa.Table, Whole]:
    """The counters of a block, and the true views of each post (hidden ones included)."""
    random, plan, rows = world.stream("engagement", block), world.plan.engagement, len(posts)
    law = np.exp(random.normal(np.log(plan.views_median), plan.views_sigma, rows))
    views = np.rint(np.minimum(law * posts.popularity, _MOST_VIEWS)).astype(np.int64)
    is_hidden = random.random(rows) < plan.hidden
    tracked = np.repeat(np.flatnonzero(random.random(rows) < plan.tracked), plan.readings)
    wait_s = world.capture_s - posts.created_s[tracked]
    read_s = posts.created_s[tracked] + np.ceil(wait_s * random.random(len(tracked))).astype(np.int64)
    reposted = _reposts_by(posts, reposts, tracked, read_s)
    return (
        _table(
            world,
            posts,
            post=np.concatenate([np.arange(rows), tracked]),
            metric=np.repeat([0, 1], [rows, len(tracked)]),
            value=np.concatenate([views, reposted]),
            is_hidden=np.concatenate([is_hidden, np.zeros(len(tracked), np.bool_)]),
            observed_s=np.concatenate([np.full(rows, world.capture_s), read_s]),
        ),
        views,
    )


def _reposts_by(posts: Posts, reposts: Reposts, root: Whole, at_s: Whole) -> Whole:
    """How many reposts each root had by an instant."""
    base = int(posts.created_s[0])  # keeps root and second together in one number
    span = int(max(reposts.created_s.max(initial=base), at_s.max(initial=base))) - base + 2
    events = np.sort(reposts.root * span + (reposts.created_s - base))
    return np.searchsorted(events, root * span + (at_s - base), side="right") - np.searchsorted(
        events, root * span
    )


def _table(
    world: World,
    posts: Posts,
    *,
    post: Whole,
    metric: Codes,
    value: Whole,
    is_hidden: Flags,
    observed_s: Whole,
) -> pa.Table:
    import pyarrow as pa

    rows = len(post)
    return table(
        {
            "post_id": posts.keys.take(pa.array(post)),
            "platform": coded(posts.platform[post], world.platforms),
            "metric": coded(metric, _METRICS),
            "value": pa.array(value, mask=is_hidden),
            "value_kind": coded(is_hidden.astype(np.int8), _VALUE_KINDS),
            "observed_at_us": microseconds(observed_s),
            "observed_basis": coded(np.zeros(rows, np.int8), ["capture_clock"]),
        }
    )
