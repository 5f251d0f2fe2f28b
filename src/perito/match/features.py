"""Is it the same picture, edited? Local features, one geometry for all of them, and where the two differ.

ORB points (Rublee et al. 2011) of both pictures are paired by their descriptors (ratio test), and an affine
map is fitted by RANSAC. If points at twelve places or more agree with one map of bearable size and stretch,
and most of what it lays over the other is alike, one picture shows parts of the other. Where the two then
differ in brightness is the region that was edited, or that one of them lacks.

What it does not show: who edited which, or with what; that a region differs may come from a caption, a frame
or a watermark. Two photographs of one scene, taken from one place, can agree as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from perito.match.opencv import opencv
from perito.match.pixels import read_picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from perito.match.pixels import Source

    Grey = NDArray[np.uint8]

METHOD = "orb-affine-1"
LEAST_INLIERS = 12
LONGEST_SIDE_PX = 640
_POINTS = 1000
_CONTRAST_LEVELS = 7  # of a corner; the usual 20 finds few in smooth photographs
_LEAST_SIDE_PX = 32  # a descriptor looks 31 pixels wide
_RATIO = 0.75
_REPROJECTION_PX = 4.0
_SMALLEST_AREA, _LARGEST_AREA = 0.1, 10.0
_MOST_STRETCH = 1.5  # between the two axes: a copy is resized, rarely sheared
_MOST_DIFFERING = 0.6  # of the shared area: beyond it the map has found corners, not a picture
_CELL_PX = 4  # points in one cell of this size count once: ORB finds one corner at several scales
_LEAST_PAIRS = 3  # an affine map has six numbers
_BLUR_PX, _DIFFERS_LEVELS = 3.0, 12
_GAINS = (0.5, 2.0)
_TRIALS, _CONFIDENCE = 5000, 0.999


@dataclass(frozen=True)
class Features:
    """The points of one picture and their descriptors, at the size at which they were taken.

    Args:
        grey: The picture in grey, its longest side 640 pixels at most.
        points: Column and row of every point, n x 2.
        descriptors: 256 bits for every point, n x 32 bytes.
        scale: Pixels of `grey` for a pixel of the picture.
    """

    grey: Grey
    points: NDArray[np.float32]
    descriptors: Grey
    scale: float


@dataclass(frozen=True)
class Verification:
    """What the geometry of two pictures says.

    Args:
        inliers: How many points agree with one affine map.
        pairs: How many points were paired at all.
        transform: The map from the first picture's pixels to the second's, 2 x 3; None if it is not verified.
        differing: Share of the shared area in which brightness differs; None if it is not verified.
        shared: Share of the second picture that the first one covers; None if it is not verified.
        region: The differing parts of the second picture as 0 and 1, at the size of its features, or None.
    """

    inliers: int
    pairs: int
    transform: NDArray[np.float64] | None = None
    differing: float | None = None
    shared: float | None = None
    region: Grey | None = None

    @property
    def is_verified(self) -> bool:
        """Whether at least twelve points agree; if not, the answer is 'not verified', never 'different'."""
        return self.transform is not None


def features_of(source: Source) -> Features:
    """The local features of a picture.

    Raises:
        PeritoError: As `perito.match.pdq.hash_image`.
    """
    cv2 = opencv()
    pixels = read_picture(source).pixels
    grey = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)  # noqa: PLR2004
    scale = min(1.0, LONGEST_SIDE_PX / max(grey.shape))
    if scale < 1:
        size = tuple(max(1, round(side * scale)) for side in reversed(grey.shape))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return _described(grey, scale)


def mirrored(features: Features) -> Features:
    """The features of the same picture mirrored left to right: ORB follows turns, not mirrors."""
    return _described(np.ascontiguousarray(features.grey[:, ::-1]), features.scale)


def _described(grey: Grey, scale: float) -> Features:
    points, descriptors = _detected(grey)
    if descriptors is None:
        return Features(grey, np.empty((0, 2), np.float32), np.empty((0, 32), np.uint8), scale)
    return Features(grey, np.array([point.pt for point in points], np.float32), descriptors, scale)


def _detected(grey: Grey) -> tuple[Any, Any]:
    if min(grey.shape) < _LEAST_SIDE_PX:
        return (), None
    detector = opencv().ORB_create(_POINTS, fastThreshold=_CONTRAST_LEVELS)
    points, descriptors = detector.detectAndCompute(grey, None)
    return points, descriptors


def verify(one: Features, other: Features) -> Verification:
    """Whether two pictures show the same, up to an affine map, and where they then differ.

    Example:
        >>> draw = np.random.default_rng(1)
        >>> blocks = np.kron(draw.integers(0, 256, (16, 16)), np.ones((20, 20))).astype(np.uint8)
        >>> whole, part = features_of(blocks), features_of(blocks[20:300, 30:310].copy())
        >>> verify(part, whole).is_verified
        True
    """
    mine, theirs = _paired(one, other)
    if len(mine) < _LEAST_PAIRS:
        return Verification(0, len(mine))
    cv2 = opencv()
    found, agreeing = cv2.estimateAffine2D(
        mine, theirs, method=cv2.RANSAC, ransacReprojThreshold=_REPROJECTION_PX, maxIters=_TRIALS,
        confidence=_CONFIDENCE,
    )  # fmt: skip
    inliers = 0 if found is None else _places(mine[agreeing.ravel() > 0])
    if inliers < LEAST_INLIERS or not _is_bearable(found):
        return Verification(inliers, len(mine))
    region, shared = _differing(one.grey, other.grey, found)
    covered = int(shared.sum())
    if region.sum() > _MOST_DIFFERING * covered:
        return Verification(inliers, len(mine))
    full = _between_pictures(found, one.scale, other.scale)
    return Verification(
        inliers, len(mine), full, float(region.sum() / covered), covered / shared.size, region
    )


def _places(points: NDArray[np.float32]) -> int:
    """At how many places of a picture the points lie."""
    return len(np.unique((points // _CELL_PX).astype(np.int64), axis=0))


def _is_bearable(found: NDArray[np.float64]) -> bool:
    """Whether the map changes size and shape no more than a copy does."""
    stretch = np.linalg.svd(found[:, :2], compute_uv=False)
    is_sized = _SMALLEST_AREA < stretch[0] * stretch[1] < _LARGEST_AREA
    return bool(is_sized and stretch[0] < _MOST_STRETCH * stretch[1])


def _paired(one: Features, other: Features) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Points whose descriptors are nearest, and clearly nearer than the second nearest."""
    if len(one.points) < 2 or len(other.points) < 2:  # noqa: PLR2004  (no second nearest)
        return np.empty((0, 2), np.float32), np.empty((0, 2), np.float32)
    cv2 = opencv()
    both = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(one.descriptors, other.descriptors, k=2)
    good = [first for first, second in both if first.distance < _RATIO * second.distance]
    return (
        one.points[[match.queryIdx for match in good]],
        other.points[[match.trainIdx for match in good]],
    )


def _differing(one: Grey, other: Grey, found: NDArray[np.float64]) -> tuple[Grey, Grey]:
    """Where the second picture differs from the first one laid over it, and where the first one lies."""
    cv2 = opencv()
    size = other.shape[1], other.shape[0]
    laid = cv2.warpAffine(one, found, size, flags=cv2.INTER_LINEAR)
    shared = cv2.warpAffine(np.full_like(one, 255), found, size, flags=cv2.INTER_NEAREST) > 0
    difference = np.where(shared, abs(_toned(laid, other, shared) - other), 0).astype(np.float32)
    smooth = cv2.GaussianBlur(difference, (0, 0), _BLUR_PX)
    return ((smooth > _DIFFERS_LEVELS) & shared).astype(np.uint8), shared.astype(np.uint8)


def _toned(laid: Grey, other: Grey, shared: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The first picture in the brightness and contrast of the second: a lighter copy differs nowhere."""
    if not shared.any():
        return laid.astype(np.float32)
    (low, middle, high), wanted = (np.percentile(one[shared], (25, 50, 75)) for one in (laid, other))
    gain = np.clip((wanted[2] - wanted[0]) / max(high - low, 1.0), *_GAINS)
    return np.asarray(gain * (laid.astype(np.float32) - middle) + wanted[1], np.float32)


def _between_pictures(found: NDArray[np.float64], one: float, other: float) -> NDArray[np.float64]:
    """The map between the pictures at their full sizes."""
    full = np.array(found, np.float64)
    full[:, :2] *= one / other
    full[:, 2] /= other
    return full
