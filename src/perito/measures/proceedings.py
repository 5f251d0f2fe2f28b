"""`proceedings`: the register of parallel proceedings: authorities, articles, dates, amounts, state of appeal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perito.clock import Period
from perito.findings import Cell, Column, Finding, Row, Source, Table, Text, Value, verbatim
from perito.measures.inquiry import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.measures.inquiry import Inquiry

_COLUMNS = (
    "date",
    "authority",
    "addressee",
    "instrument",
    "articles",
    "event",
    "amount",
    "state",
    "reliability",
)
_APPEALED = "appeal"
_QUERY = """
SELECT proceeding_id, authority, jurisdiction, platform, addressee, instrument, articles, date, date_start_us,
       date_end_us, event, subject, amount_eur, state, note, reliability, evidence_id, locator
FROM proceedings
ORDER BY date_start_us NULLS LAST, proceeding_id, evidence_id, locator
"""


def answer(inquiry: Inquiry) -> Finding:
    """The register in order of date, with the amounts added up and checked against a published total.

    Raises:
        MeasureError: No register is sealed.
    """
    rows = inquiry.tables.rows(_QUERY)
    if not rows:
        raise inquiry.fail("no register of proceedings is sealed", remedy="declare one as 'proceedings'")
    fines = [row for row in rows if row["amount_eur"] is not None]
    values = (_total(inquiry, fines), *_published(inquiry))
    return inquiry.finding(
        scope=inquiry.scope(period=_span(rows)),
        status="declared",
        headline=_headline(inquiry, values),
        values=values,
        counts=_counts(inquiry, rows, fines),
        series=(_register(inquiry, rows),),
        conditions=_conditions(inquiry, rows),
    )


def _total(inquiry: Inquiry, fines: Sequence[dict[str, Any]]) -> Value:
    return Value(
        "amounts_total",
        inquiry.text("label_amounts_total"),
        sum(row["amount_eur"] for row in fines),
        "eur",
        status="declared",
        sources=tuple(_source(row) for row in fines),
    )


def _published(inquiry: Inquiry) -> tuple[Value, ...]:
    published = inquiry.parameters.get("published_total_eur")
    if published is None:
        return ()
    return (
        Value("published_total", inquiry.text("label_published_total"), published, "eur", status="declared"),
    )


def _headline(inquiry: Inquiry, values: Sequence[Value]) -> Text:
    if len(values) == 1:
        return inquiry.text("headline")
    agree = values[0].estimate == values[1].estimate
    return inquiry.text("headline_agrees" if agree else "headline_differs")


def _counts(
    inquiry: Inquiry, rows: Sequence[dict[str, Any]], fines: Sequence[dict[str, Any]]
) -> tuple[Value, ...]:
    numbers = {
        "entries": len(rows),
        "authorities": len({row["authority"] for row in rows}),
        "jurisdictions": len({row["jurisdiction"] for row in rows}),
        "amounts": len(fines),
        "amounts_appealed": sum(_APPEALED in (row["state"] or "") for row in fines),
        "undated": sum(row["date"] is None for row in rows),
    }
    return tuple(
        count(name, inquiry.text(f"label_{name}"), number, "number") for name, number in numbers.items()
    )


def _register(inquiry: Inquiry, rows: Sequence[dict[str, Any]]) -> Table:
    return Table(
        "register",
        inquiry.text("title_register"),
        tuple(Column(name, inquiry.text(f"column_{name}")) for name in _COLUMNS),
        tuple(_register_row(inquiry, row) for row in rows),
        note=inquiry.text("note_register"),
    )


def _register_row(inquiry: Inquiry, row: dict[str, Any]) -> Row:
    amount: Cell = None
    if row["amount_eur"] is not None:
        label = inquiry.text("column_amount")
        amount = Value("amount", label, row["amount_eur"], "eur", status="declared", sources=(_source(row),))
    cells: list[Cell] = [amount if name == "amount" else row[name] for name in _COLUMNS]
    cells[-1] = inquiry.text(f"reliability_{row['reliability'] or 'unverified'}")
    return Row(verbatim(row["proceeding_id"]), tuple(cells))


def _conditions(inquiry: Inquiry, rows: Sequence[dict[str, Any]]) -> tuple[Text, ...]:
    return tuple(
        inquiry.text("condition_note", entry=row["proceeding_id"], note=row["note"])
        for row in rows
        if row["note"]
    )


def _span(rows: Sequence[dict[str, Any]]) -> Period | None:
    dated = [row for row in rows if row["date_start_us"] is not None]
    if not dated:
        return None
    return Period(min(row["date_start_us"] for row in dated), max(row["date_end_us"] for row in dated))


def _source(row: dict[str, Any]) -> Source:
    return Source(row["evidence_id"], row["locator"])
