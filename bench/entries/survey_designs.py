"""Survey estimates of many samples: clusters with Korn-Graubard intervals, and prediction-powered means.

Ours and the package are both called once for each sample. The estimates, and for clusters the ends too, are
checked to agree.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from contest import contest, ours, peer
from measuring import Row, Settings

_ITEMS, _CLUSTERS, _STRATA = 2_000, 100, 4


def rows(settings: Settings) -> list[Row]:
    """CPU time for all samples."""
    samples = 5 if settings.is_smoke else 500
    rounds = min(settings.rounds, 3)
    with tempfile.TemporaryDirectory() as folder:
        clusters, predictions = Path(folder, "clusters.npz"), Path(folder, "predictions.npz")
        np.savez(clusters, **_clustered(samples))
        np.savez(predictions, **_predicted(samples))
        surveys = [ours("clusters_ours.py", clusters), peer(settings, "svy", "clusters_svy.py", clusters)]
        means = [
            ours("prediction_ours.py", predictions),
            peer(settings, "ppi-python", "prediction_ppi.py", predictions),
        ]
        return [
            *contest(f"{samples} clustered samples, Korn-Graubard", surveys, rounds, one_thread=True),
            *contest(f"{samples} prediction-powered means", means, rounds, one_thread=True),
        ]


def _clustered(samples: int) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(7)
    clusters = np.repeat(np.arange(_CLUSTERS), _ITEMS // _CLUSTERS)
    rates = draw.beta(1, 20, size=(samples, _CLUSTERS))[:, clusters]
    return {
        "y": (draw.random((samples, _ITEMS)) < rates).astype(float),
        "weights": draw.uniform(1, 20, _CLUSTERS)[clusters],
        "strata": clusters % _STRATA,
        "clusters": clusters,
    }


def _predicted(samples: int) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(8)
    predicted, others = draw.beta(1, 9, (samples, _ITEMS)), draw.beta(1, 9, 20 * _ITEMS)
    return {
        "y": (draw.random(predicted.shape) < predicted / 2).astype(float),  # a tuning that no bound cuts
        "predicted": predicted,
        "unlabelled": others,
    }
