"""Rules across columns that published figures must obey; breaking one stops the work.

A count above its base or a sample above its population is no damaged row: whoever wrote the file made a
statement that cannot be true, and every number built on it would be wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from perito.errors import MeasureError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

_NOT_ABOVE = (
    ("counts", "value", "base"),
    ("counts", "base", "population"),
    ("counts", "share_numerator", "share_denominator"),
    ("draws", "stratum_sample", "stratum_population"),
)


def check_row(table: str, values: Mapping[str, Any], where: str) -> None:
    """Refuse a row whose figures cannot be true together.

    Raises:
        MeasureError: Naming file, locator and both figures.

    Example:
        >>> check_row("counts", {"value": 5, "base": 3}, "a.csv (row=1)")  # doctest: +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        perito.errors.MeasureError: ...
    """
    for name, smaller, larger in _NOT_ABOVE:
        if table != name:
            continue
        low, high = values.get(smaller), values.get(larger)
        if low is not None and high is not None and low > high:
            raise MeasureError(
                f"impossible figures: '{smaller}' is {low} and '{larger}' is {high}",
                where=where,
                expected=f"{smaller} <= {larger}",
                remedy="correct the file, or leave the row out and say why",
            )
    start, end = values.get("window_start_us"), values.get("window_end_us")
    if start is not None and end is not None and end <= start:
        raise MeasureError("impossible figures: the window ends before it starts", where=where)


def check_rows(table: str, data: pa.Table, item: str) -> None:
    """Refuse rows of an item whose figures cannot be true together.

    Raises:
        MeasureError: As `check_row`, for the first such row.
    """
    wrong = pc.indices_nonzero(_impossible(table, data))
    if len(wrong):
        (row,) = data.slice(wrong[0].as_py(), 1).to_pylist()
        check_row(table, row, f"{item} ({row['locator']})")


def _impossible(table: str, data: pa.Table) -> pa.ChunkedArray:
    marks = [
        pc.greater(data.column(smaller), data.column(larger))
        for name, smaller, larger in _NOT_ABOVE
        if name == table
    ]
    if "window_start_us" in data.column_names and "window_end_us" in data.column_names:
        marks.append(pc.less_equal(data.column("window_end_us"), data.column("window_start_us")))
    found = pc.fill_null(marks[0], fill_value=False)
    for mark in marks[1:]:
        found = pc.or_(found, pc.fill_null(mark, fill_value=False))
    return found


CHECKED_TABLES = tuple(sorted({name for name, _, _ in _NOT_ABOVE}))
