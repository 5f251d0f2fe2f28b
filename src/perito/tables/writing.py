"""Writing one table: Parquet, canonical digest and profile in one pass over rows in canonical order.

Row groups end after a fixed number of rows or of bytes of canonical lines, whichever comes first: both follow
from the rows alone, so that equal rows give equal bytes, and one group fits in memory whatever it holds.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from perito.schema import table
from perito.schema.arrow import arrow_schema
from perito.tables.holdings import Profile
from perito.tables.lines import line_array, small_batches

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

GROUP_ROWS = 1 << 17
GROUP_BYTES = 1 << 25


@dataclass
class LineDigest:
    """The digest of canonical lines, as they come; `rows` counts them."""

    rows: int = 0
    _digest: Any = field(default_factory=hashlib.sha256)

    def add(self, batch: pa.RecordBatch) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Add the lines of rows; gives the length of each line in bytes."""
        lines = line_array(batch)
        bounds = np.frombuffer(lines.buffers()[1], np.int32, len(lines) + 1, lines.offset * 4)
        self._digest.update(memoryview(lines.buffers()[2])[bounds[0] : bounds[-1]])
        self.rows += len(lines)
        return np.diff(bounds).astype(np.int64)

    def __str__(self) -> str:
        """`sha256:<hex>`."""
        return f"sha256:{self._digest.hexdigest()}"


class TableWriter:
    """Writes the rows of one table, given in canonical order.

    Args:
        name: The table.
        path: Its file.
    """

    def __init__(self, name: str, path: Path) -> None:
        self._schema = arrow_schema(table(name))
        self.profile = Profile(name, self._schema)
        self.digest = LineDigest()
        self._pending: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0
        self._file = pq.ParquetWriter(path, self._schema, compression="zstd", store_schema=False)

    def write(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Write rows; they go on where the last ones ended."""
        for given in batches:
            rows = pa.RecordBatch.from_arrays(given.columns, schema=self._schema)
            for batch in small_batches(rows):
                self.profile.add(batch)
                self._place(batch, self.digest.add(batch))

    def _place(self, batch: pa.RecordBatch, line_bytes: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        while batch.num_rows:
            ends = np.cumsum(line_bytes)
            fitting = int(np.searchsorted(ends, GROUP_BYTES - self._bytes)) + 1
            rows = min(fitting, GROUP_ROWS - self._rows, batch.num_rows)
            self._pending.append(batch.slice(0, rows))
            self._rows, self._bytes = self._rows + rows, self._bytes + int(ends[rows - 1])
            batch, line_bytes = batch.slice(rows), line_bytes[rows:]
            if self._rows >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
                self._put_group()

    def _put_group(self) -> None:
        group = pa.Table.from_batches(self._pending, self._schema).combine_chunks()
        self._pending, self._rows, self._bytes = [], 0, 0
        self._file.write_table(group, row_group_size=max(1, group.num_rows))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and (self._pending or not self.digest.rows):
            self._put_group()
        self._file.close()
