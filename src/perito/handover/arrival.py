"""What those who take a case in say and know, and what they are told: shared by whole and redacted copies."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from perito.errors import CaseError, EvidenceError, Malformed, SealBroken
from perito.evidence.log import Checkpoint, verify_consistency
from perito.handover import cover as places
from perito.handover.bag_names import PAYLOAD
from perito.handover.bag_reading import Bag
from perito.handover.cover import Cover
from perito.ids import evidence_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from perito.case import Case
    from perito.evidence.keys import SigningKey, VerifierKey
    from perito.evidence.log import Note
    from perito.handover.keychain import KeyChain, LogTree
    from perito.report import Problem, Report

_COVER_BYTES_MAX = 1 << 28
_VOUCHING = "sha256"  # the algorithm in which objects are named


@dataclass(frozen=True)
class Reception:
    """Who takes a case in, and what is known of it from elsewhere than the bag.

    Args:
        by: The next custodian.
        trusted: Keys that are known from elsewhere; one of them, or a successor, has to have signed.
        known: An earlier checkpoint of the log, which it has to continue.
        signer: The custodian's own key, which signs for the log from now on.
        at_us: When; by default now.

    Raises:
        CaseError: Nobody is named.
    """

    by: str
    trusted: tuple[VerifierKey, ...] = ()
    known: Note | None = None
    signer: SigningKey | None = None
    at_us: int | None = None

    def __post_init__(self) -> None:
        if not self.by.strip():
            raise CaseError("nobody is named who receives the case", remedy="name the person or body")

    def unchecked(self, *, is_signed: bool) -> list[str]:
        """What cannot be checked of a log with what is known, one sentence each."""
        found = []
        if not is_signed:
            found.append("the log was never signed: nobody vouches for it but the one who brought the bag")
        elif not self.trusted:
            found.append("no key was given: the signatures hold against the keys that the bag itself names")
        if self.known is None:
            found.append(
                "no earlier checkpoint was given: an older state of the case could not be told from this"
            )
        return found


@dataclass(frozen=True)
class Imported:
    """The receipt of an import.

    Args:
        case: The folder of the case.
        cover: What the bag said of itself; it was checked.
        log_size: Entries of the log in the case now.
        root: Their root, in hexadecimal.
        is_signed: Whether a signed checkpoint covers them all.
        unchecked: What could not be checked, one sentence each.
        warnings: What RFC 8493 advises against in the bag.
        checked: `(what, how many)` pairs.
    """

    case: str
    cover: Cover
    log_size: int
    root: str
    is_signed: bool
    unchecked: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()
    checked: tuple[tuple[str, int], ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """The receipt for programs."""
        return {
            "case": self.case,
            "kind": self.cover.kind,
            "case_id": self.cover.case_id,
            "sender": self.cover.sender,
            "items": self.cover.items,
            "withheld": [one.to_json() for one in self.cover.withheld],
            "log_size": self.log_size,
            "root": self.root,
            "is_signed": self.is_signed,
            "checked": dict(self.checked),
            "unchecked": list(self.unchecked),
            "warnings": [one.to_json() for one in self.warnings],
        }


class Delivery:
    """A bag that was opened: its structure is in order, and all that it holds has a place in a handover.

    Args:
        folder: The folder of the bag.

    Raises:
        Missing: There is no such bag.
        SealBroken: RFC 8493 forbids something in it.
        Malformed: It is a bag, but none of a case.
    """

    def __init__(self, folder: Path) -> None:
        self.bag = Bag(folder)
        refuse_if(self.bag.findings.problems)
        size = self.bag.payload.get(PAYLOAD + places.COVER, _COVER_BYTES_MAX + 1)
        if size > _COVER_BYTES_MAX:
            raise Malformed("the bag holds no case", where=str(folder), expected=f"{PAYLOAD}{places.COVER}")
        self.cover = Cover.parse((folder / PAYLOAD / places.COVER).read_bytes())
        self._expect_places()
        self._expect_named_objects()

    @property
    def digest(self) -> str:
        """The digest of the tag manifest, which stands for the whole bag."""
        return self.bag.digest_of("tagmanifest-sha256.txt")

    def unpack(self, target: Path, progress: Callable[[list[str]], Iterable[str]]) -> Report:
        """Copies the payload, every byte checked on its way.

        Raises:
            SealBroken: A file has not the bytes that the manifests say.
            EvidenceError: There is no room for it.
        """
        needed, free = sum(self.bag.payload.values()), shutil.disk_usage(target).free
        if needed > free:
            raise EvidenceError(
                "there is no room for the payload",
                where=str(target),
                expected=f"{needed} bytes",
                found=f"{free} bytes",
            )
        judged = self.bag.copy(target, progress)
        refuse_if(judged.report.problems)
        if Cover.parse((target / places.COVER).read_bytes()) != self.cover:
            raise SealBroken("the bag changed while it was read", where=places.COVER)
        return judged.report

    def _expect_places(self) -> None:
        for path, size in self.bag.payload.items():
            place = path.removeprefix(PAYLOAD)
            limit = places.bytes_max(place)
            if limit is not None and size > limit:
                raise SealBroken(
                    "the file is larger than it can be",
                    where=path,
                    expected=f"{limit} bytes",
                    found=str(size),
                )
            if not places.is_place(place, self.cover.kind):
                raise SealBroken(
                    "the bag holds a file for which a handover has no place",
                    where=path,
                    remedy="ask the sender what it is; nothing was taken in",
                )

    def _expect_named_objects(self) -> None:
        """Refuses objects whose names are not their digests; the bytes are held to the manifest later."""
        listed = {one.is_for_tags: one.digests for one in self.bag.manifests if one.algorithm == _VOUCHING}
        if listed.keys() != {True, False}:
            raise SealBroken(
                "the bag has no manifests in SHA-256", where="manifest-sha256.txt, tagmanifest-sha256.txt"
            )
        for path in self.bag.payload:
            item_id = places.object_at(path.removeprefix(PAYLOAD))
            if item_id is not None and evidence_id(listed[False][path]) != item_id:
                raise SealBroken(
                    "the bytes are not those that were sealed",
                    where=path,
                    expected=item_id,
                    found=evidence_id(listed[False][path]),
                )


def refuse_if(problems: Iterable[Problem]) -> None:
    """Refuses what was received for its first problem.

    Raises:
        SealBroken: There is one.
    """
    for problem in problems:
        raise SealBroken(
            problem.what,
            where=problem.where,
            expected=problem.expected,
            found=problem.found,
            remedy="ask the sender for a good copy; nothing was taken in",
        )


def expect_own_case(cover: Cover, case: Case) -> None:
    """Refuses a case file that is of another case, or that reaches for files outside of the case.

    Raises:
        SealBroken: It is, or does.
    """
    if case.id != cover.case_id:
        raise SealBroken(
            "the case file is of another case", where=places.CASE_FILE, expected=cover.case_id, found=case.id
        )
    outside = outside_paths(case)
    if outside:
        raise SealBroken(
            "the case file declares a file outside of the case", where=f"{places.CASE_FILE}: {outside[0]}"
        )


def outside_paths(case: Case) -> list[str]:
    """The declared paths that lead out of the case folder: on another machine something else lies there."""
    return [one.path for one in case.evidence if ".." in one.path.replace("\\", "/").split("/")]


def expect_covered(cover: Cover, note: Note | None, *, is_trust_asked: bool) -> None:
    """Refuses a bag whose checkpoint is not the one under which it was handed over.

    Raises:
        SealBroken: It is not, or there is none and a signature by a trusted key was asked for.
    """
    if note is None or not cover.is_signed:
        if is_trust_asked or cover.is_signed or note is not None:
            raise SealBroken(
                "no signed checkpoint covers the handover",
                where="checkpoint",
                expected="a signature by a trusted key",
                remedy="ask the sender to sign the log ('perito log sign') and export again",
            )
        return
    checkpoint = Checkpoint.parse(note.text)
    if (checkpoint.size, checkpoint.root.hex()) != (
        cover.log_size,
        cover.root,
    ) or cover.entry >= cover.log_size:
        raise SealBroken(
            "the checkpoint is not the one under which the case was handed over",
            where="checkpoint",
            expected=f"{cover.root} at {cover.log_size} entries",
            found=f"{checkpoint.root.hex()} at {checkpoint.size} entries",
            remedy="ask the sender for a good copy; nothing was taken in",
        )


def expect_act(cover: Cover, entry: dict[str, Any]) -> None:
    """Refuses a cover that says otherwise than the act of handing over in the log.

    Raises:
        SealBroken: It does.
    """
    acts = ("redacted",) if cover.kind == places.REDACTED else ("handed_over", "exported")
    logged = {"sender": entry.get("by"), "receiver": entry.get("to") or "", "at_us": entry.get("at_us")}
    said = {name: getattr(cover, name) for name in logged}
    if entry.get("act") not in acts or said != logged:
        raise SealBroken(
            "the cover says otherwise than the log",
            where=f"{places.COVER}, log entry {cover.entry}",
            expected=f"{entry.get('act')} {logged}",
            found=f"{' or '.join(acts)} {said}",
            remedy="ask the sender for a good copy; nothing was taken in",
        )


def expect_known(known: Note | None, note: Note | None, log: LogTree, chain: KeyChain) -> None:
    """Refuses a log that does not continue a checkpoint which the receiver had before.

    Raises:
        SealBroken: It does not: it is older, or another history.
    """
    if known is None:
        return
    earlier = Checkpoint.parse(known.text)
    origin = earlier.origin if note is None else Checkpoint.parse(note.text).origin
    if origin != earlier.origin:
        raise SealBroken(
            "the known checkpoint is of another log",
            where="checkpoint",
            expected=earlier.origin,
            found=origin,
        )
    refuse_if(chain.signature_problems(known, "known checkpoint"))
    if earlier.size > log.size:
        raise SealBroken(
            "the bag is older than the checkpoint that you know",
            where="checkpoint",
            expected=f"at least {earlier.size} entries",
            found=f"{log.size} entries",
            remedy="ask the sender for the case as it is now",
        )
    proof = log.consistency(earlier.size)
    if not verify_consistency(earlier.size, log.size, earlier.root, log.root(), proof):
        raise SealBroken(
            "the log does not continue the checkpoint that you know: it tells another history",
            where="checkpoint",
            expected=earlier.root.hex(),
            found=log.root(earlier.size).hex(),
            remedy="keep both, and ask the sender to explain",
        )


def expect_leaf(file: Path, entry: bytes, where: str) -> None:
    """Refuses an exhibit's entry, beside its proof, that is not the one in the log, or of another exhibit.

    Raises:
        SealBroken: It is, or is not there.
    """
    if (
        not entry
        or not file.is_file()
        or file.read_bytes() != entry
        or file.parent.name.encode() not in entry
    ):
        raise SealBroken(
            "the entry beside the proof is not the one in the log",
            where=where,
            remedy="ask the sender for a good copy; nothing was taken in",
        )
