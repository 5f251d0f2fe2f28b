"""The canonical digest of a table: what its rows are, whoever wrote them and in whatever file.

SHA-256 over the rows sorted by key (ties by the bytes of the line), one RFC 8785 JSON array a line in the
table's columns: integers as integers, beyond 2^53 as strings, DECIMAL as strings, NULL as null. In keys NULL
comes first, numbers go by value and texts by code point. Independent of the Parquet writer, of the engine
and of the order in which rows were read.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson
import rfc8785

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

    from perito.schema import Table

_LARGEST_EXACT = 2**53


def canonical_digest(table: Table, data: pa.Table) -> str:
    """`sha256:<hex>` of the rows of a table in canonical columns.

    Example:
        >>> from perito.schema import table
        >>> from perito.schema.arrow import arrow_schema
        >>> canonical_digest(table("rejects"), arrow_schema(table("rejects")).empty_table())[:15]
        'sha256:e3b0c442'
    """
    return digest_of_lines(canonical_order(table, data)[1])


def canonical_order(table: Table, data: pa.Table) -> tuple[list[int], list[bytes]]:
    """The positions of the rows in canonical order, and their lines in that order."""
    lines = canonical_lines(data)
    keys = [[_rank(value) for value in data.column(name).to_pylist()] for name in table.key]
    ranks = list(zip(*keys, lines, strict=True))
    order = sorted(range(data.num_rows), key=ranks.__getitem__)
    return order, [lines[at] for at in order]


def _rank(value: Any) -> tuple[()] | tuple[Any]:  # noqa: ANN401  (a value of any column)
    return () if value is None else (value,)


def canonical_lines(data: pa.Table) -> list[bytes]:
    """One RFC 8785 JSON array a row, in the order of the rows and of the columns.

    Example:
        >>> import pyarrow as pa
        >>> canonical_lines(pa.table({"id": ["x:1"], "count": [2**53 + 1], "said": pa.nulls(1)}))
        [b'["x:1","9007199254740993",null]']
    """
    columns = [_printable(column.to_pylist()) for column in data.columns]
    return [orjson.dumps(row) for row in zip(*columns, strict=True)]


def digest_of_lines(lines: Sequence[bytes]) -> str:
    """`sha256:<hex>` of lines, each ended by a line feed."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line)
        digest.update(b"\n")
    return f"sha256:{digest.hexdigest()}"


def _printable(values: list[Any]) -> list[Any]:
    """The values in the form that orjson writes as RFC 8785 does; most columns need no change."""
    sample = next((value for value in values if value is not None), None)
    convert = _converter(sample)
    return values if convert is None else [None if value is None else convert(value) for value in values]


def _converter(sample: object) -> Callable[[Any], Any] | None:
    match sample:
        case bool() | str() | None:
            return None
        case int():
            return lambda value: value if abs(value) <= _LARGEST_EXACT else str(value)
        case float():
            return lambda value: orjson.Fragment(rfc8785.dumps(value))
        case Decimal():
            return "{:f}".format
        case _:
            raise TypeError(f"no canonical form for {type(sample).__name__}")
