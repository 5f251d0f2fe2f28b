"""Intervals that hold at every look: labels may be read, counted and read on until the number is good enough.

A fixed-size interval recomputed after every batch misses the truth at some look far more often than it says.
The sets here are wider, and right at all looks at once. They rest on a ratio that at the true value exceeds
1/a with chance a at most, however long one goes on (Ville 1939).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scipy import optimize, special

from perito.errors import StatsError
from perito.stats.betting import pps_betting
from perito.stats.interval import (
    Estimate,
    Interval,
    half_alpha,
    real_or_nan,
    sample_counts,
    shown,
    whole_count,
)
from perito.stats.proportion import log_chance

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = ["beta_binomial", "claim_e", "pps_betting", "without_replacement"]

_LARGEST_PRIOR = 1e6
_EXACT_DRAWS = 1_000  # a ratio that equals a round limit needs few draws; integers are cheap up to here
_NEAR_THE_LIMIT = 1e-9


def beta_binomial(k: int, n: int, a: float, b: float, level: float = 0.95) -> Estimate:
    """The share of positives among independent draws, with an interval that holds at every look.

    {p : B(a+k, b+n-k)/B(a, b) / (p^k (1-p)^(n-k)) < 1/alpha}, alpha = 1 - level. Source: Robbins 1970, Ann.
    Math. Statist. 41:1397. Choose a and b before the first label: a/(a+b) near the expected share makes the
    interval narrow there; it is valid for every choice. a = b = 1/2 if nothing is known. The ends are good to
    1e-9 up to n = 1e7.

    Args:
        k: Positives found so far.
        n: Items read so far, at least 1.
        a: Weight of positives in the mixture, from 1e-6 to 1e6.
        b: Weight of negatives, alike.
        level: Confidence level as a share: the chance that the true share is inside at all looks.

    Returns:
        The estimate; value and ends lie in [0, 1].

    Raises:
        StatsError: Impossible counts or level; a or b outside their range.

    Example:
        >>> found = beta_binomial(7, 1_500, 0.5, 0.5)
        >>> round(found.interval.low, 6), round(found.interval.high, 6)
        (0.000756, 0.014497)
    """
    k, n = sample_counts(k, n)
    weights = _prior("a", a), _prior("b", b)
    log_limit = -math.log(float(2 * half_alpha(level)))
    mixture = float(special.betaln(weights[0] + k, weights[1] + n - k) - special.betaln(*weights))

    def excess(log_share: float, hits: int, others: int) -> float:
        likelihood = hits * log_share + (others and others * math.log(-math.expm1(log_share)))
        return mixture - likelihood - log_limit

    def log_end(hits: int, top: float) -> float:
        """The log of the share below exp(top) at which the excess, which falls towards the top, is 0."""
        # The likelihood is at most exp(hits x), so further left the excess is above 0.
        bottom = (mixture - log_limit) / hits - 1
        return float(optimize.brentq(excess, bottom, top, args=(hits, n - hits), xtol=1e-22, maxiter=1_000))

    low = 0.0 if k == 0 else math.exp(log_end(k, math.log(k / n)))
    # The upper end is one minus the lower end of the negatives.
    high = 1.0 if k == n else -math.expm1(log_end(n - k, math.log1p(-k / n)))
    return Estimate(k / n, Interval(low, high, float(level), "beta-binomial sequence"))


def without_replacement(k: int, n: int, population: int, level: float = 0.95) -> Estimate:
    """The number of positives in a finite population, with an interval that holds at every look.

    Keeps the totals K with BetaBin(K; N,1,1)/BetaBin(K-k; N-n,1+k,1+n-k) < 1/alpha: the prior over the
    posterior of a uniform prior, which is 1/((n+1) P(X = k)), X hypergeometric (N, K positives, n drawn).
    Source: Waudby-Smith & Ramdas 2020, NeurIPS 33. Found by bisection in K; level read as the decimal that
    was written.

    Args:
        k: Positives found so far.
        n: Items read so far, drawn at random without replacement, at least 1.
        population: Items in the population, at least n.
        level: Confidence level as a share: the chance that the true total is inside at all looks.

    Returns:
        The estimate as a number of items: N k/n, and both ends whole numbers.

    Raises:
        StatsError: Counts that are negative, not whole, k > n or n > population; an impossible level.

    Example:
        >>> found = without_replacement(4, 50, 200)
        >>> found.value, found.interval.low, found.interval.high
        (16.0, 4, 47)
    """
    k, n, population = _finite_sample(k, n, population)
    alpha = 2 * half_alpha(level)
    low = _smallest_kept(k, n, population, alpha)
    # Counting the negatives instead turns the upper end into a lower one.
    high = population - _smallest_kept(n - k, n, population, alpha)
    method = "prior-posterior ratio, without replacement"
    return Estimate(population * k / n, Interval(low, high, float(level), method))


def claim_e(k: int, n: int, population: int, total: int) -> float:
    """The e-value of a sample against "the population holds at most `total` positives".

    The smallest ratio of `without_replacement` over all totals up to the stated one: 1/((n+1) P(X = k)) at
    the stated total, or at the likeliest total if that is smaller. If the statement is true, the chance that
    this ever reaches 20, at any look, is at most 1 in 20: unlike a p-value it may be computed at every look.

    Args:
        k: Positives found so far.
        n: Items read so far, drawn at random without replacement, at least 1.
        population: Items in the population, at least n.
        total: The stated total T of a claim "more than T".

    Returns:
        The e-value: above 1 speaks against the statement; infinite where the sample refutes it (k > total).

    Raises:
        StatsError: Counts that are negative, not whole, k > n, n > population or total > population.

    Example:
        >>> round(claim_e(7, 1_500, 60_000, 50), 6)
        3.275428
    """
    k, n, population = _finite_sample(k, n, population)
    total = whole_count("total", total, largest=("population", population))
    if k > total:
        return math.inf
    worst = min(total, _likeliest_total(k, n, population))
    return math.exp(-log_chance(k, n, population, worst)) / (n + 1)


def _prior(name: str, value: float) -> float:
    if not 1 / _LARGEST_PRIOR <= real_or_nan(value) <= _LARGEST_PRIOR:
        raise StatsError(
            f"'{name}' is no weight of a mixture",
            expected=f"a number from {1 / _LARGEST_PRIOR:g} to {_LARGEST_PRIOR:g}",
            found=shown(value),
            remedy="use 0.5 for both if nothing is known",
        )
    return float(value)


def _finite_sample(k: int, n: int, population: int) -> tuple[int, int, int]:
    population = whole_count("population", population, smallest=1)
    n = whole_count("n", n, smallest=1, largest=("population", population))
    return *sample_counts(k, n), population


def _likeliest_total(k: int, n: int, population: int) -> int:
    """The largest total under which k positives in the sample are likeliest."""
    return min(k * (population + 1) // n, population - (n - k))


def _smallest_kept(k: int, n: int, population: int, alpha: Fraction) -> int:
    low, high = k, _likeliest_total(k, n, population)
    while low < high:
        middle = (low + high) // 2
        if _is_kept(k, n, population, middle, alpha):
            high = middle
        else:
            low = middle + 1
    return low


def _is_kept(k: int, n: int, population: int, total: int, alpha: Fraction) -> bool:
    """Whether (n+1) P(X = k) exceeds alpha, by integers where the two come close."""
    excess = log_chance(k, n, population, total) + math.log(n + 1) - math.log(alpha)
    if abs(excess) > _NEAR_THE_LIMIT or n > _EXACT_DRAWS:
        return excess > 0
    samples = math.comb(total, k) * math.comb(population - total, n - k)
    return (n + 1) * samples * alpha.denominator > alpha.numerator * math.comb(population, n)
