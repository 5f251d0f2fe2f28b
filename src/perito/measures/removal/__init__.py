"""`removal`: what share of notified items was removed, from a published series.

The base of every rate is what was notified; detected items are never a base. The figures are the
publisher's own (`declared`). What can be checked is whether they agree with each other, and where they
jump; a jump is flagged, its cause is not asserted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.clock import Period
from perito.measures.labels import listed, period_text, reference
from perito.measures.removal.changes import change_chart, changes_table
from perito.measures.removal.identities import identities, identities_table
from perito.measures.removal.series import (
    Figure,
    described,
    figures,
    overall_rates,
    rate_value,
    repeated,
)
from perito.measures.removal.views import by_channel, by_period, by_platform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perito.findings import Finding, Text, Value
    from perito.measures.inquiry import Inquiry


def answer(inquiry: Inquiry) -> Finding:
    """The series, the identities between its parts, and its jumps.

    Raises:
        MeasureError: No series is sealed, several and none named, or a removal rate with another base than
            notified items.
    """
    found = figures(inquiry)
    shared = {"scope": inquiry.scope(period=_span(found)), "conditions": tuple(_conditions(inquiry, found))}
    again = repeated(found)
    if again:
        reason = inquiry.text("refusal_repeated", what=described(inquiry, again))
        return inquiry.refusal(reason, **shared)
    views = (by_period(inquiry, found), by_platform(inquiry, found), by_channel(inquiry, found))
    rates = overall_rates(found)
    if not rates:
        series = tuple(table for table in views if table.rows)
        return inquiry.refusal(inquiry.text("refusal_no_rate"), **shared, series=series)
    checked, changes = identities(found), changes_table(inquiry, found)
    numbers = {
        "figures": len(found),
        "identities_checked": len(checked),
        "identities_failed": sum(not identity.holds for identity in checked),
        "changes_flagged": len(changes.rows),
    }
    named = _named(rates)
    return inquiry.finding(
        **shared,
        status="declared",
        headline=_headline(inquiry, named),
        values=_values(inquiry, named),
        counts=inquiry.counts(numbers, "number"),
        series=tuple(t for t in (*views, identities_table(inquiry, checked), changes) if t.rows),
        chart=change_chart(inquiry, found),
    )


def _named(rates: Sequence[Figure]) -> dict[str, Figure]:
    """The latest share, the lowest (the first of equals) and the highest (the last of equals)."""
    by_share = sorted(rates, key=lambda figure: figure.share or 0)
    return {"latest": rates[-1], "lowest": by_share[0], "highest": by_share[-1]}


def _values(inquiry: Inquiry, named: dict[str, Figure]) -> tuple[Value, ...]:
    return tuple(
        rate_value(
            inquiry, figure, f"removed_{name}", inquiry.text(f"label_removed_{name}", period=figure.label)
        )
        for name, figure in named.items()
    )


def _headline(inquiry: Inquiry, named: dict[str, Figure]) -> Text:
    words: dict[str, str | Text] = {name: reference(f"removed_{name}") for name in named}
    periods = {f"{name}_period": period_text(figure.period) for name, figure in named.items()}
    return inquiry.text("headline", **words, **periods)


def _conditions(inquiry: Inquiry, found: Sequence[Figure]) -> Iterator[Text]:
    """Where the figures were read, which are unverified, and what the sources note on the others."""
    sources = sorted({figure.source_words for figure in found if figure.source_words})
    if sources:
        yield inquiry.text("condition_sources", sources=listed([inquiry.quoted(words) for words in sources]))
    for figure in found:
        if not figure.is_verified:
            words = {"what": described(inquiry, figure), "note": inquiry.quoted(figure.note)}
            yield inquiry.text("condition_unverified", **words)
    seen = [figure for figure in found if figure.is_verified and figure.note]
    for note in sorted({figure.note for figure in seen if figure.note}):
        noted = [figure for figure in seen if figure.note == note]
        what = inquiry.text("several_figures") if len(noted) > 1 else described(inquiry, noted[0])
        yield inquiry.text("condition_note", what=what, note=note)


def _span(found: Sequence[Figure]) -> Period:
    return Period(min(f.period.start_us for f in found), max(f.period.end_us for f in found))
