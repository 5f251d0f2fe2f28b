"""Entries appended to the custody log, durable when the last call returns; then all of them checked."""

import sys
import tempfile
from pathlib import Path

import stopwatch


def prepare() -> tuple:
    """An empty log and the entries."""
    from perito.evidence.log import Log

    entries = [f'{{"act":"sealed","number":{number}}}'.encode() for number in range(int(sys.argv[1]))]
    return Log(Path(tempfile.mkdtemp(dir=sys.argv[2]), "log")), entries


def work(given: tuple) -> str:
    """The root."""
    log, entries = given
    for start in range(0, len(entries), 10_000):
        log.append_many(entries[start : start + 10_000])
    return log.root().hex()


stopwatch.report(work, prepare)
