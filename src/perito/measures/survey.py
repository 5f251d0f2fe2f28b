"""`survey`: a proportion from a published survey with its sampling interval, and when two surveys may not be compared.

A share printed in rounded form stands for every count that prints so; the interval covers them all.
Two surveys that differ in ages, recall, wording, frame or territory are not ranked: the differences are
listed instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from perito.findings import Column, Finding, Row, Source, Table, Text, Value
from perito.findings.charts import interval_chart
from perito.measures.inquiry import count
from perito.measures.labels import reference
from perito.stats.interval import Interval
from perito.stats.proportion import clopper_pearson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.measures.inquiry import Inquiry

_HALF = Fraction(1, 2)
_COMPARED = ("territory", "ages", "class", "recall", "sampling", "base_status")
_QUERY = """
SELECT study, class, territory, ages, recall, sampling, base, base_status, share_numerator, share_denominator,
       share_unit, printed, note, reliability, evidence_id, locator
FROM counts
WHERE kind = 'survey'
ORDER BY evidence_id, locator
"""


@dataclass(frozen=True)
class SurveyShare:
    """One printed share of a survey; `facts` are the fields that decide whether it may be compared."""

    study: str
    class_name: str
    base: int
    share: Fraction
    lowest: Fraction
    highest: Fraction
    printed: str
    facts: dict[str, str | None]
    note: str | None
    is_verified: bool
    source: Source

    def interval(self, level: float) -> Interval:
        """Clopper-Pearson over every count whose share prints as this one did (simple random sampling)."""
        fewest, most = ceil(self.lowest * self.base), floor(self.highest * self.base)
        if most < fewest:  # no whole count prints so: take the neighbours on both sides
            fewest, most = floor(self.lowest * self.base), ceil(self.highest * self.base)
        low = clopper_pearson(max(0, fewest), self.base, level)
        high = clopper_pearson(min(self.base, most), self.base, level)
        return Interval(low.low, high.high, level, f"{low.method}, over all counts that print so")


def answer(inquiry: Inquiry) -> Finding:
    """Each share asked about with its interval, and whether the surveys may be compared.

    Raises:
        MeasureError: A share that no sealed survey has.
    """
    shares = _chosen(inquiry, [_survey_share(row) for row in inquiry.tables.rows(_QUERY) if row["base"]])
    values = tuple(_value(inquiry, share, number) for number, share in enumerate(shares, start=1))
    differing = [fact for fact in _COMPARED if len({share.facts[fact] for share in shares}) > 1]
    counts = tuple(_base(inquiry, share, number) for number, share in enumerate(shares, start=1))
    differences = count("differences", inquiry.text("label_differences"), len(differing), "number")
    return inquiry.finding(
        scope=inquiry.scope(population=shares[0].facts["ages"], territory=shares[0].facts["territory"]),
        status="conditional",
        headline=_headline(inquiry, shares, differing),
        values=values,
        counts=(*counts, differences),
        series=(_facts_table(inquiry, shares, differing),),
        conditions=_conditions(inquiry, shares),
        chart=interval_chart(
            [(value.label, value) for value in values],
            inquiry.text("axis"),
            {value.name: value for value in values},
            is_share=True,
        ),
    )


def _survey_share(row: dict[str, Any]) -> SurveyShare:
    share = Fraction(row["share_numerator"], row["share_denominator"])
    lowest, highest = _printed_range(share, row)
    return SurveyShare(
        study=row["study"],
        class_name=row["class"],
        base=row["base"],
        share=share,
        lowest=lowest,
        highest=highest,
        printed=row["printed"],
        facts={fact: row[fact] for fact in _COMPARED},
        note=row["note"],
        is_verified=row["reliability"] == "seen",
        source=Source(row["evidence_id"], row["locator"]),
    )


def _printed_range(share: Fraction, row: dict[str, Any]) -> tuple[Fraction, Fraction]:
    """The shares that print as this one: half a unit of a percentage, or of the denominator of `1/17`."""
    if row["share_unit"]:
        half = Fraction(1, 2 * row["share_unit"])
        return max(Fraction(0), share - half), min(Fraction(1), share + half)
    numerator, denominator = row["share_numerator"], row["share_denominator"]
    return numerator / (denominator + _HALF), min(Fraction(1), numerator / (denominator - _HALF))


def _chosen(inquiry: Inquiry, shares: list[SurveyShare]) -> list[SurveyShare]:
    chosen = []
    for record in inquiry.parameters["shares"]:
        if set(record) != {"study", "class"}:
            raise inquiry.fail("a share is named by study and class", found=str(record)[:80])
        fitting = [s for s in shares if (s.study, s.class_name) == (record["study"], record["class"])]
        if len(fitting) != 1:
            known = "; ".join(f"{s.study}: {s.class_name}" for s in shares)[:200]
            raise inquiry.fail(f"no single survey share fits {record}", found=known or "no survey is sealed")
        chosen += fitting
    return chosen


def _value(inquiry: Inquiry, share: SurveyShare, number: int) -> Value:
    return Value(
        name=f"share_{number}",
        label=inquiry.text("label_share", study=share.study, class_name=share.class_name),
        estimate=float(share.share),
        unit="share",
        interval=share.interval(inquiry.parameters["level"]),
        status="conditional",
        is_exact=False,
        sources=(share.source,),
    )


def _base(inquiry: Inquiry, share: SurveyShare, number: int) -> Value:
    return count(
        f"persons_{number}",
        inquiry.text("label_persons", study=share.study),
        share.base,
        "people",
        (share.source,),
    )


def _headline(inquiry: Inquiry, shares: Sequence[SurveyShare], differing: Sequence[str]) -> Text:
    phrases: dict[str, str | Text] = {
        f"survey_{number}": inquiry.text(
            "phrase_share",
            study=share.study,
            class_name=share.class_name,
            share=reference(f"share_{number}"),
            low=reference(f"share_{number}.low"),
            high=reference(f"share_{number}.high"),
            level=reference(f"share_{number}.level"),
            persons=reference(f"persons_{number}"),
        )
        for number, share in enumerate(shares, start=1)
    }
    joined = "; ".join(f"{{{name}}}" for name in phrases)
    listed = Text(joined, joined, phrases)
    if len(shares) == 1:
        return inquiry.text("headline_one", listed=listed)
    if not differing:
        return inquiry.text("headline_comparable", listed=listed)
    names = {f"fact_{fact}": inquiry.text(f"fact_{fact}") for fact in differing}
    facts = Text(", ".join(f"{{{n}}}" for n in names), ", ".join(f"{{{n}}}" for n in names), dict(names))
    return inquiry.text("headline_not_comparable", listed=listed, facts=facts)


def _facts_table(inquiry: Inquiry, shares: Sequence[SurveyShare], differing: Sequence[str]) -> Table:
    columns = tuple(
        Column(f"survey_{number}", inquiry.text("column_survey", study=share.study))
        for number, share in enumerate(shares, start=1)
    )
    rows = [Row(inquiry.text("row_printed"), (*(share.printed for share in shares), None))]
    for fact in _COMPARED:
        verdict = inquiry.text("differs" if fact in differing else "same")
        cells = tuple(share.facts[fact] or inquiry.text("not_said") for share in shares)
        rows.append(Row(inquiry.text(f"fact_{fact}"), (*cells, verdict)))
    return Table(
        "comparability",
        inquiry.text("title_comparability"),
        (*columns, Column("differs", inquiry.text("column_differs"))),
        tuple(rows),
        note=inquiry.text("note_comparability"),
    )


def _conditions(inquiry: Inquiry, shares: Sequence[SurveyShare]) -> tuple[Text, ...]:
    conditions = []
    for share in shares:
        if share.facts["base_status"] and share.facts["base_status"] != "as published":
            conditions.append(
                inquiry.text("condition_base", study=share.study, status=share.facts["base_status"])
            )
        if not share.is_verified:
            conditions.append(
                inquiry.text("condition_unverified", study=share.study, class_name=share.class_name)
            )
        if share.note:
            conditions.append(inquiry.text("condition_note", study=share.study, note=share.note))
    return tuple(conditions)
