"""Pictures as they may be shown: a tiny blurred one without colour, the same without colour, or as it is.

The functions run in a process apart (`perito.evidence.bounded`), and none hands on a byte of the file: what
comes out is drawn anew, without metadata. A video becomes six stills; there is never a sound.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

PREVIEW_PX = 24
_LARGEST_PX = 1_600
_BLUR_PX = 1.5
_STILLS = 6
_STILLS_IN_A_ROW = 3
_STILL_PX = 480


def preview(source: bytes | Path, *, video: bool = False) -> bytes:
    """A PNG of at most 24 pixels a side, blurred and without colour."""
    from PIL import ImageFilter

    image = _opened(source, video=video).convert("L")
    image.thumbnail((PREVIEW_PX, PREVIEW_PX))
    return _png(image.filter(ImageFilter.GaussianBlur(_BLUR_PX)))


def greyscale(source: bytes | Path, *, video: bool = False) -> bytes:
    """A PNG of the picture without colour, at most 1,600 pixels a side."""
    return _png(_fitted(_opened(source, video=video)).convert("L"))


def full(source: bytes | Path, *, video: bool = False) -> bytes:
    """A PNG of the picture, at most 1,600 pixels a side."""
    return _png(_fitted(_opened(source, video=video)).convert("RGB"))


def _opened(source: bytes | Path, *, video: bool) -> Image:
    from PIL import Image, ImageOps

    if video:
        return _stills(source)
    image = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source)
    image.seek(0)  # of an animation the first picture: nothing moves by itself
    upright: Image.Image = ImageOps.exif_transpose(image)
    return upright.convert("RGB")


def _fitted(image: Image) -> Image:
    image.thumbnail((_LARGEST_PX, _LARGEST_PX))
    return image


def _png(image: Image) -> bytes:
    sink = io.BytesIO()
    image.save(sink, "PNG")
    return sink.getvalue()


def _stills(source: bytes | Path) -> Image:
    """Six moments of a video side by side."""
    import tempfile

    import cv2

    with tempfile.NamedTemporaryFile(suffix=".video") as file:
        if isinstance(source, bytes):
            file.write(source)
            file.flush()
        film = cv2.VideoCapture(file.name if isinstance(source, bytes) else str(source))
        try:
            frames = _frames(film)
        finally:
            film.release()
    if not frames:
        raise ValueError("no picture can be read")
    return _side_by_side(frames)


def _frames(film: Any) -> list[Any]:  # noqa: ANN401  (OpenCV has no types)
    import cv2

    count = int(film.get(cv2.CAP_PROP_FRAME_COUNT)) or 1
    found = []
    for place in range(_STILLS):
        film.set(cv2.CAP_PROP_POS_FRAMES, (2 * place + 1) * count // (2 * _STILLS))
        is_read, frame = film.read()
        if is_read:
            found.append(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
    return found


def _side_by_side(frames: list[Any]) -> Image:
    from PIL import Image

    pictures = [Image.fromarray(frame) for frame in frames]
    for picture in pictures:
        picture.thumbnail((_STILL_PX, _STILL_PX))
    width, height = pictures[0].size
    rows = -(-len(pictures) // _STILLS_IN_A_ROW)
    sheet = Image.new("RGB", (width * min(len(pictures), _STILLS_IN_A_ROW), height * rows))
    for place, picture in enumerate(pictures):
        sheet.paste(picture, (place % _STILLS_IN_A_ROW * width, place // _STILLS_IN_A_ROW * height))
    return sheet
