"""Labels of several readers on the same items, brought to the few outcomes that really occur.

A million items read by five people show some dozens of different outcomes. Every measure of agreement needs
only those and how often each occurred, and a bootstrap sample of the items is then one multinomial draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perito.errors import StatsError
from perito.stats.columns import numbers_or_nan

if TYPE_CHECKING:
    import numpy.typing as npt

    from perito.stats.columns import Floats, Integers

__all__ = ["Outcomes", "coded", "distinct_rows", "outcomes"]

_LARGEST_KEY = 2**62
_LARGEST_TABLE = 50_000_000
_FIRST = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """The outcomes that occur among the items: how many labels of each value, and on how many items.

    Args:
        values: The values that occur, in ascending order.
        labels: One row an outcome, one column a value: how many readers chose it.
        items: How many items had that outcome.
        of_item: The outcome of every item, by position.

    Example:
        >>> outcomes([[0, 1, 1], [0, 1, 0]]).labels.tolist()
        [[2.0, 0.0], [1.0, 1.0], [0.0, 2.0]]
    """

    values: Floats
    labels: Floats
    items: Integers
    of_item: Integers


def outcomes(ratings: npt.ArrayLike) -> Outcomes:
    """The outcomes that occur in a table of ratings.

    Args:
        ratings: One row a reader, one column an item; not-a-number (or None) where a reader did not label it.

    Returns:
        The outcomes, in an order that does not depend on that of the items or the readers.

    Raises:
        StatsError: No such table; less than two readers; impossible values; no label at all; too many
            different values to compare.

    Example:
        >>> outcomes([[0, 1, None], [0, 1, 1]]).items.tolist()
        [1, 1, 1]
    """
    values, codes = coded(ratings)
    codes.sort(axis=0)  # which reader gave which label does not matter here
    first, of_item, held = distinct_rows(codes + 1, len(values) + 1)
    if len(first) * len(values) > _LARGEST_TABLE:
        raise StatsError(
            "too many different ratings to compare",
            expected=f"values times outcomes of at most {_LARGEST_TABLE:,}",
            found=f"{len(values):,} values, {len(first):,} outcomes",
            remedy="round the ratings, or group them into classes",
        )
    table = np.zeros((len(first), len(values)))
    for row in codes[:, first]:
        present = row >= 0
        table[np.flatnonzero(present), row[present]] += 1
    return Outcomes(values, table, held, of_item)


def coded(ratings: npt.ArrayLike) -> tuple[Floats, Integers]:
    """The values that occur, ascending, and the table with the position of each rating, -1 if it is missing.

    Raises:
        StatsError: No table; less than two readers; impossible values; no label at all.

    Example:
        >>> values, codes = coded([[1, 0, None], [1, 1, 3]])
        >>> values.tolist(), codes.tolist()
        ([0.0, 1.0, 3.0], [[1, 0, -1], [1, 1, 2]])
    """
    table = numbers_or_nan("ratings", ratings, dimensions=2)
    if len(table) == 1:
        raise StatsError(
            "cannot say how reliable the labels are: each item was labelled once",
            expected="one row a reader, at least two",
            found="1",
        )
    present = ~np.isnan(table)
    if not present.any():
        raise StatsError("the table holds no label", expected="a number where a reader labelled an item")
    labels = table[present]
    values = _values_of(labels)
    codes = np.full(table.shape, -1, dtype=np.int64)
    codes[present] = np.searchsorted(values, labels)
    return values, codes


def _values_of(labels: Floats) -> Floats:
    """The distinct labels, ascending; a million labels mostly hold the values of the first thousand."""
    values = np.unique(labels[:_FIRST])
    nearest = values[np.minimum(np.searchsorted(values, labels), len(values) - 1)]
    return np.union1d(values, labels[nearest != labels])


def distinct_rows(columns: Integers, base: int) -> tuple[Integers, Integers, Integers]:
    """The distinct rows of a table given by its columns, whose entries lie from 0 to base - 1.

    Returns:
        Where each distinct row first occurs, which of them every row is, and how often each one occurs.

    Example:
        >>> first, which, often = distinct_rows(np.array([[0, 1, 0], [1, 1, 1]]), 2)
        >>> first.tolist(), which.tolist(), often.tolist()
        ([0, 1], [0, 1, 0], [2, 1])
    """
    key = np.zeros(columns.shape[1], dtype=np.int64)
    largest = 1
    for column in columns:
        if largest * base > _LARGEST_KEY:  # the key is full: number the rows so far anew, in the same order
            key = np.unique(key, return_inverse=True)[1].astype(np.int64)
            largest = len(key)
        key = key * base + column
        largest *= base
    _, first, which, often = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    return first, which, often
