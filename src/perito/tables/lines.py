"""The canonical lines of rows, many at a time: each row as an RFC 8785 JSON array in the table's columns.

Integers are written as integers, beyond 2^53 as strings, DECIMAL as strings, NULL as null. Columns are
turned into text whole and joined row by row inside Arrow: no row passes through Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import rfc8785

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BATCH_ROWS = 1 << 15
BATCH_BYTES = 1 << 24
"""How much is worked on at once: a batch has no more rows than this, and where it can no more bytes."""

_LARGEST_EXACT = 2**53
_FIRST_PRINTABLE = 0x20
_SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_PLAIN = (1e-4, 1e16)  # between these, JSON as RFC 8785 writes it is Python's shortest form without '.0'


def line_array(batch: pa.RecordBatch) -> pa.StringArray:
    r"""The line of each row, ended by a line feed.

    Example:
        >>> rows = pa.record_batch({"id": ["x:1"], "count": [2**53 + 1], "said": pa.nulls(1)})
        >>> line_array(rows).to_pylist()
        ['["x:1","9007199254740993",null]\n']

    Raises:
        TypeError: A column of a type that no canonical table has.
        rfc8785.FloatDomainError: A number that JSON does not have.
    """
    pieces: list[pa.Array | str] = ["["]
    for at, column in enumerate(batch.columns):
        if at:
            pieces.append(",")
        pieces += _written(column)
    pieces.append("]\n")
    return _joined(pieces, batch.num_rows)


def small_batches(data: pa.Table | pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The same rows in batches that are not too large to be worked on."""
    parts = data.to_batches(BATCH_ROWS) if isinstance(data, pa.Table) else [data]
    for part in parts:
        rows = part.num_rows
        if not rows:
            continue
        pieces = max(1, -(-rows // BATCH_ROWS), part.nbytes // BATCH_BYTES)
        step = max(1, rows // pieces)
        for start in range(0, rows, step):
            yield part.slice(start, step)


def _joined(pieces: list[pa.Array | str], rows: int) -> pa.StringArray:
    """The pieces side by side, row by row; texts that are the same in every row are merged first."""
    merged: list[Any] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    if len(merged) == 1:
        return pa.repeat(merged[0], rows)
    parts = [pa.scalar(piece) if isinstance(piece, str) else piece for piece in merged]
    return pc.binary_join_element_wise(*parts, "")


def _written(column: pa.Array) -> list[pa.Array | str]:
    kind = column.type
    if pa.types.is_null(kind) or column.null_count == len(column):
        _check_kind(kind)
        return ["null"]
    if pa.types.is_string(kind):
        return _texts(column)
    if pa.types.is_boolean(kind):
        return [_or_null(pc.cast(column, pa.string()))]
    if pa.types.is_integer(kind):
        return [_or_null(_whole(column))]
    if pa.types.is_floating(kind):
        return [_or_null(_each(column, _number))]
    if pa.types.is_decimal(kind):
        return [_or_null(_each(column, '"{:f}"'.format))]
    raise _unknown(kind)


def _check_kind(kind: pa.DataType) -> None:
    checks = (pa.types.is_null, pa.types.is_string, pa.types.is_boolean, pa.types.is_integer)
    if not any(check(kind) for check in (*checks, pa.types.is_floating, pa.types.is_decimal)):
        raise _unknown(kind)


def _unknown(kind: pa.DataType) -> TypeError:
    return TypeError(f"no canonical form for {kind}")


def _or_null(texts: pa.StringArray) -> pa.StringArray:
    return pc.fill_null(texts, "null") if texts.null_count else texts


def _texts(column: pa.StringArray) -> list[pa.Array | str]:
    escaped = _escaped(column)
    if not escaped.null_count:
        return ['"', escaped, '"']
    return [pc.fill_null(pc.binary_join_element_wise('"', escaped, '"', ""), "null")]


def _escaped(column: pa.StringArray) -> pa.StringArray:
    """The texts as JSON strings have them; mostly nothing is to escape, which the bytes say at once."""
    raw = text_bytes(column)
    special = raw[(raw < _FIRST_PRINTABLE) | (raw == ord('"')) | (raw == ord("\\"))]
    if not special.size:
        return column
    found = {chr(byte) for byte in np.unique(special)}
    if "\\" in found:  # first: the others bring new ones
        column = pc.replace_substring(column, "\\", "\\\\")
    for character in sorted(found - {"\\"}):
        written = '\\"' if character == '"' else _SHORT.get(character, f"\\u{ord(character):04x}")
        column = pc.replace_substring(column, character, written)
    return column


def text_bytes(column: pa.StringArray) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The bytes of all texts of a column one after the other (under NULL there may be any)."""
    _, offsets, data = column.buffers()
    if data is None or not len(column):
        return np.empty(0, np.uint8)
    bounds = np.frombuffer(offsets, np.int32, len(column) + 1, column.offset * 4)
    return np.frombuffer(data, np.uint8)[bounds[0] : bounds[-1]]


def _whole(column: pa.Array) -> pa.StringArray:
    texts = pc.cast(column, pa.string())
    bounds = pc.min_max(column).as_py()
    if max(-bounds["min"], bounds["max"]) <= _LARGEST_EXACT:
        return texts
    is_long = pc.or_(pc.less(column, -_LARGEST_EXACT), pc.greater(column, _LARGEST_EXACT))
    return pc.if_else(is_long, pc.binary_join_element_wise('"', texts, '"', ""), texts)


def _each(column: pa.Array, write: Callable[[Any], str]) -> pa.StringArray:
    """The texts of a column, each value that occurs written once."""
    encoded = pc.dictionary_encode(column)
    return pa.array([write(value) for value in encoded.dictionary.to_pylist()], pa.string()).take(
        encoded.indices
    )


def _number(value: float) -> str:
    if _PLAIN[0] <= abs(value) < _PLAIN[1]:
        return repr(value).removesuffix(".0")
    return rfc8785.dumps(value).decode()
