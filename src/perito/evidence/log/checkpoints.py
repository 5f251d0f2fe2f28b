"""The signed checkpoint in the folder of a log, and the keys that the folder names for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.errors import CaseError, Malformed, SealBroken
from perito.evidence.keys import KeyKind, VerifierKey
from perito.evidence.log.folder import CHECKPOINT, HEAD, KEYS, broken
from perito.evidence.log.note import Checkpoint, Note
from perito.report import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from perito.evidence.keys import SigningKey
    from perito.evidence.log.folder import Folder, Writer
    from perito.evidence.log.view import Head, View


class Checkpoints:
    """The checkpoint of a log: one at a time, each with one signature or more.

    Args:
        folder: The files of the log.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def note(self) -> Note | None:
        """The last checkpoint with its signatures; None if there is none.

        Raises:
            SealBroken: It is damaged.
        """
        data = self._folder.read(CHECKPOINT)
        try:
            return None if data is None else Note.parse(data)
        except Malformed as fault:
            raise broken(CHECKPOINT, fault.what, expected=fault.expected, found=fault.found) from fault

    def current(self) -> Checkpoint | None:
        """What the last checkpoint says; None if there is none.

        Raises:
            SealBroken: It is damaged.
        """
        note = self.note()
        return None if note is None else checkpoint_in(note)

    def keys(self) -> tuple[VerifierKey, ...]:
        """The keys that have signed here.

        Raises:
            SealBroken: The file that names them is damaged.
        """
        data = self._folder.read(KEYS)
        if data is None:
            return ()
        try:
            *lines, rest = data.decode().split("\n")
            if rest:
                raise broken(KEYS, "the file of keys is damaged", found="no line end after the last key")
            return tuple(VerifierKey.parse(line) for line in lines)
        except (CaseError, UnicodeDecodeError) as fault:
            raise broken(KEYS, "the file of keys is damaged", found=str(fault)) from fault

    def expect_continued_by(self, view: View) -> None:
        """Refuses a log that does not begin with what was signed.

        Raises:
            SealBroken: It does not.
        """
        signed = self.current()
        if signed is None:
            return
        found = view.root(signed.size) if signed.size <= view.head.size else None
        if found != signed.root:
            raise broken(
                f"{HEAD}, {CHECKPOINT}",
                "the log does not continue its last checkpoint",
                expected=f"the root {signed.root.hex()} at {signed.size} entries",
                found=found.hex() if found else f"{view.head.size} entries",
            )

    def sign(self, writer: Writer, head: Head, keys: Sequence[SigningKey], at_us: int | None) -> Note:
        """Signs a head and stages the checkpoint.

        A checkpoint of the same size gets further signatures, any other is replaced.

        Raises:
            CaseError: Nobody signs for the log itself.
        """
        held, signed = self.note(), self.current()
        origin = signed.origin if signed else next((key.name for key in keys), "")
        own = [key for key in keys if key.kind is KeyKind.LOG]
        is_new = held is None or signed is None or signed.size != head.size
        if (is_new and not own) or any(key.name != origin for key in own):
            raise CaseError(
                "a checkpoint needs the signature of the log's own key",
                where=str(self._folder.path),
                expected=f"a key named '{origin}'" if origin else "a key",
                found=", ".join(key.name for key in keys) or "none",
                remedy="the key's name is the origin of the log and stays the same when keys change",
            )
        if held is None or is_new:
            held = Note(Checkpoint(origin, head.size, head.root).text)
        for key in keys:
            held = held.signed_by(key, at_us if key.kind is KeyKind.WITNESS else None)
        self.put(writer, held, [key.verifier for key in keys])
        return held

    def put(self, writer: Writer, note: Note, signers: Iterable[VerifierKey]) -> None:
        """Stages a checkpoint, and before it the keys that sign for the first time."""
        held = self.keys()
        keys = tuple(dict.fromkeys((*held, *signers)))
        if keys != held:
            writer.stage(KEYS, "".join(f"{key.text}\n" for key in keys).encode())
        writer.stage(CHECKPOINT, note.data)


def signature_problems(
    note: Note, checkpoint: Checkpoint, keys: Sequence[VerifierKey], where: str
) -> Iterator[Problem]:
    """What is wrong with the signatures of a checkpoint: one that is not good, or none by the log's own key.

    Problem kinds: `signature`, `origin`.
    """
    try:
        signers = note.signers(keys)
    except SealBroken as fault:
        yield Problem("signature", f"{where}: {fault.where}", fault.what, fault.expected)
        return
    if not any(key.name == checkpoint.origin and key.kind is KeyKind.LOG for key in signers):
        yield Problem(
            "origin",
            where,
            "no trusted key of the log signed the checkpoint",
            expected=", ".join(key.text for key in keys) or "a trusted key",
            found=", ".join(f"{one.name} {one.key_id.hex()}" for one in note.signatures),
        )


def checkpoint_in(note: Note) -> Checkpoint:
    """What the note of a log's own folder says.

    Raises:
        SealBroken: It is no checkpoint.
    """
    try:
        return Checkpoint.parse(note.text)
    except Malformed as fault:
        raise broken(CHECKPOINT, fault.what, expected=fault.expected, found=fault.found) from fault
