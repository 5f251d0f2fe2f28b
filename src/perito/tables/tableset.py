"""A folder of canonical tables: one Parquet file each, and a manifest of their digests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from perito.errors import Missing, SchemaError
from perito.files import write_folder
from perito.ids import is_evidence_id
from perito.schema import table
from perito.schema.arrow import cast_columns
from perito.tables.digest import canonical_digest, canonical_order, digest_of_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pyarrow as pa

MANIFEST = "tables.json"


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
            raise SchemaError(
                "the table is not readable",
                where=str(self.path(name)),
                found=str(error).partition("\n")[0][:160],
            ) from error

    def digest(self, name: str) -> tuple[str, int]:
        """The canonical digest and row count of a table as its file is now."""
        data = self.read(name)
        return canonical_digest(table(name), data), data.num_rows


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
    import pyarrow as pa
    import pyarrow.parquet as pq

    inputs: dict[str, tuple[str, int]] = {}
    with write_folder(folder) as target:
        for name, data in sorted(tables.items()):
            order, lines = canonical_order(table(name), data)
            sorted_rows = data.take(pa.array(order, pa.int64())).combine_chunks()
            pq.write_table(sorted_rows, target / f"{name}.parquet", compression="zstd", store_schema=False)
            inputs[name] = (digest_of_lines(lines), data.num_rows)
        (target / MANIFEST).write_bytes(_manifest(inputs))
    return TableSet(folder, inputs)


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
        (folder / f"{name}.parquet").write_bytes(source.path(name).read_bytes())
    (folder / MANIFEST).write_bytes(_manifest(inputs))
    return TableSet(folder, inputs)


def _manifest(inputs: Mapping[str, tuple[str, int]]) -> bytes:
    listed = {name: {"digest": digest, "rows": rows} for name, (digest, rows) in sorted(inputs.items())}
    return orjson.dumps(listed, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
