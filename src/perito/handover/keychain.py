"""Whose signature counts when: the keys of a log followed through every handover, and what each signed.

A key that is known from elsewhere leads to its successors by the records in the log that both of them
signed. The checkpoint with which somebody handed the case over stands in the entry `received` of the one
who took it: so every earlier head of the log, and who vouched for it, can be checked again by the last.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from perito.errors import CaseError, Malformed, SealBroken
from perito.evidence.keys import ROTATION_ACT, VerifierKey, rotation_text, successor
from perito.evidence.log import Checkpoint, Note, verify_consistency
from perito.report import Problem, Report

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from perito.evidence.keys import SigningKey

RECEIVED = "received"
_MARKS = (f'"act":"{ROTATION_ACT}"'.encode(), f'"act":"{RECEIVED}"'.encode())


def endorsement(old: SigningKey, new: VerifierKey, at_us: int) -> dict[str, Any]:
    """The half of a change of keys that the one who hands over can make: the next key, signed for.

    The other signs on receipt (`completed`); together they are a record as `keys.rotation_record` makes it.

    Raises:
        CaseError: The next key has another name: the name is the origin of the log and stays.
    """
    if new.name != old.name:
        raise CaseError(
            "the next key has another name than the log",
            expected=old.name,
            found=new.name,
            remedy=f"let the receiver make a key named '{old.name}'",
        )
    return {
        "next_key": new.text,
        "next_key_at_us": at_us,
        "endorsement": base64.b64encode(old.private.sign(rotation_text(old.verifier, new, at_us))).decode(),
    }


def completed(
    entry: Mapping[str, Any], old: VerifierKey, new: SigningKey, reason: str
) -> dict[str, Any] | None:
    """The record of the change of keys, from an entry that endorses the new key; None if it does not.

    Args:
        entry: The act of handing over.
        old: The key in force at that act.
        new: The key of the one who receives.
        reason: Why, in a sentence.
    """
    at_us = entry.get("next_key_at_us")
    if entry.get("next_key") != new.verifier.text or not isinstance(at_us, int):
        return None
    record = {
        "act": ROTATION_ACT,
        "at_us": at_us,
        "reason": reason,
        "old_key": old.text,
        "new_key": new.verifier.text,
        "old_signature": entry.get("endorsement"),
        "new_signature": base64.b64encode(new.private.sign(rotation_text(old, new.verifier, at_us))).decode(),
    }
    return record if successor(record, old) == new.verifier else None


class LogTree(Protocol):
    """The tree of a log, whether all its entries can be seen or not."""

    @property
    def size(self) -> int:
        """The number of entries."""

    def root(self, n: int | None = None) -> bytes:
        """The root of the first `n` entries, or of all."""

    def consistency(self, m: int, n: int | None = None) -> list[bytes]:
        """The proof that the first `m` entries are the beginning of `n`, or of all."""


@dataclass
class KeyChain:
    """The keys along a log, and the checkpoints with which it was handed over.

    Args:
        trusted: The keys that are known from elsewhere.
        changes: `(entry, from, to)` of every change of keys that both signed, whoever they are.
        notes: The checkpoints that earlier custodians handed over with, each with the entry that holds it.
    """

    trusted: tuple[VerifierKey, ...]
    changes: list[tuple[int, VerifierKey, VerifierKey]] = field(default_factory=list)
    notes: list[tuple[int, Note]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def follow(cls, entries: Iterable[bytes], trusted: Iterable[VerifierKey]) -> KeyChain:
        """The chain through the entries of a log."""
        chain = cls(tuple(trusted))
        for index, data in enumerate(entries):
            if any(mark in data for mark in _MARKS):
                chain._take(index, data)
        return chain

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """The trusted keys, and all that records of changes, signed by both, link to them."""
        known = dict.fromkeys(self.trusted)
        for _ in self.changes:
            for _, old, new in self.changes:
                if old in known or new in known:
                    known |= dict.fromkeys((old, new))
        return tuple(known)

    def in_force(self, size: int) -> tuple[VerifierKey, ...]:
        """Those of the keys that may sign for the log at that size: not replaced before, not yet to come."""
        first: dict[VerifierKey, bool] = {}  # whether a key was there before the change that names it first
        for _, old, new in self.changes:
            first.setdefault(old, True)
            first.setdefault(new, False)
        current = dict.fromkeys(key for key in self.keys if first.get(key, True))
        for index, old, new in self.changes:
            if index < size and old in current:
                del current[old]
                current[new] = None
        return tuple(current)

    def check(self, log: LogTree, note: Note | None) -> Report:
        """Whether the log continues every checkpoint in it, and who signed each, and the last.

        The last has to be signed by a key in force. Where an earlier one was signed by a key that nothing
        links to a trusted one, that is counted: whoever signed the last vouches for it.

        Problem kinds: `chain`, `signature`.

        Args:
            log: The log.
            note: Its checkpoint; None if it was never signed.
        """
        problems = list(self.problems)
        for index, earlier in self.notes:
            problems += self._continued(log, index, earlier)
        if note is not None and self.trusted:
            problems += self.signature_problems(note, "checkpoint")
        known = {(key.name, key.key_id) for key in self.keys}
        strangers = [note for _, note in self.notes if not known & _signers(note)]
        counts = (("handovers", len(self.notes)), ("key changes", len(self.changes)))
        return Report(tuple(problems), (*counts, ("handovers by unknown keys", len(strangers))))

    def signature_problems(self, note: Note, where: str) -> list[Problem]:
        """Whether a key in force signed a checkpoint."""
        keys = self.in_force(Checkpoint.parse(note.text).size)
        try:
            signers = note.signers(keys)
        except SealBroken as fault:
            return [Problem("signature", f"{where}: {fault.where}", fault.what, fault.expected)]
        if signers:
            return []
        found = ", ".join(f"{one.name} {one.key_id.hex()}" for one in note.signatures)
        expected = ", ".join(key.text for key in keys)
        return [Problem("signature", where, "no key in force signed the checkpoint", expected, found)]

    def _continued(self, log: LogTree, index: int, note: Note) -> list[Problem]:
        where, checkpoint = f"log entry {index}", Checkpoint.parse(note.text)
        if checkpoint.size > index:
            what = "the checkpoint reaches further than the log did when it was received"
            return [Problem("chain", where, what, f"at most {index} entries", str(checkpoint.size))]
        proof = log.consistency(checkpoint.size)
        if not verify_consistency(checkpoint.size, log.size, checkpoint.root, log.root(), proof):
            what = "the log does not continue the checkpoint with which it was handed over"
            return [Problem("chain", where, what, checkpoint.root.hex(), log.root(checkpoint.size).hex())]
        is_known = bool({(key.name, key.key_id) for key in self.keys} & _signers(note))
        return self.signature_problems(note, where) if is_known else []

    def _take(self, index: int, data: bytes) -> None:
        try:
            entry = orjson.loads(data)
        except orjson.JSONDecodeError:
            return
        act = entry.get("act") if isinstance(entry, dict) else None
        if act == ROTATION_ACT:
            self._change(index, entry)
        elif act == RECEIVED and entry.get("checkpoint") is not None:
            self._note(index, entry["checkpoint"])

    def _change(self, index: int, entry: Mapping[str, Any]) -> None:
        try:
            old = VerifierKey.parse(str(entry.get("old_key")))
        except CaseError:
            return
        new = successor(entry, old)
        # A key that was replaced has no say any more, whoever holds it now.
        if new is not None and old not in self._replaced():
            self.changes.append((index, old, new))

    def _replaced(self) -> set[VerifierKey]:
        replaced: set[VerifierKey] = set()
        for _, old, new in self.changes:
            replaced = (replaced | {old}) - {new}
        return replaced

    def _note(self, index: int, text: object) -> None:
        try:
            note = Note.parse(text.encode() if isinstance(text, str) else b"")
            Checkpoint.parse(note.text)
        except (Malformed, UnicodeEncodeError) as fault:
            what = "the checkpoint of a handover cannot be read"
            self.problems.append(Problem("chain", f"log entry {index}", what, found=str(fault)))
        else:
            self.notes.append((index, note))


def _signers(note: Note) -> set[tuple[str, bytes]]:
    return {(one.name, one.key_id) for one in note.signatures}


def parse_keys(texts: Iterable[str]) -> tuple[VerifierKey, ...]:
    """Verifier keys from their text forms.

    Raises:
        CaseError: One is none.
    """
    return tuple(VerifierKey.parse(text) for text in texts)
