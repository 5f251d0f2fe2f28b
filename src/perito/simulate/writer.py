"""Writing tables to Parquet as they come, in memory that does not grow: equal rows give equal bytes.

Rows wait until there are enough for a row group, so that row groups follow from the rows alone and not
from how they were handed over.
"""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import Self

ROW_GROUP_ROWS = 131_072
_ZSTD_LEVEL = 1
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP archive can name: no clock is read


class TableWriter:
    """Parquet files in a folder, one a table; a table that never gets a row gets no file.

    Args:
        folder: Where the files go; a table named `truth/items` goes to `truth/items.parquet`, any
            other to `sources/`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, pq.ParquetWriter] = {}
        self._waiting: dict[str, list[pa.Table]] = {}
        self._columns: dict[str, list[str]] = {}
        self.rows: dict[str, int] = {}

    def write(self, tables: Mapping[str, pa.Table | list[pa.Table]]) -> None:
        """Take rows of several tables."""
        for name, given in tables.items():
            for rows in given if isinstance(given, list) else [given]:
                self._take(name, rows)

    def _take(self, name: str, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        self.rows[name] = self.rows.get(name, 0) + rows.num_rows
        waiting = self._waiting.setdefault(name, [])
        waiting.append(rows.select(self._columns.setdefault(name, rows.column_names)))
        if sum(part.num_rows for part in waiting) >= ROW_GROUP_ROWS:
            whole = pa.concat_tables(waiting)
            full = whole.num_rows - whole.num_rows % ROW_GROUP_ROWS
            self._put(name, whole.slice(0, full))
            self._waiting[name] = [whole.slice(full)] if full < whole.num_rows else []

    def _put(self, name: str, rows: pa.Table) -> None:
        rows = rows.unify_dictionaries()
        if name not in self._files:
            self._files[name] = self._opened(name, rows.schema)
        self._files[name].write_table(rows, row_group_size=ROW_GROUP_ROWS)

    def _opened(self, name: str, schema: pa.Schema) -> pq.ParquetWriter:
        path = self._folder / f"{name if '/' in name else f'sources/{name}'}.parquet"
        path.parent.mkdir(exist_ok=True)
        few = [field.name for field in schema if pa.types.is_dictionary(field.type)]
        return pq.ParquetWriter(
            path,
            schema,
            compression="zstd",
            compression_level=_ZSTD_LEVEL,
            use_dictionary=few,
            store_schema=False,
        )

    def finish(self) -> None:
        """Write what still waits, and close every file."""
        for name, waiting in self._waiting.items():
            if waiting:
                self._put(name, pa.concat_tables(waiting))
        self._waiting.clear()
        self._close()

    def _close(self) -> None:
        while self._files:
            self._files.popitem()[1].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()


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
