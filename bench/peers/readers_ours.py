"""Dawid-Skene by this project."""

import sys

import numpy as np
import stopwatch


def prepare() -> tuple:
    """The ratings, with everything imported."""
    from perito.stats.agreement import dawid_skene

    return dawid_skene, np.load(sys.argv[1])["ratings"]


def work(given: tuple) -> float:
    """The share of items that are more likely positive than not; the peers smooth, so to two digits."""
    estimate, ratings = given
    return round(float((estimate(ratings).probabilities[:, 1] > 0.5).mean()), 2)


stopwatch.report(work, prepare)
