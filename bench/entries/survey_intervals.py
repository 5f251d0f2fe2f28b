"""Stratified intervals of many populations, as for a table of platforms by measures.

Ours is one call on the counts (Fay-Feuer, mid-p, which holds for rare classes); the survey package is called
once for each population, on its items (Taylor linearisation). The estimates are the same; the intervals
are different ones, and each is the package's own for a stratified share.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from contest import contest, ours, peer
from measuring import Row, Settings

_SIZES = np.array([120, 160, 200, 240, 320, 960])
_SHARES = np.array([0.02, 0.03, 0.05, 0.1, 0.2, 0.6])
_RATES = np.array([0.4, 0.2, 0.1, 0.05, 0.02, 0.004])


def rows(settings: Settings) -> list[Row]:
    """CPU time for all intervals, in turn."""
    populations = 100 if settings.is_smoke else 10_000
    drawn = np.random.default_rng(7).binomial(_SIZES, _RATES, size=(populations, len(_SIZES)))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "counts.npz")
        np.savez(file, k=drawn, n=_SIZES, weights=_SHARES)
        contenders = [
            ours("stratified_ours.py", file),
            peer(settings, "samplics", "stratified_samplics.py", file),
        ]
        return contest(
            f"{populations:,} stratified intervals", contenders, min(settings.rounds, 3),
            one_thread=True, size=populations,
        )  # fmt: skip
