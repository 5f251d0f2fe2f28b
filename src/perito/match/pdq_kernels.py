"""The loops of PDQ: image rows to the 64 x 64 buffer, the buffer to coefficients, quality and bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perito.match.compiled import compiled
from perito.match.filters import SAMPLES, WEIGHT_UNITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 16  # coefficients an axis
_ROWS_AT_ONCE = 4
_LINE_UNITS = 2**22  # a brightness of 255 is below 2^30 of them

# D[i, j] = sqrt(2/64) cos(pi/128 (i+1)(2j+1)): the constant row is left out.
_COSINES = np.sqrt(2.0 / SAMPLES) * np.cos(
    np.pi / (2 * SAMPLES) * np.outer(np.arange(1, SIDE + 1), 2 * np.arange(SAMPLES) + 1)
)
_COSINES_T = np.ascontiguousarray(_COSINES.T)


@compiled
def _add_rows(
    pixels: NDArray[np.uint8],
    first: int,
    weights: NDArray[np.float32],
    length: int,
    line: NDArray[np.float32],
) -> None:
    """Add weighted image rows to a line, four in a pass so that the line is read less often."""
    done = 0
    width = pixels.shape[1]
    while done + _ROWS_AT_ONCE <= length:
        row = first + done
        one, two, three, four = pixels[row], pixels[row + 1], pixels[row + 2], pixels[row + 3]
        a, b, c, d = weights[done], weights[done + 1], weights[done + 2], weights[done + 3]
        for x in range(width):
            line[x] += (a * np.float32(one[x]) + b * np.float32(two[x])) + (
                c * np.float32(three[x]) + d * np.float32(four[x])
            )
        done += _ROWS_AT_ONCE
    while done < length:
        single, weight = pixels[first + done], weights[done]
        for x in range(width):
            line[x] += weight * np.float32(single[x])
        done += 1


@compiled
def _dot(line: NDArray[np.int32], first: int, weights: NDArray[np.int32]) -> np.int64:
    """A sum of products in whole numbers: exact, so that it may be added up in any order."""
    part = line[first : first + len(weights)]
    total = np.int64(0)
    for x in range(len(weights)):
        total += np.int64(part[x]) * np.int64(weights[x])
    return total


@compiled
def _to_whole(line: NDArray[np.float32], whole: NDArray[np.int32]) -> None:
    scale = np.float32(_LINE_UNITS)
    for x in range(len(line)):
        whole[x] = np.int32(line[x] * scale)


@compiled
def filtered(
    pixels: NDArray[np.uint8],
    row_start: NDArray[np.int64],
    row_length: NDArray[np.int64],
    row_weights: NDArray[np.float32],
    column_start: NDArray[np.int64],
    column_weights: NDArray[np.int32],
) -> NDArray[np.float32]:
    """The 64 x 64 buffer of an image, given as rows of interleaved bytes; one pass, no float image."""
    buffer = np.empty((SAMPLES, SAMPLES), np.float32)
    width = pixels.shape[1]
    whole = np.zeros(width + column_weights.shape[1], np.int32)
    unit = 1.0 / (float(_LINE_UNITS) * WEIGHT_UNITS)
    for o in range(SAMPLES):
        line = np.zeros(width, np.float32)
        _add_rows(pixels, row_start[o], row_weights[o], row_length[o], line)
        _to_whole(line, whole)
        for p in range(SAMPLES):
            buffer[o, p] = _dot(whole, column_start[p], column_weights[p]) * unit
    return buffer


@compiled
def quality_of(buffer: NDArray[np.float32]) -> int:
    """How much structure the buffer has, 0 to 100: steps between neighbours in percent, summed, over 90."""
    total = 0
    hundred, white = np.float32(100), np.float32(255)
    for i in range(SAMPLES):
        for j in range(SAMPLES):
            if i + 1 < SAMPLES:
                total += abs(int((buffer[i, j] - buffer[i + 1, j]) * hundred / white))
            if j + 1 < SAMPLES:
                total += abs(int((buffer[i, j] - buffer[i, j + 1]) * hundred / white))
    return min(total // 90, 100)


@compiled
def coefficients(buffer: NDArray[np.float32]) -> NDArray[np.float64]:
    """The 16 x 16 coefficients D . buffer . D^T."""
    half = np.zeros((SIDE, SAMPLES))
    for i in range(SIDE):
        for k in range(SAMPLES):
            factor = _COSINES[i, k]
            for j in range(SAMPLES):
                half[i, j] += factor * buffer[k, j]
    found = np.zeros((SIDE, SIDE))
    for i in range(SIDE):
        for k in range(SAMPLES):
            factor = half[i, k]
            for j in range(SIDE):
                found[i, j] += factor * _COSINES_T[k, j]
    return found
