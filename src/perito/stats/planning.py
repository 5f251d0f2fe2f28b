"""How many labels a question needs, and where to spend them: sizes, strata by score, allocation.

The default plan of the method sheet: cut the score into strata by Dalenius and Hodges, give half of the
labels to the strata by their size and half by their expected spread, at least 20 to each. A plan needs a
guess of the share; the guess decides only what the labels cost, never what the estimate says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perito.errors import StatsError
from perito.stats.columns import counts, exact_sum, numbers, refuse_where, same_length
from perito.stats.interval import as_written, half_alpha, real_or_nan, shown, whole_count
from perito.stats.proportion import exact_total, normal_quantile

if TYPE_CHECKING:
    import numpy.typing as npt

    from perito.stats.columns import Floats, Integers

__all__ = [
    "Strata",
    "half_proportional",
    "labels_for_precision",
    "labels_to_exclude",
    "score_strata",
    "stratified_precision",
]

_SMALLEST = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Strata:
    """Strata cut from a score, in ascending order: the first one holds what the score thinks is harmless.

    Args:
        stratum: Position of the stratum of every item, from 0.
        populations: Items of every stratum.
        mean_scores: Mean score of every stratum.
        lower_scores: Smallest score in every stratum.

    Example:
        >>> score_strata([0.01, 0.02, 0.5, 0.9], strata=2).populations.tolist()
        [3, 1]
    """

    stratum: Integers
    populations: Integers
    mean_scores: Floats
    lower_scores: Floats


def labels_for_precision(
    share: float,
    population: int,
    relative_error: float,
    level: float = 0.95,
    *,
    sensitivity: float = 1.0,
    specificity: float = 1.0,
) -> float:
    """How many labels of a simple random sample estimate a share to a relative half-width.

    n0 = z^2 AP (1-AP)/((Se+Sp-1)^2 (e p)^2), AP = Se p + (1-Sp)(1-p) the share that would be flagged, and for
    the finite population n0/(1 + (n0-1)/N). With perfect labels n0 = z^2 (1-p)/(p e^2) (Cochran 1977, 4.4;
    Humphry, Cameron & Gunn 2004, Prev. Vet. Med. 65:173). Not rounded: take the next whole number.

    Args:
        share: The guessed share of positives, in (0, 1).
        population: Items in the population.
        relative_error: Half-width of the interval over the share (0.1 for 10 %).
        level: Confidence level as a share.
        sensitivity: Share of the positives that are flagged.
        specificity: Share of the negatives that are not flagged.

    Returns:
        Labels; at most the population.

    Raises:
        StatsError: A share or relative error outside its range; labels no better than chance; an impossible
            population or level.

    Example:
        >>> round(labels_for_precision(0.0074, 812_000, 0.1), 4)
        48452.8261
    """
    p = _between_0_and_1("share", share)
    se, sp = _between_0_and_1("sensitivity", sensitivity, 1), _between_0_and_1("specificity", specificity, 1)
    youden = se + sp - 1
    if youden <= 0:
        raise StatsError(
            "labels no better than chance need more than any number of labels",
            expected="sensitivity + specificity above 1",
            found=f"{se + sp:.6g}",
        )
    population = whole_count("population", population, smallest=1)
    error = _between_0_and_1("relative_error", relative_error)
    flagged = se * p + (1 - sp) * (1 - p)
    infinite = normal_quantile(level) ** 2 * flagged * (1 - flagged) / (youden * error * p) ** 2
    return infinite / (1 + (infinite - 1) / population) if infinite > 1 else 1.0


def labels_to_exclude(share: float, level: float = 0.95, population: int | None = None) -> int:
    """How many labels, all of them negative, show that a class is rarer than a share.

    The smallest n for which nothing found leaves the upper end of the interval at or below the share: that of
    `clopper_pearson`, (1-p)^n <= a/2, or, where the population is known, that of `exact_total`. Also the size
    of a validation set without a false alarm that shows a specificity of 1 - share.

    Args:
        share: The share to exclude, in (0, 1).
        level: Confidence level as a share; the interval is two-sided, a = 1 - level.
        population: Items in the population, if it is known.

    Returns:
        Labels.

    Raises:
        StatsError: A share or level outside (0, 1); an impossible population.

    Example:
        >>> labels_to_exclude(0.001), labels_to_exclude(0.001, population=20_000)
        (3688, 3221)
    """
    p, tail = _between_0_and_1("share", share), float(half_alpha(level))
    if population is None:
        return max(1, math.ceil(math.log(tail) / math.log1p(-p)))
    population = whole_count("population", population, smallest=1)
    allowed = math.floor(as_written(p) * population)
    low, high = 1, population
    while low < high:
        middle = (low + high) // 2
        if exact_total(0, middle, population, level).high <= allowed:
            high = middle
        else:
            low = middle + 1
    return low


def score_strata(scores: npt.ArrayLike, strata: int = 8) -> Strata:
    """Strata of the population, cut so that each holds an equal part of sum sqrt(f (1-f)) over sorted scores.

    The rule of Dalenius & Hodges 1959 (JASA 54:88) on the score, as for a share the spread at score f is
    sqrt(f (1-f)). Strata of equal size would lose most of the gain. Items with equal scores stay together, so
    the cut depends on no order of the rows, and fewer strata than asked for may come out.

    Args:
        scores: A calibrated score of every item of the population, from 0 to 1.
        strata: The number of strata, at least 1.

    Returns:
        The strata, in ascending order of the score.

    Raises:
        StatsError: Scores that are missing or outside [0, 1] (counted and shown); an impossible number.

    Example:
        >>> found = score_strata([0.001] * 90 + [0.2] * 8 + [0.9] * 4, strata=3)
        >>> found.populations.tolist(), found.lower_scores.tolist()
        ([90, 8, 4], [0.001, 0.2, 0.9])
    """
    score = numbers("scores", scores)
    refuse_where("scores outside their range", (score < 0) | (score > 1), score, expected="0 to 1")
    wanted = whole_count("strata", strata, smallest=1)
    distinct, position, held = np.unique(score, return_inverse=True, return_counts=True)
    spread = np.sqrt(distinct * (1 - distinct)) * held
    reached = np.cumsum(spread)
    # Where all scores are 0 or 1 there is no spread to share out: cut between them.
    if reached[-1] == 0:
        spread = held.astype(np.float64)
        reached = np.cumsum(spread)
    part = np.minimum((reached - spread / 2) / reached[-1] * wanted, wanted - 1).astype(np.int64)
    _, of_distinct = np.unique(part, return_inverse=True)
    stratum = of_distinct[position]
    populations = np.bincount(stratum)
    first = np.unique(of_distinct, return_index=True)[1]
    return Strata(stratum, populations, np.bincount(stratum, score) / populations, distinct[first])


def half_proportional(
    n: int,
    populations: npt.ArrayLike,
    mean_scores: npt.ArrayLike,
    *,
    proportional_share: float = 0.5,
    smallest: int = 20,
) -> Integers:
    """How many of n labels go to each stratum: half by its size, half by its expected spread.

    n_h = max(20, floor(n (m W_h + (1-m) a_h))), a_h in proportion to W_h sqrt(fbar_h (1-fbar_h)), m = 1/2,
    never more than the stratum holds; then the largest strata give back what exceeds n, and what is left over
    is spread in the same proportions. The proportional half is what keeps the interval right when the score
    is blind to some positives.

    Args:
        n: Labels to spend.
        populations: Items of every stratum.
        mean_scores: Mean calibrated score of every stratum, from 0 to 1.
        proportional_share: The part m that follows the size of the strata, from 0 to 1.
        smallest: The least number for a stratum that holds as many.

    Returns:
        Labels for every stratum; they add up to n, or to the population if that is smaller.

    Raises:
        StatsError: Impossible counts or scores; a budget that does not reach for the smallest number in every
            stratum.

    Example:
        >>> half_proportional(2_000, [180_000, 15_000, 5_000], [0.0005, 0.02, 0.5]).tolist()
        [1367, 318, 315]
    """
    held, score = counts("populations", populations), numbers("mean_scores", mean_scores)
    same_length(("populations", held), ("mean_scores", score))
    refuse_where("scores outside their range", (score < 0) | (score > 1), score, expected="0 to 1")
    mix = _between_0_and_1("proportional_share", proportional_share, 0, 1)
    population = whole_count("population", int(held.sum()), smallest=1)
    budget = min(whole_count("n", n, smallest=1), population)
    least = np.minimum(held, whole_count("smallest", smallest, smallest=1))
    if least.sum() > budget:
        raise StatsError(
            "the budget does not reach for the smallest number of labels in every stratum",
            expected=f"n of at least {least.sum()}",
            found=str(budget),
            remedy="spend more, or cut fewer strata",
        )
    size, spread = held / population, held * np.sqrt(score * (1 - score))
    wish = budget * (mix * size + (1 - mix) * (spread / spread.sum() if spread.any() else size))
    drawn = np.clip(np.floor(wish).astype(np.int64), least, held)
    return _balanced(drawn, wish, least, held, budget)


def stratified_precision(
    n: npt.ArrayLike, populations: npt.ArrayLike, mean_scores: npt.ArrayLike, level: float = 0.95
) -> float:
    """The relative half-width that a stratified plan can be expected to reach.

    z sqrt(sum W_h^2 (1-f_h) fbar_h (1-fbar_h)/n_h) / sum W_h fbar_h: the normal approximation at the shares
    that the score predicts; a gamma interval is somewhat wider, much wider where few positives are expected.

    Args:
        n: Labels for every stratum, at least 1 where it holds items.
        populations: Items of every stratum.
        mean_scores: Mean calibrated score of every stratum, from 0 to 1.
        level: Confidence level as a share.

    Returns:
        Half-width over the expected share (0.1 for 10 %).

    Raises:
        StatsError: Impossible counts or scores; a stratum without a label; no positives expected anywhere.

    Example:
        >>> round(stratified_precision([1_367, 318, 315], [180_000, 15_000, 5_000], [0.0005, 0.02, 0.5]), 3)
        0.142
    """
    drawn, held, score = (
        counts("n", n),
        counts("populations", populations),
        numbers("mean_scores", mean_scores),
    )
    same_length(("populations", held), ("n", drawn), ("mean_scores", score))
    refuse_where("scores outside their range", (score < 0) | (score > 1), score, expected="0 to 1")
    refuse_where("strata without a label", (drawn == 0) & (held > 0), held)
    refuse_where("more labels than items", drawn > held, drawn)
    expected = exact_sum(held * score)
    if expected == 0:
        raise StatsError(
            "no positives are expected: a relative precision has no meaning", found="scores of 0"
        )
    factor = held.astype(np.float64) * (held - drawn) / np.maximum(drawn, 1)
    variance = exact_sum(factor * score * (1 - score))
    return normal_quantile(level) * math.sqrt(variance) / expected


def _balanced(drawn: Integers, wish: Floats, least: Integers, held: Integers, budget: int) -> Integers:
    """The sizes moved to the budget one label at a time: down from the largest, up where most is missing."""
    drawn = drawn.copy()
    while drawn.sum() > budget:
        drawn[np.argmax(np.where(drawn > least, drawn, -1))] -= 1
    while drawn.sum() < budget:
        drawn[np.argmax(np.where(drawn < held, wish / (drawn + 1), -np.inf))] += 1
    return drawn


def _between_0_and_1(name: str, value: float, *included: int) -> float:
    number = real_or_nan(value)
    if not _SMALLEST <= number < 1 and number not in included:
        ends = f"{' and '.join(map(str, included))} included" if included else "ends excluded"
        raise StatsError(
            f"'{name}' is out of range",
            expected=f"between 0 and 1, {ends}, not below {_SMALLEST:g}",
            found=shown(value),
        )
    return number
