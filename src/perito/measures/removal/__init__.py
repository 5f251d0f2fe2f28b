"""`removal`: what share of notified items was removed, from a published series.

The base of every rate is what was notified; detected items are never a base. The figures are the
authority's own (`declared`). What can be checked is whether they agree with each other, and where they
jump; a jump is flagged, its cause is not asserted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.clock import Period
from perito.findings import Finding, Table, Text, Value
from perito.measures.inquiry import count
from perito.measures.labels import reference
from perito.measures.removal.changes import change_chart, changes_table
from perito.measures.removal.identities import Identity, identities, identities_table
from perito.measures.removal.series import Figure, figures, overall_rates, rate_value
from perito.measures.removal.views import by_channel, by_period, by_platform

if TYPE_CHECKING:
    from perito.measures.inquiry import Inquiry


def answer(inquiry: Inquiry) -> Finding:
    """The series, the identities between its parts, and its jumps.

    Raises:
        MeasureError: No published series is sealed.
    """
    found = figures(inquiry)
    rates = overall_rates(found)
    if not rates:
        return inquiry.refusal(inquiry.text("refusal_no_rate"), counts=())
    checked = identities(found)
    changes = changes_table(inquiry, found)
    values = _values(inquiry, rates)
    counts = _counts(inquiry, found, checked, changes)
    numbers = {value.name: value for value in (*values, *counts)}
    return inquiry.finding(
        scope=inquiry.scope(period=_span(found)),
        status="declared",
        headline=_headline(inquiry, values, rates),
        values=values,
        counts=counts,
        series=_tables(inquiry, found, checked, changes),
        conditions=_conditions(inquiry, found),
        chart=change_chart(inquiry, found, numbers),
    )


def _values(inquiry: Inquiry, rates: list[Figure]) -> tuple[Value, ...]:
    by_share = sorted(rates, key=lambda figure: figure.share or 0)
    named = [
        ("removed_latest", rates[-1]),
        ("removed_lowest", by_share[0]),
        ("removed_highest", by_share[-1]),
    ]
    return tuple(
        rate_value(inquiry, figure, name, inquiry.text(f"label_{name}", period=figure.label))
        for name, figure in named
    )


def _headline(inquiry: Inquiry, values: tuple[Value, ...], rates: list[Figure]) -> Text:
    by_share = sorted(rates, key=lambda figure: figure.share or 0)
    return inquiry.text(
        "headline",
        latest=reference(values[0].name),
        lowest=reference(values[1].name),
        highest=reference(values[2].name),
        latest_period=rates[-1].label,
        lowest_period=by_share[0].label,
        highest_period=by_share[-1].label,
    )


def _counts(
    inquiry: Inquiry, found: list[Figure], checked: list[Identity], changes: Table
) -> tuple[Value, ...]:
    numbers = {
        "figures": len(found),
        "identities_checked": len(checked),
        "identities_failed": sum(not identity.holds for identity in checked),
        "changes_flagged": len(changes.rows),
    }
    return tuple(
        count(name, inquiry.text(f"label_{name}"), number, "number") for name, number in numbers.items()
    )


def _tables(
    inquiry: Inquiry, found: list[Figure], checked: list[Identity], changes: Table
) -> tuple[Table, ...]:
    tables = (
        by_period(inquiry, found),
        by_platform(inquiry, found),
        by_channel(inquiry, found),
        identities_table(inquiry, checked),
        changes,
    )
    return tuple(table for table in tables if table.rows)


def _conditions(inquiry: Inquiry, found: list[Figure]) -> tuple[Text, ...]:
    unverified = [figure for figure in found if not figure.is_verified]
    sources = sorted({figure.source_words for figure in found if figure.source_words})
    conditions = [inquiry.text("condition_sources", sources="; ".join(sources))]
    conditions += [
        inquiry.text("condition_unverified", what=f.describe(), note=f.note or "") for f in unverified
    ]
    return tuple(conditions)


def _span(found: list[Figure]) -> Period:
    return Period(min(f.period.start_us for f in found), max(f.period.end_us for f in found))
