"""Which known pictures does a picture show, whole, framed, cropped or edited? Hashes first, then geometry.

1. PDQ of the picture in all eight symmetries against the known pictures (same picture).
2. PDQ of its windows against the known pictures and their windows (a frame, a bar, a screenshot, a crop).
3. Candidates that share local features, verified by geometry (any crop, an edited region).

What a window or shared features suggest is verified by geometry; what geometry does not bear out is kept as
`not_verified`, with its distance. Nobody is told that pictures are different: only that no match was found.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from perito.match.features import Features, Verification, features_of, mirrored, verify
from perito.match.hamming import RADIUS, HammingIndex
from perito.match.pdq import dihedral
from perito.match.pixels import read_picture
from perito.match.windows import Window, bank_windows, query_windows, window_hashes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from perito.match.pdq import PdqHash
    from perito.match.pixels import Source

_KEPT_POINTS = 300  # of a known picture, for finding candidates
_POINT_RADIUS = 24
_LEAST_VOTES = 4
_MOST_CANDIDATES = 12
_ORIGINAL, _MIRRORED = "original", "fh"
_EDITED_SHARE = 0.005  # of the shared area; below it the two differ by compression only


@dataclass(frozen=True)
class CopyMatch:
    """One known picture that a picture shows.

    Args:
        entry_id: The known picture.
        method: `pdq` (whole picture), `pdq_window` (a part of either), or `features`.
        distance: Bits in which the hashes differ; None where only features were compared.
        transform: Symmetry of the square under which they match.
        window: The part of the picture that matches; None for all of it.
        known_window: The part of the known picture; None for all of it.
        verification: What the geometry says; None where it was not asked (an equal or near whole hash).
    """

    entry_id: str
    method: str
    distance: int | None
    transform: str = _ORIGINAL
    window: Window | None = None
    known_window: Window | None = None
    verification: Verification | None = None

    @property
    def state(self) -> str:
        """`verified`, `not_verified` or `not_checked`."""
        if self.verification is None:
            return "not_checked"
        return "verified" if self.verification.is_verified else "not_verified"

    @property
    def region_differs(self) -> bool | None:
        """Whether the same picture is shown with a region that differs; None where geometry does not say."""
        share = self.verification.differing if self.verification else None
        return None if share is None else share > _EDITED_SHARE


@dataclass(frozen=True)
class _Known:
    picture: int
    window: Window | None


class KnownPictures:
    """Pictures that are looked for in others.

    Args:
        use_windows: Whether parts are hashed too (39 hashes a known picture).
        use_features: Whether local features are kept (10 kB a known picture).

    Example:
        >>> draw = np.random.default_rng(1)
        >>> blocks = np.kron(draw.integers(0, 256, (16, 16)), np.ones((20, 20))).astype(np.uint8)
        >>> known = KnownPictures()
        >>> known.add("blocks", blocks)
        True
        >>> match = known.find(blocks[20:300, 30:310].copy())[0]
        >>> match.entry_id, match.state
        ('blocks', 'verified')
    """

    def __init__(self, *, use_windows: bool = True, use_features: bool = True) -> None:
        self._use_windows, self._use_features = use_windows, use_features
        self._ids: list[str] = []
        self._known: list[_Known] = []
        self._hashes = HammingIndex()
        self._features: list[Features | None] = []
        self._points = HammingIndex()
        self._point_of: list[NDArray[np.int64]] = []

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, entry_id: str, source: Source) -> bool:
        """Adds a known picture; False if it has no comparable hash and no features: it can match nothing.

        Raises:
            PeritoError: As `perito.match.pdq.hash_image`; nothing is added.
        """
        pixels = read_picture(source).pixels
        whole = (Window(0, pixels.shape[0], 0, pixels.shape[1]),)
        hashes = window_hashes(pixels, bank_windows(pixels) if self._use_windows else whole)
        features = features_of(pixels) if self._use_features else None
        number = len(self._ids)
        self._ids.append(entry_id)
        self._features.append(features)
        if hashes:
            self._hashes.add(np.stack([value.packed for _, value in hashes]))
            self._known += [_Known(number, None if window == whole[0] else window) for window, _ in hashes]
        has_points = features is not None and len(features.points) > 0
        if features is not None and has_points:
            kept = features.descriptors[:_KEPT_POINTS]
            self._points.add(kept)
            self._point_of.append(np.full(len(kept), number))
        return bool(hashes) or has_points

    def find(self, source: Source, radius: int = RADIUS) -> list[CopyMatch]:
        """The known pictures that this one shows, one match each, whole pictures first, then by distance.

        Raises:
            PeritoError: As `perito.match.pdq.hash_image`; a limit of the search that was reached.
        """
        pixels = read_picture(source).pixels
        best = {match.entry_id: match for match in reversed(list(self._by_hash(pixels, radius)))}
        if self._use_features:
            best = self._with_geometry(pixels, best)
        return sorted(best.values(), key=lambda one: (one.method != "pdq", one.distance or 0, one.entry_id))

    def _by_hash(self, pixels: NDArray[np.uint8], radius: int) -> Iterator[CopyMatch]:
        """Matches by hash: whole pictures in all symmetries, then windows; the nearest first of each."""
        forms = [(form, None, value) for form, value in dihedral(pixels).items() if value.is_comparable]
        yield from self._near(forms, radius)
        if self._use_windows:
            parts = window_hashes(pixels, query_windows(pixels)[1:])  # the first is the whole picture
            named = [(_ORIGINAL, window, value) for window, value in parts]
            yield from self._near(named, radius)

    def _near(self, hashed: Sequence[tuple[str, Window | None, PdqHash]], radius: int) -> Iterator[CopyMatch]:
        if not hashed or not len(self._hashes):
            return
        found = self._hashes.search(np.stack([value.packed for _, _, value in hashed]), radius)
        matches = [
            (window is not None or self._known[entry].window is not None, distance, entry, form, window)
            for (form, window, _), entry, distance in (
                (hashed[query], entry, distance)
                for query, entry, distance in zip(*(column.tolist() for column in found), strict=True)
            )
        ]
        for is_part, distance, entry, form, window in sorted(matches, key=lambda one: one[:3]):
            known = self._known[entry]
            yield CopyMatch(
                self._ids[known.picture],
                "pdq_window" if is_part else "pdq",
                distance,
                form,
                window,
                known.window,
            )

    def _with_geometry(self, pixels: NDArray[np.uint8], best: dict[str, CopyMatch]) -> dict[str, CopyMatch]:
        """Verifies matches by hash, and adds the candidates that geometry bears out."""
        forms = _forms(pixels)
        numbers = {entry_id: number for number, entry_id in enumerate(self._ids)}
        suspected = dict(best)
        for number in self._candidates(*forms.values()):
            suspected.setdefault(self._ids[number], CopyMatch(self._ids[number], "features", None))
        parts: dict[Window, dict[str, Features]] = {}
        checked = {}
        for entry_id, match in suspected.items():
            known = self._features[numbers[entry_id]]
            if known is None:
                continue
            if match.window is not None and match.window not in parts:
                parts[match.window] = _forms(np.ascontiguousarray(match.window.of(pixels)))
            looked_at = forms if match.window is None else parts[match.window]
            form, verification = _best(looked_at, known)
            if match.method != "features" or verification.is_verified:
                transform = form if match.method == "features" else match.transform
                checked[entry_id] = replace(match, transform=transform, verification=verification)
        return checked

    def _candidates(self, *queries: Features) -> list[int]:
        """The known pictures that share the most points with any of the forms of the picture."""
        if not self._point_of:
            return []
        owner = np.concatenate(self._point_of)
        votes: Counter[int] = Counter()
        for features in queries:
            if len(features.points):
                found = self._points.search(features.descriptors, _POINT_RADIUS)
                once = {
                    (int(owner[entry]), query)
                    for query, entry in zip(found.query.tolist(), found.entry.tolist(), strict=True)
                }
                votes |= Counter(picture for picture, _ in once)
        return [picture for picture, held in votes.most_common(_MOST_CANDIDATES) if held >= _LEAST_VOTES]


def _forms(pixels: NDArray[np.uint8]) -> dict[str, Features]:
    """The features of a picture and of its mirror image, by symmetry."""
    features = features_of(pixels)
    return {_ORIGINAL: features, _MIRRORED: mirrored(features)}


def _best(forms: dict[str, Features], known: Features) -> tuple[str, Verification]:
    """The form with the most points that agree; of equal ones the first."""
    found = [(form, verify(features, known)) for form, features in forms.items()]
    return max(found, key=lambda one: one[1].inliers)
