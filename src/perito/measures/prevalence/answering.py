"""What every answer from a published count has in common: its parts, its number of items, its conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perito.errors import nearest
from perito.findings import Row, Table, Text, Value
from perito.measures.inquiry import count
from perito.measures.prevalence.published import class_words, things
from perito.stats.proportion import exact_total

if TYPE_CHECKING:
    from collections.abc import Callable

    from perito.measures.inquiry import Inquiry
    from perito.measures.prevalence.published import PublishedCount


def words(inquiry: Inquiry, published: PublishedCount) -> dict[str, str | Text]:
    """What the sentences about a class need: what is counted, and the class."""
    return {"things": things(inquiry), "class": class_words(inquiry, published.class_name)}


def parts(inquiry: Inquiry, published: PublishedCount) -> dict[str, Any]:
    """Scope, definition, counts and conditions of a finding on a published count.

    Raises:
        MeasureError: A gloss for a class that the question does not name.
    """
    _check_glosses(inquiry)
    return {
        "scope": inquiry.scope(
            platform=published.platform, period=published.period, population=published.frame
        ),
        "definition": _locked_definition(inquiry, published),
        "counts": _counts(inquiry, published),
        "conditions": _conditions(inquiry, published),
    }


def total_value(inquiry: Inquiry, published: PublishedCount, population: int) -> Value:
    """N k/n and its interval by inverting the hypergeometric (estimator 4)."""
    return Value(
        name="total",
        label=inquiry.text("label_total", **words(inquiry, published)),
        estimate=float(published.share * population),
        unit=inquiry.parameters["unit"],
        interval=exact_total(published.hits, published.sample, population, inquiry.parameters["level"]),
        status="conditional",
        sources=(published.source,),
    )


def by_population(
    inquiry: Inquiry, published: PublishedCount, column: str, value_at: Callable[[int], Value]
) -> tuple[Table, ...]:
    """A number at both ends of the stated range of N; nothing where the question states none.

    Raises:
        MeasureError: An end that is smaller than the sample.
    """
    ends = inquiry.parameters.get("population_range", ())
    if any(end < published.sample for end in ends):
        raise inquiry.fail(
            "the population is smaller than the sample", expected=f">= {published.sample}", found=str(ends[0])
        )
    label, unit = inquiry.text("label_population"), inquiry.parameters["unit"]
    rows = [
        Row(inquiry.text(f"row_population_{name}"), (value_at(end), count("population", label, end, unit)))
        for name, end in zip(("low", "high"), ends, strict=False)
    ]
    return (inquiry.table("population", (column, "population"), rows),) if rows else ()


def _check_glosses(inquiry: Inquiry) -> None:
    asked = inquiry.parameters
    named = {
        asked["class"],
        asked.get("second_class"),
        *(record["class"] for record in asked.get("published", ())),
    }
    for name in asked.get("class_gloss", {}):
        if name not in named:
            remedy = nearest(name, [known for known in named if known])
            raise inquiry.fail(f"the class '{name}' has a gloss but is not asked about", remedy=remedy)


def _locked_definition(inquiry: Inquiry, published: PublishedCount) -> Text:
    """The measure's definition with the class definition that the number is locked to."""
    quotes: dict[str, str | Text] = {
        "study": published.study,
        "class": class_words(inquiry, published.class_name),
        "class_definition": inquiry.quoted(published.definition),
    }
    return inquiry.catalogue.definition.quoting(**quotes)


def _counts(inquiry: Inquiry, published: PublishedCount) -> tuple[Value, ...]:
    """Hits, sample size and population as exact counts."""
    numbers = {"hits": published.hits, "sample": published.sample, "population": published.population}
    return tuple(
        count(name, inquiry.text(f"label_{name}"), number, inquiry.parameters["unit"], (published.source,))
        for name, number in numbers.items()
        if number is not None
    )


def _conditions(inquiry: Inquiry, published: PublishedCount) -> tuple[Text, ...]:
    quoted = inquiry.quoted
    conditions = [
        inquiry.text("condition_labels", method=quoted(published.label_method)),
        inquiry.text("condition_sampling", sampling=quoted(published.sampling)),
    ]
    if published.population is not None:
        conditions.append(inquiry.text("condition_population", basis=quoted(published.population_basis)))
        if published.is_population_derived:
            conditions.append(inquiry.text("condition_derived"))
    if not published.is_verified:
        class_ = class_words(inquiry, published.class_name)
        conditions.append(
            inquiry.text("condition_unverified", note=quoted(published.note), **{"class": class_})
        )
    return tuple(conditions)
