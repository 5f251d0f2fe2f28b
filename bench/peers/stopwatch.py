"""For the scripts of contenders: does the work, prints the answer and what it took, and nothing else.

Runs with the Python of any peer: the standard library only.
"""

import json
import time
from collections.abc import Callable
from typing import Any


def report(work: Callable[[Any], Any], prepare: Callable[[], Any] | None = None) -> None:
    """Prepare, then work under the clock, then print answer and times as one JSON line.

    Args:
        work: Called with what was prepared; its result is the answer.
        prepare: Imports, reads, compiles; not timed.
    """
    ready = prepare() if prepare else None
    wall, cpu = time.perf_counter(), time.process_time()
    answer = work(ready)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(json.dumps({"answer": answer, "cpu_s": cpu, "wall_s": wall}))
