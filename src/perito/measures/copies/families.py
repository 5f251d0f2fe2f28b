"""`ask = "families"`: how many pictures show the same, who posted them, and when they were first observed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.clock import MICROSECONDS_PER_DAY
from perito.findings import Finding, Row, Table, Value
from perito.measures.copies.material import material_of
from perito.measures.copies.telling import (
    MOST_LISTED,
    conditions,
    family_label,
    fault_tables,
    from_to,
    moment,
    not_listed,
    picture_counts,
    refuse_pictures,
)
from perito.measures.inquiry import count

if TYPE_CHECKING:
    from perito.measures.copies.material import Material, PictureFamily
    from perito.measures.inquiry import Inquiry

_TEXTS = """
SELECT query_id, entry_id
FROM matches
WHERE list_id IS NULL AND method = 'text'
GROUP BY query_id, entry_id
ORDER BY query_id, entry_id
"""
_COLUMNS = ("pictures", "posts", "accounts", "distance", "published", "observed", "span")


def answer(inquiry: Inquiry) -> Finding:
    """Families of pictures: how many, how large, by how many accounts, first observed when."""
    material = material_of(inquiry)
    refused = refuse_pictures(inquiry, material)
    if refused is not None:
        return refused
    found = material.families
    return inquiry.finding(
        status="exact",
        headline=inquiry.text("headline_families" if found else "headline_no_families"),
        values=_values(inquiry, material),
        counts=(
            *picture_counts(inquiry, material),
            *_text_counts(inquiry),
            *not_listed(inquiry, "families_not_listed", len(found)),
        ),
        series=(*_tables(inquiry, material), *fault_tables(inquiry, material)),
        conditions=conditions(inquiry, material),
    )


def _values(inquiry: Inquiry, material: Material) -> tuple[Value, ...]:
    found = material.families
    numbers = {"families": len(found), "posted_families": len(material.posted)}
    images = {
        "pictures_in_families": sum(len(family.pictures) for family in found),
        "most_pictures": max((len(family.pictures) for family in found), default=0),
    }
    posts = {
        "copies": sum(len(family.copies) for family in found),
        "most_copies": max((len(family.copies) for family in found), default=0),
    }
    return (
        *inquiry.counts(numbers, "number"),
        *inquiry.counts(images, "images"),
        *inquiry.counts(posts, "posts"),
    )


def _text_counts(inquiry: Inquiry) -> tuple[Value, ...]:
    """Families of copied texts, where sealed: each member stands beside the family's first post."""
    rows = inquiry.tables.rows(_TEXTS)
    if not rows:
        return ()
    families = {row["entry_id"] for row in rows}
    return (
        *inquiry.counts({"text_families": len(families)}, "number"),
        *inquiry.counts({"text_copies": len(rows) + len(families)}, "posts"),
    )


def _tables(inquiry: Inquiry, material: Material) -> tuple[Table, ...]:
    rows = [_row(inquiry, family) for family in material.families[:MOST_LISTED]]
    return (inquiry.table("families", _COLUMNS, rows),) if rows else ()


def _row(inquiry: Inquiry, family: PictureFamily) -> Row:
    label = family_label(family)
    times = sorted(
        (copy.observed_us, copy.observed_basis) for copy in family.copies if copy.observed_us is not None
    )
    published = [copy.appeared for copy in family.copies if copy.appeared.low_us is not None]
    first = min(published, key=lambda span: span.low_us or 0) if published else None
    numbers = (
        ("pictures", len(family.pictures), "images"),
        ("posts", len(family.copies), "posts"),
        ("accounts", len(family.accounts) if family.accounts else None, "number"),
        ("distance", family.largest_distance, "number"),
    )
    span = (times[-1][0] - times[0][0]) / MICROSECONDS_PER_DAY if times else None
    return Row(
        label,
        (
            *(None if number is None else count(name, label, number, unit) for name, number, unit in numbers),
            from_to(inquiry, first.low_us, first.high_us) if first else inquiry.text("no_time"),
            moment(inquiry, *times[0]) if times else inquiry.text("no_time"),
            None if span is None else Value("span", label, span, "days"),
        ),
    )
