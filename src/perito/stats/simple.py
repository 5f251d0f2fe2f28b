"""Two textbook intervals of a simple random sample, for comparison with what others have published.

To report, take `clopper_pearson` or, where the population is known, `exact_total` of
`perito.stats.proportion`: both cover at least what they say.
"""

from __future__ import annotations

import math
from fractions import Fraction

from scipy import special

from perito.stats.design import DesignEstimate
from perito.stats.interval import Interval, half_alpha, sample_counts, whole_count
from perito.stats.proportion import normal_quantile

__all__ = ["jeffreys", "simple_total"]


def jeffreys(k: int, n: int, level: float = 0.95) -> Interval:
    """The equal-tailed Bayesian interval of a share under Jeffreys' prior.

    Ends: the Beta(k+1/2, n-k+1/2) quantiles at a/2 and 1-a/2 (Brown, Cai & DasGupta 2001, Statist. Sci.
    16:101), as they are: at k = 0 the lower one is above 0. Covers the level on average. Never convolve it
    over strata, where it covered .35 to .85.

    Args:
        k: Positives found.
        n: Items drawn, at least 1.
        level: Level as a share.

    Returns:
        The interval of the share, inside 0 to 1.

    Raises:
        StatsError: Counts that are negative, not whole or k > n; a level outside (0, 1).

    Example:
        >>> interval = jeffreys(7, 1_500)
        >>> round(interval.low, 6), round(interval.high, 6)
        (0.00209, 0.009141)
    """
    k, n = sample_counts(k, n)
    tail = float(half_alpha(level))
    low = float(special.betaincinv(k + 0.5, n - k + 0.5, tail))
    high = float(special.betainccinv(k + 0.5, n - k + 0.5, tail))
    return Interval(low, high, float(level), "jeffreys")


def simple_total(k: int, n: int, population: int, level: float = 0.95) -> DesignEstimate:
    """The total of a simple random sample without replacement, with the normal interval.

    N p; standard error N sqrt((1-f) p q/(n-1)), f = n/N (Cochran 1977, 3.2). For comparison with published
    standard errors: `perito.stats.proportion.exact_total` is the interval to report.

    Args:
        k: Positives found.
        n: Items drawn, at least 2.
        population: Items in the population, at least n.
        level: Confidence level as a share.

    Returns:
        The estimate, as a number of items.

    Raises:
        StatsError: Impossible counts; a level outside (0, 1).

    Example:
        >>> found = simple_total(37, 5_000, 812_000)
        >>> round(found.value, 6), round(found.standard_error, 6)
        (6008.8, 981.242181)
    """
    held = whole_count("population", population, smallest=2)
    k, n = sample_counts(k, whole_count("n", n, smallest=2, largest=("population", held)))
    share = Fraction(k, n)
    error = held * math.sqrt((1 - Fraction(n, held)) * share * (1 - share) / (n - 1))
    value, reach = float(held * share), normal_quantile(level) * error
    interval = Interval(value - reach, value + reach, float(level), "normal")
    return DesignEstimate(value, interval, error, n - 1, None)
