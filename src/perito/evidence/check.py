"""The scrub of a store: everything hashed again, and objects, members and index compared all ways."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from perito.errors import EvidenceError, SealBroken
from perito.evidence.archive import Archive, Contents
from perito.evidence.catalogue import Catalogue, contents_digest
from perito.evidence.entries import Limits
from perito.evidence.items import read_record
from perito.evidence.log_check import log_report
from perito.evidence.names import shown_name
from perito.evidence.objects import fingerprint, leftovers, parts_in, seen_at
from perito.report import Problem, Report

if TYPE_CHECKING:
    from perito.evidence.custody import Custody
    from perito.evidence.index import Index
    from perito.evidence.objects import Fingerprint, Objects, Seen

_Place = tuple[int, str, str, int]


def check_store(
    folder: Path, index: Index, objects: Objects, custody: Custody, verified: set[Seen]
) -> Report:
    """The report on a store.

    Args:
        folder: The store's folder.
        index: Its index.
        objects: Its objects.
        custody: Its custody log.
        verified: Takes the objects that were hashed and are good, so that reading them needs no second pass.

    While it runs nothing can be added. If the index cannot be read, that is one problem, and each object
    is still held against the digest that names it.

    Problem kinds: `index`, `record`, `sequence`, `object_missing`, `object_unindexed`, `digest`, `size`,
    `member`, `contents`, `stranger`, `unreadable`; `object_present` for bytes that are not to be held; and
    those of the custody log (`log_check`).
    """
    scrub = _Scrub(objects, verified)
    try:
        with index.reading() as connection:
            catalogue = Catalogue(connection)
            scrub.index(catalogue)
            scrub.take_over(log_report(custody, catalogue, scrub.name))
    except EvidenceError as fault:
        scrub.problem("index", fault.where, fault.what, found=fault.found)
        scrub.objects_by_name()
        scrub.take_over(log_report(custody, None, scrub.name))
    scrub.counts["temporary files"] = sum(parts_in(folder) for folder in leftovers(folder))
    return Report(tuple(scrub.problems), tuple(scrub.counts.items()))


@dataclass
class _Scrub:
    """The findings of one check as they come in."""

    objects_folder: Objects
    verified: set[Seen]
    problems: list[Problem] = field(default_factory=list)
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("objects", "bytes", "members", "refusals", "acquisitions"), 0)
    )
    paths: dict[str, str] = field(default_factory=dict)
    archives: dict[str, dict[str, Any]] = field(default_factory=dict)
    hashed: set[str] = field(default_factory=set)
    states: dict[str, str] = field(default_factory=dict)

    def take_over(self, report: Report) -> None:
        """Adds the findings of another check."""
        self.problems += report.problems
        self.counts |= dict(report.checked)

    def problem(self, kind: str, where: str, what: str, *, expected: str = "", found: str = "") -> None:
        self.problems.append(Problem(kind, where, what, expected, found))

    def name(self, item_id: str) -> str:
        """The item as a reader knows it: evidence id and declared path."""
        return f"{item_id} ({shown_name(self.paths[item_id])})" if item_id in self.paths else item_id

    # --- the index -----------------------------------------------------------------------------------

    def index(self, catalogue: Catalogue) -> None:
        """The index against itself, the objects and the members of archives."""
        for fault in catalogue.faults():
            self.problem("index", "index.sqlite", "the index is damaged", found=fault)
        self._records(catalogue)
        sizes = catalogue.sizes()
        self.states = {item_id: state for item_id, (state, _) in catalogue.states().items()}
        for state in sorted(set(self.states.values())):
            self.counts[f"items {state}"] = sum(one == state for one in self.states.values())
        for item_id in sorted(sizes.keys() - self.paths.keys()):
            self.problem("record", item_id, "no acquisition of this object is recorded")
        for item_id in sorted(self.paths.keys() - sizes.keys()):
            self.problem("index", self.name(item_id), "the index does not list the object of an acquisition")
        for archive_id in sorted(catalogue.archives() - sizes.keys()):
            self.problem(
                "contents", archive_id, "members are listed of an object that the index does not list"
            )
        self._objects(catalogue, sizes)

    def _records(self, catalogue: Catalogue) -> None:
        expected = 1
        for sequence, item_id, path, at_us, record, digest in catalogue.acquisition_rows():
            self.counts["acquisitions"] += 1
            if sequence != expected:
                self.problem(
                    "sequence",
                    f"index.sqlite: acquisition {sequence} of {item_id}",
                    "the sequence of acquisitions has a gap",
                    expected=str(expected),
                    found=str(sequence),
                )
            expected = sequence + 1
            self.paths.setdefault(item_id, path)
            try:
                facts = read_record(record, digest, (item_id, path, at_us), sequence)
            except SealBroken as fault:
                self.problem("record", fault.where, fault.what, expected=fault.expected, found=fault.found)
                continue
            if "archive" in facts:
                self.archives[item_id] = facts["archive"]

    # --- the objects ---------------------------------------------------------------------------------

    def objects_by_name(self) -> None:
        """Holds the objects that were not reached before the index failed against their own names."""
        for path, item_id in self.objects_folder.walk():
            if path not in self.hashed:
                self._object(path, item_id, None)

    def _objects(self, catalogue: Catalogue, sizes: dict[str, int]) -> None:
        archives = catalogue.archives() | self.archives.keys()
        found = set()
        for path, item_id in self.objects_folder.walk():
            is_whole = self._object(path, item_id, sizes)
            if is_whole and item_id in archives:
                self._archive(item_id, path, catalogue)
            found.add(item_id)
        for item_id in sorted(sizes.keys() - found - self.states.keys()):
            self.problem("object_missing", self.name(item_id), "the sealed object is gone")

    def _object(self, path: str, item_id: str | None, sizes: dict[str, int] | None) -> bool:
        """Whether the object is the one that its name and the index say."""
        self.hashed.add(path)
        if item_id is None:
            self.problem("stranger", path, "this is no object of the store")
            return False
        self.counts["objects"] += 1
        if item_id in self.states:
            what = f"the bytes are here, though the item is '{self.states[item_id]}'"
            self.problem("object_present", self.name(item_id), what)
        try:
            mark, seen = _hashed(item_id, path)
        except OSError as fault:
            self.problem(
                "unreadable", self.name(item_id), "the object cannot be read", found=str(fault.strerror)
            )
            return False
        self.counts["bytes"] += mark.size
        size = mark.size if sizes is None else sizes.get(item_id)
        if size == mark.size and mark.evidence_id == item_id:
            self.verified.add(seen)
            return True
        self._broken_object(item_id, size, mark)
        return False

    def _broken_object(self, item_id: str, size: int | None, mark: Fingerprint) -> None:
        name = self.name(item_id)
        if size is None:
            what = "the object is not in the index: an addition that was never acknowledged, or a stranger"
            self.problem("object_unindexed", name, what)
        elif size != mark.size:
            what = "the object has another size"
            self.problem("size", name, what, expected=str(size), found=str(mark.size))
        if mark.evidence_id != item_id:
            what = "the bytes are not those that were sealed"
            self.problem("digest", name, what, expected=item_id, found=mark.evidence_id)

    # --- the archives --------------------------------------------------------------------------------

    def _archive(self, item_id: str, path: str, catalogue: Catalogue) -> None:
        listed = catalogue.contents_of(item_id)
        self.counts["members"] += len(listed.members)
        self.counts["refusals"] += len(listed.refusals)
        facts = self.archives.get(item_id)
        if facts is None:
            self.problem("contents", self.name(item_id), "members are listed of an item that is no archive")
            return
        if contents_digest(listed) != facts["contents_digest"]:
            self.problem(
                "contents",
                self.name(item_id),
                "the list of members is not the one that was written",
                expected=facts["contents_digest"],
                found=contents_digest(listed),
            )
        with Path(path).open("rb") as stream:
            self._members(item_id, listed, _read_again(stream, facts, os.fstat(stream.fileno()).st_size))

    def _members(self, archive_id: str, listed: Contents, found: Contents) -> None:
        before, now = _places(listed), _places(found)
        for position in sorted(before.keys() | now.keys()):
            if before.get(position) != now.get(position):
                self.problem(
                    "member",
                    f"{self.name(archive_id)}: entry {position}",
                    "the member is not the one that is listed",
                    expected=_shown(before.get(position)),
                    found=_shown(now.get(position)),
                )


def _hashed(item_id: str, path: str) -> tuple[Fingerprint, Seen]:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return fingerprint(handle), seen_at(item_id, handle)
    finally:
        os.close(handle)


def _read_again(stream: BinaryIO, facts: dict[str, Any], size: int) -> Contents:
    return Archive(stream, facts["kind"], size, Limits(**facts["limits"])).contents()


def _places(listed: Contents) -> dict[int, _Place]:
    """Entries by position, refusals without the reason: another version may word it differently."""
    members = {m.position: (m.position, m.name, m.evidence_id, m.bytes) for m in listed.members}
    return members | {r.position: (r.position, r.name, "refused", 0) for r in listed.refusals}


def _shown(place: _Place | None) -> str:
    return "no entry" if place is None else f"'{shown_name(place[1])}' {place[2]}"
