"""The series as tables: by period, by platform, and by notifier channel and time to removal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.findings import Cell, Column, Row, Table, verbatim
from perito.measures.labels import platform_text
from perito.measures.removal.series import ALL, ANY, SEVERAL, Figure, items_value, rate_value

if TYPE_CHECKING:
    from perito.clock import Period
    from perito.findings import Text
    from perito.measures.inquiry import Inquiry


def _periods(found: list[Figure]) -> list[Period]:
    return sorted({figure.period for figure in found})


def _one(figures: list[Figure]) -> Figure | None:
    return figures[0] if figures else None


def by_period(inquiry: Inquiry, found: list[Figure]) -> Table:
    """Detected, notified and removed items, and the share of notified items removed, by period."""
    overall = [f for f in found if f.is_overall]
    names = ("detected", "notified", "removed_items", "removed_share")
    rows = []
    for period in _periods(overall):
        here = [f for f in overall if f.period == period]
        label = verbatim(here[0].label)
        cells: list[Cell] = [
            _items(inquiry, _one([f for f in here if f.name == name and f.items is not None]), column)
            for name, column in (
                ("detected", "detected"),
                ("notified", "notified"),
                ("removed", "removed_items"),
            )
        ]
        share = _one([f for f in here if f.name == "removed" and f.items is None])
        cells.append(None if share is None else rate_value(inquiry, share, "removed_share"))
        rows.append(Row(label, tuple(cells)))
    return _table(inquiry, "by-period", names, rows)


def _items(inquiry: Inquiry, figure: Figure | None, column: str) -> Cell:
    return None if figure is None else items_value(figure, column, inquiry.text(f"column_{column}"))


def by_platform(inquiry: Inquiry, found: list[Figure]) -> Table:
    """Share of notified items removed, one row a period and one column a platform."""
    rates = [
        f
        for f in found
        if f.name == "removed" and f.platform != SEVERAL and f.channel == ALL and f.stage == ANY
    ]
    platforms = sorted({f.platform for f in rates})
    rows = []
    for period in _periods(rates):
        here = {f.platform: f for f in rates if f.period == period}
        cells = tuple(_rate(inquiry, here.get(platform), platform) for platform in platforms)
        rows.append(Row(verbatim(next(iter(here.values())).label), cells))
    columns = tuple(Column(platform, platform_text(platform)) for platform in platforms)
    return Table(
        "by-platform",
        inquiry.text("title_by-platform"),
        columns,
        tuple(rows),
        note=inquiry.text("note_by-platform"),
    )


def _rate(inquiry: Inquiry, figure: Figure | None, name: str) -> Cell:
    if figure is None:
        return None
    if figure.share is None:
        return inquiry.text("no_number", note=figure.note or "")
    return rate_value(inquiry, figure, name)


def by_channel(inquiry: Inquiry, found: list[Figure]) -> Table:
    """Share of notified items removed by notifier channel and time to removal."""
    parts = [f for f in found if f.name == "removed" and f.platform == SEVERAL and f.channel != ALL]
    rows = [
        Row(
            verbatim(figure.label),
            (figure.channel, figure.stage, rate_value(inquiry, figure, "removed_share")),
        )
        for figure in parts
    ]
    return _table(inquiry, "by-channel", ("channel", "stage", "removed_share"), rows)


def _table(inquiry: Inquiry, name: str, columns: tuple[str, ...], rows: list[Row]) -> Table:
    note: Text = inquiry.text(f"note_{name}")
    return Table(
        name,
        inquiry.text(f"title_{name}"),
        tuple(Column(column, inquiry.text(f"column_{column}")) for column in columns),
        tuple(rows),
        note=note,
    )
