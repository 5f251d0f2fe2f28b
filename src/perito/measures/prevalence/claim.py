"""Does the sample show "more than T"? The exact test of a claimed total (estimator 18, refusal R6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.findings import Finding, Value
from perito.measures.inquiry import count
from perito.measures.prevalence.answering import by_population, parts, total_value, words
from perito.measures.prevalence.published import PublishedCount, published_count
from perito.stats.interval import half_alpha
from perito.stats.proportion import claim_p

if TYPE_CHECKING:
    from perito.measures.inquiry import Inquiry


def answer(inquiry: Inquiry) -> Finding:
    """The chance of such a sample or a stronger one if the total were T, and whether "more than T" follows.

    "More than T" is said exactly when T lies below the two-sided interval: p at most (1 - level)/2.

    Raises:
        MeasureError: The claim exceeds the population.
    """
    published = published_count(inquiry, inquiry.parameters["class"])
    shared, population = parts(inquiry, published), published.population
    if population is None:
        return inquiry.refusal(inquiry.text("refusal_population"), **shared)
    p_value = _p_value(inquiry, published, population)
    threshold = float(half_alpha(inquiry.parameters["level"]))
    shown = p_value.estimate is not None and p_value.estimate <= threshold
    claimed = count(
        "claimed", inquiry.text("label_claimed"), inquiry.parameters["claim"], inquiry.parameters["unit"]
    )
    return inquiry.finding(
        **{**shared, "counts": (*shared["counts"], claimed)},
        status="conditional",
        headline=inquiry.text(
            "headline_claim_shown" if shown else "headline_claim_not_shown", **words(inquiry, published)
        ),
        values=(
            p_value,
            total_value(inquiry, published, population),
            Value("threshold", inquiry.text("label_threshold"), threshold, "probability"),
        ),
        does_not_show=(inquiry.text("limit_p_value"),),
        sensitivity=by_population(
            inquiry, published, "p_value", lambda end: _p_value(inquiry, published, end)
        ),
    )


def _p_value(inquiry: Inquiry, published: PublishedCount, population: int) -> Value:
    """P(X >= k), X hypergeometric with T items of the class in a population of N."""
    claimed = inquiry.parameters["claim"]
    if claimed > population:
        raise inquiry.fail(
            "the claim exceeds the population", expected=f"<= {population}", found=str(claimed)
        )
    return Value(
        name="p_value",
        label=inquiry.text("label_p_value"),
        estimate=claim_p(published.hits, published.sample, population, claimed),
        unit="probability",
        status="exact",
        is_exact=False,
        sources=(published.source,),
    )
