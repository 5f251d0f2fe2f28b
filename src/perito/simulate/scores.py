"""Scores of a classifier: binormal, calibrated, blind to a known share of the positives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perito.simulate.columns import Numbers, coded, constant, table

if TYPE_CHECKING:
    import pyarrow as pa

    from perito.simulate.posts import Posts
    from perito.simulate.world import World

LABEL_CLASS = "planted"
MODEL = ("simulated classifier", "1")
_GRAIN = 1e6  # six decimals


def separation(auc: float) -> float:
    """Distance d of two normal laws of spread one, such that the area under the curve is Phi(d / sqrt 2).

    Example:
        >>> round(separation(0.95), 4)
        2.3262
    """
    from scipy.special import ndtri

    return float(np.sqrt(2) * ndtri(auc))


def draw_scores(world: World, posts: Posts, block: int) -> Numbers:
    """Probability of the class as the classifier sees it, calibrated for each platform's prevalence.

    With x ~ N(0, 1) for negatives and N(d, 1) for positives: logit = logit(prevalence) + d x - d^2/2.
    """
    random, plan = world.stream("scores", block), world.plan.scores
    d = separation(plan.auc)
    is_seen = posts.is_planted & (random.random(len(posts)) >= plan.blind)
    x = random.normal(0, 1, len(posts)) + d * is_seen
    rate = np.clip(world.prevalence, 1e-9, 1 - 1e-9)
    logit = np.log(rate / (1 - rate))[posts.platform] + d * x - d * d / 2
    return np.rint(_GRAIN / (1 + np.exp(-logit))) / _GRAIN


def score_table(world: World, posts: Posts, scores: Numbers) -> pa.Table:
    """The scores as rows of `scores`."""
    rows = len(posts)
    return table(
        {
            "item_id": posts.keys,
            "item_kind": constant("post", rows),
            "platform": coded(posts.platform, world.platforms),
            "class": constant(LABEL_CLASS, rows),
            "model_id": constant(MODEL[0], rows),
            "model_version": constant(MODEL[1], rows),
            "score": scores,
            "threshold": np.full(rows, world.plan.scores.threshold),
            "threshold_version": constant("1", rows),
        }
    )
