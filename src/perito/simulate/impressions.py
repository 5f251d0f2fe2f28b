"""What a panel of users is shown: a ranking that boosts the planted class, and a holdback drawn by lot.

Each user has a share of the planted class of their own (a Beta law), which the neutral ranking shows. The
boosted ranking shows exactly `boost` times that share, so the ratio of the shares of both arms is `boost`.
"""

from __future__ import annotations

from dataclasses import dataclass
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
from perito.simulate.plan import DAY_S

if TYPE_CHECKING:
    from numpy.random import Generator

    from perito.simulate.posts import Posts
    from perito.simulate.world import World

ARMS = ("ranked", "control")
DESIGN = "holdback-1"
_STRATA = ("18+", "13-15")
_REASONS = ("ranked", "followed", "promoted")
_ITEM_S = 12  # from one item of a session to the next
_MEAN_DWELL_S = 4.0


@dataclass(frozen=True)
class Panel:
    """The users, as arrays of equal length.

    Args:
        platform: Platform of each, as a position in the world's list.
        is_held_back: Whether the lot kept the user on the neutral ranking.
        is_minor: Whether the user declared 13 to 15.
        share: Share of the planted class that the neutral ranking shows the user.
        activity: Upper ends of each user's part of all sessions, from 0 to 1.
    """

    platform: Codes
    is_held_back: Flags
    is_minor: Flags
    share: Numbers
    activity: Numbers


def draw_panel(world: World) -> Panel:
    """The users of the panel."""
    plan, random = world.plan.impressions, world.stream("panel")
    platform = world.platform_of(random.random(plan.users))
    is_minor = random.random(plan.users) < plan.minors
    shape, mean = plan.interest_shape, plan.neutral_share
    share = random.beta(shape, shape * (1 - mean) / mean, plan.users)
    share = np.minimum(share * np.where(is_minor, plan.minor_ratio, 1.0), min(1.0, 1 / plan.boost))
    activity = np.cumsum(np.exp(random.normal(0, plan.activity_sigma, plan.users)))
    is_held_back = random.random(plan.users) < plan.holdback
    return Panel(platform, is_held_back, is_minor, share, activity / activity[-1])


def panel_tables(world: World, panel: Panel) -> dict[str, pa.Table]:
    """The arms, with the probability of the one that was drawn, and the truth about each user."""
    rows, plan = len(panel.platform), world.plan.impressions
    subjects = _subjects(np.arange(rows))
    stratum = coded(panel.is_minor.astype(np.int8), _STRATA)
    arms = {
        "design_id": constant(DESIGN, rows),
        "subject_id": subjects,
        "platform": coded(panel.platform, world.platforms),
        "arm": coded(panel.is_held_back.astype(np.int8), ARMS),
        "assignment_unit": constant("user", rows),
        "assignment_prob": np.where(panel.is_held_back, plan.holdback, 1 - plan.holdback),
        "assigned_at_us": np.full(rows, microseconds(np.array([world.start_s - DAY_S]))[0]),
        "assigned_basis": constant("server_utc", rows),
        "evidence_level": constant("platform_randomised", rows),
        "stratum": stratum,
        "locale": constant("es-ES", rows),
    }
    boost = np.where(panel.is_held_back, 1.0, plan.boost)
    truth = {"subject_id": subjects, "neutral_share": panel.share, "shown_share": panel.share * boost}
    return {"arms": table(arms), "truth/subjects": table(truth)}


@dataclass(frozen=True)
class _Shown:
    """What was shown, as arrays of equal length.

    `chance` is the probability with which the ranking in use showed the post in this place, `target` that of
    the neutral ranking.
    """

    session: Whole
    user: Whole
    rank: Whole
    post: Whole
    shown_s: Whole
    chance: Numbers
    target: Numbers


def impression_table(world: World, panel: Panel, posts: Posts, block: int) -> pa.Table:
    """What the panel was shown of the posts of a block, session by session."""
    random = world.stream("impressions", block)
    return _rows(world, panel, posts, _draw_shown(world, panel, posts, random), random, block)


def _draw_shown(world: World, panel: Panel, posts: Posts, random: Generator) -> _Shown:
    user, start_s, items = _sessions(world, panel, posts, random)
    session, first_item = np.repeat(np.arange(len(user)), items), np.cumsum(items) - items
    rank = np.arange(len(session)) - first_item[session] + 1
    pools, platform = _pools(world, posts), panel.platform[user]
    neutral = _reachable(panel.share[user], platform, pools)[session]
    share = _reachable(panel.share[user] * _boost(world, panel, user, start_s), platform, pools)[session]
    is_planted = random.random(len(session)) < share
    post, choices = _choose(posts, pools, platform[session], is_planted, start_s[session], random)
    start_s = _after_their_posts(start_s, posts.created_s[post], first_item)
    return _Shown(
        session=session,
        user=user[session],
        rank=rank,
        post=post,
        shown_s=start_s[session] + _ITEM_S * (rank - 1),
        chance=np.where(is_planted, share, 1 - share) / choices,
        target=np.where(is_planted, neutral, 1 - neutral) / choices,
    )


def _sessions(world: World, panel: Panel, posts: Posts, random: Generator) -> tuple[Whole, Whole, Whole]:
    """User, start and number of items of each session; only of users on whose platform there are posts."""
    plan, last = world.plan.impressions, posts.first + len(posts)
    per_post = plan.per_post / plan.session_items
    sessions = int(last * per_post) - int(posts.first * per_post)
    user = np.minimum(np.searchsorted(panel.activity, random.random(sessions), side="right"), plan.users - 1)
    start_s = world.instants((posts.first + random.random(sessions) * len(posts)) / world.posts)
    items = 1 + random.poisson(plan.session_items - 1, sessions)
    has_posts = np.bincount(posts.platform, minlength=len(world.platforms)) > 0
    kept = has_posts[panel.platform[user]]
    return user[kept], start_s[kept], items[kept].astype(np.int64)


def _boost(world: World, panel: Panel, user: Whole, start_s: Whole) -> Numbers:
    plan = world.plan.impressions
    is_on = start_s >= world.start_s + plan.boost_from_day * DAY_S
    return np.where(is_on & ~panel.is_held_back[user], plan.boost, 1.0)


def _pools(world: World, posts: Posts) -> list[tuple[Whole, Whole]]:
    """For each platform the positions of its posts that are not of the class, and of those that are."""
    return [
        (np.flatnonzero(here & ~posts.is_planted), np.flatnonzero(here & posts.is_planted))
        for here in (posts.platform == at for at in range(len(world.platforms)))
    ]


def _reachable(share: Numbers, platform: Codes, pools: list[tuple[Whole, Whole]]) -> Numbers:
    """The share, or 0 or 1 where the platform has posts of one kind only."""
    has_others, has_planted = (np.array([len(pool[at]) > 0 for pool in pools])[platform] for at in (0, 1))
    return np.where(has_planted, np.where(has_others, share, 1.0), 0.0)


def _choose(
    posts: Posts,
    pools: list[tuple[Whole, Whole]],
    platform: Codes,
    is_planted: Flags,
    start_s: Whole,
    random: Generator,
) -> tuple[Whole, Whole]:
    """For each item a post of the wanted kind made before, all equally likely, and how many there were.

    Where there is none yet it is the first one to come, and the session is put off until then.
    """
    post, choices, draw = (
        np.zeros(len(platform), np.int64),
        np.ones(len(platform), np.int64),
        random.random(len(platform)),
    )
    for at, pool in enumerate(pools):
        for kind, positions in enumerate(pool):
            rows = np.flatnonzero((platform == at) & (is_planted == bool(kind)))
            made = (
                np.searchsorted(posts.created_s[positions], start_s[rows], side="right")
                if len(rows)
                else rows
            )
            choices[rows] = np.maximum(made, 1)
            post[rows] = positions[(draw[rows] * choices[rows]).astype(np.int64)] if len(rows) else rows
    return post, choices


def _after_their_posts(start_s: Whole, created_s: Whole, first_item: Whole) -> Whole:
    """Starts of sessions, put off until every post shown had been made."""
    latest = np.maximum.reduceat(created_s, first_item) if len(first_item) else first_item
    return np.maximum(start_s, latest + 1)


def _subjects(users: Whole) -> pa.Array:
    return joined("subject-", digits(users + 1))


def _rows(world: World, panel: Panel, posts: Posts, shown: _Shown, random: Generator, block: int) -> pa.Table:
    rows, at = len(shown.post), pa.array(shown.post)
    reason, is_said, is_advert = _reasons(world, panel.is_held_back[shown.user], random)
    subjects = _subjects(np.arange(len(panel.share)))
    return table(
        {
            "session_id": joined("session-", digits(np.full(rows, block)), "-", digits(shown.session)),
            "subject_id": subjects.take(pa.array(shown.user)),
            "platform": coded(posts.platform[shown.post], world.platforms),
            "surface": constant("foryou", rows),
            "rank": shown.rank.astype(np.int32),
            "rank_basis": constant("sort_index", rows),
            "post_id": posts.keys.take(at),
            "account_id": posts.account_keys.take(at),
            "promoted": is_advert,
            "reason": coded(reason, _REASONS, is_said),
            "shown_at_us": microseconds(shown.shown_s),
            "shown_basis": constant("server_utc", rows),
            "seen": constant("displayed", rows),
            "dwell_s": np.rint(random.exponential(_MEAN_DWELL_S, rows) * 10) / 10,
            "propensity_logged": shown.chance,
            "propensity_target": shown.target,
        }
    )


def _reasons(world: World, is_held_back: Flags, random: Generator) -> tuple[Codes, Flags, Flags]:
    """Reason of each impression, whether the source says it, and whether it is an advert."""
    plan, rows = world.plan.impressions, len(is_held_back)
    is_advert = random.random(rows) < plan.adverts
    is_chosen = (random.random(rows) < plan.chosen) & ~is_held_back
    reason = np.where(is_advert, 2, np.where(is_chosen, 0, 1))
    return reason, random.random(rows) >= plan.reason_unknown, is_advert
