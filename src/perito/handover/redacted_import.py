"""A redacted copy taken in: what is shown is proved by the sender's checkpoint, what is not is counted.

The sender's log cannot be continued by who has not seen all of it. The case that is made has a log of its
own; its first acts seal the items that came, with the facts of their acquisition as they were shown, and
`received` names the sender's checkpoint. What proves it stays in the folder `received/`.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from perito import clock
from perito.case import load_case
from perito.errors import SealBroken
from perito.evidence import Store
from perito.evidence.ledger import STATE_AFTER
from perito.handover import cover as places
from perito.handover.arrival import Delivery, Imported, Reception, expect_own_case, refuse_if
from perito.handover.redacted_proof import RECEIVED_FOLDER, RedactedProof

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    from perito.evidence.log import Note
    from perito.handover.departure import Progress
    from perito.handover.open_log import OpenLog

_NOT_STATED = ("evidence_id", "bytes", "recorded_at_us", "path", "archive")


class RedactedCopy:
    """The taking in of one redacted copy, in a folder that is not yet the case.

    Args:
        delivery: The bag.
        target: The folder.
        reception: Who receives it, and what is known of it.
        progress: Shows the work.
    """

    def __init__(self, delivery: Delivery, target: Path, reception: Reception, progress: Progress) -> None:
        self._delivery, self._target = delivery, target
        self._reception, self._progress = reception, progress
        self._cover = delivery.cover
        self._received = target / RECEIVED_FOLDER

    def take_in(self) -> Imported:
        """Unpacks, checks, seals what came, records the receipt.

        Raises:
            SealBroken: The first thing that does not hold.
        """
        self._received.mkdir()
        report = self._delivery.unpack(self._received, lambda steps: self._progress(steps, "files"))
        shutil.copy(self._received / places.CASE_FILE, self._target / places.CASE_FILE)
        expect_own_case(self._cover, load_case(self._target))
        proof = RedactedProof(self._received, self._cover, self._reception)
        log, acts = proof.log, proof.acts
        store = self._sealed(acts)
        is_signed = self._record(store, proof.note)
        sealed = store.check()
        refuse_if(sealed.problems)
        counts = ("log entries", log.size), ("log entries shown", len(log.shown)), ("proofs", proof.count)
        return Imported(
            case="",
            cover=self._cover,
            log_size=store.custody.size,
            root=store.custody.log.root().hex(),
            is_signed=is_signed,
            unchecked=tuple(self._unchecked(log, acts)),
            warnings=tuple(self._delivery.bag.findings.warnings),
            checked=(*report.checked, *counts),
        )

    # --- the store ---------------------------------------------------------------------------------------

    def _sealed(self, acts: Mapping[int, Mapping[str, Any]]) -> Store:
        """A store of the items that came, each with every acquisition that is shown of it."""
        signer = self._reception.signer
        store = Store(self._target / places.EVIDENCE, signers=None if signer is None else (signer,))
        objects = self._objects()
        states = _states(acts)
        sources = []
        for _, act in sorted(acts.items()):
            if act["act"] != "acquired" or states[act["items"][0]] != "sealed":
                continue
            path = objects.get(act["items"][0])
            if path is None:
                raise SealBroken("an item that is shown is not in the bag", where=act["items"][0])
            record = act["record"]
            facts = {name: value for name, value in record.items() if name not in _NOT_STATED}
            sources.append((path, {**facts, "path_in_case": record["path"]}))
        self._expect_all_shown(
            objects, {act["items"][0] for act in acts.values() if act["act"] == "acquired"}
        )
        if sources:
            store.add_many(sources)
        self._declare(store, acts, states)
        shutil.rmtree(self._received / places.EVIDENCE, ignore_errors=True)
        return store

    def _objects(self) -> dict[str, Path]:
        found = {}
        for path in (self._received / places.OBJECTS).glob("*/*"):
            item_id = places.object_at(path.relative_to(self._received).as_posix())
            if item_id is not None:
                found[item_id] = path
        return found

    def _expect_all_shown(self, objects: Mapping[str, os.PathLike[str]], acquired: set[str]) -> None:
        strangers = sorted(objects.keys() - acquired)
        if strangers:
            raise SealBroken("the bag holds an item of which the log shows nothing", where=strangers[0])
        if len(objects) > self._cover.items:
            raise SealBroken("the bag has more items than its cover says", where=places.COVER)

    def _declare(
        self, store: Store, acts: Mapping[int, Mapping[str, Any]], states: Mapping[str, str]
    ) -> None:
        """Items that the sender knows by their digests alone are known so here too."""
        for _, act in sorted(acts.items()):
            if act["act"] != "declared" or states[act["items"][0]] != "hash_only":
                continue
            record = act["record"]
            facts = {name: value for name, value in record.items() if name not in _NOT_STATED}
            digests: dict[str, Any] = {name: act.get(name) for name in ("pdq", "pdq_quality", "reported")}
            store.declare(
                act["items"][0],
                record["bytes"],
                computed_by=str(act["computed_by"]),
                by=self._reception.by,
                path_in_case=record["path"],
                **digests,
                **facts,
            )

    def _record(self, store: Store, note: Note | None) -> bool:
        store.custody.record(
            "received",
            by=self._reception.by,
            at_us=clock.now_us() if self._reception.at_us is None else self._reception.at_us,
            sender=self._cover.sender,
            bag=self._delivery.digest,
            kind=places.REDACTED,
            withheld=len(self._cover.withheld),
            source_size=self._cover.log_size,
            source_root=self._cover.root,
            source_checkpoint=None if note is None else note.data.decode(),
        )
        signed = store.custody.log.checkpoint()
        return signed is not None and signed.size == store.custody.size

    def _unchecked(self, log: OpenLog, acts: Mapping[int, Mapping[str, Any]]) -> list[str]:
        found = self._reception.unchecked(is_signed=self._cover.is_signed)
        hidden = log.size - len(log.shown)
        if hidden:
            found.append(f"{hidden} of {log.size} log entries are known by the hash of their leaf only")
        reasons: dict[str, set[str]] = {}
        for one in self._cover.withheld:
            reasons.setdefault(one.reason, set()).add(one.evidence_id or f"entry {one.index}")
        found += [f"{len(items)} left out: {reason}" for reason, items in sorted(reasons.items())]
        gone = sum(state in ("purged", "rejected") for state in _states(acts).values())
        if gone:
            found.append(f"{gone} items are known by their records only: their bytes are not held any more")
        return found


def _states(acts: Mapping[int, Mapping[str, Any]]) -> dict[str, str]:
    """How each item stands after the acts that are shown."""
    states: dict[str, str] = {}
    for _, act in sorted(acts.items()):
        for item_id in act.get("items", ()):
            if act["act"] == "acquired":
                states.setdefault(item_id, "sealed")
            elif act["act"] in STATE_AFTER:
                states[item_id] = STATE_AFTER[act["act"]]
    return states
