"""The tables that stand with findings on own labels: design, strata, label book, agreement, error rates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from perito.clock import iso
from perito.findings import Cell, Row, Table, Text, Value, verbatim
from perito.measures.inquiry import count
from perito.measures.sampled.readings import items_in
from perito.measures.sampled.words import class_record, lines_of, meaning
from perito.stats.proportion import clopper_pearson

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from perito.measures.inquiry import Inquiry
    from perito.measures.sampled.agreement import Agreement
    from perito.measures.sampled.design import Design
    from perito.measures.sampled.label_error import ErrorRates
    from perito.measures.sampled.study import Fill, Study
    from perito.stats.interval import Estimate


_BASES = ("basis_counted_posts", "basis_counted_media")


def design_table(inquiry: Inquiry, design: Design, early: int) -> Table:
    """What was fixed before the first label was read; `early` counts labels older than the registration."""
    rows = [
        Row(inquiry.text(f"fact_{name}"), (cell,))
        for name, cell in _facts(inquiry, design, early)
        if cell is not None
    ]
    return inquiry.table("design", ("fixed",), rows)


def _facts(inquiry: Inquiry, design: Design, early: int) -> Iterator[tuple[str, Cell]]:
    yield "design_id", design.id
    yield "registered", inquiry.verdict(design.is_registered and not early)
    yield "registered_at", None if design.registered_at_us is None else iso(design.registered_at_us)
    yield "frame", design.frame
    yield "population", _number(inquiry, "population", design.population)
    yield "population_basis", _translated(inquiry, design.population_basis, _BASES)
    if design.period:
        yield "window", " / ".join((iso(design.period.start_us), iso(design.period.end_us)))
    yield "book", " ".join(design.book) if design.book else None
    yield "method", meaning("draw_method", design.method)
    yield "allocation", _translated(inquiry, design.allocation, ("allocation_half",))
    yield "interval_method", design.interval_method
    yield "planned", _number(inquiry, "planned", design.planned)
    yield "drawn", _number(inquiry, "sample", design.drawn)
    yield "stopping", meaning("stopping_rule", design.stopping) if design.is_registered else None
    yield "minimum_alpha", _setting(inquiry, "minimum_alpha", design, design.minimum_alpha, "probability")
    yield (
        "second_readings",
        _setting(inquiry, "second_readings", design, design.second_reading_share, "share"),
    )
    yield "weight", design.weight
    yield "seed", design.seed
    yield "replaces", design.replaces
    yield "reason", design.reason


def _translated(inquiry: Inquiry, sealed: str | None, keys: Iterable[str]) -> Text | str | None:
    """Words that the program itself seals, in both languages; anything else as it was sealed."""
    least = next(iter(re.findall(r"\d+", sealed or "")), "")
    known = (inquiry.text(key, least=least) for key in keys)
    return next((text for text in known if text.plain("en", {}) == sealed), sealed)


def _number(inquiry: Inquiry, name: str, number: int | None) -> Value | None:
    return None if number is None else count(name, inquiry.text(f"label_{name}"), number, "items")


def _setting(inquiry: Inquiry, name: str, design: Design, number: float, unit: str) -> Value | None:
    return Value(name, inquiry.text(f"fact_{name}"), number, unit) if design.is_registered else None


def strata_table(study: Study) -> Table | None:
    """Population, draws, values and positives of each stratum, lowest scores first; None for a single one."""
    inquiry, design = study.inquiry, study.design
    if len(design.strata) == 1:
        return None
    columns = ("held", "drawn", "decided", "hits")
    rows = []
    for at, stratum in enumerate(design.strata, start=1):
        found, by = study.of_stratum(stratum), "first" if study.rule == "first" else "final"
        numbers = (
            stratum.population,
            stratum.drawn,
            items_in(found, "yes", "no", by=by),  # type: ignore[arg-type]
            items_in(found, "yes", by=by),  # type: ignore[arg-type]
        )
        label = verbatim(stratum.name or f"{at}")
        cells = tuple(
            None if number is None else count(name, inquiry.text(f"column_{name}"), number, "items")
            for name, number in zip(columns, numbers, strict=True)
        )
        rows.append(Row(label, cells))
    return inquiry.table("strata", columns, rows)


def book_table(inquiry: Inquiry, design: Design, classes: Iterable[str]) -> Table | None:
    """The written definitions, clause by clause in each language; None where none are sealed."""
    rows = []
    for name in classes:
        for language, record in sorted(class_record(inquiry, design, name).items()):
            label = verbatim(f"{record['title']} ({language})")
            rows += [Row(label, (clause,)) for clause in lines_of(record["definition"])]
    return inquiry.table("book", ("clause",), rows) if rows else None


def agreement_table(inquiry: Inquiry, agreement: Agreement) -> Table | None:
    """Every measure of agreement with its interval; None where there is nothing to judge."""
    if not agreement.estimates:
        return None
    rows = [
        Row(inquiry.text(f"agreement_{name}"), (agreement_value(inquiry, name, found),))
        for name, found in agreement.estimates.items()
    ]
    return inquiry.table("agreement", ("agreement",), rows)


def agreement_value(inquiry: Inquiry, name: str, found: Estimate | None) -> Value:
    """A measure of agreement as a number of the finding."""
    label = inquiry.text(f"agreement_{name}")
    unit = "probability" if name in {"alpha", "ac1"} else "share"
    if found is None:
        return Value(name, label, None, unit, status="cannot_say")
    return Value(name, label, found.value, unit, found.interval, "estimated", is_exact=False)


def rates_table(study: Study) -> Table | None:
    """Sensitivity and specificity with their own sample sizes; None without readings of known answers."""
    return rates_of(study.inquiry, study.rates, study.level)


def rates_of(inquiry: Inquiry, rates: ErrorRates, level: float) -> Table | None:
    """Error rates with their intervals and sample sizes; None where nothing of known answer was read."""
    sides = {
        "sensitivity": (rates.positives, rates.positive_readings, rates.hits),
        "specificity": (rates.negatives, rates.negative_readings, rates.rejections),
    }
    rows = []
    for name, (items, readings, right) in sides.items():
        if not readings:
            continue
        label = inquiry.text(f"rate_{name}")
        ends = clopper_pearson(right * items // readings, items, level)
        rate = Value(name, label, right / readings, "specificity", ends, "estimated", is_exact=False)
        numbers = {"items": items, "readings": readings, "right": right}
        counted = tuple(
            count(key, inquiry.text(f"column_{key}"), number, "items" if key == "items" else "number")
            for key, number in numbers.items()
        )
        rows.append(Row(label, (rate, *counted)))
    return inquiry.table("rates", ("rate", "items", "readings", "right"), rows) if rows else None


def audit_table(study: Study) -> Table | None:
    """What further readings made of first ones: their own numbers, on both sides; None if none were made."""
    if study.error_by != "second-readings":
        return None
    inquiry, rows = study.inquiry, []
    for name in ("yes", "other"):
        found = [o for o in study.outcomes if o.readings and (o.first == "yes") == (name == "yes")]
        again = [outcome for outcome in found if outcome.is_second]
        numbers = {
            "items": sum(outcome.items for outcome in found),
            "again": sum(outcome.items for outcome in again),
            "hits": items_in(again, "yes"),
            "rejected": items_in(again, "no"),
            "undecided": items_in(again, "undecided"),
        }
        cells = tuple(
            count(key, inquiry.text(f"column_{key}"), number, "items") for key, number in numbers.items()
        )
        rows.append(Row(inquiry.text(f"row_first_{name}"), cells))
    return inquiry.table("audit", ("items", "again", "hits", "rejected", "undecided"), rows)


def bounds_table(study: Study, column: str, value_of: Mapping[Fill, Value]) -> Table | None:
    """The number if every item without a value were negative, and if every one were positive."""
    if study.decided == study.design.drawn:
        return None
    inquiry = study.inquiry
    rows = [Row(inquiry.text(f"row_all_{fill}"), (value,)) for fill, value in value_of.items()]
    return inquiry.table("bounds", (column,), rows)


def present(tables: Sequence[Table | None]) -> tuple[Table, ...]:
    """The tables that there are."""
    return tuple(table for table in tables if table is not None and table.rows)


def text_list(texts: Iterable[Text | None]) -> tuple[Text, ...]:
    """The sentences that apply."""
    return tuple(text for text in texts if text is not None)
