"""Do the published figures agree with each other, and for which population sizes?

Each published total or rate, printed as a whole number, pins the population N to a range once k and n
are known: a total T printed from N k/n means T - 1/2 <= N k/n <= T + 1/2. The figures agree if the
ranges meet in at least one whole number. Exact rationals throughout.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from perito.clock import MICROSECONDS_PER_SECOND
from perito.findings import Row, Table, Text, Value
from perito.findings.value import rate_unit
from perito.measures.inquiry import count
from perito.measures.labels import listed, reference
from perito.measures.parameters import LARGEST_WHOLE
from perito.measures.prevalence.published import PublishedCount, class_words, published_count, things

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.clock import Period
    from perito.measures.inquiry import Inquiry

SECONDS_PER_MINUTE = 60
FORMS = ("total", "per_minute", "seconds_per_item")
_HALF = Fraction(1, 2)
_COLUMNS = ("printed", "recomputed", "agrees", "population_from", "population_to")
_SENTENCES = {0: "agreement_none", 1: "agreement_one", 2: "agreement_two"}


@dataclass(frozen=True)
class PublishedFigure:
    """A figure that the study printed for a class: a total, a rate per minute, or seconds per item."""

    published: PublishedCount
    form: str
    printed: int

    def at(self, population: int) -> Fraction:
        """The figure that the sample gives for a population, before rounding."""
        return figure_at(self.published.share * population, self.published.period, self.form)

    def populations(self) -> tuple[int, int]:
        """The smallest and largest whole N for which the figure prints as it was printed.

        N is at least the sample and at most 2^53; the first is above the second where there is none.
        """
        low, high = self.printed - _HALF, self.printed + _HALF
        unit = self.at(1)
        ends = (unit / high, unit / low) if self.form == "seconds_per_item" else (low / unit, high / unit)
        return max(ceil(ends[0]), self.published.sample), min(floor(ends[1]), LARGEST_WHOLE)


@dataclass(frozen=True)
class Agreement:
    """What a finding says of the published figures: exact counts, a table, sentences."""

    counts: tuple[Value, ...] = ()
    tables: tuple[Table, ...] = ()
    sentences: tuple[Text, ...] = ()


def figure_at(total: Fraction, period: Period | None, form: str) -> Fraction:
    """A total as itself, per minute of a period, or as seconds for each item (Y, Y/minutes, seconds/Y)."""
    if form == "total":
        return total
    if period is None:
        raise ValueError("a rate needs a period")
    seconds = Fraction(period.end_us - period.start_us, MICROSECONDS_PER_SECOND)
    return total * SECONDS_PER_MINUTE / seconds if form == "per_minute" else seconds / total


def published_figures(inquiry: Inquiry) -> list[PublishedFigure]:
    """The printed figures that the question names, each with its class's count.

    Raises:
        MeasureError: A class without hits, or without a period where the figure is a rate.
    """
    return [_figure(inquiry, record) for record in inquiry.parameters.get("published", ())]


def consistent_populations(figures: Sequence[PublishedFigure]) -> tuple[int, int]:
    """The smallest and largest N for which every figure prints as it was printed; none where low > high."""
    ranges = [figure.populations() for figure in figures]
    return max(low for low, _ in ranges), min(high for _, high in ranges)


def agree_in(figures: Sequence[PublishedFigure], period: Period) -> bool:
    """Whether the figures would agree for some population if the period were another."""
    moved = [replace(figure, published=replace(figure.published, period=period)) for figure in figures]
    low, high = consistent_populations(moved)
    return low <= high


def agreement(inquiry: Inquiry, population: int) -> Agreement:
    """Whether the published figures agree; nothing where the question names none."""
    figures = published_figures(inquiry)
    if not figures:
        return Agreement()
    low, high = consistent_populations(figures)
    number = max(0, high - low + 1)
    sentences = [inquiry.text(_SENTENCES.get(number, "agreement_many"), figures=_listed(inquiry, figures))]
    if number and not low <= population <= high:
        sentences.append(inquiry.text("agreement_elsewhere"))
    rows = [_row(inquiry, figure, population) for figure in figures]
    return Agreement(
        counts=_counts(inquiry, figures, low, high),
        tables=(inquiry.table("published-figures", _COLUMNS, rows),),
        sentences=tuple(sentences),
    )


def _figure(inquiry: Inquiry, record: dict[str, Any]) -> PublishedFigure:
    form = next(form for form in FORMS if form in record)
    published = published_count(inquiry, record["class"])
    if not published.hits or (form != "total" and published.period is None):
        raise inquiry.fail(f"the published figure of '{published.class_name}' needs hits and a period")
    return PublishedFigure(published, form, record[form])


def _counts(inquiry: Inquiry, figures: Sequence[PublishedFigure], low: int, high: int) -> tuple[Value, ...]:
    """The figures as printed, and how many populations they allow."""
    unit = inquiry.parameters["unit"]
    printed = [_printed(inquiry, figure, f"published_{at}") for at, figure in enumerate(figures, start=1)]
    numbers = [("populations_consistent", max(0, high - low + 1), "number")]
    if low <= high:
        numbers += [("population_lowest", low, unit), ("population_highest", high, unit)]
    return (
        *printed,
        *(count(name, inquiry.text(f"label_{name}"), number, in_unit) for name, number, in_unit in numbers),
    )


def _printed(inquiry: Inquiry, figure: PublishedFigure, name: str) -> Value:
    return Value(
        name=name,
        label=_label(inquiry, figure),
        estimate=figure.printed,
        unit=_unit(inquiry, figure),
        status="declared",
        sources=(figure.published.source,),
    )


def _listed(inquiry: Inquiry, figures: Sequence[PublishedFigure]) -> Text:
    """The printed figures in one phrase; glosses are left to the table, for the classes repeat."""
    phrases = []
    for at, figure in enumerate(figures, start=1):
        quotes = {
            "number": reference(f"published_{at}"),
            "things": things(inquiry, _unit(inquiry, figure)),
            "class": inquiry.quoted(figure.published.class_name),
        }
        phrases.append(inquiry.text(f"printed_{figure.form}", **quotes))
    return listed(phrases)


def _row(inquiry: Inquiry, figure: PublishedFigure, population: int) -> Row:
    label, sources = _label(inquiry, figure), (figure.published.source,)
    recomputed = float(figure.at(population))
    low, high = figure.populations()
    ends = (("population_from", low), ("population_to", high))
    unit = inquiry.parameters["unit"]
    return Row(
        label,
        (
            _printed(inquiry, figure, "printed"),
            Value("recomputed", label, recomputed, _unit(inquiry, figure), sources=sources),
            inquiry.verdict(low <= population <= high),
            *(count(name, label, end, unit, sources) if low <= high else None for name, end in ends),
        ),
    )


def _label(inquiry: Inquiry, figure: PublishedFigure) -> Text:
    quotes = {
        "things": things(inquiry, _unit(inquiry, figure) if figure.form == "seconds_per_item" else None),
        "class": class_words(inquiry, figure.published.class_name),
    }
    return inquiry.text(f"label_{figure.form}", **quotes)


def _unit(inquiry: Inquiry, figure: PublishedFigure) -> str:
    unit: str = inquiry.parameters["unit"]
    return unit if figure.form == "total" else rate_unit(unit, figure.form)
