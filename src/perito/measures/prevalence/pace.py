"""Rates from own labels: items per minute of the period of the sample, and seconds for each item."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from perito.clock import MICROSECONDS_PER_DAY, Period
from perito.findings import Finding, Row, Table, Value
from perito.findings.value import rate_unit
from perito.measures.labels import day_text, references
from perito.measures.prevalence.agreement import figure_at
from perito.measures.prevalence.labels import (
    design_for,
    examined,
    parts,
    refused,
    spoken,
    status_of,
    with_elusion,
)
from perito.measures.prevalence.number import bounds_of, estimator_of, values_of
from perito.measures.sampled.refusals import zero_refusal
from perito.measures.sampled.series import bounds_table, present
from perito.measures.sampled.words import things
from perito.stats.interval import Interval

if TYPE_CHECKING:
    from perito.measures.inquiry import Inquiry
    from perito.measures.sampled.study import Fill, Study

_FORMS = ("per_minute", "seconds_per_item")
_WINDOWS = (("shorter", -1), ("as_is", 0), ("longer", 1))


def answer(inquiry: Inquiry) -> Finding:
    """Items per minute and seconds per item, from the total and the window of the design."""
    class_name = inquiry.parameters["class"]
    design = design_for(inquiry, class_name)
    if isinstance(design, Finding):
        return design
    study, agreement, reason = examined(inquiry, design, class_name)
    shared = parts(study, agreement)
    if reason is None and (design.population is None or design.period is None):
        reason = inquiry.text("refusal_rate", **spoken(study))
    if reason:
        return refused(study, reason, shared)
    estimator = estimator_of(study)
    share = estimator.share_at(study.level)
    zero = zero_refusal(study, share.value, share.interval.low if share.interval else 0.0)
    total = values_of(study, estimator)[0]
    if zero or design.period is None:
        return inquiry.refusal(zero or inquiry.text("refusal_rate", **spoken(study)), **shared)
    return _finding(study, total, design.period, shared)


def _finding(study: Study, total: Value, period: Period, shared: dict[str, Any]) -> Finding:
    inquiry = study.inquiry
    rates = tuple(_rate(study, total, period, form) for form in _FORMS)
    unit = inquiry.parameters["unit"]
    bounds = bounds_table(study, "per_minute", _bounds(study, period))
    if bounds:
        shared["series"] = (*shared["series"], *present([bounds]))
        shared["conditions"] = (*shared["conditions"], inquiry.text("condition_bounds"))
    per_minute, spacing = rate_unit(unit, _FORMS[0]), rate_unit(unit, _FORMS[1])
    ends = {"first": day_text(period.start_us), "last": day_text(period.end_us - 1)}
    key = "headline_rate" if total.estimate else "headline_rate_none"
    return inquiry.finding(
        **shared,
        status=status_of(study),
        headline=with_elusion(
            study,
            inquiry.text(
                key,
                **spoken(study),
                **ends,
                **references("rate", per_minute),
                **references("spacing", spacing),
            ),
        ),
        values=(*rates, total),
        sensitivity=(_by_window(study, total, period),),
    )


def _bounds(study: Study, period: Period) -> dict[Fill, Value]:
    """The rate with every item without a value counted the same way."""
    totals = bounds_of(study, "total")
    return {fill: _rate(study, total, period, _FORMS[0]) for fill, total in totals.items()}


def _rate(study: Study, total: Value, period: Period, form: str) -> Value:
    """Y over the minutes of the period, or the seconds of the period over Y; both ends alike."""
    inquiry, ends = study.inquiry, total.interval
    unit = rate_unit(inquiry.parameters["unit"], form)
    said = {**spoken(study), "things": things(inquiry, unit if form == _FORMS[1] else None)}
    label = inquiry.text(f"label_{form}", **said)
    is_inverse = form == _FORMS[1]
    if ends is None or (is_inverse and not (total.estimate and ends.low)):
        return Value(unit, label, None, unit, status="cannot_say")
    low, high = sorted(float(figure_at(Fraction(end), period, form)) for end in (ends.low, ends.high))
    estimate = float(figure_at(Fraction(total.estimate or 0), period, form))
    interval = Interval(low, high, ends.level, ends.method)
    return Value(unit, label, estimate, unit, interval, total.status, is_exact=False)


def _by_window(study: Study, total: Value, period: Period) -> Table:
    """The rates if the period were a day shorter or longer: the total does not depend on it."""
    inquiry, rows = study.inquiry, []
    label = inquiry.text("label_window_days")
    for name, days in _WINDOWS:
        end_us = period.end_us + days * MICROSECONDS_PER_DAY
        if end_us <= period.start_us:
            continue
        length = Fraction(end_us - period.start_us, MICROSECONDS_PER_DAY)
        number = int(length) if length.denominator == 1 else float(length)
        window = Period(period.start_us, end_us)
        cells = (Value("days", label, number, "days"), *(_rate(study, total, window, f) for f in _FORMS))
        rows.append(Row(inquiry.text(f"row_window_{name}"), cells))
    return inquiry.table("window", ("window_days", "per_minute", "spacing"), rows)
