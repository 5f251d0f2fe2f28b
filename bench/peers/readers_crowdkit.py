"""Dawid-Skene by crowd-kit, with as many steps as it takes until nothing changes."""

import sys
import warnings

import numpy as np
import stopwatch

warnings.simplefilter("ignore")


def prepare() -> tuple:
    """The labels in the long form that it takes."""
    import pandas as pd
    from crowdkit.aggregation import DawidSkene

    ratings = np.load(sys.argv[1])["ratings"]
    reader, item = np.nonzero(~np.isnan(ratings))
    labels = pd.DataFrame({"task": item, "worker": reader, "label": ratings[reader, item].astype(int)})
    return DawidSkene(n_iter=1000, tol=1e-10), labels


def work(given: tuple) -> float:
    """The share of items that are more likely positive than not, to two digits."""
    model, labels = given
    return round(float((model.fit_predict_proba(labels)[1] > 0.5).mean()), 2)


stopwatch.report(work, prepare)
