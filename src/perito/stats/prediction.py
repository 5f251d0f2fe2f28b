"""The mean of a few labels sharpened by the predictions of a classifier on many items.

The labels carry the estimate; the predictions only take away variance. However wrong the classifier, the
value stays unbiased (nearly so where the weight of the predictions is tuned), which no count of its flags
does. The intervals are normal or Student's: for a class below one or two per cent they cover less than they
say (.90 to .93 at 2,000 labels), so use `perito.stats.survey.fay_feuer` on strata by score there.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from perito.errors import StatsError
from perito.stats.columns import exact_sum, numbers, same_length
from perito.stats.design import DesignEstimate, student_quantile
from perito.stats.interval import Estimate, Interval, real_or_nan, shown, whole_count
from perito.stats.proportion import normal_quantile

if TYPE_CHECKING:
    import numpy.typing as npt

    from perito.stats.columns import Floats

__all__ = ["difference", "prediction_powered", "regression"]


def prediction_powered(
    y: npt.ArrayLike,
    predicted: npt.ArrayLike,
    unlabelled: npt.ArrayLike,
    tuning: float | None = None,
    level: float = 0.95,
) -> Estimate:
    """The mean of a quantity from labelled items and from predictions on other, unlabelled ones (PPI++).

    l mean_U(f) + mean_L(y - l f); variance l^2 var_U(f)/N + var_L(y - l f)/n, with divisors N and n; normal
    interval. l = 0: the labels alone; l = 1: the difference estimator (PPI); tuned, as here by default:
    l = cov_L(y, f)/((1 + n/N) var(f)), var over all predictions with divisor n + N - 1. Source: Angelopoulos
    et al. 2023, Science 382:669; Angelopoulos, Duchi & Zrnic 2023, arXiv:2311.01453.

    Args:
        y: Label of every labelled item, drawn at random from the same population as the others.
        predicted: Prediction for it, made by a model that has not seen its label.
        unlabelled: Predictions for the other items.
        tuning: The weight l of the predictions; None to tune it.
        level: Confidence level as a share.

    Returns:
        The estimate in the unit of y; neither value nor ends are cut to [0, 1].

    Raises:
        StatsError: Columns of different length or with less than two labels; values that are not finite; a
            tuning that is no finite number; an impossible level.

    Example:
        >>> found = prediction_powered([0, 1, 0, 1, 1], [.1, .9, .3, .6, .5], [.2, .8, .05, .4, .15])
        >>> round(found.value, 6), round(found.interval.low, 6), round(found.interval.high, 6)
        (0.497274, 0.151492, 0.843056)
    """
    label, prediction = _labelled(y, predicted)
    others = numbers("unlabelled", unlabelled)
    weight = _tuned(label, prediction, others) if tuning is None else _weight(tuning)
    residual = label - weight * prediction
    value = weight * _mean(others) + _mean(residual)
    n, rest = len(label), len(others)
    variance = weight**2 * _spread(others) / rest**2 + _spread(residual) / n**2
    reach = normal_quantile(level) * math.sqrt(variance)
    return Estimate(value, Interval(value - reach, value + reach, float(level), f"ppi, tuning {weight:.6g}"))


def difference(
    y: npt.ArrayLike, predicted: npt.ArrayLike, predicted_mean: float, population: int, level: float = 0.95
) -> DesignEstimate:
    """The mean of a finite population whose every item has a prediction: the difference estimator.

    mean_U(f) + mean_L(y - f); variance (1-f) s^2/n, s^2 that of the differences (Cochran 1977, 7.2 with slope
    1). Interval: Student's t, n - 1 degrees of freedom.

    Args:
        y: Label of every labelled item, drawn at random without replacement.
        predicted: Prediction for it, made by a model that has not seen its label.
        predicted_mean: Mean prediction over the whole population, labelled items included.
        population: Items in the population.
        level: Confidence level as a share.

    Returns:
        The estimate in the unit of y.

    Raises:
        StatsError: Columns of different length or with less than two labels; values that are not finite; a
            population smaller than the sample; an impossible level.

    Example:
        >>> round(difference([0, 1, 0, 1, 1], [.1, .9, .3, .6, .5], 0.4, 10).value, 12)
        0.52
    """
    label, prediction = _labelled(y, predicted)
    return _with_slope(label, prediction, 1.0, (predicted_mean, population), level)


def regression(
    y: npt.ArrayLike, predicted: npt.ArrayLike, predicted_mean: float, population: int, level: float = 0.95
) -> DesignEstimate:
    """The mean of a finite population whose every item has a prediction: the regression estimator (GREG).

    mean_L(y) + b (mean_U(f) - mean_L(f)), b the least-squares slope of y on f in the sample; variance (1-f)
    s^2/n, s^2 that of the residuals with n - 2 degrees of freedom (Cochran 1977, 7.3-7.4; Sarndal, Swensson &
    Wretman 1992, 6.4). Interval: Student's t with as many. Slightly biased in small samples, since b is
    estimated.

    Args:
        y: Label of every labelled item, drawn at random without replacement.
        predicted: Prediction for it, made by a model that has not seen its label.
        predicted_mean: Mean prediction over the whole population, labelled items included.
        population: Items in the population.
        level: Confidence level as a share.

    Returns:
        The estimate in the unit of y.

    Raises:
        StatsError: As `difference`; less than three labels; predictions that are all equal.

    Example:
        >>> round(regression([0, 1, 0, 1, 1], [.1, .9, .3, .6, .5], 0.4, 10).value, 10)
        0.4782608696
    """
    label, prediction = _labelled(y, predicted, least=3)
    if _is_constant(prediction):
        raise StatsError(
            "predictions that are all equal have no slope",
            found=f"{len(prediction)} times {prediction[0]:g}",
            remedy="use 'difference', or the labels alone",
        )
    slope = exact_sum((label - _mean(label)) * (prediction - _mean(prediction)))
    slope /= _spread(prediction)
    return _with_slope(label, prediction, slope, (predicted_mean, population), level, lost=2)


def _with_slope(
    label: Floats,
    prediction: Floats,
    slope: float,
    over_all: tuple[float, int],
    level: float,
    lost: int = 1,
) -> DesignEstimate:
    n = len(label)
    overall = float(numbers("predicted_mean", [over_all[0]])[0])
    population = whole_count("population", over_all[1], smallest=n)
    residual = label - slope * prediction
    value = _mean(residual) + slope * overall
    df = n - lost
    error = math.sqrt((1 - n / population) * _spread(residual) / df / n)
    reach = student_quantile(level, df) * error
    method = "difference" if lost == 1 else "regression"
    interval = Interval(value - reach, value + reach, float(level), f"{method}, t with {df} df")
    return DesignEstimate(value, interval, error, df, None)


def _labelled(y: npt.ArrayLike, predicted: npt.ArrayLike, least: int = 2) -> tuple[Floats, Floats]:
    label, prediction = numbers("y", y), numbers("predicted", predicted)
    same_length(("y", label), ("predicted", prediction))
    if len(label) < least:
        raise StatsError("too few labels", expected=f"at least {least}", found=str(len(label)))
    return label, prediction


def _tuned(label: Floats, prediction: Floats, others: Floats) -> float:
    everything = np.concatenate((prediction, others))
    if _is_constant(everything):  # predictions that are all equal say nothing, whatever their weight
        return 0.0
    spread, n = _spread(everything) / (len(everything) - 1), len(label)
    shared = exact_sum((label - _mean(label)) * (prediction - _mean(prediction))) / n
    return shared / ((1 + n / len(others)) * spread)


def _weight(tuning: float) -> float:
    if not math.isfinite(real_or_nan(tuning)):
        raise StatsError("the weight of the predictions is no number", expected="0 to 1", found=shown(tuning))
    return float(tuning)


def _mean(values: Floats) -> float:
    return exact_sum(values) / len(values)


def _is_constant(values: Floats) -> bool:
    """Whether the values differ by so little that their squared distances are 0."""
    return float(np.ptp(values)) ** 2 == 0


def _spread(values: Floats) -> float:
    """The sum of squared distances from the mean."""
    return exact_sum((values - _mean(values)) ** 2)
