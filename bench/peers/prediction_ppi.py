"""Prediction-powered means of many samples, by ppi-python."""

import sys
import warnings

import numpy as np
import stopwatch

warnings.simplefilter("ignore")


def prepare() -> tuple:
    """The samples, with everything imported."""
    from ppi_py import ppi_mean_ci, ppi_mean_pointestimate

    held = np.load(sys.argv[1])
    return ppi_mean_pointestimate, ppi_mean_ci, held["y"], held["predicted"], held["unlabelled"]


def work(given: tuple) -> float:
    """The sum of the tuned estimates; the intervals are taken and thrown away."""
    estimate, interval, y, predicted, unlabelled = given
    total = 0.0
    for a, b in zip(y, predicted, strict=True):
        total += float(estimate(a, b, unlabelled)[0])
        interval(a, b, unlabelled, alpha=0.05)
    return round(total, 6)


stopwatch.report(work, prepare)
