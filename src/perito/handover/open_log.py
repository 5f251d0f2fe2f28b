"""The log in a redacted copy: every leaf by its hash, some entries in full; proofs of all of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import orjson

from perito.errors import CaseError, Malformed
from perito.evidence.log import ENTRY_BYTES_MAX, canonical, leaf_hash, tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_LEAF = re.compile("[0-9a-f]{64}")
_LINE_BYTES_MAX = ENTRY_BYTES_MAX + 64


class OpenLog:
    r"""A log of which only some entries are shown.

    Args:
        leaves: The hash of every leaf, in order.
        shown: The entries that are shown, by their place.

    Example:
        >>> shown = b'{"entry":{"act":"sealed"},"index":0}\n'
        >>> log = OpenLog.parse([shown, b'{"index":1,"leaf":"%s"}\n' % (b"0" * 64)])
        >>> first = leaf_hash(b'{"act":"sealed"}')
        >>> log.size, sorted(log.shown), log.root() == tree.node_hash(first, bytes(32))
        (2, [0], True)
    """

    def __init__(self, leaves: list[bytes], shown: dict[int, bytes]) -> None:
        self.leaves, self.shown = leaves, shown
        self._rows = [leaves]
        while len(self._rows[-1]) > 1:
            self._rows.append(tree.parents(self._rows[-1]))

    @classmethod
    def parse(cls, lines: Iterable[bytes]) -> OpenLog:
        """The log from the lines of its file.

        Raises:
            Malformed: A line is not one entry, or one hash, in its order.
        """
        leaves: list[bytes] = []
        shown: dict[int, bytes] = {}
        for index, line in enumerate(lines):
            try:
                values = orjson.loads(line)
                if not isinstance(values, dict) or values.pop("index", None) != index:
                    raise _malformed(index, "another index")
                if values.keys() == {"entry"}:
                    shown[index] = canonical(values["entry"])
                    leaves.append(leaf_hash(shown[index]))
                elif values.keys() == {"leaf"} and _LEAF.fullmatch(values["leaf"]):
                    leaves.append(bytes.fromhex(values["leaf"]))
                else:
                    raise _malformed(index, ", ".join(values))
            except (orjson.JSONDecodeError, CaseError, TypeError, ValueError) as fault:
                raise _malformed(index, str(fault)) from fault
        return cls(leaves, shown)

    @classmethod
    def read(cls, file: Path) -> OpenLog:
        """The log in its file, of which no line is taken that is longer than an entry can be.

        Raises:
            Malformed: As for `parse`.
        """
        with file.open("rb") as stream:
            return cls.parse(iter(lambda: stream.readline(_LINE_BYTES_MAX), b""))

    @property
    def size(self) -> int:
        """The number of entries, shown or not."""
        return len(self.leaves)

    def entries(self) -> Iterator[bytes]:
        """Every entry in order; empty where it is not shown."""
        return (self.shown.get(index, b"") for index in range(self.size))

    def root(self, n: int | None = None) -> bytes:
        """The root of the first `n` entries, or of all."""
        return tree.tree_root(self.size if n is None else n, self._subtree)

    def inclusion(self, i: int, n: int | None = None) -> list[bytes]:
        """The proof that leaf `i` is among the first `n`, or among all (RFC 6962, 2.1.1)."""
        return tree.inclusion_path(i, self.size if n is None else n, self._subtree)

    def consistency(self, m: int, n: int | None = None) -> list[bytes]:
        """The proof that the first `m` entries are the beginning of `n`, or of all (RFC 6962, 2.1.2)."""
        return tree.consistency_path(m, self.size if n is None else n, self._subtree)

    def _subtree(self, level: int, index: int) -> bytes:
        return self._rows[level][index]


def _malformed(index: int, found: str) -> Malformed:
    return Malformed(
        "this is no line of an open log",
        where=f"log/entries.ndjson, line {index + 1}",
        expected='{"entry":{..},"index":n} or {"index":n,"leaf":".."}',
        found=found,
    )
