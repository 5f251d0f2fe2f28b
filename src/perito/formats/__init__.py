"""Source formats, and the register that others can extend through the entry point `perito.formats`."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from perito.errors import Ambiguous, Unrecognised, nearest
from perito.formats.base import Columns, Format, Piece, Record, Reject, Row, SourceItem

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "UNREAD",
    "Columns",
    "Format",
    "Piece",
    "Record",
    "Reject",
    "Row",
    "SourceItem",
    "find",
    "formats",
    "recognise",
]

UNREAD = "document"
"""The format of an item that is sealed and listed, and whose content is not read."""

_TABLE_PREFIX = "table:"
_MARGIN = 0.1  # two scores closer than this are too close to choose between
_OWN = {
    "doccano": "perito.formats.doccano",
    "label_studio": "perito.formats.label_studio",
    "labels_csv": "perito.formats.labels_csv",
    "sample_design": "perito.formats.sample_design",
    "hash_list": "perito.formats.hash_list",
    "hash_list_pdq": "perito.formats.hash_list:PDQ",
    "hash_list_sha256": "perito.formats.hash_list:SHA256",
    "label_counts": "perito.formats.label_counts",
    "refusal_trials": "perito.formats.refusal_trials",
    "removal_notified": "perito.formats.removal_notified",
    "survey_counts": "perito.formats.survey_counts",
    "proceedings": "perito.formats.proceedings",
    "sor_daily": "perito.formats.sor_daily",
    "x_api_v2": "perito.formats.x_api_v2",
}


def _loaded(place: str) -> Format:
    """The format of a module: its `FORMAT`, or the one named after a colon."""
    module, _, name = place.partition(":")
    loaded: Format = getattr(import_module(module), name or "FORMAT")
    return loaded


@cache
def formats() -> Mapping[str, Format]:
    """Every format that stands alone, by name (the door `table:<name>` is one more for each table)."""
    own = {name: _loaded(place) for name, place in _OWN.items()}
    others = {point.name: point.load() for point in entry_points(group="perito.formats")}
    return dict(sorted({**others, **own}.items()))


def find(name: str) -> Format:
    """The format of that name.

    Raises:
        Unrecognised: There is none; the message names the nearest.

    Example:
        >>> find("label_counts").tables, find("table:posts").tables
        (('counts',), ('posts',))
    """
    if name.startswith(_TABLE_PREFIX):
        from perito.formats.canonical import canonical_format

        return canonical_format(name.removeprefix(_TABLE_PREFIX))
    if name not in formats():
        known = [*formats(), f"{_TABLE_PREFIX}<name>", UNREAD]
        raise Unrecognised(f"'{name}' is not a known format", remedy=nearest(name, known))
    return formats()[name]


def recognise(head: bytes, name: str) -> str:
    """The name of the format that the first bytes of a file fit best.

    Raises:
        Unrecognised: None fits.
        Ambiguous: Two fit almost equally well.
    """
    scores = sorted(((f.sniff(head, name), n) for n, f in formats().items()), reverse=True)
    (best, winner), (second, runner_up) = scores[0], scores[1]
    if best <= 0:
        raise Unrecognised(
            "no known format fits",
            where=name,
            remedy=f"name the format, or '{UNREAD}' to keep the item unread",
        )
    if best - second < _MARGIN:
        raise Ambiguous(
            f"'{winner}' and '{runner_up}' fit equally well", where=name, remedy="name the format"
        )
    return winner
