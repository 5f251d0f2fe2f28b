"""How often is an edited copy still found? A table of edits by method, on pictures of one's own or made here.

Every picture is known; each edit of each is looked for. Recall is the share of edits in which the picture
itself is found; false matches are other pictures that were named. Pictures that are not known at all are
looked for too. What the table shows holds for such pictures: measure again on the case's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from perito.match.copies import KnownPictures
from perito.match.scenes import edits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from perito.match.copies import CopyMatch

    Pixels = NDArray[np.uint8]
    Progress = Callable[[Iterable[Any], str], Iterable[Any]]

UNRELATED = "unrelated pictures"
CALIBRATION = (
    "0 of 1,124,250 pairs of unrelated made pictures (scenes 5,000,000 to 5,001,499) lie within 31 bits, "
    "so at most 3.3e-6 a pair at 95 % if pairs were independent; hash of the whole picture, one symmetry; "
    "parts and symmetries come on top: 'perito match robustness' measures all of it on pictures of your own"
)
"""What is known of false matches before anything is measured on the case's own pictures."""


@dataclass(frozen=True)
class EditRow:
    """What came of one edit.

    Args:
        edit: Its name; `unrelated pictures` for those that are not known.
        tried: How many pictures were looked for.
        by_hash: In how many the whole picture was found by its hash.
        found: In how many it was found by any method.
        verified: In how many geometry bore it out.
        pairs: How many pairs of a picture with a known one that it is not were judged, all windows together.
        false: Other pictures that were named, whole or in part: of these pairs, the wrong ones.
        false_verified: Of these, borne out by geometry.
    """

    edit: str
    tried: int
    by_hash: int
    found: int
    verified: int
    pairs: int
    false: int
    false_verified: int

    def to_json(self) -> dict[str, Any]:
        """The row for programs."""
        return vars(self).copy()


def robustness(
    pictures: Sequence[Pixels],
    unrelated: Sequence[Pixels] = (),
    *,
    seed: int = 1,
    only: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> list[EditRow]:
    """The table.

    Args:
        pictures: Known pictures, height x width x 3.
        unrelated: Pictures of which none is known.
        seed: Of the random crops.
        only: Names of edits; all by default.
        progress: What shows how far it is, called with the edits and a word.

    Raises:
        CaseError: The extra `media` is not installed.

    Example:
        >>> from perito.match.scenes import scene
        >>> row = robustness([scene(1), scene(2)], only=["mirrored"])[0]
        >>> row.tried, row.found, row.false
        (2, 2, 0)
    """
    known = KnownPictures()
    for number, picture in enumerate(pictures):
        known.add(str(number), picture)
    wanted: Mapping[str, Any] = {
        name: edit for name, edit in edits().items() if only is None or name in set(only)
    }
    rows = []
    for name, edit in (progress or _plain)(list(wanted.items()), "edits"):
        draw = np.random.default_rng(seed)
        rows.append(_row(name, [known.find(edit(picture, draw)) for picture in pictures], len(known)))
    if unrelated:
        found = [known.find(picture) for picture in unrelated]
        rows.append(_row(UNRELATED, found, len(known), are_known=False))
    return rows


def _row(name: str, found: Sequence[Sequence[CopyMatch]], known: int, *, are_known: bool = True) -> EditRow:
    own = [
        next((one for one in matches if are_known and one.entry_id == str(number)), None)
        for number, matches in enumerate(found)
    ]
    others = [one for matches, mine in zip(found, own, strict=True) for one in matches if one is not mine]
    hits = [one for one in own if one is not None]
    return EditRow(
        name,
        len(found),
        sum(one.method == "pdq" for one in hits),
        len(hits),
        sum(one.state == "verified" for one in hits),
        len(found) * (known - are_known),
        len(others),
        sum(one.state == "verified" for one in others),
    )


def _plain(steps: Iterable[Any], _: str) -> Iterable[Any]:
    return steps
