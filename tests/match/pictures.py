"""Benign pictures made by arithmetic, and a PDQ written out slowly from its definition, to compare with."""

import io

import numpy as np
from PIL import Image


def picture(seed: int, height: int = 240, width: int = 320) -> np.ndarray:
    """A picture in three colours with some structure: discs on a shaded ground, a little noise."""
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[0:height, 0:width] / max(height, width)
    colours = np.empty((height, width, 3))
    for channel in range(3):
        plane = 90 + 80 * np.sin(rng.uniform(2, 6) * across + rng.uniform(0, 6)) * np.cos(
            rng.uniform(2, 6) * down
        )
        for _ in range(8):
            y, x, size, light = (
                rng.uniform(0, 1),
                rng.uniform(0, 1),
                rng.uniform(0.04, 0.25),
                rng.normal(0, 70),
            )
            plane = plane + light * ((down - y) ** 2 + (across - x) ** 2 < size**2)
        colours[:, :, channel] = plane + rng.normal(0, 2, (height, width))
    return np.clip(colours, 0, 255).astype(np.uint8)


def encoded(pixels: np.ndarray, kind: str = "PNG", **options) -> bytes:
    """The bytes of a file of that kind."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def slow_pdq(pixels: np.ndarray) -> tuple[str, int]:
    """PDQ step by step, in doubles: luma, two box filters an axis, 64 x 64, cosines, median, bits."""
    luma = pixels @ np.array([0.299, 0.587, 0.114]) if pixels.ndim == 3 else pixels.astype(float)
    for _ in range(2):
        luma = _box(_box(luma).T).T
    down, across = ((2 * np.arange(64) + 1) * length // 128 for length in luma.shape)
    buffer = luma[np.ix_(down, across)].astype(np.float32)
    steps = [np.diff(buffer, axis=axis) for axis in (0, 1)]
    quality = sum(int(np.abs(np.trunc(-step * np.float32(100) / np.float32(255))).sum()) for step in steps)
    cosines = np.sqrt(2 / 64) * np.cos(np.pi / 128 * np.outer(np.arange(1, 17), 2 * np.arange(64) + 1))
    values = (cosines @ buffer.astype(float) @ cosines.T).ravel()
    bits = "".join("1" if value > np.sort(values)[127] else "0" for value in values)
    return f"{int(bits[::-1], 2):064x}", min(quality // 90, 100)


def _box(lines: np.ndarray) -> np.ndarray:
    """The mean of every window of lines, cut off at the edges."""
    window = (len(lines) + 127) // 128
    half = (window + 2) // 2
    stretches = ((max(0, k - (window - half)), min(len(lines), k + half)) for k in range(len(lines)))
    return np.array([lines[low:high].mean(axis=0) for low, high in stretches])
