"""Krippendorff's alpha by krippendorff, called once on the items and once on every resample of them."""

import sys

import numpy as np
import stopwatch


def prepare() -> tuple:
    """The ratings, with everything imported."""
    import krippendorff

    return krippendorff.alpha, np.load(sys.argv[1])["ratings"]


def work(given: tuple) -> float:
    """The value; percentiles of the replicates are taken and thrown away."""
    alpha, ratings = given
    draw, items = np.random.default_rng(1), ratings.shape[1]
    drawn = [
        alpha(reliability_data=ratings[:, draw.integers(0, items, items)], level_of_measurement="nominal")
        for _ in range(int(sys.argv[2]))
    ]
    np.percentile(drawn, [2.5, 97.5])
    return round(float(alpha(reliability_data=ratings, level_of_measurement="nominal")), 9)


stopwatch.report(work, prepare)
