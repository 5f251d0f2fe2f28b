"""What an append writes: new leaves become tiles and bundles, and the frontier moves on.

The frontier is the partial tiles, at most 255 hashes a level. A leaf costs one hash for itself and, on
average, one for the nodes above it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perito.evidence.log.tiles import (
    ENTRIES,
    WIDTH,
    Place,
    edge_places,
    pack_entries,
    pack_hashes,
)
from perito.evidence.log.tree import leaf_hashes, root_of
from perito.evidence.log.view import Head, edge_root

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perito.evidence.log.view import View


@dataclass
class Growth:
    """The passage of a log from one view to the next by some entries.

    Args:
        before: The log as it is.
        entries: What is appended, at least one.
    """

    before: View
    entries: Sequence[bytes]
    edge: dict[int, list[bytes]] = field(init=False)

    def __post_init__(self) -> None:
        self.edge = {level: list(hashes) for level, hashes in self.before.edge.items()}

    @property
    def old_size(self) -> int:
        """Entries before."""
        return self.before.head.size

    @property
    def size(self) -> int:
        """Entries after."""
        return self.old_size + len(self.entries)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Path and bytes of every new file but the head; run through it before asking for `after`."""
        start = 0
        index, held = divmod(self.old_size, WIDTH)
        pending = self.before.edge_entries
        while start < len(self.entries):
            new = self.entries[start : start + WIDTH - held]
            pending = [*pending, *new]
            yield Place(ENTRIES, index, len(pending)).path, pack_entries(pending)
            yield from self._promote(0, index, leaf_hashes(new))
            start += len(new)
            if len(pending) == WIDTH:
                index, held, pending = index + 1, 0, []
        self._pending = pending
        for place in self.changed_edge():
            if place.level != ENTRIES:
                yield place.path, pack_hashes(self.edge[place.level])

    def after(self) -> View:
        """The log as it is with them."""
        self.edge = {level: hashes for level, hashes in self.edge.items() if hashes}
        return self.before.grown(Head(self.size, edge_root(self.edge)), self.edge, self._pending)

    def changed_edge(self) -> list[Place]:
        """The partial tiles and bundle after, as far as they were not there before."""
        old = set(edge_places(self.old_size))
        return [place for place in edge_places(self.size) if place not in old]

    def left_edge(self) -> list[Place]:
        """The partial tiles and bundle before, as far as they are not there after."""
        new = set(edge_places(self.size))
        return [place for place in edge_places(self.old_size) if place not in new]

    def _promote(self, level: int, index: int, hashes: list[bytes]) -> Iterator[tuple[str, bytes]]:
        """Adds hashes to the tile of a level, and its root to the level above once it is full."""
        row = self.edge.setdefault(level, [])
        row += hashes
        if len(row) == WIDTH:
            yield Place(level, index).path, pack_hashes(row)
            self.edge[level] = []
            yield from self._promote(level + 1, index // WIDTH, [root_of(row)])
