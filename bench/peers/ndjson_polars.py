"""NDJSON of the table `posts` read by polars with a schema, and written as Parquet."""

import json
import sys
import tempfile
from pathlib import Path

import stopwatch


def prepare() -> tuple:
    """The library imported; the columns and types of the first line."""
    import polars as pl

    types = {str: pl.String, int: pl.Int64, bool: pl.Boolean, float: pl.Float64}
    with Path(sys.argv[1]).open("rb") as lines:
        schema = {name: types[type(value)] for name, value in json.loads(lines.readline()).items()}
    return pl, schema


def work(given: tuple) -> int:
    """How many rows were written."""
    pl, schema = given
    with tempfile.TemporaryDirectory() as folder:
        data = pl.read_ndjson(sys.argv[1], schema=schema)
        data.write_parquet(Path(folder, "posts.parquet"), compression="zstd", compression_level=1)
    return len(data)


stopwatch.report(work, prepare)
