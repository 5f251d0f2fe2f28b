"""`declarations`: what platforms declare in the DSA Transparency Database, side by side.

Everything here is a property of the declarations (`declared`), never of the content. A column on which
a platform gives always, or nearly always, one value says something about its declaring: it is named
beside every comparison.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.findings import Text, Value
from perito.findings.charts import bar_chart
from perito.law import known_events
from perito.measures.declarations.constants import Constant, constants, constants_table
from perito.measures.declarations.profile import Profile, profiles
from perito.measures.declarations.views import (
    AUTOMATION,
    IN_FRONT,
    SOURCE,
    delay_table,
    keyword_table,
    month_tables,
    section_table,
    volume_table,
)
from perito.measures.labels import bilingual, day_text, listed, platform_text, reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.findings import Chart, Finding, Table
    from perito.law import KnownEvent
    from perito.measures.inquiry import Inquiry

_DATABASE = "dsa-tdb"


def answer(inquiry: Inquiry) -> Finding:
    """Volumes, categories in front, automation, source and delays of each platform's declarations.

    Raises:
        MeasureError: No daily statistics are sealed, or none for a platform the question names.
    """
    found = profiles(inquiry)
    fixed = constants(inquiry, found)
    front = section_table(inquiry, found, fixed, IN_FRONT)
    tables = (
        front,
        constants_table(inquiry, fixed),
        keyword_table(inquiry, found, fixed),
        section_table(inquiry, found, fixed, AUTOMATION),
        section_table(inquiry, found, fixed, SOURCE),
        delay_table(inquiry, found, fixed),
        volume_table(inquiry, found),
        *month_tables(inquiry, found),
    )
    values = _values(inquiry, found)
    return inquiry.finding(
        scope=inquiry.scope(period=found[0].period),
        status="declared",
        headline=_headline(inquiry, found, values),
        values=values,
        counts=inquiry.counts({"platforms": len(found), "constant_columns": len(fixed)}, "number"),
        series=tuple(table for table in tables if table.rows),
        conditions=(
            *_events(inquiry, found),
            inquiry.text("condition_alike"),
            inquiry.text("condition_days"),
        ),
        chart=_chart(inquiry, front, fixed),
    )


def _values(inquiry: Inquiry, found: Sequence[Profile]) -> tuple[Value, ...]:
    return tuple(
        Value(
            name=f"statements_{profile.platform}",
            label=inquiry.text("label_statements", platform=platform_text(profile.platform)),
            estimate=profile.statements,
            unit="statements",
            status="declared",
        )
        for profile in found
    )


def _headline(inquiry: Inquiry, found: Sequence[Profile], values: Sequence[Value]) -> Text:
    phrases = [
        inquiry.text(
            "phrase_platform", platform=platform_text(profile.platform), statements=reference(value.name)
        )
        for profile, value in zip(found, values, strict=True)
    ]
    return inquiry.text("headline", listed=listed(phrases))


def _events(inquiry: Inquiry, found: Sequence[Profile]) -> tuple[Text, ...]:
    """Known events of the data set that the period crosses, for the platforms compared."""
    events = {
        event.id: event
        for profile in found
        for event in known_events(_DATABASE, profile.platform, profile.period)
    }
    ordered = sorted(events.values(), key=lambda event: (event.start_us, event.end_us, event.id))
    return tuple(
        inquiry.text(
            "condition_event",
            when=_when(inquiry, event),
            effect=bilingual(event.effect["en"], event.effect["es"]),
        )
        for event in ordered
    )


def _when(inquiry: Inquiry, event: KnownEvent) -> Text:
    last = day_text(event.end_us - 1)
    if event.first_day is None:
        return inquiry.text("when_until", last=last)
    if event.first_day == event.last_day:
        return last
    return inquiry.text("when_between", first=day_text(event.start_us), last=last)


def _chart(inquiry: Inquiry, front: Table, fixed: Sequence[Constant]) -> Chart:
    """The shares in front, a panel a category, a bar a platform; a panel names who gave one value only."""
    rows = []
    for at, (key, column, _) in enumerate(IN_FRONT.shares):
        platforms = [platform_text(constant.platform) for constant in fixed if constant.column == column]
        panel = inquiry.text(f"column_{key}")
        if platforms:
            panel = inquiry.text("panel_constant", panel=panel, platforms=listed(platforms, ", "))
        cells = [(row.label, row.cells[at]) for row in front.rows]
        rows += [(panel, label, cell) for label, cell in cells if isinstance(cell, Value)]
    return bar_chart(rows, inquiry.text("axis"), {})
