"""The error of any estimate, by computing it again with many sets of slightly changed weights.

For an estimate without a variance formula (a ratio after raking, a median, a share of shares) the sample is
taken apart by clusters: once for each cluster left out (jackknife), or by drawing clusters anew (bootstrap).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perito.errors import StatsError
from perito.stats.columns import exact_sum, refuse_where
from perito.stats.design import Design, DesignEstimate, sampling_design, student_quantile
from perito.stats.interval import Interval, whole_count

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from perito.stats.columns import Floats

__all__ = ["ReplicateWeights", "bootstrap_weights", "jackknife_weights", "replicate_estimate"]

_LARGEST_TABLE = 50_000_000


@dataclass(frozen=True, slots=True, eq=False)
class ReplicateWeights:
    """Sets of weights whose estimates spread as the estimate itself would.

    Args:
        full: The weights of the sample.
        replicates: One row a set, one column an item.
        scales: For every set, the factor of its squared distance in the variance.
        degrees_of_freedom: Clusters minus strata.
        method: How the sets were made.

    Example:
        >>> jackknife_weights([2.0, 2.0, 2.0]).replicates.tolist()
        [[0.0, 3.0, 3.0], [3.0, 0.0, 3.0], [3.0, 3.0, 0.0]]
    """

    full: Floats
    replicates: Floats
    scales: Floats
    degrees_of_freedom: int
    method: str


def jackknife_weights(
    weights: npt.ArrayLike,
    strata: Sequence[object] | npt.ArrayLike | None = None,
    clusters: Sequence[object] | npt.ArrayLike | None = None,
    fpc: npt.ArrayLike | None = None,
) -> ReplicateWeights:
    """One set of weights a cluster: without it, and the others of its stratum scaled up in its place.

    In stratum h with m_h clusters the others get m_h/(m_h-1), and the squared distance of that estimate
    counts (1-f_h)(m_h-1)/m_h (JK1 and JKn; Rust & Rao 1996, Stat. Methods Med. Res. 5:283). For totals this
    is exactly the linearised variance. Several stages are refused.

    Args:
        weights: As in `perito.stats.design.sampling_design`.
        strata: As there.
        clusters: As there.
        fpc: As there.

    Returns:
        The sets, in ascending order of the clusters.

    Raises:
        StatsError: As `sampling_design`; more sets of weights than can be held.

    Example:
        >>> jackknife_weights([2.0, 2.0, 2.0], fpc=6).scales.round(4).tolist()
        [0.3333, 0.3333, 0.3333]
    """
    design = _one_stage(sampling_design(weights, strata, clusters, fpc))
    stage = design.stages[0]
    drawn = stage.drawn[stage.group_of_unit]
    _held(len(drawn), design, "put the items of each stratum into random groups and give those as clusters")
    # A stratum taken whole may have one cluster only: nothing is left to chance there, and its scale is 0.
    raised = drawn / np.maximum(drawn - 1, 1)
    units = np.arange(len(drawn))[:, np.newaxis]
    same_stratum = stage.group_of_unit[units] == stage.group_of_unit[stage.unit_of_item]
    factors = np.where(same_stratum, raised[units], 1.0)
    factors[units == stage.unit_of_item] = 0.0
    scales = (1 - stage.share[stage.group_of_unit]) / raised
    sets = design.weights * factors
    return ReplicateWeights(design.weights, sets, scales, design.degrees_of_freedom, "jackknife")


def bootstrap_weights(
    weights: npt.ArrayLike,
    strata: Sequence[object] | npt.ArrayLike | None = None,
    clusters: Sequence[object] | npt.ArrayLike | None = None,
    *,
    replicates: int = 500,
    seed: int = 1,
) -> ReplicateWeights:
    """Sets of weights from drawing m_h - 1 of the m_h clusters of every stratum anew, with replacement.

    A cluster drawn r times gets r m_h/(m_h-1) times its weight (Rao & Wu 1988, JASA 83:231; as weights: Rao,
    Wu & Yue 1992, Surv. Methodol. 18:209). Without finite-population correction, so at least as wide as
    needed. Also fits estimates that are not smooth, such as medians.

    Args:
        weights: As in `perito.stats.design.sampling_design`.
        strata: As there.
        clusters: As there.
        replicates: Number of sets.
        seed: Seed of the draws.

    Returns:
        The sets.

    Raises:
        StatsError: As `sampling_design`; impossible replicates or seed; more sets than can be held.

    Example:
        >>> bootstrap_weights([2.0, 2.0, 2.0], replicates=100, seed=1).replicates.shape
        (100, 3)
    """
    design = _one_stage(sampling_design(weights, strata, clusters))
    times = whole_count("replicates", replicates, smallest=100)
    draw = np.random.default_rng(whole_count("seed", seed))
    _held(times, design, "ask for fewer")
    stage = design.stages[0]
    factors = np.empty((times, len(stage.group_of_unit)))
    for group, drawn in enumerate(stage.drawn.tolist()):
        members = np.flatnonzero(stage.group_of_unit == group)
        again = draw.multinomial(drawn - 1, np.full(drawn, 1 / drawn), size=times)
        factors[:, members] = again * (drawn / (drawn - 1))
    sets = design.weights * factors[:, stage.unit_of_item]
    scales = np.full(times, 1 / times)
    return ReplicateWeights(
        design.weights, sets, scales, design.degrees_of_freedom, f"bootstrap, {times} sets"
    )


def replicate_estimate(
    statistic: Callable[[Floats], float], sets: ReplicateWeights, level: float = 0.95
) -> DesignEstimate:
    """Any estimate that is a function of the weights, with its error from the sets of weights.

    Variance: sum over the sets of scale (estimate of the set - estimate)^2. Interval: Student's t, clusters -
    strata degrees of freedom.

    Args:
        statistic: Takes weights, gives the estimate; if the weights were raked it rakes those it is given.
        sets: The sets of weights.
        level: Confidence level as a share.

    Returns:
        The estimate, in the unit of the statistic.

    Raises:
        StatsError: A set for which the statistic is no finite number; an impossible level.

    Example:
        >>> y = np.array([1.0, 3.0, 8.0])
        >>> found = replicate_estimate(lambda w: float(w @ y), jackknife_weights([2.0, 2.0, 2.0]))
        >>> found.value, round(found.standard_error, 6)
        (24.0, 12.489996)
    """
    value = float(statistic(sets.full))
    found = np.array([float(statistic(weights)) for weights in sets.replicates])
    every = np.append(found, value)
    refuse_where("sets of weights under which the statistic is no finite number", ~np.isfinite(every), every)
    error = math.sqrt(exact_sum(sets.scales * (found - value) ** 2))
    df = sets.degrees_of_freedom
    reach = student_quantile(level, max(df, 1)) * error
    interval = Interval(value - reach, value + reach, float(level), f"{sets.method}, t with {df} df")
    return DesignEstimate(value, interval, error, df, None)


def _held(sets: int, design: Design, remedy: str) -> None:
    if sets * len(design.weights) > _LARGEST_TABLE:
        raise StatsError(
            "too many sets of weights",
            expected=f"sets times items of at most {_LARGEST_TABLE:,}",
            found=f"{sets:,} times {len(design.weights):,}",
            remedy=remedy,
        )


def _one_stage(design: Design) -> Design:
    if len(design.stages) > 1:
        raise StatsError(
            "replicate weights follow the first stage of drawing only",
            expected="one column of clusters",
            found=f"{len(design.stages)} stages",
            remedy="give the clusters of the first stage: their spread holds that of what is drawn in them",
        )
    return design
