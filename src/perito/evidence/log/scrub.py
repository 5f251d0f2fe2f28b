"""The scrub of a log: everything hashed again, and every file that differs named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.errors import EvidenceError
from perito.evidence.log.checkpoints import Checkpoints, signature_problems
from perito.evidence.log.folder import CHECKPOINT, HEAD
from perito.evidence.log.stamps import Stamps
from perito.evidence.log.tile_scrub import TileScrub
from perito.evidence.log.tiles import edge_places
from perito.evidence.log.view import EMPTY, Head
from perito.report import Problem, Report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perito.evidence.keys import VerifierKey
    from perito.evidence.log.folder import Folder
    from perito.evidence.log.note import Checkpoint, Note


def check_log(folder: Folder, keys: Sequence[VerifierKey] | None) -> Report:
    """The report on the files of a log. Call it with the folder locked.

    Problem kinds: `head`, `checkpoint`, `signature`, `entry`, `bundle`, `tile`, `missing`, `stranger`,
    `stamp`, `unreadable`.

    Args:
        folder: The files.
        keys: The keys that are trusted; None for those that the folder names.
    """
    scrub = _Scrub(folder, keys)
    scrub.run()
    return Report(tuple(scrub.problems), tuple(scrub.counts.items()))


class _Scrub:
    """The findings of one check as they come in."""

    def __init__(self, folder: Folder, keys: Sequence[VerifierKey] | None) -> None:
        self._folder = folder
        self._keys = keys
        self._checkpoints = Checkpoints(folder)
        self._stamps = Stamps(folder.path)
        self.problems: list[Problem] = []
        self.counts: dict[str, int] = {}

    def run(self) -> None:
        """Looks at all of the log: head, checkpoint, entries, tiles and stamps."""
        signed = self._signed()
        head = self._head(signed)
        sizes = {query.checkpoint.size for query in self._stamps.queries()}
        sizes |= {signed.size} if signed else set()
        tiles = TileScrub(self._folder, head, sizes)
        tiles.run()
        self.problems += tiles.problems
        self.counts |= tiles.counts
        if signed is not None:
            self._continued(CHECKPOINT, "checkpoint", signed, tiles)
        held = self._known_keys()
        self._check_signatures(signed, held)
        self._check_stamps(tiles, held)
        self.counts["temporary files"] = len(self._folder.leftovers())

    # --- head and checkpoint ---------------------------------------------------------------------------

    def _head(self, signed: Checkpoint | None) -> Head:
        data = self._folder.read(HEAD)
        head = None if data is None else Head.parse(data)
        if head is not None and self._has_files(head):
            return head
        has_entries = next(self._folder.places(), None) is not None
        if data is not None or (signed is None and has_entries):
            self.problems.append(_head_problem(data, head))
        return EMPTY if signed is None else Head(signed.size, signed.root)

    def _has_files(self, head: Head) -> bool:
        """Whether there is any file at the edge of a log of that size; if not, the size cannot be trusted."""
        edge = [self._folder.path / place.path for place in edge_places(head.size)]
        return not edge or any(path.exists() for path in edge)

    def _signed(self) -> Checkpoint | None:
        try:
            return self._checkpoints.current()
        except EvidenceError as fault:
            self.problems.append(_problem("checkpoint", fault))
            return None

    def _continued(self, where: str, kind: str, checkpoint: Checkpoint, tiles: TileScrub) -> None:
        found, is_beyond = tiles.root(checkpoint.size), checkpoint.size > tiles.size
        if found == checkpoint.root or (found is None and not is_beyond):
            return  # where the root cannot be told, the damage has been named
        what = "the log does not continue what was signed"
        expected = f"{checkpoint.root.hex()} at {checkpoint.size} entries"
        self.problems.append(
            Problem(kind, where, what, expected, found.hex() if found else f"{tiles.size} entries")
        )

    # --- signatures ------------------------------------------------------------------------------------

    def _known_keys(self) -> tuple[VerifierKey, ...] | None:
        """The keys that the folder names; None if the file of keys is damaged."""
        try:
            return self._checkpoints.keys()
        except EvidenceError as fault:
            self.problems.append(_problem("signature", fault))
            return None

    def _check_signatures(self, signed: Checkpoint | None, held: tuple[VerifierKey, ...] | None) -> None:
        note = None if signed is None else self._checkpoints.note()
        self.counts["signatures"] = len(note.signatures) if note else 0
        if note is not None and signed is not None:
            self.problems += self._signature_problems(CHECKPOINT, note, signed, held)

    def _signature_problems(
        self, where: str, note: Note, checkpoint: Checkpoint, held: tuple[VerifierKey, ...] | None
    ) -> Iterator[Problem]:
        trusted = held if self._keys is None else self._keys
        if trusted is None:  # the file of keys has been named
            return
        yield from signature_problems(note, checkpoint, trusted, where)
        known = (*trusted, *(held or ()))
        for one in note.signatures:
            if not any(one.is_of(key) for key in known):
                what = "a signature names a key that is not known here"
                yield Problem("signature", where, what, found=f"{one.name} {one.key_id.hex()}")

    # --- time stamps -----------------------------------------------------------------------------------

    def _check_stamps(self, tiles: TileScrub, held: tuple[VerifierKey, ...] | None) -> None:
        self.counts["stamps"] = 0
        self.problems += self._stamps.problems()
        for query in self._stamps.queries():
            self.counts["stamps"] += len(query.responses)
            self._continued(query.note_path, "stamp", query.checkpoint, tiles)
            self.problems += self._signature_problems(query.note_path, query.note, query.checkpoint, held)


def _head_problem(data: bytes | None, head: Head | None) -> Problem:
    if data is None:
        return Problem("head", HEAD, "the head is gone")
    if head is None:
        return Problem("head", HEAD, "the head is damaged", expected="a size and a root in base64")
    places = ", ".join(place.path for place in edge_places(head.size))
    what = "the head is damaged, or all the files that its size has at the edge are gone"
    return Problem("head", HEAD, what, expected=places, found=f"{head.size} entries")


def _problem(kind: str, fault: EvidenceError) -> Problem:
    return Problem(kind, fault.where, fault.what, fault.expected, fault.found)
