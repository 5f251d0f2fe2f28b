"""The profile of the tables, a derived table: how many rows, how far a column is filled, and its bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from perito.schema import table
from perito.schema.arrow import arrow_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HOLDINGS = "holdings"


class Profile:
    """What is counted of one table while its rows go by.

    Bounds are given for numbers and times only: texts may name people.
    """

    def __init__(self, name: str, schema: pa.Schema) -> None:
        self.name = name
        self.rows = 0
        self._schema = schema
        self._filled = dict.fromkeys(schema.names, 0)
        self._bounds: dict[str, tuple[Any, Any]] = {}

    def add(self, batch: pa.RecordBatch) -> None:
        """Count some rows."""
        self.rows += batch.num_rows
        for field, column in zip(batch.schema, batch.columns, strict=True):
            filled = len(column) - column.null_count
            self._filled[field.name] += filled
            if filled and (pa.types.is_integer(field.type) or pa.types.is_floating(field.type)):
                found = pc.min_max(column).as_py()
                low, high = self._bounds.get(field.name, (found["min"], found["max"]))
                self._bounds[field.name] = (min(low, found["min"]), max(high, found["max"]))

    def to_rows(self) -> list[dict[str, Any]]:
        """One row a column."""
        return [self._row(name) for name in self._schema.names]

    def _row(self, column: str) -> dict[str, Any]:
        low, high = self._bounds.get(column, (None, None))
        return {
            "table_name": self.name,
            "column_name": column,
            "rows": self.rows,
            "filled": self._filled[column],
            "minimum": None if low is None else str(low),
            "maximum": None if high is None else str(high),
        }


def holdings_of(profiles: Iterable[Profile]) -> pa.Table:
    """The derived table of what was counted."""
    rows = [row for profile in profiles for row in profile.to_rows()]
    return pa.Table.from_pylist(rows, schema=arrow_schema(table(HOLDINGS)))


def holdings(tables: Mapping[str, pa.Table]) -> pa.Table:
    """One row a column of each table.

    Example:
        >>> holdings({"counts": pa.table({"value": [5, None, 3]})}).to_pylist()[0]["maximum"]
        '5'
    """
    profiles = []
    for name, data in sorted(tables.items()):
        profile = Profile(name, data.schema)
        for batch in data.to_batches():
            profile.add(batch)
        profiles.append(profile)
    return holdings_of(profiles)
