"""Image files as pixels: one route, so that equal files give equal hashes, and hostile ones a clear error.

The route is part of the definition of every hash that is taken from a file: what Pillow's `convert("RGB")`
gives of the first frame, as stored (an EXIF rotation is named, not carried out; transparency is dropped;
of 16 bits a sample the upper 8 count). What the file is comes from its bytes, never from its name. The size
is checked before anything is decoded.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from perito.errors import FormatError, Malformed, Missing, Unrecognised
from perito.match.compiled import missing_extra

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    Source = str | Path | bytes | NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF")
PIXEL_LIMIT = 100_000_000
BYTE_LIMIT = 1 << 30
_ORIENTATION = 274  # the EXIF tag
_WIDE_GREY = {"I;16", "I;16L", "I;16B", "I;16N"}
_UNDEFINED = {"I", "F"}  # 32 bits a sample: no value is white
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    AssertionError,
    struct.error,
    zlib.error,
)  # fmt: skip  (what decoders raise on hostile bytes)


@dataclass(frozen=True)
class Picture:
    """The pixels of an image file, and what has to be said about them.

    Args:
        pixels: Height x width x 3 (R, G, B), or height x width (grey), as stored.
        format: What the bytes are (`JPEG`, `PNG` ...); empty for pixels that were given.
        remark: What the route left out: frames, a rotation, transparency, lower bits; empty if nothing.
    """

    pixels: NDArray[np.uint8]
    format: str = ""
    remark: str = ""


def read_picture(source: Source, *, pixel_limit: int = PIXEL_LIMIT) -> Picture:
    """The pixels of a file, of its bytes, or those that were given.

    Args:
        source: A path, the bytes of a file, or an array of bytes, height x width x 3 or height x width.
        pixel_limit: How many pixels are decoded at most.

    Raises:
        Missing: There is no such file.
        Unrecognised: The bytes are no image of a known format.
        Malformed: They are damaged, cut short, larger than the limit, or their samples have no white.

    Example:
        >>> from tempfile import TemporaryFile
        >>> from PIL import Image
        >>> with TemporaryFile() as file:
        ...     Image.new("RGBA", (8, 6)).save(file, "PNG")
        ...     _ = file.seek(0)
        ...     picture = read_picture(file.read())
        >>> picture.pixels.shape, picture.format, picture.remark
        ((6, 8, 3), 'PNG', 'transparency dropped')
    """
    if isinstance(source, np.ndarray):
        return Picture(_checked(source, pixel_limit))
    data, where = read_bytes(source)
    with warnings.catch_warnings(action="ignore"):  # Pillow warns of what is checked or remarked on here
        image = open_image(data, where, pixel_limit)
        try:
            return Picture(_pixels(image, data, where), image.format or "", _remark(image))
        except _DAMAGE as error:
            raise _damaged(error, where) from error


def read_bytes(source: str | Path | bytes) -> tuple[bytes, str]:
    """The bytes of a source, and how errors call it.

    Raises:
        Missing: There is no such file (a folder or a device is none), or it cannot be read.
        Malformed: It is larger than any picture.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source), "image"
    path = Path(source)
    try:
        if not path.is_file():
            raise Missing("there is no such file", where=str(source))
        if path.stat().st_size > BYTE_LIMIT:
            raise Malformed(
                "the file is too large for a picture", where=str(source),
                expected=f"at most {BYTE_LIMIT:,} bytes", found=f"{path.stat().st_size:,}",
            )  # fmt: skip
        return path.read_bytes(), str(source)
    except (OSError, ValueError) as error:
        raise Missing("the file cannot be read", where=str(source), found=str(error)) from error


def open_image(data: bytes, where: str, pixel_limit: int) -> Image:
    """The image of which only the head has been read, and which is small enough to decode.

    Raises:
        Unrecognised: The bytes are no image of a known format.
        Malformed: The head is damaged, or it names more pixels than the limit.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise missing_extra("Pillow") from error

    try:
        Image.init()  # some formats are only known after this
        image = Image.open(io.BytesIO(data), formats=[name for name in FORMATS if name in Image.OPEN])
    except Image.DecompressionBombError as error:
        raise _too_large(where, pixel_limit, str(error)) from error
    except UnidentifiedImageError as error:
        raise Unrecognised(
            "the bytes are no image of a known format", where=where, expected=", ".join(FORMATS)
        ) from error
    except _DAMAGE as error:
        raise _damaged(error, where) from error
    if image.width * image.height > pixel_limit:
        raise _too_large(where, pixel_limit, f"{image.width} x {image.height}")
    return image


def decode_jpeg(
    data: bytes, colours: str, size: tuple[int, int], divisor: int = 1
) -> NDArray[np.uint8] | None:
    """The pixels of a JPEG that has no fault at all; None for any other, which Pillow then judges.

    Args:
        data: The file.
        colours: `RGB`, or `GRAY` for the luma plane alone.
        size: The width and height that were checked; a file with two heads may name others.
        divisor: 2 decodes at half the size, in less time.
    """
    try:
        import simplejpeg
    except ImportError as error:
        raise missing_extra("simplejpeg") from error
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(data, strict=True)
        if (width, height) != size:
            return None
        least = (
            {} if divisor == 1 else {"min_height": -(-height // divisor), "min_width": -(-width // divisor)}
        )
        decoded: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            data, colorspace=colours, fastdct=False, fastupsample=False, strict=True,
            min_factor=divisor, **least,
        )  # fmt: skip
    except (ValueError, RuntimeError):
        return None
    return decoded[:, :, 0] if colours == "GRAY" else decoded


def is_plain_jpeg(image: Image) -> bool:
    """Whether it is a JPEG in three colours or grey (of several pictures in one file, the first)."""
    return image.format in {"JPEG", "MPO"} and image.mode in {"RGB", "L"}


def _pixels(image: Image, data: bytes, where: str) -> NDArray[np.uint8]:
    if image.mode in _UNDEFINED:
        raise Malformed(
            "the image's samples have no defined white", where=where,
            expected="8 or 16 bits a sample", found=f"Pillow mode {image.mode}",
        )  # fmt: skip
    if is_plain_jpeg(image):
        decoded = decode_jpeg(data, "RGB" if image.mode == "RGB" else "GRAY", image.size)
        if decoded is not None:
            return decoded
    if image.mode in _WIDE_GREY:
        return (np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)
    return np.asarray(image if image.mode == "L" else image.convert("RGB"))


def _remark(image: Image) -> str:
    remarks = []
    if getattr(image, "is_animated", False):
        remarks.append("first of several frames")
    turned = _orientation(image)
    if turned > 1:
        remarks.append(f"pixels as stored, EXIF orientation {turned}")
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        remarks.append("transparency dropped")
    if image.mode in _WIDE_GREY:
        remarks.append("upper 8 of 16 bits")
    return "; ".join(remarks)


def _orientation(image: Image) -> int:
    try:
        tag: Any = image.getexif().get(_ORIENTATION, 1)
    except _DAMAGE:
        return 0  # an unreadable tag says nothing about the pixels
    return tag if isinstance(tag, int) else 0


def _checked(pixels: NDArray[np.uint8], pixel_limit: int) -> NDArray[np.uint8]:
    is_image = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)  # noqa: PLR2004
    if pixels.dtype != np.uint8 or not is_image:
        raise Malformed(
            "the array is no image", expected="uint8, height x width x 3",
            found=f"{pixels.dtype}, {' x '.join(map(str, pixels.shape))}",
        )  # fmt: skip
    if pixels.shape[0] * pixels.shape[1] > pixel_limit:
        raise _too_large("array", pixel_limit, f"{pixels.shape[1]} x {pixels.shape[0]}")
    return np.ascontiguousarray(pixels)


def _too_large(where: str, pixel_limit: int, found: str) -> Malformed:
    return Malformed(
        "the image has too many pixels to be decoded", where=where,
        expected=f"at most {pixel_limit:,}", found=found, remedy="raise the pixel limit if memory allows",
    )  # fmt: skip


def _damaged(error: BaseException, where: str) -> FormatError:
    if isinstance(error, FormatError):
        return error
    return Malformed("the image is damaged or cut short", where=where, found=str(error)[:200])
