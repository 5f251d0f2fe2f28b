"""Signatures of texts by rensa."""

import json
import sys
from pathlib import Path

import stopwatch

_SHINGLE = 5


def prepare() -> list[str]:
    """The texts, with everything imported."""
    import rensa  # noqa: F401

    return json.loads(Path(sys.argv[1]).read_bytes())


def work(texts: list[str]) -> int:
    """How many signatures there are."""
    from rensa import RMinHash

    made = []
    for text in texts:
        mark = RMinHash(num_perm=128, seed=7)
        mark.update([text[at : at + _SHINGLE] for at in range(len(text) - _SHINGLE + 1)])
        made.append(mark.digest())
    return len(made)


stopwatch.report(work, prepare)
