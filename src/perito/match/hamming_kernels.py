"""The loops of the exact search among 256-bit hashes.

A hash is a ring of 16 chunks of 16 bits. Give every chunk c a radius r_c so that the sum of (r_c + 1) is more
than the radius asked for. If two hashes are within it, then some chunk c differs in at most r_c bits *and*
the three chunks from c on differ in fewer bits than the sum of their (r + 1): start after the place where the
running sum of (difference - r - 1) around the ring is largest (the cycle lemma; the strong form of
the pigeonhole principle). So each chunk has a table of buckets by its 16 bits, and a bucket holds, beside the
number of each hash, the 32 bits of the two next chunks. Few candidates in 100,000 pass them by chance.

A pair is given by the first chunk that finds it, and by no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba.extending import intrinsic

from perito.match.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Shorts = NDArray[np.uint16]
    Words = NDArray[np.uint32]
    Longs = NDArray[np.int64]
    Whole = Any  # a whole number, of Python or of the machine

CHUNKS = 16
CHUNK_BITS = 16
BUCKETS = 1 << CHUNK_BITS
LARGEST_CHUNK_RADIUS = 2
_PROBES = (0, 1, 1 + CHUNK_BITS, 1 + CHUNK_BITS + CHUNK_BITS * (CHUNK_BITS - 1) // 2)  # by radius + 1
_FLIPS = np.array(
    [0]
    + [1 << a for a in range(CHUNK_BITS)]
    + [1 << a | 1 << b for a in range(CHUNK_BITS) for b in range(a + 1, CHUNK_BITS)],
    np.int64,
)
_PROBES_OF = np.array(_PROBES, np.int64)
_PROBE_COST = 12  # a look into a bucket costs as much as so many comparisons
DONE, TOO_MUCH_WORK, TOO_MANY_PAIRS, DAMAGED = range(4)


def _count_ones(_context: object, number: Any) -> Any:  # noqa: ANN401  (a type of the compiler)
    def code(_context: object, builder: Any, _signature: object, arguments: Any) -> Any:  # noqa: ANN401
        return builder.ctpop(arguments[0])

    return number(number), code


_ones: Any = intrinsic(_count_ones)  # how many bits of an unsigned number are set: one instruction


@compiled
def _flips(probe: Whole) -> Whole:
    """How many bits the probe turns."""
    return 0 if probe == 0 else (1 if probe <= CHUNK_BITS else 2)


@compiled
def bucketed(table: Shorts, starts: Words, words: Words, ids: Words) -> None:
    """Fill the 16 bucket tables of the hashes: where each bucket starts, next two chunks, numbers."""
    count = table.shape[0]
    for c in range(CHUNKS):
        one, two = (c + 1) % CHUNKS, (c + 2) % CHUNKS
        place = np.zeros(BUCKETS, np.int64)
        for i in range(count):
            place[table[i, c]] += 1
        total = 0
        for b in range(BUCKETS):
            size = place[b]
            place[b] = total
            starts[c, b] = total
            total += size
        starts[c, BUCKETS] = total
        for i in range(count):
            at = place[table[i, c]]
            place[table[i, c]] = at + 1
            ids[c, at] = i
            words[c, at] = np.uint32(table[i, one]) | (np.uint32(table[i, two]) << np.uint32(CHUNK_BITS))


@compiled
def _word(hash_: Shorts, c: Whole) -> Whole:
    """The two chunks after c, as one number."""
    one, two = np.uint32(hash_[(c + 1) % CHUNKS]), np.uint32(hash_[(c + 2) % CHUNKS])
    return np.uint32(one | (two << np.uint32(CHUNK_BITS)))


@compiled
def _allowed(radii: Longs, c: Whole) -> Whole:
    """In how many bits three chunks from c on may differ."""
    return radii[c] + radii[(c + 1) % CHUNKS] + radii[(c + 2) % CHUNKS] + 2


@compiled
def _distance_first_found(one: Shorts, other: Shorts, radii: Longs, c: Whole, radius: Whole) -> Whole:
    """The distance of two hashes, or -1 if it is beyond the radius or an earlier chunk finds the pair."""
    differing = np.empty(CHUNKS, np.int64)
    total = 0
    for k in range(CHUNKS):
        differing[k] = np.int64(_ones(np.uint32(one[k] ^ other[k])))
        total += differing[k]
    if total > radius:
        return -1
    for k in range(c):
        three = differing[k] + differing[(k + 1) % CHUNKS] + differing[(k + 2) % CHUNKS]
        if differing[k] <= radii[k] and three <= _allowed(radii, k):
            return -1
    return total


@compiled
def _put(found: Longs, count: Whole, query: Whole, entry: Whole, distance: Whole) -> Longs:
    """The list of pairs with one more, in a larger array if it was full."""
    if count == found.shape[0]:
        larger = np.empty((2 * count, 3), np.int64)
        for row in range(count):  # an assignment of slices would cost seconds of compilation
            for column in range(3):
                larger[row, column] = found[row, column]
        found = larger
    found[count, 0], found[count, 1], found[count, 2] = query, entry, distance
    return found


@compiled
def _sizes(query: Shorts, starts: Words, largest: Whole, sizes: Longs) -> None:
    """How many hashes each radius of each chunk would compare; sizes[c, r + 1]."""
    for c in range(CHUNKS):
        value, total, probe = np.int64(query[c]), np.int64(0), 0
        sizes[c, 0] = 0
        for r in range(largest + 1):
            while probe < _PROBES_OF[r + 1]:
                bucket = value ^ _FLIPS[probe]
                total += np.int64(starts[c, bucket + 1]) - np.int64(starts[c, bucket])
                probe += 1
            sizes[c, r + 1] = total


@compiled
def _cheapest(sizes: Longs, radius: Whole, radii: Longs) -> None:
    """The radii with the least work whose (r + 1) add up to radius + 1: exact, by dynamic programming."""
    needed, options = radius + 1, sizes.shape[1]
    beyond = np.int64(1) << 60
    best = np.empty((CHUNKS + 1, needed + 1), np.int64)
    taken = np.empty((CHUNKS, needed + 1), np.int64)
    for have in range(needed + 1):
        best[0, have] = 0 if have == 0 else beyond
    for c in range(CHUNKS):
        for have in range(needed + 1):
            best[c + 1, have], taken[c, have] = beyond, 0
            for option in range(min(have + 1, options)):
                work = best[c, have - option] + sizes[c, option] + _PROBE_COST * _PROBES_OF[option]
                if work < best[c + 1, have]:
                    best[c + 1, have] = work
                    taken[c, have] = option
    have = needed
    for c in range(CHUNKS - 1, -1, -1):
        radii[c] = taken[c, have] - 1
        have -= taken[c, have]


@compiled
def _work(sizes: Longs, radii: Longs) -> Whole:
    total = np.int64(0)
    for c in range(CHUNKS):
        total += sizes[c, radii[c] + 1]
    return total


@compiled
def _touched(query: Shorts, starts: Words, words: Words, radii: Longs) -> Whole:
    """Reads the first word of every bucket that will be compared, so that all are fetched at once."""
    seen = np.uint32(0)
    last = words.shape[1] - 1
    for c in range(CHUNKS):
        value = np.int64(query[c])
        for probe in range(_PROBES_OF[radii[c] + 1]):
            at = np.int64(starts[c, value ^ _FLIPS[probe]])
            seen ^= words[c, min(last, at)]
    return seen


@compiled
def _least(words: Words, start: Whole, stop: Whole, word: np.uint32) -> Whole:
    """The smallest number of bits in which a word of the stretch differs."""
    part = words[start:stop]
    low = np.uint32(99)
    for k in range(len(part)):
        ones = _ones(np.uint32(part[k] ^ word))
        low = min(low, ones)
    return low


@compiled
def _choose(
    query: Shorts, starts: Words, radius: Whole, usual: Longs, usual_work: Whole, sizes: Longs, radii: Longs
) -> Whole:
    """Set the radii for a query, the usual ones unless they are too much work; gives the work."""
    largest = 1
    for c in range(CHUNKS):
        radii[c] = usual[c]
        largest = LARGEST_CHUNK_RADIUS if usual[c] == LARGEST_CHUNK_RADIUS else largest
    _sizes(query, starts, largest, sizes)
    if _work(sizes, radii) > usual_work:
        _sizes(query, starts, LARGEST_CHUNK_RADIUS, sizes)
        _cheapest(sizes, radius, radii)
    return _work(sizes, radii)


@compiled
def _with_room(places: Longs, count: Whole) -> Longs:
    """The list with room for one more."""
    if count < len(places):
        return places
    larger = np.empty(2 * len(places), np.int64)
    for at in range(count):
        larger[at] = places[at]
    return larger


@compiled
def _passing(
    query: Shorts, starts: Words, words: Words, radii: Longs, c: Whole, places: Longs
) -> tuple[Longs, Whole]:
    """Where in the buckets of chunk c the three chunks are near enough to the query's."""
    count, allowed, word, value = 0, _allowed(radii, c), _word(query, c), np.int64(query[c])
    for probe in range(_PROBES_OF[radii[c] + 1]):
        limit, bucket = allowed - _flips(probe), value ^ _FLIPS[probe]
        start, stop = np.int64(starts[c, bucket]), np.int64(starts[c, bucket + 1])
        if np.int64(_least(words[c], start, stop, word)) > limit:
            continue
        for at in range(start, stop):
            if np.int64(_ones(np.uint32(words[c, at] ^ word))) <= limit:
                places = _with_room(places, count)
                places[count] = at
                count += 1
    return places, count


@compiled
def searched(
    queries: Shorts,
    table: Shorts,
    starts: Words,
    words: Words,
    ids: Words,
    radius: Whole,
    usual: Longs,
    usual_work: Whole,
    work_limit: Whole,
    pair_limit: Whole,
) -> tuple[Whole, Longs, Whole, Whole]:
    """Every (query, hash, distance) within the radius: outcome, pairs, work done.

    The last value says nothing; without it the reads of `_touched` would be left out.

    A query that would compare more than `usual_work` hashes with the usual radii gets the cheapest ones.
    """
    found, count, work, seen = np.empty((1024, 3), np.int64), 0, np.int64(0), np.uint32(0)
    sizes = np.zeros((CHUNKS, LARGEST_CHUNK_RADIUS + 2), np.int64)
    radii, places = np.empty(CHUNKS, np.int64), np.empty(64, np.int64)
    for q in range(queries.shape[0]):
        query = queries[q]
        work += _choose(query, starts, radius, usual, usual_work, sizes, radii)
        if work > work_limit:
            return TOO_MUCH_WORK, found[:0], work, seen
        seen |= _touched(query, starts, words, radii)
        for c in range(CHUNKS):
            places, passing = _passing(query, starts, words, radii, c, places)
            for k in range(passing):
                entry = np.int64(ids[c, places[k]])
                if entry >= table.shape[0]:
                    return DAMAGED, found[:0], work, seen
                distance = _distance_first_found(query, table[entry], radii, c, radius)
                if distance >= 0:
                    if count == pair_limit:
                        return TOO_MANY_PAIRS, found[:0], work, seen
                    found = _put(found, count, q, entry, distance)
                    count += 1
    return DONE, found[:count], work, seen


@compiled
def _most_near(starts: Words) -> Whole:
    """A bound on how many hashes lie in the buckets that differ in one bit from a bucket."""
    largest = np.int64(0)
    for c in range(CHUNKS):
        for bucket in range(BUCKETS):
            size = np.int64(starts[c, bucket + 1]) - np.int64(starts[c, bucket])
            largest = max(largest, size)
    return CHUNK_BITS * largest


@compiled
def _lay_out(starts: Words, words: Words, c: Whole, bucket: Whole, near: Words, position: Longs) -> Whole:
    """Lay the later buckets that differ from one in one bit side by side; gives how many hashes."""
    size = 0
    for bit in range(CHUNK_BITS):
        other = bucket ^ (1 << bit)
        if other < bucket:
            continue
        for at in range(np.int64(starts[c, other]), np.int64(starts[c, other + 1])):
            near[size], position[size] = words[c, at], at
            size += 1
    return size


@compiled
def _passing_pairs(
    own: Words,
    one: Whole,
    stop: Whole,
    near: Words,
    position: Longs,
    size: Whole,
    allowed: Whole,
    places: Longs,
) -> tuple[Longs, Whole]:
    """Where the later hashes of the own bucket, and of those beside it, are near enough to hash `one`."""
    count, word = 0, own[one]
    for at in range(one + 1, stop):
        if np.int64(_ones(np.uint32(own[at] ^ word))) <= allowed:
            places = _with_room(places, count)
            places[count] = at
            count += 1
    for k in range(size):
        if np.int64(_ones(np.uint32(near[k] ^ word))) <= allowed - 1:
            places = _with_room(places, count)
            places[count] = position[k]
            count += 1
    return places, count


@compiled
def joined(  # noqa: C901  (one nest of loops: calls in it would cost what it saves)
    table: Shorts, starts: Words, words: Words, ids: Words, radius: Whole, radii: Longs, pair_limit: Whole
) -> tuple[Whole, Longs]:
    """Every pair (i, j, distance), i < j, within the radius: outcome and pairs. Radii are at most 1.

    Bucket against bucket: each with itself, and with the later ones that differ in one bit.
    """
    found, count, places = np.empty((1024, 3), np.int64), 0, np.empty(64, np.int64)
    room = _most_near(starts)
    near, position = np.empty(room, np.uint32), np.empty(room, np.int64)
    for c in range(CHUNKS):
        if radii[c] < 0:
            continue
        own, allowed = words[c], _allowed(radii, c)
        for bucket in range(BUCKETS):
            start, stop = np.int64(starts[c, bucket]), np.int64(starts[c, bucket + 1])
            if start == stop:
                continue
            size = _lay_out(starts, words, c, bucket, near, position) if radii[c] > 0 else 0
            for one in range(start, stop):
                is_alone = np.int64(_least(own, one + 1, stop, own[one])) > allowed
                if is_alone and np.int64(_least(near, 0, size, own[one])) > allowed - 1:
                    continue
                places, passing = _passing_pairs(own, one, stop, near, position, size, allowed, places)
                for k in range(passing):
                    i, j = np.int64(ids[c, one]), np.int64(ids[c, places[k]])
                    if i >= table.shape[0] or j >= table.shape[0]:
                        return DAMAGED, found[:0]
                    distance = _distance_first_found(table[i], table[j], radii, c, radius)
                    if distance >= 0:
                        if count == pair_limit:
                            return TOO_MANY_PAIRS, found[:0]
                        found = _put(found, count, min(j, i), max(i, j), distance)
                        count += 1
    return DONE, found[:count]
