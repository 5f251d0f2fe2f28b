"""The custody record of a dossier, checked from what is in it: proofs, signatures, stamps.

The keys are those that the dossier names itself. They show that nothing was damaged; who wants to know
whose log it is holds them against keys from elsewhere (`perito log verify --key`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from perito.clock import iso
from perito.dossier.custody_record import CHECKPOINT_FILE, CUSTODY_FILE, PROOFS_FOLDER, note_in
from perito.errors import CaseError, EvidenceError, Malformed
from perito.evidence.keys import VerifierKey
from perito.evidence.log import Checkpoint, Note, Proof
from perito.evidence.log.checkpoints import signature_problems
from perito.evidence.log.timestamp import read_stamp, verify_stamp
from perito.evidence.log.tree import verify_inclusion
from perito.report import Problem, Report

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    from perito.evidence.log import Trust

Record = dict[str, Any]


def custody_report(
    folder: Path,
    record: Record,
    evidence: Sequence[Record],
    *,
    keys: Sequence[VerifierKey] | None = None,
    trust: Trust | None = None,
    at_us: int = 0,
) -> Report:
    """The report on a custody record and the files that belong to it.

    Problem kinds: `custody`, `proof`, `signature`, `origin`, `stamp`.

    Args:
        folder: The dossier.
        record: Its custody record.
        evidence: Its evidence manifest.
        keys: The keys that are trusted, from elsewhere. None: those that the dossier names.
        trust: What time stamps are held against. None: they are only read.
        at_us: The time of validation, with `trust`.
    """
    try:
        note = note_in(record)
    except Malformed as fault:
        return Report((Problem("custody", CUSTODY_FILE, fault.what, fault.expected, fault.found),))
    check = _Check(folder, record, note, keys, trust, at_us)
    check.parents = {entry["evidence_id"]: entry["parent_id"] for entry in evidence}
    problems = (*check.checkpoint(), *check.proofs(), *check.stamps())
    return Report(problems, tuple(check.counts.items()))


_LATEST_US = 253_402_300_799_999_999  # the end of the year 9999: beyond it no calendar prints a time


class _Check:
    """One check: what is held against what."""

    def __init__(
        self,
        folder: Path,
        record: Record,
        note: Note,
        keys: Sequence[VerifierKey] | None,
        trust: Trust | None,
        at_us: int,
    ) -> None:
        self._folder, self._record, self._log = folder, record, record["log"]
        self._note, self._checkpoint = note, Checkpoint.parse(note.text)
        self._keys, self._trust, self._at_us = keys, trust, at_us
        self.counts = {"proofs of custody": 0}
        self.parents: dict[str, str | None] = {}

    # --- the checkpoint --------------------------------------------------------------------------------

    def checkpoint(self) -> Iterator[Problem]:
        """What the record says of the log against the checkpoint that came with it."""
        said = (self._log["origin"], self._log["size"], self._log["root"])
        found = (self._checkpoint.origin, self._checkpoint.size, self._checkpoint.root.hex())
        if said != found:
            what = "the custody record says something else than its checkpoint"
            yield Problem("custody", CUSTODY_FILE, what, expected=str(found), found=str(said))
        file = self._folder / CHECKPOINT_FILE
        if not file.is_file() or file.read_bytes() != self._note.data:
            yield Problem("custody", CHECKPOINT_FILE, "the checkpoint is not the one of the custody record")
        if not self._note.signatures:
            self.counts["checkpoint without a signature"] = 1
            if self._log["signatures"]:
                yield Problem("signature", CUSTODY_FILE, "signatures are named, and the checkpoint has none")
            if self._keys:
                yield Problem("signature", CUSTODY_FILE, "nobody signed the checkpoint")
            return
        yield from self._signatures()

    def _signatures(self) -> Iterator[Problem]:
        try:
            named = [VerifierKey.parse(str(one["key"])) for one in self._log["signatures"]]
        except CaseError as fault:
            yield Problem("signature", CUSTODY_FILE, fault.what, fault.expected, fault.found)
            return
        unnamed = [one for one in self._note.signatures if not any(one.is_of(key) for key in named)]
        if unnamed:
            what = "a signature is by a key that the custody record does not name"
            yield Problem("signature", CUSTODY_FILE, what, found=unnamed[0].name)
        yield from signature_problems(self._note, self._checkpoint, named, CUSTODY_FILE)
        if self._keys is not None:
            yield from signature_problems(self._note, self._checkpoint, self._keys, CUSTODY_FILE)
        self.counts["signatures of the checkpoint"] = len(named)

    # --- the proofs ------------------------------------------------------------------------------------

    def proofs(self) -> Iterator[Problem]:
        """The proof of every act against the checkpoint, and every item against its acts."""
        seen: dict[str, Record | None] = {}
        for item in self._record["items"]:
            acts = []
            for name in item["proofs"]:
                if name not in seen:
                    seen[name] = yield from self._proof(name)
                acts.append(seen[name])
            yield from self._item(item, [act for act in acts if act is not None], all(acts))
        self.counts["proofs of custody"] = len(seen)

    def _proof(self, name: str) -> Generator[Problem, None, Record | None]:
        """The act that a proof proves, as its value; None where it proves none."""
        if not _is_proof_name(name):
            yield Problem("proof", CUSTODY_FILE, "this is no name of a proof", found=name)
            return None
        leaf_file = self._folder / name.replace(".tlog-proof", ".json")
        try:
            leaf = leaf_file.read_bytes()
            proof = Proof.parse((self._folder / name).read_bytes(), may_be_unsigned=True)
            act = orjson.loads(leaf)
        except (OSError, ValueError, Malformed) as fault:
            yield Problem("proof", name, "the proof cannot be read", found=str(fault))
            return None
        size, root = self._checkpoint.size, self._checkpoint.root
        if proof.note.data != self._note.data:
            yield Problem("proof", name, "the proof is under another checkpoint")
        elif not verify_inclusion(leaf, proof.index, size, proof.path, root):
            yield Problem("proof", name, "the act is not in the log of the checkpoint", expected=root.hex())
        return act if isinstance(act, dict) else None

    def _item(self, item: Record, acts: list[Record], is_complete: bool) -> Iterator[Problem]:
        name = f"{item['evidence_id']} ({item['path']})"
        if not item["proofs"]:
            yield Problem("proof", name, "no act of the log proves the custody of the item")
        if not is_complete or not acts:
            return  # what is wrong with a proof has been said
        owner = self.parents.get(item["evidence_id"]) or item["evidence_id"]
        others = [act for act in acts if act.get("items") != [owner]]
        if others:
            yield Problem("proof", name, "an act is on another item", owner, str(others[0].get("items")))
        recorded = [_recorded_at(act) for act in acts]
        missing = [at for at in (item["sealed_at"], *item["acquisitions"]) if at not in recorded]
        if missing:
            what = "the log has no acquisition of the item at that time"
            yield Problem("proof", name, what, found=missing[0])

    # --- the time stamps -------------------------------------------------------------------------------

    def stamps(self) -> Iterator[Problem]:
        if not self._log["stamps"]:
            self.counts["checkpoint without a time stamp"] = 1
            return
        self.counts["time stamps"] = len(self._log["stamps"])
        for stamp in self._log["stamps"]:
            yield from self._stamp(stamp)

    def _stamp(self, stamp: Record) -> Iterator[Problem]:
        name = str(stamp["file"])
        if not _is_proof_name(name, ".tsr"):
            yield Problem("stamp", CUSTODY_FILE, "this is no name of a time stamp", found=name)
            return
        try:
            data = (self._folder / name.replace(".tsr", ".note")).read_bytes()
            response, nonce = (self._folder / name).read_bytes(), int(str(stamp["nonce"]), 16)
            if Note.parse(data).text != self._note.text:
                yield Problem("stamp", name, "the time stamp is of another checkpoint")
            read = read_stamp(data, nonce, response)
            if self._trust is not None:
                read = verify_stamp(data, nonce, response, self._trust, self._at_us)
        except (OSError, ValueError, EvidenceError, Malformed) as fault:
            yield Problem("stamp", name, "the time stamp does not hold", found=str(fault))
            return
        if iso(read.time_us) != stamp["time"]:
            yield Problem(
                "stamp", name, "the time stamp says another time", iso(read.time_us), str(stamp["time"])
            )


def _recorded_at(act: Record) -> str | None:
    """When the acquisition was recorded of which an act speaks; None if it speaks of none."""
    record = act.get("record")
    at_us = record.get("recorded_at_us") if isinstance(record, dict) else None
    return iso(at_us) if type(at_us) is int and abs(at_us) <= _LATEST_US else None


def _is_proof_name(name: str, suffix: str = ".tlog-proof") -> bool:
    folder, _, file = name.partition("/")
    return folder == PROOFS_FOLDER and file.endswith(suffix) and "/" not in file and "\\" not in file
