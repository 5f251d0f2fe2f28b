"""The loops of text matching: shingles, MinHash signatures, and families from the candidates.

All integers wrap at 64 (shingles) or 32 bits (permutations), as unsigned integers do; the constants are part
of the method's version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perito.match.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHINGLE = 5
"""Code points in a shingle."""

PERMUTATIONS = 128
_SEED = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_NONE = -1


@compiled
def mixed(value: np.uint64) -> np.uint64:
    """A 64-bit number whose every bit depends on every bit of the given one (splitmix64's finaliser)."""
    value = (value ^ (value >> np.uint64(30))) * _MIX_1
    value = (value ^ (value >> np.uint64(27))) * _MIX_2
    return value ^ (value >> np.uint64(31))


@compiled
def _shingle(points: NDArray[np.uint32], start: int) -> np.uint64:
    """The hash of one shingle. Three code points of 21 bits fill one number, two the next."""
    low = np.uint64(points[start]) | (np.uint64(points[start + 1]) << np.uint64(21))
    low |= np.uint64(points[start + 2]) << np.uint64(42)
    high = np.uint64(points[start + 3]) | (np.uint64(points[start + 4]) << np.uint64(21))
    return mixed(mixed(low + _SEED) ^ (high * _MIX_1 + _SEED))


@compiled
def signatures(
    points: NDArray[np.uint32],
    starts: NDArray[np.int64],
    factors: NDArray[np.uint32],
    offsets: NDArray[np.uint32],
    out: NDArray[np.uint32],
) -> None:
    """The smallest of each permutation over the shingles of every text.

    Args:
        points: The code points of all texts.
        starts: Where each text starts in them, and where the last one ends.
        factors: An odd factor a permutation.
        offsets: A summand a permutation.
        out: One row a text, one column a permutation; filled.
    """
    for text in range(len(starts) - 1):
        row = out[text]
        row[:] = np.uint32(0xFFFFFFFF)
        for start in range(starts[text], starts[text + 1] - SHINGLE + 1):
            hashed = np.uint32(_shingle(points, start) >> np.uint64(32))
            for permutation in range(PERMUTATIONS):
                value = np.uint32(hashed * factors[permutation] + offsets[permutation])
                row[permutation] = min(row[permutation], value)


@compiled
def band_keys(rows: NDArray[np.uint32], first: int, width: int, out: NDArray[np.uint64]) -> None:
    """One number for the signature values of a band, for every text."""
    for text in range(len(rows)):
        key = _SEED
        for column in range(first, first + width):
            key = mixed(key ^ np.uint64(rows[text, column]))
        out[text] = key


@compiled
def shingle_set(points: NDArray[np.uint32], start: int, end: int, out: NDArray[np.uint64]) -> int:
    """Fills `out` with the distinct shingles of one text in rising order; how many there are."""
    number = max(0, end - start - SHINGLE + 1)
    for position in range(number):
        out[position] = _shingle(points, start + position)
    held = out[:number]
    held.sort()
    distinct = 0
    for position in range(number):
        if position == 0 or held[position] != held[distinct - 1]:
            held[distinct] = held[position]
            distinct += 1
    return distinct


@compiled
def shared(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> int:
    """How many numbers two rising lists share."""
    i = j = found = 0
    while i < len(one) and j < len(other):
        if one[i] == other[j]:
            found += 1
            i += 1
            j += 1
        elif one[i] < other[j]:
            i += 1
        else:
            j += 1
    return found


@compiled
def _root(parents: NDArray[np.int64], text: int) -> int:
    while parents[text] != text:
        parents[text] = parents[parents[text]]
        text = parents[text]
    return text


@compiled
def _is_alike(
    points: NDArray[np.uint32],
    starts: NDArray[np.int64],
    mine: NDArray[np.uint64],
    other: int,
    threshold: float,
    room: NDArray[np.uint64],
) -> bool:
    """Whether a text's shingles share at least that part of their union with those of another text."""
    if starts[other + 1] - starts[other] - SHINGLE + 1 < threshold * len(mine):
        return False  # too short to hold so many
    theirs = room[: shingle_set(points, starts[other], starts[other + 1], room)]
    if min(len(mine), len(theirs)) < threshold * max(len(mine), len(theirs)):
        return False
    both = shared(mine, theirs)
    return both >= threshold * (len(mine) + len(theirs) - both)


@compiled
def join_bucket(
    bucket: NDArray[np.int64],
    points: NDArray[np.uint32],
    starts: NDArray[np.int64],
    threshold: float,
    parents: NDArray[np.int64],
    room: NDArray[np.uint64],
    own_room: NDArray[np.uint64],
) -> int:
    """Unite the families of the texts of one bucket that are alike; how many pairs were compared.

    Pairs that are of one family already are not compared: they could unite nothing. Members of the bucket
    are kept in chains, one a family, so that a family is left as soon as one of its members is alike.

    Args:
        bucket: The texts of one bucket.
        points: The code points of all texts.
        starts: Where each text starts in them.
        threshold: The smallest Jaccard similarity that unites.
        parents: The forest of families; changed.
        room: For the shingles of the longest text.
        own_room: The same.
    """
    size, compared, chains = len(bucket), 0, 0
    heads = np.empty(size, np.int64)
    tails = np.empty(size, np.int64)
    following = np.full(size, _NONE)
    for place in range(size):
        text = bucket[place]
        count = _NONE
        at, chain = _NONE, 0
        while chain < chains:
            member = heads[chain]
            joins = _root(parents, bucket[member]) == _root(parents, text)
            while not joins and member != _NONE:
                if count == _NONE:
                    count = shingle_set(points, starts[text], starts[text + 1], own_room)
                compared += 1
                joins = _is_alike(points, starts, own_room[:count], bucket[member], threshold, room)
                member = following[member]
            if not joins:
                chain += 1
                continue
            mine, theirs = _root(parents, text), _root(parents, bucket[heads[chain]])
            parents[max(mine, theirs)] = min(mine, theirs)
            if at == _NONE:
                at = chain
                chain += 1
            else:  # the text has brought two families together: one chain of them
                following[tails[at]] = heads[chain]
                tails[at] = tails[chain]
                chains -= 1
                heads[chain], tails[chain] = heads[chains], tails[chains]
        if at == _NONE:
            heads[chains] = tails[chains] = place
            chains += 1
        else:
            following[tails[at]] = place
            tails[at] = place
    return compared


@compiled
def join_band(
    keys: NDArray[np.uint64],
    order: NDArray[np.int64],
    points: NDArray[np.uint32],
    starts: NDArray[np.int64],
    threshold: float,
    parents: NDArray[np.int64],
    longest: int,
) -> int:
    """Unite families within every bucket of a band; how many pairs were compared.

    Args:
        keys: The band's number of every text.
        order: The texts, ordered by that number, equal ones by text.
        points: The code points of all texts.
        starts: Where each text starts in them.
        threshold: The smallest Jaccard similarity that unites.
        parents: The forest of families; changed.
        longest: Code points of the longest text.
    """
    room, own_room = np.empty(longest, np.uint64), np.empty(longest, np.uint64)
    compared = first = 0
    while first < len(order):
        last = first + 1
        while last < len(order) and keys[order[last]] == keys[order[first]]:
            last += 1
        if last - first > 1:
            bucket = order[first:last]
            compared += join_bucket(bucket, points, starts, threshold, parents, room, own_room)
        first = last
    return compared


@compiled
def families_of(parents: NDArray[np.int64], out: NDArray[np.int64]) -> int:
    """Numbers the families in the order of their first text; how many there are."""
    number = 0
    for text in range(len(parents)):
        root = _root(parents, text)
        if root == text:  # the root is the family's first text, since the smaller number wins
            out[text] = number
            number += 1
        else:
            out[text] = out[root]
    return number
