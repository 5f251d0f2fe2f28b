"""Exact search of 256-bit hashes by faiss."""

import sys

import numpy as np
import stopwatch

_RADIUS = 31


def prepare() -> tuple:
    """The index, with everything imported."""
    import faiss

    faiss.omp_set_num_threads(1)
    if sys.argv[2] == "flat":
        index = faiss.IndexBinaryFlat(256)
    else:
        index = faiss.IndexBinaryMultiHash(256, 16, 16)
        index.nflip = 1
    with np.load(sys.argv[1]) as kept:
        index.add(kept["hashes"])
        return index, kept["queries"]


def work(given: tuple) -> list[int]:
    """How many pairs there are, and the sum of their distances."""
    index, queries = given
    limits, distances, _ = index.range_search(queries, _RADIUS + 1)  # faiss counts up to below its radius
    return [int(limits[-1]), int(distances.sum())]


stopwatch.report(work, prepare)
