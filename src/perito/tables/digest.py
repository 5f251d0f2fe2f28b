"""The canonical digest of a table: what its rows are, whoever wrote them and in whatever file.

SHA-256 over the rows sorted by key (ties by the bytes of the line), one RFC 8785 JSON array a line in the
table's columns: integers as integers, beyond 2^53 as strings, DECIMAL as strings, NULL as null. In keys NULL
comes first, numbers go by value and texts by code point. Independent of the Parquet writer, of the engine
and of the order in which rows were read.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from perito.tables.lines import line_array, small_batches

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from perito.schema import Table


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
    """The positions of the rows in canonical order, and their lines in that order.

    This is the definition, written down; `perito.tables.ordering` does the same to tables of any size.
    """
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
    return [line.encode()[:-1] for batch in small_batches(data) for line in line_array(batch).to_pylist()]


def digest_of_lines(lines: Sequence[bytes]) -> str:
    """`sha256:<hex>` of lines, each ended by a line feed."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line)
        digest.update(b"\n")
    return f"sha256:{digest.hexdigest()}"
