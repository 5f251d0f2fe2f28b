"""`inventory`: what the evidence holds, and what it lacks. Exact counts over the sealed rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perito.clock import iso_day
from perito.findings import Cell, Column, Finding, Row, Source, Table, Value, verbatim
from perito.measures.inquiry import count
from perito.schema import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.measures.inquiry import Inquiry

_RECORDED = ("origin", "acquired_by", "tool", "tool_version", "legal_basis", "terms")
_ITEMS = """
SELECT evidence_id, parent_id, path, bytes, media_type, format, platform, origin, acquired_at_us, acquired_by, tool,
       tool_version, legal_basis, terms, records, mapped, rejected, is_current
FROM evidence
ORDER BY path, evidence_id
"""
_REJECTS = """
SELECT evidence_id, reason, CAST(count(*) AS BIGINT) AS rejects, min(locator) AS first_locator
FROM rejects
GROUP BY evidence_id, reason
ORDER BY evidence_id, reason
"""
_HOLDINGS = """
SELECT table_name, column_name, rows, filled, minimum, maximum
FROM holdings
ORDER BY table_name, column_name
"""


def answer(inquiry: Inquiry) -> Finding:
    """Items, bytes, records mapped and rejected, rows of each table, and what nobody recorded."""
    items = inquiry.tables.rows(_ITEMS)
    if not items:
        return inquiry.refusal(inquiry.text("refusal_empty"))
    current = [item for item in items if item["is_current"]]
    values = _values(inquiry, current)
    return inquiry.finding(
        status="exact",
        headline=inquiry.text("headline"),
        values=values,
        counts=_counts(inquiry, items, current),
        series=tuple(t for t in _tables(inquiry, current) if t.rows),
    )


def _values(inquiry: Inquiry, current: Sequence[dict[str, Any]]) -> tuple[Value, ...]:
    sums = {name: sum(item[name] or 0 for item in current) for name in ("records", "mapped", "rejected")}
    numbers = (
        ("items", len(current), "items"),
        ("bytes", sum(item["bytes"] for item in current if item["parent_id"] is None), "bytes"),
        ("records", sums["records"], "rows"),
        ("mapped", sums["mapped"], "rows"),
        ("rejected", sums["rejected"], "rows"),
    )
    return tuple(count(name, inquiry.text(f"label_{name}"), number, unit) for name, number, unit in numbers)


def _counts(
    inquiry: Inquiry, items: Sequence[dict[str, Any]], current: Sequence[dict[str, Any]]
) -> tuple[Value, ...]:
    numbers = {
        "superseded": len(items) - len(current),
        "unread": sum(item["records"] is None for item in current),
        "without_legal_basis": sum(item["legal_basis"] is None for item in current),
    }
    return tuple(
        count(name, inquiry.text(f"label_{name}"), number, "items") for name, number in numbers.items()
    )


def _tables(inquiry: Inquiry, current: Sequence[dict[str, Any]]) -> tuple[Table, ...]:
    holdings = inquiry.tables.rows(_HOLDINGS)
    return (
        _items_table(inquiry, current),
        _holdings_table(inquiry, holdings),
        _lacking_table(inquiry, current, holdings),
        _rejects_table(inquiry, current),
    )


def _table(inquiry: Inquiry, name: str, columns: Sequence[str], rows: Sequence[Row]) -> Table:
    return Table(
        name,
        inquiry.text(f"title_{name}"),
        tuple(Column(column, inquiry.text(f"column_{column}")) for column in columns),
        tuple(rows),
        note=inquiry.text(f"note_{name}"),
    )


def _items_table(inquiry: Inquiry, current: Sequence[dict[str, Any]]) -> Table:
    units = {"bytes": "bytes", "records": "rows", "mapped": "rows", "rejected": "rows"}
    columns = ("format", *units, "acquired_at", "digest")
    rows = []
    for item in current:
        label = verbatim(item["path"])
        numbers: list[Cell] = [
            Value(name, label, item[name], unit, status="exact", sources=(Source(item["evidence_id"], ""),))
            if item[name] is not None
            else None
            for name, unit in units.items()
        ]
        acquired = None if item["acquired_at_us"] is None else iso_day(item["acquired_at_us"])
        rows.append(
            Row(label, (item["format"], *numbers, acquired, item["evidence_id"].removeprefix("sha256:")[:16]))
        )
    return _table(inquiry, "items", columns, rows)


def _holdings_table(inquiry: Inquiry, holdings: Sequence[dict[str, Any]]) -> Table:
    rows = []
    for name in sorted({row["table_name"] for row in holdings}):
        columns = [row for row in holdings if row["table_name"] == name]
        label = verbatim(name)
        empty = sum(not row["filled"] for row in columns)
        rows.append(
            Row(
                label,
                (
                    Value("rows", label, columns[0]["rows"], "rows"),
                    Value("columns", label, len(columns), "number"),
                    Value("empty_columns", label, empty, "number"),
                ),
            )
        )
    return _table(inquiry, "tables", ("rows", "columns", "empty_columns"), rows)


def _lacking_table(
    inquiry: Inquiry, current: Sequence[dict[str, Any]], holdings: Sequence[dict[str, Any]]
) -> Table:
    """Tables without a row, columns that no source filled, and facts of acquisition that nobody recorded."""
    held = {row["table_name"] for row in holdings}
    absent = [name for name in _asked_tables() if name not in held]
    rows = [Row(inquiry.text("lacking_tables"), (", ".join(absent) or None,))]
    for name in sorted(held):
        empty = [row["column_name"] for row in holdings if row["table_name"] == name and not row["filled"]]
        if empty:
            rows.append(Row(inquiry.text("lacking_columns", table=name), (", ".join(empty),)))
    for fact in _RECORDED:
        missing = [item["path"] for item in current if item[fact] is None]
        if missing:
            rows.append(Row(inquiry.text("lacking_record", fact=fact), (", ".join(missing),)))
    return _table(inquiry, "lacking", ("what",), [row for row in rows if row.cells[0]])


def _asked_tables() -> list[str]:
    from perito.schema import table_names

    return [
        name
        for name in table_names()
        if table(name).kind == "evidence" and name not in {"evidence", "rejects"}
    ]


def _rejects_table(inquiry: Inquiry, current: Sequence[dict[str, Any]]) -> Table:
    paths = {item["evidence_id"]: item["path"] for item in current}
    rows = [
        Row(
            verbatim(paths.get(reject["evidence_id"], reject["evidence_id"])),
            (
                reject["reason"],
                Value("rejects", inquiry.text("column_rejects"), reject["rejects"], "rows"),
                reject["first_locator"],
            ),
        )
        for reject in inquiry.tables.rows(_REJECTS)
    ]
    return _table(inquiry, "rejects", ("reason", "rejects", "first_locator"), rows)
