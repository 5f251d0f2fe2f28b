"""Prediction-powered means of many samples, by this project."""

import sys

import numpy as np
import stopwatch


def prepare() -> tuple:
    """The samples, with everything imported."""
    from perito.stats.prediction import prediction_powered

    held = np.load(sys.argv[1])
    return prediction_powered, held["y"], held["predicted"], held["unlabelled"]


def work(given: tuple) -> float:
    """The sum of the tuned estimates."""
    estimate, y, predicted, unlabelled = given
    return round(sum(estimate(a, b, unlabelled).value for a, b in zip(y, predicted, strict=True)), 6)


stopwatch.report(work, prepare)
