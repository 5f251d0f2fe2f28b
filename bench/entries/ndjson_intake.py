"""NDJSON into canonical Parquet, beside the reader of polars with the same columns and types.

Ours is strict: a key that occurs twice, an id that is a number, half a surrogate pair, a number beyond 64
bits are rejects with their place; and each row gets its item and place. The peer reads with a schema and
writes Parquet. The posts are simulated; the long ones have a text of about 2,000 characters.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import orjson
import pyarrow.parquet as pq
from contest import contest, ours, peer
from measuring import Row, Settings

from perito.simulate import simulate

_LONG = 16


def rows(settings: Settings) -> list[Row]:
    """CPU time for posts as simulated, with long texts, and with escapes; and ours in GB a CPU second."""
    posts = 200 if settings.is_smoke else 100_000
    with tempfile.TemporaryDirectory(prefix="perito-bench-") as folder:
        case = Path(folder) / "case"
        simulate(case, posts=posts, seed=7)
        records = pq.read_table(case / "sources" / "posts.parquet").to_pylist()
        shapes = {
            "posts": (records, 1, ""),
            "posts with long texts": (records[: len(records) // 4], _LONG, ""),
            "posts with line ends and quotes": (records, 1, '\n«"»\n'),
        }
        return [
            row
            for name, (some, times, more) in shapes.items()
            for row in _contest(settings, name, _written(Path(folder) / "posts.ndjson", some, times, more))
        ]


def _written(file: Path, records: list[dict[str, object]], times: int, more: str) -> Path:
    with file.open("wb") as out:
        for record in records:
            said = {name: value for name, value in record.items() if value is not None}
            if "text" in said:
                said["text"] = " ".join([str(said["text"])] * times) + more
            out.write(orjson.dumps(said) + b"\n")
    return file


def _contest(settings: Settings, name: str, file: Path) -> list[Row]:
    contenders = [ours("ndjson_ours.py", file), peer(settings, "polars", "ndjson_polars.py", file)]
    size = file.stat().st_size
    found = contest(
        f"NDJSON to Parquet, {name}, {size / 1e6:,.0f} MB",
        contenders,
        settings.rounds,
        one_thread=True,
        size=size,
    )
    speed = size / 1e9 / found[0].ours
    return [
        *found,
        Row(f"NDJSON to Parquet, {name}: speed (wanted: 0.3)", speed, "GB/CPU s", is_more_better=True),
    ]
