"""Allocation: how many labels each stratum gets, how many are needed, and what they can be expected to say.

The numbers come from `perito.stats.planning`. What is expected rests on the scores or on a guess; it decides
what the labels cost, never what the estimate says.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from perito.errors import CaseError
from perito.sampling.strata import LEAST_LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.sampling.strata import Stratum

PROPORTIONAL_SHARE = 0.5
WORDS = f"half in proportion to size, half to expected spread, at least {LEAST_LABELS} in each stratum"


@dataclass(frozen=True)
class Expectation:
    """What a plan can be expected to find; None where there is nothing to expect it from.

    Args:
        share: The expected share of positives.
        positives: Positives expected among the items drawn.
        half_width: Expected half-width of the interval over the estimate (0.1 for 10 %).
        validation: Second readings of negatives without a single false alarm that would show that false
            alarms are rarer than the class itself.
    """

    share: float
    positives: float
    half_width: float | None
    validation: int


def sizes_of(budget: int, strata: Sequence[Stratum]) -> tuple[int, ...]:
    """How many labels each stratum gets; they add up to the budget, or to the population if that is smaller.

    Raises:
        CaseError: The budget does not reach for every stratum (part of the population could not be sampled).

    Example:
        >>> from perito.sampling.strata import Stratum
        >>> items = tuple(f"x:{number}" for number in range(1000))
        >>> sizes_of(100, [Stratum("a", items[:900], 0, 0.01, 0.001), Stratum("b", items[900:], 0.1, 1, 0.5)])
        (63, 37)
    """
    from perito.stats.planning import half_proportional

    populations = [one.population for one in strata]
    if len(strata) == 1:
        return (min(budget, populations[0]),)
    least = sum(min(population, LEAST_LABELS) for population in populations)
    if budget < least:
        raise CaseError(
            "part of the population could not be sampled: the budget does not reach for every stratum",
            expected=f"at least {least} labels",
            found=str(budget),
            remedy="spend more, or draw with '--stratify-by none'",
        )
    found = half_proportional(
        budget, populations, _shares(strata), proportional_share=PROPORTIONAL_SHARE, smallest=LEAST_LABELS
    )
    return tuple(found.tolist())


def budget_for(precision: float, strata: Sequence[Stratum], level: float) -> int:
    """The smallest number of labels whose interval is expected to be so narrow.

    Raises:
        CaseError: Nothing says what share to expect, or no positive is expected.

    Example:
        >>> from perito.sampling.strata import one_stratum
        >>> budget_for(0.5, one_stratum([f"x:{number}" for number in range(9000)], 0.01), 0.95)
        1302
    """
    from perito.stats.planning import labels_for_precision

    share = expected_share(strata)
    if share is None:
        raise CaseError(
            "a precision needs a guess of the share",
            where="--precision",
            remedy="give '--expected 0.5%' from an earlier study or pilot, or give '--budget'",
        )
    if not share > 0:
        raise CaseError(
            "no positive is expected: a relative precision has no meaning",
            where="--precision",
            remedy="give '--budget'",
        )
    population = sum(one.population for one in strata)
    if len(strata) == 1:
        return min(population, ceil(labels_for_precision(share, population, precision, level)))
    return _smallest_budget(precision, strata, level, population)


def expectation(strata: Sequence[Stratum], sizes: Sequence[int], level: float) -> Expectation | None:
    """What a plan can be expected to find; None where nothing says what share to expect."""
    from perito.stats.planning import labels_to_exclude

    share = expected_share(strata)
    if share is None:
        return None
    return Expectation(
        share=share,
        positives=sum(size * one for size, one in zip(sizes, _shares(strata), strict=True)),
        half_width=_half_width(sizes, strata, level) if share > 0 else None,
        validation=labels_to_exclude(share, level) if 0 < share < 1 else 0,
    )


def audited_half_width(
    strata: Sequence[Stratum], sizes: Sequence[int], share: float, level: float
) -> float | None:
    """Half-width over the estimate if a first no is read again with that chance only.

    Every stratum is then two cells, first yes and anything else, of which only a part is read again: what a
    few second readings of negatives cannot exclude widens the interval, however many first ones there are
    and however well people read.

    Args:
        strata: The strata.
        sizes: First readings in each.
        share: Share of the items that get a second reading whatever the first says.
        level: Confidence level as a share.

    Returns:
        None where no positive is to be expected.

    Example:
        >>> from perito.sampling.strata import one_stratum
        >>> strata = one_stratum([f"x:{number}" for number in range(9000)], 0.1)
        >>> [round(audited_half_width(strata, [1000], share, 0.95), 2) for share in (0.1, 1.0)]
        [0.26, 0.2]
    """
    from perito.stats.fay_feuer import fay_feuer

    expected = expected_share(strata)
    if not expected:
        return None
    found = _expected_hits(sizes, _shares(strata))
    rest = [size - hits for size, hits in zip(sizes, found, strict=True)]
    again = [max(1, round(share * number)) if number else 0 for number in rest]
    whole = sum(one.population for one in strata)
    weights = [
        one.population / whole * part / size
        for parts in (found, rest)
        for one, part, size in zip(strata, parts, sizes, strict=True)
    ]
    ends = fay_feuer([*found, *(0 for _ in rest)], [*found, *again], weights, level).interval
    return None if ends is None else (ends.high - ends.low) / 2 / expected


def expected_share(strata: Sequence[Stratum]) -> float | None:
    """The share of positives that the scores, or a guess, let expect; None where nothing says.

    Example:
        >>> from perito.sampling.strata import Stratum
        >>> expected_share([Stratum("a", ("x:1",), mean_score=0.25), Stratum("b", ("x:2",), mean_score=0.75)])
        0.5
    """
    if any(one.mean_score is None for one in strata):
        return None
    population = sum(one.population for one in strata)
    return sum(one.population * (one.mean_score or 0.0) for one in strata) / population


def _smallest_budget(precision: float, strata: Sequence[Stratum], level: float, population: int) -> int:
    low = sum(min(one.population, LEAST_LABELS) for one in strata)
    high = population
    while low < high:
        middle = (low + high) // 2
        if _half_width(sizes_of(middle, strata), strata, level) <= precision:
            high = middle
        else:
            low = middle + 1
    return low


def _half_width(sizes: Sequence[int], strata: Sequence[Stratum], level: float) -> float:
    """Half-width over the share of the interval that the expected positives would give."""
    from perito.stats.fay_feuer import fay_feuer
    from perito.stats.planning import stratified_precision

    populations, shares = [one.population for one in strata], _shares(strata)
    if list(sizes) == populations:
        return 0.0
    if len(strata) == 1:
        return stratified_precision(sizes, populations, shares, level)
    weights = [one / sum(populations) for one in populations]
    ends = fay_feuer(_expected_hits(sizes, shares), sizes, weights, level).interval
    expected = sum(weight * share for weight, share in zip(weights, shares, strict=True))
    return 0.0 if ends is None else (ends.high - ends.low) / 2 / expected


def _expected_hits(sizes: Sequence[int], shares: Sequence[float]) -> list[int]:
    """The expected positives as whole numbers, what rounding leaves over carried on to the next stratum."""
    hits, reached, given = [], 0.0, 0
    for size, share in zip(sizes, shares, strict=True):
        reached += size * share
        hits.append(max(0, min(size, round(reached) - given)))
        given += hits[-1]
    return hits


def _shares(strata: Sequence[Stratum]) -> list[float]:
    return [one.mean_score or 0.0 for one in strata]
