"""Exact search among 256-bit hashes beside faiss, and every hash with every other.

faiss `IndexBinaryMultiHash` with 16 tables of 16 bits and one flip is the exact one among its hashing
indexes (and the one of threatexchange); beyond a million its flat index is the peer. Answers are compared:
the number of pairs and the sum of their distances. Joins have no peer that ends in time.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from contest import contest, ours, peer
from measuring import Row, Settings

_QUERIES = {100_000: 2_000, 1_000_000: 2_000, 10_000_000: 200}
_PLANTED = 41 * 20


def rows(settings: Settings) -> list[Row]:
    """CPU time of queries and of joins at several sizes."""
    sizes = [100_000] if settings.is_smoke else list(_QUERIES)
    return [row for size in sizes for row in _of(settings, size)]


def _of(settings: Settings, size: int) -> list[Row]:
    rounds = min(settings.rounds, 3 if size < 10_000_000 else 1)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "hashes.npz")
        hashes = _hashes(size)
        np.savez(file, hashes=hashes, queries=hashes[-_QUERIES[size] :])
        kind = "multihash" if size < 10_000_000 else "flat"
        return [
            *contest(
                f"exact search, radius 31, {_QUERIES[size]} queries",
                [
                    ours("hamming_ours.py", file, "search"),
                    peer(settings, "faiss-cpu", "hamming_faiss.py", file, kind),
                ],
                rounds, one_thread=True, size=size,
            ),
            *contest("self-join, radius 31", [ours("hamming_ours.py", file, "join")], rounds, size=size),
        ]  # fmt: skip


def _hashes(size: int) -> np.ndarray:
    """Uniform hashes; the last are copies of the first at 0 to 40 bits."""
    draw = np.random.default_rng(7)
    hashes = draw.integers(0, 256, (size, 32), np.uint8)
    for number in range(_PLANTED):
        bits = np.unpackbits(hashes[number])
        bits[draw.choice(256, number % 41, replace=False)] ^= 1
        hashes[size - 1 - number] = np.packbits(bits)
    return hashes
