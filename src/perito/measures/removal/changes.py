"""Jumps in the series: flagged by a declared threshold, between periods of one length, without a cause."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from perito.findings import Chart, Column, Row, Table, Text, Value, verbatim
from perito.findings.charts import bar_chart
from perito.measures.labels import platform_text
from perito.measures.removal.series import ALL, ANY, SEVERAL, Figure, rate_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from perito.measures.inquiry import Inquiry


def _consecutive(found: list[Figure]) -> Iterator[tuple[Figure, Figure]]:
    """Neighbouring published shares of one platform, over periods of the same length that do not overlap."""
    rates = [
        f
        for f in found
        if f.name == "removed" and f.share is not None and f.channel == ALL and f.stage == ANY
    ]
    for platform, months in sorted({(f.platform, f.months or 0) for f in rates}):
        same = [f for f in rates if f.platform == platform and (f.months or 0) == months]
        same.sort(key=lambda f: f.period)
        yield from ((a, b) for a, b in pairwise(same) if a.period.end_us <= b.period.start_us)


def changes_table(inquiry: Inquiry, found: list[Figure]) -> Table:
    """Every change of at least the threshold between neighbouring periods."""
    threshold = inquiry.parameters["change_threshold"]
    rows = tuple(
        _row(inquiry, before, after)
        for before, after in _consecutive(found)
        if before.share is not None
        and after.share is not None
        and abs(after.share - before.share) >= threshold
    )
    names = ("from_period", "from_share", "to_period", "to_share", "change")
    return Table(
        "changes",
        inquiry.text("title_changes"),
        tuple(Column(name, inquiry.text(f"column_{name}")) for name in names),
        rows,
        note=inquiry.text("note_changes"),
    )


def _row(inquiry: Inquiry, before: Figure, after: Figure) -> Row:
    label = inquiry.text("all_platforms") if after.platform == SEVERAL else platform_text(after.platform)
    change = float((after.share or 0) - (before.share or 0))
    sources = (before.source, after.source)
    return Row(
        label,
        (
            verbatim(before.label),
            rate_value(inquiry, before, "from_share"),
            verbatim(after.label),
            rate_value(inquiry, after, "to_share"),
            Value("change", label, change, "percentage_points", status="exact", sources=sources),
        ),
    )


def change_chart(inquiry: Inquiry, found: list[Figure], numbers: Mapping[str, Value]) -> Chart:
    """Share of notified items removed, a panel a platform, a bar a period of its most frequent length."""
    rows: list[tuple[Text, Text, Value]] = []
    overall = [
        f
        for f in found
        if f.name == "removed" and f.share is not None and f.channel == ALL and f.stage == ANY
    ]
    for platform in sorted({f.platform for f in overall}, key=lambda name: (name != SEVERAL, name)):
        panel = inquiry.text("all_platforms") if platform == SEVERAL else platform_text(platform)
        rows += [
            (panel, verbatim(f.label), rate_value(inquiry, f, "share"))
            for f in overall
            if f.platform == platform
        ]
    return bar_chart(rows, inquiry.text("axis"), numbers)
