"""What a redacted copy shows of a case: some entries of the log in full, of the others the hash of the leaf.

The hashes of all leaves give the root of the signed checkpoint, so that what is shown is proved by the same
checkpoint as the whole. What is left out can be shown later, to whoever may see it, and proved as well.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import orjson

from perito.errors import CaseError
from perito.evidence.log import leaf_hash
from perito.handover.cover import Withheld

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from perito.evidence import Item, Store
    from perito.handover.departure import Terms

SHOWN_ACTS = frozenset({"acquired", "sealed", "declared", "purged", "rejected", "encrypted", "received"}) | {
    "handed_over",
    "exported",
    "redacted",
    "key_rotated",
}
"""The acts that a redacted copy shows, if they are on no item that is left out. The others tell who in the
house opened, labelled or may see what: of them only the hash is given."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_BY_STATE = {"encrypted": "confidential: its bytes are in the vault"}


@dataclass(frozen=True)
class Redaction:
    """Which items are left out, and why.

    Args:
        reasons: Per evidence id.
        is_unnamed: Whether not even the digests of those items are given.
    """

    reasons: Mapping[str, str]
    is_unnamed: bool = False

    @classmethod
    def of(cls, store: Store, terms: Terms) -> Redaction:
        """The redaction that leaves out the items that the terms name, and what lies in the vault.

        Raises:
            Missing: A name is that of no item.
            CaseError: It is that of a member: the archive would hold its bytes all the same.
        """
        reasons = {
            item.evidence_id: _BY_STATE[item.state]
            for item in store.items()
            if item.parent_id is None and item.state in _BY_STATE
        }
        for name in terms.without:
            item = store.find(name)
            if item.parent_id is not None:
                raise CaseError(
                    "a member of an archive cannot be left out alone",
                    where=name,
                    remedy=f"leave out the archive {item.parent_id}",
                )
            reasons[item.evidence_id] = terms.reason
        _expect_in_no_archive(store, reasons)
        return cls(reasons, terms.is_unnamed)

    def line(self, index: int, data: bytes) -> bytes:
        """The line of an entry in the open log: in full, or the hash of its leaf."""
        if self.shows(data):
            return b'{"entry":' + data + b',"index":%d}\n' % index
        return b'{"index":%d,"leaf":"%s"}\n' % (index, leaf_hash(data).hex().encode())

    def shows(self, data: bytes) -> bool:
        """Whether an entry is shown in full."""
        entry = orjson.loads(data)
        return entry.get("act") in SHOWN_ACTS and not self._names_withheld(data)

    def _names_withheld(self, data: bytes) -> bool:
        # Anywhere in the entry: a fact may name an item as well as the list of items.
        return any(evidence_id.encode() in data for evidence_id in self.reasons)

    def withheld(self, index: int, data: bytes) -> Withheld | None:
        """What is said of an entry on an item that is left out; None if it is on none."""
        concerned = [one for one in orjson.loads(data).get("items", ()) if one in self.reasons]
        if not concerned:
            return None
        name = None if self.is_unnamed else concerned[0]
        return Withheld(index, leaf_hash(data).hex(), self.reasons[concerned[0]], name)


def _expect_in_no_archive(store: Store, reasons: Collection[str]) -> None:
    for member in store.items():
        is_kept = member.parent_id is not None and member.parent_id not in reasons
        if is_kept and member.evidence_id in reasons:
            raise CaseError(
                "an item that is to be left out lies in an archive too",
                where=f"{member.parent_id}, member {member.shown_path}",
                remedy="leave out the archive as well",
            )


def withheld_words(reasons: Mapping[str, str]) -> str:
    """What the case file of a redacted copy says of what was left out.

    Example:
        >>> withheld_words({"sha256:a": "not public", "sha256:b": "not public"})
        '2 (not public)'
    """
    counted: dict[str, int] = {}
    for reason in reasons.values():
        counted[reason] = counted.get(reason, 0) + 1
    return "; ".join(f"{number} ({reason})" for reason, number in sorted(counted.items()))


def redacted_case_file(content: bytes, withheld_paths: Collection[str], words: str | None = None) -> bytes:
    """The case file without the items that are left out, and without comments; it says that it is redacted.

    Raises:
        CaseError: What remains still names one of them.
    """
    values = tomllib.loads(content.decode("utf-8-sig"))
    declared = [one for one in values.get("evidence", ()) if one.get("path") not in withheld_paths]
    kept = {**values, "evidence": declared} if "evidence" in values else values
    if words is not None:
        earlier = kept["case"].get("withheld")
        told = words if earlier is None else f"{earlier}; {words}"
        kept = {**kept, "case": {**kept["case"], "withheld": told}}
    data = toml(kept).encode()
    named = [path for path in withheld_paths if path.encode() in data]
    if named:
        raise CaseError(
            "the case file names an item that is to be left out",
            where=f"case.toml: {named[0]}",
            remedy="take it out of the questions, or leave the item in",
        )
    return data


def withheld_paths(items: Sequence[Item], reasons: Collection[str]) -> set[str]:
    """Every path under which an item that is left out was declared."""
    gone = (item for item in items if item.evidence_id in reasons and item.parent_id is None)
    return {one.path for item in gone for one in item.acquisitions}


def toml(values: Mapping[str, Any]) -> str:
    r"""Values as TOML that reads back to the same: tables of tables inline, in the order of the keys.

    Example:
        >>> print(toml({"case": {"id": "q"}, "evidence": [{"path": "a.csv"}]}), end="")
        case = {"id" = "q"}
        evidence = [{"path" = "a.csv"}]
    """
    return "".join(f"{_key(name)} = {_toml(value)}\n" for name, value in values.items())


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(name)} = {_toml(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return _quoted(value) if isinstance(value, str) else str(value)


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _quoted(name)


def _quoted(text: str) -> str:
    # A JSON text is a TOML text once the one control character that JSON leaves as it is, is escaped.
    return orjson.dumps(text).decode().replace("\x7f", "\\u007f")
