"""Files of evidence read in a process of their own, within limits: a file that breaks a reader costs itself.

What readers of pictures, manifests and videos answer is plain data; here it becomes values again. None of
the processes has a network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perito.errors import Malformed, Missing
from perito.evidence.bounded import MediaLimits, Workers, run_bounded
from perito.match.hashing import LIMITS, pool_size
from perito.match.origin import DeclaredOrigin, declared_origin
from perito.match.origin.model import Declaration
from perito.match.pixels import PIXEL_LIMIT, Picture, read_picture
from perito.match.video import FrameHashes, hash_video

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

PICTURE_LIMITS = MediaLimits(pixels=PIXEL_LIMIT, result_bytes=4 * PIXEL_LIMIT)
"""The pixels come back, three bytes each."""
VIDEO_LIMITS = MediaLimits(pixels=PIXEL_LIMIT, wall_s=4 * 3_600.0, cpu_s=4 * 3_600.0)
"""Every frame of a long video takes its time."""

_PICTURE, _ORIGIN, _VIDEO = (f"{__name__}:{name}" for name in ("picture_data", "origin_data", "video_data"))


def pictures_apart(
    sources: Iterable[Path | bytes], workers: int | None = None, limits: MediaLimits = PICTURE_LIMITS
) -> Iterator[Picture | str]:
    """The pixels of each file, in their order; of one that cannot be read, why.

    Args:
        sources: Paths, or the bytes of files.
        workers: How many processes; as many as there are cores by default.
        limits: The bounds within which one file is read.

    Raises:
        CaseError: The extra `media` is not installed.
    """
    with Workers(_PICTURE, pool_size(workers), limits, pixel_limit=limits.pixels) as pool:
        for outcome in pool.map(sources):
            yield outcome.refusal if outcome.refusal is not None else Picture(*outcome.value)


def picture_apart(source: Path | bytes, limits: MediaLimits = PICTURE_LIMITS) -> Picture:
    """The pixels of one file.

    Raises:
        Malformed: It is no picture, damaged, or beyond a limit.
        CaseError: The extra `media` is not installed.
    """
    return Picture(*run_bounded(_PICTURE, source, limits, pixel_limit=limits.pixels))


def origins_apart(
    sources: Iterable[Path | bytes], workers: int | None = None, limits: MediaLimits = LIMITS
) -> Iterator[DeclaredOrigin | str]:
    """What each file declares of its origin, in their order; of one that cannot be read, why.

    Args:
        sources: Paths, or the bytes of files.
        workers: How many processes; as many as there are cores by default.
        limits: The bounds within which one file is read.

    Raises:
        CaseError: The extra `media` is not installed.

    Example:
        >>> [one.state for one in origins_apart([b"GIF89a" + bytes(20)], 1)]
        ['none']
    """
    with Workers(_ORIGIN, pool_size(workers), limits) as pool:
        for outcome in pool.map(sources):
            yield outcome.refusal if outcome.refusal is not None else _origin(outcome.value)


def video_apart(source: Path, *, every: int = 1, limits: MediaLimits = VIDEO_LIMITS) -> FrameHashes:
    """The hashes of a video's frames, as `perito.match.video.hash_video` gives them.

    Raises:
        Missing: There is no such file.
        Malformed: No frame can be decoded, or a limit struck.
        CaseError: The extra `media` is not installed.
    """
    if not source.is_file():
        raise Missing("there is no such file", where=str(source), remedy="give the path of a video")
    held = run_bounded(_VIDEO, source, limits, every=every, pixel_limit=limits.pixels)
    return FrameHashes(**held)


def picture_data(source: Path | bytes, pixel_limit: int) -> tuple[Any, str, str]:
    """`read_picture` as plain data: called in the process apart."""
    picture = read_picture(source, pixel_limit=pixel_limit)
    return picture.pixels, picture.format, picture.remark


def origin_data(source: Path | bytes) -> dict[str, Any]:
    """`declared_origin` as plain data: called in the process apart."""
    return declared_origin(source).to_json()


def video_data(source: Path | bytes, every: int, pixel_limit: int) -> dict[str, Any]:
    """`hash_video` as plain data: called in the process apart."""
    if isinstance(source, bytes):
        raise Malformed("a video is read from a file", found="bytes")
    return vars(hash_video(source, every=every, pixel_limit=pixel_limit))


def _origin(held: dict[str, Any]) -> DeclaredOrigin:
    declarations = tuple(Declaration(**one) for one in held["declarations"])
    lists = {name: tuple(held[name]) for name in ("codes", "faults")}
    return DeclaredOrigin(**{**held, **lists, "declarations": declarations})
