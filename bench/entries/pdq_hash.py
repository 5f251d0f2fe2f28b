"""PDQ of pictures beside the published code: `pdqhash` on decoded pixels, `threatexchange` from JPEG files.

Everybody has to give the same hashes. The quick hash of triage, from a JPEG decoded at half its size, is
another hash by design: in its row the answer is the number of pictures. From a file, most of the time is the
decoder's, which is the same library for all: the heavier the file, the smaller the ratio.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import numpy as np
from contest import contest, ours, peer
from measuring import Row, Settings
from PIL import Image

# As platforms serve them.
_SIZES_PX = ((1080, 1350), (1600, 1004), (1280, 720), (960, 1280), (2048, 1536), (640, 640))
_FALLS = (
    1.4,
    1.2,
)  # how fast detail falls with its frequency: an ordinary photograph, and one of much detail
_JPEG_QUALITY = 80


def rows(settings: Settings) -> list[Row]:
    """CPU time for pixels, and for light and heavy JPEG files hashed exactly and in triage."""
    every = [row for fall in _FALLS for row in _of_files(settings, fall)]
    return [*_of_pixels(settings), *every]


def _of_pixels(settings: Settings) -> list[Row]:
    pictures = _pictures(settings, _FALLS[0])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "pixels.npz")
        np.savez(file, *pictures)
        both = [
            ours("pdq_ours.py", file, "pixels", _repeats(settings), "hashes"),
            peer(settings, "pdqhash", "pdq_pdqhash.py", file, _repeats(settings), "hashes"),
        ]
        return _contest(settings, "PDQ of decoded pixels", both, len(pictures))


def _of_files(settings: Settings, fall: float) -> list[Row]:
    pictures = _pictures(settings, fall)
    files = [_jpeg(one) for one in pictures]
    weight = sum(map(len, files)) / sum(one.shape[0] * one.shape[1] for one in pictures)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "files.npz")
        np.savez(file, *(np.frombuffer(data, np.uint8) for data in files))
        for route, answer in (("exact", "hashes"), ("triage", "number")):
            both = [
                ours("pdq_ours.py", file, route, _repeats(settings), answer),
                peer(settings, "threatexchange", "pdq_threatexchange.py", file, _repeats(settings), answer),
            ]
            name = f"PDQ from JPEG files, {weight:.2f} bytes a pixel, {route}"
            rows += _contest(settings, name, both, len(files))
    return rows


def _contest(settings: Settings, name: str, both: list, number: int) -> list[Row]:
    rounds, size = min(settings.rounds, 3), number * _repeats(settings)
    return contest(name, both, rounds, one_thread=True, size=size)


def _repeats(settings: Settings) -> int:
    return 1 if settings.is_smoke else 5


def _pictures(settings: Settings, fall: float) -> list[np.ndarray]:
    sizes = _SIZES_PX[-1:] if settings.is_smoke else _SIZES_PX
    return [_picture(seed, *size, fall) for seed, size in enumerate(sizes)]


def _picture(seed: int, width: int, height: int, exponent: float) -> np.ndarray:
    """Benign pixels with the spectrum of photographs: noise whose amplitude falls with the frequency."""
    draw = np.random.default_rng(seed)
    down, across = np.fft.fftfreq(height)[:, np.newaxis], np.fft.rfftfreq(width)
    fall = 1 / np.maximum(np.hypot(down, across), 1 / max(width, height)) ** exponent
    planes = []
    for strength in (1.0, 0.35, 0.35):  # light varies more than colour
        spectrum = fall * np.exp(2j * np.pi * draw.random(fall.shape))
        plane = np.fft.irfft2(spectrum, (height, width))
        planes.append(plane / plane.std() * 50 * strength)
    light, red, blue = planes
    colours = np.dstack((light + red, light - 0.3 * red - 0.3 * blue, light + blue)) + 120
    return np.clip(colours, 0, 255).astype(np.uint8)


def _jpeg(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=_JPEG_QUALITY)
    return file.getvalue()
