"""How much is there: shares and totals from a simple random sample, claims about totals, two shares compared.

The total of a finite population and Fisher's test rest on hypergeometric tails. Those of scipy lose digits in
large populations (5e-8 relative at a population of 1e9) because they subtract log-gamma values of the order
1e10. Here the probability of a table is built from its deviance, taken from exact integer differences, which
holds 1e-12 at any size. Where a tail comes close to the limit it is compared with, integers decide.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from perito.stats.interval import Comparison, Estimate, Interval, half_alpha, sample_counts, whole_count

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = [
    "Comparison",
    "Estimate",
    "Interval",
    "claim_p",
    "clopper_pearson",
    "exact_total",
    "log_chance",
    "normal_quantile",
    "two_proportions",
    "wilson",
]

_NEAR_THE_LIMIT = 1e-11  # thirty times the largest error of a tail: closer than this, integers decide
_EXACT_DRAWS = 1_000  # a tail that equals a round level needs few draws; integers are cheap up to here
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188)
_FISHER_TIE = 1e-7  # tables whose probabilities differ by less count as equally likely, as in R's fisher.test


def clopper_pearson(k: int, n: int, level: float = 0.95) -> Interval:
    """The exact binomial interval of a share, from k positives among n independent draws.

    Ends: the Beta(k, n-k+1) quantile at a/2 and the Beta(k+1, n-k) quantile at 1-a/2, a = 1 - level; 0 at
    k = 0 and 1 at k = n. Source: Clopper & Pearson 1934, Biometrika 26:404. Conservative: covers at least
    the level for every true share; for a known finite population `exact_total` is narrower. The quantiles
    are those of scipy, good to 1e-9 up to n = 1e7 (2e-8 at n = 1e9).

    Args:
        k: Positives found.
        n: Items drawn, at least 1.
        level: Confidence level as a share.

    Returns:
        The interval of the share, from 0 to 1.

    Raises:
        StatsError: Counts that are negative, not whole or k > n; a level outside (0, 1).

    Example:
        >>> interval = clopper_pearson(7, 1500)
        >>> round(interval.low, 6), round(interval.high, 6)
        (0.001878, 0.009591)
    """
    k, n = sample_counts(k, n)
    tail = float(half_alpha(level))
    low = 0.0 if k == 0 else float(special.betaincinv(k, n - k + 1, tail))
    high = 1.0 if k == n else float(special.betainccinv(k + 1, n - k, tail))
    return Interval(low, high, float(level), "clopper-pearson")


def wilson(k: int, n: int, level: float = 0.95) -> Interval:
    """The score interval of a share, from k positives among n independent draws.

    Ends: (p + z^2/(2n) -+ z sqrt(p q/n + z^2/(4 n^2))) / (1 + z^2/n), p = k/n. Source: Wilson 1927, JASA
    22:209. Covers the level on average, not for every true share.

    Args:
        k: Positives found.
        n: Items drawn, at least 1.
        level: Confidence level as a share.

    Returns:
        The interval of the share, from 0 to 1; exactly 0 at k = 0 and exactly 1 at k = n.

    Raises:
        StatsError: Counts that are negative, not whole or k > n; a level outside (0, 1).

    Example:
        >>> wilson(0, 20).low, round(wilson(0, 20).high, 6)
        (0.0, 0.161125)
    """
    k, n = sample_counts(k, n)
    z = normal_quantile(level)
    upper_count = k + z * z / 2 + z * math.sqrt(k * (n - k) / n + z * z / 4)
    # The two ends multiply to k^2/(n (n + z^2)): the lower one from that product, as the difference cancels.
    low = 0.0 if k == 0 else k * k / (n * upper_count)
    high = 1.0 if k == n else upper_count / (n + z * z)
    return Interval(low, high, float(level), "wilson")


def exact_total(k: int, n: int, population: int, level: float = 0.95) -> Interval:
    """The exact interval of the number of positives in a finite population sampled without replacement.

    Ends: the smallest K with P(X >= k) > a/2 and the largest K with P(X <= k) > a/2, X hypergeometric
    (population, K positives, n drawn), a = 1 - level read as the decimal that was written; found by bisection
    in K. Covers at least the level for every true total, k = 0 and rare classes included.

    Args:
        k: Positives found.
        n: Items drawn at random without replacement, at least 1.
        population: Items in the population, at least n.
        level: Confidence level as a share.

    Returns:
        The interval of the total: both ends are whole numbers of items, from k to population - (n - k).

    Raises:
        StatsError: Counts that are negative, not whole, k > n or n > population; a level outside (0, 1).

    Example:
        >>> interval = exact_total(4, 50, 200)
        >>> interval.low, interval.high
        (6, 35)
    """
    k, n, population = _finite_sample(k, n, population)
    tail = half_alpha(level)
    low = _smallest_total(k, n, population, tail)
    # Counting the negatives instead turns the upper end into a lower one.
    high = population - _smallest_total(n - k, n, population, tail)
    return Interval(low, high, float(level), "exact-hypergeometric")


def claim_p(k: int, n: int, population: int, total: int) -> float:
    """The p-value of a sample against "the population holds at most `total` positives".

    P(X >= k), X hypergeometric (population, `total` positives, n drawn): the chance of a sample like this or
    a stronger one if the total were `total`. It is not the probability that the statement is true. At most
    .025 exactly when `total` lies below the 95 % interval of `exact_total`.

    Args:
        k: Positives found.
        n: Items drawn at random without replacement, at least 1.
        population: Items in the population, at least n.
        total: The stated total T of a claim "more than T".

    Returns:
        The p-value. 0 where the sample alone refutes the statement (k > total), and where the chance is
        smaller than about 1e-308.

    Raises:
        StatsError: Counts that are negative, not whole, k > n, n > population or total > population.

    Example:
        >>> round(claim_p(7, 1_500, 60_000, 100), 6)
        0.012901
    """
    k, n, population = _finite_sample(k, n, population)
    total = whole_count("total", total, largest=("population", population))
    if n <= _EXACT_DRAWS:  # so that a p-value of exactly a level is that level, as in exact_total
        return _samples_with_at_least(k, n, population, total) / math.comb(population, n)
    return _at_least(k, n, population, total)


def two_proportions(k1: int, n1: int, k2: int, n2: int, level: float = 0.95) -> Comparison:
    """The difference of two independent shares, its score interval, and Fisher's exact two-sided p-value.

    Interval: d - sqrt((p1-l1)^2 + (u2-p2)^2) to d + sqrt((u1-p1)^2 + (p2-l2)^2), l and u the Wilson ends
    (Newcombe 1998, Statist. Med. 17:873, method 10). p-value: the sum over all tables with the same margins
    that are at most as likely as the one seen (Fisher 1935), ties within 1e-7 relative.

    Args:
        k1: Positives in the first group.
        n1: Size of the first group, at least 1.
        k2: Positives in the second group.
        n2: Size of the second group, at least 1.
        level: Confidence level of the interval as a share.

    Returns:
        The comparison; the difference is k1/n1 - k2/n2.

    Raises:
        StatsError: Counts that are negative, not whole or k > n in a group; a level outside (0, 1).

    Example:
        >>> seen = two_proportions(56, 70, 48, 80)
        >>> round(seen.difference, 6), round(seen.interval.low, 4), round(seen.p_exact, 5)
        (0.2, 0.0524, 0.01252)
    """
    k1, n1 = sample_counts(k1, n1, names=("k1", "n1"))
    k2, n2 = sample_counts(k2, n2, names=("k2", "n2"))
    first, second = wilson(k1, n1, level), wilson(k2, n2, level)
    p1, p2 = k1 / n1, k2 / n2
    difference = p1 - p2
    low = difference - math.hypot(p1 - first.low, second.high - p2)
    high = difference + math.hypot(first.high - p1, p2 - second.low)
    interval = Interval(low, high, float(level), "newcombe")
    return Comparison(difference, interval, _fisher_p(k1, n1, k2, n2))


def normal_quantile(level: float) -> float:
    """The z with that much of the normal law between -z and z.

    Raises:
        StatsError: The level is no number between 0 and 1.

    Example:
        >>> round(normal_quantile(0.95), 12)
        1.95996398454
    """
    return -float(special.ndtri(float(half_alpha(level))))


def _finite_sample(k: int, n: int, population: int) -> tuple[int, int, int]:
    population = whole_count("population", population, smallest=1)
    n = whole_count("n", n, smallest=1, largest=("population", population))
    return *sample_counts(k, n), population


def _smallest_total(k: int, n: int, population: int, tail: Fraction) -> int:
    """The smallest total under which k or more positives in the sample are likelier than the tail."""
    low, high = k, population - (n - k)
    while low < high:
        middle = (low + high) // 2
        if _is_likelier(k, n, population, middle, tail):
            high = middle
        else:
            low = middle + 1
    return low


def _is_likelier(k: int, n: int, population: int, total: int, tail: Fraction) -> bool:
    chance, limit = _at_least(k, n, population, total), float(tail)
    if abs(chance - limit) > _NEAR_THE_LIMIT * limit or n > _EXACT_DRAWS:
        return chance > limit
    samples = _samples_with_at_least(k, n, population, total)
    return samples * tail.denominator > math.comb(population, n) * tail.numerator


def _samples_with_at_least(k: int, n: int, population: int, total: int) -> int:
    """How many of the possible samples hold k or more positives: the exact numerator of P(X >= k)."""
    rest = population - total - n
    first = max(k, -rest)
    term = math.comb(total, first) * math.comb(population - total, n - first)
    samples = term
    for j in range(first, min(n, total)):
        term = term * (total - j) * (n - j) // ((j + 1) * (rest + j + 1))
        samples += term
    return samples


def _at_least(k: int, n: int, population: int, total: int) -> float:
    """P(X >= k), summed on the side of k that lies away from the most likely count."""
    if k <= max(0, n + total - population):
        return 1.0
    if k > min(n, total):
        return 0.0
    if k > _most_likely(n, population, total):
        return _far_tail(k, n, population, total)
    return 1.0 - _far_tail(n - k + 1, n, population, population - total)


def _most_likely(n: int, population: int, total: int) -> int:
    return (n + 1) * (total + 1) // (population + 2)


def _far_tail(k: int, n: int, population: int, total: int) -> float:
    """P(X >= k) for a k above the most likely count, where every term is smaller than the one before."""
    last, rest = min(n, total), population - total - n
    term = relative_sum = 1.0
    start, block = k, 64
    while start < last:
        j = np.arange(start, min(start + block, last), dtype=np.float64)
        ratios = (n - j) / (j + 1) * ((total - j) / (rest + j + 1))
        terms = term * np.cumprod(ratios)
        relative_sum += math.fsum(terms)
        term, ratio = float(terms[-1]), float(ratios[-1])
        # The ratios keep falling, so a geometric series bounds all that is left.
        if term * ratio < 1e-18 * relative_sum * (1 - ratio):
            break
        start, block = start + len(j), min(4 * block, 65_536)
    return math.exp(log_chance(k, n, population, total)) * relative_sum


def log_chance(k: int, n: int, population: int, total: int) -> float:
    """The log of the chance of k positives among n drawn from a finite population.

    From the deviance of the 2x2 table (the saddle-point form of Loader 2000): every factorial is (m/e)^m
    times its Stirling factor. The powers combine to minus the sum over the four cells of
    x log(x/e) - (x - e), e the expected cell. In all four, x - e is the same integer over N but for its sign.

    Args:
        k: Positives drawn.
        n: Items drawn, without replacement.
        population: Items in the population.
        total: Positives in the population; k <= total and n - k <= population - total.

    Example:
        >>> round(math.exp(log_chance(1, 2, 4, 2)), 12)
        0.666666666667
    """
    margins = ((total, population - total), (n, population - n))
    surplus = k * population - total * n
    result = sum(map(_log_stirling_factor, (*margins[0], *margins[1]))) - _log_stirling_factor(population)
    for column, in_column in enumerate(margins[0]):
        for row, in_row in enumerate(margins[1]):
            sign = 1 if column == row else -1
            cell = (in_column * in_row + sign * surplus) // population
            result -= _log_stirling_factor(cell)
            result -= _deviance(cell, in_column * in_row / population, sign * surplus / population)
    return result


def _deviance(cell: int, expected: float, excess: float) -> float:
    """The sum x log(x/e) - (x - e), without cancellation near x = e; `excess` is x - e."""
    if cell == 0:
        return expected
    v = excess / (cell + expected)
    if abs(v) > 0.25:  # noqa: PLR2004 (further out the plain form keeps its digits)
        return cell * math.log(cell / expected) - excess
    # log(x/e) = 2 artanh(v); the first term of the series and the excess combine to excess * v.
    series, power, j = 0.0, v * v * v, 3
    while abs(power) > 1e-20 * abs(v) ** 2:
        series += power / j
        power, j = power * v * v, j + 2
    return excess * v + 2 * cell * series


def _log_stirling_factor(m: int) -> float:
    """log(m! / (m/e)^m), which is 0 at m = 0."""
    if m < 16:  # noqa: PLR2004 (from here on five terms of Stirling's series reach the last digit)
        return math.lgamma(m + 1) - (m * math.log(m) - m if m else 0.0)
    series = math.fsum(c / float(m) ** (2 * i + 1) for i, c in enumerate(_STIRLING))
    return 0.5 * math.log(2 * math.pi * m) + series


def _fisher_p(k1: int, n1: int, k2: int, n2: int) -> float:
    population, total = n1 + n2, k1 + k2
    mode = _most_likely(n1, population, total)
    if k1 == mode:
        return 1.0
    if k1 < mode:  # count the negatives instead: the table seen then lies above the mode
        k1, total = n1 - k1, population - total
        mode = _most_likely(n1, population, total)
    limit = log_chance(k1, n1, population, total) + _FISHER_TIE
    low, high = max(0, n1 + total - population), mode + 1
    while low < high:  # the smallest count up to the mode that is likelier than the table seen
        middle = (low + high) // 2
        if log_chance(middle, n1, population, total) > limit:
            high = middle
        else:
            low = middle + 1
    at_most = _at_least(n1 - low + 1, n1, population, population - total)
    return min(1.0, _at_least(k1, n1, population, total) + at_most)
