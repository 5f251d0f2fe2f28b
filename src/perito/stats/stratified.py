"""Shares from counts by stratum, and from labels in two phases: what a database returns is enough.

The estimators of `perito.stats.design` want one row an item. Where only the counts of every stratum are kept
(items held, items read, positives), the same numbers follow from them, in exact fractions.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from perito.errors import StatsError
from perito.stats.columns import counts, refuse_where, same_length
from perito.stats.design import DesignEstimate, student_quantile
from perito.stats.interval import Interval, sample_counts, whole_count
from perito.stats.korn_graubard import ShareEstimate, beta_interval
from perito.stats.proportion import normal_quantile

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["simple_total", "stratified_share", "stratified_total", "two_phase_share"]


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
    size = whole_count("n", n, smallest=2, largest=("population", whole_count("population", population, smallest=2)))
    k, size = sample_counts(k, size)
    share = Fraction(k, size)
    error = population * math.sqrt((1 - Fraction(size, population)) * share * (1 - share) / (size - 1))
    value, reach = float(population * share), normal_quantile(level) * error
    return DesignEstimate(value, Interval(value - reach, value + reach, float(level), "normal"), error, n - 1, 1.0)
