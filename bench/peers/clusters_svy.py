"""Shares with Korn-Graubard intervals from stratified clusters, by svy."""

import sys
import warnings

import numpy as np
import stopwatch

warnings.simplefilter("ignore")


def prepare() -> list:
    """One sample with its design for each."""
    import polars as pl
    import svy

    held = np.load(sys.argv[1])
    design = svy.Design(stratum="s", psu="c", wgt="w")
    design_columns = {"s": held["strata"], "c": held["clusters"], "w": held["weights"]}
    return [svy.Sample(pl.DataFrame({"y": y.astype(int), **design_columns}), design) for y in held["y"]]


def work(samples: list) -> list[float]:
    """The sums of estimates and of both ends."""
    found = [sample.estimation.prop("y", ci_method="korn-graubard") for sample in samples]
    yes = [next(one for one in each.estimates if str(one.y_level) == "1") for each in found]
    return [round(sum(getattr(one, part) for one in yes), 6) for part in ("est", "lci", "uci")]


stopwatch.report(work, prepare)
