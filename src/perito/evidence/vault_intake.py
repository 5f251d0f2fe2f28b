"""The way of confidential files into a store: encrypted as they are read, no plain copy on its disk."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from perito.errors import EvidenceError, SealBroken
from perito.evidence.archive import kind_of
from perito.evidence.custody import entry_of
from perito.evidence.entries import CHUNK_BYTES
from perito.evidence.intake import Arrival, Intake, unwritten, with_media_type
from perito.evidence.objects import Objects
from perito.files import make_durable
from perito.ids import evidence_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from perito.evidence.entries import Limits
    from perito.evidence.index import Index
    from perito.evidence.intake import Source
    from perito.evidence.items import Receipt
    from perito.evidence.ledger import Entering, Ledger
    from perito.evidence.objects import Staging
    from perito.evidence.vault import Encrypted, Vault


class _VaultObjects(Objects):
    """The objects of a store, with the vault as the place where new ones go."""

    def path(self, item_id: str) -> Path:
        """Where the encrypted object lies or would lie."""
        return self.encrypted_path(item_id)

    def open(self, item_id: str, size: int) -> BinaryIO:
        """An object that was sealed plain before."""
        return Objects(self.store_folder).open(item_id, size)


class VaultIntake(Intake):
    """Takes confidential files into one store.

    Args:
        folder: The store's folder.
        index: Its index.
        ledger: Its index and custody log, as one.
        limits: The bounds for archives.
        vault: Its vault.
        by: Who encrypts.
        reason: Why, where it is not simply declared.
    """

    def __init__(
        self,
        folder: Path,
        index: Index,
        ledger: Ledger,
        limits: Limits,
        *,
        vault: Vault,
        by: str | None = None,
        reason: str | None = None,
    ) -> None:
        super().__init__(folder, index, _VaultObjects(folder), ledger, limits)
        self._plain, self._vault = Objects(folder), vault
        self._by, self._reason = by, reason
        self._encrypted: dict[str, Encrypted] = {}

    def lock(self, item_id: str, size: int) -> None:
        """Encrypts an item whose plain bytes are in the store, and deletes those.

        Raises:
            SealBroken: The plain bytes are not those that were sealed.
            CaseError: The vault has not the recipients that it needs.
            EvidenceError: The store cannot be written.
        """
        with self._said_in_words(), self._staging() as staging:
            with staging.new_part() as (copy, part), self._plain.open(item_id, size) as stream:
                found = self._vault.encrypt(stream, copy)
            _expect_same(item_id, found)
            make_durable([part])
            with self._index.exclusive():
                with self._ledger.writing() as entering:
                    _expect_state(entering, item_id, "sealed")
                    self._objects.place({item_id: part})
                    self._enter_encrypted(entering, item_id, found, None)
                self._ledger.finish()

    def rewrap(self, item_id: str, size: int) -> None:
        """Encrypts an encrypted item anew, for those who are recipients now. Its plain bytes stay the same.

        The new file waits beside the present one until the log has its digest: whenever a crash comes, the
        file in place is one that the log has.

        Raises:
            SealBroken: The bytes are not those that were sealed.
            EvidenceError: No identity at hand opens it, or the store cannot be written.
        """
        waiting = self._plain.next_path(item_id)
        with self._said_in_words(), self._staging() as staging:
            with staging.new_part() as (copy, part), self._vault.open(item_id, size) as stream:
                found = self._vault.encrypt(stream, copy)
            _expect_same(item_id, found)
            make_durable([part])
            with self._index.exclusive():
                with self._ledger.writing() as entering:
                    _expect_state(entering, item_id, "encrypted")
                    part.replace(waiting)
                    make_durable([waiting.parent])
                    self._enter_encrypted(entering, item_id, found, None)
                self._ledger.finish()

    @contextmanager
    def _said_in_words(self) -> Iterator[None]:
        try:
            yield
        except OSError as fault:
            raise unwritten(self._folder, fault) from fault

    # --- what differs from a plain intake ---------------------------------------------------------------

    def _stage(self, source: Source, staging: Staging) -> Arrival:
        with source.path.open("rb") as stream:
            with staging.new_part() as (copy, part):
                found = self._vault.encrypt(stream, copy)
            self._encrypted[found.plain.evidence_id] = found
            arrival = Arrival(with_media_type(source.facts, found.plain), found.plain, part)
            arrival = self._listed(arrival, stream)
            _expect_unchanged(source, stream, found)
        return arrival

    def _listed(self, arrival: Arrival, stream: BinaryIO) -> Arrival:
        stream.seek(0)
        kind = kind_of(stream, arrival.facts.path)
        return arrival if kind is None else self._opened_up(arrival, kind, stream)

    def _enter(self, arrival: Arrival, entering: Entering, now_us: int) -> Receipt:
        receipt = super()._enter(arrival, entering, now_us)
        found = self._encrypted.get(receipt.evidence_id)
        if found is not None and receipt.is_new:
            self._enter_encrypted(entering, receipt.evidence_id, found, now_us)
        return receipt

    def _enter_encrypted(self, entering: Entering, item_id: str, found: Encrypted, at_us: int | None) -> None:
        act = entry_of(
            "encrypted", items=[item_id], by=self._by, at_us=at_us, reason=self._reason, **found.facts()
        )
        entering.enter(act)


def _expect_state(entering: Entering, item_id: str, expected: str) -> None:
    """Refuses an item that somebody else purged or encrypted while it was read."""
    state = entering.catalogue.state_of(item_id)
    found = "sealed" if state is None else state[0]
    if found != expected:
        raise EvidenceError(
            "the item is held otherwise since it was read", where=item_id, expected=expected, found=found,
            remedy="nothing was changed; look at it with 'perito log show CASE --item'",
        )  # fmt: skip


def _expect_same(item_id: str, found: Encrypted) -> None:
    if found.plain.evidence_id != item_id:
        raise SealBroken(
            "the bytes are not those that were sealed",
            where=item_id,
            expected=item_id,
            found=found.plain.evidence_id,
            remedy="run 'perito check' and restore the item from a copy",
        )


def _expect_unchanged(source: Source, stream: BinaryIO, found: Encrypted) -> None:
    """The file was read to encrypt it and again to list it: both must have read the same bytes."""
    stream.seek(0)
    digest = hashlib.sha256()
    while chunk := stream.read(CHUNK_BYTES):
        digest.update(chunk)
    again = evidence_id(digest.hexdigest())
    if again != found.plain.evidence_id:
        raise EvidenceError(
            "the file changed while it was sealed",
            where=str(source.path),
            expected=found.plain.evidence_id,
            found=again,
            remedy="nothing was sealed; add it again when nobody writes to it",
        )
