"""A part of a Hamming index that does not change: distinct hashes, their bucket tables, who has them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

HASH_BYTES = 32
CHUNKS = 16
_BUCKETS = 1 << 16
_SHORT, _WORD, _LONG = np.dtype("<u2"), np.dtype("<u4"), np.dtype("<u8")


@dataclass(frozen=True)
class Segment:
    """Distinct hashes in order, and the tables by which they are found.

    Args:
        table: The distinct hashes, as 16 chunks of 16 bits each.
        starts: Per chunk, where the bucket of each value starts.
        words: Per chunk, in the order of the buckets, the next two chunks of each hash.
        ids: Per chunk, in that order, the number of the distinct hash.
        groups: Where the entries of each distinct hash start in `members`.
        members: The numbers of the entries, in the order in which they were added.
    """

    table: NDArray[np.uint16]
    starts: NDArray[np.uint32]
    words: NDArray[np.uint32]
    ids: NDArray[np.uint32]
    groups: NDArray[np.uint32]
    members: NDArray[np.uint32]

    @property
    def distinct(self) -> int:
        """How many different hashes it holds."""
        return len(self.table)

    def arrays(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """Its arrays by name, in the order in which they are saved."""
        return ((field.name, getattr(self, field.name)) for field in fields(self))

    def entries(self) -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
        """The hash and the number of every entry, by number."""
        rows = np.repeat(self.table, np.diff(self.groups), axis=0)
        order = np.argsort(self.members, kind="stable")
        return np.ascontiguousarray(rows[order]).view(np.uint8), self.members[order]


def shapes(distinct: int, entries: int) -> dict[str, tuple[np.dtype[Any], tuple[int, ...]]]:
    """Kind and shape of every array of a segment."""
    return {
        "table": (_SHORT, (distinct, CHUNKS)),
        "starts": (_WORD, (CHUNKS, _BUCKETS + 1)),
        "words": (_WORD, (CHUNKS, distinct)),
        "ids": (_WORD, (CHUNKS, distinct)),
        "groups": (_WORD, (distinct + 1,)),
        "members": (_WORD, (entries,)),
    }


def built(hashes: NDArray[np.uint8], numbers: NDArray[np.uint32]) -> Segment:
    """The segment of hashes (at least one), given by rising numbers of their entries."""
    order, first = _grouped(hashes)
    groups = np.append(first, len(order)).astype(_WORD)
    table = np.ascontiguousarray(hashes[order[first]]).view(_SHORT)
    return bucketed(table, groups, numbers[order].astype(_WORD))


def bucketed(table: NDArray[np.uint16], groups: NDArray[np.uint32], members: NDArray[np.uint32]) -> Segment:
    """The segment of distinct hashes whose entries are known."""
    from perito.match import hamming_kernels

    kinds = shapes(len(table), len(members))
    starts, words, ids = (np.empty(kinds[name][1], kinds[name][0]) for name in ("starts", "words", "ids"))
    hamming_kernels.bucketed(table, starts, words, ids)
    for array in (table, starts, words, ids, groups, members):
        array.flags.writeable = False  # one kind of array for the compiled loops, mapped or not
    return Segment(table, starts, words, ids, groups, members)


def merged(one: Segment, other: Segment) -> Segment:
    """One segment of the entries of two."""
    (hashes, numbers), (more_hashes, more_numbers) = one.entries(), other.entries()
    hashes, numbers = np.concatenate((hashes, more_hashes)), np.concatenate((numbers, more_numbers))
    order = np.argsort(numbers, kind="stable")
    return built(hashes[order], numbers[order])


def _grouped(hashes: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The order that puts equal hashes side by side, and where in it a new hash starts."""
    words = np.ascontiguousarray(hashes).view(_LONG)
    order = np.argsort(words[:, 0], kind="stable")
    first = words[order, 0]
    is_like_next = first[1:] == first[:-1]
    is_tied = np.append(is_like_next, False) | np.append(False, is_like_next)
    tied = order[is_tied]
    order[is_tied] = tied[np.lexsort(words[tied, ::-1].T)]
    is_new = np.append(True, ~is_like_next)
    tied_at = np.flatnonzero(is_like_next) + 1
    is_new[tied_at] = (words[order[tied_at]] != words[order[tied_at - 1]]).any(axis=1)
    return order, np.flatnonzero(is_new)
