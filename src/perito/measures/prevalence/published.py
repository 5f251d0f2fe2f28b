"""The published count of a class: k of n sampled items, from a population of N, in a window."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from perito.clock import Period
from perito.errors import nearest
from perito.findings import Scope, Source, Text, Value, verbatim
from perito.findings.value import unit_name
from perito.measures.inquiry import count
from perito.stats.interval import Interval

if TYPE_CHECKING:
    from perito.measures.inquiry import Inquiry

_QUERY = """
SELECT study, platform, class, value, base, population, population_basis, window_start_us, window_end_us,
       definition, sampling, label_method, reliability, note, evidence_id, locator
FROM counts
WHERE kind = 'count'
ORDER BY study, class, evidence_id, locator
"""


@dataclass(frozen=True)
class PublishedCount:
    """k hits in a sample of n from a population of N items, as a study published them.

    `population` is None where the study names none; `source` is the row's place in the evidence.
    """

    study: str
    platform: str | None
    class_name: str
    hits: int
    sample: int
    population: int | None
    population_basis: str | None
    period: Period | None
    definition: str | None
    sampling: str | None
    label_method: str | None
    is_verified: bool
    note: str | None
    source: Source

    @property
    def share(self) -> Fraction:
        """k/n, exactly."""
        return Fraction(self.hits, self.sample)

    def total_at(self, population: int) -> float:
        """N k/n for a population, correctly rounded."""
        return float(self.share * population)


def published_count(inquiry: Inquiry, class_name: str) -> PublishedCount:
    """The published count of a class, of the question's study where it names one.

    Raises:
        MeasureError: No such class or study, several that fit, or a row without k and n.
    """
    rows = inquiry.tables.rows(_QUERY)
    study = inquiry.parameters.get("study")
    if study:
        rows = _narrowed(inquiry, rows, "study", study)
    if inquiry.question.scope.platform:
        rows = _narrowed(inquiry, rows, "platform", inquiry.question.scope.platform)
    rows = _narrowed(inquiry, rows, "class", class_name)
    if len(rows) > 1:
        studies = ", ".join(sorted({row["study"] for row in rows}))
        raise inquiry.fail(f"several counts of '{class_name}' fit", found=studies, remedy="name the study")
    return _count(inquiry, rows[0])


def _narrowed(inquiry: Inquiry, rows: list[dict[str, Any]], column: str, name: str) -> list[dict[str, Any]]:
    fitting = [row for row in rows if row[column] == name]
    if not fitting:
        known = {str(row[column]) for row in rows}
        remedy = nearest(name, known) if known else "seal published counts first"
        raise inquiry.fail(f"no published count has the {column} '{name}'", remedy=remedy)
    return fitting


def _count(inquiry: Inquiry, row: dict[str, Any]) -> PublishedCount:
    if row["value"] is None or not row["base"]:
        raise inquiry.fail(f"the count of '{row['class']}' has no hits or no sample size", found=row["locator"])
    window = (row["window_start_us"], row["window_end_us"])
    return PublishedCount(
        study=row["study"],
        platform=row["platform"],
        class_name=row["class"],
        hits=row["value"],
        sample=row["base"],
        population=row["population"],
        population_basis=row["population_basis"],
        period=None if None in window else Period(*window),
        definition=row["definition"],
        sampling=row["sampling"],
        label_method=row["label_method"],
        is_verified=row["reliability"] == "seen",
        note=row["note"],
        source=Source(row["evidence_id"], row["locator"]),
    )


def things(inquiry: Inquiry) -> Text:
    """What is counted, in words."""
    unit = inquiry.parameters["unit"]
    return Text(unit_name(unit, "en"), unit_name(unit, "es"))


def scope_of(inquiry: Inquiry, published: PublishedCount) -> Scope:
    """The finding's scope: the window and platform of the count.

    Raises:
        MeasureError: The question asks about another period than the one that was counted.
    """
    asked = inquiry.question.scope.period
    if asked and published.period and asked != published.period:
        raise inquiry.fail(
            "the question's period is not the period that was counted",
            expected=str(published.period.to_json()),
            found=str(asked.to_json()),
            remedy="leave the period out, or ask about the period that was counted",
        )
    return inquiry.scope(platform=published.platform, period=published.period, population=published.population_basis)


def base_counts(inquiry: Inquiry, published: PublishedCount) -> tuple[Value, ...]:
    """Hits, sample size and population as exact counts."""
    unit, source = inquiry.parameters["unit"], (published.source,)
    named = [("hits", published.hits), ("sample", published.sample), ("population", published.population)]
    return tuple(
        count(name, inquiry.text(f"label_{name}"), number, unit, source) for name, number in named if number is not None
    )


def base_conditions(inquiry: Inquiry, published: PublishedCount) -> tuple[Text, ...]:
    """The conditions of a finding that rests on a published count of a sample."""
    conditions = [
        inquiry.text("condition_labels", method=published.label_method or _unsaid()),
        inquiry.text("condition_sampling", sampling=published.sampling or _unsaid()),
    ]
    if published.population is not None:
        conditions.append(inquiry.text("condition_population", basis=published.population_basis or _unsaid()))
    if not published.is_verified:
        conditions.append(inquiry.text("condition_unverified", note=published.note or _unsaid()))
    return tuple(conditions)


def locked_definition(inquiry: Inquiry, published: PublishedCount) -> Text:
    """The measure's definition with the class definition that the number is locked to."""
    definition = verbatim(published.definition) if published.definition else _unsaid()
    study, class_name = published.study, published.class_name
    return inquiry.catalogue.definition.quoting(**{"class": class_name, "study": study, "class_definition": definition})


def scaled(interval: Interval, factor: float, method: str | None = None) -> Interval:
    """An interval with both ends multiplied by a positive factor."""
    return Interval(interval.low * factor, interval.high * factor, interval.level, method or interval.method)


def _unsaid() -> Text:
    return Text("not said", "no consta")
