"""Index and custody log of a store in step: the log is written first, and the index follows from it.

A crash may come at any point. Before the log has an act, nothing of it happened, and bytes that were put
in place for it are swept away. Once the log has it, it stays: the next addition makes the index follow.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson
import rfc8785

from perito.errors import EvidenceError, SealBroken
from perito.evidence.archive import Archive, Contents
from perito.evidence.catalogue import Catalogue
from perito.evidence.custody import STATED_ACTS, entry_of
from perito.evidence.entries import Limits
from perito.evidence.items import intake_record
from perito.evidence.objects import NEXT_SUFFIX, file_digest
from perito.files import make_durable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from perito.evidence.custody import Custody
    from perito.evidence.index import Index
    from perito.evidence.items import Facts
    from perito.evidence.objects import Objects

STATE_AFTER = {
    "sealed": "sealed",
    "declared": "hash_only",
    "encrypted": "encrypted",
    "purged": "purged",
    "rejected": "rejected",
}
"""How an item is held after an act of the store."""

RECORDING_ACTS = frozenset({"acquired", "declared"})
"""The acts that carry an intake record."""

_RECORD_MARKS = tuple(f'{{"act":"{act}"'.encode() for act in sorted(STATED_ACTS))


def acquired_entry(item_id: str, record: str, recorded_at_us: int) -> bytes:
    """The log entry of an acquisition: canonical, because its record is."""
    return f'{{"act":"acquired","at_us":{recorded_at_us},"items":["{item_id}"],"record":{record}}}'.encode()


def sealed_entry(item_id: str, size: int, limits: Limits, at_us: int) -> bytes:
    """The log entry that seals bytes: their digest, their number, the limits of reading."""
    return entry_of("sealed", items=[item_id], at_us=at_us, bytes=size, limits=limits.to_json())


def is_stated(data: bytes) -> bool:
    """Whether a log entry is one from which the index follows."""
    return data.startswith(_RECORD_MARKS)


class Entering:
    """Acts of the store on their way into log and index, inside one transaction.

    Args:
        catalogue: The index, open for writing.
        custody: The log.
        objects: The objects, from which the list of an archive can be made again.
    """

    def __init__(self, catalogue: Catalogue, custody: Custody, objects: Objects) -> None:
        self.catalogue = catalogue
        self._custody, self._objects = custody, objects
        self._start = custody.size
        self._entries: list[bytes] = []
        self._is_written = False

    def acquire(
        self,
        facts: Facts,
        *,
        item_id: str,
        size: int,
        recorded_at_us: int,
        archive: dict[str, Any] | None,
        contents: Contents | None,
    ) -> None:
        """One more time that bytes were added."""
        record = intake_record(
            facts, evidence_id=item_id, size=size, recorded_at_us=recorded_at_us, archive=archive
        )
        self._entries.append(acquired_entry(item_id, record, recorded_at_us))
        self._follow_record(record, item_id, contents)

    def seal(self, item_id: str, size: int, limits: Limits, at_us: int) -> None:
        """Bytes that were not held before."""
        self._entries.append(sealed_entry(item_id, size, limits, at_us))

    def enter(self, data: bytes) -> None:
        """Any other act of the store."""
        self._entries.append(data)
        self.follow(data)

    def write(self) -> range:
        """Puts the acts into the log and gives their places; from here on they stay, whatever happens."""
        if not self._entries:
            return range(0)
        places = self._custody.append(self._entries)
        self._entries, self._is_written = [], True
        self.catalogue.set_log_size(places.stop)
        return places

    def is_logged(self) -> bool:
        """Whether the log has the acts, though writing them failed; True where it cannot be read."""
        if self._is_written or not self._entries:
            return self._is_written
        try:
            return self._entries[0] in self._custody.log.entries(self._start)
        except EvidenceError:
            return True

    def catch_up(self) -> None:
        """Makes the index follow what the log has beyond it.

        Raises:
            SealBroken: The log is shorter than the index has seen it. Whoever adds to it would cover that up.
        """
        size, start = self._custody.size, self.catalogue.log_size()
        if size < start:
            raise SealBroken(
                "the log is shorter than the index has seen it",
                where=str(self._custody.path),
                expected=f"at least {start} entries",
                found=f"{size} entries",
                remedy="run 'perito check' and restore the log from a copy; nothing was added",
            )
        if start < size:
            for data in self._custody.log.entries(start):
                self.follow(data)
            self.catalogue.set_log_size(size)

    def follow(self, data: bytes) -> None:
        """What follows for the index from an entry of the log."""
        if not is_stated(data):
            return
        entry = orjson.loads(data)
        for item_id in entry["items"]:
            if entry["act"] in RECORDING_ACTS:
                self._follow_record(rfc8785.dumps(entry["record"]).decode(), item_id, None)
            if STATE_AFTER.get(entry["act"], "sealed") != "sealed":
                self.catalogue.set_state(item_id, STATE_AFTER[entry["act"]], data.decode())

    def _follow_record(self, record: str, item_id: str, contents: Contents | None) -> None:
        facts = orjson.loads(record)
        if self.catalogue.bytes_of(item_id) is None:
            self.catalogue.add_object(item_id, facts["bytes"])
        archive = facts.get("archive")
        if archive is not None and self.catalogue.archive_facts(item_id) != archive:
            self.catalogue.replace_contents(item_id, contents or self._read_again(item_id, facts))
        self.catalogue.add_acquisition(
            record, item_id=item_id, path=facts["path"], recorded_at_us=facts["recorded_at_us"]
        )

    def _read_again(self, item_id: str, facts: Mapping[str, Any]) -> Contents:
        limits = Limits(**facts["archive"]["limits"])
        try:
            with self._opened(item_id, facts["bytes"]) as stream:
                return Archive(stream, facts["archive"]["kind"], facts["bytes"], limits).contents()
        except EvidenceError:  # gone since, or no identity: the check names it, and the rest goes on
            return Contents()

    def _opened(self, item_id: str, size: int) -> BinaryIO:
        if not self._objects.encrypted_path(item_id).exists():
            return self._objects.open(item_id, size)
        from perito.evidence.vault import Vault

        return Vault(self._objects.store_folder).open(item_id, size)


class Ledger:
    """The pair of index and log.

    Args:
        index: The index.
        custody: The custody log.
        objects: The objects.
    """

    def __init__(self, index: Index, custody: Custody, objects: Objects) -> None:
        self._index, self._custody, self._objects = index, custody, objects

    @contextmanager
    def writing(self) -> Iterator[Entering]:
        """Takes acts in: when the block ends, they are durable in the log, and the index follows.

        Call it with the store locked (`Index.exclusive`).

        Raises:
            SealBroken: Index or log is damaged.
            EvidenceError: One of them cannot be written.
        """
        with self._index.transaction() as connection:
            entering = Entering(Catalogue(connection), self._custody, self._objects)
            entering.catch_up()
            yield entering
            entering.write()

    def catch_up(self) -> None:
        """Makes the index follow what a crash left in the log alone. Call it with the store locked."""
        with self.writing():
            pass

    def finish(self) -> None:
        """Deletes the bytes that were purged or are encrypted now, and settles the vault, durably.

        Needs the store locked, and the act recorded.
        """
        purged, encrypted = self._unfinished()
        self._objects.withdraw(purged)
        self._objects.withdraw_plain(encrypted)
        self._settle_vault()

    def is_behind(self) -> bool:
        """Whether the log has an act that the index has not followed, or bytes are left that were purged."""
        return any(map(is_stated, self._custody.log.entries(self._followed()))) or any(
            (*self._unfinished(), self._unsettled())
        )

    def _settle_vault(self) -> None:
        """Puts encrypted files that waited for the log in their places, and takes away what it has not."""
        states = self._states()
        for path, item_id in self._unsettled():
            expected = orjson.loads(states[item_id][1]).get("cipher_digest") if item_id in states else None
            target = self._objects.encrypted_path(item_id)
            if path != target and expected is not None and file_digest(path) == expected:
                path.replace(target)
            else:
                path.unlink()
            make_durable([path.parent])

    def _unsettled(self) -> list[tuple[Path, str]]:
        """Encrypted files that wait for their place, or lie beside plain bytes that the log has as such."""
        states = self._states()
        return [
            (path, item_id)
            for path, item_id in self._objects.in_vault()
            if path.suffix == NEXT_SUFFIX or (item_id not in states and self._objects.path(item_id).exists())
        ]

    def _states(self) -> dict[str, tuple[str, str]]:
        with self._index.unlocked() as connection:
            return Catalogue(connection).states()

    def _followed(self) -> int:
        with self._index.reading() as connection:
            return Catalogue(connection).log_size()

    def _unfinished(self) -> tuple[list[str], list[str]]:
        """The items whose bytes are still there though they were purged, and though they were encrypted."""
        states = self._states()
        place = self._objects.path, self._objects.encrypted_path
        purged = [item_id for item_id, (state, _) in states.items() if state == "purged"]
        encrypted = [item_id for item_id, (state, _) in states.items() if state == "encrypted"]
        return (
            [item_id for item_id in purged if any(path(item_id).exists() for path in place)],
            [item_id for item_id in encrypted if self._objects.path(item_id).exists()],
        )
