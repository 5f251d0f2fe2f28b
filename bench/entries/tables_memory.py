"""Building the tables of a simulated case, and of one long table, within 400 MB: CPU time and peak memory."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from contest import contest, ours
from measuring import Row, Settings

from perito.simulate import simulate

_LIMIT_MB = 400
_ABOVE_MB = 150
_BLOCK = 1_000_000


def rows(settings: Settings) -> list[Row]:
    """Two rows for each size: CPU time, and peak memory with what is wanted of it."""
    cases = [200] if settings.is_smoke else [100_000, 1_000_000]
    lengths = [1_000] if settings.is_smoke else [20_000_000]
    with tempfile.TemporaryDirectory(prefix="perito-bench-") as made:
        folder, found = Path(made), list[Row]()
        for posts in cases:
            simulate(folder / f"{posts}", posts=posts, seed=7)
            found += _built(f"tables of {posts:,} simulated posts", folder / f"{posts}" / "sources", posts)
        for length in lengths:
            (folder / "long").mkdir()
            _long_table(folder / "long" / "edges.parquet", length)
            found += _built(f"a table of {length:,} rows in no order", folder / "long", length)
    return found


def _built(name: str, sources: Path, size: int) -> list[Row]:
    (row,) = contest(f"{name}, {_LIMIT_MB} MB", [ours("tables_ours.py", sources, _LIMIT_MB)], 1, size=size)
    peak = row.ours_used.peak_mb if row.ours_used else 0.0
    return [
        row,
        Row(f"{name}, {_LIMIT_MB} MB: peak memory", peak, "MB", target=_LIMIT_MB + _ABOVE_MB, size=size),
    ]


def _long_table(file: Path, rows_wanted: int) -> None:
    draw = np.random.default_rng(7)
    with pq.ParquetWriter(file, _SCHEMA, compression="zstd") as out:
        for start in range(0, rows_wanted, _BLOCK):
            number = min(_BLOCK, rows_wanted - start)
            out.write_table(_block(draw, start, number))


def _block(draw: np.random.Generator, start: int, number: int) -> pa.Table:
    def posts(numbers: object) -> pa.Array:
        return pc.binary_join_element_wise("x:", pc.cast(pa.array(numbers), pa.string()), "")

    made = {
        "kind": pa.repeat("repost", number),
        "platform": pa.repeat("x", number),
        "src_post_id": posts(draw.permutation(number) + start + 10**17),
        "dst_post_id": posts(draw.integers(0, 10**6, number) + 10**16),
        "happened_at_us": pa.array(draw.integers(0, 10**12, number) + 1_767_225_600_000_000),
        "happened_basis": pa.repeat("server_utc", number),
        "inferred": pa.repeat(pa.scalar(False), number),
    }
    return pa.table(made, schema=_SCHEMA)


_SCHEMA = pa.schema(
    [
        ("kind", pa.string()),
        ("platform", pa.string()),
        ("src_post_id", pa.string()),
        ("dst_post_id", pa.string()),
        ("happened_at_us", pa.int64()),
        ("happened_basis", pa.string()),
        ("inferred", pa.bool_()),
    ]
)
