"""`declarations`: what platforms declare in the DSA Transparency Database, side by side.

Everything here is a property of the declarations (`declared`), never of the content. A column on which
a platform gives always, or nearly always, one value says something about its declaring: it is named
beside every comparison.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.clock import Period
from perito.findings import Finding, Text, Value
from perito.findings.charts import bar_chart
from perito.measures.declarations.constants import constants_table
from perito.measures.declarations.profile import Profile, profiles
from perito.measures.declarations.views import SECTIONS, delay_table, section_table, volume_table
from perito.measures.inquiry import count
from perito.measures.labels import platform_text, reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.findings import Chart, Table
    from perito.measures.inquiry import Inquiry


def answer(inquiry: Inquiry) -> Finding:
    """Volumes, categories in front, automation, source and delays of each platform's declarations.

    Raises:
        MeasureError: No daily statistics are sealed, or none for a platform the question names.
    """
    found = profiles(inquiry)
    values = _values(inquiry, found)
    constants = constants_table(inquiry, found)
    tables = (
        *(section_table(inquiry, found, section) for section in SECTIONS),
        volume_table(inquiry, found),
        delay_table(inquiry, found),
        constants,
    )
    counts = (
        count("platforms", inquiry.text("label_platforms"), len(found), "number"),
        count("constant_columns", inquiry.text("label_constant_columns"), len(constants.rows), "number"),
    )
    return inquiry.finding(
        scope=inquiry.scope(period=_span(found)),
        status="declared",
        headline=_headline(inquiry, found, values),
        values=values,
        counts=counts,
        series=tables,
        conditions=(*_events(inquiry, found), inquiry.text("condition_marginals")),
        chart=_chart(inquiry, tables[0], {value.name: value for value in (*values, *counts)}),
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
    phrases: dict[str, str | Text] = {
        f"platform_{number}": inquiry.text(
            "phrase_platform", platform=platform_text(profile.platform), statements=reference(value.name)
        )
        for number, (profile, value) in enumerate(zip(found, values, strict=True))
    }
    joined = "; ".join(f"{{{name}}}" for name in phrases)
    return inquiry.text("headline", listed=Text(joined, joined, phrases))


def _events(inquiry: Inquiry, found: Sequence[Profile]) -> tuple[Text, ...]:
    """Known events of the data set that the period crosses, for the platforms compared."""
    from perito.law import known_events

    span = _span(found)
    events = {
        event.id: event for profile in found for event in known_events("dsa-tdb", profile.platform, span)
    }
    return tuple(
        inquiry.text(
            "condition_event", effect=Text("{e}", "{s}", {"e": event.effect["en"], "s": event.effect["es"]})
        )
        for _, event in sorted(events.items())
    )


def _span(found: Sequence[Profile]) -> Period:
    return Period(min(p.period.start_us for p in found), max(p.period.end_us for p in found))


def _chart(inquiry: Inquiry, front: Table, numbers: dict[str, Value]) -> Chart:
    rows = [
        (column.label, row.label, cell)
        for at, column in enumerate(front.columns)
        for row in front.rows
        if isinstance(cell := row.cells[at], Value) and cell.unit == "share"
    ]
    return bar_chart(rows, inquiry.text("axis"), numbers)
