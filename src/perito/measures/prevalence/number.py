"""A total or a share from own labels, with its interval, its bounds and what label error does to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perito.findings import Finding, Row, Table, Text, Value
from perito.findings.charts import band_chart
from perito.measures.prevalence.labels import (
    design_for,
    examined,
    parts,
    refused,
    spoken,
    status_of,
    with_elusion,
)
from perito.measures.sampled.estimates import scaled
from perito.measures.sampled.label_error import LEAST_INFORMATIVE, known_rates
from perito.measures.sampled.raked import raked
from perito.measures.sampled.refusals import is_looked_at, zero_refusal
from perito.measures.sampled.series import bounds_table, present, text_list
from perito.stats.interval import Interval, as_written
from perito.stats.proportion import clopper_pearson

if TYPE_CHECKING:
    from perito.findings import Chart
    from perito.measures.inquiry import Inquiry
    from perito.measures.sampled.estimates import Estimator
    from perito.measures.sampled.study import Fill, Study
    from perito.stats.interval import Estimate

_SPECIFICITIES = (1.0, 0.9999, 0.9995, 0.999, 0.998, 0.997, 0.996, 0.995, 0.99)


def answer(inquiry: Inquiry) -> Finding:
    """The total, the share, or the specificity at which every positive could be an error."""
    class_name = inquiry.parameters["class"]
    design = design_for(inquiry, class_name)
    if isinstance(design, Finding):
        return design
    study, agreement, reason = examined(inquiry, design, class_name)
    shared = parts(study, agreement)
    if reason:
        return refused(study, reason, shared)
    estimator = estimator_of(study)
    share = estimator.share_at(study.level)
    zero = zero_refusal(study, share.value, share.interval.low if share.interval else 0.0)
    if zero:
        return inquiry.refusal(zero, **shared, sensitivity=present([specificity_table(study)]))
    return _finding(study, estimator, shared)


def estimator_of(study: Study) -> Estimator:
    """The estimator of a study, raked where the question gives margins, anytime-valid after early looks."""
    if "margins" in study.inquiry.parameters:
        return raked(study)
    return study.estimator(at_any_time=is_looked_at(study))


def _finding(study: Study, estimator: Estimator, shared: dict[str, Any]) -> Finding:
    inquiry, asks_share = study.inquiry, study.inquiry.parameters["ask"] == "share"
    values = values_of(study, estimator)
    if asks_share:
        values = values[::-1] if len(values) > 1 else values
    number = values[0].name
    if inquiry.parameters["ask"] == "label-error":
        values = (_threshold(study), *values)
    table = specificity_table(study)
    bounds = bounds_table(study, number, bounds_of(study, number))
    series = (*shared.pop("series"), *present([bounds]))
    further = [
        inquiry.text("condition_bounds") if bounds else None,
        inquiry.text("condition_raked") if "margins" in inquiry.parameters else None,
        inquiry.text("refusal_population") if estimator.population is None and not asks_share else None,
    ]
    shared["conditions"] = (*shared["conditions"], *text_list(further))
    return inquiry.finding(
        **shared,
        series=series,
        status=status_of(study),
        headline=headline(study, values),
        values=values,
        sensitivity=present([table]),
        chart=_chart(study, table),
    )


def headline(study: Study, values: tuple[Value, ...]) -> Text:
    """The first number in words; of a total without a population, why only the share is given (R2)."""
    inquiry, said = study.inquiry, spoken(study)
    if inquiry.parameters["ask"] == "label-error":
        return with_elusion(study, inquiry.text("headline_label_error", **said))
    key = f"headline_{values[0].name}"
    if values[0].name == "share" and inquiry.parameters["ask"] == "total":
        key = "headline_no_total"
    if not study.hits:
        key = f"headline_{values[0].name}_none"
    sentence = inquiry.text(key, **said)
    sentence = inquiry.text("headline_looked", sentence=sentence) if is_looked_at(study) else sentence
    return with_elusion(study, sentence)


def values_of(study: Study, estimator: Estimator) -> tuple[Value, ...]:
    """The total where N is known, and the share."""
    share = _value(study, "share", estimator.share_at(study.level), "share")
    if estimator.population is None:
        return (share,)
    return (_value(study, "total", estimator.total_at(study.level), study.inquiry.parameters["unit"]), share)


def _value(study: Study, name: str, found: Estimate, unit: str) -> Value:
    return Value(
        name=name,
        label=study.inquiry.text(f"label_{name}", **spoken(study)),
        estimate=found.value,
        unit=unit,
        interval=found.interval,
        status=status_of(study),
        is_exact=False,
        sources=(study.design.source,) if study.design.source else (),
    )


def bounds_of(study: Study, name: str) -> dict[Fill, Value]:
    """The number with every item without a value counted as negative, and as positive."""
    if study.decided == study.design.drawn:
        return {}
    found: dict[Fill, Value] = {}
    fills: tuple[Fill, ...] = ("no", "yes")
    for fill in fills:
        estimator = study.estimator(fill, at_any_time=is_looked_at(study))
        estimate = estimator.total_at(study.level) if name == "total" else estimator.share_at(study.level)
        unit = study.inquiry.parameters["unit"] if name == "total" else "share"
        found[fill] = _value(study, name if name == "total" else "share", estimate, unit)
    return found


def specificity_table(study: Study) -> Table | None:
    """The number at each specificity asked about, rates taken as known; None where nothing is positive."""
    if not study.hits:
        return None
    inquiry = study.inquiry
    label = inquiry.text("label_specificity")
    apparent = study.apparent(at_any_time=is_looked_at(study))
    rows = [
        Row(
            inquiry.text("row_specificity"),
            (Value("specificity", label, at, "specificity"), _at_specificity(study, apparent, at)),
        )
        for at in inquiry.parameters.get("specificities", _SPECIFICITIES)
    ]
    column = "total" if apparent.population is not None else "share"
    return inquiry.table("specificity", ("specificity", column), rows)


def _at_specificity(study: Study, apparent: Estimator, specificity: float) -> Value | Text:
    """(AP + Sp - 1)/(Se + Sp - 1), the interval's ends alike; words where no number can be said."""
    inquiry, sensitivity = study.inquiry, study.inquiry.parameters.get("sensitivity", 1.0)
    if as_written(sensitivity) + as_written(specificity) - 1 <= LEAST_INFORMATIVE:
        return inquiry.text("refusal_labels")
    found = known_rates(apparent, sensitivity, specificity).share_at(study.level)
    ends = found.interval
    if ends is None or ends.low <= 0:
        return inquiry.text("refusal_zero")
    if ends.low > 1:
        return inquiry.text("refusal_impossible")
    cut = Interval(ends.low, min(1.0, ends.high), ends.level, ends.method)
    name = "total" if apparent.population is not None else "share"
    estimate = type(found)(min(1.0, found.value), cut)
    if apparent.population is not None:
        estimate = scaled(estimate, apparent.population)
    return Value(
        name=name,
        label=inquiry.text(f"label_{name}", **spoken(study)),
        estimate=estimate.value,
        unit=inquiry.parameters["unit"] if name == "total" else "share",
        interval=estimate.interval,
        status="conditional",
        is_exact=False,
    )


def _threshold(study: Study) -> Value:
    """1 - AP: labels of that specificity would give as many positives by error alone."""
    ends = clopper_pearson(study.hits, max(study.decided, 1), study.level)
    apparent = study.apparent(at_any_time=is_looked_at(study)).share_at(study.level)
    interval = apparent.interval or ends
    return Value(
        name="specificity_where_all_could_be_errors",
        label=study.inquiry.text("label_all_errors"),
        estimate=1 - apparent.value,
        unit="specificity",
        interval=Interval(1 - interval.high, 1 - interval.low, interval.level, interval.method),
        status=status_of(study),
        is_exact=False,
    )


def _chart(study: Study, table: Table | None) -> Chart | None:
    """The number over the specificity, where it can be said."""
    points = [
        (float(at.estimate), found)
        for at, found in (row.cells for row in (table.rows if table else ()))
        if isinstance(at, Value) and at.estimate is not None and isinstance(found, Value)
    ]
    if len(points) <= 1:
        return None
    name = points[0][1].name
    axis = study.inquiry.text(f"axis_{name}", **spoken(study))
    return band_chart(points, study.inquiry.text("label_specificity"), axis, {})
