"""The files of a tiled log (c2sp.org/tlog-tiles): where they lie, what is in them, which a size has.

A tile holds up to 256 consecutive hashes of one level, a bundle the up to 256 entries under one tile of
level 0. Tiles of the next level hold the roots of full tiles of the level below.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perito.evidence.log.tree import HASH_BYTES, parents

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH = 256
LEVEL_BITS = 8
ENTRIES = -1
"""The level of a bundle: it lies below the tiles of level 0."""

_LEVEL_MAX = 63
_LENGTH_BYTES = 2
_STEP = 1_000
_PLACE = re.compile(r"tile/(entries|0|[1-9]\d?)/((?:x\d{3}/)*)(\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)


@dataclass(frozen=True, order=True)
class Place:
    """One tile or bundle: its level, its index on the level, and how much of it there is.

    Args:
        level: 0 to 63, or `ENTRIES` for a bundle.
        index: From zero.
        width: 256 if it is full.

    Example:
        >>> Place(0, 1234067, 112).path
        'tile/0/x001/x234/067.p/112'
        >>> Place.parse("tile/entries/000")
        Place(level=-1, index=0, width=256)
    """

    level: int
    index: int
    width: int = WIDTH

    @classmethod
    def parse(cls, path: str) -> Place | None:
        """The place with that path; None if no tile or bundle lies there."""
        match = _PLACE.fullmatch(path)
        if match is None:
            return None
        kind, groups, last, width = match.groups()
        index = int(groups.replace("x", "").replace("/", "") + last)
        place = cls(ENTRIES if kind == "entries" else int(kind), index, int(width or WIDTH))
        return place if place.path == path and place.level <= _LEVEL_MAX else None

    @property
    def path(self) -> str:
        """The path in the folder of the log, with forward slashes."""
        kind = "entries" if self.level == ENTRIES else str(self.level)
        suffix = "" if self.is_full else f".p/{self.width}"
        return f"tile/{kind}/{_numbered(self.index)}{suffix}"

    @property
    def is_full(self) -> bool:
        """Whether it holds 256."""
        return self.width == WIDTH

    @property
    def end(self) -> int:
        """How many hashes or entries of the level there are up to its end."""
        return self.index * WIDTH + self.width

    def is_within(self, size: int) -> bool:
        """Whether a log of that size has as much."""
        return self.end <= on_level(self.level, size)


def on_level(level: int, size: int) -> int:
    """How many hashes, or entries, a log of that size has in the tiles of a level."""
    return size >> LEVEL_BITS * max(level, 0)


def edge_places(size: int) -> Iterator[Place]:
    """The partial tiles and the partial bundle of a log of that size.

    Example:
        >>> [place.path for place in edge_places(70_000)]
        ['tile/entries/273.p/112', 'tile/0/273.p/112', 'tile/1/001.p/17', 'tile/2/000.p/1']
    """
    for level in levels(size):
        index, width = divmod(on_level(level, size), WIDTH)
        if width:
            if level == 0:
                yield Place(ENTRIES, index, width)
            yield Place(level, index, width)


def levels(size: int) -> range:
    """The levels on which a log of that size has tiles."""
    return range(-(-size.bit_length() // LEVEL_BITS))


def pack_hashes(hashes: Sequence[bytes]) -> bytes:
    """The bytes of a tile."""
    return b"".join(hashes)


def unpack_hashes(data: bytes, width: int) -> list[bytes] | None:
    """The hashes in a tile; None if it has not that width."""
    if len(data) != width * HASH_BYTES:
        return None
    return [data[start : start + HASH_BYTES] for start in range(0, len(data), HASH_BYTES)]


def pack_entries(entries: Sequence[bytes]) -> bytes:
    r"""The bytes of a bundle: each entry after its length in 16 bits.

    Example:
        >>> pack_entries([b"{}", b'{"a":1}'])
        b'\x00\x02{}\x00\x07{"a":1}'
    """
    return b"".join([len(entry).to_bytes(_LENGTH_BYTES) + entry for entry in entries])


def unpack_entries(data: bytes, width: int) -> list[bytes] | None:
    """The entries in a bundle; None if it does not hold exactly that many."""
    entries, start, end = [], 0, len(data)
    while start < end:
        first = start + _LENGTH_BYTES
        start = first + int.from_bytes(data[start:first])
        entries.append(data[first:start])
    return entries if start == end and len(entries) == width else None


def rows_above(hashes: Sequence[bytes]) -> list[list[bytes]]:
    """The rows of nodes over the hashes of a full tile: the hashes first, their root alone last."""
    rows = [list(hashes)]
    while len(rows[-1]) > 1:
        rows.append(parents(rows[-1]))
    return rows


def _numbered(index: int) -> str:
    groups = [f"{index % _STEP:03d}"]
    while index := index // _STEP:
        groups.append(f"x{index % _STEP:03d}")
    return "/".join(reversed(groups))
