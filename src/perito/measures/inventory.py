"""`inventory`: what the evidence holds, and what it lacks. Exact counts over the sealed rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perito.clock import iso_day
from perito.findings import Cell, Finding, Row, Source, Table, Text, Value, verbatim
from perito.measures.inquiry import count
from perito.measures.labels import bilingual, listed
from perito.schema import table, table_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perito.measures.inquiry import Inquiry

Records = list[dict[str, Any]]
_RECORDED = ("origin", "acquired_by", "tool", "tool_version", "legal_basis", "terms")
_OF_CUSTODY = ("evidence", "rejects")
_ITEM_UNITS = {"bytes": "bytes", "records": "rows", "mapped": "rows", "rejected": "rows"}
_DIGITS_SHOWN = 16
_ITEMS = """
SELECT evidence_id, parent_id, path, bytes, format, acquired_at_us, origin, acquired_by, tool, tool_version,
       legal_basis, terms, records, mapped, rejected, is_current
FROM evidence
ORDER BY path, evidence_id
"""
_REJECTS = """
SELECT evidence_id, reason, CAST(count(*) AS BIGINT) AS rejects, min(locator) AS first_locator
FROM rejects
GROUP BY evidence_id, reason
ORDER BY evidence_id, reason
"""
_HOLDINGS = "SELECT table_name, column_name, rows, filled FROM holdings ORDER BY table_name, column_name"


def answer(inquiry: Inquiry) -> Finding:
    """Items, bytes, records mapped and rejected, rows of each table, and what nobody recorded."""
    items = inquiry.tables.rows(_ITEMS)
    if not items:
        return inquiry.refusal(inquiry.text("refusal_empty"))
    current = [item for item in items if item["is_current"]]
    holdings = inquiry.tables.rows(_HOLDINGS)
    tables = (
        _items_table(inquiry, current),
        _holdings_table(inquiry, holdings),
        inquiry.table("lacking", ("what",), _lacking(inquiry, current, holdings)),
        _rejects_table(inquiry, current),
    )
    return inquiry.finding(
        status="exact",
        headline=inquiry.text("headline"),
        values=_values(inquiry, current),
        counts=_counts(inquiry, items, current),
        series=tuple(table for table in tables if table.rows),
    )


def _values(inquiry: Inquiry, current: Records) -> tuple[Value, ...]:
    """Items, bytes (an archive's members are counted in the archive), and records."""
    whole = [item for item in current if item["parent_id"] is None]
    rows = {
        name: sum(item[name] or 0 for item in current) for name, unit in _ITEM_UNITS.items() if unit == "rows"
    }
    return (
        *inquiry.counts({"items": len(current)}, "items"),
        *inquiry.counts({"bytes": sum(item["bytes"] for item in whole)}, "bytes"),
        *inquiry.counts(rows, "rows"),
    )


def _counts(inquiry: Inquiry, items: Records, current: Records) -> tuple[Value, ...]:
    numbers = {
        "superseded": len(items) - len(current),
        "unread": sum(item["records"] is None for item in current),
        "without_legal_basis": sum(item["legal_basis"] is None for item in current),
    }
    return inquiry.counts(numbers, "items")


def _items_table(inquiry: Inquiry, current: Records) -> Table:
    columns = ("format", *_ITEM_UNITS, "acquired_at", "digest")
    return inquiry.table("items", columns, [_item_row(item) for item in current])


def _item_row(item: dict[str, Any]) -> Row:
    label, sources = verbatim(item["path"]), (Source(item["evidence_id"], ""),)
    numbers: list[Cell] = [
        None if item[name] is None else count(name, label, item[name], unit, sources)
        for name, unit in _ITEM_UNITS.items()
    ]
    acquired = None if item["acquired_at_us"] is None else iso_day(item["acquired_at_us"])
    digest = item["evidence_id"].removeprefix("sha256:")[:_DIGITS_SHOWN]
    return Row(label, (item["format"], *numbers, acquired, digest))


def _holdings_table(inquiry: Inquiry, holdings: Records) -> Table:
    rows = []
    for name in _held(holdings):
        columns, label = _columns_of(holdings, name), _table_title(name)
        numbers = {
            "rows": columns[0]["rows"],
            "columns": len(columns),
            "empty_columns": sum(not column["filled"] for column in columns),
        }
        cells = tuple(
            count(key, label, number, "rows" if key == "rows" else "number")
            for key, number in numbers.items()
        )
        rows.append(Row(label, cells))
    return inquiry.table("tables", ("rows", "columns", "empty_columns"), rows)


def _lacking(inquiry: Inquiry, current: Records, holdings: Records) -> Iterator[Row]:
    """Tables without a row, columns that no source filled, and facts of acquisition that nobody recorded."""
    held = _held(holdings)
    absent = [name for name in _fillable_tables() if name not in held]
    if absent:
        yield Row(inquiry.text("lacking_tables"), (listed([_table_title(name) for name in absent]),))
    for name in (name for name in held if name not in _OF_CUSTODY):
        empty = [column["column_name"] for column in _columns_of(holdings, name) if not column["filled"]]
        if empty:
            yield Row(inquiry.text("lacking_columns", table=_table_title(name)), (", ".join(empty),))
    for fact in _RECORDED:
        missing = [item["path"] for item in current if item[fact] is None]
        if missing:
            known = inquiry.text(f"fact_{fact}")
            yield Row(inquiry.text("lacking_record", fact=known), (", ".join(missing),))


def _held(holdings: Records) -> list[str]:
    return sorted({column["table_name"] for column in holdings})


def _columns_of(holdings: Records, name: str) -> Records:
    return [column for column in holdings if column["table_name"] == name]


def _fillable_tables() -> Sequence[str]:
    """The tables that evidence can fill, those of custody apart."""
    return [name for name in table_names() if table(name).kind == "evidence" and name not in _OF_CUSTODY]


def _table_title(name: str) -> Text:
    title = table(name).title
    return bilingual(title.en, title.es)


def _rejects_table(inquiry: Inquiry, current: Records) -> Table:
    paths = {item["evidence_id"]: item["path"] for item in current}
    label = inquiry.text("column_rejects")
    rows = [
        Row(
            verbatim(paths.get(reject["evidence_id"], reject["evidence_id"])),
            (
                reject["reason"],
                count("rejects", label, reject["rejects"], "rows"),
                reject["first_locator"],
            ),
        )
        for reject in inquiry.tables.rows(_REJECTS)
    ]
    return inquiry.table("rejects", ("reason", "rejects", "first_locator"), rows)
