"""Families of copied texts, or their signatures, with the parts of datasketch."""

import json
import sys
import unicodedata
from pathlib import Path

import stopwatch

_THRESHOLD, _SHINGLE = 0.7, 5


def prepare() -> list[str]:
    """The texts, with everything imported."""
    import datasketch  # noqa: F401

    return json.loads(Path(sys.argv[1]).read_bytes())


def work(texts: list[str]) -> int:
    """How many families there are, or how many signatures."""
    from datasketch import MinHash

    normal = [unicodedata.normalize("NFKC", text) for text in texts]
    shingles = [{text[at : at + _SHINGLE] for at in range(len(text) - _SHINGLE + 1)} for text in normal]
    marks = MinHash.bulk(([one.encode() for one in held] for held in shingles), num_perm=128)
    return len(marks) if sys.argv[2] == "signatures" else _families(normal, shingles, marks)


def _families(texts: list[str], shingles: list[set[str]], marks: list) -> int:
    from datasketch import MinHashLSH

    index, parents = MinHashLSH(num_perm=128, params=(32, 4)), list(range(len(texts)))
    for number, mark in enumerate(marks):
        for other in index.query(mark):
            if _is_alike(shingles[number], shingles[other], same=texts[number] == texts[other]):
                one, two = sorted((_root(parents, number), _root(parents, other)))
                parents[two] = one
        index.insert(number, mark)
    return sum(parent == number for number, parent in enumerate(parents))


def _is_alike(one: set[str], other: set[str], *, same: bool) -> bool:
    return same or len(one & other) >= _THRESHOLD * len(one | other)


def _root(parents: list[int], number: int) -> int:
    while parents[number] != number:
        parents[number] = parents[parents[number]]
        number = parents[number]
    return number


stopwatch.report(work, prepare)
