"""Several classes or several claims from one sample: intervals and tests that hold for all of them together.

Intervals share the level among them (Bonferroni: each at 1 - a/m); tests are adjusted by Holm. One claim is a
family of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any

from perito.findings import Cell, Finding, Row, Table, Text, Value
from perito.findings.charts import interval_chart
from perito.measures.inquiry import count
from perito.measures.labels import listed, references
from perito.measures.prevalence.labels import (
    counts_of,
    design_for,
    examined,
    parts,
    spoken,
    status_of,
    with_elusion,
)
from perito.measures.prevalence.number import estimator_of
from perito.measures.sampled.family import holm, shared_level
from perito.measures.sampled.label_error import FEW_POSITIVES
from perito.measures.sampled.refusals import is_in_progress, zero_refusal
from perito.measures.sampled.series import agreement_value, book_table, design_table, present, text_list
from perito.measures.sampled.study import at_level, level_of
from perito.stats.interval import half_alpha

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.findings.value import Status
    from perito.measures.inquiry import Inquiry
    from perito.measures.sampled.agreement import Agreement
    from perito.measures.sampled.design import Design
    from perito.measures.sampled.estimates import Estimator
    from perito.measures.sampled.study import Study


_READ = ("decided", "undecided", "contested", "skipped", "unread", "known_positives")
_ELUSION = ("elusion_read", "elusion_hits")
_AGREED = ("alpha", "positive", "negative", "raw", "contested", "ac1")


@dataclass(frozen=True)
class Member:
    """One class of a family: what was read of it, and its estimator, or why there is none."""

    study: Study
    agreement: Agreement | None
    estimator: Estimator | None
    reason: Text | None


@dataclass(frozen=True)
class Claim:
    """A claim "more than T" put to one class: its p-value, plain and adjusted, and its e-value."""

    member: Member
    total: int
    p_value: float | None
    adjusted: float | None
    e_value: float | None


def answer(inquiry: Inquiry) -> Finding:
    """The classes with simultaneous intervals, or the claims with adjusted tests."""
    names = _classes(inquiry)
    design = design_for(inquiry, names[0])
    if isinstance(design, Finding):
        return design
    members = members_of(inquiry, design, list(dict.fromkeys(names)))
    if inquiry.parameters["ask"] == "classes":
        return _classes_finding(inquiry, members)
    return _claims_finding(inquiry, members)


def members_of(inquiry: Inquiry, design: Design, names: Sequence[str]) -> dict[str, Member]:
    """Each class of the sample, at the level that it may use."""
    return {name: _member(inquiry, design, name, len(names)) for name in names}


def _member(inquiry: Inquiry, design: Design, name: str, number: int) -> Member:
    study, agreement, reason = examined(inquiry, design, name)
    study = at_level(study, shared_level(study.level, number))
    if reason:
        return Member(study, agreement, None, reason)
    estimator = estimator_of(study)
    found = estimator.share_at(study.level)
    zero = zero_refusal(study, found.value, found.interval.low if found.interval else 0.0)
    return Member(study, agreement, None if zero else estimator, zero)


def _classes(inquiry: Inquiry) -> list[str]:
    asked = inquiry.parameters
    if asked["ask"] == "claim":
        return [asked["class"]]
    if asked["ask"] == "classes":
        return list(asked["classes"])
    return [record["class"] for record in asked["claims"]]


def value_of(member: Member, name: str) -> Value:
    """The total of a class, or its share where N is unknown; nothing where it is refused."""
    study, inquiry = member.study, member.study.inquiry
    is_total = study.design.population is not None
    label = inquiry.text("label_total" if is_total else "label_share", **spoken(study))
    unit = inquiry.parameters["unit"] if is_total else "share"
    if member.estimator is None:
        return Value(name, label, None, unit, status="cannot_say")
    made = member.estimator
    found = made.total_at(study.level) if is_total else made.share_at(study.level)
    return Value(name, label, found.value, unit, found.interval, status_of(study), is_exact=False)


def _classes_finding(inquiry: Inquiry, members: dict[str, Member]) -> Finding:
    first = next(iter(members.values()))
    shared = shared_parts(inquiry, members)
    if all(member.reason for member in members.values()):
        return inquiry.refusal(first.reason or inquiry.text("refusal_undecided"), **shared)
    values = tuple(value_of(member, f"class_{at}") for at, member in enumerate(members.values(), start=1))
    phrases = [
        inquiry.text("phrase_class", **spoken(member.study), **references("number", f"class_{at}"))
        for at, member in enumerate(members.values(), start=1)
        if member.reason is None
    ]
    chart_rows = [(value.label, value) for value in values if value.estimate is not None]
    is_share = first.study.design.population is None
    return inquiry.finding(
        **shared,
        status=status_of(first.study),
        headline=_headed(members, inquiry.text("headline_classes", listed=listed(phrases))),
        values=values,
        chart=interval_chart(chart_rows, inquiry.text("axis_classes"), {}, is_share=is_share),
    )


def _claims_finding(inquiry: Inquiry, members: dict[str, Member]) -> Finding:
    first = next(iter(members.values()))
    shared = shared_parts(inquiry, members)
    if all(member.reason for member in members.values()):
        return inquiry.refusal(first.reason or inquiry.text("refusal_undecided"), **shared)
    if first.study.design.population is None:
        return inquiry.refusal(inquiry.text("refusal_population"), **shared)
    claims = tested(inquiry, [(members[name], total) for name, total in _stated(inquiry, members)])
    threshold = float(half_alpha(level_of(inquiry, first.study.design)))
    totals = tuple(value_of(member, f"total_{at}") for at, member in enumerate(members.values(), start=1))
    values = tuple(_p_value(inquiry, claim, at) for at, claim in enumerate(claims, start=1))
    limit = Value("threshold", inquiry.text("label_threshold"), threshold, "probability")
    counts = (*shared.pop("counts"), *(_stated_count(inquiry, c, at) for at, c in enumerate(claims, start=1)))
    rows = [_row(inquiry, claim, threshold) for claim in claims]
    columns = ("claimed", "measured", "p_value", "adjusted", "e_value", "shown")
    series = (*shared.pop("series"), inquiry.table("claims", columns, rows))
    phrases = [_phrase(inquiry, claim, at, threshold) for at, claim in enumerate(claims, start=1)]
    return inquiry.finding(
        **shared,
        counts=counts,
        series=series,
        status=status_of(first.study),
        headline=_headed(members, inquiry.text("headline_claims", listed=listed(phrases, " "))),
        values=(*values, *totals, limit),
        does_not_show=(inquiry.text("limit_p_value"),),
    )


def _headed(members: dict[str, Member], sentence: Text) -> Text:
    """A headline with the elusion count, if there is one class; of several it stands in their table."""
    first = next(iter(members.values()))
    return with_elusion(first.study, sentence) if len(members) == 1 else sentence


def tested(inquiry: Inquiry, stated: Sequence[tuple[Member, int]]) -> list[Claim]:
    """Each claim with the chance of such a sample under it, adjusted for all of them by Holm.

    Raises:
        MeasureError: A claim exceeds the population.
    """
    for member, total in stated:
        population = member.study.design.population or 0
        if total > population:
            raise inquiry.fail(
                "the claim exceeds the population", expected=f"<= {population}", found=str(total)
            )
    plain = [m.estimator.p_more_than(total) if m.estimator else None for m, total in stated]
    # A claim of which nothing can be said counts in the family like one that is not shown.
    adjusted = holm([1.0 if p is None else p for p in plain])
    return [
        Claim(
            member,
            total,
            p,
            None if p is None else of_all,
            member.estimator.e_more_than(total) if member.estimator else None,
        )
        for (member, total), p, of_all in zip(stated, plain, adjusted, strict=True)
    ]


def _stated(inquiry: Inquiry, members: dict[str, Member]) -> list[tuple[str, int]]:
    """Class and total of each claim; a claimed share becomes the largest total that does not exceed it."""
    asked = inquiry.parameters
    if asked["ask"] == "claim":
        return [(asked["class"], asked["claim"])]
    population = next(iter(members.values())).study.design.population or 0
    return [
        (
            record["class"],
            record["more_than"]
            if "more_than" in record
            else floor(Fraction(repr(float(record["more_than_share"]))) * population),
        )
        for record in asked["claims"]
    ]


def _p_value(inquiry: Inquiry, claim: Claim, at: int) -> Value:
    label = inquiry.text("label_adjusted", **spoken(claim.member.study))
    status: Status = "exact" if claim.adjusted is not None else "cannot_say"
    return Value(f"p_{at}", label, claim.adjusted, "probability", status=status, is_exact=False)


def _stated_count(inquiry: Inquiry, claim: Claim, at: int) -> Value:
    label = inquiry.text("label_claimed_of", **spoken(claim.member.study))
    return count(f"claimed_{at}", label, claim.total, inquiry.parameters["unit"])


def _phrase(inquiry: Inquiry, claim: Claim, at: int, threshold: float) -> Text:
    said = {**spoken(claim.member.study), "claimed": Text(f"{{claimed_{at}}}", f"{{claimed_{at}}}")}
    if claim.adjusted is None:
        return inquiry.text("phrase_claim_refused", **said)
    is_shown = claim.adjusted <= threshold
    return inquiry.text("phrase_claim_shown" if is_shown else "phrase_claim_not_shown", **said)


def _row(inquiry: Inquiry, claim: Claim, threshold: float) -> Row:
    member, said = claim.member, spoken(claim.member.study)
    cells: tuple[Cell, ...] = (
        count("claimed", inquiry.text("label_claimed_of", **said), claim.total, inquiry.parameters["unit"]),
        value_of(member, "measured"),
        probability(inquiry, "p_value", claim.p_value),
        probability(inquiry, "adjusted", claim.adjusted),
        probability(inquiry, "e_value", claim.e_value, unit="e_value"),
        member.reason or inquiry.verdict(claim.adjusted is not None and claim.adjusted <= threshold),
    )
    return Row(member.study.named, cells)


def probability(inquiry: Inquiry, name: str, number: float | None, unit: str = "probability") -> Value | None:
    """A probability, or an e-value, as a cell."""
    if number is None:
        return None
    shown = "probability" if unit == "probability" else "ratio"
    return Value(name, inquiry.text(f"column_{name}"), number, shown, is_exact=False)


def shared_parts(inquiry: Inquiry, members: dict[str, Member]) -> dict[str, Any]:
    """What all members share; of several, what was read of each class stands in a table."""
    first = next(iter(members.values()))
    shared = parts(first.study, first.agreement)
    if len(members) == 1:
        return shared
    design, studies = first.study.design, [member.study for member in members.values()]
    reasons = [
        Row(member.study.named, (member.reason,)) for member in members.values() if member.reason is not None
    ]
    tables = [
        design_table(inquiry, design, sum(member.study.early for member in members.values())),
        book_table(inquiry, design, list(members)),
        inquiry.table("readings", _columns(design), [_read_row(member) for member in members.values()]),
        _agreements(inquiry, members),
        inquiry.table("refused", ("reason",), reasons),
    ]
    numbers = {"sample": design.drawn, "classes": len(members)}
    if design.population is not None:
        numbers["population"] = design.population
    if any(member.study.early for member in members.values()):
        numbers["early"] = sum(member.study.early for member in members.values())
    text = inquiry.text
    conditions = [
        *(
            text(f"condition_by_{by}")
            for by in dict.fromkeys(m.study.error_by for m in members.values())
            if by
        ),
        text("condition_family"),
        text("condition_elusion_each") if len(design.strata) > 1 else None,
        text("condition_few_each") if any(map(_rests_on_few, studies)) else None,
        text("condition_early") if any(study.early for study in studies) else None,
        text("condition_contested_each") if any(study.contested for study in studies) else None,
        text("condition_bounds_each") if any(study.decided < design.drawn for study in studies) else None,
        text("condition_order") if any(map(is_in_progress, studies)) else None,
        text("condition_frame") if design.frame else None,
        None if design.is_registered else text("condition_unregistered"),
    ]
    return {
        **shared,
        "counts": inquiry.counts(numbers, inquiry.parameters["unit"]),
        "series": present(tables),
        "conditions": text_list(conditions),
    }


def _columns(design: Design) -> tuple[str, ...]:
    """Columns of the table of readings; of the elusion stratum only where there are strata."""
    return ("hits", *_READ, *(_ELUSION if len(design.strata) > 1 else ()))


def _rests_on_few(study: Study) -> bool:
    return study.error_by == "validation" and study.rates.positives < FEW_POSITIVES


def _agreements(inquiry: Inquiry, members: dict[str, Member]) -> Table | None:
    """Agreement of the readers class by class; None where no minimum is preset."""
    rows = []
    for member in members.values():
        found = member.agreement.estimates if member.agreement else {}
        cells = [agreement_value(inquiry, name, found[name]) if name in found else None for name in _AGREED]
        if found:
            rows.append(Row(member.study.named, tuple(cells)))
    columns = ["differing" if name == "contested" else name for name in _AGREED]
    return inquiry.table("agreements", columns, rows) if rows else None


def _read_row(member: Member) -> Row:
    study = member.study
    known = {value.name: value for value in counts_of(study)}
    cells = (known.get(name) for name in _columns(study.design))
    return Row(member.study.named, tuple(cells))
