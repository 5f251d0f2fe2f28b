"""Writing tables to Parquet as they come, in memory that does not grow: equal rows give equal bytes.

Rows wait until there are enough for a row group, so that row groups follow from the rows alone and not
from how they were handed over. A file that has many row groups is closed and another begun, because what
is known of each stays in memory until then.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import Self

ROW_GROUP_ROWS = 131_072
FILE_ROWS = 32 * ROW_GROUP_ROWS
_MOST_PARTS = 16  # a small part costs more memory than its rows do
_ZSTD_LEVEL = 1
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP archive can name: no clock is read


@dataclass
class _Output:
    """One table on its way to its files: what waits, and the file that is open."""

    columns: list[str]
    waiting: list[pa.Table] = field(default_factory=list)
    rows: int = 0
    files: int = 0
    rows_in_file: int = 0
    file: pq.ParquetWriter | None = None


class TableWriter:
    """Parquet files in a folder; a table that never gets a row gets no file.

    A table named `truth/items` goes to `truth/items.parquet`, any other to `sources/`; what does not fit
    the first file goes to `items-2.parquet` and so on.

    Args:
        folder: Where the files go.
        file_rows: Rows in a file, a multiple of `ROW_GROUP_ROWS`.
    """

    def __init__(self, folder: Path, file_rows: int = FILE_ROWS) -> None:
        self._folder = folder
        self._file_rows = file_rows
        self._outputs: dict[str, _Output] = {}
        self.files: dict[str, str] = {}  # the table of each file, by its path in the folder

    @property
    def rows(self) -> dict[str, int]:
        """Rows written by table."""
        return {name: output.rows for name, output in self._outputs.items()}

    def write(self, tables: Mapping[str, pa.Table | list[pa.Table]]) -> None:
        """Take rows of several tables."""
        for name, given in tables.items():
            for rows in given if isinstance(given, list) else [given]:
                if rows.num_rows:
                    self._take(name, rows)

    def _take(self, name: str, rows: pa.Table) -> None:
        output = self._outputs.setdefault(name, _Output(rows.column_names))
        output.rows += rows.num_rows
        output.waiting.append(rows.select(output.columns))
        if len(output.waiting) > _MOST_PARTS:
            output.waiting = [_as_one(output.waiting)]
        if sum(part.num_rows for part in output.waiting) < ROW_GROUP_ROWS:
            return
        whole = pa.concat_tables(output.waiting)
        full = whole.num_rows - whole.num_rows % ROW_GROUP_ROWS
        for at in range(0, full, ROW_GROUP_ROWS):
            self._put(name, output, whole.slice(at, ROW_GROUP_ROWS))
        output.waiting = [whole.slice(full)] if full < whole.num_rows else []

    def _put(self, name: str, output: _Output, rows: pa.Table) -> None:
        """Write one row group, to a new file when the last one is full."""
        rows = rows.unify_dictionaries()
        if output.file is None or output.rows_in_file >= self._file_rows:
            self._close(output)
            output.file = self._opened(name, output, rows.schema)
        output.file.write_table(rows, row_group_size=ROW_GROUP_ROWS)
        output.rows_in_file += rows.num_rows

    def _opened(self, name: str, output: _Output, schema: pa.Schema) -> pq.ParquetWriter:
        output.files += 1
        output.rows_in_file = 0
        number = "" if output.files == 1 else f"-{output.files}"
        path = f"{name if '/' in name else f'sources/{name}'}{number}.parquet"
        self.files[path] = name
        (self._folder / path).parent.mkdir(exist_ok=True)
        few = [column.name for column in schema if pa.types.is_dictionary(column.type)]
        return pq.ParquetWriter(
            self._folder / path,
            schema,
            compression="zstd",
            compression_level=_ZSTD_LEVEL,
            use_dictionary=few,
            store_schema=False,
        )

    def _close(self, output: _Output) -> None:
        file, output.file = output.file, None
        if file is not None:
            file.close()

    def finish(self) -> None:
        """Write what still waits, and close every file."""
        for name, output in self._outputs.items():
            if output.waiting:
                self._put(name, output, pa.concat_tables(output.waiting))
                output.waiting = []
            self._close(output)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for output in self._outputs.values():
            self._close(output)


def _as_one(parts: list[pa.Table]) -> pa.Table:
    """The same rows in memory of their own."""
    return pa.concat_tables(parts).unify_dictionaries().combine_chunks()


class PictureArchive:
    """A ZIP archive of pictures, stored as they are; made when the first one comes.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._archive: zipfile.ZipFile | None = None
        self.pictures = 0

    def write(self, pictures: Iterable[tuple[str, bytes]]) -> None:
        """Add pictures, `(name, bytes)`."""
        for name, content in pictures:
            if self._archive is None:
                self._path.parent.mkdir(exist_ok=True)
                self._archive = zipfile.ZipFile(self._path, "w", zipfile.ZIP_STORED)
            self._archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), content)
            self.pictures += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._archive is not None:
            self._archive.close()
