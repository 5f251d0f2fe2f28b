"""The profile of the tables, a derived table: how many rows, how far a column is filled, and its bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from perito.schema import table
from perito.schema.arrow import arrow_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

HOLDINGS = "holdings"


def holdings(tables: Mapping[str, pa.Table]) -> pa.Table:
    """One row a column of each table. Bounds are given for numbers and times only: texts may name people.

    Example:
        >>> holdings({"counts": pa.table({"value": [5, None, 3]})}).to_pylist()[0]["maximum"]
        '5'
    """
    rows = [
        _profile(name, field.name, data.column(field.name))
        for name, data in sorted(tables.items())
        for field in data.schema
    ]
    return pa.Table.from_pylist(rows, schema=arrow_schema(table(HOLDINGS)))


def _profile(name: str, column: str, values: pa.ChunkedArray) -> dict[str, Any]:
    filled = len(values) - values.null_count
    has_bounds = filled and (pa.types.is_integer(values.type) or pa.types.is_floating(values.type))
    bounds = pc.min_max(values).as_py() if has_bounds else {"min": None, "max": None}
    return {
        "table_name": name,
        "column_name": column,
        "rows": len(values),
        "filled": filled,
        "minimum": None if bounds["min"] is None else str(bounds["min"]),
        "maximum": None if bounds["max"] is None else str(bounds["max"]),
    }
