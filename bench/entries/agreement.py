"""Agreement of readers beside the packages for it: Krippendorff's alpha with its bootstrap, and Dawid-Skene.

Alpha: ours draws counts of equal items, krippendorff is called on every resample, as its users do. Few
replicates are asked of both, because the peer takes the same time for each; ours hardly grows with them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from contest import contest, ours, peer
from measuring import Row, Settings

_READERS, _PREVALENCE = 5, 0.2
_ALPHA_REPLICATES = 100


def rows(settings: Settings) -> list[Row]:
    """CPU time at several numbers of items."""
    sizes = [1_000] if settings.is_smoke else [10_000, 100_000, 1_000_000]
    return [row for size in sizes for row in _of(settings, size)]


def _of(settings: Settings, size: int) -> list[Row]:
    rounds = min(settings.rounds, 3 if size < 1_000_000 else 1)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "ratings.npz")
        np.savez(file, ratings=_ratings(size))
        alpha = [
            ours("alpha_ours.py", file, _ALPHA_REPLICATES),
            peer(settings, "krippendorff", "alpha_krippendorff.py", file, _ALPHA_REPLICATES),
        ]
        readers = [ours("readers_ours.py", file), peer(settings, "crowd-kit", "readers_crowdkit.py", file)]
        return [
            *contest(f"alpha, {_ALPHA_REPLICATES} replicates", alpha, rounds, one_thread=True, size=size),
            *contest("Dawid-Skene", readers, rounds, one_thread=True, size=size),
        ]


def _ratings(size: int) -> np.ndarray:
    """Readers who find 80 to 95 % of the positives and call 2 % of the others so; a third read nothing."""
    draw = np.random.default_rng(7)
    truth = draw.random(size) < _PREVALENCE
    rows = []
    for found in np.linspace(0.8, 0.95, _READERS):
        said = np.where(truth, draw.random(size) < found, draw.random(size) < 1 - 0.98).astype(float)
        rows.append(np.where(draw.random(size) < 1 / 3, np.nan, said))
    return np.array(rows)
