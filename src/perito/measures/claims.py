"""`claims`: the ledger of published claims, each checked against what the case's own sample shows.

A claim is compared only under the definition that the sample was labelled with. Where the claim's own
differs, the differing clauses are listed and nothing is decided (R8). Decisions hold for all together.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any

from perito.errors import nearest
from perito.findings import Cell, Finding, Row, Source, Text, Value
from perito.findings.charts import interval_chart
from perito.measures.inquiry import count, source_of
from perito.measures.labels import listed
from perito.measures.prevalence.family import (
    Member,
    members_of,
    probability,
    shared_parts,
    value_of,
)
from perito.measures.prevalence.labels import definition_of, design_for, status_of
from perito.measures.sampled.family import holm
from perito.measures.sampled.study import level_of
from perito.measures.sampled.words import class_record, differing, lines_of, resting_on, speaking
from perito.stats.interval import half_alpha

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.measures.inquiry import Inquiry
    from perito.measures.sampled.design import Design

_UNSTATED = frozenset({"not found", "not stated", "not published", "unknown"})
_VERDICTS = ("shown", "not_shown", "excluded", "not_excluded", "not_comparable", "refused")
_PUBLISHED = """
SELECT study, class, value, base, population, definition, source, evidence_id, locator
FROM counts
WHERE kind = 'count'
ORDER BY study, class, evidence_id, locator
"""
TABLES = ("designs", "strata", "label_classes", "draws", "assignments", "labels", "counts")


@dataclass(frozen=True)
class Entry:
    """One claim: its words, where it stands, the class of ours it is put to, the figure, its own definition.

    `at_least` tells "more than" from "about"; `figure` is a total, or a share of the population.
    """

    said: str
    source: str
    class_name: str
    definition: str | None
    figure: Fraction
    is_share: bool
    at_least: bool
    row: Source | None = None


@dataclass(frozen=True)
class Checked:
    """A claim with what the sample says of it; `tail` is one-sided, of "about" half of the two-sided p."""

    entry: Entry
    member: Member
    total: int
    tail: float | None
    adjusted: float | None
    differing: tuple[str, ...]


def answer(inquiry: Inquiry) -> Finding:
    """Each claim with the measured value, its interval, p and e, and the decision for all of them together.

    Raises:
        MeasureError: A published count that no sealed study has; a claim that exceeds the population.
    """
    inquiry = speaking(inquiry)
    entries = [*_stated(inquiry), *_published(inquiry)]
    if not entries:
        raise inquiry.fail("the question names no claim", expected="'ledger' or 'published'")
    names = list(dict.fromkeys(entry.class_name for entry in entries))
    design = design_for(inquiry, names[0])
    if isinstance(design, Finding):
        return resting_on(design, TABLES)
    return resting_on(_finding(inquiry, design, entries, members_of(inquiry, design, names)), TABLES)


def _stated(inquiry: Inquiry) -> list[Entry]:
    """The claims that the question quotes."""
    found = []
    for record in inquiry.parameters.get("ledger", ()):
        kind = next(key for key in ("more_than", "about", "more_than_share", "about_share") if key in record)
        stated = record["definition"]
        found.append(
            Entry(
                said=record["said"],
                source=record["source"],
                class_name=record["class"],
                definition=None if stated.casefold() in _UNSTATED else stated,
                figure=Fraction(repr(float(record[kind])))
                if kind.endswith("share")
                else Fraction(record[kind]),
                is_share=kind.endswith("share"),
                at_least=kind.startswith("more_than"),
            )
        )
    return found


def _published(inquiry: Inquiry) -> list[Entry]:
    """The sealed counts of others that the question names: about N k/n, or about the share k/n."""
    asked = inquiry.parameters.get("published", ())
    rows = inquiry.tables.rows(_PUBLISHED) if asked else []
    return [_entry(inquiry, record, rows) for record in asked]


def _entry(inquiry: Inquiry, record: dict[str, Any], rows: Sequence[dict[str, Any]]) -> Entry:
    fitting = [
        row for row in rows if (row["study"], row["class"]) == (record["study"], record["published_class"])
    ]
    if not fitting or fitting[0]["value"] is None or not fitting[0]["base"]:
        known = {f"{row['study']}: {row['class']}" for row in rows}
        wanted = f"{record['study']}: {record['published_class']}"
        raise inquiry.fail(
            f"no published count with hits and sample size fits '{wanted}'",
            remedy=nearest(wanted, known) if known else "seal published counts first",
        )
    row = fitting[0]
    share, population = Fraction(row["value"], row["base"]), row["population"]
    return Entry(
        said=f"{row['study']}: {row['class']}",
        source=row["source"] or row["study"],
        class_name=record["class"],
        definition=row["definition"],
        figure=share if population is None else share * population,
        is_share=population is None,
        at_least=False,
        row=source_of(row),
    )


def _finding(
    inquiry: Inquiry, design: Design, entries: Sequence[Entry], members: dict[str, Member]
) -> Finding:
    shared = shared_parts(inquiry, members)
    first = next(iter(members.values()))
    shared["definition"] = definition_of(inquiry, design, first.study.class_name)
    if design.population is None:
        return inquiry.refusal(inquiry.text("refusal_population"), **shared)
    if all(member.reason for member in members.values()):
        return inquiry.refusal(first.reason or inquiry.text("refusal_undecided"), **shared)
    checked = _checked(inquiry, entries, members)
    threshold = float(half_alpha(level_of(inquiry, design)))
    verdicts = [_verdict(claim, threshold) for claim in checked]
    numbers = {"claims": len(checked), **{name: verdicts.count(name) for name in _VERDICTS}}
    values = tuple(value_of(member, f"total_{at}") for at, member in enumerate(members.values(), start=1))
    columns = ("said", "source", "claimed", "measured", "p_value", "adjusted", "e_value", "verdict")
    rows = [_row(inquiry, claim, verdict) for claim, verdict in zip(checked, verdicts, strict=True)]
    chart = [(value.label, value) for value in values if value.estimate is not None]
    return inquiry.finding(
        **{
            **shared,
            "counts": (*shared["counts"], *inquiry.counts(numbers, "number")),
            "series": (inquiry.table("ledger", columns, rows), *shared["series"]),
        },
        status=status_of(first.study),
        headline=inquiry.text("headline"),
        values=(*values, Value("threshold", inquiry.text("label_threshold"), threshold, "probability")),
        chart=interval_chart(chart, inquiry.text("axis_classes"), {}),
    )


def _checked(inquiry: Inquiry, entries: Sequence[Entry], members: dict[str, Member]) -> list[Checked]:
    plain = []
    for entry in entries:
        member = members[entry.class_name]
        population = member.study.design.population or 0
        stated = entry.figure * population if entry.is_share else entry.figure
        total = floor(stated) if entry.at_least else round(stated)
        if total > population:
            raise inquiry.fail(
                "the claim exceeds the population", expected=f"<= {population}", found=str(total)
            )
        clauses = _differing(inquiry, member, entry)
        tail = None if clauses or member.estimator is None else _tail(member, entry, total)
        plain.append((entry, member, total, tail, clauses))
    # A claim that is not put to the sample counts in the family like one that is not shown.
    adjusted = holm([1.0 if tail is None else tail for *_, tail, _ in plain])
    return [
        Checked(entry, member, total, tail, None if tail is None else of_all, clauses)
        for (entry, member, total, tail, clauses), of_all in zip(plain, adjusted, strict=True)
    ]


def _tail(member: Member, entry: Entry, total: int) -> float | None:
    if member.estimator is None:
        return None
    if entry.at_least:
        return member.estimator.p_more_than(total)
    return member.estimator.tail_outside(total)


def _differing(inquiry: Inquiry, member: Member, entry: Entry) -> tuple[str, ...]:
    """Clauses that stand in the claim's definition or in the label book's only; none if it names none."""
    if entry.definition is None:
        return ()
    stated = lines_of(entry.definition)
    books = class_record(inquiry, member.study.design, entry.class_name).values()
    compared = [tuple(differing(stated, lines_of(str(book["definition"])))) for book in books]
    return min(compared, key=_number_of) if compared else tuple(stated)


def _number_of(clauses: tuple[str, ...]) -> int:
    return len(clauses)


def _verdict(claim: Checked, threshold: float) -> str:
    if claim.differing:
        return "not_comparable"
    if claim.adjusted is None:
        return "refused"
    is_beyond = claim.adjusted <= threshold
    if claim.entry.at_least:
        return "shown" if is_beyond else "not_shown"
    return "excluded" if is_beyond else "not_excluded"


def _row(inquiry: Inquiry, claim: Checked, verdict: str) -> Row:
    entry, member = claim.entry, claim.member
    times = 1 if entry.at_least else 2
    p, adjusted = (None if tail is None else min(1.0, times * tail) for tail in (claim.tail, claim.adjusted))
    e_value = member.estimator.e_more_than(claim.total) if member.estimator and entry.at_least else None
    sources = (entry.row,) if entry.row else ()
    unit = inquiry.parameters["unit"]
    claimed = count("claimed", inquiry.text("column_claimed"), claim.total, unit, sources)
    cells: tuple[Cell, ...] = (
        entry.said,
        entry.source,
        claimed,
        value_of(member, "measured"),
        probability(inquiry, "p_value", p),
        probability(inquiry, "adjusted", adjusted),
        None if claim.tail is None else probability(inquiry, "e_value", e_value, unit="e_value"),
        _words(inquiry, claim, verdict),
    )
    return Row(member.study.named, cells)


def _words(inquiry: Inquiry, claim: Checked, verdict: str) -> Text:
    if verdict == "not_comparable":
        clauses = listed([inquiry.quoted(clause) for clause in claim.differing])
        return inquiry.text("refusal_books", clauses=clauses)
    if verdict == "refused":
        return claim.member.reason or inquiry.text("refusal_undecided")
    said = inquiry.text(f"verdict_{verdict}")
    if claim.entry.definition is None:
        return listed([said, inquiry.text("verdict_without_definition")], " ")
    return said
