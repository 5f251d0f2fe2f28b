"""Benign pictures made here, and the edits that copies undergo: to see how often a copy is still found.

A scene has the grain of a photograph (noise at every scale) and a few plain shapes. It shows nothing and
nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perito.match.opencv import opencv

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.random import Generator
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Edit = Callable[[Pixels, Generator], Pixels]

HEIGHT_PX, WIDTH_PX = 480, 640
_OCTAVES = range(2, 9)
_FALL = 0.7  # of the grain's strength from one scale to the next finer one
_SHAPES = 14
_CROP = 0.12
_WHITE, _INK = (255, 255, 255), (30, 30, 30)
_WORDS = ("WHEN THE BUS IS LATE", "some words of a post")


def scene(seed: int) -> Pixels:
    """One picture, 480 x 640 x 3.

    Example:
        >>> scene(1).shape, bool((scene(1) == scene(1)).all())
        ((480, 640, 3), True)
    """
    cv2, draw = opencv(), np.random.default_rng(seed)
    grain = np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.float32)
    for octave in _OCTAVES:
        coarse = draw.standard_normal((2**octave * 3 // 4 + 2, 2**octave + 2, 3)).astype(np.float32)
        grain += _FALL**octave * cv2.resize(coarse, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
    level = (grain - grain.min()) / (grain.max() - grain.min())
    picture = np.ascontiguousarray((255 * level).astype(np.uint8))
    for _ in range(_SHAPES):
        colour = tuple(int(one) for one in draw.integers(0, 256, 3))
        at, size = draw.integers(0, (WIDTH_PX, HEIGHT_PX)), draw.integers(15, 110, 2)
        if draw.random() < 0.5:  # noqa: PLR2004  (one in two)
            cv2.rectangle(picture, at.tolist(), (at + size).tolist(), colour, -1)
        else:
            cv2.ellipse(picture, at.tolist(), (size // 2).tolist(), 180 * draw.random(), 0, 360, colour, -1)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.8), np.uint8)


def edits() -> Mapping[str, Edit]:
    """What copies undergo, by name: re-encoding, size, frames, bars, crops, an edited part, turns.

    Example:
        >>> list(edits())[:2]
        ['JPEG, quality 50', 'JPEG, quality 20']
    """
    return {
        "JPEG, quality 50": lambda picture, _: _saved(picture, 50),
        "JPEG, quality 20": lambda picture, _: _saved(picture, 20),
        "half the size": lambda picture, _: _resized(picture, 0.5),
        "a quarter of the size": lambda picture, _: _resized(picture, 0.25),
        "lighter": lambda picture, _: np.clip(picture.astype(np.int16) + 30, 0, 255).astype(np.uint8),
        "border of 2 %": lambda picture, _: _bordered(picture, 0.02),
        "border of 5 %": lambda picture, _: _bordered(picture, 0.05),
        "border of 10 %": lambda picture, _: _bordered(picture, 0.10),
        "bar with words above": lambda picture, _: _barred(picture),
        "screenshot of a telephone": lambda picture, _: _screenshot(picture),
        "crop of all four sides, up to 12 % each": _cropped,
        "middle blurred": lambda picture, _: _patched(picture),
        "mirrored": lambda picture, _: np.ascontiguousarray(picture[:, ::-1]),
        "turned by 90 degrees": lambda picture, _: np.ascontiguousarray(np.rot90(picture)),
        "turned by 3 degrees": lambda picture, _: _turned(picture, 3.0),
    }


def _saved(picture: Pixels, quality: int = 85) -> Pixels:
    cv2 = opencv()
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def _resized(picture: Pixels, scale: float) -> Pixels:
    cv2 = opencv()
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _bordered(picture: Pixels, share: float) -> Pixels:
    cv2, wide = opencv(), round(share * min(picture.shape[:2]))
    return _saved(cv2.copyMakeBorder(picture, wide, wide, wide, wide, cv2.BORDER_CONSTANT, value=_WHITE))


def _barred(picture: Pixels) -> Pixels:
    cv2, high = opencv(), picture.shape[0] // 5
    barred = cv2.copyMakeBorder(picture, high, 0, 0, 0, cv2.BORDER_CONSTANT, value=_WHITE)
    cv2.putText(barred, _WORDS[0], (high // 3, 2 * high // 3), cv2.FONT_HERSHEY_SIMPLEX, 1.4, _INK, 4)
    return _saved(barred)


def _screenshot(picture: Pixels) -> Pixels:
    cv2, width = opencv(), WIDTH_PX
    shown = cv2.resize(picture, (width, round(picture.shape[0] * width / picture.shape[1])))
    top = 300
    screen = np.full((2 * width, width, 3), 245, np.uint8)
    screen[:60] = _INK
    screen[top : top + len(shown)] = shown
    for line in range(8):
        at = (20, top + len(shown) + 50 * (line + 1))
        cv2.putText(screen, _WORDS[1], at, cv2.FONT_HERSHEY_SIMPLEX, 0.9, _INK, 2)
    return _saved(screen)


def _cropped(picture: Pixels, draw: Generator) -> Pixels:
    height, width = picture.shape[:2]
    top, bottom, left, right = _CROP * draw.random(4)
    part = picture[round(top * height) : height - round(bottom * height)]
    return _saved(np.ascontiguousarray(part[:, round(left * width) : width - round(right * width)]))


def _patched(picture: Pixels) -> Pixels:
    height, width = picture.shape[:2]
    patched, middle = picture.copy(), np.s_[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3]
    patched[middle] = opencv().GaussianBlur(picture[middle], (0, 0), 15)
    return _saved(patched)


def _turned(picture: Pixels, degrees: float) -> Pixels:
    cv2, (height, width) = opencv(), picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return _saved(cv2.warpAffine(picture, turn, (width, height)))
