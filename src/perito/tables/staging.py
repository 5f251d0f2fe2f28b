"""Rows on their way from the items to the tables: a little in memory, the rest in files of their own."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import pyarrow as pa

from perito.schema import table
from perito.schema.arrow import arrow_schema
from perito.tables.lines import small_batches
from perito.tables.ordering import MOST_RUNS, is_ordered, merged, regrouped, settled, sorted_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from perito.tables.ordering import Limits


class Staged:
    """The rows of one table, added in any order and given out once, in canonical order.

    Args:
        name: The table.
        limits: What may be used.

    Example:
        >>> from pathlib import Path
        >>> from perito.tables.ordering import Limits
        >>> schema = arrow_schema(table("rejects"))
        >>> rows = [{"reason": "r", "evidence_id": "sha256:00", "locator": f"line={at}"} for at in (2, 1)]
        >>> staged = Staged("rejects", Limits(100, Path()))
        >>> staged.add(pa.Table.from_pylist(rows, schema=schema))
        >>> [place for batch in staged.batches() for place in batch["locator"].to_pylist()]
        ['line=1', 'line=2']
    """

    def __init__(self, name: str, limits: Limits) -> None:
        self.table = table(name)
        self._limits = limits
        self._schema = arrow_schema(self.table)
        self._held: list[pa.RecordBatch] = []
        self.held_bytes = 0
        self._runs: list[Path] = []
        self._run_is_ordered = self._is_ordered = True
        self._last: pa.RecordBatch | None = None

    def add(self, data: pa.Table) -> None:
        """Add rows in canonical columns."""
        for batch in small_batches(data):
            if not self._goes_on(batch):
                self._is_ordered = self._run_is_ordered = False
            self._held.append(batch)
            self.held_bytes += batch.nbytes

    def _goes_on(self, batch: pa.RecordBatch) -> bool:
        """Whether the rows are in order and above those before; no longer asked once some were not."""
        if not self._run_is_ordered:
            return False
        keys = batch.select(self.table.key)
        joined = keys if self._last is None else pa.concat_batches([self._last, keys])
        self._last = keys.slice(keys.num_rows - 1)
        return is_ordered(self.table.key, joined)

    def put_away(self) -> None:
        """Move what is in memory to a file of its own, sorted."""
        self._runs.append(self._put(self._taken(), f"{len(self._runs)}"))
        self._run_is_ordered, self._last = True, self._last if self._is_ordered else None
        pa.default_memory_pool().release_unused()

    def _taken(self) -> Iterator[pa.RecordBatch]:
        held, self._held, self.held_bytes = self._held, [], 0
        if self._run_is_ordered or not held:
            return iter(held)
        return iter([sorted_rows(self.table.key, held)])

    def _put(self, batches: Iterable[pa.RecordBatch], suffix: str) -> Path:
        path = self._limits.scratch / f"{self.table.name}-{suffix}.arrows"
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with (
            pa.OSFile(str(path), "wb") as sink,
            pa.ipc.new_stream(sink, self._schema, options=options) as run,
        ):
            for batch in batches:
                rows = max(1, self._limits.block_bytes * batch.num_rows // max(1, batch.nbytes))
                for start in range(0, batch.num_rows, rows):
                    block = batch.slice(start, rows)
                    run.write_batch(pa.RecordBatch.from_arrays(block.columns, schema=self._schema))
        return path

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, in canonical order."""
        key = self.table.key
        if self._is_ordered:
            return regrouped(chain(*map(_blocks, self._runs), self._taken()))
        if self._held or not self._runs:
            if not self._runs:
                return settled(key, small_batches(pa.Table.from_batches(self._taken(), self._schema)))
            self.put_away()
        level = 0
        while len(self._runs) > MOST_RUNS:
            level += 1
            parts = [self._runs[at : at + MOST_RUNS] for at in range(0, len(self._runs), MOST_RUNS)]
            self._runs = [self._put(self._merged(part), f"{level}-{at}") for at, part in enumerate(parts)]
        return settled(key, self._merged(self._runs))

    def _merged(self, runs: list[Path]) -> Iterator[pa.RecordBatch]:
        return regrouped(merged(self.table.key, [_blocks(run) for run in runs]))


def _blocks(run: Path) -> Iterator[pa.RecordBatch]:
    """The blocks of a run; its file is removed once they are all read."""
    with pa.OSFile(str(run), "rb") as source, pa.ipc.open_stream(source) as reader:
        yield from reader
    run.unlink()


class Staging:
    """The rows of all tables; whatever their number, no more of them in memory than the limits allow.

    Args:
        limits: What may be used.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.tables: dict[str, Staged] = {}

    def add(self, name: str, data: pa.Table) -> None:
        """Add rows of a table, in canonical columns."""
        self.tables.setdefault(name, Staged(name, self.limits)).add(data)
        while sum(staged.held_bytes for staged in self.tables.values()) > self.limits.held_bytes:
            max(self.tables.values(), key=lambda staged: staged.held_bytes).put_away()
