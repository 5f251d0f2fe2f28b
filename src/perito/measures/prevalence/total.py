"""The total of a class: N k/n with the exact finite-population interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.findings import Finding, Row, Value
from perito.findings.charts import interval_chart
from perito.measures.prevalence.agreement import agreement
from perito.measures.prevalence.answering import by_population, parts, total_value, words
from perito.measures.prevalence.label_error import specificity_table
from perito.measures.prevalence.published import PublishedCount, published_count
from perito.stats.proportion import clopper_pearson, wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.findings import Chart
    from perito.measures.inquiry import Inquiry


def answer(inquiry: Inquiry) -> Finding:
    """The estimated total with its interval, or only the share where the population is unknown (R2)."""
    published = published_count(inquiry, inquiry.parameters["class"])
    if published.population is None:
        return _share_only(inquiry, published)
    total = total_value(inquiry, published, published.population)
    figures = agreement(inquiry, published.population)
    shared = parts(inquiry, published)
    counts = (*shared.pop("counts"), *figures.counts)
    ends = by_population(
        inquiry, published, "total", lambda population: total_value(inquiry, published, population)
    )
    sweep = (specificity_table(inquiry, published, published.population),) if published.hits else ()
    return inquiry.finding(
        **{**shared, "conditions": (*shared["conditions"], *figures.sentences)},
        status="conditional",
        headline=inquiry.text(
            "headline_total" if published.hits else "headline_total_zero", **words(inquiry, published)
        ),
        values=(total, *_share_values(inquiry, published)),
        counts=counts,
        series=figures.tables,
        sensitivity=(*ends, *sweep),
        chart=_chart(inquiry, published, total, [row for table in ends for row in table.rows]),
    )


def _share_values(inquiry: Inquiry, published: PublishedCount) -> tuple[Value, ...]:
    """The share of the sample with its Clopper-Pearson and its Wilson interval (estimators 1 and 2)."""
    level = inquiry.parameters["level"]
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
        for name, method in (("share", clopper_pearson), ("share_wilson", wilson))
    )


def _chart(inquiry: Inquiry, published: PublishedCount, total: Value, rows: Sequence[Row]) -> Chart:
    """The total as stated and at both ends of the range of N."""
    ends = [(row.label, cell) for row in rows for cell in row.cells[:1] if isinstance(cell, Value)]
    axis = inquiry.text("axis_total", **words(inquiry, published))
    return interval_chart([(inquiry.text("row_headline"), total), *ends], axis, {})


def _share_only(inquiry: Inquiry, published: PublishedCount) -> Finding:
    return inquiry.finding(
        **parts(inquiry, published),
        status="conditional",
        headline=inquiry.text("headline_share_only", **words(inquiry, published)),
        values=_share_values(inquiry, published),
    )
