"""Parquet as evidence: a file is read whole or refused whole; nothing in it names another file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.errors import Malformed

if TYPE_CHECKING:
    import pyarrow as pa

    from perito.formats.base import SourceItem

MAGIC = b"PAR1"


def read_parquet(item: SourceItem) -> pa.Table:
    """The item's rows as an Arrow table.

    Raises:
        Malformed: Not Parquet, cut short or damaged, or with two columns of one name.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with item.open() as stream:
        try:
            data = pq.read_table(pa.PythonFile(stream, mode="r"))
            _ = data.column_names  # names that are no UTF-8 come to light here
        except (pa.ArrowException, OSError, ValueError) as error:
            raise Malformed(
                "the file is not readable Parquet",
                where=f"{item.name} ({item.evidence_id[:19]})",
                found=str(error).partition("\n")[0][:160],
                remedy="fetch the file again, or declare its right format",
            ) from error
    return data


def row_locators(rows: int) -> pa.Array:
    """`row=1` to `row=rows`: the place of each row in the file."""
    import pyarrow as pa

    return pa.array([f"row={number}" for number in range(1, rows + 1)], pa.string())
