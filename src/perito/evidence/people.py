"""Acts of people on a case's evidence: each with leave by their role, and each logged with who and why."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from perito.errors import CaseError, nearest
from perito.evidence.roles import Admission, People
from perito.evidence.vault import Recipient, Vault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from perito.evidence.items import Item
    from perito.evidence.store import Store

Said = tuple[str | None, str, str | None]
"""What a person says of an act: role, reason, and who they are."""

_CONFIDENTIAL = "encrypted"


def is_confidential(item: Item) -> bool:
    """Whether opening an item needs a role and a reason: it lies in the vault."""
    return item.state == _CONFIDENTIAL


def opening(store: Store, case_folder: Path, item: Item, said: Said, locator: str | None = None) -> bool:
    """Gives leave to open an item, and logs the opening before the bytes are handed out.

    A copy on a medium that cannot be written has no log to go on with: what is not confidential is opened
    there all the same, and the answer says that it is not logged.

    Args:
        store: The store.
        case_folder: The case.
        item: What is opened.
        said: Role, reason and who; role and reason are needed for confidential material.
        locator: The part of the item, if only one is opened.

    Returns:
        Whether the opening is logged.

    Raises:
        CaseError: Role or reason is missing for confidential material.
        EvidenceError: The person may not open it, or the log cannot be written.
    """
    role, reason, by = said
    people = People(case_folder)
    if is_confidential(item):
        leave = people.admit(store.custody, item.evidence_id, "open", role=role, reason=reason, by=by)
        _log_opening(store, item, leave.person.id, locator, **leave.facts())
        return True
    person = people.let(store.custody, "open", by)
    if not os.access(store.path, os.W_OK):
        return False
    _log_opening(store, item, person.id, locator, role=role, reason=reason or None)
    return True


def revealing(store: Store, case_folder: Path, item: Item, said: Said) -> Admission:
    """Gives leave to see sensitive media without blurring, and logs that it was seen.

    Raises:
        CaseError: Role or reason is missing.
        EvidenceError: The person may not, or the log cannot be written.
    """
    role, reason, by = said
    leave = People(case_folder).admit(
        store.custody, item.evidence_id, "reveal", role=role, reason=reason, by=by
    )
    store.custody.record("revealed", items=[item.evidence_id], by=leave.person.id, **leave.facts())
    return leave


def change_recipients(
    store: Store,
    case_folder: Path,
    *,
    added: Sequence[Recipient],
    removed: Sequence[str],
    said: Said,
) -> tuple[Recipient, ...]:
    """Changes for whom the vault is encrypted from now on, and logs it; gives the recipients.

    Raises:
        CaseError: A name is not among the recipients, or too few would be left.
        EvidenceError: The person may not, or the log cannot be written.
    """
    role, reason, by = said
    vault, people = Vault(store.path), People(case_folder)
    if people.is_kept:
        person = people.admit(store.custody, store.path.name, "keys", role=role, reason=reason, by=by).person
    else:
        person = people.acting(by)
    before = vault.recipients()
    for name in removed:
        if name not in {one.name for one in before}:
            raise CaseError(
                f"'{name}' is no recipient of the vault", remedy=nearest(name, [one.name for one in before])
            )
    vault.set_recipients([*(one for one in before if one.name not in removed), *added])
    for act, changed in (("granted", added), ("revoked", [one for one in before if one.name in removed])):
        for one in changed:
            store.custody.record(act, by=person.id, to=one.name, key=one.key, reason=reason or None)
    return vault.recipients()


def rewrapping(store: Store, case_folder: Path, items: Sequence[Item], said: Said) -> list[Item]:
    """Encrypts items anew for the present recipients, with leave; gives those for which that was due.

    Raises:
        CaseError: One is not encrypted, or role or reason is missing.
        EvidenceError: The person may not, or no identity at hand opens one.
    """
    from perito.evidence.vault_store import rewrap

    role, reason, by = said
    people = People(case_folder)
    if people.is_kept:
        person = people.admit(store.custody, store.path.name, "keys", role=role, reason=reason, by=by).person
    else:
        person = people.acting(by)
    ids = [item.evidence_id for item in items]
    return rewrap(store, ids, by=person.id, reason=reason or "for the present recipients")


def _log_opening(store: Store, item: Item, by: str, locator: str | None, **facts: Any) -> None:  # noqa: ANN401  (JSON)
    store.custody.record("opened", items=[item.evidence_id], by=by, locator=locator, **facts)
