"""Do the published figures agree with each other, and for which population sizes?

Each published total or rate, printed as a whole number, pins the population N to a range once k and n
are known: a total T printed from N k/n means T - 1/2 <= N k/n <= T + 1/2. The figures agree if the
ranges meet in at least one whole number. Exact rationals throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from perito.clock import MICROSECONDS_PER_SECOND
from perito.findings import Column, Row, Table, Text, Value
from perito.findings.value import rate_unit
from perito.measures.inquiry import count
from perito.measures.prevalence.published import PublishedCount, published_count

if TYPE_CHECKING:
    from perito.measures.inquiry import Inquiry

_HALF = Fraction(1, 2)
_SECONDS_PER_MINUTE = 60
_FORMS = ("total", "per_minute", "seconds_per_item")


@dataclass(frozen=True)
class PublishedFigure:
    """A figure that the study printed for a class: a total, a rate per minute, or seconds per item."""

    published: PublishedCount
    form: str
    printed: int

    def at(self, population: int | Fraction) -> Fraction:
        """The figure that the sample gives for a population, before rounding."""
        total = self.published.share * population
        if self.form == "total":
            return total
        if self.published.period is None:
            raise ValueError("a rate needs a window")
        seconds = Fraction(self.published.period.end_us - self.published.period.start_us, MICROSECONDS_PER_SECOND)
        return total * _SECONDS_PER_MINUTE / seconds if self.form == "per_minute" else seconds / total

    def populations(self) -> tuple[int, int]:
        """The smallest and largest whole N for which the figure prints as it was printed."""
        low, high = (self.printed - _HALF, self.printed + _HALF)
        unit = self.at(1)
        if self.form == "seconds_per_item":
            return ceil(unit / high), floor(unit / low)
        return ceil(low / unit), floor(high / unit)


def published_figures(inquiry: Inquiry) -> list[PublishedFigure]:
    """The printed figures that the question names, each with its class's count.

    Raises:
        MeasureError: A record that is not `{class, total | per_minute | seconds_per_item}`, or a class
            without hits or window.
    """
    return [_figure(inquiry, record) for record in inquiry.parameters.get("published", ())]


def _figure(inquiry: Inquiry, record: dict[str, Any]) -> PublishedFigure:
    forms = [key for key in record if key in _FORMS]
    form = forms[0] if len(forms) == 1 else ""
    printed = record.get(form)
    if set(record) != {"class", form} or not isinstance(printed, int) or isinstance(printed, bool) or printed < 1:
        raise inquiry.fail(
            "a published figure is wrong",
            expected=f"{{ class = \"..\", {' | '.join(_FORMS)} = a whole number }}",
            found=str(record)[:80],
        )
    published = published_count(inquiry, record["class"])
    if not published.hits or (form != "total" and published.period is None):
        raise inquiry.fail(f"the published figure of '{published.class_name}' needs hits and a window")
    return PublishedFigure(published, form, printed)


def agreement(inquiry: Inquiry, population: int) -> tuple[tuple[Value, ...], tuple[Table, ...], tuple[Text, ...]]:
    """Counts, table and sentence on whether the published figures agree; empty where none is named."""
    figures = published_figures(inquiry)
    if not figures:
        return (), (), ()
    low = max(figure.populations()[0] for figure in figures)
    high = min(figure.populations()[1] for figure in figures)
    consistent = max(0, high - low + 1)
    counts = [_printed(inquiry, figure, number) for number, figure in enumerate(figures, start=1)]
    counts.append(count("populations_consistent", inquiry.text("label_populations_consistent"), consistent, "number"))
    if consistent:
        unit = inquiry.parameters["unit"]
        counts.append(count("population_lowest", inquiry.text("label_population_lowest"), low, unit))
        counts.append(count("population_highest", inquiry.text("label_population_highest"), high, unit))
    kind = {0: "none", 1: "one", 2: "two"}.get(consistent, "many")
    sentence = inquiry.text(f"agreement_{kind}", figures=_listed(inquiry, figures))
    return tuple(counts), (_table(inquiry, figures, population),), (sentence,)


def _printed(inquiry: Inquiry, figure: PublishedFigure, number: int) -> Value:
    label = _row_label(inquiry, figure)
    source = (figure.published.source,)
    return Value(f"published_{number}", label, figure.printed, _unit(inquiry, figure), status="declared", sources=source)


def _listed(inquiry: Inquiry, figures: list[PublishedFigure]) -> Text:
    """The printed figures in one phrase."""
    phrases = {
        f"figure_{number}": inquiry.text(
            f"printed_{figure.form}",
            number=Text(f"{{published_{number}}}", f"{{published_{number}}}"),
            class_name=figure.published.class_name,
        )
        for number, figure in enumerate(figures, start=1)
    }
    joined = "; ".join(f"{{{name}}}" for name in phrases)
    return Text(joined, joined, phrases)


def _table(inquiry: Inquiry, figures: list[PublishedFigure], population: int) -> Table:
    columns = ("printed", "recomputed", "agrees", "population_from", "population_to")
    return Table(
        name="published-figures",
        title=inquiry.text("title_published_figures"),
        columns=tuple(Column(name, inquiry.text(f"column_{name}")) for name in columns),
        rows=tuple(_row(inquiry, figure, population) for figure in figures),
        note=inquiry.text("note_published_figures"),
    )


def _row(inquiry: Inquiry, figure: PublishedFigure, population: int) -> Row:
    unit, label, sources = _unit(inquiry, figure), _row_label(inquiry, figure), (figure.published.source,)
    low, high = figure.populations()
    return Row(
        label,
        (
            Value("printed", label, figure.printed, unit, status="declared", sources=sources),
            Value("recomputed", label, float(figure.at(population)), unit, sources=sources),
            inquiry.text("yes" if low <= population <= high else "no"),
            Value("population_from", label, low, "number", sources=sources),
            Value("population_to", label, high, "number", sources=sources),
        ),
    )


def _row_label(inquiry: Inquiry, figure: PublishedFigure) -> Text:
    return inquiry.text(f"row_{figure.form}", class_name=figure.published.class_name)


def _unit(inquiry: Inquiry, figure: PublishedFigure) -> str:
    unit: str = inquiry.parameters["unit"]
    return unit if figure.form == "total" else rate_unit(unit, figure.form)
