"""`ask = "listed"`: which pictures of the case agree with entries of hash lists of known provenance."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from perito.findings import Finding, Row, Table, Value, verbatim
from perito.measures.copies.material import material_of
from perito.measures.copies.telling import conditions, fault_tables, picture_counts
from perito.measures.inquiry import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.measures.inquiry import Inquiry

_MATCHES = """
SELECT m.query_id, m.list_id, m.list_version, m.entry_id, m.method, m."window", m.verification,
       min(m.distance) AS distance, min(h.provenance) AS provenance, min(h.quality) AS quality
FROM matches m
LEFT JOIN (SELECT list_id, entry_id, min(provenance) AS provenance, min(quality) AS quality
           FROM hashes WHERE list_id <> 'case' GROUP BY list_id, entry_id) h
  ON h.list_id = m.list_id AND h.entry_id = m.entry_id
WHERE m.list_id IS NOT NULL AND m.method IN ('pdq', 'sha256')
GROUP BY m.query_id, m.list_id, m.list_version, m.entry_id, m.method, m."window", m.verification
ORDER BY m.list_id NULLS FIRST, m.list_version NULLS FIRST, m.query_id, m.entry_id, m.method,
         m."window" NULLS FIRST, m.verification NULLS FIRST
"""


def answer(inquiry: Inquiry) -> Finding:
    """Pictures that agree with entries of known provenance; entries without one are counted and left out."""
    material = material_of(inquiry)
    rows = [row for row in inquiry.tables.rows(_MATCHES) if row["window"] is None]
    usable = [row for row in rows if row["provenance"]]
    parts: dict[str, Any] = {
        "conditions": conditions(inquiry, material),
        "counts": (
            *picture_counts(inquiry, material),
            *inquiry.counts({"without_provenance": len(rows) - len(usable)}, "rows"),
        ),
    }
    if not usable:
        reason = inquiry.text("refusal_no_provenance" if rows else "refusal_not_searched")
        return inquiry.refusal(reason, series=fault_tables(inquiry, material), **parts)
    return inquiry.finding(
        status="exact",
        headline=inquiry.text("headline_listed"),
        values=_values(inquiry, usable),
        series=(_lists(inquiry, usable), *fault_tables(inquiry, material)),
        **parts,
    )


def _values(inquiry: Inquiry, usable: Sequence[dict[str, Any]]) -> tuple[Value, ...]:
    exact = {row["query_id"] for row in usable if row["method"] == "sha256"}
    near = {row["query_id"] for row in usable if row["method"] == "pdq"} - exact
    unsure = sum(row["method"] == "pdq" and row["quality"] is None for row in usable)
    return (
        *inquiry.counts({"listed": len(exact | near), "listed_exact": len(exact)}, "images"),
        *inquiry.counts({"listed_near": len(near)}, "images"),
        *inquiry.counts({"quality_not_known": unsure}, "rows"),
    )


def _lists(inquiry: Inquiry, usable: Sequence[dict[str, Any]]) -> Table:
    by_list = defaultdict(list)
    for row in usable:
        by_list[row["list_id"], row["list_version"]].append(row)
    rows = []
    for (list_id, version), found in by_list.items():
        label = verbatim(list_id)
        numbers = {
            "listed_pictures": (len({row["query_id"] for row in found}), "images"),
            "entries": (len({row["entry_id"] for row in found}), "number"),
            "farthest": (max(row["distance"] or 0 for row in found), "number"),
        }
        cells = tuple(count(name, label, number, unit) for name, (number, unit) in numbers.items())
        rows.append(Row(label, (version, *cells, found[0]["provenance"])))
    columns = ("version", "listed_pictures", "entries", "farthest", "provenance")
    return inquiry.table("lists", columns, rows)
