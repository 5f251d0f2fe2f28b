"""Exact search among PDQ hashes: every pair within the radius is found, however many hashes there are.

Multi-index hashing (Norouzi, Punjani & Fleet, CVPR 2012) with radii by the general pigeonhole principle
(Qin et al., ICDE 2018); `hamming_kernels` tells how. Nothing is approximate and nothing is
cut off: what would need more work than allowed, or give more pairs, is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from perito.errors import CaseError, FormatError
from perito.match.hamming_file import read_index, write_index
from perito.match.hamming_segment import CHUNKS, HASH_BYTES, Segment, bucketed, built, merged

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from perito.match.pdq import PdqHash

RADIUS = 31
WORK_LIMIT = 20_000_000_000_000  # comparisons: hours
PAIR_LIMIT = 50_000_000
_LARGEST_RADIUS = 3 * CHUNKS - 1
_MOST_ENTRIES = 2**32 - 1
_USUAL_TIMES, _USUAL_LEAST = 16, 20_000  # beyond so many times the expected work a hash is treated apart
_BITS = 8 * HASH_BYTES


class Pairs(NamedTuple):
    """What was found: three arrays of equal length, sorted by query, then distance, then entry.

    Args:
        query: Position of the query (in a join: the entry with the lower number).
        entry: Number of the entry of the index.
        distance: In how many bits they differ.
    """

    query: NDArray[np.int64]
    entry: NDArray[np.int64]
    distance: NDArray[np.int64]


class HammingIndex:
    """An index of 256-bit hashes that answers which of them differ from a query in at most so many bits.

    Entries are numbered from 0 in the order in which they are added. Put in only what is comparable (PDQ of
    quality 50 or more; `HammingIndex.of` sees to it): flat pictures have hashes of noise.

    Args:
        hashes: The first entries, n x 32 bytes.
        work_limit: How many comparisons one call may need.
        pair_limit: How many pairs one call may give.

    Raises:
        FormatError: The hashes are not n x 32 bytes, or they are too many to be numbered.
        CaseError: The extra `media` is not installed.

    Example:
        >>> hashes = np.zeros((3, 32), np.uint8)
        >>> hashes[1, 0], hashes[2] = 7, 255
        >>> index = HammingIndex(hashes)
        >>> query, entry, distance = index.search(hashes[:1])
        >>> entry.tolist(), distance.tolist()
        ([0, 1], [0, 3])
    """

    def __init__(
        self,
        hashes: NDArray[np.uint8] | None = None,
        *,
        work_limit: int = WORK_LIMIT,
        pair_limit: int = PAIR_LIMIT,
    ) -> None:
        self.work_limit, self.pair_limit = work_limit, pair_limit
        self._segments: list[Segment] = []
        self._entries = 0
        if hashes is not None:
            self.add(hashes)

    @classmethod
    def of(cls, hashes: Iterable[PdqHash]) -> HammingIndex:
        """The index of PDQ hashes that are all comparable.

        Raises:
            FormatError: The quality of one is below 50.
        """
        rows = []
        for number, one in enumerate(hashes):
            if not one.is_comparable:
                raise FormatError(
                    "a picture that is not comparable cannot be searched for by its PDQ hash",
                    where=f"hash {number}", expected="quality 50 or more", found=str(one.quality),
                    remedy="compare it by SHA-256 only",
                )  # fmt: skip
            rows.append(one.packed)
        return cls(np.array(rows, np.uint8).reshape(-1, HASH_BYTES))

    @classmethod
    def open(cls, path: Path | str) -> HammingIndex:
        """The index that was saved there, mapped into memory: what is not asked for is not held.

        Every byte is checked against the digests in the file first.

        Raises:
            Missing: There is no such file.
            Malformed: It is no index, of another version, cut short or changed.
        """
        index = cls()
        index._segments, index._entries = read_index(path)
        return index

    def save(self, path: Path | str) -> None:
        """Write the index to a file, whole or not at all.

        Raises:
            CaseError: The file cannot be written.
        """
        write_index(path, self._segments, self._entries)

    def __len__(self) -> int:
        return self._entries

    def add(self, hashes: NDArray[np.uint8]) -> range:
        """Add entries and give their numbers. What is there is not built again, save now and then a part.

        Raises:
            FormatError: The hashes are not n x 32 bytes, or they are too many to be numbered.
        """
        given = checked_hashes(hashes)
        numbers = range(self._entries, self._entries + len(given))
        if numbers.stop > _MOST_ENTRIES:
            raise FormatError("more entries than an index can number", expected=f"{_MOST_ENTRIES:,}")
        if not given.size:
            return numbers
        segment = built(given, np.arange(numbers.start, numbers.stop, dtype=np.uint32))
        segments = list(self._segments)
        while segments and len(segments[-1].members) <= 2 * len(segment.members):
            segment = merged(segments.pop(), segment)
        self._segments, self._entries = [*segments, segment], numbers.stop
        return numbers

    def search(self, queries: NDArray[np.uint8], radius: int = RADIUS) -> Pairs:
        """Every entry that differs from a query in at most `radius` bits.

        Args:
            queries: m x 32 bytes, or the 32 bytes of one.
            radius: 0 to 47 bits; PDQ recommends 31.

        Raises:
            FormatError: The queries are not m x 32 bytes, or the radius is out of range.
            CaseError: More work or more pairs than allowed; nothing is cut off.
            Malformed: The index was damaged after it had been opened.
        """
        asked = checked_hashes(queries).view("<u2")
        asked.flags.writeable = False
        usual = usual_radii(radius)
        work, found = 0, [_NO_PAIRS]
        for segment in self._segments:
            limit = _usual_work(segment.distinct, usual)
            pairs, done = _searched(
                asked, segment, radius, usual, limit, self.work_limit - work, self.pair_limit
            )
            work += done
            found.append(_of_entries(pairs, segment, self.pair_limit))
        return _in_order(np.concatenate(found), self.pair_limit)

    def self_join(self, radius: int = RADIUS) -> Pairs:
        """Every pair of entries that differ in at most `radius` bits, each once, the lower number first.

        Raises:
            FormatError: The radius is out of range.
            CaseError: More work or more pairs than allowed; nothing is cut off.
            Malformed: The index was damaged after it had been opened.
        """
        usual = usual_radii(radius)
        if not self._segments:
            return _in_order(_NO_PAIRS, self.pair_limit)
        while len(self._segments) > 1:
            self._segments = [*self._segments[:-2], merged(*self._segments[-2:])]
        (segment,) = self._segments
        pairs = _joined(segment, radius, usual, self.work_limit, self.pair_limit)
        found = _pairs_of_entries(pairs, segment, self.pair_limit)
        return _in_order(found, self.pair_limit)


_NO_PAIRS = np.empty((0, 3), np.int64)


def checked_hashes(hashes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A copy of hashes as n x 32 bytes; one of 32 bytes alone is a row.

    Raises:
        FormatError: They are of another shape or kind.

    Example:
        >>> checked_hashes(np.zeros(32, np.uint8)).shape
        (1, 32)
    """
    given = np.asarray(hashes)
    if given.dtype != np.uint8 or given.ndim not in (1, 2) or given.shape[-1] != HASH_BYTES:
        raise FormatError(
            "no array of 256-bit hashes", expected="uint8, n x 32",
            found=f"{given.dtype}, {' x '.join(map(str, given.shape))}",
        )  # fmt: skip
    return np.array(given.reshape(-1, HASH_BYTES), np.uint8, order="C")


def usual_radii(radius: int) -> NDArray[np.int64]:
    """The radius of each chunk, so that the sum of (r + 1) is radius + 1: as even as can be.

    Raises:
        FormatError: The radius is not 0 to 47.

    Example:
        >>> usual_radii(31).tolist() == [1] * 16
        True
    """
    if not 0 <= radius <= _LARGEST_RADIUS:
        raise FormatError(
            "no radius of an exact search", expected=f"0 to {_LARGEST_RADIUS}", found=str(radius)
        )
    shares = np.arange(CHUNKS + 1, dtype=np.int64) * (radius + 1) // CHUNKS
    return np.diff(shares) - 1


def _usual_work(distinct: int, usual: NDArray[np.int64]) -> int:
    """How many comparisons a query may need before its radii are chosen for it alone."""
    probes = np.array([0, 1, 17, 137])[usual + 1].sum()
    return int(_USUAL_TIMES * probes * distinct / 2**16) + _USUAL_LEAST


def _searched(
    queries: NDArray[np.uint16], segment: Segment, radius: int, usual: NDArray[np.int64],
    usual_work: int, work_limit: int, pair_limit: int,
) -> tuple[NDArray[np.int64], int]:  # fmt: skip
    from perito.match import hamming_kernels

    outcome, pairs, work, _ = hamming_kernels.searched(
        queries, segment.table, segment.starts, segment.words, segment.ids,
        radius, usual, usual_work, work_limit, pair_limit,
    )  # fmt: skip
    _check(outcome, work_limit, pair_limit)
    return pairs, work


def _joined(
    segment: Segment, radius: int, usual: NDArray[np.int64], work_limit: int, pair_limit: int
) -> NDArray[np.int64]:
    """The pairs of distinct hashes.

    Those with heavy buckets are searched for one by one, with radii of their own; the others are joined
    bucket by bucket.
    """
    from perito.match import hamming_kernels

    work, limit = _work_of_each(segment, usual), _usual_work(segment.distinct, usual)
    is_heavy = work > limit if usual.max() <= 1 else np.ones(segment.distinct, bool)
    light, heavy = np.flatnonzero(~is_heavy), np.flatnonzero(is_heavy)
    light_work = int(work[light].sum()) // 2
    if light_work > work_limit:
        _check(hamming_kernels.TOO_MUCH_WORK, work_limit, pair_limit)
    part = segment if not len(heavy) else _only(segment, light)
    found = []
    if len(light):
        outcome, pairs = hamming_kernels.joined(
            part.table, part.starts, part.words, part.ids, radius, usual, pair_limit
        )
        _check(outcome, work_limit, pair_limit)
        found.append(np.column_stack((light[pairs[:, 0]], light[pairs[:, 1]], pairs[:, 2])))
    if len(heavy):
        queries = np.ascontiguousarray(segment.table[heavy])
        queries.flags.writeable = False
        pairs, _ = _searched(queries, segment, radius, usual, limit, work_limit - light_work, 2 * pair_limit)
        query, entry = heavy[pairs[:, 0]], pairs[:, 1]
        is_kept = (query < entry) | ((query > entry) & ~is_heavy[entry])
        lower, upper = np.minimum(query, entry), np.maximum(query, entry)
        found.append(np.column_stack((lower, upper, pairs[:, 2]))[is_kept])
    return np.concatenate(found)


def _work_of_each(segment: Segment, usual: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many hashes each distinct hash would be compared with (chunk radii up to 1)."""
    work: NDArray[np.int64] = np.zeros(segment.distinct, np.int64)
    values = np.arange(segment.starts.shape[1] - 1)
    for chunk in np.flatnonzero(usual >= 0):
        sizes = np.diff(segment.starts[chunk].astype(np.int64))
        total = sizes.copy()
        if usual[chunk] > 0:
            for bit in range(CHUNKS):
                total += sizes[values ^ (1 << bit)]
        work += total[segment.table[:, chunk].astype(np.int64)]
    return work


def _only(segment: Segment, kept: NDArray[np.int64]) -> Segment:
    """The segment of some of the distinct hashes, without entries."""
    nothing = np.empty(0, np.uint32)
    return bucketed(np.ascontiguousarray(segment.table[kept]), nothing, nothing.copy())


def _of_entries(pairs: NDArray[np.int64], segment: Segment, pair_limit: int) -> NDArray[np.int64]:
    """(query, distinct hash, distance) as (query, entry, distance)."""
    start = segment.groups.astype(np.int64)
    size = np.diff(start)[pairs[:, 1]]
    _check_number(int(size.sum()), pair_limit)
    row, offset = _unrolled(size)
    entry = segment.members[start[pairs[row, 1]] + offset]
    return np.column_stack((pairs[row, 0], entry, pairs[row, 2]))


def _pairs_of_entries(pairs: NDArray[np.int64], segment: Segment, pair_limit: int) -> NDArray[np.int64]:
    """Pairs of distinct hashes as pairs of entries, and those of entries with the same hash."""
    start = segment.groups.astype(np.int64)
    size = np.diff(start)
    several = np.flatnonzero(size > 1)
    number = int(
        (size[pairs[:, 0]] * size[pairs[:, 1]]).sum() + (size[several] * (size[several] - 1) // 2).sum()
    )
    _check_number(number, pair_limit)
    same = np.column_stack((several, several, np.zeros_like(several)))
    both = np.concatenate((pairs, same))
    one, other = both[:, 0], both[:, 1]
    row, offset = _unrolled(size[one] * size[other])
    first = segment.members[start[one[row]] + offset // size[other[row]]].astype(np.int64)
    second = segment.members[start[other[row]] + offset % size[other[row]]].astype(np.int64)
    is_kept = (one[row] != other[row]) | (first < second)
    rows = np.column_stack((np.minimum(first, second), np.maximum(first, second), both[row, 2]))
    kept: NDArray[np.int64] = rows[is_kept]
    return kept


def _unrolled(sizes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For rows that stand for `sizes` each: which row, and which of its places."""
    row = np.repeat(np.arange(len(sizes)), sizes)
    return row, np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def _in_order(pairs: NDArray[np.int64], pair_limit: int) -> Pairs:
    _check_number(len(pairs), pair_limit)
    query, entry, distance = pairs.T
    order = np.lexsort((entry, distance, query))
    return Pairs(query[order], entry[order], distance[order])


def _check_number(number: int, pair_limit: int) -> None:
    if number > pair_limit:
        from perito.match import hamming_kernels

        _check(hamming_kernels.TOO_MANY_PAIRS, 0, pair_limit)


def _check(outcome: int, work_limit: int, pair_limit: int) -> None:
    from perito.errors import Malformed
    from perito.match import hamming_kernels

    if outcome == hamming_kernels.TOO_MUCH_WORK:
        raise CaseError(
            "the search needs more comparisons than allowed", expected=f"at most {work_limit:,}",
            remedy="raise 'work_limit', or look whether hashes of flat pictures are in the index",
        )  # fmt: skip
    if outcome == hamming_kernels.TOO_MANY_PAIRS:
        raise CaseError(
            "the search finds more pairs than allowed", expected=f"at most {pair_limit:,}",
            remedy="raise 'pair_limit', or ask for a smaller radius",
        )  # fmt: skip
    if outcome == hamming_kernels.DAMAGED:
        raise Malformed("the index is damaged", remedy="build it again from its hashes")
