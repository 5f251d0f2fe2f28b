"""What label error does to a total: the sweep over specificity (Rogan-Gladen with known rates; refusal R3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.findings import Column, Finding, Row, Table, Text, Value
from perito.findings.charts import band_chart
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
from perito.stats.proportion import clopper_pearson, exact_total

if TYPE_CHECKING:
    from perito.measures.inquiry import Inquiry


def answer(inquiry: Inquiry) -> Finding:
    """The specificity at which every hit could be an error, and the total for each specificity asked about."""
    published = published_count(inquiry, inquiry.parameters["class"])
    if published.population is None:
        return inquiry.refusal(inquiry.text("refusal_claim"), counts=base_counts(inquiry, published))
    threshold = _threshold(inquiry, published)
    table = specificity_table(inquiry, published, published.population)
    counts = base_counts(inquiry, published)
    points = [
        (float(row.cells[0].estimate), row.cells[1])
        for row in table.rows
        if isinstance(row.cells[0], Value) and row.cells[0].estimate is not None and isinstance(row.cells[1], Value)
    ]
    words = {"things": things(inquiry), "class": published.class_name}
    return inquiry.finding(
        scope=scope_of(inquiry, published),
        definition=locked_definition(inquiry, published),
        status="conditional",
        headline=inquiry.text("headline_label_error", **words),
        values=(threshold,),
        counts=counts,
        conditions=base_conditions(inquiry, published),
        sensitivity=(table,),
        chart=band_chart(
            points,
            inquiry.text("label_specificity"),
            inquiry.text("axis_total", **words),
            {value.name: value for value in counts},
        ),
    )


def _threshold(inquiry: Inquiry, published: PublishedCount) -> Value:
    """1 - k/n: below it, labels with no true hit at all would give this many hits by error alone."""
    share = clopper_pearson(published.hits, published.sample, inquiry.parameters["level"])
    return Value(
        name="specificity_where_all_could_be_errors",
        label=inquiry.text("label_all_errors"),
        estimate=float(1 - published.share),
        unit="specificity",
        interval=Interval(1 - share.high, 1 - share.low, share.level, share.method),
        status="conditional",
        is_exact=False,
        sources=(published.source,),
    )


def specificity_table(inquiry: Inquiry, published: PublishedCount, population: int) -> Table:
    """The corrected total for each specificity asked about, with the sensitivity that the question assumes."""
    rows = tuple(
        Row(
            inquiry.text("row_specificity"),
            (
                Value("specificity", inquiry.text("label_specificity"), specificity, "specificity"),
                _corrected(inquiry, published, population, specificity),
            ),
        )
        for specificity in inquiry.parameters["specificities"]
    )
    columns = (
        Column("specificity", inquiry.text("label_specificity")),
        Column("total", inquiry.text("column_total")),
    )
    return Table("specificity", inquiry.text("title_specificity"), columns, rows, note=inquiry.text("note_specificity"))


def _corrected(inquiry: Inquiry, published: PublishedCount, population: int, specificity: float) -> Value | Text:
    """N (k/n + Sp - 1)/(Se + Sp - 1), the exact interval's ends transformed alike; words where it reaches zero."""
    sensitivity = inquiry.parameters["sensitivity"]
    informative = sensitivity + specificity - 1
    if informative <= _LEAST_INFORMATIVE:
        return inquiry.text("refusal_labels")
    ends = exact_total(published.hits, published.sample, population, inquiry.parameters["level"])

    def corrected(total: float) -> float:
        return (total - population * (1 - specificity)) / informative

    low = corrected(ends.low)
    if low <= 0:
        return inquiry.text("refusal_zero")
    high = min(corrected(ends.high), float(population))
    return Value(
        name="total",
        label=inquiry.text("label_total", things=things(inquiry)),
        estimate=min(corrected(published.total_at(population)), float(population)),
        unit=inquiry.parameters["unit"],
        interval=Interval(low, high, ends.level, f"{ends.method}; Rogan-Gladen, rates taken as known"),
        status="conditional",
        is_exact=False,
        sources=(published.source,),
    )


_LEAST_INFORMATIVE = 0.1  # Se + Sp - 1 at or below which labels say too little (refusal R4)
