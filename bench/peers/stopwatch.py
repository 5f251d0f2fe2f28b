"""For the scripts of contenders: does the work, prints the answer and what it took, and nothing else.

Runs with the Python of any peer: the standard library only.
"""

import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def report(work: Callable[[Any], Any], prepare: Callable[[], Any] | None = None) -> None:
    """Prepare, then work under the clock, then print answer and times as one JSON line.

    Args:
        work: Called with what was prepared; its result is the answer.
        prepare: Imports, reads, compiles; not timed.
    """
    ready = prepare() if prepare else None
    wall, cpu = time.perf_counter(), _cpu_s()
    answer = work(ready)
    cpu, wall = _cpu_s() - cpu, time.perf_counter() - wall
    print(json.dumps({"answer": answer, "cpu_s": cpu, "wall_s": wall, "peak_mb": _peak_mb()}))


def _cpu_s() -> float:
    """Processor time of this process and of the programs it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _peak_mb() -> float:
    """The most memory that this program held, or one that it waited for; not what it was forked from."""
    with Path("/proc/self/status").open(encoding="ascii") as status:
        own = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024
