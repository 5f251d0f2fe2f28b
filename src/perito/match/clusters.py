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
    numbers = family_numbers(count, one, other)
    rows, columns = np.asarray(one, np.int64), np.asarray(other, np.int64)
    apart = np.asarray(distance, np.int64)
    total, degree = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for ends in (rows, columns):
        np.add.at(total, ends, apart)
        np.add.at(degree, ends, 1)
    sizes = np.bincount(numbers, minlength=1)
    of_pair = numbers[rows] if len(rows) else np.empty(0, np.int64)
    largest = np.zeros(len(sizes), np.int64)
    np.maximum.at(largest, of_pair, apart)
    pairs = np.bincount(of_pair, minlength=len(sizes))
    order = np.argsort(numbers, kind="stable")
    ends = np.cumsum(sizes)
    return [
        _family(
            int(number), order[ends[number] - sizes[number] : ends[number]], total, degree, pairs, largest
        )
        for number in np.flatnonzero(sizes > 1)
    ]


def _family(number: int, members: Whole, total: Whole, degree: Whole, pairs: Whole, largest: Whole) -> Family:
    """A family; its representative matches the most members, at the smallest mean distance."""
    best = min(members.tolist(), key=lambda one: (-int(degree[one]), int(total[one]), one))
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
