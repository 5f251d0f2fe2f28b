"""The vault as part of a store: confidential items sealed, locked, read and checked."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

from perito.errors import CaseError, EvidenceError, SealBroken
from perito.evidence.catalogue import Catalogue, contents_digest
from perito.evidence.index import Index
from perito.evidence.intake import Source
from perito.evidence.ledger import Ledger
from perito.evidence.objects import NEXT_SUFFIX, Objects, file_digest
from perito.evidence.vault import PLAIN_BYTES_LIMIT, Vault
from perito.evidence.vault_intake import VaultIntake
from perito.ids import evidence_id
from perito.report import Problem, Report

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from perito.evidence.items import Item, Receipt
    from perito.evidence.states import Standing
    from perito.evidence.store import Store

ENCRYPTED = "encrypted"


def attach_vault(store: Store) -> None:
    """Lets a store open what is encrypted, where an identity is at hand, and check it with the rest."""
    store.openers[ENCRYPTED] = Vault(store.path).open
    store.checks.append(partial(check_vault, store))


def seal_confidential(
    store: Store,
    sources: Iterable[tuple[str | os.PathLike[str], Mapping[str, str | int | None]]],
    *,
    by: str | None = None,
) -> tuple[Receipt, ...]:
    """Seals files, all or none, encrypted as they are read: no plain copy touches the store's disk.

    Bytes that were sealed plain before are encrypted now, and their plain form is deleted.

    Args:
        store: The store.
        sources: Pairs of a path and the facts of its acquisition, as for `Store.add_many`.
        by: Who seals.

    Raises:
        CaseError: The vault has not the recipients that it needs.
        EvidenceError: As for `Store.add_many`.
    """
    looked_at = [Source.of(path, origin) for path, origin in sources]
    vault = Vault(store.path)
    vault.expect_recipients()
    receipts = _intake(store, by=by, reason=None).seal(looked_at)
    for receipt in receipts:
        if store.standing(receipt.evidence_id).state == "sealed":
            lock(store, receipt.evidence_id, by=by, reason="declared confidential")
    return receipts


def lock(store: Store, item_id: str, *, by: str | None, reason: str | None) -> Item:
    """Encrypts an item that lies plain in the store, and deletes the plain bytes.

    On many media deleted bytes can be brought back until they are written over: what must never have lain
    there plain is sealed confidential from the start.

    Args:
        store: The store.
        item_id: Its evidence id.
        by: Who encrypts.
        reason: Why.

    Raises:
        Missing: There is no such item, or its bytes are not held.
        CaseError: It is a member of an archive, or encrypted already.
        SealBroken: Its bytes are not those that were sealed.
    """
    item, state = store.item(item_id), store.standing(item_id).state
    if item.parent_id is not None:
        raise CaseError(
            "a member of an archive cannot be encrypted alone", where=item_id,
            remedy=f"encrypt the archive {item.parent_id}",
        )  # fmt: skip
    if state != "sealed":
        raise CaseError(f"the item is not plainly sealed, but {state}", where=item_id)
    _intake(store, by=by, reason=reason).lock(item_id, item.bytes)
    return store.item(item_id)


def rewrap(store: Store, item_ids: Iterable[str], *, by: str | None, reason: str | None) -> list[Item]:
    """Encrypts items anew for those who are recipients now; their ids and plain bytes stay the same.

    What is for exactly these recipients already is left as it is. Who was a recipient before and has a copy
    of the former file can read that one as before.

    Args:
        store: The store.
        item_ids: Their evidence ids.
        by: Who encrypts.
        reason: Why.

    Returns:
        The items that were encrypted anew.

    Raises:
        Missing: There is no such item.
        CaseError: One is not encrypted; nothing was done.
        EvidenceError: No identity at hand opens one; those before it are done.
    """
    present = {one.key for one in Vault(store.path).expect_recipients()}
    chosen = [(store.item(item_id), store.standing(item_id)) for item_id in item_ids]
    for item, standing in chosen:
        if standing.state != ENCRYPTED or item.parent_id is not None:
            raise CaseError("the item is no encrypted file", where=item.evidence_id, found=standing.state)
    due = [item for item, standing in chosen if set(standing.entry.get("recipients", ())) != present]
    for item in due:
        _intake(store, by=by, reason=reason).rewrap(item.evidence_id, item.bytes)
    return due


def _intake(store: Store, *, by: str | None, reason: str | None) -> VaultIntake:
    index = Index(store.path)
    ledger = Ledger(index, store.custody, Objects(store.path))
    vault = Vault(store.path)
    return VaultIntake(store.path, index, ledger, store.limits, vault=vault, by=by, reason=reason)


# --- checking ----------------------------------------------------------------------------------------


def check_vault(store: Store) -> Report:
    """Every encrypted file against the log; with an identity at hand, the plain bytes as well.

    Problem kinds: `contents`, `vault_missing`, `vault_digest`, `vault_plain`, `stranger`, and `interrupted`
    for a change of the vault that the next addition completes.
    """
    vault = Vault(store.path)
    try:
        standings = {name: one for name, one in store.standings().items() if one.state == ENCRYPTED}
        items = {name: store.item(name) for name in standings}
        problems = list(_list_problems(store, items.values()))
    except EvidenceError:
        return Report((), ())  # the check of the index says so
    problems += _strangers(vault, standings)
    opened = 0
    for item_id, standing in standings.items():
        found = list(_file_problems(vault.path(item_id), item_id, standing))
        if not found and vault.can_open():
            found, is_opened = _plain_problems(vault, item_id, items[item_id].bytes)
            opened += is_opened
        problems += found
    counts = (("encrypted files", len(standings)), ("encrypted files opened", opened)) if standings else ()
    return Report(tuple(problems), counts)


def _list_problems(store: Store, items: Iterable[Item]) -> Iterator[Problem]:
    """The lists of encrypted archives against the records: they can be compared without the bytes."""
    with Index(store.path).reading() as connection:
        catalogue = Catalogue(connection)
        for item in items:
            facts = item.acquisition.archive
            found = contents_digest(catalogue.contents_of(item.evidence_id))
            if facts is not None and facts["contents_digest"] != found:
                what = "the list of members is not the one that was written"
                yield Problem("contents", item.evidence_id, what, facts["contents_digest"], found)


def _strangers(vault: Vault, standings: Mapping[str, Standing]) -> Iterator[Problem]:
    known = {vault.path(item_id) for item_id in standings} | {vault.recipients_file}
    waiting = dict(Objects(vault.folder.parent).in_vault())
    for path in sorted(vault.folder.rglob("*")) if vault.folder.is_dir() else ():
        if path not in known and not (path.is_dir() and not path.is_symlink()):
            place = path.relative_to(vault.folder.parent).as_posix()
            if _is_unsettled(path, waiting.get(path), vault):
                what = "a change of the vault was interrupted; the next addition completes it"
                yield Problem("interrupted", f"{waiting[path]}: {place}", what)
                continue
            yield Problem("stranger", place, "the vault holds a file of which the log says nothing")


def _is_unsettled(path: Path, item_id: str | None, vault: Vault) -> bool:
    """Whether a crash left the file: the next addition puts it in its place, or takes it away."""
    if item_id is None:
        return False
    return path.suffix == NEXT_SUFFIX or Objects(vault.folder.parent).path(item_id).exists()


def _file_problems(path: Path, item_id: str, standing: Standing) -> Iterator[Problem]:
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as fault:
        what = "the encrypted file cannot be read"
        yield Problem("vault_missing", item_id, what, str(path), str(fault.strerror))
        return
    expected = standing.entry.get("cipher_digest", "")
    if evidence_id(digest) != expected and not _is_waiting(path, expected):
        what = "the encrypted file is not the one that was written"
        yield Problem("vault_digest", item_id, what, expected, evidence_id(digest))


def _is_waiting(path: Path, expected: str) -> bool:
    """Whether the file that the log has is there, and only waits for its place."""
    waiting = path.with_name(f"{path.name}{NEXT_SUFFIX}")
    return waiting.is_file() and file_digest(waiting) == expected


def _plain_problems(vault: Vault, item_id: str, size: int) -> tuple[list[Problem], bool]:
    """What the plain bytes say, and whether they could be read at all."""
    if size > PLAIN_BYTES_LIMIT:
        return [], False
    try:
        vault.open(item_id, size).close()
    except SealBroken as fault:
        return [Problem("vault_plain", item_id, fault.what, fault.expected, fault.found)], True
    except EvidenceError:
        return [], False  # no identity here is for it
    return [], True
