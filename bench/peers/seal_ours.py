"""Files sealed into an evidence store: hashed, durable, indexed, logged, then acknowledged."""

import sys
import tempfile
from pathlib import Path

import stopwatch


def prepare() -> tuple:
    """An empty store beside the files, and the files."""
    from perito.evidence import Store

    store = Store(Path(tempfile.mkdtemp(dir=sys.argv[2]), "evidence"))
    return store, [(path, {}) for path in sorted(Path(sys.argv[1]).iterdir())]


def work(given: tuple) -> int:
    """How many were acknowledged."""
    store, sources = given
    return len(store.add_many(sources))


stopwatch.report(work, prepare)
