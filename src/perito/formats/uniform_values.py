"""The values of one column of many lines, typed as strictly as one by one; what is in doubt is not read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from perito.formats.delimited import RowFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from perito.schema import Column

Mask = np.ndarray[Any, np.dtype[np.bool_]]

_TYPES = {
    "text": pa.string(),
    "bigint": pa.int64(),
    "integer": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
}
_INTEGERS = "^-?(0|[1-9][0-9]{0,17})$"  # 18 digits fit 64 bits with certainty
_NUMBERS = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$"
_NUMBER_CHARACTERS = 40
_LARGEST_EXACT = 2.0**53
_INTEGER_RANGE = range(-(2**31), 2**31)
_BIGINT_RANGE = range(-(2**63), 2**63)


def read_values(
    column: Column,
    texts: pa.StringArray,
    is_read: Mask,
    typed: Callable[[Column, object], object],
    *,
    is_string: bool,
) -> pa.Array:
    """The values in the column's type.

    Args:
        column: The column.
        texts: What stands in the lines: of a string its content, else the literal as it is written.
        is_read: Set to false here for every line whose value is in doubt.
        typed: The strict reading of one value; raises `RowFault`.
        is_string: Whether the values stand in quotes.
    """
    if is_string:
        return texts if column.type == "text" else _each(column, texts, is_read, typed)
    is_null = pc.equal(texts, "null")
    if pc.any(is_null).as_py():
        texts = pc.if_else(is_null, None, texts)
    match column.type:
        case "bigint" | "integer":
            values = _integers(column, texts, is_read)
        case "double":
            values = _doubles(texts, is_read)
        case "boolean":
            values = _truths(texts, is_read)
        case _:  # a text that is no string
            _doubt(is_read, pc.is_valid(texts))
            values = pa.nulls(len(texts))
    return pc.cast(values, _TYPES[column.type])


def _doubt(is_read: Mask, doubtful: pa.Array) -> None:
    is_read &= ~pc.fill_null(doubtful, fill_value=False).to_numpy(zero_copy_only=False)


def _integers(column: Column, texts: pa.StringArray, is_read: Mask) -> pa.Array:
    """Whole numbers, written as JSON writes them: back in text they are what they were."""
    try:
        values = pc.cast(texts, pa.int64())
    except pa.ArrowInvalid:
        is_whole = pc.match_substring_regex(texts, _INTEGERS)
        _doubt(is_read, pc.invert(is_whole))
        texts = pc.if_else(is_whole, texts, None)
        values = pc.cast(texts, pa.int64())
    is_odd = pc.not_equal(pc.cast(values, pa.string()), texts)
    if column.type == "integer":
        is_odd = pc.or_(is_odd, pc.greater(values, _INTEGER_RANGE[-1]))
        is_odd = pc.or_(is_odd, pc.less(values, _INTEGER_RANGE[0]))
    if pc.any(is_odd).as_py():
        _doubt(is_read, is_odd)
        values = pc.if_else(is_odd, None, values)
    return values


def _doubles(texts: pa.StringArray, is_read: Mask) -> pa.Array:
    """Numbers that both readers round alike; long or very large ones and a signed zero are in doubt."""
    is_number = pc.match_substring_regex(texts, _NUMBERS)
    is_number = pc.and_(is_number, pc.less_equal(pc.binary_length(texts), _NUMBER_CHARACTERS))
    _doubt(is_read, pc.invert(is_number))
    values = pc.cast(pc.if_else(is_number, texts, None), pa.float64())
    is_exact = pc.less_equal(pc.abs(values), _LARGEST_EXACT)
    is_signed_zero = pc.and_(pc.equal(values, 0.0), pc.starts_with(texts, "-"))
    _doubt(is_read, pc.or_(pc.invert(is_exact), is_signed_zero))
    return values


def _truths(texts: pa.StringArray, is_read: Mask) -> pa.Array:
    is_true = pc.equal(texts, "true")
    _doubt(is_read, pc.invert(pc.or_(is_true, pc.equal(texts, "false"))))
    return is_true


def _each(
    column: Column, texts: pa.StringArray, is_read: Mask, typed: Callable[[Column, object], object]
) -> pa.Array:
    """Numbers, times and truth values that are written as texts: each that occurs is read strictly, once."""
    encoded = pc.dictionary_encode(texts)
    values: list[object] = []
    for text in encoded.dictionary.to_pylist():
        try:
            values.append(typed(column, text))
        except RowFault:
            values.append(None)
    bounds = {"bigint": _BIGINT_RANGE, "integer": _INTEGER_RANGE}.get(column.type)
    if bounds is not None:
        values = [value if isinstance(value, int) and value in bounds else None for value in values]
    _doubt(is_read, pc.take(pa.array([value is None for value in values], pa.bool_()), encoded.indices))
    return pa.array(values, _TYPES[column.type]).take(encoded.indices)
