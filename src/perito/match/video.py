"""Do two videos show the same? Hashes of their frames, the share that matches, and the longest run.

Frames are decoded by OpenCV and hashed like pictures (PDQ). Frames of quality under 50 are not comparable:
they are left out of every share, on both sides, and counted. Two shares are given, of the query's frames that
lie within the radius of some frame of the other, and the reverse, and the longest run of frames that match in
order.

What it does not show: sound, or which video came first. A shared title, a still or a black frame matches too:
a share says how much is the same, not why.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from perito.errors import CaseError, Malformed, Missing
from perito.match.hamming import RADIUS, HammingIndex
from perito.match.opencv import opencv
from perito.match.pdq import LEAST_QUALITY, hash_pixels
from perito.match.pixels import PIXEL_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from perito.match.hamming import Pairs

METHOD = "vpdq-1"
FRAME_LIMIT = 1_000_000
PAIR_WORK_LIMIT = 50_000_000_000  # pairs of frames: minutes


@dataclass(frozen=True)
class FrameHashes:
    """The hashes of a video's frames, in order.

    Args:
        frame: Number of the frame, from 0.
        time_s: Its time in the video, seconds.
        hashes: n x 32 bytes.
        quality: 0 to 100 each.
        damaged_from: Number of the first frame that could not be decoded; None if all could.
    """

    frame: NDArray[np.int64]
    time_s: NDArray[np.float64]
    hashes: NDArray[np.uint8]
    quality: NDArray[np.int64]
    damaged_from: int | None = None

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def comparable(self) -> NDArray[np.bool_]:
        """Which frames are of quality 50 or more."""
        return np.asarray(self.quality >= LEAST_QUALITY)

    def hexes(self) -> list[str]:
        """The hashes as 64 hex digits."""
        return [row.tobytes().hex() for row in self.hashes]


@dataclass(frozen=True)
class Run:
    """Frames that match in order.

    Args:
        frames: How many of the query's frames.
        query_s: Where they start and end in the query, seconds.
        other_s: Where they start and end in the other video, seconds.
    """

    frames: int
    query_s: tuple[float, float]
    other_s: tuple[float, float]


@dataclass(frozen=True)
class VideoMatch:
    """How two videos compare.

    Args:
        query_frames: Comparable frames of the query.
        other_frames: Comparable frames of the other.
        query_share: Share of the query's frames that match a frame of the other, or None.
        other_share: Share of the other's frames that match a frame of the query, or None.
        not_comparable: Frames of quality under 50, of the query and of the other.
        longest: The longest run of frames that match in order; None where nothing matches.
    """

    query_frames: int
    other_frames: int
    query_share: float | None
    other_share: float | None
    not_comparable: tuple[int, int]
    longest: Run | None


def hash_video(
    source: Path | str, *, every: int = 1, pixel_limit: int = PIXEL_LIMIT, frame_limit: int = FRAME_LIMIT
) -> FrameHashes:
    """The hashes of a video's frames.

    Args:
        source: The file.
        every: Which frames: 1 for all (evidence), n for every n-th (to find candidates).
        pixel_limit: Largest frame that is decoded.
        frame_limit: Most frames that are looked at.

    Raises:
        Missing: There is no such file.
        Malformed: No frame can be decoded, a frame is too large, or there are more frames than the limit.
        CaseError: The extra `media` is not installed.
    """
    path = Path(source)
    if not path.is_file():
        raise Missing("there is no such file", where=str(path), remedy="give the path of a video")
    rows = list(_hashed(path, every, pixel_limit, frame_limit))
    if not rows:
        raise Malformed("no frame of the video can be decoded", where=str(path))
    frame, time_s, hashes, quality = zip(*rows, strict=True)
    return FrameHashes(
        np.array(frame, np.int64), np.array(time_s), np.stack(hashes), np.array(quality, np.int64),
        _damaged_from(path, int(frame[-1]), every),
    )  # fmt: skip


def compare_videos(query: FrameHashes, other: FrameHashes, radius: int = RADIUS) -> VideoMatch:
    """The shares of frames that match, and the longest run in order.

    Raises:
        CaseError: More pairs of distinct frames match than the index may give, or more pairs of frames than
            can be followed; nothing is cut off.
    """
    mine, theirs = np.flatnonzero(query.comparable), np.flatnonzero(other.comparable)
    left_out = len(query) - len(mine), len(other) - len(theirs)
    if not len(mine) or not len(theirs):
        return VideoMatch(len(mine), len(theirs), None, None, left_out, None)
    (ours, which), (held, whose) = _distinct(query.hashes[mine]), _distinct(other.hashes[theirs])
    pairs = HammingIndex(held).search(ours, radius)
    return VideoMatch(
        len(mine),
        len(theirs),
        float(np.isin(which, pairs.query).mean()),
        float(np.isin(whose, pairs.entry).mean()),
        left_out,
        _longest(query, other, (mine, which), (theirs, whose), pairs),
    )


def _distinct(hashes: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The distinct hashes, and which of them each frame has: a still has one however long it stands."""
    distinct, which = np.unique(hashes, axis=0, return_inverse=True)
    return distinct, which.reshape(-1).astype(np.int64)


def _hashed(
    path: Path, every: int, pixel_limit: int, frame_limit: int
) -> Iterator[tuple[int, float, NDArray[np.uint8], int]]:
    cv2 = opencv()
    video = cv2.VideoCapture(str(path))
    try:
        rate = video.get(cv2.CAP_PROP_FPS) or 0.0
        number = 0
        while video.grab():
            if number >= frame_limit:
                raise Malformed(
                    "the video has too many frames", where=str(path), expected=f"at most {frame_limit:,}"
                )
            if number % every == 0:
                ok, pixels = video.retrieve()
                if not ok:
                    return
                if pixels.shape[0] * pixels.shape[1] > pixel_limit:
                    raise Malformed(
                        "a frame has too many pixels", where=str(path), expected=f"at most {pixel_limit:,}"
                    )
                made = hash_pixels(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))
                yield number, number / rate if rate > 0 else float("nan"), made.packed, made.quality
            number += 1
    finally:
        video.release()


def _damaged_from(path: Path, last: int, every: int) -> int | None:
    """The frame after the last one, where the file says that there are more."""
    cv2 = opencv()
    video = cv2.VideoCapture(str(path))
    stated = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    video.release()
    return last + every if stated > last + every else None


def _longest(
    query: FrameHashes,
    other: FrameHashes,
    mine: tuple[NDArray[np.int64], NDArray[np.int64]],
    theirs: tuple[NDArray[np.int64], NDArray[np.int64]],
    pairs: Pairs,
) -> Run | None:
    """The longest chain of matching frames that rise together, with small gaps.

    Args:
        query: The frames of the query.
        other: Those of the other video.
        mine: The comparable frames of the query, and which distinct hash each has.
        theirs: The same of the other.
        pairs: Distinct hashes that match, ordered by those of the query.

    Raises:
        CaseError: More pairs of frames match than can be followed in bearable time.
    """
    if not len(pairs.query):
        return None
    from perito.match.video_kernels import longest_run

    size, place_size = np.bincount(mine[1]), np.bincount(theirs[1])
    work = int((size[pairs.query] * place_size[pairs.entry]).sum())
    if work > PAIR_WORK_LIMIT:
        raise CaseError(
            "more pairs of frames match than can be followed", expected=f"at most {PAIR_WORK_LIMIT:,}",
            found=f"{work:,}", remedy="compare every n-th frame",
        )  # fmt: skip
    hash_of: NDArray[np.int64] = np.full(len(query), -1)
    hash_of[mine[0]] = mine[1]
    out = np.zeros(4, np.int64)
    frames = longest_run(
        hash_of, _starts(np.bincount(pairs.query, minlength=len(size))), pairs.entry,
        theirs[0][np.argsort(theirs[1], kind="stable")], _starts(place_size), len(other), out,
    )  # fmt: skip
    i, k, j, m = out.tolist()
    return Run(
        frames,
        (float(query.time_s[i]), float(query.time_s[k])),
        (float(other.time_s[j]), float(other.time_s[m])),
    )


def _starts(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
