"""The total of a class: N k/n with the exact finite-population interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.findings import Column, Finding, Row, Table, Value
from perito.findings.charts import interval_chart
from perito.measures.prevalence.agreement import agreement
from perito.measures.prevalence.label_error import specificity_table
from perito.measures.prevalence.published import (
    PublishedCount,
    base_conditions,
    base_counts,
    locked_definition,
    published_count,
    scope_of,
    things,
)
from perito.stats.proportion import clopper_pearson, exact_total, wilson

if TYPE_CHECKING:
    from perito.measures.inquiry import Inquiry


def answer(inquiry: Inquiry) -> Finding:
    """The estimated total with its interval, or only the share where the population is unknown (R2)."""
    published = published_count(inquiry, inquiry.parameters["class"])
    shared = {
        "scope": scope_of(inquiry, published),
        "definition": locked_definition(inquiry, published),
        "conditions": base_conditions(inquiry, published),
    }
    if published.population is None:
        return _share_only(inquiry, published, shared)
    total = total_value(inquiry, published, published.population)
    figures, tables, sentences = agreement(inquiry, published.population)
    counts = (*base_counts(inquiry, published), *figures)
    by_population = _by_population(inquiry, published)
    sensitivity = (*by_population, specificity_table(inquiry, published, published.population))
    numbers = {value.name: value for value in (total, *counts)}
    words = {"things": things(inquiry), "class": published.class_name}
    return inquiry.finding(
        **{**shared, "conditions": (*shared["conditions"], *sentences)},
        status="conditional",
        headline=inquiry.text("headline_total", **words),
        values=(total, *share_values(inquiry, published)),
        counts=counts,
        series=tables,
        sensitivity=sensitivity,
        chart=interval_chart(
            [(inquiry.text("row_headline"), total), *((row.label, row.cells[0]) for t in by_population for row in t.rows)],
            inquiry.text("axis_total", **words),
            numbers,
        ),
    )


def total_value(inquiry: Inquiry, published: PublishedCount, population: int, name: str = "total") -> Value:
    """N k/n and its interval by inverting the hypergeometric (estimator 4)."""
    interval = exact_total(published.hits, published.sample, population, inquiry.parameters["level"])
    return Value(
        name=name,
        label=inquiry.text("label_total", things=things(inquiry)),
        estimate=published.total_at(population),
        unit=inquiry.parameters["unit"],
        interval=interval,
        status="conditional",
        sources=(published.source,),
    )


def share_values(inquiry: Inquiry, published: PublishedCount) -> tuple[Value, ...]:
    """The share of the sample with its Clopper-Pearson and its Wilson interval (estimators 1 and 2)."""
    level = inquiry.parameters["level"]
    methods = (("share", clopper_pearson), ("share_wilson", wilson))
    return tuple(
        Value(
            name=name,
            label=inquiry.text(f"label_{name}"),
            estimate=float(published.share),
            unit="share",
            interval=method(published.hits, published.sample, level),
            status="conditional",
            is_exact=False,
            sources=(published.source,),
        )
        for name, method in methods
    )


def _by_population(inquiry: Inquiry, published: PublishedCount) -> tuple[Table, ...]:
    """The total at both ends of the stated range of N; nothing where the question states none."""
    ends = inquiry.parameters.get("population_range")
    if not ends:
        return ()
    for end in ends:
        if end < published.sample:
            raise inquiry.fail("the population is smaller than the sample", expected=f">= {published.sample}", found=str(end))
    rows = tuple(
        Row(
            inquiry.text(f"row_population_{name}"),
            (
                total_value(inquiry, published, end),
                Value("population", inquiry.text("label_population"), end, inquiry.parameters["unit"]),
            ),
        )
        for name, end in zip(("low", "high"), ends, strict=True)
    )
    columns = (
        Column("total", inquiry.text("column_total")),
        Column("population", inquiry.text("label_population")),
    )
    return (
        Table("population", inquiry.text("title_population"), columns, rows, note=inquiry.text("note_population")),
    )


def _share_only(inquiry: Inquiry, published: PublishedCount, shared: dict[str, object]) -> Finding:
    return inquiry.finding(
        **shared,
        status="conditional",
        headline=inquiry.text("headline_share_only", things=things(inquiry), **{"class": published.class_name}),
        values=share_values(inquiry, published),
        counts=base_counts(inquiry, published),
    )
