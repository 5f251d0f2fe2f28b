"""Parquet as evidence: a file is read whole or refused whole; nothing in it names another file.

A kilobyte of Parquet can say "this text, a thousand million times": what the rows would take in memory is
counted while they are read, and reading stops at the budget. They are never in memory all at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perito.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from perito.formats.base import SourceItem

MAGIC = b"PAR1"
ROWS_BYTES_LIMIT = 1 << 32
"""The most bytes that the rows of one file may take written out, unless the file is large itself."""

EXPANSION_LIMIT = 200
"""The most bytes of rows for a byte of a large file."""

_BATCH_ROWS = 1 << 15
_BATCH_BYTES = 1 << 26
_BUFFER_BYTES = 1 << 18


def read_parquet(item: SourceItem) -> pa.Table:
    """The item's rows as an Arrow table, all at once; for files that are known to be small.

    Raises:
        Malformed: As `parquet_tables`.
    """
    import pyarrow as pa

    return pa.concat_tables(parquet_tables(item))


def parquet_tables(item: SourceItem) -> Iterator[pa.Table]:
    """The item's rows, some at a time, as Arrow tables; a first one without rows says the columns.

    Raises:
        Malformed: Not Parquet, cut short or damaged, with two columns of one name, or above the budget.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with item.open() as stream:
        try:
            source = pa.PythonFile(stream, mode="r")
            with pq.ParquetFile(source, buffer_size=_BUFFER_BYTES) as file:
                _refuse_repeated(file.schema_arrow.names)
                yield file.schema_arrow.empty_table()
                for batch in _within_budget(file, source):
                    yield pa.Table.from_batches([batch])
        except (pa.ArrowException, OSError, ValueError) as error:
            raise Malformed(
                "the file is not readable Parquet",
                where=f"{item.name} ({item.evidence_id[:19]})",
                found=str(error).partition("\n")[0][:160],
                remedy="fetch the file again, or declare its right format",
            ) from error


def row_locators(rows: int, first: int = 1) -> pa.Array:
    """`row=1` to `row=rows`, or from another first number: the place of each row in the file."""
    return locators("row", range(first, first + rows))


def locators(word: str, numbers: range | np.ndarray[Any, np.dtype[np.int64]]) -> pa.Array:
    """The word, `=` and each number.

    Example:
        >>> locators("line", range(9, 11)).to_pylist()
        ['line=9', 'line=10']
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.cast(pa.array(np.asarray(numbers, np.int64)), pa.string())
    return pc.binary_join_element_wise(f"{word}=", texts, "")


def _refuse_repeated(names: list[str]) -> None:
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise ValueError(f"two columns are named '{repeated[0]}'")


def _within_budget(file: pq.ParquetFile, source: pa.PythonFile) -> Iterator[pa.RecordBatch]:
    """The rows of a file, in batches that fit in memory.

    Raises:
        ValueError: All together they would take more memory than may be taken.
    """
    limit_bytes = left_bytes = max(ROWS_BYTES_LIMIT, EXPANSION_LIMIT * source.size())
    for group in range(file.num_row_groups):
        rows = _rows_at_once(file.metadata, source, group)
        for batch in file.iter_batches(rows, row_groups=[group]):
            left_bytes -= batch.nbytes
            if left_bytes < 0:
                raise ValueError(f"budget: the rows take more than {limit_bytes} bytes")
            yield batch


def _rows_at_once(metadata: pq.FileMetaData, source: pa.PythonFile, group: int) -> int:
    """How many rows of a row group can be read at once whatever they repeat.

    A value that is written once and repeated stands in the dictionary of its column, which is read with the
    first row. All others stand in the file as often as they occur.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    columns = [metadata.schema.column(at) for at in range(metadata.num_columns)]
    texts = [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]
    reader = pq.ParquetFile(source, metadata=metadata, read_dictionary=texts, buffer_size=_BUFFER_BYTES)
    first = next(reader.iter_batches(1, row_groups=[group]), None)
    longest = 0
    for column in first.columns if first is not None else ():
        if pa.types.is_dictionary(column.type) and len(column.dictionary):
            longest += pc.max(pc.binary_length(column.dictionary)).as_py() or 0
    return max(1, min(_BATCH_ROWS, _BATCH_BYTES // max(1, longest)))
