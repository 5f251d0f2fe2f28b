"""Does the sample show "more than T"? The exact test of a claimed total (estimator 18, refusal R6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.findings import Column, Finding, Row, Table, Value
from perito.measures.inquiry import count
from perito.measures.prevalence.published import (
    PublishedCount,
    base_conditions,
    base_counts,
    locked_definition,
    published_count,
    scope_of,
    things,
)
from perito.measures.prevalence.total import total_value
from perito.stats.interval import half_alpha
from perito.stats.proportion import claim_p

if TYPE_CHECKING:
    from perito.measures.inquiry import Inquiry


def answer(inquiry: Inquiry) -> Finding:
    """The chance of a sample like this or a stronger one if the total were T, and whether "more than T" follows.

    "More than T" is said exactly when T lies below the two-sided interval: p at most (1 - level)/2.
    """
    published = published_count(inquiry, inquiry.parameters["class"])
    claimed = inquiry.parameters.get("claim")
    if claimed is None:
        raise inquiry.fail("the question tests a claim and names none", remedy="set parameters.claim")
    if published.population is None:
        return inquiry.refusal(inquiry.text("refusal_claim"), counts=base_counts(inquiry, published))
    if claimed > published.population:
        raise inquiry.fail("the claim exceeds the population", expected=f"<= {published.population}", found=str(claimed))
    p_value = p_of(inquiry, published, published.population, claimed)
    threshold = float(half_alpha(inquiry.parameters["level"]))
    shown = p_value.estimate is not None and p_value.estimate <= threshold
    words = {"things": things(inquiry), "class": published.class_name}
    return inquiry.finding(
        scope=scope_of(inquiry, published),
        definition=locked_definition(inquiry, published),
        status="conditional",
        headline=inquiry.text("headline_claim_shown" if shown else "headline_claim_not_shown", **words),
        values=(
            p_value,
            total_value(inquiry, published, published.population),
            Value("threshold", inquiry.text("label_threshold"), threshold, "probability"),
        ),
        counts=(
            *base_counts(inquiry, published),
            count("claimed", inquiry.text("label_claimed"), claimed, inquiry.parameters["unit"]),
        ),
        conditions=base_conditions(inquiry, published),
        sensitivity=_by_population(inquiry, published, claimed),
    )


def p_of(inquiry: Inquiry, published: PublishedCount, population: int, claimed: int) -> Value:
    """P(X >= k), X hypergeometric with T items of the class in a population of N."""
    return Value(
        name="p_value",
        label=inquiry.text("label_p_value"),
        estimate=claim_p(published.hits, published.sample, population, claimed),
        unit="probability",
        status="exact",
        is_exact=False,
        sources=(published.source,),
    )


def _by_population(inquiry: Inquiry, published: PublishedCount, claimed: int) -> tuple[Table, ...]:
    ends = inquiry.parameters.get("population_range")
    if not ends:
        return ()
    rows = tuple(
        Row(
            inquiry.text(f"row_population_{name}"),
            (
                p_of(inquiry, published, end, claimed),
                Value("population", inquiry.text("label_population"), end, inquiry.parameters["unit"]),
            ),
        )
        for name, end in zip(("low", "high"), ends, strict=True)
    )
    columns = (
        Column("p_value", inquiry.text("label_p_value")),
        Column("population", inquiry.text("label_population")),
    )
    return (Table("population", inquiry.text("title_population"), columns, rows, note=inquiry.text("note_population")),)
