"""From the counts of a sample to a share and a total with the interval that its design calls for.

Simple random: the exact finite-population interval. Strata: Fay-Feuer mid-p. Unequal chances or clusters:
Korn-Graubard on the linearised variance. Looks at any time: sequences. Each takes the level as an argument,
so that several classes from one sample can share one level, and a claim can be tested by inversion.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from perito.stats.fay_feuer import load_share
from perito.stats.interval import Estimate, Interval
from perito.stats.korn_graubard import korn_graubard
from perito.stats.proportion import claim_p, clopper_pearson, exact_total
from perito.stats.sequential import beta_binomial, claim_e, without_replacement
from perito.stats.survey import fay_feuer

if TYPE_CHECKING:
    from collections.abc import Sequence

At = Callable[[float], Estimate]

_SMALLEST_P, _LARGEST_P = 1e-6, 0.5
_HALVINGS = 60
_NO_PRIOR = 0.5  # weights of the beta-binomial mixture if nothing is known


@dataclass(frozen=True)
class Cell:
    """A part of the population from which items were read at random.

    Args:
        share: Share of the population that it holds.
        read: Items read.
        hits: Positives among them.
        population: Items that it holds; None where only the share is known.
    """

    share: Fraction
    read: int
    hits: int
    population: int | None = None


@dataclass(frozen=True)
class Estimator:
    """A share of the population and, where N is known, a total, at any level.

    Args:
        share_at: The share with its interval, at a confidence level.
        population: N; None if it is unknown.
        effective_size: How many independent draws would tell as much.
        exact: k, n and N of a simple random sample, for exact totals and tests.
        is_anytime: Whether the interval holds at every look.
        is_simple: Whether it is a simple random sample, whose effective size says all of its interval.
    """

    share_at: At
    population: int | None
    effective_size: float
    exact: tuple[int, int, int] | None = None
    is_anytime: bool = False
    is_simple: bool = False

    def total_at(self, level: float) -> Estimate:
        """The total with its interval."""
        if self.population is None:
            raise ValueError("a total needs a population")
        if self.exact:
            k, n, population = self.exact
            if self.is_anytime:
                return without_replacement(k, n, population, level)
            ends = exact_total(k, n, population, level)
            return Estimate(float(Fraction(k, n) * population), ends)
        return scaled(self.share_at(level), self.population)

    def p_more_than(self, total: int) -> float:
        """The chance of such a sample or a stronger one if the total were the stated one.

        Exact for a simple random sample; elsewhere the smallest tail at which the interval lies above the
        stated total, and one half where it is one half or more.
        """
        if self.exact and not self.is_anytime:
            return claim_p(*self.exact, total)
        return _smallest_tail(lambda tail: self._low(tail) > total)

    def tail_outside(self, total: int) -> float:
        """The smallest one-sided tail at which the interval leaves a total out: half a two-sided p."""
        return _smallest_tail(lambda tail: not self._low(tail) <= total <= self._high(tail))

    def _low(self, tail: float) -> float:
        ends = self.total_at(1 - 2 * tail).interval
        return ends.low if ends else 0.0

    def _high(self, tail: float) -> float:
        ends = self.total_at(1 - 2 * tail).interval
        return ends.high if ends else math.inf

    def e_more_than(self, total: int) -> float | None:
        """The e-value against "at most so many"; None where the design has none."""
        if not self.exact:
            return None
        value = claim_e(*self.exact, total)
        return value if math.isfinite(value) else None


def scaled(estimate: Estimate, factor: int) -> Estimate:
    """An estimate of a share as a number of items.

    Example:
        >>> scaled(Estimate(0.5, Interval(0.25, 0.75, 0.95, "m")), 8).interval.low
        2.0
    """
    ends = estimate.interval
    if ends is None:
        return Estimate(estimate.value * factor, None)
    return Estimate(
        estimate.value * factor, Interval(ends.low * factor, ends.high * factor, ends.level, ends.method)
    )


def simple(k: int, n: int, population: int | None) -> Estimator:
    """A simple random sample: exact for a finite population, Clopper-Pearson where N is unknown."""
    size = effective_size([Cell(Fraction(1), n, k, population)])
    if population is None:
        return Estimator(
            lambda level: Estimate(k / n, clopper_pearson(k, n, level)), None, size, is_simple=True
        )

    def share_at(level: float) -> Estimate:
        ends = exact_total(k, n, population, level)
        interval = Interval(ends.low / population, ends.high / population, ends.level, ends.method)
        return Estimate(k / n, interval)

    return Estimator(share_at, population, size, exact=(k, n, population), is_simple=True)


def anytime(k: int, n: int, population: int | None) -> Estimator:
    """A simple random sample in its order, with an interval that holds at every look."""
    if population is None:
        return Estimator(
            lambda level: beta_binomial(k, n, _NO_PRIOR, _NO_PRIOR, level), None, n, is_anytime=True
        )

    def share_at(level: float) -> Estimate:
        found = without_replacement(k, n, population, level)
        ends = found.interval
        assert ends is not None  # noqa: S101  (the sequence always has one)
        interval = Interval(ends.low / population, ends.high / population, ends.level, ends.method)
        return Estimate(k / n, interval)

    size = effective_size([Cell(Fraction(1), n, k, population)])
    return Estimator(share_at, population, size, exact=(k, n, population), is_anytime=True)


def stratified(cells: Sequence[Cell], population: int | None) -> Estimator:
    """Strata, or strata by first reading: the mid-p interval of Fay and Feuer.

    Made for rare classes: where more than half of the population is positive, the negatives are counted and
    the ends turned round.
    """
    shares = [float(cell.share) for cell in cells]
    read, hits = [cell.read for cell in cells], [cell.hits for cell in cells]
    value = sum((cell.share * Fraction(cell.hits, cell.read) for cell in cells if cell.read), Fraction(0))
    is_common = value > Fraction(1, 2)
    counted = [n - k for n, k in zip(read, hits, strict=True)] if is_common else hits

    def share_at(level: float) -> Estimate:
        found = fay_feuer(counted, read, shares, level)
        ends = found.interval
        if not is_common or ends is None:
            return found
        interval = Interval(1 - ends.high, 1 - ends.low, ends.level, f"{ends.method}, of the negatives")
        return Estimate(1 - found.value, interval)

    return Estimator(share_at, population, effective_size(cells))


def weighted(
    hits: Sequence[int],
    weights: Sequence[float],
    population: int | None,
    strata: Sequence[str] | None = None,
    clusters: Sequence[str] | None = None,
) -> Estimator:
    """Items with chances of their own, or drawn in clusters: Korn-Graubard on the linearised variance."""

    def share_at(level: float) -> Estimate:
        found = korn_graubard(hits, weights, strata, clusters, None, level)
        return Estimate(found.value, found.interval)

    size = korn_graubard(hits, weights, strata, clusters).effective_size
    return Estimator(share_at, population, size)


def exposure(hits: Sequence[int], views: Sequence[int], weights: Sequence[float]) -> Estimator:
    """The share of views that went to positives, sum(w v y)/sum(w v): the gamma interval of loads.

    Views are so unequal that a few items decide: an interval on the linearised variance misses one truth in
    four then, nearly always from below (`perito.stats.fay_feuer.load_share`).
    """
    loads = [weight * view for weight, view in zip(weights, views, strict=True)]
    whole = math.fsum(loads)
    size = whole**2 / math.fsum(load * load for load in loads) if whole else 0.0
    return Estimator(lambda level: load_share(hits, loads, level), None, size)


def effective_size(cells: Sequence[Cell]) -> float:
    """Independent draws that would tell as much: p q/v, v = sum W^2 (1-f) p q/(n-1).

    Where nothing varies (no positives, or nothing else) it is what the weights alone leave; infinite for a
    full count.

    Example:
        >>> effective_size([Cell(Fraction(1), 100, 10)])
        99.0
    """
    drawn = [cell for cell in cells if cell.read]
    if not drawn:
        return 0.0
    if all(cell.population is not None and cell.read >= cell.population for cell in cells):
        return math.inf
    share = sum((cell.share * Fraction(cell.hits, cell.read) for cell in drawn), Fraction(0))
    variance = sum((_variance(cell) for cell in drawn), Fraction(0))
    if variance == 0 or not 0 < share < 1:
        return float(1 / sum((cell.share**2 / cell.read for cell in drawn), Fraction(0)))
    return float(share * (1 - share) / variance)


def _variance(cell: Cell) -> Fraction:
    spread = Fraction(cell.hits * (cell.read - cell.hits), cell.read**2 * max(cell.read - 1, 1))
    part = Fraction(cell.read, cell.population) if cell.population else Fraction(0)
    return cell.share**2 * (1 - min(part, Fraction(1))) * spread


def _smallest_tail(is_beyond: Callable[[float], bool]) -> float:
    """The smallest one-sided tail at which something holds that holds at every larger one; by halving."""
    low, high = math.log(_SMALLEST_P), math.log(_LARGEST_P * (1 - _SMALLEST_P))
    if is_beyond(math.exp(low)):
        return _SMALLEST_P
    if not is_beyond(math.exp(high)):
        return _LARGEST_P
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if is_beyond(math.exp(middle)):
            high = middle
        else:
            low = middle
    return math.exp(high)
