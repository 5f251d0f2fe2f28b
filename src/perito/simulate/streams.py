"""Random numbers that depend on nothing but the seed, the part of the world and the number of the block.

Each part of each block has a counter-based stream (Philox 4x64) of its own. So blocks can be made in any
order and on any number of threads, and a new part changes no number of the others.
"""

from __future__ import annotations

import hashlib

import numpy as np

_KEY_BYTES = 16  # a Philox key has 128 bits


def stream(seed: int, part: str, block: int = 0) -> np.random.Generator:
    """The random numbers of one part in one block.

    The key is the first half of SHA-256 over `seed/part/block`.

    Args:
        seed: The seed of the whole simulation.
        part: Name of the part.
        block: Number of the block, from 0.

    Example:
        >>> float(stream(7, "posts", 0).random()) == float(stream(7, "posts", 0).random())
        True
        >>> float(stream(7, "posts", 0).random()) == float(stream(7, "posts", 1).random())
        False
    """
    digest = hashlib.sha256(f"{seed}/{part}/{block}".encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:_KEY_BYTES], "big")))
