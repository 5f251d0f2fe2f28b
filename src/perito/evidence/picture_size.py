"""Width and height of a picture from its header, without decoding a pixel.

A picture of 60,000 x 60,000 pixels fits into 437 KB: whoever decodes it to see how large it is has lost.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_HEAD_BYTES = 64
_SEGMENTS_MAX = 10_000
# Start-of-frame markers of JPEG; 0xC4, 0xC8 and 0xCC are tables and an extension.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length
_ENDS = frozenset({0xD9, 0xDA})
_OLD_BMP_HEADER_BYTES = 12
_GIF_FRAME, _GIF_EXTENSION = 0x2C, 0x21


@dataclass(frozen=True)
class PictureSize:
    """What a picture would take if it were decoded.

    Args:
        kind: `png`, `jpeg`, `gif`, `webp` or `bmp`.
        width_px: Its width.
        height_px: Its height.
    """

    kind: str
    width_px: int
    height_px: int

    @property
    def pixels(self) -> int:
        """Width times height, of one frame."""
        return self.width_px * self.height_px


def picture_size(source: Path | bytes) -> PictureSize | None:
    r"""The size that the header states; None where the bytes are no picture of a known kind, or cut short.

    Of an animation it is the largest of the canvas and the first frame.

    Args:
        source: A file or its bytes.

    Example:
        >>> head = b"\x89PNG\r\n\x1a\n" + bytes.fromhex("0000000d49484452 0000ea60 0000ea60 0100000000")
        >>> picture_size(head).pixels
        3600000000
    """
    if isinstance(source, bytes):
        return _size_in(io.BytesIO(source))
    with source.open("rb") as stream:
        return _size_in(stream)


def _size_in(stream: BinaryIO) -> PictureSize | None:
    head = stream.read(_HEAD_BYTES)
    stream.seek(0)
    for kind, (is_one, read) in _READERS.items():
        if is_one(head):
            try:
                width, height = read(stream)
            except (struct.error, IndexError):
                return None  # cut short inside its header
            return PictureSize(kind, width, height)
    return None


def _unpacked(form: str, stream: BinaryIO) -> tuple[int, ...]:
    return struct.unpack(form, stream.read(struct.calcsize(form)))


def _png(stream: BinaryIO) -> tuple[int, int]:
    stream.seek(16)
    width, height = _unpacked(">II", stream)
    return width, height


def _gif(stream: BinaryIO) -> tuple[int, int]:
    stream.seek(6)
    width, height, flags = _unpacked("<HHBxx", stream)
    stream.seek(3 << (flags & 7) + 1 if flags & 0x80 else 0, 1)
    for _ in range(_SEGMENTS_MAX):
        (mark,) = _unpacked("B", stream)
        if mark == _GIF_FRAME:
            left, top, frame_width, frame_height = _unpacked("<HHHH", stream)
            return max(width, left + frame_width), max(height, top + frame_height)
        if mark != _GIF_EXTENSION:
            break
        _skip_gif_extension(stream)
    return width, height


def _skip_gif_extension(stream: BinaryIO) -> None:
    stream.seek(1, 1)
    while length := stream.read(1)[0]:
        stream.seek(length, 1)


def _jpeg(stream: BinaryIO) -> tuple[int, int]:
    stream.seek(2)
    for _ in range(_SEGMENTS_MAX):
        marker = _jpeg_marker(stream)
        if marker in _BARE:
            continue
        (length,) = _unpacked(">H", stream)
        if marker in _FRAMES:
            height, width = _unpacked(">xHH", stream)
            return width, height
        if marker in _ENDS or length < 2:  # noqa: PLR2004  (the length counts its own two bytes)
            break
        stream.seek(length - 2, 1)
    raise IndexError("no frame before the picture begins")


def _jpeg_marker(stream: BinaryIO) -> int:
    """The next marker; garbage before it and fill bytes are passed over as decoders do."""
    at = stream.tell()
    window = stream.read(_SEGMENTS_MAX)
    start = window.index(b"\xff") if b"\xff" in window else len(window)
    marker = next(step for step in range(start, len(window) + 1) if window[step] not in (0xFF, 0x00))
    stream.seek(at + marker + 1)
    return window[marker]


def _webp(stream: BinaryIO) -> tuple[int, int]:
    stream.seek(12)
    kind = stream.read(4)
    stream.seek(20)
    if kind == b"VP8X":
        stream.seek(24)
        raw = stream.read(6)
        return 1 + int.from_bytes(raw[:3], "little"), 1 + int.from_bytes(raw[3:6], "little")
    if kind == b"VP8L":
        (packed,) = _unpacked("<xI", stream)
        return 1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF)
    stream.seek(26)
    width, height = _unpacked("<HH", stream)
    return width & 0x3FFF, height & 0x3FFF


def _bmp(stream: BinaryIO) -> tuple[int, int]:
    stream.seek(14)
    (header_bytes,) = _unpacked("<I", stream)
    form = "<HH" if header_bytes == _OLD_BMP_HEADER_BYTES else "<ii"
    width, height = _unpacked(form, stream)
    return abs(width), abs(height)


_READERS: dict[str, tuple[Callable[[bytes], bool], Callable[[BinaryIO], tuple[int, int]]]] = {
    "png": (lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), _png),
    "jpeg": (lambda head: head.startswith(b"\xff\xd8"), _jpeg),
    "gif": (lambda head: head.startswith((b"GIF87a", b"GIF89a")), _gif),
    "webp": (lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP", _webp),
    "bmp": (lambda head: head.startswith(b"BM"), _bmp),
}
