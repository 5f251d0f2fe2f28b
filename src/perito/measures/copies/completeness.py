"""`ask = "completeness"`: of the other copies of a picture that was removed, how many were removed too?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perito.findings import Finding, Row, Table, Text, Value
from perito.measures.copies.fates import (
    AVAILABLE,
    GONE,
    LIMITED,
    REMOVED,
    STATES,
    UNKNOWN,
    Fate,
    actions_of,
    fates_of,
)
from perito.measures.copies.material import material_of
from perito.measures.copies.telling import (
    MOST_LISTED,
    bounded_shares,
    conditions,
    family_label,
    fault_tables,
    not_listed,
    picture_counts,
    refuse_pictures,
)
from perito.measures.inquiry import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perito.measures.copies.material import Copy, PictureFamily
    from perito.measures.inquiry import Inquiry

_FOREVER = 1 << 63


@dataclass(frozen=True)
class Others:
    """The other copies of one family, beside the one that was removed first.

    Args:
        family: The family.
        identical: States of the copies with the same bytes as that one.
        near: States of the copies that show the same in other bytes.
        is_first_known: Whether it is known which was removed first.
    """

    family: PictureFamily
    identical: Counter[str]
    near: Counter[str]
    is_first_known: bool

    @property
    def all(self) -> Counter[str]:
        """Both together."""
        return self.identical + self.near


def answer(inquiry: Inquiry) -> Finding:
    """What became of the other copies, with bounds for those of which nothing is known."""
    material = material_of(inquiry)
    refused = refuse_pictures(inquiry, material)
    if refused is not None:
        return refused
    fates = fates_of(material.posted, actions_of(inquiry.tables, material.faults), material.faults)
    parts = {
        "conditions": conditions(inquiry, material),
        "counts": (
            *picture_counts(inquiry, material),
            *inquiry.counts({"posted_families": len(material.posted)}, "number"),
        ),
        "series": fault_tables(inquiry, material),
    }
    if not material.posted:
        return inquiry.refusal(inquiry.text("refusal_no_copies"), **parts)
    if all(fate == Fate() for fate in fates.values()):
        return inquiry.refusal(inquiry.text("refusal_no_actions"), **parts)
    found = [_others(family, fates) for family in material.posted if _removed(family, fates)]
    return _told(inquiry, found, parts)


def _told(inquiry: Inquiry, found: Sequence[Others], parts: dict[str, tuple[object, ...]]) -> Finding:
    total = sum((others.all for others in found), Counter[str]())
    unordered = sum(not others.is_first_known for others in found)
    return inquiry.finding(
        status="exact",
        headline=inquiry.text("headline_completeness" if found else "headline_no_removal"),
        values=_values(inquiry, len(found), total),
        counts=(
            *parts["counts"],
            *inquiry.counts({"first_not_known": unordered}, "number"),
            *not_listed(inquiry, "families_not_listed", len(found)),
        ),
        series=(*_tables(inquiry, found), *parts["series"]),
        conditions=(
            *parts["conditions"],
            *([inquiry.text("condition_first_not_known")] if unordered else []),
        ),
    )


def _removed(family: PictureFamily, fates: Mapping[str, Fate]) -> list[Copy]:
    return [copy for copy in family.copies if fates[copy.key].was_removed]


def _others(family: PictureFamily, fates: Mapping[str, Fate]) -> Others:
    """The other copies of a family, beside the one removed first; of equal times the first by its key."""
    removed = sorted(_removed(family, fates), key=lambda copy: (_order(fates[copy.key]), copy.key))
    first, rest = removed[0], removed[1:]
    spans = [fates[copy.key].removal for copy in rest]
    is_known = all(span.is_after(fates[first.key].removal) for span in spans)
    states: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for copy in family.copies:
        if copy is not first:
            states[not set(copy.pictures).isdisjoint(first.pictures)][fates[copy.key].state] += 1
    return Others(family, states[True], states[False], is_known)


def _order(fate: Fate) -> int:
    return _FOREVER if fate.removal.high_us is None else fate.removal.high_us


def _values(inquiry: Inquiry, families: int, total: Counter[str]) -> tuple[Value, ...]:
    numbers = {"others": total.total(), **{f"others_{state}": total[state] for state in STATES}}
    return (
        *inquiry.counts({"families_with_removal": families}, "number"),
        *inquiry.counts(numbers, "posts"),
        *_shares(inquiry, total),
    )


def _shares(inquiry: Inquiry, states: Counter[str]) -> tuple[Value, ...]:
    """Removed, and still there, each from none to all of what is not known."""
    base, unknown = states.total(), states[UNKNOWN]
    removed, there = states[REMOVED], states[AVAILABLE] + states[LIMITED]
    if not base:
        return ()
    return (
        *bounded_shares(inquiry, "share_removed", removed, removed + states[GONE] + unknown, base),
        *bounded_shares(inquiry, "share_available", there, there + unknown, base),
    )


def _tables(inquiry: Inquiry, found: Sequence[Others]) -> tuple[Table, ...]:
    if not found:
        return ()
    identical, near = (
        sum((getattr(others, name) for others in found), Counter[str]()) for name in ("identical", "near")
    )
    columns = ("others", *STATES, "removed_least", "removed_most")
    sorts = (("row_identical", identical), ("row_near", near), ("row_both", identical + near))
    return (
        inquiry.table("kinds", columns, [_row(inquiry, inquiry.text(key), states) for key, states in sorts]),
        inquiry.table(
            "removed-families",
            columns,
            [_row(inquiry, family_label(others.family), others.all) for others in found[:MOST_LISTED]],
        ),
    )


def _row(inquiry: Inquiry, label: Text, states: Counter[str]) -> Row:
    counted = [count("others", label, states.total(), "posts")]
    counted += [count(state, label, states[state], "posts") for state in STATES]
    shares = _shares(inquiry, states)[:2] or (None, None)
    return Row(label, (*counted, *shares))
