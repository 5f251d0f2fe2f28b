"""What the entries share: the row that they return, and how a call or a program is measured."""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = (sys.executable, "-c", "import sys; from perito.cli import main; sys.exit(main())")


@dataclass(frozen=True)
class Settings:
    """How the bench was called.

    Args:
        is_smoke: Whether the smallest input and one round will do: only to see that it runs.
        with_install: Whether to install the package into a fresh environment (network, a minute).
    """

    is_smoke: bool = False
    with_install: bool = False

    @property
    def rounds(self) -> int:
        """How often a time is taken; the median counts."""
        return 1 if self.is_smoke else 5


@dataclass(frozen=True)
class Used:
    """What a program needed."""

    wall_s: float
    cpu_s: float
    peak_mb: float

    def to_json(self) -> dict[str, float]:
        """The three for programs."""
        return {
            "wall_s": round(self.wall_s, 4),
            "cpu_s": round(self.cpu_s, 4),
            "peak_mb": round(self.peak_mb, 1),
        }


@dataclass(frozen=True)
class Row:
    """One line of the outcome.

    Args:
        name: What was measured.
        ours: Our number, in the unit.
        unit: Of both numbers.
        peer: The number of the peer on the same input in the same run; None where there is no peer.
        peer_name: Who that is, with its version.
        is_more_better: Whether a larger number is the better one (a speed), or a smaller (a time).
        target: What we want it to stay below; printed, never enforced.
        ours_used: CPU time, wall time and peak memory of ours, where they were taken.
        peer_used: The same of the peer.
        size: How large the input was, where a row is one of a series that shows how cost grows.
    """

    name: str
    ours: float
    unit: str
    peer: float | None = None
    peer_name: str = ""
    is_more_better: bool = False
    target: float | None = None
    ours_used: Used | None = None
    peer_used: Used | None = None
    size: int | None = None

    @property
    def ratio(self) -> float | None:
        """How many times better than the peer; below 1 the peer is better. None without a peer."""
        if self.peer is None:
            return None
        return self.ours / self.peer if self.is_more_better else self.peer / self.ours

    def to_json(self) -> dict[str, object]:
        """The row for programs."""
        return {
            "name": self.name,
            "ours": round(self.ours, 4),
            "peer": None if self.peer is None else round(self.peer, 4),
            "ratio": None if self.ratio is None else round(self.ratio, 3),
            "unit": self.unit,
            "peer_name": self.peer_name,
            "target": self.target,
            "size": self.size,
            "ours_used": None if self.ours_used is None else self.ours_used.to_json(),
            "peer_used": None if self.peer_used is None else self.peer_used.to_json(),
        }


def seconds(call: Callable[[], object], rounds: int) -> float:
    """The median time of a call, garbage collected before and kept out of it."""
    times = []
    for _ in range(rounds):
        gc.collect()
        gc.disable()
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
        gc.enable()
    return statistics.median(times)


def used(command: Sequence[str | Path], expected_code: int = 0) -> Used:
    """Wall time, processor time and peak memory of a program and the programs it started."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != expected_code:
        raise SystemExit(f"bench: {' '.join(map(str, command))} ended with {process.returncode}")
    return Used(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def median_used(command: Sequence[str | Path], rounds: int) -> Used:
    """The medians over several rounds."""
    every = [used(command) for _ in range(rounds)]
    return Used(*(statistics.median(column) for column in zip(*map(_parts, every), strict=True)))


def _parts(one: Used) -> tuple[float, float, float]:
    return one.wall_s, one.cpu_s, one.peak_mb


def environment(folder: Path, *requirements: str) -> Path:
    """A fresh virtual environment with the requirements installed; gives its Python.

    For peers: keep a requirements file beside the entry and pass `"-r", str(file)`. A peer is measured by a
    script of its own, started with that Python on the same input, in the same run.
    """
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", *requirements], check=True)
    return python
