"""`proceedings`: the register of parallel proceedings: authorities, articles, dates, amounts, appeals."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from perito.clock import Period
from perito.findings import Cell, Finding, Row, Text, Value, verbatim
from perito.measures.inquiry import source_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.measures.inquiry import Inquiry

_COLUMNS = (
    "date", "authority", "addressee", "instrument", "articles", "event", "amount", "state", "reliability",
)  # fmt: skip
_APPEALED = re.compile(r"(appealed|under appeal|appeal (pending|lodged))\b", re.IGNORECASE)
_QUERY = """
SELECT proceeding_id, authority, jurisdiction, addressee, instrument, articles, date, date_start_us,
       date_end_us, event, subject, amount_eur, state, note, reliability, evidence_id, locator
FROM proceedings
ORDER BY date_start_us NULLS LAST, date_end_us NULLS LAST, proceeding_id, evidence_id, locator
"""


def answer(inquiry: Inquiry) -> Finding:
    """The register in order of date, with the amounts added up and checked against a published total.

    Raises:
        MeasureError: No register is sealed.
    """
    rows = inquiry.tables.rows(_QUERY)
    if not rows:
        raise inquiry.fail("no register of proceedings is sealed", remedy="seal one as 'proceedings'")
    shared = {
        "scope": inquiry.scope(period=_span(rows)),
        "series": (inquiry.table("register", _COLUMNS, [_row(inquiry, row) for row in rows]),),
        "conditions": _conditions(inquiry, rows),
    }
    entry, times = Counter(row["proceeding_id"] for row in rows).most_common(1)[0]
    if times > 1:
        return inquiry.refusal(inquiry.text("refusal_repeated", entry=entry), **shared)
    values = _values(inquiry, [row for row in rows if row["amount_eur"] is not None])
    return inquiry.finding(
        **shared,
        status="declared",
        headline=_headline(inquiry, values),
        values=values,
        counts=_counts(inquiry, rows),
    )


def _values(inquiry: Inquiry, fined: Sequence[dict[str, Any]]) -> tuple[Value, ...]:
    """The amounts added up, the published total and the difference; no sum where there is no amount."""
    published = inquiry.parameters.get("published_total_eur")
    added = sum(row["amount_eur"] for row in fined) if fined else None
    numbers = {"amounts_total": added, "published_total": published}
    if added is not None and published is not None:
        numbers["difference"] = published - added
    sources = tuple(source_of(row) for row in fined)
    return tuple(
        Value(
            name=name,
            label=inquiry.text(f"label_{name}"),
            estimate=number,
            unit="eur",
            status="declared",
            sources=() if name == "published_total" else sources,
        )
        for name, number in numbers.items()
        if number is not None
    )


def _headline(inquiry: Inquiry, values: Sequence[Value]) -> Text:
    numbers = {value.name: value.estimate for value in values}
    if "amounts_total" not in numbers:
        return inquiry.text("headline_no_amount")
    if "difference" not in numbers:
        return inquiry.text("headline")
    return inquiry.text("headline_differs" if numbers["difference"] else "headline_agrees")


def _counts(inquiry: Inquiry, rows: Sequence[dict[str, Any]]) -> tuple[Value, ...]:
    fined = [row for row in rows if row["amount_eur"] is not None]
    numbers = {
        "entries": len(rows),
        "authorities": len({row["authority"] for row in rows}),
        "jurisdictions": len({row["jurisdiction"] for row in rows}),
        "amounts": len(fined),
        "amounts_appealed": sum(_is_appealed(row) for row in fined),
        "undated": sum(row["date"] is None for row in rows),
        "unverified": sum(row["reliability"] != "seen" for row in rows),
    }
    return inquiry.counts(numbers, "number")


def _is_appealed(row: dict[str, Any]) -> bool:
    """Whether the register's words on the state begin by saying so; `not appealed` does not."""
    return _APPEALED.match(row["state"] or "") is not None


def _row(inquiry: Inquiry, row: dict[str, Any]) -> Row:
    cells: dict[str, Cell] = {name: row.get(name) for name in _COLUMNS}
    cells["event"] = f"{row['event']}: {row['subject']}" if row["subject"] else row["event"]
    cells["reliability"] = inquiry.text(
        "reliability_seen" if row["reliability"] == "seen" else "reliability_unverified"
    )
    if row["amount_eur"] is not None:
        label, sources = inquiry.text("column_amount"), (source_of(row),)
        cells["amount"] = Value("amount", label, row["amount_eur"], "eur", status="declared", sources=sources)
    return Row(verbatim(row["proceeding_id"]), tuple(cells.values()))


def _conditions(inquiry: Inquiry, rows: Sequence[dict[str, Any]]) -> tuple[Text, ...]:
    return tuple(
        inquiry.text(
            "condition_note",
            what=inquiry.quoted(row["proceeding_id"]),
            note=row["note"],
        )
        for row in rows
        if row["note"]
    )


def _span(rows: Sequence[dict[str, Any]]) -> Period | None:
    dated = [row for row in rows if row["date_start_us"] is not None]
    if not dated:
        return None
    return Period(min(row["date_start_us"] for row in dated), max(row["date_end_us"] for row in dated))
