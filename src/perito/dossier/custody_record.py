"""The custody of a case as its dossier carries it: a checkpoint over the log, and a proof for every exhibit.

It belongs to one copy of the case and says nothing that a finding rests on. What is not signed or not
time-stamped is said to be so.
"""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from perito.clock import iso
from perito.dossier.reading import read_json
from perito.errors import DossierError, Malformed, SealBroken
from perito.evidence.custody import PASSING_ACTS, UNSIGNED_ORIGIN
from perito.evidence.keys import KeyKind
from perito.evidence.ledger import is_stated
from perito.evidence.log import Checkpoint, Note
from perito.evidence.log.timestamp import read_stamp
from perito.ids import is_evidence_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from perito.evidence import Custody, Item, Store
    from perito.evidence.keys import VerifierKey
    from perito.evidence.log.stamps import Query

CUSTODY_FILE = "custody.json"
PROOFS_FOLDER = "proofs"
CHECKPOINT_FILE = f"{PROOFS_FOLDER}/checkpoint"
_DIGEST_LENGTH = 16
_ENTRY_KEYS = {"evidence_id", "path", "state", "sealed_at", "acquisitions", "proofs"}
_LOG_KEYS = {"origin", "size", "root", "checkpoint", "signatures", "acts", "stamps"}
_SIGNATURE_KEYS = {"key", "by", "at"}
_STAMP_KEYS = {"time", "authority", "policy", "serial", "nonce", "file"}

Record = dict[str, Any]


def put_custody(store: Store, items: Sequence[Item], target: Path, before: Path) -> Record:
    """Writes the custody record and the proofs into a dossier, and gives the record.

    Args:
        store: The evidence.
        items: Its items as the dossier lists them.
        target: The folder to write into.
        before: The dossier as it was made last. Its checkpoint stays as long as no act changed anything and
            there is none that more people vouch for, so that a second run changes no byte.
    """
    survey = _Survey.of(store.custody)
    note = _chosen(store.custody, survey, _note_before(before))
    checkpoint = Checkpoint.parse(note.text)
    (target / PROOFS_FOLDER).mkdir()
    (target / CHECKPOINT_FILE).write_bytes(note.data)
    entries = [_entry(store, item, survey, note, target) for item in items]
    acts = dict(sorted(Counter(survey.acts[: checkpoint.size]).items()))
    record = {"items": entries, "log": {**_log_part(store.custody, note, target), "acts": acts}}
    (target / CUSTODY_FILE).write_bytes(orjson.dumps(record, option=orjson.OPT_INDENT_2) + b"\n")
    return record


@dataclass(frozen=True)
class _Survey:
    """What one pass over a log gives: every act's name, and the acts of the store by item."""

    acts: list[str]
    by_item: dict[str, list[tuple[int, bytes]]]

    @classmethod
    def of(cls, custody: Custody) -> _Survey:
        survey = cls([], {})
        for index, data in enumerate(custody.log.entries()):
            entry = orjson.loads(data)
            survey.acts.append(sys.intern(str(entry.get("act"))))
            for item_id in entry["items"] if is_stated(data) else ():
                survey.by_item.setdefault(item_id, []).append((index, data))
        return survey

    @property
    def last_change(self) -> int:
        """How many entries there are up to the last act that changed anything of the evidence."""
        size = len(self.acts)
        while size and self.acts[size - 1] in PASSING_ACTS:
            size -= 1
        return size


def custody_entry(item: Item) -> Record:
    """When an item was sealed and each acquisition recorded, by this machine's clock; how it is held."""
    return {
        "evidence_id": item.evidence_id,
        "path": item.shown_path,
        "state": item.state,
        "sealed_at": iso(item.sealed_at_us),
        "acquisitions": [iso(acquisition.recorded_at_us) for acquisition in item.acquisitions],
    }


def read_custody(folder: Path) -> Record:
    """The custody record of a dossier.

    Raises:
        DossierError: It cannot be read, or has another form than it was written in.
    """
    record = read_json(folder / CUSTODY_FILE, CUSTODY_FILE)
    if not isinstance(record, dict) or record.keys() != {"items", "log"}:
        raise _malformed("a record of items and log")
    items, log = record["items"], record["log"]
    if not isinstance(items, list) or not isinstance(log, dict):
        raise _malformed("a list of items, and what is said of the log")
    for number, entry in enumerate(items, start=1):
        if not isinstance(entry, dict) or not _is_entry(entry):
            raise DossierError(
                "an entry has another form than it was written in", where=f"{CUSTODY_FILE}: entry {number}"
            )
    if not _is_log(log):
        raise _malformed("origin, size, root, checkpoint, signatures, acts and stamps of the log")
    return record


def note_in(record: Record) -> Note:
    """The checkpoint of a custody record, with its signatures if it has any.

    Raises:
        Malformed: It is none.
    """
    note = Note.parse(record["log"]["checkpoint"].encode(), may_be_unsigned=True)
    Checkpoint.parse(note.text)
    return note


def _note_before(folder: Path) -> Note | None:
    try:
        return note_in(read_custody(folder))
    except (DossierError, Malformed):
        return None  # there was no dossier, or it is damaged: it is made anew


def _chosen(custody: Custody, survey: _Survey, before: Note | None) -> Note:
    """The checkpoint over the evidence for which most people vouch; the former one if it is equal."""
    least = survey.last_change
    queries = custody.log.stamps.queries()
    notes = [one for one in (before, custody.log.signed_note(), *(query.note for query in queries)) if one]
    fit = [note for note in notes if _covers(custody, note, least)]
    ranked = sorted(fit, key=lambda note: _rank(custody, note, queries), reverse=True)
    if ranked:
        return ranked[0]
    return Note(Checkpoint(UNSIGNED_ORIGIN, least, custody.log.root(least)).text)


def _covers(custody: Custody, note: Note, least: int) -> bool:
    """Whether a note is a checkpoint of this log, signed by it, over all of the evidence."""
    checkpoint = Checkpoint.parse(note.text)
    if not least <= checkpoint.size <= custody.size or not note.signatures:
        return False
    try:
        signers = note.signers(custody.log.keys())
    except SealBroken:
        return False
    return bool(signers) and custody.log.root(checkpoint.size) == checkpoint.root


def _rank(custody: Custody, note: Note, queries: Sequence[Query]) -> tuple[int, int]:
    stamps = sum(len(query.responses) for query in queries if query.note.text == note.text)
    return stamps, len(note.signers(custody.log.keys()))


def _entry(store: Store, item: Item, survey: _Survey, note: Note, target: Path) -> Record:
    names, size = [], Checkpoint.parse(note.text).size
    for index, data in survey.by_item.get(item.parent_id or item.evidence_id, ()):
        if index >= size:
            break
        name = f"{PROOFS_FOLDER}/{index:08}"
        if not (target / f"{name}.json").exists():  # the members of an archive share its proofs
            (target / f"{name}.json").write_bytes(data)
            (target / f"{name}.tlog-proof").write_bytes(store.custody.proof(index, note).data)
        names.append(f"{name}.tlog-proof")
    return {**custody_entry(item), "proofs": names}


def _log_part(custody: Custody, note: Note, target: Path) -> Record:
    checkpoint = Checkpoint.parse(note.text)
    return {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "checkpoint": note.data.decode(),
        "signatures": [_signature(note, key) for key in note.signers(custody.log.keys())],
        "stamps": list(_stamps(custody, note, target)),
    }


def _signature(note: Note, key: VerifierKey) -> Record:
    value = next(one.value for one in note.signatures if one.is_of(key))
    at_us = key.witnessed_at_us(value)
    return {
        "key": key.text,
        "by": "witness" if key.kind is KeyKind.WITNESS else "log",
        "at": None if at_us is None else iso(at_us),
    }


def _stamps(custody: Custody, note: Note, target: Path) -> Iterable[Record]:
    """The time stamps of a checkpoint, each with the file that was stamped and the answer to it."""
    for query in custody.log.stamps.queries():
        if query.note.text != note.text:
            continue
        for response in query.responses:
            stamp = read_stamp(query.note.data, query.nonce, response)
            name = f"{PROOFS_FOLDER}/stamp-{hashlib.sha256(response).hexdigest()[:_DIGEST_LENGTH]}"
            (target / f"{name}.note").write_bytes(query.note.data)
            (target / f"{name}.tsr").write_bytes(response)
            yield {
                "time": iso(stamp.time_us),
                "authority": stamp.authority,
                "policy": stamp.policy,
                "serial": str(stamp.serial),
                "nonce": f"{query.nonce:x}",
                "file": f"{name}.tsr",
            }


def _is_entry(entry: Record) -> bool:
    return (
        entry.keys() == _ENTRY_KEYS
        and all(isinstance(entry[key], str) for key in ("path", "state", "sealed_at", "evidence_id"))
        and is_evidence_id(entry["evidence_id"])
        and all(_is_texts(entry[key]) for key in ("acquisitions", "proofs"))
    )


def _is_log(log: Record) -> bool:
    return (
        log.keys() == _LOG_KEYS
        and all(isinstance(log[key], str) for key in ("origin", "root", "checkpoint"))
        and type(log["size"]) is int
        and _are_flat(log["signatures"], _SIGNATURE_KEYS)
        and _are_flat(log["stamps"], _STAMP_KEYS)
        and isinstance(log["acts"], dict)
        and all(type(count) is int for count in log["acts"].values())
    )


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _are_flat(value: object, keys: set[str]) -> bool:
    """Whether something is a list of objects with those keys and texts, or nothing, behind them."""
    return isinstance(value, list) and all(
        isinstance(one, dict)
        and one.keys() == keys
        and all(isinstance(part, str | None) for part in one.values())
        for one in value
    )


def _malformed(expected: str) -> DossierError:
    return DossierError(
        "the custody record has another form than it was written in", where=CUSTODY_FILE, expected=expected
    )
