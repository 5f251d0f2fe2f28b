"""The scrub of tiles and bundles: which of them is damaged, down to the entry.

Entries, tiles and the tiles above say the same thing. Where two disagree, the third tells which is
damaged: the hash that the tile above has for a full tile, the root in the head for the partial ones.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from perito.errors import EvidenceError
from perito.evidence.log.folder import HEAD
from perito.evidence.log.tiles import (
    ENTRIES,
    WIDTH,
    Place,
    levels,
    on_level,
    unpack_entries,
    unpack_hashes,
)
from perito.evidence.log.tree import EMPTY_ROOT, leaf_hashes, root_of
from perito.evidence.log.view import edge_root
from perito.report import Problem

if TYPE_CHECKING:
    from collections.abc import Collection

    from perito.evidence.log.folder import Folder
    from perito.evidence.log.view import Head

Hashes = list[bytes]


class TileScrub:
    """Reads every tile and bundle of a log once, bottom up.

    Args:
        folder: The files.
        head: How far the log reaches.
        sizes: The earlier sizes of which the roots will be asked for.
    """

    def __init__(self, folder: Folder, head: Head, sizes: Collection[int]) -> None:
        self._folder = folder
        self._head = head
        self._sizes = {size for size in sizes if 0 <= size <= head.size}
        self._asked_for = {size // WIDTH for size in self._sizes}
        self._spare: dict[tuple[int, int], list[Place]] = defaultdict(list)
        self._present: set[Place] = set()
        self._sound: dict[tuple[int, int], Hashes] = {}  # hashes by level and index, where asked for later
        self._roots: list[Hashes] = [[]]  # by level: what the tiles below give
        self._edges: list[tuple[Place, Hashes | None, Hashes | None]] = []
        self.problems: list[Problem] = []
        self.counts = dict.fromkeys(("entries", "bytes", "tiles", "bundles", "unacknowledged files"), 0)

    def run(self) -> None:
        """Finds the problems and counts what was looked at."""
        self._list_files()
        for level in levels(self._head.size):
            self._roots.append([])
            for index in range(-(-on_level(level, self._head.size) // WIDTH)):
                self._tile(level, index)
        self._judge_edges()
        self._check_spares()

    def root(self, size: int) -> bytes | None:
        """The root that the log had at one of the sizes; None if the files do not tell."""
        if size not in self._sizes:
            return None
        index, width = divmod(size, WIDTH)
        row = self._roots[1][:index] if index else []
        if width:
            sound = self._sound.get((0, index))
            if sound is None:
                return None
            row = [*row, root_of(sound[:width])]
        if not all(row):
            return None
        return root_of(row) if row else EMPTY_ROOT

    @property
    def size(self) -> int:
        """The size at which the log was looked at."""
        return self._head.size

    def _problem(self, kind: str, where: str, what: str, expected: str = "", found: str = "") -> None:
        self.problems.append(Problem(kind, where, what, expected, found))

    # --- files -----------------------------------------------------------------------------------------

    def _list_files(self) -> None:
        for path, place in self._folder.places():
            if place is None:
                self._problem("stranger", path, "this is no file of the log")
            elif not place.is_within(self._head.size):
                self.counts["unacknowledged files"] += 1
            elif place == self._expected(place.level, place.index):
                self._present.add(place)
            else:
                self._spare[max(place.level, 0), place.index].append(place)

    def _expected(self, level: int, index: int) -> Place:
        """The tile or bundle as a log of this size has it: full, or as wide as its edge."""
        return Place(level, index, min(WIDTH, on_level(level, self._head.size) - index * WIDTH))

    def _read(self, place: Place) -> bytes | None:
        data = self._read_file(place)
        if data is not None:
            self.counts["bundles" if place.level == ENTRIES else "tiles"] += 1
            self.counts["bytes"] += len(data)
        return data

    def _read_file(self, place: Place) -> bytes | None:
        try:
            data = self._folder.read(place.path)
        except EvidenceError as fault:
            self._problem("unreadable", place.path, fault.what, found=fault.found)
            return None
        if data is None:
            self._problem("missing", place.path, "a file of the log is gone")
        return data

    # --- one tile and what is below it -----------------------------------------------------------------

    def _tile(self, level: int, index: int) -> None:
        place = self._expected(level, index)
        below = (
            self._entry_hashes(index) if level == 0 else self._roots[level][index * WIDTH :][: place.width]
        )
        held = self._held(place)
        if not place.is_full:
            self._edges.append((place, below, held))
            return
        sound = below if below == held else self._judge(place, below, held)
        self._keep(place, sound)
        self._roots[level + 1].append(root_of(sound) if sound else b"")

    def _entry_hashes(self, index: int) -> Hashes | None:
        place = self._expected(ENTRIES, index)
        data = self._read(place)
        if data is None:
            return None
        entries = unpack_entries(data, place.width)
        if entries is None:
            self._problem("bundle", place.path, "the bundle cannot be divided into its entries")
            return None
        self.counts["entries"] += len(entries)
        return leaf_hashes(entries)

    def _held(self, place: Place) -> Hashes | None:
        data = self._read(place)
        hashes = None if data is None else unpack_hashes(data, place.width)
        if data is not None and hashes is None:
            self._problem(
                "tile", place.path, "the tile has another size", f"{place.width} hashes", f"{len(data)} bytes"
            )
        return hashes

    def _judge(self, place: Place, below: Hashes | None, held: Hashes | None) -> Hashes | None:
        """Names what is damaged where a full tile and what is below it disagree; what is sound."""
        expected = self._above(place)
        is_below_sound = below is not None and root_of(below) == expected
        is_held_sound = held is not None and root_of(held) == expected
        self._name(place, below, held, is_below_sound=is_below_sound, is_held_sound=is_held_sound)
        return _sound(below, held, prefer_held=is_held_sound and not is_below_sound)

    def _above(self, place: Place) -> bytes | None:
        """The hash that the tile above has for a full tile."""
        index, offset = divmod(place.index, WIDTH)
        above = self._expected(place.level + 1, index)
        data = self._folder.read(above.path) if above in self._present else None
        hashes = None if data is None else unpack_hashes(data, above.width)
        return None if hashes is None else hashes[offset]

    def _judge_edges(self) -> None:
        """Holds the partial tiles, as they are and as what is below gives them, against the root."""
        from_below = {place.level: below for place, below, _ in self._edges if below is not None}
        from_tiles = {place.level: held for place, _, held in self._edges if held is not None}
        expected, count = self._head.root, len(self._edges)
        is_below_sound = len(from_below) == count and edge_root(from_below) == expected
        is_held_sound = len(from_tiles) == count and edge_root(from_tiles) == expected
        for place, below, held in self._edges:
            if below != held:
                self._name(place, below, held, is_below_sound=is_below_sound, is_held_sound=is_held_sound)
            self._keep(place, _sound(below, held, prefer_held=is_held_sound and not is_below_sound))
        if not is_below_sound and not is_held_sound:
            self._problem("head", HEAD, "the tiles do not give the root in the head", expected.hex())

    def _name(
        self,
        place: Place,
        below: Hashes | None,
        held: Hashes | None,
        *,
        is_below_sound: bool,
        is_held_sound: bool,
    ) -> None:
        if below is None or held is None:
            return  # what is missing or cannot be divided has been named
        differing = [i for i, (one, other) in enumerate(zip(below, held, strict=True)) if one != other]
        if not is_held_sound:
            what = "the tile does not have the hashes of what is below it"
            self._problem("tile", place.path, what, below[differing[0]].hex(), held[differing[0]].hex())
        if is_below_sound:
            return
        for i in differing:
            self._name_below(place, i, held[i].hex(), below[i].hex())

    def _name_below(self, place: Place, offset: int, expected: str, found: str) -> None:
        number = place.index * WIDTH + offset
        if place.level == 0:
            where = f"{self._expected(ENTRIES, place.index).path}: entry {number}"
            self._problem("entry", where, "the entry is not the one that was logged", expected, found)
        else:
            what = "the tile and what is below it are not what was logged"
            self._problem("tile", Place(place.level - 1, number).path, what, expected, found)

    # --- partial files of earlier sizes ----------------------------------------------------------------

    def _keep(self, place: Place, sound: Hashes | None) -> None:
        is_asked_for = place.level == 0 and place.index in self._asked_for
        if sound is not None and (is_asked_for or (place.level, place.index) in self._spare):
            self._sound[place.level, place.index] = sound

    def _check_spares(self) -> None:
        for (level, index), places in sorted(self._spare.items()):
            sound = self._sound.get((level, index))
            for place in sorted(places):
                data = self._read(place)
                if (
                    sound is not None
                    and data is not None
                    and self._hashes_in(place, data) != sound[: place.width]
                ):
                    kind = "bundle" if place.level == ENTRIES else "tile"
                    self._problem(kind, place.path, "an earlier state of the file is not what was logged")

    @staticmethod
    def _hashes_in(place: Place, data: bytes) -> Hashes | None:
        if place.level != ENTRIES:
            return unpack_hashes(data, place.width)
        entries = unpack_entries(data, place.width)
        return None if entries is None else leaf_hashes(entries)


def _sound(below: Hashes | None, held: Hashes | None, *, prefer_held: bool) -> Hashes | None:
    """What to go on with: the one that is sound, or else the one that there is."""
    return held if prefer_held or below is None else below
