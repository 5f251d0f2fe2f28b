"""Notices, and what truly became of the posts: competing causes, each with a known hazard from receipt on.

Removal by the platform follows a Weibull law, S(t) = exp(-r (t/scale)^shape) with the hazard ratio r of
platform and channel; a known share would never be removed. Deletion by the author, closing of the account
and blocking in one country follow exponential laws. What comes first ends the others.
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
from perito.simulate.plan import CHANNELS, DAY_S
from perito.simulate.world import HOUR_S

if TYPE_CHECKING:
    from perito.simulate.posts import Posts
    from perito.simulate.world import World

CAUSES = ("removed", "author_deleted", "account_closed", "geo_blocked")
REMOVED = 0
_LONGEST_S = 1e10  # beyond any capture; stands for never
_RECEIPT_S = 120
_ANSWERED = 0.5  # share of notices without effect that were answered
_FORMS = ("form", "trusted flagger", "order")
_OUTCOMES = ("acted", "already_gone", "no_action", "pending")
_AUTOMATION = ("none", "partly", "fully")
_APPEALS = ("upheld", "reversed")


@dataclass(frozen=True)
class Notices:
    """The notices on the posts of a block, as arrays of equal length.

    Args:
        post: The post, by its position in the block.
        channel: Who notified, as a position in `CHANNELS`.
        submitted_s: When, in seconds since the epoch.
        received_s: When receipt is due.
        ratio: Hazard ratio of removal.
        cause: What ends it first, as a position in `CAUSES`.
        ended_s: When, to the second; may lie after the capture.
        removed_s: When the platform would have removed it, had nothing come before.
        keys: Ids of the notices.
    """

    post: Whole
    channel: Codes
    submitted_s: Whole
    received_s: Whole
    ratio: Numbers
    cause: Codes
    ended_s: Whole
    removed_s: Whole
    keys: pa.Array

    def __len__(self) -> int:
        return len(self.post)


def draw_notices(world: World, posts: Posts, block: int) -> Notices:
    """The notices of a block and the fate of the posts."""
    random, plan = world.stream("notices", block), world.plan.notices
    chance = np.where(posts.is_planted, plan.of_class, plan.of_others)
    post = np.flatnonzero(random.random(len(posts)) < chance)
    delay_h = np.exp(random.normal(np.log(plan.delay_median_h), plan.delay_sigma, len(post)))
    submitted_s = posts.created_s[post] + np.ceil(np.minimum(delay_h * HOUR_S, _LONGEST_S)).astype(np.int64)
    channel = random.choice(len(CHANNELS), len(post), p=[plan.channels[name] for name in CHANNELS])
    received_s = submitted_s + random.integers(1, _RECEIPT_S, len(post))
    ratio = _hazard_ratio(world, posts.platform[post], channel, posts.is_planted[post])
    waits = _waits_s(world, ratio, block)
    cause = np.argmin(waits, axis=0)
    kept = received_s < world.capture_s
    ended_s, removed_s = (
        received_s + np.ceil(wait).astype(np.int64) for wait in (waits.min(axis=0), waits[REMOVED])
    )
    return Notices(
        post=post[kept],
        channel=channel[kept],
        submitted_s=submitted_s[kept],
        received_s=received_s[kept],
        ratio=ratio[kept],
        cause=cause[kept],
        ended_s=ended_s[kept],
        removed_s=removed_s[kept],
        keys=joined("notice-", digits(posts.first + post[kept])),
    )


def _hazard_ratio(world: World, platform: Codes, channel: Codes, is_planted: Flags) -> Numbers:
    plan = world.plan.removal
    by_platform = np.array([plan.platform_ratio[name] for name in world.platforms])
    by_channel = np.array([plan.channel_ratio[name] for name in CHANNELS])
    ratio: Numbers = by_platform[platform] * by_channel[channel]
    return ratio * np.where(is_planted, 1.0, plan.wrong_ratio)


def _waits_s(world: World, ratio: Numbers, block: int) -> Numbers:
    """Seconds from receipt to each cause, one row a cause."""
    random, plan, rows = world.stream("fates", block), world.plan.removal, len(ratio)
    removal = plan.scale_h * HOUR_S * (random.exponential(1.0, rows) / ratio) ** (1 / plan.shape)
    removal[random.random(rows) < plan.never] = _LONGEST_S
    means = (plan.author_deletes_days, plan.account_closed_days, plan.geo_blocked_days)
    others = [random.exponential(mean * DAY_S, rows) for mean in means]
    return np.clip(np.stack([removal, *others]), 1.0, _LONGEST_S)


def notice_tables(
    world: World, posts: Posts, notices: Notices, block: int, receipt_id: str
) -> dict[str, pa.Table]:
    """The notices as sent and answered, and the truth about each."""
    random, rows, plan = world.stream("answers", block), len(notices), world.plan
    is_received = random.random(rows) < plan.notices.receipts
    is_removed = (notices.cause == REMOVED) & (notices.ended_s <= world.capture_s)
    is_gone = (notices.cause != REMOVED) & (notices.ended_s <= world.capture_s)
    outcome = np.where(is_removed, 0, np.where(is_gone, 1, np.where(random.random(rows) < _ANSWERED, 2, 3)))
    reply_s = np.minimum(notices.received_s + random.integers(HOUR_S, 10 * DAY_S, rows), world.capture_s)
    decided_s = np.where(is_removed | is_gone, notices.ended_s, reply_s)
    is_appealed = is_removed & (random.random(rows) < plan.removal.appealed)
    is_appealed &= decided_s + DAY_S < world.capture_s
    at = pa.array(notices.post)
    columns = {
        "notice_id": notices.keys,
        "platform": coded(posts.platform[notices.post], world.platforms),
        "channel": coded(notices.channel, _FORMS),
        "notifier_kind": coded(notices.channel, CHANNELS),
        "post_id": posts.keys.take(at),
        "category": constant("planted class", rows),
        "territory": constant("ES", rows),
        "submitted_at_us": microseconds(notices.submitted_s),
        "submitted_basis": constant("server_utc", rows),
        "receipt_at_us": pa.array(microseconds(notices.received_s), mask=~is_received),
        "receipt_basis": coded(np.zeros(rows, np.int8), ["server_utc"], is_received),
        "receipt_evidence_id": coded(np.zeros(rows, np.int8), [receipt_id], is_received),
        "decided_at_us": pa.array(microseconds(decided_s), mask=outcome == _OUTCOMES.index("pending")),
        "decided_basis": coded(
            np.zeros(rows, np.int8), ["server_utc"], outcome != _OUTCOMES.index("pending")
        ),
        "outcome": coded(outcome, _OUTCOMES),
        "automated": coded(random.integers(0, len(_AUTOMATION), rows), _AUTOMATION),
        "appeal_at_us": pa.array(microseconds(decided_s + DAY_S), mask=~is_appealed),
        "appeal_basis": coded(np.zeros(rows, np.int8), ["server_utc"], is_appealed),
        "appeal_outcome": coded(posts.is_planted[notices.post].astype(np.int8) ^ 1, _APPEALS, is_appealed),
    }
    truth = {
        "notice_id": notices.keys,
        "is_planted": posts.is_planted[notices.post],
        "hazard_ratio": notices.ratio,
        "received_at_us": microseconds(notices.received_s),
        "cause": coded(notices.cause, CAUSES),
        "ended_at_us": microseconds(notices.ended_s),
        "removal_at_us": microseconds(notices.removed_s),
    }
    return {"notices": table(columns), "truth/notices": table(truth)}
