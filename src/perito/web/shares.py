"""The share of positives while people read: an interval valid at every look, and how many items it takes.

An item whose readings are open, in dispute or «cannot tell» counts both ways: as none for the lower end, as a
positive for the upper.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perito.errors import StatsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.stats.interval import Estimate

_HALVINGS = 24


@dataclass(frozen=True)
class Share:
    """The share of positives so far in a part of the population, with an interval valid at every look.

    Args:
        name: Which part; empty for all.
        population: Its items.
        read: Items read at least once.
        positives: Items that stand as positive.
        open: Items read that do not stand yet, or cannot be told.
        estimate: The share; None before the first item.
        more: Further items until the interval is as narrow as aimed at; None where that is unknown.
    """

    name: str
    population: int
    read: int
    positives: int
    open: int
    estimate: Estimate | None
    more: int | None


def share_of(stratum: str, values: Sequence[str | None], population: int, level: float, aim: float) -> Share:
    """The share of positives in a stratum from the items read so far.

    Args:
        stratum: Its name.
        values: What stands for each item read; None while it is open.
        population: Items in the stratum.
        level: Confidence level.
        aim: Relative half-width aimed at.

    Example:
        >>> found = share_of("all", ["yes", "no", "no", None], 100, 0.95, 0.25)
        >>> found.positives, found.open, found.estimate.interval.low
        (1, 1, 0.01)
    """
    read = len(values)
    positives = sum(value == "yes" for value in values)
    unknown = sum(value in {None, "cannot_tell"} for value in values)
    if (
        read == 0 or population < read
    ):  # nothing to tell from, or drawn by sizes, where counting is not enough
        return Share(stratum, population, read, positives, unknown, None, None)
    estimate = _bounds(positives, unknown, read, population, level)
    return Share(
        stratum, population, read, positives, unknown, estimate,
        more_items(positives + unknown / 2, read, population, level, aim),
    )  # fmt: skip


def _bounds(positives: int, unknown: int, read: int, population: int, level: float) -> Estimate:
    """From the lower end if no open item is positive to the upper end if all are; as shares."""
    from perito.stats.interval import Estimate, Interval
    from perito.stats.sequential import without_replacement

    least = without_replacement(positives, read, population, level)
    most = without_replacement(positives + unknown, read, population, level)
    if least.interval is None or most.interval is None:
        raise StatsError("a sequence without interval")
    settled = read - unknown
    value = positives / settled if settled else (positives + unknown / 2) / read
    interval = Interval(
        least.interval.low / population, most.interval.high / population, level, least.interval.method
    )
    return Estimate(value, interval)


def more_items(positives: float, read: int, population: int, level: float, aim: float) -> int | None:
    """Further items until the interval is within +- `aim` times the share, if the share stays as it is.

    The interval is symmetric in nothing, so its half-width is compared. None without a positive so far.

    Example:
        >>> more_items(10, 100, 10_000, 0.95, 0.25)
        1584
    """
    from perito.stats.sequential import without_replacement

    if positives <= 0 or read < 1:
        return None
    rate = positives / read

    def is_enough(number: int) -> bool:
        ends = without_replacement(min(round(rate * number), number), number, population, level).interval
        return ends is not None and (ends.high - ends.low) / 2 <= aim * rate * population

    low, high = read, population
    if is_enough(low):
        return 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high - read


def more_in_all(strata: Sequence[Share], level: float, aim: float) -> int | None:
    """Further items, shared out like those read, until the interval of the whole is as narrow as aimed at.

    As `more_items`, with the half-width of the sum over the strata; found by bisection in the factor by which
    every stratum is read on.

    Example:
        >>> read = [share_of(name, ["yes"] * 9 + ["no"] * 91, 5_000, 0.975, 0.25) for name in ("a", "b")]
        >>> more_in_all(read, 0.95, 0.25)
        3160
    """
    from perito.stats.sequential import without_replacement

    counted = [share for share in strata if share.population and share.read]
    expected = math.fsum(_rate(share) * share.population for share in counted)
    each = 1 - (1 - level) / max(len(strata), 1)
    if expected <= 0:
        return None

    def numbers(factor: float) -> list[int]:
        return [min(share.population, math.ceil(share.read * factor)) for share in counted]

    def is_enough(factor: float) -> bool:
        width = 0.0
        for share, number in zip(counted, numbers(factor), strict=True):
            ends = without_replacement(round(_rate(share) * number), number, share.population, each).interval
            width += 0.0 if ends is None else ends.high - ends.low
        return width / 2 <= aim * expected

    low, high = 1.0, max(share.population / share.read for share in counted)
    if is_enough(low):
        return 0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return sum(numbers(high)) - sum(share.read for share in counted)


def _rate(share: Share) -> float:
    """The share of positives so far, an open item for half a one."""
    return (share.positives + share.open / 2) / share.read


def total_of(strata: Sequence[Share], aim: float, level: float) -> Share:
    """All strata together: the sum of their bounds, weighted by size."""
    from perito.stats.interval import Estimate, Interval

    population = sum(share.population for share in strata)
    read, positives = sum(share.read for share in strata), sum(share.positives for share in strata)
    unknown = sum(share.open for share in strata)
    known = [(share, share.estimate) for share in strata if share.estimate is not None]
    if not population or len(known) < len([share for share in strata if share.population]):
        return Share("", population, read, positives, unknown, None, None)
    weights = [share.population / population for share, _ in known]
    ends = [found.interval for _, found in known if found.interval is not None]
    value = math.fsum(weight * found.value for weight, (_, found) in zip(weights, known, strict=True))
    low = math.fsum(weight * end.low for weight, end in zip(weights, ends, strict=True))
    high = math.fsum(weight * end.high for weight, end in zip(weights, ends, strict=True))
    more = strata[0].more if len(strata) == 1 else more_in_all(strata, level, aim)
    estimate = Estimate(value, Interval(low, high, level, ends[0].method))
    return Share("", population, read, positives, unknown, estimate, more)
