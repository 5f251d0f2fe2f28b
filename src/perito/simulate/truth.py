"""The truth: what was planted, what was to be expected of it, and what there is, written beside the data.

Nothing in the folder `truth` is evidence, and no case file declares it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from perito.clock import iso
from perito.simulate.plan import CHANNELS
from perito.simulate.trials import PROMPT_CLASSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perito.simulate.blocks import Stage
    from perito.simulate.trials import Trials
    from perito.simulate.world import World

_HOURS = (1, 24, 48, 168)


def removal_share(
    world: World, platform: str, channel: str, hours: float, *, is_planted: bool = True
) -> float:
    """Share that the platform removes within some hours of receipt, were there no other cause.

    F(t) = (1 - never) (1 - exp(-r (t/scale)^shape)).

    Args:
        world: The world.
        platform: Name of the platform.
        channel: Name of the channel.
        hours: Hours since receipt.
        is_planted: Whether the post is of the planted class.

    Example:
        >>> from perito.simulate import Plan, World
        >>> round(removal_share(World(Plan(), 0, 1), "tiktok", "user", 48), 4)
        0.5057
    """
    plan = world.plan.removal
    ratio = plan.platform_ratio[platform] * plan.channel_ratio[channel]
    ratio *= 1.0 if is_planted else plan.wrong_ratio
    return float((1 - plan.never) * -np.expm1(-ratio * (hours / plan.scale_h) ** plan.shape))


def expectations(world: World) -> dict[str, Any]:
    """What the plan makes one expect at this size."""
    plan = world.plan
    return {
        "planted": world.posts * plan.mean_prevalence,
        "planted_by_platform": {
            name: world.posts * plan.platforms.shares[name] * plan.posts.prevalence[name]
            for name in world.platforms
        },
        "planted_share_by_reach": world.class_share_by_reach,
        "auc_within_platform": plan.scores.auc * (1 - plan.scores.blind) + plan.scores.blind / 2,
        "share_ratio": plan.impressions.boost,
        "share_ratio_of_holdback": 1.0,
        "reposts_per_spreading_repost": _reposts_per_spreading_repost(plan.cascades.offspring_mean),
        "removed_within_hours": {
            f"{name}/{channel}": {str(hours): removal_share(world, name, channel, hours) for hours in _HOURS}
            for name in world.platforms
            for channel in CHANNELS
        },
        "change_day": plan.generator.change_day,
        "compliance": {"before": plan.generator.complies_before, "after": plan.generator.complies_after},
        "over_refusal": {
            "before": plan.generator.over_refuses_before,
            "after": plan.generator.over_refuses_after,
        },
        "admits_minors": dict(plan.age_gate.admits_minors),
        "admits_adults": dict(plan.age_gate.admits_adults),
    }


def _reposts_per_spreading_repost(mean: float) -> float:
    """Mean direct reposts of a repost that has any: mean / (1 - exp(-mean)), Poisson without its zero."""
    return mean / -float(np.expm1(-mean)) if mean else 0.0


def trial_totals(trials: Trials) -> dict[str, int]:
    """Trials that did not fail, and those fulfilled, by wave and class of prompt."""
    totals = {}
    for wave in (1, 2):
        for code, name in enumerate(PROMPT_CLASSES):
            counted = (trials.is_after == (wave == 2)) & (trials.is_benign == bool(code)) & ~trials.is_error  # noqa: PLR2004
            totals[f"trials.{name}.wave_{wave}"] = int(counted.sum())
            totals[f"complied.{name}.wave_{wave}"] = int((counted & trials.has_complied).sum())
    return totals


def truth_record(stage: Stage, totals: Mapping[str, int], rows: Mapping[str, int]) -> dict[str, Any]:
    """Everything above as one JSON object."""
    world = stage.world
    return {
        "about": "Planted truth of a simulation. None of it is evidence; nothing here happened.",
        "seed": world.seed,
        "posts": world.posts,
        "period": {
            "from": iso(world.start_s * 10**6),
            "to": iso(world.end_s * 10**6),
            "captured": iso(world.capture_us),
        },
        "expected": expectations(world),
        "realised": dict(sorted(totals.items())),
        "sample": len(stage.sample.posts),
        "rows": dict(sorted(rows.items())),
    }
