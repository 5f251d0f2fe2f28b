"""What goes into an engine and comes out of it: the types that both take and give alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from perito.errors import MeasureError

if TYPE_CHECKING:
    from collections.abc import Mapping

Parameter = int | str | bool | None

_BIGINT_END = 2**63


def checked_parameters(parameters: Mapping[str, Any] | None) -> dict[str, Parameter]:
    """The parameters of a query, once every engine can take them alike.

    Raises:
        MeasureError: A value that is neither a 64-bit integer, a text, a truth value nor None.

    Example:
        >>> checked_parameters({"start_us": 5})
        {'start_us': 5}
    """
    checked: dict[str, Parameter] = {}
    for name, value in (parameters or {}).items():
        is_known = value is None or isinstance(value, str | bool | int)
        if not is_known or (isinstance(value, int) and not -_BIGINT_END <= value < _BIGINT_END):
            raise MeasureError(
                f"the parameter '{name}' has a value that no query can take",
                expected="a 64-bit integer, a text, a truth value or None",
                found=f"{type(value).__name__} {str(value)[:40]}",
            )
        checked[name] = value
    return checked


def exact_result(result: pa.Table) -> pa.Table:
    """A result in the types that both engines give: text, 64-bit integers, DECIMAL, truth values, floats.

    Raises:
        MeasureError: A column of another type, such as a timestamp or a list.

    Example:
        >>> exact_result(pa.table({"n": pa.array([1], pa.int32())})).schema.types
        [DataType(int64)]
    """
    return pa.table(
        [_exact(name, column) for name, column in zip(result.column_names, result.columns, strict=True)],
        names=result.column_names,
    )


def _exact(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_boolean(kind) or pa.types.is_decimal128(kind):
        return column
    if pa.types.is_signed_integer(kind) or pa.types.is_null(kind):
        return pc.cast(column, pa.int64())
    if pa.types.is_float64(kind):
        return column
    raise MeasureError(
        f"the column '{name}' of a result has a type that does not cross engines",
        expected="text, BIGINT, DECIMAL, BOOLEAN or DOUBLE",
        found=str(kind),
        remedy="cast it in the query",
    )
