"""Rows of any number in canonical order, in bounded memory.

The order is that of `perito.tables.digest`: by key, NULL first, numbers by value, texts by code point (which
is the order of their UTF-8 bytes), and where keys tie by the bytes of the line. Rows are sorted in runs that
fit in memory; the runs are merged block by block. Keys that tie are settled afterwards: they are rare, as
the keys of evidence tables end with the place of the row.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from perito.tables.lines import BATCH_BYTES, BATCH_ROWS, line_array

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

Mask = np.ndarray[Any, np.dtype[np.bool_]]
Rank = tuple[tuple[()] | tuple[Any], ...]


@dataclass(frozen=True)
class Limits:
    """What putting rows in order may use.

    Args:
        memory_mb: Memory in MB of 10^6 bytes, all rows in work included.
        scratch: An existing folder for what does not fit.
    """

    memory_mb: int
    scratch: Path

    @property
    def held_bytes(self) -> int:
        """How many bytes of rows may wait in memory before they go to a file: they are copied in work."""
        return min(self.memory_mb * 1_000_000 // 10, 4 * BATCH_BYTES)

    @property
    def block_bytes(self) -> int:
        """How many bytes of a run are read at once, so that a block of every run fits in memory."""
        return self.held_bytes // MOST_RUNS


MOST_RUNS = 64
"""How many runs are merged at once; of more, some are merged to a longer one first."""


def sorted_rows(key: Sequence[str], batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Rows that fit in memory, sorted by key."""
    data = pa.concat_batches(batches)
    by = [(name, "ascending", "at_start") for name in key]
    return data.take(pc.sort_indices(data.select(key), sort_keys=by))


def merged(key: Sequence[str], runs: Iterable[Iterator[pa.RecordBatch]]) -> Iterator[pa.RecordBatch]:
    """The rows of runs that are sorted by key each, sorted by key.

    What is not above the lowest of the last keys of the blocks at hand can be given out: every row that is
    still to come is above it, or equal to it.
    """
    heads = [_Head(key, run) for run in runs]
    heads = [head for head in heads if head.block.num_rows]
    while len(heads) > 1:
        lowest = min(head.end for head in heads)
        parts = [part for head in heads if (part := head.take(lowest)).num_rows]
        yield sorted_rows(key, parts) if len(parts) > 1 else parts[0]
        heads = [head for head in heads if head.block.num_rows]
    for head in heads:
        yield head.block
        yield from head.rest


class _Head:
    """The block of a run that is at hand; it has no rows once the run is used up."""

    def __init__(self, key: Sequence[str], run: Iterator[pa.RecordBatch]) -> None:
        self._key, self.rest = key, run
        self._next()

    def _next(self) -> None:
        self.block = next((block for block in self.rest if block.num_rows), None) or pa.record_batch({})
        if self.block.num_rows:
            self.end = self._rank(self.block.num_rows - 1)

    def _rank(self, at: int) -> Rank:
        values = (self.block.column(name)[at].as_py() for name in self._key)
        return tuple(() if value is None else (value,) for value in values)

    def take(self, highest: Rank) -> pa.RecordBatch:
        """The rows up to a key, which are then gone from the block."""
        rows = self.block.num_rows
        cut = rows if self.end <= highest else bisect_right(range(rows), highest, key=self._rank)
        taken = self.block.slice(0, cut)
        if cut == rows:
            self._next()
        else:
            self.block = self.block.slice(cut)
        return taken


def regrouped(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows in fewer batches: what is done for every batch is then done less often."""
    held, rows, size = list[pa.RecordBatch](), 0, 0
    for batch in batches:
        if held and (rows + batch.num_rows > BATCH_ROWS or size + batch.nbytes > BATCH_BYTES):
            yield _one(held)
            held, rows, size = [], 0, 0
        held.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
    if held:
        yield _one(held)


def _one(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)


def settled(key: Sequence[str], batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Rows sorted by key, with those whose keys tie sorted by their lines.

    The last key of a batch may go on in the next, so its rows wait.
    """
    waiting: pa.RecordBatch | None = None
    for fresh in batches:
        batch = fresh if waiting is None else pa.concat_batches([waiting, fresh])
        same = _same_as_next(key, batch)
        cut = len(same) - int(np.argmin(same[::-1])) if not same.all() else 0
        if cut:
            yield _settled_within(batch.slice(0, cut), same[: cut - 1])
        waiting = batch.slice(cut)
    if waiting is not None:
        yield _settled_within(waiting, _same_as_next(key, waiting))


def _settled_within(batch: pa.RecordBatch, same: Mask) -> pa.RecordBatch:
    if not same.any():
        return batch
    edges = np.flatnonzero(np.diff(np.concatenate(([0], same.view(np.int8), [0]))))
    order = np.arange(batch.num_rows)
    for start, end in edges.reshape(-1, 2):
        lines = line_array(batch.slice(start, end - start + 1)).to_pylist()
        by_line = sorted(range(len(lines)), key=lambda at: lines[at].encode())
        order[start : end + 1] = start + np.array(by_line)
    return batch.take(pa.array(order))


def _same_as_next(key: Sequence[str], batch: pa.RecordBatch) -> Mask:
    """Which rows have the key of the next; one entry less than rows."""
    same = np.ones(max(batch.num_rows - 1, 0), np.bool_)
    for name in reversed(key):  # the place of a row comes last, and mostly differs
        if not same.any():
            break
        same &= _compared(batch.column(name), "equal")
    return same


def is_ordered(key: Sequence[str], batch: pa.RecordBatch) -> bool:
    """Whether each row's key is above the one before; rows whose keys tie are not in order by this."""
    undecided = np.ones(max(batch.num_rows - 1, 0), np.bool_)
    for name in key:
        column = batch.column(name)
        below, same = _compared(column, "less"), _compared(column, "equal")
        if (undecided & ~below & ~same).any():
            return False
        undecided &= same
        if not undecided.any():
            return True
    return not undecided.any()


def _compared(column: pa.Array, how: str) -> Mask:
    """How each value compares with the next: NULL equals NULL and is less than any value."""
    one, other = column.slice(0, max(len(column) - 1, 0)), column.slice(1)
    found = pc.fill_null(pc.call_function(how, [one, other]), fill_value=False)
    mask: Mask = found.to_numpy(zero_copy_only=False)
    if column.null_count:
        is_null = pc.is_null(column).to_numpy(zero_copy_only=False)
        mask = mask | (is_null[:-1] & (is_null[1:] if how == "equal" else ~is_null[1:]))
    return mask
