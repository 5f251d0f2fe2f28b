"""Do independent readers agree: Krippendorff's alpha, kappa, AC1, agreement on the positives, with intervals.

Raw agreement and AC1 look near-perfect for a rare class whatever the readers do; alpha and the agreement on
the positives do not. Print alpha with its interval and the agreement on the positives, never AC1 alone.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy import sparse

from perito.errors import StatsError
from perito.stats.columns import groups, one_of, refuse_where
from perito.stats.dawid_skene import DawidSkene, dawid_skene
from perito.stats.interval import Estimate, Interval, half_alpha, real_or_nan, shown, whole_count
from perito.stats.ratings import Outcomes, coded, outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    from perito.stats.columns import Floats, Integers

__all__ = [
    "DawidSkene",
    "bootstrap_agreement",
    "cohen_kappa",
    "contested_share",
    "dawid_skene",
    "fleiss_kappa",
    "gwet_ac1",
    "krippendorff_alpha",
    "negative_agreement",
    "positive_agreement",
    "raw_agreement",
]

Metric = Literal["nominal", "ordinal", "interval", "ratio"]


def krippendorff_alpha(ratings: npt.ArrayLike, metric: Metric = "nominal") -> Estimate:
    """Krippendorff's alpha: agreement beyond chance among any number of readers, missing labels allowed.

    1 - Do/De, Do the mean squared difference of the pairs of labels within items (an item with m >= 2 labels
    weighs its pairs by 1/(m-1)), De that of all pairs of those labels. Squared differences: nominal 0 or 1;
    interval (c-k)^2; ratio ((c-k)/(c+k))^2; ordinal the squared difference of the mid-ranks. Source:
    Krippendorff 2011, "Computing Krippendorff's alpha-reliability". 1 is perfect, 0 what chance would give; a
    nearly constant class gives about 0 at 97 % raw agreement. Agreement is not truth.

    Args:
        ratings: One row a reader, one column an item; not-a-number (or None) where a reader did not label it.
        metric: How far two values are apart.

    Returns:
        The value, without interval: `bootstrap_agreement` gives one.

    Raises:
        StatsError: No such table; less than two readers; no item labelled twice (L1); only one value occurs
            (L3); negative values under `ratio`; an unknown metric.

    Example:
        >>> round(krippendorff_alpha([[1, 1, 0, 0, None], [1, 0, 0, 0, 1]]).value, 6)
        0.533333
    """
    return _agreement(krippendorff_alpha, outcomes(ratings), metric=metric)


def fleiss_kappa(ratings: npt.ArrayLike) -> Estimate:
    """Fleiss' kappa: agreement beyond chance where every item has the same number of labels.

    (P - Pe)/(1 - Pe), P the share of agreeing pairs within items, Pe = sum p_k^2, p_k the share of value k
    among all labels. Source: Fleiss 1971, Psychol. Bull. 76:378.

    Args:
        ratings: One row a reader (or a place in the item's list of labels), one column an item.

    Returns:
        The value, without interval.

    Raises:
        StatsError: As `krippendorff_alpha`; items with different numbers of labels.

    Example:
        >>> round(fleiss_kappa([[1, 1, 0, 0], [1, 0, 0, 0]]).value, 6)
        0.466667
    """
    return _agreement(fleiss_kappa, outcomes(ratings))


def gwet_ac1(ratings: npt.ArrayLike) -> Estimate:
    """Gwet's AC1, to be printed beside alpha and the agreement on the positives, never alone.

    (Pa - Pe)/(1 - Pe), Pa the mean over items with two labels or more of their share of agreeing pairs,
    Pe = sum pi_k (1-pi_k)/(K-1), pi_k the mean over items of the share of value k among their labels, K the
    number of values that occur. Source: Gwet 2008, Br. J. Math. Stat. Psychol. 61:29. Near 1 for every rare
    class, even where the readers never agree on a positive.

    Args:
        ratings: One row a reader, one column an item; not-a-number (or None) where a reader did not label it.

    Returns:
        The value, without interval.

    Raises:
        StatsError: As `krippendorff_alpha`.

    Example:
        >>> round(gwet_ac1([[1, 1, 0, 0], [1, 0, 0, 0]]).value, 6)
        0.529412
    """
    return _agreement(gwet_ac1, outcomes(ratings))


def positive_agreement(ratings: npt.ArrayLike, positive: float = 1) -> Estimate:
    """P(second reader says yes | first says yes), over all pairs of labels of the same item.

    sum n1 (n1-1)/(m-1) / sum n1 over items with m >= 2 labels, n1 of them positive; for two readers
    2a/(2a+b+c). Source: Cicchetti & Feinstein 1990, J. Clin. Epidemiol. 43:551.

    Args:
        ratings: One row a reader, one column an item; not-a-number (or None) where a reader did not label it.
        positive: The value that counts as yes; all others count as no.

    Returns:
        The value from 0 to 1, without interval.

    Raises:
        StatsError: As `krippendorff_alpha`; no positive label on an item labelled twice.

    Example:
        >>> round(positive_agreement([[1, 1, 0, 0], [1, 0, 0, 0]]).value, 6)
        0.666667
    """
    return _agreement(positive_agreement, outcomes(ratings), positive=positive)


def negative_agreement(ratings: npt.ArrayLike, positive: float = 1) -> Estimate:
    """P(second reader says no | first says no): `positive_agreement` for all that is not positive.

    Args:
        ratings: One row a reader, one column an item; not-a-number (or None) where a reader did not label it.
        positive: The value that counts as yes; all others count as no.

    Returns:
        The value from 0 to 1, without interval.

    Raises:
        StatsError: As `krippendorff_alpha`; no negative label on an item labelled twice.

    Example:
        >>> round(negative_agreement([[1, 1, 0, 0], [1, 0, 0, 0]]).value, 6)
        0.8
    """
    return _agreement(negative_agreement, outcomes(ratings), positive=positive)


def raw_agreement(ratings: npt.ArrayLike) -> Estimate:
    """The share of agreeing pairs of labels, averaged over the items with two labels or more.

    Args:
        ratings: One row a reader, one column an item; not-a-number (or None) where a reader did not label it.

    Returns:
        The value from 0 to 1, without interval.

    Raises:
        StatsError: As `krippendorff_alpha`, except that one value alone is allowed.

    Example:
        >>> raw_agreement([[1, 1, 0, 0], [1, 0, 0, 0]]).value
        0.75
    """
    return _agreement(raw_agreement, outcomes(ratings))


def contested_share(ratings: npt.ArrayLike) -> Estimate:
    """The share of the items with two labels or more on which the labels differ.

    Args:
        ratings: One row a reader, one column an item; not-a-number (or None) where a reader did not label it.

    Returns:
        The value from 0 to 1, without interval.

    Raises:
        StatsError: As `krippendorff_alpha`, except that one value alone is allowed.

    Example:
        >>> contested_share([[1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0]]).value
        0.25
    """
    return _agreement(contested_share, outcomes(ratings))


def cohen_kappa(ratings: npt.ArrayLike) -> Estimate:
    """Cohen's kappa of two readers: agreement beyond that of two strangers with the same habits.

    (po - pe)/(1 - pe), pe = sum p_k1 p_k2 over the values, over the items that both labelled. Source: Cohen
    1960, Educ. Psychol. Meas. 20:37.

    Args:
        ratings: Two rows, one a reader; one column an item.

    Returns:
        The value, without interval.

    Raises:
        StatsError: Not two readers; no item labelled by both; only one value occurs.

    Example:
        >>> cohen_kappa([[1, 1, 0, 0], [1, 0, 0, 0]]).value
        0.5
    """
    values, codes = coded(ratings)
    if len(codes) != 2:  # noqa: PLR2004
        raise StatsError("this kappa is for two readers", expected="two rows", found=str(len(codes)))
    both = codes[:, (codes >= 0).all(axis=0)]
    if not both.shape[1]:
        raise _labelled_once()
    first, second = (np.bincount(row, minlength=len(values)) for row in both)
    n = both.shape[1]
    by_chance = float(first @ second) / n**2
    if by_chance == 1:
        raise _one_value()
    return Estimate((float((both[0] == both[1]).mean()) - by_chance) / (1 - by_chance), None)


def bootstrap_agreement(
    measure: Callable[..., Estimate],
    ratings: npt.ArrayLike,
    *,
    seed: int = 1,
    clusters: Sequence[object] | npt.ArrayLike | None = None,
    replicates: int = 2_000,
    level: float = 0.95,
    **options: Any,  # noqa: ANN401 (those of the measure)
) -> Estimate:
    """A measure of agreement with its bootstrap interval over items, or over groups of items.

    The items that carry a label (or the clusters) are drawn anew with replacement, `replicates` times; the
    ends are the a/2 and 1-a/2 percentiles of the measure. A replicate in which the measure has no value (only
    one rating was drawn) counts as beyond both ends; none is dropped.

    Args:
        measure: One of the measures of this module, except `cohen_kappa`.
        ratings: As in the measure.
        seed: Seed of the draws; the same seed gives the same interval.
        clusters: Group of every item (thread, account) if items of a group resemble each other.
        replicates: Number of replicates; 2,000 or more for a 95 % interval.
        level: Confidence level as a share.
        **options: Further arguments of the measure.

    Returns:
        The value with its interval.

    Raises:
        StatsError: As the measure; an unknown measure; impossible replicates, seed or level; a measure that
            has no value in so many replicates that an end is unknown.

    Example:
        >>> two = [[1, 1, 0, 0] * 25, [1, 0, 0, 0] * 25]
        >>> found = bootstrap_agreement(krippendorff_alpha, two, seed=1)
        >>> round(found.value, 3), round(found.interval.low, 2), round(found.interval.high, 2)
        (0.469, 0.29, 0.64)
    """
    core = _CORES.get(measure) if callable(measure) else None
    if core is None:
        names = ", ".join(sorted(known.__name__ for known in _CORES))
        raise StatsError("no interval for this measure", expected=f"one of {names}", found=shown(measure))
    tail = float(half_alpha(level))
    times = whole_count("replicates", replicates, smallest=100)
    draw = np.random.default_rng(whole_count("seed", seed))
    seen = outcomes(ratings)
    value = _agreement(measure, seen, **options).value
    weights = (
        _over_items(seen, draw, times) if clusters is None else _over_clusters(seen, clusters, draw, times)
    )
    found = np.array([core(seen.labels, weight, seen.values, **options) for weight in weights])
    unknown = np.isnan(found)
    low = float(np.quantile(np.where(unknown, -math.inf, found), tail, method="lower"))
    high = float(np.quantile(np.where(unknown, math.inf, found), 1 - tail, method="higher"))
    if math.isinf(low) or math.isinf(high):
        raise StatsError(
            "agreement cannot be judged: too many resamples hold only one value",
            found=f"{int(unknown.sum())} of {times}",
            remedy="have more items labelled twice, above all those that a reader flagged",
        )
    over = "items" if clusters is None else "clusters"
    return Estimate(value, Interval(low, high, float(level), f"bootstrap over {over}, {times} replicates"))


def _agreement(measure: Callable[..., Estimate], seen: Outcomes, **options: Any) -> Estimate:  # noqa: ANN401
    labels = seen.labels.sum(axis=1)
    if labels.max() < 2:  # noqa: PLR2004
        raise _labelled_once()
    if len(seen.values) == 1 and measure is gwet_ac1:
        raise _one_value()
    value = _CORES[measure](seen.labels, seen.items, seen.values, **options)
    if math.isnan(value):
        raise _one_value()
    return Estimate(value, None)


def _labelled_once() -> StatsError:
    return StatsError(
        "cannot say how reliable the labels are: each item was labelled once",
        expected="items with labels of two readers",
        found="none",
    )


def _one_value() -> StatsError:
    return StatsError(
        "agreement cannot be judged: only one value occurs",
        expected="both values among the items labelled twice",
        remedy="report the raw agreement, and have flagged items labelled twice",
    )


def _alpha(labels: Floats, items: Integers, values: Floats, metric: str = "nominal") -> float:
    one_of("unknown metric", metric, _DISAGREEMENTS)
    disagreement = _DISAGREEMENTS[metric]
    labels, items, m = _paired(labels, items)
    overall = (labels * items[:, np.newaxis]).sum(axis=0)
    n = float(overall.sum())
    expected = float(disagreement(overall[np.newaxis], values, overall)[0]) / (n - 1)
    observed = float((items * disagreement(labels, values, overall) / (m - 1)).sum())
    return 1 - observed / expected if expected > 0 else math.nan


def _paired(labels: Floats, items: Integers) -> tuple[Floats, Integers, Floats]:
    """The outcomes with two labels or more, and their number of labels."""
    m = labels.sum(axis=1)
    keep = (m > 1) & (items > 0)
    return labels[keep], items[keep], m[keep]


def _nominal(labels: Floats, values: Floats, overall: Floats) -> Floats:  # noqa: ARG001
    total: Floats = labels.sum(axis=1) ** 2 - (labels**2).sum(axis=1)
    return total


def _interval(labels: Floats, values: Floats, overall: Floats) -> Floats:
    centred = values - (values * overall).sum() / overall.sum()
    m, first, second = (
        labels.sum(axis=1),
        (labels * centred).sum(axis=1),
        (labels * centred**2).sum(axis=1),
    )
    total: Floats = 2 * (m * second - first**2)
    return total


def _ordinal(labels: Floats, values: Floats, overall: Floats) -> Floats:  # noqa: ARG001
    return _interval(labels, np.cumsum(overall) - overall / 2, overall)


def _ratio(labels: Floats, values: Floats, overall: Floats) -> Floats:  # noqa: ARG001
    refuse_where("ratings below 0 have no ratio", values < 0, values, remedy="use the interval metric")
    sums = values[:, np.newaxis] + values
    apart = ((values[:, np.newaxis] - values) / np.where(sums == 0, 1, sums)) ** 2
    total: Floats = ((labels[:, np.newaxis, :] * apart).sum(axis=2) * labels).sum(axis=1)
    return total


_DISAGREEMENTS: dict[str, Callable[[Floats, Floats, Floats], Floats]] = {
    "nominal": _nominal,
    "ordinal": _ordinal,
    "interval": _interval,
    "ratio": _ratio,
}


def _fleiss(labels: Floats, items: Integers, values: Floats) -> float:  # noqa: ARG001
    m = labels.sum(axis=1)
    if len(set(m.tolist())) > 1:
        raise StatsError(
            "Fleiss' kappa needs as many labels on every item",
            expected="one number of labels",
            found=f"{m.min():.0f} to {m.max():.0f}",
            remedy="use krippendorff_alpha, which allows missing labels",
        )
    share = (labels * items[:, np.newaxis]).sum(axis=0) / (items * m).sum()
    return _beyond(_agreeing_pairs(labels, items), float((share**2).sum()))


def _ac1(labels: Floats, items: Integers, values: Floats) -> float:
    m = labels.sum(axis=1)
    share = (labels / m[:, np.newaxis] * items[:, np.newaxis]).sum(axis=0) / items.sum()
    return _beyond(_agreeing_pairs(labels, items), float((share * (1 - share)).sum()) / (len(values) - 1))


def _beyond(agreed: float, by_chance: float) -> float:
    return (agreed - by_chance) / (1 - by_chance) if by_chance < 1 else math.nan


def _agreeing_pairs(labels: Floats, items: Integers, values: Floats | None = None) -> float:  # noqa: ARG001
    labels, items, m = _paired(labels, items)
    share = (labels * (labels - 1)).sum(axis=1) / (m * (m - 1))
    return float((items * share).sum() / items.sum()) if len(items) else math.nan


def _contested(labels: Floats, items: Integers, values: Floats) -> float:  # noqa: ARG001
    labels, items, m = _paired(labels, items)
    return float(items[labels.max(axis=1) < m].sum() / items.sum()) if len(items) else math.nan


def _specific(labels: Floats, items: Integers, chosen: npt.NDArray[np.bool_]) -> float:
    labels, items, m = _paired(labels, items)
    hits = labels[:, chosen].sum(axis=1)
    total = float((items * hits).sum())
    return float((items * hits * (hits - 1) / (m - 1)).sum()) / total if total else math.nan


def _positive(labels: Floats, items: Integers, values: Floats, positive: float = 1) -> float:
    return _specific(labels, items, values == real_or_nan(positive))


def _negative(labels: Floats, items: Integers, values: Floats, positive: float = 1) -> float:
    return _specific(labels, items, values != real_or_nan(positive))


_CORES: dict[Callable[..., Estimate], Callable[..., float]] = {
    krippendorff_alpha: _alpha,
    fleiss_kappa: _fleiss,
    gwet_ac1: _ac1,
    positive_agreement: _positive,
    negative_agreement: _negative,
    raw_agreement: _agreeing_pairs,
    contested_share: _contested,
}


def _over_items(seen: Outcomes, draw: np.random.Generator, times: int) -> Iterator[Integers]:
    """How often each outcome occurs in a resample of the items."""
    items = np.where(seen.labels.any(axis=1), seen.items, 0)
    total = int(items.sum())
    for _ in range(times):
        yield draw.multinomial(total, items / total)


def _over_clusters(
    seen: Outcomes, clusters: Sequence[object] | npt.ArrayLike, draw: np.random.Generator, times: int
) -> Iterator[Integers]:
    """How often each outcome occurs in a resample of the clusters."""
    names, cluster = groups("clusters", clusters, len(seen.of_item))
    held = sparse.csr_array(
        (np.ones(len(cluster), dtype=np.int64), (seen.of_item, cluster)), shape=(len(seen.items), len(names))
    )
    chances = np.full(len(names), 1 / len(names))
    for _ in range(times):
        yield held @ draw.multinomial(len(names), chances)
