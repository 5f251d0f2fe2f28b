"""The two-pass box filter of PDQ and its decimation to 64 samples, as one band of weights a side length.

Everything that PDQ does before its cosine transform is linear and separable, so that
`buffer64 = A(height) . luma . A(width)^T`, where `A(n)` depends on the length n alone. About one weight per
pixel and axis is not zero: only those are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLES = 64
WEIGHT_UNITS = 2**30  # column weights are whole numbers of 1/2^30: their sums are exact in any order
_LANES = 16  # and their number is a multiple of what a processor takes at once
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as the published code weights R, G and B
_CACHED_LENGTHS = 1_024


@dataclass(frozen=True)
class Band:
    """The weights of one axis: row o of `A(n)` is `weights[o, :length[o]]` from position `start[o]` on."""

    start: NDArray[np.int64]
    length: NDArray[np.int64]
    weights: NDArray[Any]


@lru_cache(maxsize=_CACHED_LENGTHS)
def row_band(length: int, scale: int = 1) -> Band:
    """The band over the rows of an image.

    Args:
        length: How many rows the image has at its full size.
        scale: By how much it was decoded smaller: each row then stands for `scale` rows of the original,
            with the sum of their weights (not a filter for the smaller size, which would blur more).

    Example:
        >>> band = row_band(1004)
        >>> band.weights.shape[0], [float(round(sum(row), 6)) for row in band.weights[:2]]
        (64, [1.0, 1.0])
    """
    band = _packed(*_aggregated(*_weights(length), scale), 1)
    return Band(band.start, band.length, band.weights.astype(np.float32))


@lru_cache(maxsize=_CACHED_LENGTHS)
def column_band(length: int, scale: int = 1, channels: int = 3) -> Band:
    """The band over the columns of an image whose channels lie side by side, the luma weights included.

    Args:
        length: How many columns the image has at its full size.
        scale: As in `row_band`.
        channels: 3 for R, G, B in turn; 1 for luma alone.

    Example:
        >>> band = column_band(1600)
        >>> band.weights.shape[1] % 16, round(int(sum(band.weights[5])) / WEIGHT_UNITS, 6)
        (0, 1.0)
    """
    start, weights = _aggregated(*_weights(length), scale)
    factors = np.array(_LUMA if channels == len(_LUMA) else (1.0,))
    spread = (weights[:, :, np.newaxis] * factors).reshape(SAMPLES, -1)
    band = _packed(start * len(factors), spread, _LANES)
    whole = np.rint(band.weights * WEIGHT_UNITS).astype(np.int32)
    return Band(band.start, band.length, whole)


def _weights(length: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """First position and weights of the 64 rows of A: the mean over a window of means over windows.

    A window at the edge is cut off there, and its mean is over what is left. Sample o stands at
    floor((o + 1/2) n / 64).
    """
    window = (length + 2 * SAMPLES - 1) // (2 * SAMPLES)
    half = (window + 2) // 2
    places = np.arange(length)
    low, high = np.maximum(0, places - (window - half)), np.minimum(length, places + half)
    share = 1.0 / (high - low)
    centre = (2 * np.arange(SAMPLES) + 1) * length // (2 * SAMPLES)
    start = low[low[centre]]
    weights = np.zeros((SAMPLES, int((high[high[centre] - 1] - start).max()) + 1))
    for shift in range(int((high - low).max())):  # the shift-th place of every outer window
        inner = low[centre] + shift
        row = np.flatnonzero(inner < high[centre])
        inner = inner[row]
        each = share[centre[row]] * share[inner]
        weights[row, low[inner] - start[row]] += each
        weights[row, high[inner] - start[row]] -= each
    return start, weights.cumsum(axis=1)[:, :-1]


def _aggregated(
    start: NDArray[np.int64], weights: NDArray[np.float64], scale: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The weights of blocks of `scale` positions; block b holds the positions scale*b to scale*(b+1)-1."""
    if scale == 1:
        return start, weights
    block = (start[:, np.newaxis] + np.arange(weights.shape[1])) // scale
    first = start // scale
    summed = np.zeros((SAMPLES, int((block[:, -1] - first).max()) + 1))
    np.add.at(summed, (np.arange(SAMPLES)[:, np.newaxis], block - first[:, np.newaxis]), weights)
    return first, summed


def _packed(start: NDArray[np.int64], weights: NDArray[np.float64], multiple: int) -> Band:
    is_weight = weights > 1e-12  # noqa: PLR2004  (what the cumulated sum leaves behind a window's end)
    length = weights.shape[1] - np.argmax(is_weight[:, ::-1], axis=1)
    width = -(-int(length.max()) // multiple) * multiple
    kept = np.zeros((SAMPLES, width))
    used = min(width, weights.shape[1])
    kept[:, :used] = np.where(is_weight, weights, 0.0)[:, :used]
    return Band(start, length.astype(np.int64), kept)
