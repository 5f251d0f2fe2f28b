"""What the answers of this measure have in common: what is wrong with the rows, bounds, names, refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.clock import iso
from perito.findings import Finding, Row, Table, Text, Value, verbatim
from perito.measures.inquiry import count
from perito.measures.labels import bilingual
from perito.schema import enumeration

if TYPE_CHECKING:
    from perito.measures.copies.material import Material, PictureFamily
    from perito.measures.inquiry import Inquiry

MOST_LISTED = 20
"""Families that a table lists; how many more there are is counted."""


def refuse_pictures(inquiry: Inquiry, material: Material) -> Finding | None:
    """Why nothing can be said of families: nothing was hashed, or nothing can be compared."""
    if not material.pictures:
        return inquiry.refusal(inquiry.text("refusal_not_hashed"), series=fault_tables(inquiry, material))
    if not material.comparable and not material.families:
        return inquiry.refusal(
            inquiry.text("refusal_quality"),
            counts=picture_counts(inquiry, material),
            series=fault_tables(inquiry, material),
        )
    return None


def picture_counts(inquiry: Inquiry, material: Material) -> tuple[Value, ...]:
    """How many pictures there are, and of how many nothing can be said."""
    numbers = {
        "pictures": material.pictures,
        "comparable": len(material.comparable),
        "not_comparable": len(material.not_comparable),
        "unreadable": len(material.unreadable),
        "not_hashed": len(material.not_hashed),
    }
    return (
        *inquiry.counts(numbers, "images"),
        *inquiry.counts({"not_held": material.not_held}, "rows"),
        *inquiry.counts({"faulty": sum(map(len, material.faults.values()))}, "rows"),
    )


def fault_tables(inquiry: Inquiry, material: Material) -> tuple[Table, ...]:
    """What is wrong with the rows, by kind: how often, and the first by name; none if nothing is."""
    rows = [
        Row(label, (count("rows", label, len(found), "rows"), min(found)))
        for kind, found in sorted(material.faults.items())
        if found
        for label in (inquiry.text(f"fault_{kind}"),)
    ]
    return (inquiry.table("faults", ("rows", "first"), rows),) if rows else ()


def conditions(inquiry: Inquiry, material: Material) -> tuple[Text, ...]:
    """What holds of this answer beside what always does: pictures that nothing is said of, faulty rows."""
    asked = {
        "condition_not_compared": material.not_comparable or material.unreadable,
        "condition_not_hashed": material.not_hashed,
        "condition_not_held": material.not_held,
        "condition_faults": any(material.faults.values()),
    }
    return tuple(inquiry.text(name) for name, holds in asked.items() if holds)


def bounded_shares(
    inquiry: Inquiry, name: str, least: int, most: int, base: int, status: str = "exact"
) -> tuple[Value, Value]:
    """The least and the most that a share can be, for what is not known: none of it, or all of it."""
    return tuple(  # type: ignore[return-value]
        Value(
            f"{name}_{end}",
            inquiry.text(f"label_{name}_{end}"),
            number / base if base else None,
            "share",
            status=status if base else "cannot_say",  # type: ignore[arg-type]
        )
        for end, number in (("least", least), ("most", most))
    )


def family_label(family: PictureFamily) -> Text:
    """The name of a family: the beginning of the digest of the picture that stands for it."""
    return verbatim(family.name)


def moment(inquiry: Inquiry, at_us: int | None, basis: str | None) -> Text:
    """A time and what it rests on."""
    if at_us is None:
        return inquiry.text("no_time")
    meaning = enumeration("time_basis").values.get(basis or "unknown")
    words = bilingual(meaning.en, meaning.es) if meaning else inquiry.text("no_time")
    return inquiry.text("moment", at=iso(at_us), basis=words)


def from_to(inquiry: Inquiry, low_us: int | None, high_us: int | None) -> Text:
    """An interval of time in words."""
    if low_us is None and high_us is None:
        return inquiry.text("no_time")
    if low_us == high_us and low_us is not None:
        return verbatim(iso(low_us))
    if high_us is None:
        return inquiry.text("not_before", low=iso(low_us or 0))
    if low_us is None:
        return inquiry.text("not_after", high=iso(high_us))
    return inquiry.text("between", low=iso(low_us), high=iso(high_us))


def not_listed(inquiry: Inquiry, name: str, total: int) -> tuple[Value, ...]:
    """How many families a table leaves out."""
    return inquiry.counts({name: max(0, total - MOST_LISTED)}, "number")
