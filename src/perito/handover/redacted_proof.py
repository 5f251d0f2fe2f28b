"""What proves a redacted copy, wherever it lies: in a bag, or in the case that was made of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from perito.errors import PeritoError, SealBroken
from perito.evidence import Store
from perito.evidence.log import Note, Proof
from perito.evidence.log.folder import CHECKPOINT, KEYS
from perito.handover import cover as places
from perito.handover.arrival import (
    Reception,
    expect_act,
    expect_covered,
    expect_known,
    expect_leaf,
    refuse_if,
)
from perito.handover.cover import Cover
from perito.handover.entry_check import read_entry
from perito.handover.keychain import KeyChain, parse_keys
from perito.handover.open_log import OpenLog
from perito.report import Problem, Report

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from typing import Any

    from perito.evidence.keys import VerifierKey

RECEIVED_FOLDER = "received"
"""Where a case that was made of a redacted copy keeps what proves it."""


class RedactedProof:
    """The open log of a redacted copy, checked: it gives the signed root, and every proof leads to it.

    Args:
        folder: Where the log and the proofs lie.
        cover: The cover of the copy.
        reception: What is known of it from elsewhere.

    Raises:
        SealBroken: The first thing that does not hold.
        Malformed: A file is not what it should be.
    """

    def __init__(self, folder: Path, cover: Cover, reception: Reception) -> None:
        self._folder, self._cover = folder, cover
        self.log = OpenLog.read(folder / places.ENTRIES)
        self.chain = KeyChain.follow(self.log.entries(), reception.trusted or self._named_keys())
        self.note = self._read_note()
        self._check_root(is_trust_asked=bool(reception.trusted))
        self.acts: Mapping[int, Mapping[str, Any]] = {
            index: read_entry(index, data) for index, data in self.log.shown.items()
        }
        expect_act(cover, dict(self.acts.get(cover.entry, {})))
        refuse_if(self.chain.check(self.log, self.note).problems)
        expect_known(reception.known, self.note, self.log, self.chain)
        self._check_withheld()
        self.count = self._check_proofs()

    def _read_note(self) -> Note | None:
        path = self._folder / places.OPEN_LOG / CHECKPOINT
        return Note.parse(path.read_bytes()) if path.is_file() else None

    def _named_keys(self) -> tuple[VerifierKey, ...]:
        path = self._folder / places.OPEN_LOG / KEYS
        return parse_keys(path.read_text("utf-8", "replace").split()) if path.is_file() else ()

    def _check_root(self, *, is_trust_asked: bool) -> None:
        expect_covered(self._cover, self.note, is_trust_asked=is_trust_asked)
        found = self.log.root().hex()
        if (self.log.size, found) != (self._cover.log_size, self._cover.root):
            raise SealBroken(
                "the entries and hashes do not give the root of the log",
                where=places.ENTRIES,
                expected=f"{self._cover.root} at {self._cover.log_size} entries",
                found=f"{found} at {self.log.size} entries",
            )

    def _check_withheld(self) -> None:
        log = self.log
        for one in self._cover.withheld:
            if one.index >= log.size or log.leaves[one.index].hex() != one.leaf or one.index in log.shown:
                raise SealBroken(
                    "what is said to be withheld is not in the log",
                    where=f"{places.COVER}, log entry {one.index}",
                )

    def _check_proofs(self) -> int:
        """Each proof against the leaf; of what is withheld only the hash is known, and so only the way up."""
        found = sorted((self._folder / places.PROOFS).rglob("*.tlog-proof"))
        for path in found:
            where, index = path.relative_to(self._folder).as_posix(), int(path.stem)
            proof = Proof.parse(path.read_bytes())
            is_ours = proof.index == index < self.log.size and proof.note == self.note
            if not is_ours or list(proof.path) != self.log.inclusion(index):
                raise SealBroken("the proof does not lead from the leaf to the checkpoint", where=where)
            if path.parent.name != Path(places.WITHHELD_PROOFS).name:
                leaf = self.log.shown.get(index, b"")
                expect_leaf(path.with_suffix(".json"), leaf, where)
                refuse_if(proof.check(leaf, self.chain.keys).problems)
        return len(found)


def check_received(
    folder: str | os.PathLike[str], trusted: Sequence[VerifierKey] = (), known: Note | None = None
) -> Report:
    """Whether what proves a redacted copy still does so, in the case that was made of it.

    Problem kinds: `received`.

    Args:
        folder: The case folder. A case that was not made of a redacted copy has nothing to check.
        trusted: Keys of the sender's log that are known from elsewhere; without any, those that came along.
        known: A checkpoint of the sender's log, which it has to continue.

    Example:
        >>> check_received("no-such-case").checked
        ()
    """
    received = Path(folder) / RECEIVED_FOLDER
    if not (received / places.COVER).is_file():
        return Report()
    try:
        cover = Cover.parse((received / places.COVER).read_bytes())
        proof = RedactedProof(received, cover, Reception("check", tuple(trusted), known))
        _expect_items(Store(Path(folder) / places.EVIDENCE), proof)
    except (PeritoError, OSError) as fault:
        where = fault.where if isinstance(fault, PeritoError) else str(fault.filename)
        return Report((Problem("received", f"{RECEIVED_FOLDER}/{where}", str(fault)),))
    shown = len(proof.log.shown)
    counts = ("received entries", shown), ("received entries by hash only", proof.log.size - shown)
    return Report((), (*counts, ("received proofs", proof.count)))


def _expect_items(store: Store, proof: RedactedProof) -> None:
    """Refuses an item of which the sender's log shows nothing, if it was here when the copy was received."""
    shown = {one for act in proof.acts.values() for one in act.get("items", ())}
    for act in store.custody.entries():
        if act.get("act") == "received":
            return
        for item_id in act.get("items", ()):
            if item_id not in shown:
                raise SealBroken("the sender's log shows nothing of this item", where=item_id)
