"""`ask = "reupload"`: did a copy appear after another was removed? Certain, possible, or not to be said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perito.findings import Finding, Row, Table, Value
from perito.measures.copies.fates import Fate, actions_of, fates_of
from perito.measures.copies.material import material_of
from perito.measures.copies.telling import (
    MOST_LISTED,
    conditions,
    family_label,
    fault_tables,
    from_to,
    not_listed,
    picture_counts,
    refuse_pictures,
)
from perito.measures.inquiry import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perito.measures.copies.material import Copy, PictureFamily
    from perito.measures.copies.times import Span
    from perito.measures.inquiry import Inquiry

CERTAIN, POSSIBLE, CANNOT_SAY, BEFORE = "certain", "possible", "cannot_say", "before"
VERDICTS = (CERTAIN, POSSIBLE, CANNOT_SAY, BEFORE)


@dataclass(frozen=True)
class Later:
    """How one copy stands to the removals of the others.

    Args:
        copy: The copy.
        verdict: `certain` if it appeared after the removal of another, `possible` if the times allow it,
            `cannot_say` without times, `before` if it was there before every removal.
        removal: The last removal that it certainly followed; None unless certain.
        is_same_account: Whether a copy whose removal it followed was of the same account.
    """

    copy: Copy
    verdict: str
    removal: Span | None = None
    is_same_account: bool = False

    @property
    def days(self) -> tuple[float | None, float | None]:
        """Fewest and most days between that removal and this copy."""
        return self.copy.appeared.days_since(self.removal) if self.removal else (None, None)


@dataclass(frozen=True)
class Return:
    """One family with a removal, and how its other copies stand to it."""

    family: PictureFamily
    copies: tuple[Later, ...]

    @property
    def verdict(self) -> str:
        """What can be said of the family: the most that can be said of one of its copies."""
        held = {later.verdict for later in self.copies}
        return next(verdict for verdict in VERDICTS if verdict in held)


def answer(inquiry: Inquiry) -> Finding:
    """Families in which a copy appeared after another's removal, with the days between."""
    material = material_of(inquiry)
    refused = refuse_pictures(inquiry, material)
    if refused is not None:
        return refused
    fates = fates_of(material.posted, actions_of(inquiry.tables, material.faults), material.faults)
    found = [
        Return(family, _later(family, fates))
        for family in material.posted
        if any(fates[copy.key].was_removed for copy in family.copies)
    ]
    parts: dict[str, Any] = {
        "conditions": conditions(inquiry, material),
        "counts": (
            *picture_counts(inquiry, material),
            *not_listed(inquiry, "families_not_listed", len(found)),
        ),
        "series": (*_tables(inquiry, found), *fault_tables(inquiry, material)),
    }
    if not material.posted:
        return inquiry.refusal(inquiry.text("refusal_no_copies"), **parts)
    if all(fate == Fate() for fate in fates.values()):
        return inquiry.refusal(inquiry.text("refusal_no_actions"), **parts)
    if found and all(one.verdict == CANNOT_SAY for one in found):
        return inquiry.refusal(inquiry.text("refusal_no_times"), **parts)
    name = "headline_reupload" if found else "headline_no_removal"
    return inquiry.finding(
        status="exact", headline=inquiry.text(name), values=_values(inquiry, found), **parts
    )


def _later(family: PictureFamily, fates: Mapping[str, Fate]) -> tuple[Later, ...]:
    """Every copy that another copy's removal can be set against."""
    removed = [copy for copy in family.copies if fates[copy.key].was_removed]
    return tuple(
        _judged(copy, [(other, fates[other.key].removal) for other in removed if other is not copy])
        for copy in family.copies
        if any(other is not copy for other in removed)
    )


def _judged(copy: Copy, removals: Sequence[tuple[Copy, Span]]) -> Later:
    followed = [(other, span) for other, span in removals if copy.appeared.is_after(span)]
    if followed:
        last = max((span for _, span in followed), key=lambda span: span.high_us or 0)
        same = any(copy.account is not None and other.account == copy.account for other, _ in followed)
        return Later(copy, CERTAIN, last, same)
    unsure = [span for _, span in removals if not _is_before(copy.appeared, span)]
    if not unsure:
        return Later(copy, BEFORE)
    is_open = copy.appeared.is_known and any(span.is_known for span in unsure)
    return Later(copy, POSSIBLE if is_open else CANNOT_SAY)


def _is_before(appeared: Span, removal: Span) -> bool:
    """Whether a copy was certainly there when the other was removed, or at that moment."""
    return appeared.high_us is not None and removal.low_us is not None and appeared.high_us <= removal.low_us


def _values(inquiry: Inquiry, found: Sequence[Return]) -> tuple[Value, ...]:
    later = [copy for one in found for copy in one.copies]
    certain = [copy for copy in later if copy.verdict == CERTAIN]
    families = {"families_with_removal": len(found)} | {
        f"families_{verdict}": sum(one.verdict == verdict for one in found) for verdict in VERDICTS
    }
    copies = {f"copies_{verdict}": sum(one.verdict == verdict for one in later) for verdict in VERDICTS}
    copies["copies_same_account"] = sum(one.is_same_account for one in certain)
    return (
        *inquiry.counts(families, "number"),
        *inquiry.counts(copies, "posts"),
        *_shortest(inquiry, certain),
    )


def _shortest(inquiry: Inquiry, certain: Sequence[Later]) -> tuple[Value, ...]:
    """The shortest time from a removal to a copy that followed it: at least, and at most where bounded."""
    least = [later.days[0] for later in certain]
    most = [later.days[1] for later in certain]
    ends = {
        "days_least": min((days for days in least if days is not None), default=None),
        "days_most": min((days for days in most if days is not None), default=None),
    }
    return tuple(
        Value(name, inquiry.text(f"label_{name}"), days, "days")
        for name, days in ends.items()
        if days is not None
    )


def _tables(inquiry: Inquiry, found: Sequence[Return]) -> tuple[Table, ...]:
    columns = ("verdict", *(f"number_{verdict}" for verdict in VERDICTS), "removal", "days_low", "days_high")
    ordered = sorted(found, key=lambda one: VERDICTS.index(one.verdict))
    rows = [_row(inquiry, one) for one in ordered[:MOST_LISTED]]
    return (inquiry.table("returns", columns, rows),) if rows else ()


def _row(inquiry: Inquiry, one: Return) -> Row:
    label = family_label(one.family)
    numbers = [
        count(f"number_{verdict}", label, sum(later.verdict == verdict for later in one.copies), "posts")
        for verdict in VERDICTS
    ]
    certain = [later for later in one.copies if later.removal is not None]
    nearest = min(certain, key=lambda later: (later.days[0] or 0, later.copy.key), default=None)
    when = None if nearest is None or nearest.removal is None else nearest.removal
    days = (None, None) if nearest is None else nearest.days
    return Row(
        label,
        (
            inquiry.text(f"verdict_{one.verdict}"),
            *numbers,
            None if when is None else from_to(inquiry, when.low_us, when.high_us),
            *(None if end is None else Value("days", label, end, "days") for end in days),
        ),
    )
