"""A sample raked to known totals, with its error from replicate weights that are raked in the same way."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from perito.measures.sampled.estimates import Estimator
from perito.measures.sampled.readings import draws_of
from perito.measures.sampled.study import stratum_name
from perito.stats.fay_feuer import load_share
from perito.stats.interval import Estimate, Interval
from perito.stats.korn_graubard import beta_interval
from perito.stats.raking import rake
from perito.stats.replicates import jackknife_weights, replicate_estimate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perito.measures.inquiry import Inquiry
    from perito.measures.sampled.study import Study
    from perito.stats.columns import Floats

VARIABLES = ("platform", "language", "kind")
_MOST_GROUPS = 40  # of the items of a stratum, taken out of the sample in turn
_FACTS = """
WITH numbered AS (
  SELECT p.post_id, p.platform, p.lang, p.kind,
         row_number() OVER (PARTITION BY p.post_id
                            ORDER BY p.observed_at_us NULLS LAST, p.evidence_id, p.locator) AS n
  FROM posts AS p
  WHERE EXISTS (SELECT 1 FROM draws AS d WHERE d.item_id = p.post_id AND d.design_id = $design)
)
SELECT DISTINCT post_id, platform, coalesce(lang, '') AS lang_code, kind
FROM numbered
WHERE n = 1
ORDER BY post_id, platform NULLS LAST, lang_code, kind NULLS LAST
"""


def raked(study: Study) -> Estimator:
    """The estimator whose weights add up to the margins of the question.

    Weights by the design, then iterative proportional fitting; the error by leaving out random groups of the
    items of each stratum in turn (jackknife), every set of weights raked alike. Interval: at each end the
    wider one of Korn-Graubard at the effective size, which covers too little for a rare class in strata, and
    of the gamma interval for unequal weights, which knows no gain from the margins.

    Raises:
        MeasureError: A variable that no item has, or an item of which it is not known.
        StatsError: Margins that contradict each other or the sample.
    """
    margins = _margins(study.inquiry)
    rows = [
        (draw, value, study.stands_for(outcome))
        for draw, outcome in draws_of(study.inquiry, study.design, study.class_name)
        if (value := study.value_of(outcome)) is not None and study.stands_for(outcome)
    ]
    weights = np.array([raised * study.weight_of(draw) for draw, _, raised in rows])
    y = np.array([value for _, value, _ in rows], dtype=float)
    categories = _categories(study, [str(draw["item_id"]) for draw, _, _ in rows], margins)
    strata = [stratum_name(draw) for draw, _, _ in rows]
    sets = jackknife_weights(weights, strata, _groups(strata))

    def share(given: Floats) -> float:
        kept = given > 0
        known = {
            name: [c for c, keep in zip(column, kept, strict=True) if keep]
            for name, column in categories.items()
        }
        new = rake(given[kept], known, margins).weights
        return math.fsum(new * y[kept]) / math.fsum(new)

    found = replicate_estimate(share, sets)
    share_of, error = min(1.0, max(0.0, found.value)), found.standard_error
    final = rake(weights, categories, margins).weights
    alone = math.fsum(final) ** 2 / math.fsum(final**2)
    size = share_of * (1 - share_of) / error**2 if error > 0 and 0 < share_of < 1 else alone

    def share_at(level: float) -> Estimate:
        replicated = beta_interval(share_of, size, level, "korn-graubard")
        unequal = load_share(y.astype(int), final, level).interval
        assert unequal is not None  # noqa: S101  (it always has one)
        low, high = min(replicated.low, unequal.low), max(replicated.high, unequal.high)
        method = "raked: jackknife, and gamma of unequal weights"
        return Estimate(share_of, Interval(low, high, float(level), method))

    return study.correct(Estimator(share_at, study.design.population, size))


def _margins(inquiry: Inquiry) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for record in inquiry.parameters["margins"]:
        if record["variable"] not in VARIABLES:
            raise inquiry.fail(
                "nothing is known of the items by this variable",
                expected=", ".join(VARIABLES),
                found=record["variable"],
            )
        found.setdefault(record["variable"], {})[record["category"]] = float(record["items"])
    return found


def _categories(study: Study, items: list[str], margins: Mapping[str, object]) -> dict[str, list[str]]:
    facts = {row["post_id"]: row for row in study.inquiry.tables.rows(_FACTS, design=study.design.id)}
    columns = {"platform": "platform", "language": "lang_code", "kind": "kind"}
    missing = [item for item in items if item not in facts]
    if missing:
        raise study.inquiry.fail(
            "items of the sample are not among the posts, so that they cannot be raked",
            expected="a row of 'posts' for each",
            found=f"{len(missing)} without one, first {missing[0]}",
        )
    return {name: [str(facts[item][columns[name]]) for item in items] for name in margins}


def _groups(strata: list[str]) -> list[str]:
    """A group for each item: in turn, in the order of drawing, within its stratum."""
    seen: dict[str, int] = {}
    groups = []
    for stratum in strata:
        place = seen[stratum] = seen.get(stratum, -1) + 1
        groups.append(f"{stratum}/{place % _MOST_GROUPS}")
    return groups
