"""Families of equal pictures or texts: who is connected with whom, who stands for them, how far they spread.

A family is a connected group of pairs that match. Two members of a family may differ by more than the radius,
if others lie between them: the largest distance along the connections is told with each family. The
representative is the member that matches the most others, of these the one nearest to them, of equal ones the
first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from perito.match.hamming import RADIUS, HammingIndex, Pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Family:
    """One family of two members or more.

    Args:
        number: Its number; families are numbered by their first member.
        members: Positions of its members, rising.
        representative: Position of the member that stands for it.
        pairs: How many pairs of members match directly.
        largest_distance: The largest distance of a pair that matches directly.
    """

    number: int
    members: tuple[int, ...]
    representative: int
    pairs: int
    largest_distance: int


@dataclass(frozen=True)
class Spread:
    """How far a family spread, as far as it was observed.

    Args:
        number: The family.
        members: How many items.
        accounts: How many accounts posted one; None where the accounts are not known.
        first: Position of the item that was observed first; None where no time is known. It is the first
            observed, not the first there was.
        first_us: When that was, microseconds since 1970.
        last_us: When the last was observed.
    """

    number: int
    members: int
    accounts: int | None
    first: int | None
    first_us: int | None
    last_us: int | None


def family_numbers(count: int, one: ArrayLike, other: ArrayLike) -> Whole:
    """The family of every item, from the pairs that match; an item without a pair is a family of its own.

    Args:
        count: How many items there are.
        one: Position of the first item of each pair.
        other: Position of the second.

    Example:
        >>> family_numbers(5, [3, 1], [1, 4]).tolist()
        [0, 1, 2, 1, 1]
    """
    rows, columns = np.asarray(one, np.int64), np.asarray(other, np.int64)
    matrix = coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(count, count))
    _, labels = connected_components(matrix, directed=False)
    _, first, which = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.asarray(rank[which], np.int64)


def families(count: int, one: ArrayLike, other: ArrayLike, distance: ArrayLike) -> list[Family]:
    """The families of two members or more, in the order of their first members.

    Args:
        count: How many items there are.
        one: Position of the first item of each pair.
        other: Position of the second.
        distance: In how many bits the pair differs.

    Example:
        >>> [(f.members, f.representative) for f in families(4, [0, 1], [1, 3], [5, 7])]
        [((0, 1, 3), 1)]
    """
    return _families(np.arange(count), Pairs(*(np.asarray(one, np.int64) for one in (one, other, distance))))


def families_of_hashes(hashes: NDArray[np.uint8], radius: int = RADIUS) -> list[Family]:
    """The families of items by their hashes, as `families` of all pairs within the radius gives them.

    Equal hashes are searched for once and their pairs are counted, not listed: a million copies of one hash
    cost no more than one.

    Args:
        hashes: n x 32 bytes, one row an item.
        radius: Most bits that may differ.

    Raises:
        CaseError: Distinct hashes that give more pairs or work than allowed; nothing is cut off.

    Example:
        >>> [(f.members, f.pairs) for f in families_of_hashes(np.zeros((4, 32), np.uint8))]
        [((0, 1, 2, 3), 6)]
    """
    if not len(hashes):
        return []
    distinct, which = np.unique(hashes, axis=0, return_inverse=True)
    return _families(which.reshape(-1).astype(np.int64), HammingIndex(distinct).self_join(radius))


def _families(which: Whole, pairs: Pairs) -> list[Family]:
    """Families of items, from pairs of the distinct things that they are.

    Args:
        which: The distinct thing that each item is.
        pairs: Pairs of distinct things.
    """
    held = np.bincount(which)
    rows, columns, apart = pairs
    degree, total, within = held - 1, np.zeros(len(held), np.int64), held * (held - 1) // 2
    for here, there in ((rows, columns), (columns, rows)):
        np.add.at(degree, here, held[there])
        np.add.at(total, here, held[there] * apart)
    _, first = np.unique(which, return_index=True)
    numbers = _by_first(family_numbers(len(held), rows, columns), first)
    count = int(numbers.max(initial=-1)) + 1
    largest, between = np.zeros(count, np.int64), np.zeros(count, np.int64)
    np.maximum.at(largest, numbers[rows], apart)
    np.add.at(between, numbers, within)
    np.add.at(between, numbers[rows], held[rows] * held[columns])
    of_item = numbers[which]
    sizes, order = np.bincount(of_item, minlength=count), np.argsort(of_item, kind="stable")
    ends = np.cumsum(sizes)
    return [
        _family(
            int(number), order[ends[number] - sizes[number] : ends[number]], which, total, degree,
            between, largest,
        )
        for number in np.flatnonzero(sizes > 1)
    ]  # fmt: skip


def _by_first(labels: Whole, first: Whole) -> Whole:
    """Families numbered by the first item of any of their things."""
    least = np.full(int(labels.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(least, labels, first)
    rank = np.empty(len(least), np.int64)
    rank[np.argsort(least)] = np.arange(len(least))
    return np.asarray(rank[labels], np.int64)


def _family(
    number: int, members: Whole, which: Whole, total: Whole, degree: Whole, pairs: Whole, largest: Whole
) -> Family:
    """A family; its representative matches the most members, at the smallest mean distance."""
    things = which[members]
    best = int(members[np.lexsort((members, total[things], -degree[things]))[0]])
    return Family(number, tuple(members.tolist()), best, int(pairs[number]), int(largest[number]))


def spreads(
    found: Sequence[Family],
    accounts: Sequence[str | None] | None = None,
    observed_us: Sequence[int | None] | None = None,
) -> list[Spread]:
    """How many accounts posted a family, and when it was observed first and last.

    Args:
        found: The families.
        accounts: The account of every item.
        observed_us: When every item was observed, microseconds since 1970.

    Example:
        >>> family = families(2, [0], [1], [3])
        >>> spread = spreads(family, ["x:1", "x:2"], [20, 10])[0]
        >>> spread.accounts, spread.first, spread.first_us
        (2, 1, 10)
    """
    return [_spread(family, accounts, observed_us) for family in found]


def _spread(
    family: Family, accounts: Sequence[str | None] | None, observed_us: Sequence[int | None] | None
) -> Spread:
    who = {accounts[one] for one in family.members if accounts[one] is not None} if accounts else set()
    times = (
        [(time, one) for one in family.members if (time := observed_us[one]) is not None]
        if observed_us
        else []
    )
    first = min(times) if times else None
    return Spread(
        family.number,
        len(family.members),
        len(who) if who else None,
        first[1] if first else None,
        first[0] if first else None,
        max(times)[0] if times else None,
    )
