"""The share of views that went to items of the class, from own labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.findings import Finding, Value
from perito.measures.prevalence.labels import (
    design_for,
    examined,
    parts,
    refused,
    spoken,
    status_of,
    with_elusion,
)
from perito.measures.sampled.estimates import Estimator, exposure, weighted
from perito.measures.sampled.readings import draws_of
from perito.measures.sampled.refusals import zero_refusal
from perito.measures.sampled.series import bounds_table, present

if TYPE_CHECKING:
    from perito.measures.inquiry import Inquiry
    from perito.measures.sampled.study import Fill, Study
    from perito.stats.interval import Estimate

_VIEWS = """
WITH numbered AS (
  SELECT e.post_id, e.value,
         row_number() OVER (PARTITION BY e.post_id
                            ORDER BY e.observed_at_us DESC NULLS LAST, e.metric, e.evidence_id,
                                     e.locator) AS n
  FROM engagement AS e
  WHERE e.metric = 'view'
    AND EXISTS (SELECT 1 FROM draws AS d WHERE d.item_id = e.post_id AND d.design_id = $design)
)
SELECT DISTINCT post_id, value FROM numbered WHERE n = 1 ORDER BY post_id, value NULLS LAST
"""


def answer(inquiry: Inquiry) -> Finding:
    """sum(w_i y_i)/sum(w_i), w = views as last counted; hidden counters are counted and left out."""
    class_name = inquiry.parameters["class"]
    design = design_for(inquiry, class_name)
    if isinstance(design, Finding):
        return design
    study, agreement, reason = examined(inquiry, design, class_name)
    shared = parts(study, agreement)
    if reason:
        return refused(study, reason, shared)
    estimator, hidden = _by_views(study)
    counts = (*shared.pop("counts"), *inquiry.counts({"hidden": hidden}, inquiry.parameters["unit"]))
    bounds = bounds_table(study, "exposure", _bounds(study)) if estimator else None
    if estimator is None:
        return inquiry.refusal(inquiry.text("refusal_no_views"), **shared, counts=counts)
    found = study.correct(estimator).share_at(study.level)
    zero = zero_refusal(study, found.value, found.interval.low if found.interval else 0.0)
    if zero:
        return inquiry.refusal(zero, **shared, counts=counts)
    if bounds:
        shared["series"] = (*shared["series"], *present([bounds]))
        shared["conditions"] = (*shared["conditions"], inquiry.text("condition_bounds"))
    if hidden:
        shared["conditions"] = (*shared["conditions"], inquiry.text("condition_hidden"))
    value = _value(study, found)
    return inquiry.finding(
        **shared,
        counts=counts,
        status=value.status,
        headline=with_elusion(
            study,
            inquiry.text("headline_exposure" if study.hits else "headline_exposure_none", **spoken(study)),
        ),
        values=(value,),
    )


def _value(study: Study, found: Estimate) -> Value:
    label = study.inquiry.text("label_exposure", **spoken(study))
    status = status_of(study)
    return Value("exposure", label, found.value, "share", found.interval, status, is_exact=False)


def _bounds(study: Study) -> dict[Fill, Value]:
    """The share of views with every item without a value counted as negative, and as positive."""
    found: dict[Fill, Value] = {}
    fills: tuple[Fill, ...] = ("no", "yes")
    for fill in fills:
        estimator, _ = _by_views(study, fill)
        if estimator is not None:
            found[fill] = _value(study, study.correct(estimator).share_at(study.level))
    return found


def _by_views(study: Study, fill: Fill | None = None) -> tuple[Estimator | None, int]:
    """The estimator, and how many items with a value have no counter that can be read."""
    draws = [
        (draw, study.value_of(outcome, fill), study.stands_for(outcome))
        for draw, outcome in draws_of(study.inquiry, study.design, study.class_name)
    ]
    rows = [(draw, value, raised) for draw, value, raised in draws if value is not None and raised]
    if study.design.weight == "views":  # drawn by views: every draw counts alike
        hits, weights = [value for _, value, _ in rows], [raised for _, _, raised in rows]
        return weighted(hits, weights, None), 0
    views = {
        row["post_id"]: row["value"] for row in study.inquiry.tables.rows(_VIEWS, design=study.design.id)
    }
    seen = [(row, views.get(row[0]["item_id"])) for row in rows]
    known = [(row, view) for row, view in seen if view is not None]
    if not any(view for _, view in known):
        return None, len(seen)
    return exposure(
        [value for (_, value, _), _ in known],
        [view for _, view in known],
        [raised * study.weight_of(draw) for (draw, _, raised), _ in known],
    ), len(seen) - len(known)
