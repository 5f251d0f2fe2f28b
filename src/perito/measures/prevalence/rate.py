"""Rates of a class over the window: items per minute, and seconds per item."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from perito.clock import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND, Period
from perito.findings import Column, Finding, Row, Table, Text, Value
from perito.findings.value import rate_unit
from perito.measures.inquiry import count
from perito.measures.prevalence.agreement import agreement
from perito.measures.prevalence.published import (
    PublishedCount,
    base_conditions,
    base_counts,
    locked_definition,
    published_count,
    scope_of,
    things,
)
from perito.stats.interval import Interval
from perito.stats.proportion import exact_total

if TYPE_CHECKING:
    from perito.measures.inquiry import Inquiry

_SECONDS_PER_MINUTE = 60
_FORMS = ("per_minute", "seconds_per_item")


def answer(inquiry: Inquiry) -> Finding:
    """Items per minute and seconds per item of the class, and of a second class where one is named."""
    published = published_count(inquiry, inquiry.parameters["class"])
    other_name = inquiry.parameters.get("second_class")
    other = published_count(inquiry, other_name) if other_name else None
    if published.population is None or published.period is None:
        return inquiry.refusal(inquiry.text("refusal_rate"), counts=base_counts(inquiry, published))
    values = _rates(inquiry, published, published.period, other)
    counts, tables, sentences = agreement(inquiry, published.population)
    window = count("window_days", inquiry.text("label_window_days"), _days(published.period), "days")
    return inquiry.finding(
        scope=scope_of(inquiry, published),
        definition=locked_definition(inquiry, published),
        status="conditional",
        headline=_headline(inquiry, published, other),
        values=values,
        counts=(*base_counts(inquiry, published), window, *counts),
        conditions=(*base_conditions(inquiry, published), inquiry.text("condition_window"), *sentences),
        series=tables,
        sensitivity=(_by_window(inquiry, published, published.period, other),),
    )


def _headline(inquiry: Inquiry, published: PublishedCount, other: PublishedCount | None) -> Text:
    words: dict[str, Text | str] = {"things": things(inquiry), "class": published.class_name}
    if other is None:
        return _named(inquiry, inquiry.text("headline_rate", **words))
    return _named(inquiry, inquiry.text("headline_rates", **words, second_class=other.class_name))


def _named(inquiry: Inquiry, text: Text) -> Text:
    """A sentence about `{rate}`, `{spacing}`, `{second_spacing}` with the names that the values have."""
    names = _names(inquiry)
    for placeholder, name in names.items():
        text = Text(
            text.en.replace(f"{{{placeholder}", f"{{{name}"), text.es.replace(f"{{{placeholder}", f"{{{name}"), text.quotes
        )
    return text


def _names(inquiry: Inquiry) -> dict[str, str]:
    unit = inquiry.parameters["unit"]
    rate, spacing = (rate_unit(unit, form) for form in _FORMS)
    if inquiry.parameters.get("second_class"):
        return {"rate": rate, "spacing": f"{spacing}_first", "second_rate": f"{rate}_second", "second_spacing": spacing}
    return {"rate": rate, "spacing": spacing}


def _rates(
    inquiry: Inquiry, published: PublishedCount, period: Period, other: PublishedCount | None
) -> tuple[Value, ...]:
    names = _names(inquiry)
    first = [
        rate_value(inquiry, published, period, "per_minute", names["rate"]),
        rate_value(inquiry, published, period, "seconds_per_item", names["spacing"]),
    ]
    if other is None:
        return tuple(first)
    second = [
        rate_value(inquiry, other, period, "seconds_per_item", names["second_spacing"]),
        rate_value(inquiry, other, period, "per_minute", names["second_rate"]),
    ]
    return (first[0], second[0], first[1], second[1])


def rate_value(inquiry: Inquiry, published: PublishedCount, period: Period, form: str, name: str) -> Value:
    """Items per minute, N k/n over the minutes of the window, or its inverse in seconds, with its interval."""
    seconds = Fraction(period.end_us - period.start_us, MICROSECONDS_PER_SECOND)
    population = published.population or 0
    total = published.share * population
    label = inquiry.text(f"label_{form}", class_name=published.class_name)
    unit, sources = rate_unit(inquiry.parameters["unit"], form), (published.source,)
    if not total and form == "seconds_per_item":
        return Value(name, label, None, unit, status="cannot_say", sources=sources)
    ends = exact_total(published.hits, published.sample, population, inquiry.parameters["level"])
    if form == "per_minute":
        per = float(_SECONDS_PER_MINUTE / seconds)
        estimate = float(total * _SECONDS_PER_MINUTE / seconds)
        interval = Interval(ends.low * per, ends.high * per, ends.level, ends.method)
    else:
        estimate = float(seconds / total)
        interval = Interval(float(seconds) / ends.high, float(seconds) / ends.low, ends.level, ends.method)
    return Value(name, label, estimate, unit, interval, "conditional", sources=sources)


def _days(period: Period) -> int:
    return (period.end_us - period.start_us) // MICROSECONDS_PER_DAY


def _by_window(
    inquiry: Inquiry, published: PublishedCount, period: Period, other: PublishedCount | None
) -> Table:
    """The rates if the window were a day shorter, as it is, and a day longer."""
    rows = []
    for name, days in (("shorter", -1), ("as_is", 0), ("longer", 1)):
        window = Period(period.start_us, period.end_us + days * MICROSECONDS_PER_DAY)
        length = count("window_days", inquiry.text("label_window_days"), _days(window), "days")
        rate = rate_value(inquiry, published, window, "per_minute", "rate")
        spacing = rate_value(inquiry, other or published, window, "seconds_per_item", "spacing")
        rows.append(Row(inquiry.text(f"row_window_{name}"), (length, rate, spacing)))
    columns = (
        Column("window_days", inquiry.text("label_window_days")),
        Column("rate", inquiry.text("label_per_minute", class_name=published.class_name)),
        Column("spacing", inquiry.text("label_seconds_per_item", class_name=(other or published).class_name)),
    )
    return Table("window", inquiry.text("title_window"), columns, tuple(rows), note=inquiry.text("note_window"))
