"""Columns of numbers and of group names as they reach an estimator: checked once, then plain arrays.

A column with a wrong number is refused as a whole, and the refusal names how many are wrong, where the first
ones stand and what they are: in a sample of twenty thousand items nobody finds them by eye. Missing values
are never dropped here; whether an unreadable item counts as yes or no is the caller's decision.
"""

from __future__ import annotations

import math
from datetime import date
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from perito.errors import StatsError, nearest
from perito.stats.interval import real_or_nan, shown, whole_count

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = [
    "SMALLEST_DIVISOR",
    "Floats",
    "Integers",
    "columns_of",
    "counts",
    "exact_sum",
    "groups",
    "numbers",
    "numbers_or_nan",
    "one_of",
    "refuse_where",
    "rows_of",
    "same_length",
]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_NAMED = 3  # wrong entries that a refusal shows one by one
_LARGEST_COUNT = 2**53
_LARGEST = 1e50
SMALLEST_DIVISOR = 1e-50  # of weights and chances: what is divided by it is still a float


def numbers(name: str, values: npt.ArrayLike, *, dimensions: int | None = 1) -> Floats:
    """The values as floats, if every one is a usable real number; text is none, and neither is "missing".

    Usable is what is at most 1e50 in size: products of such numbers are still floats.

    Args:
        name: Name of the column, for the refusal.
        values: One entry an item.
        dimensions: 1 for a column, 2 for a table, None for either.

    Raises:
        StatsError: Not a column (or table) of numbers, an empty one, or entries that are not usable.

    Example:
        >>> numbers("weights", [1, 2.5]).tolist()
        [1.0, 2.5]
    """
    result = numbers_or_nan(name, values, dimensions=dimensions)
    refuse_where(f"'{name}' holds missing values", np.isnan(result), values, expected="a number everywhere")
    return result


def numbers_or_nan(name: str, values: npt.ArrayLike, *, dimensions: int | None = 1) -> Floats:
    """The values as floats, not-a-number where an entry is missing or is no number.

    Raises:
        StatsError: Not a column (or table) of that many dimensions, an empty one, text, or entries that are
            infinite or beyond what `numbers` can use.
    """
    array = _of_dimensions(name, values, dimensions)
    if array.dtype.kind not in "biufO":
        first = array.ravel()[0].item()
        raise StatsError(f"'{name}' holds no numbers", expected="numbers", found=shown(first))
    if array.dtype.kind == "O":
        flat = [real_or_nan(value) for value in array.ravel().tolist()]
        result = np.array(flat, dtype=np.float64).reshape(array.shape)
    else:
        result = array.astype(np.float64)
    expected = f"at most {_LARGEST:g} in size"
    refuse_where(f"'{name}' holds numbers that no quantity has", abs(result) > _LARGEST, values, expected)
    return result


def counts(name: str, values: npt.ArrayLike, *, dimensions: int | None = 1) -> Integers:
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

    The names come in ascending order, numbers before text.

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
        distinct, codes = np.unique(array, return_inverse=True)
        return distinct.tolist(), codes.astype(np.int64)
    labels = array.tolist()
    wrong = np.array([not _is_name(label) for label in labels])
    refuse_where(
        f"items without a group in '{name}'",
        wrong,
        array,
        expected="text, a number or a date",
        remedy="name the group of every item",
    )
    names = sorted(set(labels), key=_rank)
    numbers_of = {label: i for i, label in enumerate(names)}
    return names, np.array([numbers_of[label] for label in labels], dtype=np.int64)


def _is_name(label: object) -> bool:
    return isinstance(label, (str, Real, date)) and label == label and label != ""  # noqa: PLR0124 (not nan)


def _rank(label: Any) -> tuple[str, Any]:  # noqa: ANN401
    """Numbers among numbers, text among text: what cannot be compared is ordered by its kind."""
    return ("number" if isinstance(label, Real) else type(label).__name__), label


def one_of(what: str, value: object, names: Collection[str]) -> None:
    """Refuses a name that is not among the known ones.

    Raises:
        StatsError: The value is no text or not one of the names; the known ones are shown.

    Example:
        >>> one_of("unknown metric", "nominal", ["nominal", "ordinal"])
    """
    if not isinstance(value, str) or value not in names:
        remedy = nearest(value, names) if isinstance(value, str) else ""
        raise StatsError(what, expected=" or ".join(names), found=shown(value), remedy=remedy)


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


def _of_dimensions(name: str, values: Any, dimensions: int | None) -> npt.NDArray[Any]:  # noqa: ANN401
    array = _as_array(values)
    allowed = {1, 2} if dimensions is None else {dimensions}
    if array.ndim not in allowed or not array.size:
        kind = {1: "column", 2: "table"}.get(dimensions or 0, "column or table")
        raise StatsError(
            f"'{name}' is no {kind} of values",
            expected=f"a {kind} with at least one entry",
            found=f"shape {array.shape}" if array.ndim else shown(values),
        )
    return array


def _as_array(values: Any) -> npt.NDArray[Any]:  # noqa: ANN401
    """The values as an array; one without dimensions if rows of different length make that impossible."""
    try:
        return np.asarray(values)
    except ValueError:
        return np.array(None)
