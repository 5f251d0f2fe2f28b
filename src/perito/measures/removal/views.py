"""The series as tables: by period, by platform, and by notifier channel and time to removal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.findings import Cell, Column, Row, Table, verbatim
from perito.measures.labels import platform_text
from perito.measures.removal.series import (
    ALL,
    ANY,
    NOT_PUBLISHED,
    SEVERAL,
    Figure,
    items_value,
    rate_value,
    stage_order,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.clock import Period
    from perito.measures.inquiry import Inquiry

_VOLUMES = {"detected": "detected", "notified": "notified", "removed_items": "removed"}


def by_period(inquiry: Inquiry, found: Sequence[Figure]) -> Table:
    """Detected, notified and removed items, and the share of notified items removed, by period."""
    overall = [f for f in found if f.is_overall]
    rows = []
    for period in _periods(overall):
        here = [f for f in overall if f.period == period]
        volumes = {f.name: f for f in here if not f.is_share}
        cells: list[Cell] = [
            items_value(inquiry, volumes[name], column) if name in volumes else None
            for column, name in _VOLUMES.items()
        ]
        share = next((f for f in here if f.is_share and f.name == "removed"), None)
        rows.append(Row(verbatim(here[0].label), (*cells, _rate(inquiry, share, "removed_share"))))
    return inquiry.table("by-period", (*_VOLUMES, "removed_share"), rows)


def by_platform(inquiry: Inquiry, found: Sequence[Figure]) -> Table:
    """Share of notified items removed, one row a period and one column a platform."""
    parts = [f for f in found if f.is_share and f.name == "removed" and f.platform != SEVERAL]
    rates = [f for f in parts if (f.channel, f.stage) == (ALL, ANY)]
    platforms = sorted({f.platform for f in rates})
    rows = []
    for period in _periods(rates):
        here = {f.platform: f for f in rates if f.period == period}
        label = verbatim(next(iter(here.values())).label)
        rows.append(Row(label, tuple(_rate(inquiry, here.get(name), name) for name in platforms)))
    columns = [Column(platform, platform_text(platform)) for platform in platforms]
    return inquiry.table("by-platform", columns, rows)


def by_channel(inquiry: Inquiry, found: Sequence[Figure]) -> Table:
    """Share of notified items removed by notifier channel and time to removal."""
    parts = [f for f in found if f.is_share and f.name == "removed" and f.platform == SEVERAL]
    split = [f for f in parts if (f.channel, f.stage) != (ALL, ANY)]
    split.sort(key=lambda f: (f.period.start_us, -f.period.end_us, f.channel, stage_order(f.stage)))
    stages = {ANY: inquiry.text("any_time"), NOT_PUBLISHED: inquiry.text("time_not_published")}
    rows = [
        Row(
            verbatim(f.label),
            (f.channel, stages.get(f.stage, verbatim(f.stage)), _rate(inquiry, f, "removed_share")),
        )
        for f in split
    ]
    return inquiry.table("by-channel", ("channel", "stage", "removed_share"), rows)


def _periods(found: Sequence[Figure]) -> list[Period]:
    """The periods in order of time, a longer one before the shorter ones in it."""
    return sorted({figure.period for figure in found}, key=lambda period: (period.start_us, -period.end_us))


def _rate(inquiry: Inquiry, figure: Figure | None, name: str) -> Cell:
    if figure is None:
        return None
    if figure.share is None:
        return inquiry.text("no_number", note=inquiry.quoted(figure.note))
    return rate_value(inquiry, figure, name)
