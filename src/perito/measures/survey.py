"""`survey`: a proportion from a published survey with its sampling interval, and what forbids a comparison.

A share printed in rounded form stands for every count that prints so; the interval covers them all.
Surveys that differ in ages, recall, wording, sampling or territory, or do not state them, are not ranked:
the differences are listed instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from perito.clock import Period
from perito.findings import Cell, Column, Finding, Row, Source, Table, Text, Value, verbatim
from perito.findings.charts import interval_chart
from perito.measures.inquiry import count, source_of
from perito.measures.labels import listed, period_label, reference, references
from perito.stats.interval import Interval
from perito.stats.proportion import clopper_pearson

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perito.measures.inquiry import Inquiry

_HALF = Fraction(1, 2)
_COMPARED = ("territory", "ages", "class", "recall", "sampling")
_UNSTATED = frozenset({"not found", "not stated", "not published", "unknown"})
_AS_PUBLISHED = "as published"
_QUERY = """
SELECT study, class, territory, ages, recall, sampling, base, base_status, share_numerator, share_denominator,
       share_unit, printed, window_start_us, window_end_us, note, reliability, evidence_id, locator
FROM counts
WHERE kind = 'survey'
ORDER BY study, class, evidence_id, locator
"""


@dataclass(frozen=True)
class SurveyShare:
    """One printed share of a survey; None where the source gives no number.

    `facts` are the fields that decide whether it may be compared, None where the source does not state them.
    """

    study: str
    class_name: str
    base: int | None
    base_status: str | None
    share: Fraction | None
    unit: int | None
    printed: str | None
    period: Period | None
    facts: dict[str, str | None]
    note: str | None
    is_verified: bool
    source: Source

    def counts(self) -> tuple[int, int]:
        """The fewest and most answers whose share prints like this one; fewest above most where none does."""
        low, high = self._printed_range()
        base = self.base or 0
        return ceil(low * base), min(floor(high * base), base)

    def interval(self, level: float) -> Interval:
        """Clopper-Pearson over every count whose share prints as this one did (simple random sampling)."""
        fewest, most = sorted(self.counts())  # where no count prints so, the neighbours on both sides
        base = self.base or 0
        low, high = clopper_pearson(fewest, base, level), clopper_pearson(most, base, level)
        return Interval(low.low, high.high, level, f"{low.method}, over all counts that print so")

    def _printed_range(self) -> tuple[Fraction, Fraction]:
        """The shares that print as this one: half a unit of a percentage, or of the denominator of `1/17`."""
        share = self.share or Fraction(0)
        if self.unit:
            half = Fraction(1, 2 * self.unit)
            return max(Fraction(0), share - half), min(Fraction(1), share + half)
        numerator, denominator = share.numerator, share.denominator
        return numerator / (denominator + _HALF), min(Fraction(1), numerator / (denominator - _HALF))


def answer(inquiry: Inquiry) -> Finding:
    """Each share asked about with its interval, and whether the surveys may be compared.

    Raises:
        MeasureError: A share that no sealed survey has, or more than one.
    """
    shares = _chosen(inquiry)
    verdicts = {fact: _is_same(shares, fact) for fact in _COMPARED}
    shared = {
        "scope": inquiry.scope(
            population=_common(shares, "ages"), territory=_common(shares, "territory"), period=_span(shares)
        ),
        "series": (_facts_table(inquiry, shares, verdicts),),
        "conditions": tuple(text for share in shares for text in _conditions(inquiry, share)),
    }
    silent = [share for share in shares if share.share is None or not share.base]
    if silent:
        names = [
            inquiry.text("share_name", study=share.study, class_name=share.class_name) for share in silent
        ]
        return inquiry.refusal(inquiry.text("refusal_no_number", listed=listed(names)), **shared)
    values = tuple(_value(inquiry, share, number) for number, share in enumerate(shares, start=1))
    return inquiry.finding(
        **shared,
        status="conditional",
        headline=_headline(inquiry, shares, verdicts),
        values=values,
        counts=_counts(inquiry, shares, verdicts),
        chart=interval_chart(
            [(value.label, value) for value in values], inquiry.text("axis"), {}, is_share=True
        ),
    )


def _chosen(inquiry: Inquiry) -> list[SurveyShare]:
    """The shares that the question names, in its order."""
    shares = [_survey_share(row) for row in inquiry.tables.rows(_QUERY)]
    chosen = []
    for record in inquiry.parameters["shares"]:
        fitting = [s for s in shares if (s.study, s.class_name) == (record["study"], record["class"])]
        if len(fitting) != 1:
            known = "; ".join(f"{s.study}: {s.class_name}" for s in shares)[:200]
            raise inquiry.fail(
                f"no single survey share fits '{record['study']}', '{record['class']}'",
                found=known or "no survey is sealed",
            )
        chosen += fitting
    return chosen


def _survey_share(row: dict[str, Any]) -> SurveyShare:
    known = row["share_numerator"] is not None
    window = (row["window_start_us"], row["window_end_us"])
    return SurveyShare(
        study=row["study"],
        class_name=row["class"],
        base=row["base"],
        base_status=_stated(row["base_status"]),
        share=Fraction(row["share_numerator"], row["share_denominator"]) if known else None,
        unit=row["share_unit"],
        printed=row["printed"],
        period=None if None in window else Period(*window),
        facts={fact: _stated(row[fact]) for fact in _COMPARED},
        note=row["note"],
        is_verified=row["reliability"] == "seen",
        source=source_of(row),
    )


def _stated(words: str | None) -> str | None:
    """The words, or None where they only say that nothing is said."""
    return None if words is None or words.casefold() in _UNSTATED else words


def _is_same(shares: Sequence[SurveyShare], fact: str) -> bool | None:
    """Whether the surveys agree in a field; None where one does not state it and the others do not differ."""
    stated = {share.facts[fact] for share in shares}
    if len(stated - {None}) > 1:
        return False
    return None if None in stated else True


def _common(shares: Sequence[SurveyShare], fact: str) -> str | None:
    """A field that all the surveys share, for the finding's scope."""
    return shares[0].facts[fact] if _is_same(shares, fact) else None


def _span(shares: Sequence[SurveyShare]) -> Period | None:
    periods = [share.period for share in shares if share.period]
    return Period(min(p.start_us for p in periods), max(p.end_us for p in periods)) if periods else None


def _value(inquiry: Inquiry, share: SurveyShare, number: int) -> Value:
    return Value(
        name=f"share_{number}",
        label=inquiry.text("label_share", study=share.study, class_name=share.class_name),
        estimate=None if share.share is None else float(share.share),
        unit="share",
        interval=share.interval(inquiry.parameters["level"]),
        status="conditional",
        is_exact=False,
        sources=(share.source,),
    )


def _counts(
    inquiry: Inquiry, shares: Sequence[SurveyShare], verdicts: dict[str, bool | None]
) -> tuple[Value, ...]:
    """Persons interviewed in each survey; of several, in how many fields they differ or are silent."""
    persons = [
        count(
            f"persons_{number}",
            inquiry.text("label_persons", study=share.study),
            share.base or 0,
            "people",
            (share.source,),
        )
        for number, share in enumerate(shares, start=1)
    ]
    if len(shares) == 1:
        return tuple(persons)
    said = list(verdicts.values())
    fields = {"differences": said.count(False), "unstated": said.count(None)}
    return (*persons, *inquiry.counts(fields, "number"))


def _headline(inquiry: Inquiry, shares: Sequence[SurveyShare], verdicts: dict[str, bool | None]) -> Text:
    phrases = [
        inquiry.text(
            "phrase_share",
            study=share.study,
            class_name=share.class_name,
            persons=reference(f"persons_{number}"),
            **references("share", f"share_{number}"),
        )
        for number, share in enumerate(shares, start=1)
    ]
    if len(shares) == 1:
        return inquiry.text("headline_one", listed=listed(phrases))
    verdict = _verdict(inquiry, verdicts)
    return inquiry.text("headline_several", listed=listed(phrases), verdict=verdict)


def _verdict(inquiry: Inquiry, verdicts: dict[str, bool | None]) -> Text:
    """Whether the surveys may be compared, with the fields that forbid it."""
    differing = [inquiry.text(f"fact_{fact}") for fact, same in verdicts.items() if same is False]
    unknown = [inquiry.text(f"fact_{fact}") for fact, same in verdicts.items() if same is None]
    if not differing and not unknown:
        return inquiry.text("verdict_same")
    name = "verdict_" + "_".join(["differs"] * bool(differing) + ["unknown"] * bool(unknown))
    return inquiry.text(name, differing=listed(differing, ", "), unknown=listed(unknown, ", "))


def _facts_table(inquiry: Inquiry, shares: Sequence[SurveyShare], verdicts: dict[str, bool | None]) -> Table:
    """What decides on a comparison, survey by survey; the first rows inform and decide nothing."""
    columns = [Column(f"survey_{at}", verbatim(share.study)) for at, share in enumerate(shares, start=1)]
    informing: dict[str, list[Cell]] = {
        "printed": [_printed(share) for share in shares],
        "persons": [_persons(inquiry, share) for share in shares],
        "base_status": [share.base_status for share in shares],
        "fieldwork": [period_label(share.period) if share.period else None for share in shares],
    }
    rows = [Row(inquiry.text(f"fact_{name}"), (*cells, None)) for name, cells in informing.items()]
    for fact, same in verdicts.items():
        cells = [share.facts[fact] or inquiry.text("not_said") for share in shares]
        verdict = inquiry.text("not_said") if same is None else inquiry.verdict(same)
        rows.append(Row(inquiry.text(f"fact_{fact}"), (*cells, verdict if len(shares) > 1 else None)))
    return inquiry.table("comparability", (*columns, "verdict"), rows)


def _printed(share: SurveyShare) -> str | None:
    """The share as printed, with the per cent sign that the source's column stands for."""
    return f"{share.printed} %" if share.printed and share.unit else share.printed


def _persons(inquiry: Inquiry, share: SurveyShare) -> Value | None:
    if share.base is None:
        return None
    return count("persons", inquiry.text("fact_persons"), share.base, "people", (share.source,))


def _conditions(inquiry: Inquiry, share: SurveyShare) -> Iterator[Text]:
    names = {"study": share.study, "class_name": share.class_name}
    if share.base_status and share.base_status != _AS_PUBLISHED:
        yield inquiry.text("condition_base", study=share.study, status=share.base_status)
    if share.share is not None and share.base and share.counts()[0] > share.counts()[1]:
        yield inquiry.text("condition_no_count", study=share.study)
    if not share.is_verified:
        yield inquiry.text("condition_unverified", **names)
    if share.note:
        yield inquiry.text("condition_note", what=inquiry.text("share_name", **names), note=share.note)
