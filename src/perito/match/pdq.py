"""PDQ: 256 bits that tell whether two files show the same picture.

The hash is the published one (facebook/ThreatExchange, C++ reference, as `pdqhash` binds it): two pictures
are the same if at most 31 bits differ and both qualities are at least 50. Below that the hash is mostly
rounding noise and the picture is *not comparable*, which is no statement about a match.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perito.errors import FormatError
from perito.match.filters import column_band, row_band
from perito.match.pixels import (
    PIXEL_LIMIT,
    decode_jpeg,
    is_plain_jpeg,
    open_image,
    read_bytes,
    read_picture,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from perito.match.pixels import Source

METHOD = "pdq 1: C++ reference; Pillow RGB, first frame, stored orientation"
LEAST_QUALITY = 50
SAME_PICTURE_BITS = 31
SYMMETRIES = ("original", "r90", "r180", "r270", "fv", "fh", "fp", "fm")
_HEX_DIGITS = 64
_LEAST_SIDE_PX = 5
_LEAST_HALVED_PX = 256  # of smaller pictures the half differs by more, and there is little to gain
_MEDIAN = 127
_RGB = 3


@dataclass(frozen=True)
class PdqHash:
    """A PDQ hash and the quality of the picture it was taken from.

    Args:
        hex: 64 lower-case hexadecimal digits.
        quality: 0 (no structure) to 100.

    Raises:
        FormatError: The digits are not 64 hexadecimal ones, or the quality is out of range.

    Example:
        >>> PdqHash("f" * 64, 100).distance(PdqHash("f" * 63 + "0", 100))
        4
    """

    hex: str
    quality: int

    def __post_init__(self) -> None:
        digits = self.hex.lower()
        if len(digits) != _HEX_DIGITS or not set(digits) <= set("0123456789abcdef"):
            raise FormatError("no PDQ hash", expected="64 hexadecimal digits", found=self.hex[:80])
        if not 0 <= self.quality <= 100:  # noqa: PLR2004
            raise FormatError("no PDQ quality", expected="0 to 100", found=str(self.quality))
        object.__setattr__(self, "hex", digits)

    @property
    def is_comparable(self) -> bool:
        """Whether the quality is at least 50. If not, the answer to every comparison is 'cannot say'."""
        return self.quality >= LEAST_QUALITY

    @property
    def packed(self) -> NDArray[np.uint8]:
        """The 32 bytes of the hash, as `HammingIndex` takes them."""
        return np.frombuffer(bytes.fromhex(self.hex), np.uint8)

    def distance(self, other: PdqHash) -> int:
        """In how many of the 256 bits the hashes differ."""
        return (int(self.hex, 16) ^ int(other.hex, 16)).bit_count()

    def is_same_picture(self, other: PdqHash) -> bool | None:
        """Whether at most 31 bits differ; None where one of the two is not comparable."""
        if not (self.is_comparable and other.is_comparable):
            return None
        return self.distance(other) <= SAME_PICTURE_BITS


def hash_image(source: Source, *, pixel_limit: int = PIXEL_LIMIT) -> PdqHash:
    """The PDQ hash of an image: equal to the reference bit by bit.

    Args:
        source: A path, the bytes of a file, or pixels as uint8, height x width x 3 (R, G, B).
        pixel_limit: How many pixels are decoded at most; checked before decoding.

    Raises:
        Missing: There is no such file.
        Unrecognised: The bytes are no image of a known format.
        Malformed: They are damaged, cut short, too large, or their samples have no defined white.

    Example:
        >>> blank = np.full((40, 60, 3), 200, np.uint8)
        >>> hash_image(blank).quality, hash_image(blank).is_comparable
        (0, False)
    """
    return hash_pixels(read_picture(source, pixel_limit=pixel_limit).pixels)


def hash_pixels(pixels: NDArray[np.uint8]) -> PdqHash:
    """The PDQ hash of pixels, height x width x 3 (R, G, B) or height x width (luma).

    Sides below 5 pixels give the zero hash with quality 0.

    Example:
        >>> hash_pixels(np.zeros((1, 1, 3), np.uint8)).hex == "0" * 64
        True
    """
    return _hash_of(buffer_of(pixels))


def dihedral(source: Source, *, pixel_limit: int = PIXEL_LIMIT) -> dict[str, PdqHash]:
    """The hashes of the picture and its seven turned and mirrored forms, from one decoding.

    Mirroring an axis multiplies coefficient i by (-1)^(i+1), transposing swaps rows and columns; each form
    has its own median. Keys, in this order: `original`, `r90`, `r180`, `r270` (turned), `fv`, `fh` (mirrored
    top to bottom, left to right), `fp`, `fm` (mirrored at a diagonal).

    Raises:
        PeritoError: As `hash_image`.

    Example:
        >>> shade = np.add.outer(np.arange(64) ** 2 / 20, np.arange(64)).astype(np.uint8)
        >>> forms = dihedral(np.repeat(shade[:, :, np.newaxis], 3, 2))
        >>> forms["fh"] == hash_pixels(np.repeat(shade[:, ::-1, np.newaxis], 3, 2))
        True
    """
    buffer = buffer_of(read_picture(source, pixel_limit=pixel_limit).pixels)
    if buffer is None:
        return dict.fromkeys(SYMMETRIES, _hash_of(None))
    from perito.match import pdq_kernels

    quality = pdq_kernels.quality_of(buffer)
    forms = zip(SYMMETRIES, _symmetric(pdq_kernels.coefficients(buffer)), strict=True)
    return {name: PdqHash(_hex(form), quality) for name, form in forms}


def triage_hash(source: str | bytes, *, pixel_limit: int = PIXEL_LIMIT) -> PdqHash:
    """A quick hash, for finding candidates only: of a JPEG's luma plane decoded at half the size.

    It differs from `hash_image` by a few bits (mean 1.5), so every hit has to be hashed again exactly. The
    filter is the one of the full size, its weights added up over the pixels that one small pixel stands for.
    Files that are no faultless JPEG in colour or grey, or have a side below 256 pixels, are hashed exactly.

    Raises:
        PeritoError: As `hash_image`.
    """
    data, where = read_bytes(source)
    image = open_image(data, where, pixel_limit)
    is_quick = is_plain_jpeg(image) and min(image.size) >= _LEAST_HALVED_PX
    half = decode_jpeg(data, "GRAY", image.size, 2) if is_quick else None
    if half is None or half.shape != (-(-image.height // 2), -(-image.width // 2)):
        return hash_image(data, pixel_limit=pixel_limit)
    return _hash_of(buffer_of(half, (image.height, image.width), 2))


def buffer_of(
    pixels: NDArray[np.uint8], size: tuple[int, int] | None = None, scale: int = 1
) -> NDArray[np.float32] | None:
    """The 64 x 64 filtered luma buffer that PDQ is computed from; None where a side is below 5 pixels.

    Args:
        pixels: Height x width x 3, or height x width.
        size: Height and width of the image at its full size, where `pixels` is smaller.
        scale: By how much it is smaller.
    """
    height, width = size or (pixels.shape[0], pixels.shape[1])
    if min(height, width) < _LEAST_SIDE_PX:
        return None
    from perito.match import pdq_kernels

    channels = _RGB if pixels.ndim == _RGB else 1
    rows, columns = row_band(height, scale), column_band(width, scale, channels)
    flat = np.ascontiguousarray(pixels).reshape(pixels.shape[0], -1)
    buffer: NDArray[np.float32] = pdq_kernels.filtered(
        flat, rows.start, rows.length, rows.weights, columns.start, columns.weights
    )
    return buffer


def _hash_of(buffer: NDArray[np.float32] | None) -> PdqHash:
    if buffer is None:
        return PdqHash("0" * _HEX_DIGITS, 0)
    from perito.match import pdq_kernels

    return PdqHash(_hex(pdq_kernels.coefficients(buffer)), pdq_kernels.quality_of(buffer))


def _hex(values: NDArray[np.float64]) -> str:
    """The digits of the hash: bit 16 i + j is set if the coefficient is above the lower median of the 256."""
    flat = values.ravel()
    is_above = flat > np.partition(flat, _MEDIAN)[_MEDIAN]
    return np.packbits(is_above[::-1]).tobytes().hex()


def _symmetric(values: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """The coefficients of the eight symmetries, in the order of `SYMMETRIES`."""
    sign = np.where(np.arange(values.shape[0]) % 2 == 0, -1.0, 1.0)
    down, across = sign[:, np.newaxis], sign[np.newaxis, :]
    turned = values.T
    forms = (
        values, turned * down, values * down * across, turned * across,
        values * down, values * across, turned, turned * down * across,
    )  # fmt: skip
    return [np.ascontiguousarray(form) for form in forms]
