"""Stratified intervals of many populations, by samplics: one call for each, on its items."""

import sys
import warnings

import numpy as np
import stopwatch

warnings.simplefilter("ignore")


def prepare() -> tuple:
    """The items of every population, expanded from the counts."""
    from samplics.estimation import TaylorEstimator
    from samplics.utils.types import PopParam

    held = np.load(sys.argv[1])
    k, n, weights = held["k"], held["n"], held["weights"]
    strata = np.repeat(np.arange(len(n)), n)
    weight = np.repeat(weights / n, n)
    starts = np.cumsum(n) - n
    place = np.arange(n.sum()) - np.repeat(starts, n)
    items = [(place < np.repeat(row, n)).astype(float) for row in k]
    return TaylorEstimator, PopParam.mean, items, strata, weight


def work(given: tuple) -> float:
    """Every interval; the sum of the estimates."""
    estimator, mean, items, strata, weight = given
    total = 0.0
    for y in items:
        made = estimator(mean)
        made.estimate(y=y, samp_weight=weight, stratum=strata)
        total += float(made.point_est)
    return round(total, 6)


stopwatch.report(work, prepare)
