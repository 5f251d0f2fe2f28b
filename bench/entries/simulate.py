"""Simulating a case: posts a CPU minute, and peak memory, which has to stay the same at any size."""

from __future__ import annotations

import tempfile
from pathlib import Path

from measuring import PROGRAM, Row, Settings, used


def rows(settings: Settings) -> list[Row]:
    """Speed and memory for each size."""
    sizes = [200] if settings.is_smoke else [100_000, 1_000_000, 10_000_000]
    return [row for size in sizes for row in _rows(size)]


def _rows(size: int) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="perito-bench-") as folder:
        command = [*PROGRAM, "simulate", Path(folder, "case"), "--posts", str(size), "--seed", "7", "--quiet"]
        taken = used(command)
    speed = size / taken.cpu_s * 60 / 1e6
    return [
        Row(
            f"simulate {size:,} posts: speed (wanted: 1)", speed, "million posts/CPU min",
            is_more_better=True, ours_used=taken, size=size,
        ),
        Row(f"simulate {size:,} posts: peak memory", taken.peak_mb, "MB", size=size),
    ]  # fmt: skip
