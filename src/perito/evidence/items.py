"""What the store hands out: acquisitions (how bytes came in), items, receipts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from typing import Any

import orjson
import rfc8785

from perito import clock
from perito.errors import CaseError, SealBroken, nearest
from perito.evidence.names import shown_name, stored_name

RECORD_BYTES_MAX = 65_000
"""Longest intake record: a log entry has a 16-bit length (C2SP tlog-tiles), and the act stands around it."""
STATES = ("sealed", "hash_only", "encrypted", "purged", "rejected")
"""How an item is held: `hash_only` where its bytes never were here, `purged` where they were deleted."""

_SAFE_INTEGER = (1 << 53) - 1  # RFC 8785: beyond it a number is not the same for every reader


@dataclass(frozen=True)
class Facts:
    """What is stated about how an item was acquired. None: not stated.

    Args:
        path: The path under which the case declares the item.
        format: The format in which it is to be read.
        platform: The platform that it comes from.
        origin: Where it was obtained: an address, a person, a request.
        acquired_by: Who acquired it.
        acquired_at_us: When, in microseconds since the epoch.
        tool: With what.
        tool_version: In which version.
        legal_basis: Under which authority.
        terms: Under which terms of use.
        media_type: Stated, or else from the first bytes and the name.

    Example:
        >>> Facts.stated("posts.csv", {"platform": "x", "acquired_at_us": 0}).platform
        'x'
    """

    path: str
    format: str | None = None
    platform: str | None = None
    origin: str | None = None
    acquired_by: str | None = None
    acquired_at_us: int | None = None
    tool: str | None = None
    tool_version: str | None = None
    legal_basis: str | None = None
    terms: str | None = None
    media_type: str | None = None

    @classmethod
    def stated(cls, default_path: str, origin: dict[str, Any]) -> Facts:
        """The facts as given to `Store.add`, checked.

        Raises:
            CaseError: An unknown key, a value that is no text, or an instant that is no whole number.
        """
        known = {"path_in_case"} | {fact.name for fact in fields(cls)} - {"path"}
        for key, value in origin.items():
            if key not in known:
                raise CaseError(f"'{key}' is not a fact of an acquisition", remedy=nearest(key, known))
            _check_fact(key, value)
        stated = {key: value for key, value in origin.items() if key != "path_in_case"}
        return cls(path=stored_name(origin.get("path_in_case") or default_path), **stated)

    def to_json(self) -> dict[str, Any]:
        """What is stated, by name; what is not stated is left out."""
        values = {fact.name: getattr(self, fact.name) for fact in fields(Facts)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class Acquisition(Facts):
    """One time that bytes were added: what was stated, when it was recorded, and the place in the sequence.

    `archive` holds, for an archive, its kind, the limits under which it was read, the numbers of members
    and refusals, and the digest of both lists.
    """

    recorded_at_us: int = 0
    sequence: int = 0
    archive: dict[str, Any] | None = field(default=None, hash=False)

    @classmethod
    def from_facts(cls, facts: dict[str, Any], sequence: int) -> Acquisition:
        """The acquisition that an intake record describes."""
        return cls(**{name: facts[name] for name in _RECORDED & facts.keys()}, sequence=sequence)


_RECORDED = frozenset(part.name for part in fields(Acquisition)) - {"sequence"}


@dataclass(frozen=True)
class Item:
    """A sealed file, or a member of a sealed archive.

    Args:
        evidence_id: `sha256:` and the digest of its bytes.
        path: The declared path (the first in order, if it was added under several), or the member's name.
        bytes: Its size.
        media_type: As stated, or as its first bytes and its name say.
        sealed_at_us: When the bytes were sealed; of a member, when its archive was.
        sequence: Place in the order of sealing; of a member, that of its archive.
        acquisitions: Every time that the bytes, or the archive, were added, oldest first.
        parent_id: Of a member, the archive that holds it.
        position: Of a member, its place in the archive, from one.
        state: How it is held, one of `STATES`; of a member, as its archive.
    """

    evidence_id: str
    path: str
    bytes: int
    media_type: str
    sealed_at_us: int
    sequence: int
    acquisitions: tuple[Acquisition, ...]
    parent_id: str | None = None
    position: int | None = None
    state: str = "sealed"

    @property
    def acquisition(self) -> Acquisition:
        """The acquisition recorded last: what is now stated about the item."""
        return self.acquisitions[-1]

    @property
    def shown_path(self) -> str:
        """The path with every deceptive character as its code point."""
        return shown_name(self.path)

    def to_json(self) -> dict[str, Any]:
        """The item for programs, with the facts of its last acquisition."""
        return {
            "evidence_id": self.evidence_id,
            "parent_id": self.parent_id,
            "position": self.position,
            "bytes": self.bytes,
            "sealed_at": clock.iso(self.sealed_at_us),
            **self.acquisition.to_json(),
            "path": self.shown_path,
            "media_type": self.media_type,
            "state": self.state,
        }


@dataclass(frozen=True)
class Receipt:
    """The acknowledgement of one `add`: from here on the bytes are durable.

    Args:
        evidence_id: `sha256:` and the digest of the bytes.
        path: The path under which they were declared, as it may be shown.
        bytes: Their number.
        media_type: As stated, or as the first bytes and the name say.
        sealed_at_us: When the bytes were first sealed.
        is_new: False when these bytes were already sealed.
        is_recorded: False when nothing changed: the same bytes with the same facts were there.
        members: Archive members that are addressed.
        nested_archives: How many of them look like archives themselves; they are not opened.
        refused_members: `(name, reason)` of each member that is not addressed, names as they may be shown.
        temp_files_removed: What an interrupted `add` had left behind.
    """

    evidence_id: str
    path: str
    bytes: int
    media_type: str
    sealed_at_us: int
    is_new: bool
    is_recorded: bool = True
    members: int = 0
    nested_archives: int = 0
    refused_members: tuple[tuple[str, str], ...] = ()
    temp_files_removed: int = 0

    def to_json(self) -> dict[str, Any]:
        """The receipt for programs; the instant as ISO 8601."""
        values = {part.name: getattr(self, part.name) for part in fields(self)}
        del values["sealed_at_us"]
        return {
            **values,
            "sealed_at": clock.iso(self.sealed_at_us),
            "refused_members": [{"name": name, "reason": reason} for name, reason in self.refused_members],
        }


def intake_record(
    facts: Facts, *, evidence_id: str, size: int, recorded_at_us: int, archive: dict[str, Any] | None
) -> str:
    """The facts of one acquisition as RFC 8785 JSON: what a custody log takes as a leaf.

    Raises:
        CaseError: They are longer than a log entry can be.
    """
    values = {"evidence_id": evidence_id, "bytes": size, "recorded_at_us": recorded_at_us, **facts.to_json()}
    if archive is not None:
        values["archive"] = archive
    record = rfc8785.dumps(values)
    if len(record) > RECORD_BYTES_MAX:
        raise CaseError(
            "the facts of the acquisition are too long",
            where=facts.path,
            expected=f"at most {RECORD_BYTES_MAX} bytes",
            found=str(len(record)),
            remedy="add the long text as a file of its own and name its evidence id here",
        )
    return record.decode()


def digest_of(text: str) -> str:
    """SHA-256 of a text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_record(
    record: str, record_digest: str, columns: tuple[str, str, int], sequence: int
) -> dict[str, Any]:
    """The facts of the intake record in a row of the index.

    Args:
        record: The intake record.
        record_digest: The digest written beside it.
        columns: Item, path and instant as the row's own columns have them.
        sequence: The row's place.

    Raises:
        SealBroken: The record is not the one that was written, or the columns say something else.
    """
    found = digest_of(record)
    if found != record_digest:
        raise _broken_record(sequence, columns[0], record_digest, found)
    facts: dict[str, Any] = orjson.loads(record)
    written = (facts["evidence_id"], facts["path"], facts["recorded_at_us"])
    if written != columns:
        raise _broken_record(sequence, written[0], repr(written), repr(columns))
    return facts


def _broken_record(sequence: int, item_id: str, expected: str, found: str) -> SealBroken:
    return SealBroken(
        "the intake record is not the one that was written",
        where=f"index.sqlite: acquisition {sequence} of {item_id}",
        expected=expected,
        found=found,
        remedy="restore the index from a copy",
    )


def _check_fact(key: str, value: object) -> None:
    if value is None:
        return
    if key == "acquired_at_us":
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _SAFE_INTEGER:
            raise CaseError(
                "'acquired_at_us' is no instant", expected="whole microseconds", found=repr(value)
            )
    elif not isinstance(value, str):
        raise CaseError(f"'{key}' is no text", found=repr(value))
    elif key != "path_in_case" and not _is_valid_text(value):
        raise CaseError(f"'{key}' is no valid text", expected="Unicode", found=ascii(value))


def _is_valid_text(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)
