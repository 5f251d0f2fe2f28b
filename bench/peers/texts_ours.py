"""Families of copied texts, or their signatures, by this project."""

import json
import sys
from pathlib import Path

import stopwatch


def prepare() -> list[str]:
    """The texts, with everything imported and compiled."""
    from perito.match.text import families

    families(["the quick brown fox", "the quick brown fox!"])
    return json.loads(Path(sys.argv[1]).read_bytes())


def work(texts: list[str]) -> int:
    """How many families there are, or how many signatures."""
    from perito.match.text import families, text_signatures

    return len(text_signatures(texts)) if sys.argv[2] == "signatures" else int(families(texts).max()) + 1


stopwatch.report(work, prepare)
