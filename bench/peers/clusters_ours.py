"""Shares with Korn-Graubard intervals from stratified clusters, by this project."""

import sys

import numpy as np
import stopwatch


def prepare() -> tuple:
    """The samples, with everything imported."""
    from perito.stats.survey import korn_graubard

    held = np.load(sys.argv[1])
    return korn_graubard, held["y"], held["weights"], held["strata"], held["clusters"]


def work(given: tuple) -> list[float]:
    """The sums of estimates and of both ends."""
    estimate, every, weights, strata, clusters = given
    found = [estimate(y, weights, strata, clusters) for y in every]
    return [
        round(sum(one.value for one in found), 6),
        round(sum(one.interval.low for one in found), 6),
        round(sum(one.interval.high for one in found), 6),
    ]


stopwatch.report(work, prepare)
