"""What label error does to a total: specificity by specificity (Rogan-Gladen, known rates; refusal R3)."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from perito.findings import Finding, Row, Table, Text, Value
from perito.findings.charts import band_chart
from perito.measures.prevalence.answering import parts, words
from perito.measures.prevalence.published import PublishedCount, published_count
from perito.stats.interval import Interval, as_written
from perito.stats.misclassification import specificity_where_all_could_be_errors
from perito.stats.proportion import clopper_pearson, exact_total

if TYPE_CHECKING:
    from perito.findings import Chart
    from perito.measures.inquiry import Inquiry

_LEAST_INFORMATIVE = Fraction(1, 10)  # Se + Sp - 1 at or below which labels say too little (refusal R4)


def answer(inquiry: Inquiry) -> Finding:
    """The specificity at which every hit could be an error, and the total at each specificity asked about."""
    published = published_count(inquiry, inquiry.parameters["class"])
    shared, spoken = parts(inquiry, published), words(inquiry, published)
    if published.population is None:
        return inquiry.refusal(inquiry.text("refusal_population"), **shared)
    table = specificity_table(inquiry, published, published.population)
    if not published.hits:
        reason = inquiry.text("refusal_no_hits", **spoken)
        return inquiry.refusal(reason, **shared, sensitivity=(table,))
    return inquiry.finding(
        **shared,
        status="conditional",
        headline=inquiry.text("headline_label_error", **spoken),
        values=(_threshold(inquiry, published),),
        sensitivity=(table,),
        chart=_chart(inquiry, published, table),
    )


def _threshold(inquiry: Inquiry, published: PublishedCount) -> Value:
    """1 - k/n: below it, labels with no true hit at all would give this many hits by error alone."""
    share = clopper_pearson(published.hits, published.sample, inquiry.parameters["level"])
    return Value(
        name="specificity_where_all_could_be_errors",
        label=inquiry.text("label_all_errors"),
        estimate=specificity_where_all_could_be_errors(published.hits, published.sample),
        unit="specificity",
        interval=Interval(1 - share.high, 1 - share.low, share.level, share.method),
        status="conditional",
        is_exact=False,
        sources=(published.source,),
    )


def specificity_table(inquiry: Inquiry, published: PublishedCount, population: int) -> Table:
    """The corrected total at each specificity asked about, with the sensitivity that the question assumes."""
    label = inquiry.text("label_specificity")
    rows = [
        Row(
            inquiry.text("row_specificity"),
            (
                Value("specificity", label, specificity, "specificity"),
                _corrected(inquiry, published, population, specificity),
            ),
        )
        for specificity in inquiry.parameters["specificities"]
    ]
    return inquiry.table("specificity", ("specificity", "total"), rows)


def _corrected(
    inquiry: Inquiry, published: PublishedCount, population: int, specificity: float
) -> Value | Text:
    """N (k/n + Sp - 1)/(Se + Sp - 1), the exact interval's ends alike; words where no number can be said."""
    se, sp = as_written(inquiry.parameters["sensitivity"]), as_written(specificity)
    if se + sp - 1 <= _LEAST_INFORMATIVE:
        return inquiry.text("refusal_labels")
    ends = exact_total(published.hits, published.sample, population, inquiry.parameters["level"])

    def corrected(total: Fraction) -> Fraction:
        return (total - population * (1 - sp)) / (se + sp - 1)

    low, high = corrected(Fraction(ends.low)), corrected(Fraction(ends.high))
    if low <= 0:
        return inquiry.text("refusal_zero")
    if low > population:
        return inquiry.text("refusal_impossible")
    method = f"{ends.method}; Rogan-Gladen, rates taken as known"
    return Value(
        name="total",
        label=inquiry.text("label_total", **words(inquiry, published)),
        estimate=float(min(corrected(published.share * population), Fraction(population))),
        unit=inquiry.parameters["unit"],
        interval=Interval(float(low), float(min(high, Fraction(population))), ends.level, method),
        status="conditional",
        sources=(published.source,),
    )


def _chart(inquiry: Inquiry, published: PublishedCount, table: Table) -> Chart:
    """The corrected total over the specificity, where it can be said."""
    points = [
        (float(at.estimate), total)
        for at, total in (row.cells for row in table.rows)
        if isinstance(at, Value) and at.estimate is not None and isinstance(total, Value)
    ]
    axis = inquiry.text("axis_total", **words(inquiry, published))
    return band_chart(points, inquiry.text("label_specificity"), axis, {})
