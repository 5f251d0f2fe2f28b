"""Shares and totals from counts by stratum, and from labels in two phases: what a database returns is enough.

The estimators of `perito.stats.design` want one row an item. Where only the counts of every stratum are kept
(items held, items read, positives), the same numbers follow from them, here in exact fractions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from perito.stats.columns import counts, refuse_where, same_length
from perito.stats.interval import Interval, whole_count
from perito.stats.korn_graubard import ShareEstimate, beta_interval, degrees_factor

if TYPE_CHECKING:
    import numpy.typing as npt

    from perito.stats.columns import Integers

__all__ = ["stratified_share", "stratified_total", "two_phase_share"]


def stratified_share(
    k: npt.ArrayLike, n: npt.ArrayLike, populations: npt.ArrayLike, level: float = 0.95
) -> ShareEstimate:
    """The share of positives from counts by stratum, with the Korn-Graubard interval.

    sum W_h p_h, W_h = N_h/N, p_h = k_h/n_h; variance sum W_h^2 (1-f_h) p_h q_h/(n_h-1) (Cochran 1977, 5.3).
    The same numbers as `korn_graubard` on the items themselves; for a rare class prefer `fay_feuer`.

    Args:
        k: Positives found in every stratum.
        n: Items drawn at random in every stratum.
        populations: Items that every stratum holds.
        level: Confidence level as a share.

    Returns:
        The estimate; value and ends lie in [0, 1].

    Raises:
        StatsError: Impossible counts; a stratum that was not sampled (refusal R5) or of which only one item
            was read; an impossible level.

    Example:
        >>> found = stratified_share([1, 4, 9], [600, 300, 100], [85_000, 10_000, 5_000])
        >>> round(found.value, 6), round(found.interval.low, 6), round(found.interval.high, 6)
        (0.00725, 0.003719, 0.012706)
    """
    groups = _groups(counts("k", k), counts("n", n), counts("populations", populations), "populations")
    return _estimate(groups, _within(groups), level, is_full_count=_all_read(groups))


def stratified_total(
    k: npt.ArrayLike, n: npt.ArrayLike, populations: npt.ArrayLike, level: float = 0.95
) -> ShareEstimate:
    """The number of positives from counts by stratum: `stratified_share` times the population.

    Args:
        k: Positives found in every stratum.
        n: Items drawn at random in every stratum.
        populations: Items that every stratum holds.
        level: Confidence level as a share.

    Returns:
        The estimate, as a number of items.

    Raises:
        StatsError: As `stratified_share`.

    Example:
        >>> found = stratified_total([1, 4, 9], [600, 300, 100], [85_000, 10_000, 5_000])
        >>> round(found.value, 6), round(found.interval.low), round(found.interval.high)
        (725.0, 372, 1271)
    """
    groups = _groups(counts("k", k), counts("n", n), counts("populations", populations), "populations")
    held = sum(group.held for group in groups)
    return _estimate(groups, _within(groups), level, times=held, is_full_count=_all_read(groups))


def two_phase_share(
    k: npt.ArrayLike,
    second: npt.ArrayLike,
    first: npt.ArrayLike,
    population: int | None = None,
    level: float = 0.95,
) -> ShareEstimate:
    """The share of positives when a first look sorts a random sample and part of each group is labelled.

    With n = sum n_h items in the first phase, of which group h (say "flagged by the first reader") holds n_h
    and m_h are labelled: p = sum w_h p_h, w_h = n_h/n, p_h = k_h/m_h. Unbiased variance
    V2 + (1-f) (p q + V2)/(n-1), V2 = sum w_h^2 (1-m_h/n_h) p_h q_h/(m_h-1), f = n/N, which is that of double
    sampling for stratification for 0 and 1 (Cochran 1977, 12.3; Sarndal, Swensson & Wretman 1992, 9.4).
    Interval: Korn-Graubard on that variance with sum m_h - H degrees of freedom.

    Args:
        k: Positives among the labelled items of every group.
        second: Labelled items of every group.
        first: Items of the first phase that fell into every group.
        population: Items from which the first phase was drawn at random; None if it is so large that the
            correction does not matter.
        level: Confidence level as a share.

    Returns:
        The estimate; value and ends lie in [0, 1].

    Raises:
        StatsError: Impossible counts; a group without a labelled item, or with only one of several labelled;
            an impossible level.

    Example:
        >>> found = two_phase_share([40, 2], [50, 200], [50, 1_950])
        >>> round(found.value, 5), round(found.standard_error, 5)
        (0.02975, 0.00754)
    """
    groups = _groups(counts("k", k), counts("second", second), counts("first", first), "first")
    n = sum(group.held for group in groups)
    fraction = Fraction(0)
    if population is not None:
        fraction = Fraction(n, whole_count("population", population, smallest=n))
    share, within = _share(groups), _within(groups)
    variance = within + (1 - fraction) * (share * (1 - share) + within) / max(n - 1, 1)
    return _estimate(groups, variance, level, is_full_count=fraction == 1 and _all_read(groups))


@dataclass(frozen=True, slots=True)
class _Group:
    found: int
    drawn: int
    held: int


def _groups(found: Integers, drawn: Integers, held: Integers, held_name: str) -> list[_Group]:
    same_length(("k", found), ("n", drawn), (held_name, held))
    refuse_where("more positives than items drawn", found > drawn, found, expected="k <= n in every stratum")
    refuse_where("more items drawn than held", drawn > held, drawn, expected=f"n <= '{held_name}'")
    refuse_where(
        "part of the population could not have been sampled: strata without a single item drawn",
        (drawn == 0) & (held > 0),
        held,
        remedy="draw in these strata, or restrict the population to the others and say so",
    )
    refuse_where(
        "strata of which only one item was drawn: their variance cannot be known",
        (drawn == 1) & (held > 1),
        held,
        remedy="join such a stratum with its neighbour, or draw more in it",
    )
    refuse_where("strata that all hold nothing", np.array([not held.any()]), held.sum(keepdims=True))
    columns = zip(found.tolist(), drawn.tolist(), held.tolist(), strict=True)
    return [_Group(*entry) for entry in columns if entry[2] > 0]


def _share(groups: list[_Group]) -> Fraction:
    total = sum(Fraction(g.found, g.drawn) * g.held for g in groups)
    return Fraction(total) / sum(g.held for g in groups)


def _within(groups: list[_Group]) -> Fraction:
    """Variance of the weighted share that comes from not reading everything in each group."""
    squares = Fraction(0)
    for g in groups:
        spread = Fraction(g.found * (g.drawn - g.found), g.drawn**2 * max(g.drawn - 1, 1))
        squares += g.held * (g.held - g.drawn) * spread
    return squares / sum(g.held for g in groups) ** 2


def _all_read(groups: list[_Group]) -> bool:
    return all(g.drawn == g.held for g in groups)


def _estimate(
    groups: list[_Group], variance: Fraction, level: float, *, is_full_count: bool, times: int = 1
) -> ShareEstimate:
    share, n = _share(groups), sum(g.drawn for g in groups)
    df = n - len(groups)
    size = math.inf if is_full_count else _effective_size(groups, share, variance)
    size *= degrees_factor(level, n, df)
    ends = beta_interval(float(share), size, level, f"korn-graubard, {df} df")
    interval = Interval(times * ends.low, times * ends.high, ends.level, ends.method)
    return ShareEstimate(float(times * share), interval, times * math.sqrt(variance), df, None, size)


def _effective_size(groups: list[_Group], share: Fraction, variance: Fraction) -> float:
    if variance == 0:
        held = sum(g.held for g in groups)
        return float(held**2 / sum(Fraction(g.held**2, g.drawn) for g in groups))
    return float(share * (1 - share) / variance)
