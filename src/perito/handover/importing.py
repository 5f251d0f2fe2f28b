"""A case out of a bag: everything checked, the first fault named and nothing kept, the chain continued."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perito import clock
from perito.case import load_case
from perito.errors import CaseError, SealBroken
from perito.evidence import Store
from perito.evidence.custody import entry_of
from perito.evidence.index import Index
from perito.evidence.ledger import Ledger
from perito.evidence.log import Checkpoint, Note, Proof
from perito.evidence.objects import Objects
from perito.files import write_folder
from perito.handover import cover as places
from perito.handover.arrival import (
    Delivery,
    Imported,
    Reception,
    expect_act,
    expect_covered,
    expect_known,
    expect_leaf,
    expect_own_case,
    refuse_if,
)
from perito.handover.departure import Progress, unseen
from perito.handover.entry_check import read_entry
from perito.handover.keychain import KeyChain, completed
from perito.handover.redacted_import import RedactedCopy

if TYPE_CHECKING:
    import os

    from perito.evidence.keys import SigningKey, VerifierKey
    from perito.evidence.log import Log
    from perito.report import Report

_READ_ONLY = 0o444
_REASON = "handover to the next custodian"


def import_bag(
    bag: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    reception: Reception,
    *,
    progress: Progress = unseen,
) -> Imported:
    """Makes a case of a bag. The act `received` is in its log when this returns.

    A whole copy continues the log of the sender. A redacted one begins a log of its own, because the
    sender's cannot be continued by who has not seen it; what proves it lies in `received/`.

    Args:
        bag: The folder of the bag.
        folder: The folder of the case; nothing may be there.
        reception: Who receives it, and what is known of it.
        progress: Shows the work.

    Raises:
        CaseError: There is something already, or the call is wrong.
        Missing: There is no such bag.
        Malformed: It is a bag, but none of a case.
        SealBroken: The first thing that does not hold; nothing was kept.
    """
    case = Path(folder)
    if case.exists() or case.is_symlink():
        raise CaseError(
            "there is something already", where=str(case), remedy="name a folder that is not there"
        )
    if case.resolve().is_relative_to(Path(bag).resolve()):
        raise CaseError("the case would lie in the bag", where=str(case), remedy="name another folder")
    delivery = Delivery(Path(bag))
    with write_folder(case) as target:
        if delivery.cover.kind == places.REDACTED:
            found = RedactedCopy(delivery, target, reception, progress).take_in()
        else:
            found = _WholeCopy(delivery, target, reception, progress).take_in()
    values: dict[str, Any] = {**vars(found), "case": str(case)}
    return Imported(**values)


class _WholeCopy:
    """The taking in of one whole copy, in a folder that is not yet the case."""

    def __init__(self, delivery: Delivery, target: Path, reception: Reception, progress: Progress) -> None:
        self._delivery, self._target = delivery, target
        self._reception, self._progress = reception, progress
        self._cover = delivery.cover

    def take_in(self) -> Imported:
        """Unpacks, checks, rebuilds the index, records the receipt."""
        report = self._delivery.unpack(self._target, lambda steps: self._progress(steps, "files"))
        expect_own_case(self._cover, load_case(self._target))
        log, chain, chained = self._checked_log()
        proofs = self._check_proofs(log, chain)
        store = self._rebuilt()
        sealed = store.check()
        refuse_if(sealed.problems)
        self._expect_items(store)
        for folder in (places.PROOFS, places.GRAPH):
            shutil.rmtree(self._target / folder, ignore_errors=True)
        (self._target / places.COVER).unlink()
        is_signed = self._record(store, chain, log.signed_note())
        return Imported(
            case="",
            cover=self._cover,
            log_size=store.custody.size,
            root=store.custody.log.root().hex(),
            is_signed=is_signed,
            unchecked=tuple(self._unchecked(dict(chained.checked), is_signed=is_signed)),
            warnings=tuple(self._delivery.bag.findings.warnings),
            checked=(*report.joined(sealed).joined(chained).checked, ("proofs", proofs)),
        )

    # --- the log -----------------------------------------------------------------------------------------

    def _checked_log(self) -> tuple[Log, KeyChain, Report]:
        log = Store(self._target / places.EVIDENCE, signers=()).custody.log
        trusted = self._reception.trusted or log.keys()
        chain = KeyChain.follow(log, trusted)
        report = log.check(chain.keys or None)
        refuse_if(report.problems)
        note = log.signed_note()
        expect_covered(self._cover, note, is_trust_asked=bool(self._reception.trusted))
        if (log.size, log.root().hex()) != (self._cover.log_size, self._cover.root):
            raise SealBroken(
                "the log does not end where it was handed over",
                where=f"{places.LOG}/head",
                expected=f"{self._cover.root} at {self._cover.log_size} entries",
                found=f"{log.root().hex()} at {log.size} entries",
            )
        self._expect_entries(log)
        chained = chain.check(log, note)
        refuse_if(chained.problems)
        expect_known(self._reception.known, note, log, chain)
        return log, chain, chained

    def _expect_entries(self, log: Log) -> None:
        for index, data in enumerate(log.entries()):
            entry = read_entry(index, data)
            if index == self._cover.entry:
                expect_act(self._cover, dict(entry))

    def _check_proofs(self, log: Log, chain: KeyChain) -> int:
        note = log.signed_note()
        found = sorted((self._target / places.PROOFS).glob("*/*.tlog-proof"))
        for path in self._progress(found, "proofs"):
            where, index = path.relative_to(self._target).as_posix(), int(path.stem)
            data = log.entry(index) if index < log.size else b""
            expect_leaf(path.with_suffix(".json"), data, where)
            proof = Proof.parse(path.read_bytes())
            if proof.index != index or proof.note != note:
                raise SealBroken("the proof is of another entry, or leads to another checkpoint", where=where)
            refuse_if(proof.check(data, chain.keys).problems)
        return len(found)

    # --- the store ---------------------------------------------------------------------------------------

    def _rebuilt(self) -> Store:
        """The store with its index made again from the log."""
        path = self._target / places.EVIDENCE
        for file in (path / "objects").glob("*/*"):
            file.chmod(_READ_ONLY)
        (path / "objects").mkdir(exist_ok=True)
        store, index = Store(path), Index(path)
        with index.exclusive():
            index.create()
            Ledger(index, Store(path, signers=()).custody, Objects(path)).catch_up()
        return store

    def _expect_items(self, store: Store) -> None:
        found = sum(item.parent_id is None for item in store.items())
        if found != self._cover.items:
            raise SealBroken(
                "the bag has another number of items than its cover says",
                where=places.COVER,
                expected=str(self._cover.items),
                found=str(found),
            )

    def _record(self, store: Store, chain: KeyChain, note: Note | None) -> bool:
        """Enters the receipt, signed by the next custodian; whether it is."""
        signer = self._reception.signer
        at_us = clock.now_us() if self._reception.at_us is None else self._reception.at_us
        change = None if signer is None else self._change_of_keys(store, chain, signer, note)
        received = entry_of(
            "received",
            by=self._reception.by,
            at_us=at_us,
            sender=self._cover.sender,
            bag=self._delivery.digest,
            checkpoint=None if note is None else note.data.decode(),
            root=self._cover.root if note is None else None,
        )
        custody = store.custody if signer is None else Store(store.path, signers=(signer,)).custody
        custody.append([received] if change is None else [change, received])
        signed = custody.log.checkpoint()
        return signed is not None and signed.size == custody.size

    def _change_of_keys(
        self, store: Store, chain: KeyChain, signer: SigningKey, note: Note | None
    ) -> dict[str, Any] | None:
        """The record by which the custodian's key follows the sender's; None if that did not endorse it."""
        if note is None:
            return None
        origin = Checkpoint.parse(note.text).origin
        if signer.name != origin:
            raise CaseError(
                "your key has another name than the log",
                expected=origin,
                found=signer.name,
                remedy=f"make a key named '{origin}': the name stays when keys change",
            )
        current = _signer_of(note, chain)
        if current is None or current == signer.verifier:
            return None
        entry = read_entry(self._cover.entry, store.custody.log.entry(self._cover.entry))
        return completed(entry, current, signer, _REASON)

    def _unchecked(self, counts: dict[str, int], *, is_signed: bool) -> list[str]:
        found = self._reception.unchecked(is_signed=self._cover.is_signed)
        if counts.get("handovers by unknown keys"):
            number = counts["handovers by unknown keys"]
            found.append(f"{number} earlier handovers were signed by keys that no trusted key is linked to")
        if self._cover.is_signed and not is_signed:
            found.append("your receipt is not signed: sign the log with your key before you hand the case on")
        return found


def _signer_of(note: Note, chain: KeyChain) -> VerifierKey | None:
    """The key in force that signed the checkpoint."""
    signers = note.signers(chain.in_force(Checkpoint.parse(note.text).size))
    return signers[0] if signers else None
