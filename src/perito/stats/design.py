"""What a sampling design makes of the items read: means, totals, ratios, and how far each may be off.

A design says for every item how many items of the population it stands for (its weight), in which stratum it
was drawn, with which cluster (thread, account, day) it came into the sample, and how many such units the
stratum holds. Variances are those of linearised values summed by cluster, the way survey software does it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from perito.errors import StatsError
from perito.stats.columns import (
    SMALLEST_DIVISOR,
    columns_of,
    exact_sum,
    groups,
    numbers,
    refuse_where,
    same_length,
)
from perito.stats.interval import Estimate, Interval, half_alpha

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from perito.stats.columns import Floats, Integers

__all__ = [
    "Design",
    "DesignEstimate",
    "design_mean",
    "design_ratio",
    "design_total",
    "sampling_design",
    "student_quantile",
]


@dataclass(frozen=True, slots=True)
class DesignEstimate(Estimate):
    """An estimate from a sampling design, with what a survey table prints beside it.

    Args:
        standard_error: Square root of the linearised variance, in the unit of the value.
        degrees_of_freedom: Clusters minus strata (items minus strata where nothing is clustered).
        design_effect: Variance over that of a simple random sample of as many items; None where that
            comparison has no meaning (totals, ratios, a full count).

    Example:
        >>> DesignEstimate(0.5, None, 0.1, 9, None).standard_error
        0.1
    """

    standard_error: float
    degrees_of_freedom: int
    design_effect: float | None


@dataclass(frozen=True, slots=True, eq=False)
class _Stage:
    """One stage of drawing: which unit every item came with, and how its unit was drawn."""

    unit_of_item: Integers
    group_of_unit: Integers  # the stratum, or at later stages the unit of the stage before
    drawn: Integers  # units drawn in every group
    share: Floats  # of the group's units that were drawn; 0 where the population was not given
    carried: Floats  # product of the shares of the stages before

    def variance(self, values: Floats) -> float:
        """The part of this stage in the variance of the sum of the values."""
        of_unit = np.bincount(self.unit_of_item, values, len(self.group_of_unit))
        mean = np.bincount(self.group_of_unit, of_unit, len(self.drawn)) / self.drawn
        squares = np.bincount(self.group_of_unit, (of_unit - mean[self.group_of_unit]) ** 2, len(self.drawn))
        factor = self.carried * (1 - self.share) * self.drawn / np.maximum(self.drawn - 1, 1)
        return exact_sum(factor * squares)


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """A checked sampling design; made by `sampling_design`.

    Args:
        weights: For every item, how many items of the population it stands for.
        stages: The stages of drawing.

    Example:
        >>> sampling_design([10.0, 10.0, 5.0, 5.0], strata=["a", "a", "b", "b"]).degrees_of_freedom
        2
    """

    weights: Floats
    stages: tuple[_Stage, ...]

    @property
    def degrees_of_freedom(self) -> int:
        """Units of the first stage minus strata."""
        return len(self.stages[0].group_of_unit) - len(self.stages[0].drawn)

    @property
    def is_full_count(self) -> bool:
        """Whether every unit of every stage was taken, so that nothing is left to chance."""
        return all(bool((stage.share == 1).all()) for stage in self.stages)

    def variance(self, values: Floats) -> float:
        """The variance of the sum of linearised values (already weighted), over all stages."""
        return math.fsum(stage.variance(values) for stage in self.stages)


def sampling_design(
    weights: npt.ArrayLike,
    strata: Sequence[object] | npt.ArrayLike | None = None,
    clusters: Sequence[object] | npt.ArrayLike | None = None,
    fpc: npt.ArrayLike | None = None,
) -> Design:
    """The checked design behind a sample, from one entry an item.

    Args:
        weights: Population items that each item stands for (one over its inclusion probability).
        strata: Stratum of every item; None for one stratum.
        clusters: Cluster with which every item was drawn; a table with one column a stage for several stages
            of drawing; None where items were drawn one by one.
        fpc: For the finite-population correction: how many units (clusters, or items where nothing is
            clustered) the item's stratum holds in the population, or, if all entries are at most 1, the share
            of them that was drawn. One entry an item or one number for all; one column a stage if `clusters`
            has several. None: drawn with replacement, or from a population so large that it does not matter.

    Returns:
        The design.

    Raises:
        StatsError: Weights that are not above 0; columns of different length; items without stratum or
            cluster; a cluster in two strata; a population smaller than the sample or not the same for all
            items of a stratum; a stratum with one unit, whose variance nobody can know.

    Example:
        >>> sampling_design([2.0, 2.0, 2.0], fpc=6).is_full_count
        False
    """
    weight = numbers("weights", weights)
    refuse_where(
        "weights that are not above 0",
        weight < SMALLEST_DIVISOR,
        weight,
        remedy="leave items out that were not drawn",
    )
    size = len(weight)
    units = columns_of("clusters", np.arange(size) if clusters is None else clusters, size)
    held: list[Any] = [None] * len(units) if fpc is None else columns_of("fpc", fpc, size)
    if len(held) != len(units):
        raise StatsError(
            "'fpc' and 'clusters' describe different stages of drawing",
            expected="one column a stage in both",
            found=f"{len(held)} and {len(units)}",
        )
    names, group = groups("strata", np.zeros(size, dtype=int) if strata is None else strata, size)
    carried = np.ones(len(names))
    stages: list[_Stage] = []
    for unit, held_by_group in zip(units, held, strict=True):
        unit_names, code = groups("clusters", unit, size)
        stage = _stage(_Drawn(names, group, unit_names, code), held_by_group, carried, is_first=not stages)
        stages.append(stage)
        names = [unit_names[i] for i in _first_of_each(stage.unit_of_item, code)]
        group = stage.unit_of_item
        carried = (stage.carried * stage.share)[stage.group_of_unit]
    return Design(weight, tuple(stages))


def design_mean(
    y: npt.ArrayLike,
    weights: npt.ArrayLike,
    strata: Sequence[object] | npt.ArrayLike | None = None,
    clusters: Sequence[object] | npt.ArrayLike | None = None,
    fpc: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> DesignEstimate:
    """The population mean of a quantity, from a stratified, clustered or weighted sample.

    R = sum(w y)/sum(w) with the variance of `design_ratio` for x = 1; under stratified simple random sampling
    with N_h known this is sum W_h ybar_h with variance sum W_h^2 (1-f_h) s_h^2/n_h (Cochran 1977, ch. 5).
    Interval: Student's t with clusters - strata degrees of freedom; for shares of a rare class use
    `korn_graubard` or `fay_feuer` instead. The design effect compares with a simple random sample of as many
    items without replacement (Kish 1965).

    Args:
        y: The quantity of every item.
        weights: As in `sampling_design`.
        strata: As in `sampling_design`.
        clusters: As in `sampling_design`.
        fpc: As in `sampling_design`.
        level: Confidence level as a share.

    Returns:
        The estimate, in the unit of y.

    Raises:
        StatsError: As `sampling_design`; a y that is not a finite number; an impossible level.

    Example:
        >>> found = design_mean([1, 3, 5, 7], [10, 10, 5, 5], list("aabb"), fpc=[20, 20, 10, 10])
        >>> round(found.value, 6), round(found.standard_error, 6), found.degrees_of_freedom
        (3.333333, 0.699206, 2)
    """
    design, value_of = _design_of("y", y, weights, strata, clusters, fpc)
    w = design.weights
    total_weight = exact_sum(w)
    mean = exact_sum(w * value_of) / total_weight
    deviation = value_of - mean
    variance = design.variance(w * deviation / total_weight)
    return _estimate(mean, variance, design, level, _design_effect(variance, w, deviation))


def design_total(
    y: npt.ArrayLike,
    weights: npt.ArrayLike,
    strata: Sequence[object] | npt.ArrayLike | None = None,
    clusters: Sequence[object] | npt.ArrayLike | None = None,
    fpc: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> DesignEstimate:
    """The population total of a quantity, from a stratified, clustered or weighted sample.

    sum(w y); variance: over strata, (1-f) m/(m-1) sum over clusters (u_c - ubar)^2, u the weighted sums of
    the clusters, plus at later stages of drawing the same within every cluster times the share of clusters
    drawn (Sarndal, Swensson & Wretman 1992, ch. 4). Interval: Student's t, clusters - strata degrees of
    freedom. For a part of the population (a domain) set y to 0 outside it and leave the items in.

    Args:
        y: The quantity of every item.
        weights: As in `sampling_design`.
        strata: As in `sampling_design`.
        clusters: As in `sampling_design`.
        fpc: As in `sampling_design`.
        level: Confidence level as a share.

    Returns:
        The estimate, in the unit of y.

    Raises:
        StatsError: As `sampling_design`; a y that is not a finite number; an impossible level.

    Example:
        >>> found = design_total([1, 3, 5, 7], [10, 10, 5, 5], list("aabb"), fpc=[20, 20, 10, 10])
        >>> found.value, round(found.standard_error, 6)
        (100.0, 20.976177)
    """
    design, value_of = _design_of("y", y, weights, strata, clusters, fpc)
    weighted = design.weights * value_of
    return _estimate(exact_sum(weighted), design.variance(weighted), design, level, None)


def design_ratio(
    y: npt.ArrayLike,
    x: npt.ArrayLike,
    weights: npt.ArrayLike,
    strata: Sequence[object] | npt.ArrayLike | None = None,
    clusters: Sequence[object] | npt.ArrayLike | None = None,
    fpc: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> DesignEstimate:
    """The ratio of two population totals, such as the share of views that went to items of a class.

    R = sum(w y)/sum(w x); variance that of the sum of u_i = w_i (y_i - R x_i)/sum(w x), summed by cluster
    (Sarndal, Swensson & Wretman 1992, 5.6). Interval: Student's t, clusters - strata degrees of freedom. For
    the exposure-weighted share take y = views of the positives (0 elsewhere) and x = views; for the mean of a
    domain take x = 1 inside and 0 outside it, y = 0 outside.

    Args:
        y: Numerator of every item.
        x: Denominator of every item.
        weights: As in `sampling_design`.
        strata: As in `sampling_design`.
        clusters: As in `sampling_design`.
        fpc: As in `sampling_design`.
        level: Confidence level as a share.

    Returns:
        The estimate, in the unit of y over that of x.

    Raises:
        StatsError: As `sampling_design`; a denominator whose total is not above 0; an impossible level.

    Example:
        >>> found = design_ratio([0, 0, 900, 100], [50, 150, 900, 900], [10, 10, 10, 10])
        >>> found.value, round(found.standard_error, 4)
        (0.5, 0.3323)
    """
    design, value_of = _design_of("y", y, weights, strata, clusters, fpc)
    below = numbers("x", x)
    same_length(("x", below), ("weights", design.weights))
    denominator = exact_sum(design.weights * below)
    if denominator < SMALLEST_DIVISOR:
        raise StatsError(
            "the denominator of the ratio is not above 0",
            expected="a weighted sum of 'x' above 0",
            found=f"{denominator:g}",
        )
    ratio = exact_sum(design.weights * value_of) / denominator
    variance = design.variance(design.weights * (value_of - ratio * below) / denominator)
    return _estimate(ratio, variance, design, level, None)


def student_quantile(level: float, degrees_of_freedom: float) -> float:
    """The t with that much of Student's law between -t and t.

    Raises:
        StatsError: The level is no number between 0 and 1.

    Example:
        >>> round(student_quantile(0.95, 197), 6)
        1.972079
    """
    return -float(special.stdtrit(degrees_of_freedom, float(half_alpha(level))))


def _design_of(name: str, y: npt.ArrayLike, *columns: Any) -> tuple[Design, Floats]:  # noqa: ANN401
    design = sampling_design(*columns)
    value_of = numbers(name, y)
    same_length((name, value_of), ("weights", design.weights))
    return design, value_of


def _estimate(
    value: float, variance: float, design: Design, level: float, effect: float | None
) -> DesignEstimate:
    df, error = design.degrees_of_freedom, math.sqrt(variance)
    if error > 0 and df == 0:
        raise StatsError(
            "the design leaves no degrees of freedom",
            expected="more units of the first stage than strata",
            found=f"{len(design.stages[0].drawn)} strata with one unit each",
            remedy="name the units that were all taken as strata, and those drawn within them as clusters",
        )
    t = student_quantile(level, max(df, 1))
    interval = Interval(value - t * error, value + t * error, float(level), f"design-based, t with {df} df")
    return DesignEstimate(value, interval, error, df, effect)


def _design_effect(variance: float, weights: Floats, deviation: Floats) -> float | None:
    n, population = len(weights), exact_sum(weights)
    squares = exact_sum(weights * deviation**2) / population
    if n < 2 or squares == 0 or population <= n:  # noqa: PLR2004 (two items: the least that has a spread)
        return None
    simple = squares / (n - 1) * (1 - n / population)
    return variance / simple


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """The units of one stage as named in the columns, before they are checked against each other."""

    group_names: list[Any]
    group_of_item: Integers
    unit_names: list[Any]
    unit_of_item: Integers


def _stage(drawn_as: _Drawn, held: npt.ArrayLike | None, carried: Floats, *, is_first: bool) -> _Stage:
    code_count = len(drawn_as.unit_names)
    # A later stage may use the same name again inside another unit: only the pair names a unit.
    pairs = drawn_as.group_of_item * code_count + drawn_as.unit_of_item
    keys, unit_of_item = np.unique(pairs, return_inverse=True)
    if is_first and len(keys) > code_count:
        twice = np.bincount(keys % code_count) > 1
        refuse_where(
            "clusters that lie in more than one stratum",
            twice,
            np.array(drawn_as.unit_names, dtype=object),
            remedy="give the clusters of different strata different names",
        )
    group_of_unit = keys // code_count
    drawn = np.bincount(group_of_unit, minlength=len(drawn_as.group_names))
    share = np.zeros(len(drawn)) if held is None else _shares(held, drawn, drawn_as)
    alone = (drawn == 1) & (share < 1) & (carried > 0)
    refuse_where(
        "strata of which only one unit was drawn: their variance cannot be known",
        alone,
        np.array(drawn_as.group_names, dtype=object),
        remedy="join such a stratum with its neighbour, or draw more in it",
    )
    return _Stage(unit_of_item, group_of_unit, drawn, share, carried)


def _shares(held: npt.ArrayLike, drawn: Integers, drawn_as: _Drawn) -> Floats:
    """The share of its units that was drawn in every group, from the column of population sizes."""
    column = numbers("fpc", held)
    refuse_where("population sizes that are not above 0", column <= 0, column)
    group = drawn_as.group_of_item
    of_group = column[_first_of_each(group, group)]
    refuse_where(
        "the population size is not the same for all items of a stratum",
        column != of_group[group],
        column,
        expected="one 'fpc' a stratum",
    )
    share = of_group if (column <= 1).all() else drawn / of_group
    refuse_where(
        "strata with more units in the sample than in the population",
        share > 1,
        of_group,
        expected="'fpc' = units in the population",
    )
    return share


def _first_of_each(group: Integers, code: Integers) -> Integers:
    """For every group in ascending order, the code of its first item (its place if the groups are codes)."""
    _, first = np.unique(group, return_index=True)
    return first if code is group else code[first]
