"""An interval of the share that holds at every look, from draws whose chances followed views or scores.

Whoever doubts a share m bets against it, draw by draw, at fair odds; a true share lets nobody grow rich. The
shares against which a stake of 1 has never grown to 1/alpha are kept.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from perito.errors import StatsError
from perito.stats.columns import exact_sum, numbers, refuse_where, same_length
from perito.stats.interval import Estimate, Interval, half_alpha, real_or_nan, shown, whole_count

if TYPE_CHECKING:
    import numpy.typing as npt

    from perito.stats.columns import Floats

__all__ = ["pps_betting"]

_TRUNCATION = 0.5  # no bet risks more than this part of the stake
_HALVINGS = 60
_ROUNDED = 1e-9


def pps_betting(
    y: npt.ArrayLike,
    draw_probabilities: npt.ArrayLike,
    population: int,
    uniform_share: float,
    level: float = 0.95,
    *,
    planned: int | None = None,
) -> Estimate:
    """The share of positives from draws with unequal chances; the interval holds at every look.

    Draws are with replacement. x_i = y_i/(N pi_i) has the share as its mean and lies in [0, B],
    B = 1/(uniform share), because every item keeps at least that part of an equal chance 1/N. Two bettors
    hold half the stake each, one against smaller and one against larger means m of x/B; their stakes are the
    products of 1 +- l_t (x_t/B - m), the bet l_t truncated at c/m and c/(1-m), c = 1/2. Kept are the m
    against which neither ever reached 1/alpha. The bet l_t = sqrt(2 log(2/alpha)/(s^2 T)) uses the variance
    s^2 of the draws before (a first guess of 1/4 counts as one draw); T is the planned number of draws, or
    t log(1+t) where none was planned. Source: Waudby-Smith & Ramdas 2024, JRSS B 86:1 (hedged capital,
    predictable plug-in).

    Do not subtract a control variate from y: it multiplies the range and widens the interval.

    Args:
        y: 1 (or True) for every positive, 0 otherwise, **in the order of drawing**.
        draw_probabilities: Chance of the item at one draw.
        population: Items in the population.
        uniform_share: The part of the chances that was given out equally, above 0 and at most 1 (1: a simple
            random sample).
        level: Confidence level as a share: the chance that the true share is inside at all looks.
        planned: Number of draws at which the interval shall be narrowest, fixed before the first label and
            the same at every look. Looks before and after it stay valid.

    Returns:
        The estimate (mean of x, at most 1) and its interval in [0, 1].

    Raises:
        StatsError: Columns of different length; a y that is neither 0 nor 1; chances below the uniform part
            or above 1; an impossible population, uniform share, plan or level.

    Example:
        >>> found = pps_betting([0, 1, 0, 1, 1] * 40, [0.01] * 200, 100, 1.0)
        >>> found.value, round(found.interval.low, 4), round(found.interval.high, 4)
        (0.6, 0.4764, 0.7078)
    """
    share = _uniform(uniform_share)
    chance = numbers("draw_probabilities", draw_probabilities)
    positive = numbers("y", y)
    same_length(("y", positive), ("draw_probabilities", chance))
    refuse_where("labels that are neither 0 nor 1", (positive != 0) & (positive != 1), positive)
    least = share / whole_count("population", population, smallest=1)
    refuse_where(
        "chances below the part that was given out equally, or above 1",
        (chance < least * (1 - _ROUNDED)) | (chance > 1),
        chance,
        expected=f"from {least:.6g} to 1",
        remedy="give the chances of the single draw, not of the sample",
    )
    payoff = np.minimum(positive * least / chance, 1.0)  # x/B
    alpha = float(2 * half_alpha(level))
    if planned is not None:
        planned = whole_count("planned", planned, smallest=1)
    bets = _bets(payoff, alpha, planned)
    low = _outermost(payoff, bets, alpha)
    high = 1 - _outermost(1 - payoff, bets, alpha)
    value = min(1.0, exact_sum(payoff) / len(payoff) / share)
    interval = Interval(
        min(low / share, value), max(min(high / share, 1.0), value), float(level), "pps betting"
    )
    return Estimate(value, interval)


def _uniform(share: float) -> float:
    if not 0 < real_or_nan(share) <= 1:
        raise StatsError(
            "the part of the chances that was given out equally is impossible",
            expected="a share above 0 and at most 1",
            found=shown(share),
            remedy="mix the chances with equal ones when the sample is drawn",
        )
    return float(share)


def _bets(payoff: Floats, alpha: float, planned: int | None) -> Floats:
    """The bets before truncation, each from the draws before it."""
    drawn = np.arange(1, len(payoff) + 1)
    mean = (0.5 + np.cumsum(payoff)) / (drawn + 1)
    variance = (0.25 + np.cumsum((payoff - mean) ** 2)) / (drawn + 1)
    before = np.concatenate(([0.25], variance[:-1]))
    horizon = drawn * np.log1p(drawn) if planned is None else planned
    bets: Floats = np.sqrt(2 * math.log(2 / alpha) / (before * horizon))
    return bets


def _outermost(payoff: Floats, bets: Floats, alpha: float) -> float:
    """The smallest mean against which the bettor on larger payoffs never reached 2/alpha; by halving."""
    goal = math.log(2 / alpha)
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        mean = (low + high) / 2
        stake = np.cumsum(np.log1p(np.minimum(bets, _TRUNCATION / mean) * (payoff - mean)))
        if stake.max() < goal:
            high = mean
        else:
            low = mean
    return low
