"""NDJSON of the table `posts` read strictly, checked against the schema, and written as Parquet."""

import sys
import tempfile
from pathlib import Path

import stopwatch


def prepare() -> tuple:
    """Everything imported, and read once from a line."""
    from perito.formats import SourceItem, find
    from perito.tables.collect import read_into

    def item(path: str) -> SourceItem:
        return SourceItem("sha256:" + "0" * 64, "posts.ndjson", lambda: Path(path).open("rb"), "x", 0)

    with tempfile.NamedTemporaryFile() as one:
        with Path(sys.argv[1]).open("rb") as whole:
            Path(one.name).write_bytes(whole.readline())
        read_into(item(one.name), find("table:posts"), _Parquet(Path(one.name)))
    return read_into, item(sys.argv[1]), find("table:posts")


class _Parquet:
    """Takes rows, and writes them in groups of a fixed size."""

    def __init__(self, path: Path) -> None:
        self.path, self.held, self.file = path, [], None

    def take_rows(self, _: str, data: object) -> None:
        self.held.append(data)
        if sum(map(len, self.held)) >= 1 << 17:
            self.put()

    def put(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        data = pa.concat_tables(self.held)
        self.file = self.file or pq.ParquetWriter(self.path, data.schema, compression="zstd")
        self.file.write_table(data)
        self.held = []

    def take_rejects(self, rejects: list) -> None:
        raise SystemExit(rejects[0])


def work(given: tuple) -> int:
    """How many rows were written."""
    read_into, item, reader = given
    with tempfile.TemporaryDirectory() as folder:
        sink = _Parquet(Path(folder, "posts.parquet"))
        counted = read_into(item, reader, sink)
        if sink.held:
            sink.put()
        sink.file.close()
    return counted.mapped


stopwatch.report(work, prepare)
