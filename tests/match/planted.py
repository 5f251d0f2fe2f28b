"""Hashes with pairs at known distances, and every pair found by comparing all with all."""

import numpy as np


def flipped(hash_: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """The hash with some of its 256 bits turned."""
    turned = np.unpackbits(hash_)
    turned[bits] ^= 1
    return np.packbits(turned)


def planted(seed: int, unrelated: int, pairs: int, farthest: int = 40) -> np.ndarray:
    """Uniform hashes, and copies of some at every distance from 0 on in turn."""
    rng = np.random.default_rng(seed)
    base = rng.integers(0, 256, (unrelated, 32), np.uint8)
    copies = [
        flipped(base[number], rng.choice(256, number % (farthest + 1), replace=False))
        for number in range(pairs)
    ]
    return np.concatenate([base, np.array(copies, np.uint8).reshape(-1, 32)])


def all_pairs(queries: np.ndarray, hashes: np.ndarray, radius: int) -> list[tuple[int, int, int]]:
    """Every (query, entry, distance) within the radius, by query, distance and entry."""
    found = []
    for query, one in enumerate(queries):
        distances = np.bitwise_count(hashes ^ one).sum(axis=1, dtype=int)
        found += [(query, int(entry), int(distances[entry])) for entry in np.flatnonzero(distances <= radius)]
    return sorted(found, key=lambda row: (row[0], row[2], row[1]))


def joined(hashes: np.ndarray, radius: int) -> list[tuple[int, int, int]]:
    """Every pair of entries within the radius, the lower number first."""
    return [row for row in all_pairs(hashes, hashes, radius) if row[0] < row[1]]


def rows(pairs) -> list[tuple[int, int, int]]:
    """What an index found, as rows."""
    return list(zip(*(column.tolist() for column in pairs), strict=True))
