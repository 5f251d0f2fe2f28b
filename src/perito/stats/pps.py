"""Totals from samples in which an item's chance depended on its size: its views, or its score.

With replacement the estimator of Hansen and Hurwitz applies. Without replacement the variance needs the
chance that two items are drawn together: exact where the design gives it (Horvitz-Thompson, Yates-Grundy),
else approximated from the single chances (Brewer, Hartley-Rao).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from perito.errors import StatsError
from perito.stats.columns import SMALLEST_DIVISOR, exact_sum, numbers, one_of, refuse_where, same_length
from perito.stats.design import DesignEstimate, student_quantile
from perito.stats.interval import Interval, shown

if TYPE_CHECKING:
    import numpy.typing as npt

    from perito.stats.columns import Floats

__all__ = ["hansen_hurwitz", "pps_total"]

Variance = Literal["brewer", "hartley-rao", "horvitz-thompson", "yates-grundy"]

_VARIANCES = ("brewer", "hartley-rao", "horvitz-thompson", "yates-grundy")
_ROUNDED = (
    1e-9  # relative error that joint probabilities may carry on their diagonal and between their halves
)


def hansen_hurwitz(
    y: npt.ArrayLike, draw_probabilities: npt.ArrayLike, level: float = 0.95
) -> DesignEstimate:
    """The population total from draws with replacement, each with a known chance of its own.

    Y = sum(y_i/p_i)/n; variance sum (y_i/p_i - Y)^2/(n (n-1)). Source: Hansen & Hurwitz 1943, Ann. Math.
    Statist. 14:333. Interval: Student's t, n - 1 degrees of freedom. If items were drawn by views, the share
    of positives among the draws is itself the share of views that went to them.

    Args:
        y: The quantity of every draw, in any order; an item drawn twice stands here twice.
        draw_probabilities: Chance of the item at one draw (its size over the sum of sizes in the population).
        level: Confidence level as a share.

    Returns:
        The estimate, in the unit of y.

    Raises:
        StatsError: Columns of different length or with less than two draws; chances outside (0, 1]; an
            impossible level.

    Example:
        >>> found = hansen_hurwitz([12, 30, 9], [0.1, 0.3, 0.1])
        >>> round(found.value, 6), round(found.standard_error, 6)
        (103.333333, 8.819171)
    """
    value_of, chance = _drawn(y, draw_probabilities, "draw_probabilities")
    n = len(value_of)
    expanded = value_of / chance
    total = exact_sum(expanded) / n
    variance = exact_sum((expanded - total) ** 2) / (n * (n - 1))
    return _estimate(total, variance, n, level, "hansen-hurwitz")


def pps_total(
    y: npt.ArrayLike,
    inclusion: npt.ArrayLike,
    variance: Variance = "brewer",
    *,
    joint: npt.ArrayLike | None = None,
    sum_of_squares: float | None = None,
    level: float = 0.95,
) -> DesignEstimate:
    """The population total from a sample without replacement with unequal chances.

    Y = sum x_i, x_i = y_i/pi_i (Horvitz & Thompson 1952, JASA 47:663). Its variance by

    - `brewer`: n/(n-1) sum (1-pi_i) (x_i - xbar)^2 (Brewer & Donadio 2003, Surv. Methodol. 29:189);
    - `hartley-rao`: sum_ij D_ij x_i x_j with D_ii = 1-pi_i and D_ij = 1 - (n - pi_i - pi_j + S)/(n-1), S the
      sum of all squared pi of the population over n (Hartley & Rao 1962, Ann. Math. Statist. 33:350);
    - `horvitz-thompson`: sum_ij (1 - pi_i pi_j/pi_ij) x_i x_j;
    - `yates-grundy`: the sum over pairs of (pi_i pi_j/pi_ij - 1) (x_i - x_j)^2 (Yates & Grundy 1953).

    Interval: Student's t, n - 1 degrees of freedom.

    Args:
        y: The quantity of every item drawn.
        inclusion: Its chance of being in the sample.
        variance: The variance estimator.
        joint: For the last two: the chance of every pair, as a table; `inclusion` on its diagonal.
        sum_of_squares: For `hartley-rao`: sum of the squared inclusion chances of the whole population; None
            to estimate it by the sum of the chances in the sample.
        level: Confidence level as a share.

    Returns:
        The estimate, in the unit of y.

    Raises:
        StatsError: Columns of different length or with less than two items; chances outside (0, 1]; an
            unknown variance, or one without the joint chances it needs; joint chances that fit no design; a
            variance below 0, which Horvitz-Thompson and Hartley-Rao can yield.

    Example:
        >>> found = pps_total([12, 30, 9], [0.3, 0.9, 0.3])
        >>> round(found.value, 6), round(found.standard_error, 6)
        (103.333333, 7.302967)
    """
    value_of, chance = _drawn(y, inclusion, "inclusion")
    one_of("unknown variance of a total", variance, _VARIANCES)
    expanded = value_of / chance
    if variance == "brewer":
        spread = _brewer(expanded, chance)
    elif variance == "hartley-rao":
        spread = _quadratic(_hartley_rao(chance, sum_of_squares), expanded)
    else:
        pairs = 1 - np.outer(chance, chance) / _joint(joint, chance, variance)
        spread = (
            _quadratic(pairs, expanded) if variance == "horvitz-thompson" else _yates_grundy(pairs, expanded)
        )
    return _estimate(exact_sum(expanded), spread, len(chance), level, variance)


def _drawn(y: npt.ArrayLike, chances: npt.ArrayLike, name: str) -> tuple[Floats, Floats]:
    value_of, chance = numbers("y", y), numbers(name, chances)
    same_length(("y", value_of), (name, chance))
    wrong = (chance < SMALLEST_DIVISOR) | (chance > 1)
    refuse_where(f"chances in '{name}' outside their range", wrong, chance, expected="above 0 and at most 1")
    if len(chance) == 1:
        raise StatsError("one draw has no spread", expected="at least two draws", found="1")
    return value_of, chance


def _brewer(expanded: Floats, chance: Floats) -> float:
    n = len(chance)
    mean = exact_sum(expanded) / n
    return n / (n - 1) * exact_sum((1 - chance) * (expanded - mean) ** 2)


def _hartley_rao(chance: Floats, sum_of_squares: float | None) -> Floats:
    n = len(chance)
    squares = (
        exact_sum(chance) if sum_of_squares is None else float(numbers("sum_of_squares", [sum_of_squares])[0])
    )
    if squares < exact_sum(chance**2):
        raise StatsError(
            "the squared chances of the population cannot add up to less than those of the sample",
            expected=f"'sum_of_squares' of at least {exact_sum(chance**2):.6g}",
            found=shown(sum_of_squares),
        )
    pairs = 1 - (n - chance[:, np.newaxis] - chance + squares / n) / (n - 1)
    np.fill_diagonal(pairs, 1 - chance)
    return pairs


def _joint(joint: npt.ArrayLike | None, chance: Floats, variance: str) -> Floats:
    if joint is None:
        raise StatsError(
            f"the {variance} variance needs the chance of every pair",
            expected="'joint', a table of items by items",
            remedy="use 'brewer' if the design does not give them",
        )
    table = numbers("joint", joint, dimensions=2)
    same_length(("inclusion", chance), ("joint", table), ("joint, across", table.T))
    diagonal = abs(np.diagonal(table) - chance) > _ROUNDED * chance
    refuse_where("joint chances whose diagonal is not 'inclusion'", diagonal, np.diagonal(table))
    # Both items are in the sample at most as often as the rarer of the two.
    highest = np.minimum(chance[:, np.newaxis], chance) * (1 + _ROUNDED)
    wrong = (table < SMALLEST_DIVISOR) | (table > highest) | (abs(table - table.T) > _ROUNDED * highest)
    refuse_where(
        "joint chances that fit no design",
        wrong,
        table,
        expected="above 0, at most the smaller of the two single chances, and the same both ways",
    )
    return table


def _quadratic(pairs: Floats, expanded: Floats) -> float:
    return exact_sum(pairs * np.outer(expanded, expanded))


def _yates_grundy(pairs: Floats, expanded: Floats) -> float:
    return -exact_sum(pairs * (expanded[:, np.newaxis] - expanded) ** 2) / 2


def _estimate(total: float, variance: float, n: int, level: float, method: str) -> DesignEstimate:
    if variance < 0:
        raise StatsError(
            f"the {method} variance came out below 0",
            found=f"{variance:.6g}",
            remedy="use 'brewer', which cannot, or 'yates-grundy'",
        )
    error = math.sqrt(variance)
    reach = student_quantile(level, n - 1) * error
    interval = Interval(total - reach, total + reach, float(level), f"{method}, t with {n - 1} df")
    return DesignEstimate(total, interval, error, n - 1, None)
