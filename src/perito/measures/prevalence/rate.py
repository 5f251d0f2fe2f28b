"""Rates of a class over the study's period: items per minute, and seconds per item."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from perito.clock import MICROSECONDS_PER_DAY, Period
from perito.findings import Cell, Column, Finding, Row, Table, Text, Value
from perito.findings.value import rate_unit
from perito.measures.labels import day_text, listed, references
from perito.measures.prevalence.agreement import agree_in, agreement, figure_at, published_figures
from perito.measures.prevalence.answering import parts
from perito.measures.prevalence.published import PublishedCount, class_words, published_count, things
from perito.stats.interval import Interval
from perito.stats.proportion import exact_total

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.measures.inquiry import Inquiry

_PER_MINUTE, _SPACING = "per_minute", "seconds_per_item"
_WINDOWS = (("shorter", -1), ("as_is", 0), ("longer", 1))


def answer(inquiry: Inquiry) -> Finding:
    """Items per minute and seconds per item of the class, and of a second class where one is named.

    Raises:
        MeasureError: The two classes were not counted in one sample and period.
    """
    counted = _counted(inquiry)
    published, shared = counted[0], parts(inquiry, counted[0])
    population, period = published.population, published.period
    if population is None or period is None:
        reason = inquiry.text("refusal_rate", **{"class": class_words(inquiry, published.class_name)})
        return inquiry.refusal(reason, **shared)
    figures = agreement(inquiry, population)
    days = _length(inquiry, period)
    conditions = (*shared["conditions"], inquiry.text("condition_window"), *figures.sentences)
    return inquiry.finding(
        **{**shared, "counts": (*shared["counts"], days, *figures.counts), "conditions": conditions},
        status="conditional",
        headline=_headline(inquiry, counted, period),
        values=_values(inquiry, counted, period),
        series=figures.tables,
        sensitivity=(_by_window(inquiry, counted, period),),
    )


def _counted(inquiry: Inquiry) -> list[PublishedCount]:
    """The class, and the second class where the question names one."""
    names = [inquiry.parameters["class"], inquiry.parameters.get("second_class")]
    counted = [published_count(inquiry, name) for name in names if name]
    if len({(one.study, one.platform, one.population, one.sample, one.period) for one in counted}) > 1:
        raise inquiry.fail(
            "the two classes were not counted in one sample and period",
            found="; ".join(f"{one.study}: {one.class_name}" for one in counted),
            remedy="ask about each of them alone",
        )
    return counted


def _values(inquiry: Inquiry, counted: Sequence[PublishedCount], period: Period) -> tuple[Value, ...]:
    """The class per minute and the spacing of the last class named; of two classes, the other rates after."""
    first, last = counted[0], counted[-1]
    values = [
        _rate(inquiry, first, period, _PER_MINUTE, _name(inquiry, _PER_MINUTE)),
        _rate(inquiry, last, period, _SPACING, _name(inquiry, _SPACING)),
    ]
    if first is not last:
        values += [
            _rate(inquiry, first, period, _SPACING, f"{_name(inquiry, _SPACING)}_first"),
            _rate(inquiry, last, period, _PER_MINUTE, f"{_name(inquiry, _PER_MINUTE)}_second"),
        ]
    return tuple(values)


def _headline(inquiry: Inquiry, counted: Sequence[PublishedCount], period: Period) -> Text:
    first, last = counted[0], counted[-1]
    if not first.hits and first is last:
        phrases = [_phrase(inquiry, first, _PER_MINUTE, "")]
    else:
        suffix = "" if first is last else "_second"
        phrases = [_phrase(inquiry, first, _PER_MINUTE, ""), _phrase(inquiry, last, _SPACING, suffix)]
    ends = {"first": day_text(period.start_us), "last": day_text(period.end_us - 1)}
    return inquiry.text("headline_rate", listed=listed(phrases), **ends)


def _phrase(inquiry: Inquiry, published: PublishedCount, form: str, suffix: str) -> Text:
    """A rate in words; where the sample holds none of the class, the most that cannot be excluded."""
    quotes: dict[str, str | Text] = {"class": class_words(inquiry, published.class_name)}
    if not published.hits:
        number = references("number", f"{_name(inquiry, _PER_MINUTE)}{suffix}")
        return inquiry.text("phrase_none", things=things(inquiry), **number, **quotes)
    name = _name(inquiry, form)
    unit = things(inquiry, name if form == _SPACING else None)
    return inquiry.text(f"phrase_{form}", things=unit, **references("number", name), **quotes)


def _name(inquiry: Inquiry, form: str) -> str:
    """A rate is named after its unit: `images_per_minute`, `seconds_per_image`."""
    return rate_unit(inquiry.parameters["unit"], form)


def _rate(inquiry: Inquiry, published: PublishedCount, period: Period, form: str, name: str) -> Value:
    """Items per minute, N k/n over the minutes of the period, or its inverse in seconds; with interval."""
    population, unit = published.population or 0, _name(inquiry, form)
    quotes = {
        "things": things(inquiry, unit if form == _SPACING else None),
        "class": class_words(inquiry, published.class_name),
    }
    label, sources = inquiry.text(f"label_{form}", **quotes), (published.source,)
    if not published.hits and form == _SPACING:
        return Value(name, label, None, unit, status="cannot_say", sources=sources)
    ends = exact_total(published.hits, published.sample, population, inquiry.parameters["level"])
    low, high = sorted(figure_at(Fraction(end), period, form) for end in (ends.low, ends.high))
    estimate = float(figure_at(published.share * population, period, form))
    interval = Interval(float(low), float(high), ends.level, ends.method)
    return Value(name, label, estimate, unit, interval, "conditional", sources=sources)


def _length(inquiry: Inquiry, period: Period) -> Value:
    days = Fraction(period.end_us - period.start_us, MICROSECONDS_PER_DAY)
    number = int(days) if days.denominator == 1 else float(days)
    return Value("window_days", inquiry.text("label_window_days"), number, "days")


def _by_window(inquiry: Inquiry, counted: Sequence[PublishedCount], period: Period) -> Table:
    """The rates if the period were a day shorter, as it is or longer; whether the printed figures agree."""
    figures = published_figures(inquiry)
    rows = []
    for name, days in _WINDOWS:
        window = Period(period.start_us, period.end_us + days * MICROSECONDS_PER_DAY)
        if window.start_us >= window.end_us:
            continue
        rate = _rate(inquiry, counted[0], window, _PER_MINUTE, "rate")
        spacing = _rate(inquiry, counted[-1], window, _SPACING, "spacing")
        cells: list[Cell] = [_length(inquiry, window), rate, spacing]
        if figures:
            cells.append(inquiry.verdict(agree_in(figures, window)))
        rows.append(Row(inquiry.text(f"row_window_{name}"), tuple(cells)))
    labelled = [Column(value.name, value.label) for value in rows[0].cells if isinstance(value, Value)]
    last = [inquiry.column("figures_agree")] if figures else []
    return inquiry.table("window", [*labelled, *last], rows)
