"""A folder of canonical tables: one Parquet file each, and a manifest of their digests."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from errno import EDQUOT, ENOSPC
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import orjson

from perito.errors import CaseError, Missing, SchemaError
from perito.files import write_folder
from perito.ids import is_evidence_id
from perito.schema import table
from perito.schema.arrow import cast_columns
from perito.tables.lines import BATCH_ROWS, small_batches
from perito.tables.ordering import Limits, is_ordered
from perito.tables.spill import SpillFolder
from perito.tables.staging import Staging
from perito.tables.writing import LineDigest, TableWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pyarrow as pa

    from perito.schema import Table
    from perito.tables.holdings import Profile

MANIFEST = "tables.json"
MEMORY_LIMIT_MB = 1_024


@dataclass(frozen=True)
class TableSet:
    """The tables in a folder: canonical digest and row count of each, by name."""

    folder: Path
    inputs: Mapping[str, tuple[str, int]]

    def path(self, name: str) -> Path:
        """The Parquet file of a table."""
        return self.folder / f"{name}.parquet"

    @property
    def paths(self) -> dict[str, Path]:
        """The Parquet file of every table that is there."""
        return {name: self.path(name) for name in self.inputs}

    def read(self, name: str) -> pa.Table:
        """The rows of a table.

        Raises:
            SchemaError: The file is no readable Parquet, or its columns are not the canonical ones.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            data = pq.read_table(self.path(name), partitioning=None)
            data.validate(full=True)  # a damaged file can hold texts that are no UTF-8
            return cast_columns(table(name), data)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _unreadable(self.path(name), error) from error

    def batches(self, name: str) -> Iterator[pa.RecordBatch]:
        """The rows of a table, some at a time, as they lie in its file.

        Raises:
            SchemaError: As `read`.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(self.path(name)) as file:
                for batch in file.iter_batches(BATCH_ROWS):
                    batch.validate(full=True)  # a damaged file can hold texts that are no UTF-8
                    yield from small_batches(cast_columns(table(name), pa.Table.from_batches([batch])))
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _unreadable(self.path(name), error) from error

    def digest(self, name: str) -> tuple[str, int]:
        """The canonical digest and row count of a table as its file is now, in bounded memory."""
        import pyarrow as pa

        found = _digest_as_it_lies(table(name), self.batches(name))
        if found is None:  # its rows are not in canonical order: it is a file of somebody else
            with scratch() as limits:
                staging, found = Staging(limits), LineDigest()
                for batch in self.batches(name):
                    staging.add(name, pa.Table.from_batches([batch]))
                for batch in staging.tables[name].batches():
                    found.add(batch)
        return str(found), found.rows


def _unreadable(path: Path, error: Exception) -> SchemaError:
    return SchemaError(
        "the table is not readable", where=str(path), found=str(error).partition("\n")[0][:160]
    )


def _digest_as_it_lies(of: Table, batches: Iterable[pa.RecordBatch]) -> LineDigest | None:
    """The digest of rows that are in canonical order; None where they are not, or where keys tie."""
    import pyarrow as pa

    digest, last = LineDigest(), None
    for batch in batches:
        keys = batch.select(of.key)
        if not is_ordered(of.key, keys if last is None else pa.concat_batches([last, keys])):
            return None
        last = keys.slice(keys.num_rows - 1)
        digest.add(batch)
    return digest


def write_tables(tables: Mapping[str, pa.Table], folder: Path) -> TableSet:
    """Write tables in canonical order; the folder is replaced whole, or left as it was.

    Equal rows give equal bytes, in whatever order they come.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from perito.tables.holdings import holdings
        >>> with tempfile.TemporaryDirectory() as case:
        ...     written = write_tables({"holdings": holdings({})}, Path(case, "tables"))
        ...     open_tables(written.folder) == written
        True
    """
    with write_folder(folder) as target, scratch(target) as limits:
        staging = Staging(limits)
        for name, data in tables.items():
            staging.add(name, data)
        inputs, _ = put_tables(staging, target)
        put_manifest(inputs, target)
    return TableSet(folder, inputs)


@contextmanager
def scratch(place: Path | None = None, *, memory_limit_mb: int | None = None) -> Iterator[Limits]:
    """Limits with a folder for what does not fit in memory, removed afterwards.

    Args:
        place: Where the folder is made; a temporary one by default.
        memory_limit_mb: How much memory rows in work may take, in MB of 10^6 bytes.

    Raises:
        CaseError: The disk is full, or cannot be written.
    """
    with ExitStack() as stack:
        where = place or Path(stack.enter_context(TemporaryDirectory(prefix="perito-tables-")), "spill")
        spill = SpillFolder(where, "tables")
        stack.callback(spill.close)
        try:
            yield Limits(memory_limit_mb or MEMORY_LIMIT_MB, spill.path)
        except OSError as error:
            if not is_no_room(error):
                raise
            raise CaseError(
                "there is no room to build the tables",
                where=str(where),
                found=os.strerror(ENOSPC),
                remedy="make room on the disk, or name another 'spill' in [engine]",
            ) from error


def is_no_room(error: OSError) -> bool:
    """Whether a disk is full, or a quota is used up."""
    return error.errno in {ENOSPC, EDQUOT} or os.strerror(ENOSPC) in str(error)


def put_tables(staging: Staging, target: Path) -> tuple[dict[str, tuple[str, int]], list[Profile]]:
    """Write every table that was staged; gives digest and rows by name, and the profiles."""
    inputs: dict[str, tuple[str, int]] = {}
    profiles: list[Profile] = []
    for name, staged in sorted(staging.tables.items()):
        with TableWriter(name, target / f"{name}.parquet") as writer:
            writer.write(staged.batches())
        inputs[name] = (str(writer.digest), writer.digest.rows)
        profiles.append(writer.profile)
    return inputs, profiles


def put_manifest(inputs: Mapping[str, tuple[str, int]], target: Path) -> None:
    """Write the manifest of tables into their folder."""
    (target / MANIFEST).write_bytes(_manifest(inputs))


def open_tables(folder: Path) -> TableSet:
    """The tables that a folder's manifest lists.

    Raises:
        Missing: There is no manifest.
        SchemaError: The manifest cannot be read, or lists what is no canonical table.
    """
    file = folder / MANIFEST
    if not file.is_file():
        raise Missing("the tables have not been built", where=str(folder), remedy="run 'perito run'")
    try:
        listed = orjson.loads(file.read_bytes())
        inputs = {table(name).name: _entry(entry) for name, entry in listed.items()}
    except (orjson.JSONDecodeError, TypeError, KeyError, AttributeError, SchemaError) as error:
        raise SchemaError("the list of tables cannot be read", where=str(file), found=str(error)) from error
    return TableSet(folder, inputs)


def _entry(entry: Mapping[str, object]) -> tuple[str, int]:
    digest, rows = entry["digest"], entry["rows"]
    if not isinstance(digest, str) or not is_evidence_id(digest) or not isinstance(rows, int) or rows < 0:
        raise TypeError(f"no digest and number of rows: {digest!r}, {rows!r}")
    return digest, rows


def copy_tables(source: TableSet, names: Iterable[str], folder: Path) -> TableSet:
    """Some tables of a set, copied byte by byte with a manifest of their own."""
    inputs = {name: source.inputs[name] for name in sorted(set(names)) if name in source.inputs}
    folder.mkdir(parents=True)
    for name in inputs:
        shutil.copyfile(source.path(name), folder / f"{name}.parquet")
    put_manifest(inputs, folder)
    return TableSet(folder, inputs)


def _manifest(inputs: Mapping[str, tuple[str, int]]) -> bytes:
    listed = {name: {"digest": digest, "rows": rows} for name, (digest, rows) in sorted(inputs.items())}
    return orjson.dumps(listed, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
