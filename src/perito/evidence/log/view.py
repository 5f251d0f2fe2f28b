"""A log as it is at one head: every hash and entry that comes out of it is held against that root.

The partial tiles at the edge are read at once and must give the root; a full tile must give the hash that
the tile above has for it. So a damaged file cannot lead to a wrong proof, only to an error that names it.
"""

from __future__ import annotations

import base64
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from perito.errors import Missing
from perito.evidence.keys import decode_base64
from perito.evidence.log import tree
from perito.evidence.log.folder import broken
from perito.evidence.log.note import read_size
from perito.evidence.log.tiles import (
    ENTRIES,
    LEVEL_BITS,
    WIDTH,
    Place,
    edge_places,
    rows_above,
    unpack_entries,
    unpack_hashes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from perito.errors import SealBroken
    from perito.evidence.log.folder import Folder

_T = TypeVar("_T")
_HEAD_LINES = 3  # the third is what follows the last line end: nothing
_TILES_KEPT, _BUNDLES_KEPT = 256, 16


@dataclass(frozen=True)
class Head:
    r"""How far a log reaches: its size and the root of its tree.

    Example:
        >>> Head(0, tree.EMPTY_ROOT).data
        b'0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n'
    """

    size: int
    root: bytes

    @classmethod
    def parse(cls, data: bytes) -> Head | None:
        """The head in the bytes of a head file; None if they are none."""
        lines = data.decode(errors="replace").split("\n")
        if len(lines) != _HEAD_LINES or lines[-1]:
            return None
        size, root = read_size(lines[0]), decode_base64(lines[1])
        return None if size is None or root is None or len(root) != tree.HASH_BYTES else cls(size, root)

    @property
    def data(self) -> bytes:
        """The bytes of the head file."""
        return f"{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()


EMPTY = Head(0, tree.EMPTY_ROOT)


class View:
    """The log at a head.

    Args:
        folder: Its files.
        head: How far it reaches.
        edge: The hashes in the partial tiles, by level.
        edge_entries: The entries in the partial bundle.
    """

    def __init__(
        self, folder: Folder, head: Head, edge: Mapping[int, list[bytes]], edge_entries: list[bytes]
    ) -> None:
        self.head, self.edge, self.edge_entries = head, edge, edge_entries
        self._folder = folder
        self._tiles: _Recent[list[list[bytes]]] = _Recent(_TILES_KEPT)
        self._bundles: _Recent[list[bytes]] = _Recent(_BUNDLES_KEPT)

    @classmethod
    def read(cls, folder: Folder, head: Head) -> View:
        """The view at a head. Call it with the folder locked: a writer takes superseded tiles away.

        Raises:
            SealBroken: The tiles at the edge are gone, or do not give the root.
        """
        view = cls(folder, head, edge := {}, [])
        for place in edge_places(head.size):
            if place.level == ENTRIES:
                view.edge_entries = view._read_entries(place)
            else:
                edge[place.level] = view._read_hashes(place)
        view._hold_against_root()
        return view

    def grown(self, head: Head, edge: Mapping[int, list[bytes]], edge_entries: list[bytes]) -> View:
        """The view after an append, made from what was written instead of being read again."""
        view = View(self._folder, head, edge, edge_entries)
        view._tiles, view._bundles = self._tiles, self._bundles  # full ones never change
        return view

    def subtree(self, level: int, index: int) -> bytes:
        """The hash of a whole subtree of 2**level leaves, by its index on its level."""
        tile_level, row = divmod(level, LEVEL_BITS)
        number, offset = divmod(index << row, WIDTH)
        place = Place(tile_level, number)
        if place.is_within(self.head.size):
            return self._rows(place)[row][offset >> row]
        return tree.root_of(self.edge[tile_level][offset : offset + (1 << row)])

    def root(self, size: int) -> bytes:
        """The root that the log had at an earlier size."""
        return self.head.root if size == self.head.size else tree.tree_root(size, self.subtree)

    def entry(self, index: int) -> bytes:
        """The bytes of one entry."""
        number, offset = divmod(index, WIDTH)
        return self._bundle(number)[offset]

    def entries(self, start: int = 0) -> Iterator[bytes]:
        """The entries from a place on, in order."""
        first, offset = divmod(start, WIDTH)
        for number in range(first, -(-self.head.size // WIDTH)):
            yield from self._bundle(number)[offset:]
            offset = 0

    def expect(self, number: int, limit: int, what: str) -> None:
        """Refuses a number that is not from zero to below the limit.

        Raises:
            Missing: It is not.
        """
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < limit:
            raise Missing(
                f"the log has no {what} {number!r}",
                where=str(self._folder.path),
                expected=f"0 to {limit - 1}" if limit else "none: the log is empty",
                found=repr(number),
            )

    def _bundle(self, number: int) -> list[bytes]:
        place = Place(ENTRIES, number)
        if not place.is_within(self.head.size):
            return self.edge_entries
        return self._bundles.get(place, self._verified_bundle)

    def _verified_bundle(self, place: Place) -> list[bytes]:
        entries = self._read_entries(place)
        self._hold_against_leaves(place, entries, self._rows(Place(0, place.index))[0])
        return entries

    def _rows(self, place: Place) -> list[list[bytes]]:
        return self._tiles.get(place, self._verified_rows)

    def _verified_rows(self, place: Place) -> list[list[bytes]]:
        rows = rows_above(self._read_hashes(place))
        expected = self.subtree((place.level + 1) * LEVEL_BITS, place.index)
        if rows[-1][0] != expected:
            raise _not_the_root(place.path, expected, rows[-1][0])
        return rows

    def _hold_against_root(self) -> None:
        found = edge_root(self.edge)
        if found != self.head.root:
            raise _not_the_root("head, or the tiles at the edge", self.head.root, found)
        leaves, place = self.edge.get(0, []), Place(ENTRIES, self.head.size // WIDTH, self.head.size % WIDTH)
        self._hold_against_leaves(place, self.edge_entries, leaves)

    def _hold_against_leaves(self, place: Place, entries: Sequence[bytes], leaves: Sequence[bytes]) -> None:
        hashes = tree.leaf_hashes(entries)
        if hashes == leaves:
            return
        first = next(i for i, (one, other) in enumerate(zip(hashes, leaves, strict=True)) if one != other)
        raise broken(
            f"{place.path}: entry {place.index * WIDTH + first}",
            "the entry is not the one that was logged",
            expected=leaves[first].hex(),
            found=hashes[first].hex(),
        )

    def _read_hashes(self, place: Place) -> list[bytes]:
        hashes = unpack_hashes(self._read(place), place.width)
        if hashes is None:
            raise broken(place.path, "the tile has another size", expected=f"{place.width} hashes")
        return hashes

    def _read_entries(self, place: Place) -> list[bytes]:
        entries = unpack_entries(self._read(place), place.width)
        if entries is None:
            raise broken(place.path, "the bundle cannot be divided into its entries")
        return entries

    def _read(self, place: Place) -> bytes:
        data = self._folder.read(place.path)
        if data is None:
            raise broken(place.path, "a file of the log is gone")
        return data


def edge_root(edge: Mapping[int, Sequence[bytes]]) -> bytes:
    """The root of a tree, from the hashes in the partial tiles of its levels.

    Example:
        >>> edge_root({}) == tree.EMPTY_ROOT, edge_root({1: [b"r"]})
        (True, b'r')
    """
    below: list[bytes] = []
    for level in range(max(edge, default=-1) + 1):
        row = [*edge.get(level, ()), *below]
        below = [tree.root_of(row)] if row else []
    return below[0] if below else tree.EMPTY_ROOT


class _Recent(Generic[_T]):
    """What was read lately, by place."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: OrderedDict[Place, _T] = OrderedDict()

    def get(self, place: Place, read: Callable[[Place], _T]) -> _T:
        if place in self._held:
            self._held.move_to_end(place)
            return self._held[place]
        value = read(place)
        self._held[place] = value
        if len(self._held) > self._limit:
            self._held.popitem(last=False)
        return value


def _not_the_root(where: str, expected: bytes, found: bytes) -> SealBroken:
    return broken(
        where, "the hashes do not give the root that they had", expected=expected.hex(), found=found.hex()
    )
