"""Purge with leave and proof: what was deleted, why, by whose authority, and that it was there before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from perito import clock
from perito.errors import Missing
from perito.evidence.roles import People

if TYPE_CHECKING:
    from pathlib import Path

    from perito.evidence.items import Item
    from perito.evidence.store import Store

PURGED_FOLDER = "purged"
_SHOWN_DIGITS = 16
_CUSTODIAN = "custodian"


@dataclass(frozen=True)
class PurgeRecord:
    """What a purge leaves behind.

    Args:
        evidence_id: The item.
        path: The path under which it was declared, as it may be shown.
        bytes: How many bytes were deleted.
        reason: Why.
        authority: By whose authority.
        by: Who deleted.
        at_us: When.
        proofs: The files that show that the item was taken in, and that it was purged.
    """

    evidence_id: str
    path: str
    bytes: int
    reason: str
    authority: str
    by: str
    at_us: int
    proofs: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The record for programs; the instant as ISO 8601."""
        values = {name: value for name, value in vars(self).items() if name != "at_us"}
        return {**values, "proofs": list(self.proofs), "purged_at": clock.iso(self.at_us)}


def purge_with_proof(
    store: Store,
    case_folder: Path,
    item: Item,
    *,
    reason: str,
    authority: str,
    role: str | None = None,
    by: str | None = None,
) -> PurgeRecord:
    """Deletes the bytes of an item and writes the proofs of both, that it was there and that it was deleted.

    Args:
        store: The store.
        case_folder: The case; the proofs go to `purged/` in it.
        item: What is deleted.
        reason: Why.
        authority: Who ordered or allowed it.
        role: In which role; where the case names nobody, as custodian.
        by: Who, where the case names nobody.

    Raises:
        CaseError: It is a member of an archive, or something is not said.
        EvidenceError: The person may not purge, or the store cannot be written.
        Missing: The bytes are not held.
    """
    people = People(case_folder)
    acting_as = role or (None if people.is_kept else _CUSTODIAN)
    leave = people.admit(store.custody, item.evidence_id, "purge", role=acting_as, reason=reason, by=by)
    store.purge(item.evidence_id, reason=reason, authority=authority, by=leave.person.id)
    return write_proof(store, case_folder, item.evidence_id)


def write_proof(store: Store, case_folder: Path, item_id: str) -> PurgeRecord:
    """Writes what shows that an item was taken in and purged; can be done again at any time.

    Raises:
        Missing: It was not purged.
        EvidenceError: The log is damaged.
    """
    item, entry = store.item(item_id), store.standing(item_id).entry
    if entry.get("act") != "purged":
        raise Missing("the item was not purged", where=item_id)
    folder = case_folder / PURGED_FOLDER / item_id.removeprefix("sha256:")[:_SHOWN_DIGITS]
    folder.mkdir(parents=True, exist_ok=True)
    proofs = []
    for index, act in store.custody.of_item(item_id):
        if act["act"] in ("acquired", "encrypted", "purged"):
            path = folder / f"{index}-{act['act']}.tlog-proof"
            path.write_bytes(store.custody.proof(index).data)
            proofs.append(path.relative_to(case_folder).as_posix())
    record = PurgeRecord(
        item_id,
        item.shown_path,
        item.bytes,
        entry["reason"],
        entry["authority"],
        entry["by"],
        entry["at_us"],
        tuple(proofs),
    )
    (folder / "purge.json").write_bytes(orjson.dumps(record.to_json(), option=orjson.OPT_INDENT_2) + b"\n")
    return record
