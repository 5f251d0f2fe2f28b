"""Krippendorff's alpha with its bootstrap, by this project."""

import sys

import numpy as np
import stopwatch


def prepare() -> tuple:
    """The ratings, with everything imported."""
    from perito.stats.agreement import bootstrap_agreement, krippendorff_alpha

    bootstrap_agreement(krippendorff_alpha, [[1, 0, 1, 0] * 25, [1, 0, 0, 0] * 25], replicates=100)
    return bootstrap_agreement, krippendorff_alpha, np.load(sys.argv[1])["ratings"]


def work(given: tuple) -> float:
    """The value; its interval rests on as many replicates as asked for."""
    bootstrap, alpha, ratings = given
    return round(bootstrap(alpha, ratings, replicates=int(sys.argv[2])).value, 9)


stopwatch.report(work, prepare)
