"""What goes into an estimator and what comes back: checked counts and levels; interval, estimate, comparison.

The results are plain values that compare equal when their numbers are equal. The checks turn impossible input
into one kind of error before any arithmetic. Neither numpy nor scipy is imported, so that every other part of
the program can afford these values.
"""

from __future__ import annotations

import math
import numbers
import operator
from dataclasses import dataclass
from fractions import Fraction

from perito.errors import StatsError

__all__ = [
    "Comparison",
    "Estimate",
    "Interval",
    "as_written",
    "half_alpha",
    "real_or_nan",
    "sample_counts",
    "shown",
    "whole_count",
]

_LARGEST_COUNT = 2**53  # beyond it a float no longer tells neighbouring counts apart
_LONGEST_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Interval:
    """A range of values that the sample does not contradict, with the level and method behind it.

    Args:
        low: Lower end, in the unit of the quantity (an int where the quantity is a count of items).
        high: Upper end, in the same unit.
        level: Confidence level as a share (0.95 for 95 %).
        method: Name of the method that produced both ends.

    Example:
        >>> Interval(6, 35, 0.95, "exact-hypergeometric")
        Interval(low=6, high=35, level=0.95, method='exact-hypergeometric')
    """

    low: float
    high: float
    level: float
    method: str

    def contains(self, value: float) -> bool:
        """Whether the value lies in the interval, both ends included.

        Example:
            >>> Interval(0.25, 0.5, 0.95, "wilson").contains(0.5)
            True
        """
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Estimate:
    """A point value and its interval; the interval is None only for exact counts and declared figures.

    Example:
        >>> Estimate(17, None).interval is None
        True
    """

    value: float
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference of two shares, its interval, and an exact p-value against "there is no difference".

    Args:
        difference: First share minus second share, from -1 to 1.
        interval: Interval of that difference.
        p_exact: Chance of a table at most as likely as the one seen if both shares were equal.

    Example:
        >>> Comparison(0.2, Interval(0.05, 0.33, 0.95, "newcombe"), 0.0125).difference
        0.2
    """

    difference: float
    interval: Interval
    p_exact: float


def whole_count(name: str, value: int, *, smallest: int = 0, largest: tuple[str, int] | None = None) -> int:
    """The value as a plain int, if it is a whole number from `smallest` to the named largest one.

    Raises:
        StatsError: Not a whole number (a float or a truth value is none), too small or too large.

    Example:
        >>> whole_count("k", 4, largest=("n", 50))
        4
    """
    limit_name, limit = largest or ("2^53", _LARGEST_COUNT)
    expected = f"a whole number from {smallest} to {limit_name}" + (f" = {limit}" if largest else "")
    try:
        count = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        count = None
    if count is None or not smallest <= count <= limit:
        raise StatsError(f"'{name}' is no possible count", expected=expected, found=shown(value))
    return count


def sample_counts(k: int, n: int, *, names: tuple[str, str] = ("k", "n")) -> tuple[int, int]:
    """Both counts of a sample as plain ints, if k positives among n items are possible.

    Raises:
        StatsError: A count that is negative or not whole, an empty sample, or k > n.

    Example:
        >>> sample_counts(4, 50)
        (4, 50)
    """
    size = whole_count(names[1], n, smallest=1)
    return whole_count(names[0], k, largest=(names[1], size)), size


def half_alpha(level: float) -> Fraction:
    """Half of what the confidence level leaves, exactly: the level counts as the decimal that was written.

    Raises:
        StatsError: The level is no number between 0 and 1.

    Example:
        >>> half_alpha(0.95)
        Fraction(1, 40)
    """
    if not 0 < real_or_nan(level) < 1:
        raise StatsError(
            "the confidence level is impossible",
            expected="a share between 0 and 1, ends excluded",
            found=shown(level),
            remedy="write 0.95 for 95 %",
        )
    return (1 - as_written(level)) / 2


def as_written(share: float) -> Fraction:
    """The decimal that a person wrote and the float stands for, exactly.

    Example:
        >>> 1 - as_written(0.89) == as_written(0.11)
        True
    """
    return Fraction(repr(float(share)))


def shown(value: object) -> str:
    """The value as an error message shows it: short, whatever was passed.

    Example:
        >>> shown(2.5), shown(10**5_000)
        ('2.5', 'an integer of 16610 bits')
    """
    if isinstance(value, int) and abs(value) > _LARGEST_COUNT:
        return f"an integer of {value.bit_length()} bits"
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def real_or_nan(value: object) -> float:
    """The value as a float if it is a real number that a float can hold, else not-a-number.

    Text is no number here: "0.95" passed for 0.95 is a mistake somewhere before.

    Example:
        >>> real_or_nan(1), real_or_nan("1")
        (1.0, nan)
    """
    try:
        return float(value) if isinstance(value, numbers.Real) else math.nan
    except OverflowError:
        return math.nan
