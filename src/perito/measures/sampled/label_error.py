"""How often readers err, from items of known answer, and the share that is left without that error."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from perito.stats.interval import Estimate, Interval, as_written
from perito.stats.proportion import normal_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.measures.sampled.estimates import Estimator
    from perito.measures.sampled.readings import Outcome

LEAST_INFORMATIVE = Fraction(1, 10)
"""Se + Sp - 1 at or below which labels say too little (refusal R4)."""
FEW_POSITIVES = 30
"""Known positives below which the uncertainty of the sensitivity dominates (refusal L7)."""


@dataclass(frozen=True)
class ErrorRates:
    """Readings of items of known answer.

    `positives` and `negatives` count the items; `*_readings` the readings of them that said yes or no;
    `hits` those of positives that said yes, `rejections` those of negatives that said no.
    """

    positives: int
    positive_readings: int
    hits: int
    negatives: int
    negative_readings: int
    rejections: int

    @property
    def sensitivity(self) -> Fraction:
        """Se: the share of readings of positives that said yes."""
        return Fraction(self.hits, self.positive_readings)

    @property
    def specificity(self) -> Fraction:
        """Sp: the share of readings of negatives that said no."""
        return Fraction(self.rejections, self.negative_readings)

    @property
    def youden(self) -> Fraction:
        """Se + Sp - 1."""
        return self.sensitivity + self.specificity - 1

    @property
    def is_measured(self) -> bool:
        """Whether items of both answers were read."""
        return bool(self.positive_readings and self.negative_readings)


def error_rates(outcomes: Sequence[Outcome]) -> ErrorRates:
    """Se and Sp of a reading that says yes or no, pooled over the readers, against the adjudicated answer."""
    found = {True: [0, 0, 0], False: [0, 0, 0]}
    for outcome in outcomes:
        decided = outcome.yes + outcome.no
        if not outcome.is_settled or not decided:
            continue
        is_positive = bool(outcome.settled_yes)
        items, readings, right = (
            outcome.items,
            outcome.items * decided,
            outcome.yes if is_positive else outcome.no,
        )
        side = found[is_positive]
        side[:] = [side[0] + items, side[1] + readings, side[2] + outcome.items * right]
    return ErrorRates(*found[True], *found[False])


def corrected(estimator: Estimator, rates: ErrorRates) -> Estimator:
    """The estimator with the readers' error taken out, Lang-Reiczigel on the effective size of the sample.

    Outside of a simple sample each end has the effective size that its own design's interval implies: with
    the one of the variance alone the corrected interval of a stratified sample held the truth in 86 % to 94 %
    of simulated runs.
    """

    def share_at(level: float) -> Estimate:
        found = estimator.share_at(level)
        below, above = _sizes(estimator, found, level)
        low, high = (lang_reiczigel(found.value, size, rates, level) for size in (below or 1, above or 1))
        assert low.interval is not None  # noqa: S101  (it always has one)
        assert high.interval is not None  # noqa: S101
        ends = (low.interval.low if below else 0.0, high.interval.high if above else 1.0)
        return Estimate(low.value, replace(low.interval, low=ends[0], high=ends[1]))

    return replace(estimator, share_at=share_at, exact=None, is_anytime=False)


def _sizes(estimator: Estimator, found: Estimate, level: float) -> tuple[float, float]:
    """The sizes of simple samples whose Wilson ends are the two of an estimate; 0 for an end at 0 or at 1.

    n = z^2 e (1 - e)/(p - e)^2 for the end e of the share p, never above the effective size.
    """
    most, ends = estimator.effective_size, found.interval
    if estimator.is_simple or ends is None:
        return most, most
    z_squared = normal_quantile(level) ** 2
    low, high = (
        most if end == found.value else min(most, z_squared * end * (1 - end) / (found.value - end) ** 2)
        for end in (ends.low, ends.high)
    )
    return (low if ends.low > 0 else 0.0), (high if ends.high < 1 else 0.0)


def lang_reiczigel(apparent: float, size: float, rates: ErrorRates, level: float) -> Estimate:
    """The true share behind an apparent one that a design of that effective size found.

    As `perito.stats.misclassification.lang_reiczigel` with k = size times the apparent share and n = size,
    neither a whole number (Lang & Reiczigel 2014, Prev. Vet. Med. 113:13). Several readings of one item are
    not independent: the sizes of both validation sets are their numbers of items, the rates those of all
    readings.

    Example:
        >>> found = lang_reiczigel(0.259, 1000, ErrorRates(100, 100, 89, 100, 100, 95), 0.95)
        >>> round(found.value, 6), round(found.interval.low, 6), round(found.interval.high, 6)
        (0.24881, 0.18651, 0.299388)
    """
    z = normal_quantile(level)
    value = float((Fraction(apparent) + rates.specificity - 1) / rates.youden)
    se = (float(rates.sensitivity * rates.positives) + 1) / (rates.positives + 2)
    sp = (float(rates.specificity * rates.negatives) + 1) / (rates.negatives + 2)
    youden = se + sp - 1
    noise_se, noise_sp = se * (1 - se) / (rates.positives + 2), sp * (1 - sp) / (rates.negatives + 2)
    more = size + z * z
    seen = apparent if math.isinf(size) else (size * apparent + z * z / 2) / more
    noise = 0.0 if math.isinf(size) else seen * (1 - seen) / more
    share = (seen + sp - 1) / youden
    shift = 2 * z * z * (share * noise_se - (1 - share) * noise_sp)
    reach = z * math.sqrt(noise + noise_se * share**2 + noise_sp * (1 - share) ** 2) / youden
    low, high = (min(1.0, max(0.0, share + shift + sign * reach)) for sign in (-1, 1))
    method = "lang-reiczigel on the effective size"
    return Estimate(min(1.0, max(0.0, value)), Interval(low, high, float(level), method))


def known_rates(estimator: Estimator, sensitivity: float, specificity: float) -> Estimator:
    """The estimator with error rates that are taken as known: value and ends through Rogan and Gladen."""

    def share_at(level: float) -> Estimate:
        found = estimator.share_at(level)
        ends = found.interval
        value, low, high = (
            rogan_gladen(end, sensitivity, specificity)
            for end in (found.value, ends.low if ends else 0.0, ends.high if ends else 1.0)
        )
        method = f"{ends.method if ends else ''}; Rogan-Gladen, rates taken as known"
        return Estimate(value, Interval(low, high, float(level), method))

    return replace(estimator, share_at=share_at, exact=None)


def at_most_one(found: Estimate) -> Estimate:
    """An estimate of a share whose value and upper end are cut to 1; a low end above 1 stays."""
    ends = found.interval
    cut = None if ends is None else replace(ends, high=max(ends.low, min(1.0, ends.high)))
    return Estimate(min(1.0, found.value), cut)


def rogan_gladen(apparent: float, sensitivity: float, specificity: float) -> float:
    """(AP + Sp - 1)/(Se + Sp - 1), neither cut nor checked: the caller refuses what is not above 0.

    Example:
        >>> round(rogan_gladen(23 / 150, 0.96, 0.89), 6)
        0.05098
    """
    se, sp = as_written(sensitivity), as_written(specificity)
    return float((Fraction(apparent) + sp - 1) / (se + sp - 1))
