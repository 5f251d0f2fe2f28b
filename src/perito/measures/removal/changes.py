"""Jumps in the series: flagged by a declared threshold, between periods of one length, without a cause."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from perito.findings import Chart, Row, Table, Value, verbatim
from perito.findings.charts import bar_chart
from perito.measures.removal.series import ALL, ANY, SEVERAL, Figure, panel, rate_value
from perito.stats.interval import as_written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    from perito.measures.inquiry import Inquiry

_COLUMNS = ("from_period", "from_share", "to_period", "to_share", "change")


def changes_table(inquiry: Inquiry, found: Sequence[Figure]) -> Table:
    """Every change of at least the threshold between neighbouring periods."""
    threshold = as_written(inquiry.parameters["change_threshold"])
    rows = [
        _row(inquiry, before, after)
        for before, after in _consecutive(found)
        if abs(_change(before, after)) >= threshold
    ]
    return inquiry.table("changes", _COLUMNS, rows)


def change_chart(inquiry: Inquiry, found: Sequence[Figure]) -> Chart:
    """Share of notified items removed: a panel a platform, a bar a published period."""
    rates = _rates(found)
    platforms = sorted({f.platform for f in rates}, key=lambda name: (name != SEVERAL, name))
    rows = [
        (panel(inquiry, platform), verbatim(figure.label), rate_value(inquiry, figure, "share"))
        for platform in platforms
        for figure in rates
        if figure.platform == platform
    ]
    return bar_chart(rows, inquiry.text("axis"), {})


def _rates(found: Sequence[Figure]) -> list[Figure]:
    """Shares removed whatever the channel and the time to removal."""
    return [f for f in found if f.is_rate and (f.channel, f.stage) == (ALL, ANY)]


def _consecutive(found: Sequence[Figure]) -> Iterator[tuple[Figure, Figure]]:
    """Neighbouring published shares of one platform, over periods of the same length that do not overlap."""
    rates = _rates(found)
    for platform, length in sorted({(f.platform, f.length) for f in rates}):
        same = [f for f in rates if (f.platform, f.length) == (platform, length)]
        same.sort(key=lambda f: f.period)
        yield from ((a, b) for a, b in pairwise(same) if a.period.end_us <= b.period.start_us)


def _change(before: Figure, after: Figure) -> Fraction:
    return (after.share or 0) - (before.share or as_written(0))


def _row(inquiry: Inquiry, before: Figure, after: Figure) -> Row:
    label, sources = panel(inquiry, after.platform), (before.source, after.source)
    change = float(_change(before, after))
    return Row(
        label,
        (
            verbatim(before.label),
            rate_value(inquiry, before, "from_share"),
            verbatim(after.label),
            rate_value(inquiry, after, "to_share"),
            Value("change", label, change, "percentage_points", sources=sources),
        ),
    )
