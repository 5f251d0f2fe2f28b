"""Shares corrected for labels that err: what is truly there when a reader misses some items and flags others.

Sensitivity Se = P(flag | positive), specificity Sp = P(no flag | negative), apparent share AP = flagged/read.
For a rare class the specificity decides: as soon as AP <= 1 - Sp every flag could be an error, and the caller
has to refuse (`distinguishable_from_zero`) instead of printing a share, let alone a negative count.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Literal

from perito.errors import StatsError
from perito.stats.interval import Estimate, Interval, as_written, real_or_nan, sample_counts, shown
from perito.stats.proportion import clopper_pearson, normal_quantile, wilson

__all__ = [
    "distinguishable_from_zero",
    "lang_reiczigel",
    "rogan_gladen",
    "specificity_where_all_could_be_errors",
]

_INTERVALS = {"clopper-pearson": clopper_pearson, "wilson": wilson}


def rogan_gladen(
    k: int,
    n: int,
    sensitivity: float,
    specificity: float,
    *,
    level: float = 0.95,
    interval: Literal["clopper-pearson", "wilson"] = "clopper-pearson",
) -> Estimate:
    """The true share behind k flags among n items, for labels whose Se and Sp are known.

    (AP + Sp - 1)/(Se + Sp - 1); the ends of the interval of AP go through the same formula. Source: Rogan &
    Gladen 1978, Am. J. Epidemiol. 107:71. Value and ends are **not** cut to [0, 1]: a negative value shows
    that the labels cannot carry the estimate, and is never printed. The caller refuses (R3, "not
    distinguishable from zero") when AP <= 1 - Sp, that is when `distinguishable_from_zero` is False, and when
    the lower end is not above 0.

    Args:
        k: Items flagged.
        n: Items read, at least 1.
        sensitivity: Share of the positives that are flagged, taken as known.
        specificity: Share of the negatives that are not flagged, taken as known.
        level: Confidence level as a share.
        interval: The interval of AP that is transformed.

    Returns:
        The estimate before truncation, as a share.

    Raises:
        StatsError: Impossible counts or level; a rate outside [0, 1]; Se + Sp <= 1 (labels no better than
            chance); an unknown interval.

    Example:
        >>> found = rogan_gladen(23, 150, 0.96, 0.89)
        >>> round(found.value, 6), round(found.interval.low, 6), round(found.interval.high, 6)
        (0.05098, -0.012057, 0.130753)
    """
    if interval not in _INTERVALS:
        raise StatsError("unknown interval", expected=" or ".join(sorted(_INTERVALS)), found=shown(interval))
    k, n = sample_counts(k, n)
    apparent = _INTERVALS[interval](k, n, level)
    se, sp = _rate("sensitivity", sensitivity), _rate("specificity", specificity)
    value = _true_share(Fraction(k, n), se, sp)
    low, high = (_true_share(Fraction(end), se, sp) for end in (apparent.low, apparent.high))
    method = f"{interval}, rogan-gladen"
    return Estimate(float(value), Interval(float(low), float(high), float(level), method))


def lang_reiczigel(
    k: int, n: int, sens_hits: int, sens_n: int, spec_hits: int, spec_n: int, level: float = 0.95
) -> Estimate:
    """The true share behind k flags among n items, with Se and Sp measured on validation sets.

    The value is the Rogan-Gladen share at the plain rates, cut to [0, 1]. The interval carries the error of
    all three samples: with n' = n + z^2, p' = (k + z^2/2)/n', Se' = (sens_hits + 1)/(sens_n + 2), Sp' alike,
    J = Se' + Sp' - 1 and P = (p' + Sp' - 1)/J it is P + dP -+ z sqrt(V), cut to [0, 1], where
    dP = 2 z^2 (P Se'(1-Se')/(sens_n+2) - (1-P) Sp'(1-Sp')/(spec_n+2)) and
    V = (p'(1-p')/n' + Se'(1-Se') P^2/(sens_n+2) + Sp'(1-Sp') (1-P)^2/(spec_n+2))/J^2.
    Source: Lang & Reiczigel 2014, Prev. Vet. Med. 113:13. Its centre is not the value, which in small
    validation sets may lie near one end.

    Args:
        k: Items flagged.
        n: Items read, at least 1.
        sens_hits: Known positives that were flagged.
        sens_n: Known positives in the validation set, at least 1.
        spec_hits: Known negatives that were not flagged.
        spec_n: Known negatives in the validation set, at least 1.
        level: Confidence level as a share.

    Returns:
        The estimate as a share; value and ends lie in [0, 1].

    Raises:
        StatsError: Impossible counts or level; labels that are no better than chance (Se + Sp <= 1).

    Example:
        >>> found = lang_reiczigel(259, 1000, 89, 100, 95, 100)
        >>> round(found.value, 6), round(found.interval.low, 6), round(found.interval.high, 6)
        (0.24881, 0.18651, 0.299388)
    """
    z = normal_quantile(level)
    z_squared = z * z
    k, n = sample_counts(k, n)
    sens_hits, sens_n = sample_counts(sens_hits, sens_n, names=("sens_hits", "sens_n"))
    spec_hits, spec_n = sample_counts(spec_hits, spec_n, names=("spec_hits", "spec_n"))
    value = _true_share(Fraction(k, n), Fraction(sens_hits, sens_n), Fraction(spec_hits, spec_n))
    se, sp = Fraction(sens_hits + 1, sens_n + 2), Fraction(spec_hits + 1, spec_n + 2)
    n_plus = n + z_squared
    p_plus = (k + z_squared / 2) / n_plus
    share = float(_true_share(Fraction(p_plus), se, sp))
    noise_se, noise_sp = float(se * (1 - se) / (sens_n + 2)), float(sp * (1 - sp) / (spec_n + 2))
    shift = 2 * z_squared * (share * noise_se - (1 - share) * noise_sp)
    variance = p_plus * (1 - p_plus) / n_plus + noise_se * share**2 + noise_sp * (1 - share) ** 2
    reach = z * math.sqrt(variance) / float(se + sp - 1)
    low, high = _cut(share + shift - reach), _cut(share + shift + reach)
    return Estimate(_cut(float(value)), Interval(low, high, float(level), "lang-reiczigel"))


def distinguishable_from_zero(k: int, n: int, specificity: float) -> bool:
    """Whether more items were flagged than false alarms alone would explain: AP > 1 - Sp.

    Decided in exact arithmetic, the specificity taken as the decimal that was written; False at AP = 1 - Sp.

    Raises:
        StatsError: Impossible counts; a specificity outside [0, 1].

    Example:
        >>> distinguishable_from_zero(6, 151, 0.927), distinguishable_from_zero(23, 150, 0.89)
        (False, True)
    """
    k, n = sample_counts(k, n)
    return Fraction(k, n) > 1 - _rate("specificity", specificity)


def specificity_where_all_could_be_errors(k: int, n: int) -> float:
    """The specificity at which every one of k flags among n items could be a false alarm: 1 - k/n.

    Labels with this specificity or a lower one show nothing, whatever their sensitivity.

    Raises:
        StatsError: Impossible counts.

    Example:
        >>> specificity_where_all_could_be_errors(101, 20_000)
        0.99495
    """
    k, n = sample_counts(k, n)
    return (n - k) / n


def _true_share(apparent: Fraction, sensitivity: Fraction, specificity: Fraction) -> Fraction:
    youden = sensitivity + specificity - 1
    if youden <= 0:
        raise StatsError(
            "labels no better than chance cannot be corrected",
            expected="sensitivity + specificity above 1",
            found=f"{float(sensitivity + specificity):.6g}",
        )
    return (apparent + specificity - 1) / youden


def _rate(name: str, value: float) -> Fraction:
    """The rate as the decimal that was written, so that 0.11 and 1 - 0.89 are the same number."""
    if not 0 <= real_or_nan(value) <= 1:
        raise StatsError(f"'{name}' is no rate", expected="a share from 0 to 1", found=shown(value))
    return as_written(value)


def _cut(share: float) -> float:
    return min(1.0, max(0.0, share))
