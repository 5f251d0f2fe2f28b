"""Media of X API v2: one row for each post of the page that a media object is attached to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from perito.formats.base import Row
from perito.formats.delimited import RowFault
from perito.formats.x_api_v2.fields import (
    INTEGER_LIMIT,
    PLATFORM,
    Node,
    Observed,
    children,
    count,
    required,
    text,
)
from perito.ids import key

if TYPE_CHECKING:
    from perito.formats.x_api_v2.page import Page

_KINDS = {"photo": "image", "video": "video", "animated_gif": "sticker"}
_MP4 = "video/mp4"


class Attachment(NamedTuple):
    """A place among the media of a post."""

    post_id: str | None = None
    position: int | None = None
    account_id: str | None = None


_UNATTACHED = (Attachment(),)


@dataclass(frozen=True, slots=True)
class Medium:
    """A media object that was read: the platform's key for it, and the columns that it fills."""

    media_key: str
    columns: Node

    def rows(self, page: Page) -> tuple[Row, ...]:
        """A row for each attachment on the page; without any, one row that names no post."""
        places = page.attachments.get(self.media_key, _UNATTACHED)
        return tuple(Row("media", {**self.columns, **place._asdict()}) for place in places)


def read_medium(node: Node, observed: Observed) -> Medium:  # noqa: ARG001  (every reader is given it)
    """The medium that a media object describes. An animated GIF is served as a video without sound.

    Raises:
        RowFault: No key, an unknown type, or a field of the wrong type.
    """
    media_key = required(text(node, "media_key"), "media_key")
    kind = required(text(node, "type"), "type")
    if kind not in _KINDS:
        raise RowFault(f"'type' is {kind[:40]}, expected one of {', '.join(_KINDS)}")
    duration_ms = count(node, "duration_ms")
    address, mime = _address(node)
    columns = {
        "media_id": key(PLATFORM, media_key),
        "platform": PLATFORM,
        "kind": _KINDS[kind],
        "url": address,
        "width": count(node, "width", below=INTEGER_LIMIT),
        "height": count(node, "height", below=INTEGER_LIMIT),
        "duration_s": None if duration_ms is None else duration_ms / 1_000,
        "alt_text": text(node, "alt_text"),
        "mime": mime,
    }
    return Medium(media_key, columns)


def _address(node: Node) -> tuple[str | None, str | None]:
    """Address and type: of the picture, or of the MP4 file with the highest bit rate."""
    files = [
        (count(variant, "bit_rate") or 0, required(text(variant, "url"), "variants: url"))
        for variant in children(node, "variants")
        if text(variant, "content_type") == _MP4
    ]
    own = text(node, "url")
    return (max(files)[1], _MP4) if files else (own, None)
