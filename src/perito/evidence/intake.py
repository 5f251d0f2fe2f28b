"""The way into the store: copy and hash in one pass, make durable, put in place, record, acknowledge."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from perito import clock
from perito.errors import CaseError, EvidenceError, Missing
from perito.evidence.archive import Archive, Contents, kind_of
from perito.evidence.catalogue import Catalogue, archive_facts
from perito.evidence.items import Facts, Receipt
from perito.evidence.media_type import ARCHIVES, media_type_of
from perito.evidence.names import shown_name
from perito.evidence.objects import (
    Fingerprint,
    Objects,
    Staging,
    fingerprint,
    leftovers,
    remove_leftovers,
)
from perito.evidence.states import words_of_state
from perito.files import make_durable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from perito.evidence.entries import Limits
    from perito.evidence.index import Index
    from perito.evidence.ledger import Entering, Ledger


@dataclass(frozen=True)
class Source:
    """A file that is to be sealed, looked at and not yet read.

    Args:
        path: Where it lies now.
        bytes: Its size when it was looked at.
        facts: What is stated about it.
    """

    path: Path
    bytes: int
    facts: Facts

    @classmethod
    def of(cls, path: str | os.PathLike[str], origin: Mapping[str, Any]) -> Source:
        """The source at a path.

        Raises:
            Missing: There is no file.
            CaseError: It is a directory or another thing that is no file, or a fact is wrong.
            EvidenceError: It cannot be opened.
        """
        where = Path(path)
        facts = Facts.stated(where.name, dict(origin))
        try:
            status = where.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise Missing("there is no such file", where=str(where), remedy="check the path") from None
        if stat.S_ISDIR(status.st_mode):
            raise CaseError("a directory cannot be sealed", where=str(where), remedy="pass the files in it")
        if not stat.S_ISREG(status.st_mode):
            raise CaseError(
                "this is no regular file", where=str(where), remedy="save its content to a file first"
            )
        source = cls(where, status.st_size, facts)
        with source.opened():
            return source

    @contextmanager
    def opened(self) -> Iterator[int]:
        """A descriptor to read the file from. A fault in reading names the file."""
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                yield handle
            finally:
                os.close(handle)
        except OSError as fault:
            raise EvidenceError(
                "the file cannot be read",
                where=str(self.path),
                found=str(fault.strerror or fault),
                remedy="check its permissions and the medium",
            ) from fault


@dataclass(frozen=True)
class Arrival:
    """A source that was read: its fingerprint, the staged copy if the bytes are new, the archive's lists."""

    facts: Facts
    mark: Fingerprint
    part: Path | None = None
    archive: dict[str, Any] | None = None
    contents: Contents | None = None


class Intake:
    """Takes files into one store.

    Args:
        folder: The store's folder.
        index: Its index.
        objects: Its objects.
        ledger: Its index and custody log, as one.
        limits: The bounds for archives.
    """

    def __init__(self, folder: Path, index: Index, objects: Objects, ledger: Ledger, limits: Limits) -> None:
        self._folder, self._index, self._objects = folder, index, objects
        self._ledger, self._limits = ledger, limits

    def seal(self, sources: Sequence[Source]) -> tuple[Receipt, ...]:
        """Seals all sources or none of them.

        Raises:
            EvidenceError: A source cannot be read, or the store not written.
            SealBroken: The index is damaged, or an object that should be there is not.
        """
        try:
            return self._seal(sources)
        except OSError as fault:
            raise unwritten(self._folder, fault) from fault

    def _seal(self, sources: Sequence[Source]) -> tuple[Receipt, ...]:
        removed = self._clear_leftovers()
        seen = self._look(sources)
        known = [arrival for arrival in seen if arrival is not None]
        if len(known) == len(seen):
            receipts = self._unchanged(known) or self._record(known)
        else:
            receipts = self._brought_in(sources, seen)
        return tuple(replace(receipt, temp_files_removed=removed) for receipt in receipts)

    def _brought_in(self, sources: Sequence[Source], seen: Sequence[Arrival | None]) -> list[Receipt]:
        with self._staging() as staging:
            arrivals = [
                arrival or self._stage(source, staging) for source, arrival in zip(sources, seen, strict=True)
            ]
            parts = {
                arrival.mark.evidence_id: arrival.part for arrival in arrivals if arrival.part is not None
            }
            make_durable([*parts.values(), staging.intend(parts)])
            return self._record(arrivals)

    def _clear_leftovers(self) -> int:
        """What a crash left: temporary files, objects without an act, acts unknown to the index."""
        if self._index.has_log:
            self._index.fold()
        if self._ledger.is_behind():
            with self._index.exclusive():
                self._ledger.catch_up()
                self._ledger.finish()
        if not leftovers(self._folder):
            return 0
        with self._index.exclusive():
            held: set[str] = set()
            if self._objects.folder.exists():
                with self._ledger.writing() as entering:
                    held = set(entering.catalogue.sizes())
            return remove_leftovers(self._folder, held.__contains__)

    # --- look: what is sealed already is only read -----------------------------------------------------

    def _look(self, sources: Sequence[Source]) -> list[Arrival | None]:
        """The arrival of each source whose bytes are sealed already; None for those to be copied."""
        with self._index.reading() as connection:
            catalogue = Catalogue(connection)
            maybe_known = [catalogue.has_size(source.bytes) for source in sources]
        seen = [
            self._read_only(source) if is_candidate else None
            for source, is_candidate in zip(sources, maybe_known, strict=True)
        ]
        with self._index.reading() as connection:
            catalogue = Catalogue(connection)
            return [one and self._known(one, catalogue) for one in seen]

    def _read_only(self, source: Source) -> Arrival:
        with source.opened() as handle:
            mark = fingerprint(handle)
        return Arrival(with_media_type(source.facts, mark), mark)

    def _known(self, arrival: Arrival, catalogue: Catalogue) -> Arrival | None:
        size = catalogue.bytes_of(arrival.mark.evidence_id)
        if size is None:
            return None
        expect_to_hold(arrival.mark.evidence_id, catalogue)
        if catalogue.state_of(arrival.mark.evidence_id) is not None:  # encrypted: listed when it came in
            return replace(arrival, archive=catalogue.archive_facts(arrival.mark.evidence_id))
        with self._objects.open(arrival.mark.evidence_id, size) as stream:
            facts = catalogue.archive_facts(arrival.mark.evidence_id)
            if facts is None or facts["limits"] == self._limits.to_json():
                return replace(arrival, archive=facts)
            return self._opened_up(arrival, facts["kind"], stream)

    def _unchanged(self, arrivals: Sequence[Arrival]) -> list[Receipt] | None:
        """The receipts, if not one of the arrivals would change anything."""
        with self._index.reading() as connection:
            catalogue = Catalogue(connection)
            if not all(_is_recorded(arrival, catalogue) for arrival in arrivals):
                return None
            return [_receipt(one, catalogue, is_new=False, is_recorded=False) for one in arrivals]

    # --- stage: new bytes are copied and hashed in one pass ---------------------------------------------

    def _stage(self, source: Source, staging: Staging) -> Arrival:
        with staging.new_part() as (copy, part), source.opened() as handle:
            mark = fingerprint(handle, copy_to=copy)
        arrival = Arrival(with_media_type(source.facts, mark), mark, part)
        with part.open("rb") as stream:
            kind = kind_of(stream, arrival.facts.path)
            return arrival if kind is None else self._opened_up(arrival, kind, stream)

    def _opened_up(self, arrival: Arrival, kind: str, stream: BinaryIO) -> Arrival:
        found = Archive(stream, kind, arrival.mark.size, self._limits).contents()
        return replace(arrival, archive=archive_facts(kind, self._limits, found), contents=found)

    @contextmanager
    def _staging(self) -> Iterator[Staging]:
        """The staging folder; the store is made if there is none."""
        self._make_folder()
        with self._index.exclusive():
            self._make_store()
            staging = Staging(self._folder)
        try:
            yield staging
        finally:
            with self._index.exclusive():
                staging.close()

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(exist_ok=True)
        except FileNotFoundError:
            raise Missing("the folder of the case is not there", where=str(self._folder.parent)) from None

    def _make_store(self) -> None:
        """Makes what is not there yet, the objects last: they prove an index. Needs the store locked."""
        if not self._objects.folder.exists():
            self._index.create()
            make_durable([self._folder, self._folder.absolute().parent])
            self._objects.create()

    @contextmanager
    def opened(self) -> Iterator[Entering]:
        """The store for acts that bring no bytes; it is made if there is none.

        Raises:
            EvidenceError: It cannot be written.
        """
        try:
            self._make_folder()
            with self._index.exclusive():
                self._make_store()
                with self._ledger.writing() as entering:
                    yield entering
                self._ledger.finish()
        except OSError as fault:
            raise unwritten(self._folder, fault) from fault

    # --- record: in place first, then in the log, then in the index -------------------------------------

    def _record(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
        placed: dict[str, Path] = {}
        with self._index.exclusive(), self._ledger.writing() as entering:
            try:
                placed.update(_to_place(arrivals, entering.catalogue))
                self._objects.place(placed)
                now_us = clock.now_us()
                receipts = [self._enter(arrival, entering, now_us) for arrival in arrivals]
                entering.write()
            except BaseException:
                if not entering.is_logged():
                    self._objects.withdraw(placed)
                raise
        return receipts

    def _enter(self, arrival: Arrival, entering: Entering, now_us: int) -> Receipt:
        catalogue, item_id, size = entering.catalogue, arrival.mark.evidence_id, arrival.mark.size
        is_new = catalogue.bytes_of(item_id) is None
        is_recorded = is_new or not _is_recorded(arrival, catalogue)
        if is_recorded:
            entering.acquire(
                arrival.facts,
                item_id=item_id,
                size=size,
                recorded_at_us=now_us,
                archive=arrival.archive,
                contents=arrival.contents,
            )
        if is_new:
            entering.seal(item_id, size, self._limits, now_us)
        return _receipt(arrival, catalogue, is_new=is_new, is_recorded=is_recorded)


def unwritten(folder: Path, fault: OSError) -> EvidenceError:
    """The error of a store that cannot be written."""
    return EvidenceError(
        "the store cannot be written",
        where=str(folder),
        found=str(fault.strerror or fault),
        remedy="nothing was acknowledged; free space or mend the permissions, and add the files again",
    )


def expect_to_hold(item_id: str, catalogue: Catalogue) -> None:
    """Refuses bytes that were purged, or are only to be known by their digest.

    Raises:
        EvidenceError: They are not to be held.
    """
    state = catalogue.state_of(item_id)
    if state is not None and state[0] in {"purged", "hash_only"}:
        raise EvidenceError(
            "the bytes of this item are not to be held",
            where=item_id,
            found=words_of_state(*state),
            remedy="leave the file out; what is known of it stays in the store",
        )


def _to_place(arrivals: Sequence[Arrival], catalogue: Catalogue) -> dict[str, Path]:
    return {
        arrival.mark.evidence_id: arrival.part
        for arrival in arrivals
        if arrival.part is not None and catalogue.bytes_of(arrival.mark.evidence_id) is None
    }


def with_media_type(facts: Facts, mark: Fingerprint) -> Facts:
    """The facts with the media type that was stated, or else that of the first bytes and the name."""
    return replace(facts, media_type=facts.media_type or media_type_of(facts.path, mark.head))


def _is_recorded(arrival: Arrival, catalogue: Catalogue) -> bool:
    """Whether the last thing sealed under that path is these bytes, with these facts."""
    last = catalogue.last_at(arrival.facts.path)
    if last is None:
        return False
    item_id, acquisition = last
    return (
        item_id == arrival.mark.evidence_id
        and acquisition.to_json() == arrival.facts.to_json()
        and acquisition.archive == arrival.archive
    )


def _receipt(arrival: Arrival, catalogue: Catalogue, *, is_new: bool, is_recorded: bool) -> Receipt:
    item_id = arrival.mark.evidence_id
    held = Contents() if arrival.archive is None else catalogue.contents_of(item_id)
    return Receipt(
        evidence_id=item_id,
        path=shown_name(arrival.facts.path),
        bytes=arrival.mark.size,
        media_type=arrival.facts.media_type or "",
        sealed_at_us=catalogue.acquisitions_of(item_id)[0].recorded_at_us,
        is_new=is_new,
        is_recorded=is_recorded,
        members=len(held.members),
        nested_archives=sum(member.media_type in ARCHIVES for member in held.members),
        refused_members=tuple((shown_name(refusal.name), refusal.reason) for refusal in held.refusals),
    )
