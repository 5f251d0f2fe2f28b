"""Columns on which a platform gives always, or nearly always, one value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.findings import Column, Row, Table, Value
from perito.measures.labels import platform_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perito.measures.declarations.profile import Profile
    from perito.measures.inquiry import Inquiry

_SHOULD_VARY = (
    "automated_detection",
    "automated_decision",
    "category",
    "content_type",
    "decision_ground",
    "source_type",
)


def constants_table(inquiry: Inquiry, found: Sequence[Profile]) -> Table:
    """Every platform and column whose most frequent value stands on at least the declared share of statements.

    Delays count too: a content age that is always the same is a constant column.
    """
    names = ("column", "value", "statements", "share", "always")
    rows = [
        row for profile in found for row in (*_column_rows(inquiry, profile), *_delay_rows(inquiry, profile))
    ]
    return Table(
        "constants",
        inquiry.text("title_constants"),
        tuple(Column(name, inquiry.text(f"column_constant_{name}")) for name in names),
        tuple(rows),
        note=inquiry.text("note_constants"),
    )


def _column_rows(inquiry: Inquiry, profile: Profile) -> Iterator[Row]:
    for column in _SHOULD_VARY:
        given = profile.columns.get(column, {})
        if not given or not profile.statements:
            continue
        value, number = max(given.items(), key=lambda entry: (entry[1], entry[0] or ""))
        if number / profile.statements >= inquiry.parameters["nearly_constant"]:
            yield _row(inquiry, profile, column, value or "", number)


def _delay_rows(inquiry: Inquiry, profile: Profile) -> Iterator[Row]:
    for column, delay in sorted(profile.delays.items()):
        if delay.shortest_s == delay.longest_s:
            yield _row(inquiry, profile, column, f"{delay.shortest_s} s", delay.statements)


def _row(inquiry: Inquiry, profile: Profile, column: str, value: str, number: int) -> Row:
    label = platform_text(profile.platform)
    return Row(
        label,
        (
            column,
            value,
            Value("statements", label, number, "statements", status="declared"),
            Value("share", label, number / profile.statements, "share", status="declared"),
            inquiry.text("always" if number == profile.statements else "nearly"),
        ),
    )
