"""Intervals of a share under a sampling design: Korn-Graubard, and four that survey software prints with it.

All rest on the linearised variance of the share. Korn-Graubard turns it into the number of independent draws
that would give the same variance (the effective size) and puts that into the exact binomial interval, so it
never leaves 0 to 1 and still has an upper end when nothing was found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from scipy import optimize, special

from perito.errors import StatsError
from perito.stats.columns import numbers, one_of, refuse_where
from perito.stats.design import Design, DesignEstimate, design_mean, sampling_design, student_quantile
from perito.stats.interval import Interval, half_alpha

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

__all__ = ["ShareEstimate", "beta_interval", "degrees_factor", "design_share", "korn_graubard"]

_ROUNDING = 1e-9  # of the error of a simple random sample; real designs are never that good

Method = Literal["korn-graubard", "logit", "arcsine", "likelihood", "wald"]


@dataclass(frozen=True, slots=True)
class ShareEstimate(DesignEstimate):
    """A share from a sampling design, with the number of independent draws that would tell as much.

    Args:
        effective_size: p q/v (t_{n-1}/t_df)^2; infinite for a full count.

    Example:
        >>> ShareEstimate(0.5, None, 0.1, 9, None, 25.0).effective_size
        25.0
    """

    effective_size: float


def korn_graubard(
    y: npt.ArrayLike,
    weights: npt.ArrayLike,
    strata: Sequence[object] | npt.ArrayLike | None = None,
    clusters: Sequence[object] | npt.ArrayLike | None = None,
    fpc: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> ShareEstimate:
    """The share of positives in the population, with the Korn-Graubard interval.

    n_eff = p q/v (t_{n-1}/t_df)^2, v the design-based variance of p, df = clusters - strata, t the Student
    quantiles at 1 - a/2; then the Clopper-Pearson ends for n_eff p positives among n_eff draws. Source: Korn
    & Graubard 1998, Surv. Methodol. 24:193. The effective size is not capped at n, as in R's `svyciprop`.
    Where v = 0 although not everything was read (nothing found, or only positives), n_eff is the size that
    the weights alone leave, (sum w)^2/sum(w^2), times the same factor; a full count has no interval but its
    value.

    In simulated stratified samples of a rare class it covers .86 to .96 at a nominal .95: prefer `fay_feuer`
    there, and this one for samples in clusters.

    Args:
        y: 1 (or True) for every positive, 0 (or False) for every other item.
        weights: Population items that each item stands for (one over its inclusion probability).
        strata: Stratum of every item; None for one stratum.
        clusters: Cluster of every item, or a table with one column a stage of drawing.
        fpc: Units that the item's stratum holds in the population, or the share of them that was drawn (see
            `perito.stats.design.sampling_design`).
        level: Confidence level as a share.

    Returns:
        The estimate; value and ends lie in [0, 1].

    Raises:
        StatsError: A y that is neither 0 nor 1; a design that `sampling_design` refuses; an impossible
            level.

    Example:
        >>> found = korn_graubard([0, 0, 1, 0, 1, 1], [10, 10, 10, 2, 2, 2], list("aaabbb"))
        >>> round(found.value, 4), round(found.interval.low, 4), round(found.interval.high, 4)
        (0.3889, 0.0094, 0.9479)
    """
    return design_share(y, weights, strata, clusters, fpc, level, method="korn-graubard")


def design_share(
    y: npt.ArrayLike,
    weights: npt.ArrayLike,
    strata: Sequence[object] | npt.ArrayLike | None = None,
    clusters: Sequence[object] | npt.ArrayLike | None = None,
    fpc: npt.ArrayLike | None = None,
    level: float = 0.95,
    *,
    method: Method = "korn-graubard",
) -> ShareEstimate:
    """The share of positives in the population, with one of the intervals of survey software.

    With t Student's quantile at clusters - strata degrees of freedom: `logit` transforms p -+ t se on the
    log-odds scale, `arcsine` on that of asin(sqrt(p)), `wald` not at all; `likelihood` holds every P with
    2 m (p log(p/P) + q log(q/(1-P))) <= t^2, m = (p q/v)(n-1)/n (Rao & Scott 1984). For comparison with
    R's `svyciprop`, whose likelihood ends are read off a coarse curve and so differ by up to 2e-4 of the
    half-width; `korn_graubard` is the one to report.

    Args:
        y: 1 (or True) for every positive, 0 (or False) for every other item.
        weights: As in `korn_graubard`.
        strata: As in `korn_graubard`.
        clusters: As in `korn_graubard`.
        fpc: As in `korn_graubard`.
        level: Confidence level as a share.
        method: The interval.

    Returns:
        The estimate; `wald` ends may leave [0, 1].

    Raises:
        StatsError: As `korn_graubard`; an unknown method; a variance of 0, of which only Korn-Graubard can
            make something.

    Example:
        >>> found = design_share([0, 1, 1, 0], [5, 5, 5, 5], method="logit")
        >>> round(found.interval.low, 4), round(found.interval.high, 4)
        (0.0247, 0.9753)
    """
    positive = numbers("y", y)
    refuse_where(
        "labels that are neither 0 nor 1",
        (positive != 0) & (positive != 1),
        positive,
        remedy="decide first what an item without a clear label counts as",
    )
    one_of("unknown interval of a share", method, _METHODS)
    mean = design_mean(positive, weights, strata, clusters, fpc, level)
    share = min(1.0, max(0.0, mean.value))
    # A spread that is only rounding (all items of a stratum alike) would pass for perfect knowledge.
    rounding = _ROUNDING * math.sqrt(share * (1 - share) / len(positive))
    df, error = mean.degrees_of_freedom, mean.standard_error if mean.standard_error > rounding else 0.0
    size = _effective_size(share, error, sampling_design(weights, strata, clusters, fpc), level)
    if method == "korn-graubard":
        interval = beta_interval(share, size, level, f"korn-graubard, {df} df")
    else:
        reach = student_quantile(level, max(df, 1)) * error
        low, high = _ends(method, share, reach, len(positive))
        interval = Interval(low, high, float(level), f"{method}, {df} df")
    return ShareEstimate(share, interval, error, df, mean.design_effect, size)


def beta_interval(share: float, size: float, level: float, method: str) -> Interval:
    """The exact binomial interval for share times size positives among `size` draws, neither a whole number.

    Beta(a/2; x, n-x+1) to Beta(1-a/2; x+1, n-x); 0 and 1 where the share is 0 and 1, and the share alone if
    the size is infinite.

    Example:
        >>> ends = beta_interval(0.15, 20.0, 0.95, "effective")
        >>> round(ends.low, 6), round(ends.high, 6)
        (0.032071, 0.378927)
    """
    tail = float(half_alpha(level))
    if math.isinf(size):
        return Interval(share, share, float(level), method)
    positives, others = share * size, (1 - share) * size
    low = 0.0 if share == 0 else float(special.betaincinv(positives, others + 1, tail))
    high = 1.0 if share == 1 else float(special.betainccinv(positives + 1, others, tail))
    return Interval(low, high, float(level), method)


def degrees_factor(level: float, n: int, degrees_of_freedom: int) -> float:
    """What few clusters take from the effective size: (t_{n-1}/t_df)^2.

    Example:
        >>> round(degrees_factor(0.95, 183, 14), 4)
        0.8463
    """
    few = student_quantile(level, max(degrees_of_freedom, 1))
    # At a level next to 0 both quantiles are 0, and so is the difference between them.
    return (student_quantile(level, max(n - 1, 1)) / few) ** 2 if few else 1.0


def _effective_size(share: float, error: float, design: Design, level: float) -> float:
    if design.is_full_count:
        return math.inf
    n = len(design.weights)
    factor = degrees_factor(level, n, design.degrees_of_freedom)
    if error == 0:
        return float(design.weights.sum() ** 2 / (design.weights**2).sum()) * factor
    return share * (1 - share) / error**2 * factor


def _ends(method: str, share: float, reach: float, n: int) -> tuple[float, float]:
    if reach == 0:
        raise StatsError(
            f"the {method} interval needs a variance",
            expected="a share whose estimated variance is above 0",
            found=f"share {share:g} with variance 0",
            remedy="use korn_graubard or fay_feuer, which hold when nothing was found",
        )
    if method == "likelihood":
        return _likelihood(share, reach * math.sqrt(n / (n - 1)))
    return _TRANSFORMED[method](share, reach)


def _wald(share: float, reach: float) -> tuple[float, float]:
    return share - reach, share + reach


def _logit(share: float, reach: float) -> tuple[float, float]:
    centre, reach = special.logit(share), reach / (share * (1 - share))
    return float(special.expit(centre - reach)), float(special.expit(centre + reach))


def _arcsine(share: float, reach: float) -> tuple[float, float]:
    centre, reach = math.asin(math.sqrt(share)), reach / (2 * math.sqrt(share * (1 - share)))
    low, high = max(0.0, centre - reach), min(math.pi / 2, centre + reach)
    return math.sin(low) ** 2, math.sin(high) ** 2


def _likelihood(share: float, reach: float) -> tuple[float, float]:
    limit = reach**2 / (2 * share * (1 - share))
    centre = float(special.logit(share))

    def excess(log_odds: float) -> float:
        lost_yes = special.log_expit(centre) - special.log_expit(log_odds)
        lost_no = special.log_expit(-centre) - special.log_expit(-log_odds)
        return float(share * lost_yes + (1 - share) * lost_no - limit)

    # Far out the loss grows by min(p, q) for every unit of the log-odds, so the root lies within this.
    widest = (limit + math.log(2)) / min(share, 1 - share) + abs(centre)
    low = optimize.brentq(excess, centre - widest, centre, xtol=1e-14)
    high = optimize.brentq(excess, centre, centre + widest, xtol=1e-14)
    return float(special.expit(low)), float(special.expit(high))


_TRANSFORMED: dict[str, Callable[[float, float], tuple[float, float]]] = {
    "logit": _logit,
    "arcsine": _arcsine,
    "wald": _wald,
}
_METHODS = ("korn-graubard", "likelihood", *_TRANSFORMED)
