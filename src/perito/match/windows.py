"""Parts of a picture that may be another picture whole: undoes frames, bars, screenshots and crops.

Query windows lie between straight edges of the picture that is looked for (a frame, a bar of text, the rim of
a screenshot), and five insets. Bank windows are what a crop would have left of a picture that is known. The
number of windows multiplies the comparisons of a pair of pictures, and with them the chance of a false match.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perito.match.pdq import hash_pixels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from perito.match.pdq import PdqHash

    Pixels = NDArray[np.uint8]

INSETS = (0.02, 0.05, 0.08, 0.10, 0.12)
"""Shares of a side taken off at each end, for query windows."""
CENTRAL_CROPS = (0.0, 0.05, 0.10, 0.15, 0.20, 0.25, 0.30)
"""Shares of the height and width taken off, half at each end, for bank windows."""
SIDE_CROPS = (0.05, 0.10, 0.15, 0.20)
"""Shares taken off at one side, or at two that meet, for bank windows."""

_MOST_ROWS, _MOST_COLUMNS = 6, 4  # edges that are followed
_LEAST_HEIGHT, _LEAST_WIDTH = 0.25, 0.40  # of a query window
_LEAST_STEP = 6.0  # levels of brightness between the two sides of an edge
_MEAN_WEIGHT = 0.3
_APART = 0.015  # edges closer than this share of the side are one
_LEAST_SIDE_PX = 32


@dataclass(frozen=True)
class Window:
    """A rectangle of a picture in pixels: rows `top` to `bottom`, columns `left` to `right`, half-open."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def name(self) -> str:
        """How a match names it.

        Example:
            >>> Window(0, 20, 5, 30).name
            'rows=0-20;columns=5-30'
        """
        return f"rows={self.top}-{self.bottom};columns={self.left}-{self.right}"

    def of(self, pixels: Pixels) -> Pixels:
        """That part of the pixels, as a view."""
        return pixels[self.top : self.bottom, self.left : self.right]


def query_windows(pixels: Pixels) -> list[Window]:
    """The whole picture first, then insets, then the rectangles between straight edges.

    Args:
        pixels: Height x width x 3, or height x width.

    Example:
        >>> framed = np.zeros((200, 200), np.uint8)
        >>> framed[20:180, 30:170] = 200
        >>> Window(20, 180, 30, 170) in query_windows(framed)
        True
    """
    height, width = pixels.shape[:2]
    luma = _luma(pixels)
    rows = [0, *_edges(luma, _MOST_ROWS), height]
    columns = [0, *_edges(luma.T, _MOST_COLUMNS), width]
    between = (
        Window(top, bottom, left, right)
        for top, bottom in _spans(rows, _LEAST_HEIGHT * height)
        for left, right in _spans(columns, _LEAST_WIDTH * width)
    )
    insets = (_cropped(height, width, share, share, share, share) for share in (0.0, *INSETS))
    return _usable((*insets, *between))


def bank_windows(pixels: Pixels) -> list[Window]:
    """What 39 crops would leave of the picture: seven central ones, eight of sides and corners at four sizes.

    Example:
        >>> len(bank_windows(np.zeros((400, 400), np.uint8)))
        39
    """
    height, width = pixels.shape[:2]
    central = (_cropped(height, width, *(share / 2,) * 4) for share in CENTRAL_CROPS)
    sides = (
        _cropped(height, width, *(share * cut for cut in cuts)) for share in SIDE_CROPS for cuts in _SIDES
    )
    return _usable((*central, *sides))


_SIDES = (
    (1, 0, 0, 0),
    (0, 1, 0, 0),
    (0, 0, 1, 0),
    (0, 0, 0, 1),
    (1, 0, 1, 0),
    (1, 0, 0, 1),
    (0, 1, 1, 0),
    (0, 1, 0, 1),
)  # fmt: skip  (top, bottom, left, right)


def window_hashes(pixels: Pixels, windows: Iterable[Window]) -> list[tuple[Window, PdqHash]]:
    """The windows whose hash is comparable (quality 50 or more), with it."""
    hashed = ((window, hash_pixels(np.ascontiguousarray(window.of(pixels)))) for window in windows)
    return [(window, value) for window, value in hashed if value.is_comparable]


def _usable(windows: Iterable[Window]) -> list[Window]:
    large = (one for one in windows if min(one.bottom - one.top, one.right - one.left) >= _LEAST_SIDE_PX)
    return list(dict.fromkeys(large))


def _cropped(height: int, width: int, top: float, bottom: float, left: float, right: float) -> Window:
    return Window(
        round(top * height),
        height - round(bottom * height),
        round(left * width),
        width - round(right * width),
    )


def _spans(edges: list[int], least: float) -> Iterator[tuple[int, int]]:
    for place, first in enumerate(edges):
        for last in edges[place + 1 :]:
            if last - first >= least:
                yield first, last


def _luma(pixels: Pixels) -> NDArray[np.float32]:
    if pixels.ndim == 2:  # noqa: PLR2004  (grey)
        return pixels.astype(np.float32)
    return np.asarray(pixels @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)


def _edges(luma: NDArray[np.float32], most: int) -> list[int]:
    """The rows before which the brightness steps along the whole line, the strongest, in order."""
    step = abs(np.diff(luma, axis=0))
    strength = np.median(step, axis=1) + _MEAN_WEIGHT * step.mean(axis=1)
    apart = max(2, round(_APART * len(luma)))
    found: list[int] = []
    for row in np.argsort(-strength, kind="stable"):
        if strength[row] < _LEAST_STEP or len(found) == most:
            break
        if all(abs(int(row) + 1 - other) >= apart for other in found):
            found.append(int(row) + 1)
    return sorted(found)
