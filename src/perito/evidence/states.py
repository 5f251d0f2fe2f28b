"""How an item is held when its bytes are not simply there, and what is said of it then."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from perito import clock
from perito.errors import Missing

UNHELD = frozenset({"hash_only", "purged", "rejected"})
"""The states in which a store has no bytes of an item."""


@dataclass(frozen=True)
class Standing:
    """How an item is held.

    Args:
        state: One of `perito.evidence.items.STATES`.
        entry: The log entry that says so; empty for an item that is plainly sealed.
        text: The same as it stands in the log.
    """

    state: str = "sealed"
    entry: dict[str, Any] = field(default_factory=dict)
    text: str = field(default="{}", repr=False)

    @property
    def is_held(self) -> bool:
        """Whether the store has the bytes, plain or encrypted."""
        return self.state not in UNHELD

    @classmethod
    def of(cls, row: tuple[str, str] | None) -> Standing:
        """The standing that the index has for an item."""
        return cls() if row is None else cls(row[0], orjson.loads(row[1]), row[1])


def words_of_state(state: str, entry: str) -> str:
    """A state in one line: what, when, by whom, why.

    Example:
        >>> words_of_state("purged", '{"at_us":0,"by":"a.n.","reason":"court order"}')
        'purged on 1970-01-01T00:00:00Z by a.n. (court order)'
    """
    facts = orjson.loads(entry)
    by = f" by {facts['by']}" if facts.get("by") else ""
    why = f" ({facts['reason']})" if facts.get("reason") else ""
    return f"{state} on {clock.iso(facts['at_us'])}{by}{why}"


def no_bytes(item_id: str, state: str, entry: str) -> Missing:
    """The error for bytes that the store does not hold, and says so."""
    return Missing(
        "the bytes of this item are not held",
        where=item_id,
        found=words_of_state(state, entry),
        remedy="its record and its digests stay in the store ('perito log proof')",
    )
