"""Columns of numbers and of group names as they reach an estimator: checked once, then plain arrays.

A column with a wrong number is refused as a whole, and the refusal names how many are wrong, where the first
ones stand and what they are: in a sample of twenty thousand items nobody finds them by eye. Missing values
are never dropped here; whether an unreadable item counts as yes or no is the caller's decision.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from perito.errors import StatsError
from perito.stats.interval import real_or_nan, shown, whole_count

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Floats",
    "Integers",
    "columns_of",
    "counts",
    "exact_sum",
    "groups",
    "numbers",
    "numbers_or_nan",
    "refuse_where",
    "rows_of",
    "same_length",
]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_NAMED = 3  # wrong entries that a refusal shows one by one
_LARGEST_COUNT = 2**53


def numbers(name: str, values: npt.ArrayLike, *, dimensions: int = 1) -> Floats:
    """The values as floats, if every one is a finite real number; text is none, and neither is "missing".

    Raises:
        StatsError: Not a column (or table) of numbers, an empty one, or entries that are not finite.

    Example:
        >>> numbers("weights", [1, 2.5]).tolist()
        [1.0, 2.5]
    """
    result = numbers_or_nan(name, values, dimensions=dimensions)
    refuse_where(f"'{name}' holds values that are no finite numbers", ~np.isfinite(result), values)
    return result


def numbers_or_nan(name: str, values: npt.ArrayLike, *, dimensions: int) -> Floats:
    """The values as floats, not-a-number where an entry is missing or is no number.

    Raises:
        StatsError: Not a column (or table) of that many dimensions, an empty one, or text.
    """
    array = _of_dimensions(name, values, dimensions)
    if array.dtype.kind == "O":
        flat = [real_or_nan(value) for value in array.ravel().tolist()]
        return np.array(flat, dtype=np.float64).reshape(array.shape)
    if array.dtype.kind not in "biuf":
        raise StatsError(
            f"'{name}' holds no numbers", expected="numbers", found=shown(array.ravel()[0].item())
        )
    return array.astype(np.float64)


def counts(name: str, values: npt.ArrayLike, *, dimensions: int = 1) -> Integers:
    """The values as whole numbers from 0 to 2^53; a float or a truth value is no count.

    Raises:
        StatsError: Not a column (or table) of counts, an empty one, or entries that are no counts.

    Example:
        >>> counts("k", [1, 4, 9]).tolist()
        [1, 4, 9]
    """
    array = _of_dimensions(name, values, dimensions)
    if array.dtype.kind not in "iu":
        for position, value in np.ndenumerate(array.astype(object)):
            whole_count(f"{name}[{', '.join(map(str, position))}]", value)
    expected = "whole numbers from 0 to 2^53"
    refuse_where(f"'{name}' holds impossible counts", (array < 0) | (array > _LARGEST_COUNT), array, expected)
    return array.astype(np.int64)


def groups(name: str, values: Sequence[object] | npt.ArrayLike, length: int) -> tuple[list[Any], Integers]:
    """The names of the groups in a column, and for every item the position of its group among them.

    The names come in ascending order where they can be compared, else in the order of first appearance.

    Raises:
        StatsError: A column of another length, or items without a group (None, not-a-number, empty text).

    Example:
        >>> names, codes = groups("strata", ["high", "low", "high"], 3)
        >>> names, codes.tolist()
        (['high', 'low'], [0, 1, 0])
    """
    array = _of_dimensions(name, values, 1)
    same_length((name, array), ("items", length))
    if array.dtype.kind in "biu":
        names, codes = np.unique(array, return_inverse=True)
        return names.tolist(), codes.astype(np.int64)
    labels = array.tolist()
    missing = np.array([label is None or label != label or label == "" for label in labels])  # noqa: PLR0124
    refuse_where(f"items without a group in '{name}'", missing, array, remedy="name the group of every item")
    return _numbered(labels)


def _numbered(labels: list[Any]) -> tuple[list[Any], Integers]:
    names = list(dict.fromkeys(labels))
    if len({type(name) for name in names}) == 1:
        names.sort()
    numbers_of = {name: i for i, name in enumerate(names)}
    return names, np.array([numbers_of[label] for label in labels], dtype=np.int64)


def columns_of(name: str, values: Sequence[object] | npt.ArrayLike, length: int) -> list[npt.NDArray[Any]]:
    """The columns of a table with one row an item; a plain column is one of them, a single number repeats.

    Raises:
        StatsError: No table with that many rows.

    Example:
        >>> [column.tolist() for column in columns_of("fpc", [[1, 2], [1, 3]], 2)]
        [[1, 1], [2, 3]]
    """
    array = np.full(length, values) if isinstance(values, Real) else _as_array(values)
    if array.ndim not in {1, 2}:
        array = _of_dimensions(name, values, 1)
    same_length((name, array), ("items", length))
    return [array] if array.ndim == 1 else list(array.T)


def same_length(first: tuple[str, npt.NDArray[Any]], *others: tuple[str, npt.NDArray[Any] | int]) -> None:
    """Refuses columns that do not describe the same items.

    Raises:
        StatsError: The columns have different lengths; both are named with their length.

    Example:
        >>> same_length(("y", np.array([0, 1])), ("weights", np.array([2.0, 3.0])))
    """
    for name, other in others:
        length = other if isinstance(other, int) else len(other)
        if length != len(first[1]):
            raise StatsError(
                f"'{first[0]}' and '{name}' differ in length",
                expected="one entry an item in both",
                found=f"{len(first[1])} and {length}",
            )


def rows_of(name: str, values: npt.ArrayLike, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """The values spread to the shape of the counts they belong to (one row of shares may serve many samples).

    Raises:
        StatsError: The values cannot be spread to that shape.

    Example:
        >>> rows_of("weights", np.array([0.9, 0.1]), (2, 2)).tolist()
        [[0.9, 0.1], [0.9, 0.1]]
    """
    array = np.asarray(values)
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        raise StatsError(
            f"'{name}' does not fit the counts", expected=f"shape {shape}", found=f"shape {array.shape}"
        ) from None


def exact_sum(values: Floats) -> float:
    """The correctly rounded sum of all entries, in whatever order they stand.

    Example:
        >>> exact_sum(np.array([1e16, 1.0, -1e16]))
        1.0
    """
    return math.fsum(values.ravel().tolist())  # plain floats: five times faster than numpy's own


def refuse_where(
    what: str, wrong: npt.NDArray[np.bool_], values: npt.ArrayLike, expected: str = "", remedy: str = ""
) -> None:
    """Raises if any entry is wrong; the message says how many, and shows the first ones with their place.

    Raises:
        StatsError: At least one entry is wrong.

    Example:
        >>> refuse_where("negative", np.array([False, True]), [1, -2], remedy="count again")
        Traceback (most recent call last):
        perito.errors.StatsError: negative (found 1 of 2: [1] = -2). Count again.
    """
    places = np.argwhere(wrong)
    if not len(places):
        return
    entries = np.asarray(values).astype(object)
    named = [
        f"[{', '.join(map(str, place))}] = {shown(entries[tuple(place)])}"
        for place in places[:_NAMED].tolist()
    ]
    more = ", ..." if len(places) > _NAMED else ""
    found = f"{len(places)} of {wrong.size}: {', '.join(named)}{more}"
    raise StatsError(what, expected=expected, found=found, remedy=remedy)


def _of_dimensions(name: str, values: Any, dimensions: int) -> npt.NDArray[Any]:  # noqa: ANN401
    array = _as_array(values)
    if array.ndim != dimensions or not array.size:
        raise StatsError(
            f"'{name}' is no {'column' if dimensions == 1 else 'table'} of values",
            expected="one entry an item, at least one" if dimensions == 1 else f"{dimensions} dimensions",
            found=f"shape {array.shape}" if array.ndim else shown(values),
        )
    return array


def _as_array(values: Any) -> npt.NDArray[Any]:  # noqa: ANN401
    """The values as an array; one without dimensions if rows of different length make that impossible."""
    try:
        return np.asarray(values)
    except ValueError:
        return np.array(None)
