"""The custody log of a case: entries appended, never changed; proofs that this is so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perito.errors import CaseError, Missing
from perito.evidence.log import tree
from perito.evidence.log.canonical_form import canonical_many
from perito.evidence.log.checkpoints import Checkpoints, checkpoint_in
from perito.evidence.log.folder import CHECKPOINT, HEAD, INCOMING, Folder, broken
from perito.evidence.log.growth import Growth
from perito.evidence.log.note import Note
from perito.evidence.log.proof import Proof
from perito.evidence.log.scrub import check_log
from perito.evidence.log.stamps import Stamps
from perito.evidence.log.tiles import Place
from perito.evidence.log.view import EMPTY, Head, View

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from perito.evidence.keys import SigningKey, VerifierKey
    from perito.evidence.log.folder import Writer
    from perito.evidence.log.note import Checkpoint
    from perito.report import Report


class Log:
    r"""An append-only log in a folder, in the files of c2sp.org/tlog-tiles.

    Nothing is created before the first append. When an append returns, its entries are durable. Several
    processes may append at once. An object of this class belongs to one thread.

    Args:
        path: The folder.
        signers: Keys with which every append signs the new checkpoint. The first is the log's own: its name
            is the origin of the log. Without any, the log grows unsigned until `sign` is called.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> log = Log(folder.name)
        >>> log.append({"act": "acquired"}), log.append({"act": "sealed"}), log.size
        (0, 1, 2)
        >>> log.entry(1)
        b'{"act":"sealed"}'
        >>> tree.verify_inclusion(log.entry(0), 0, 2, log.inclusion(0, 2), log.root())
        True
        >>> log.check().ok
        True
        >>> folder.cleanup()
    """

    def __init__(self, path: str | os.PathLike[str], signers: Sequence[SigningKey] = ()) -> None:
        self._folder = Folder(path)
        self._signers = tuple(signers)
        self._checkpoints = Checkpoints(self._folder)
        self._seen: tuple[bytes | None, View] | None = None
        self._is_swept = False

    @property
    def path(self) -> Path:
        """The folder of the log."""
        return self._folder.path

    @property
    def size(self) -> int:
        """The number of entries, as of now and in all processes.

        Raises:
            SealBroken: The head is damaged, or the tiles at the edge do not give its root.
        """
        return self._view().head.size

    @property
    def stamps(self) -> Stamps:
        """The time stamps of its checkpoints."""
        return Stamps(self.path)

    # --- writing -------------------------------------------------------------------------------------

    def sign_with(self, signers: Sequence[SigningKey]) -> None:
        """Names the keys with which every append from now on signs."""
        self._signers = tuple(signers)

    def append(self, record: Mapping[str, Any] | bytes) -> int:
        """Adds one entry and returns its index, once it is durable.

        Args:
            record: A JSON object, written as RFC 8785 has it, or bytes that are one in that form already;
                at most 65,535 bytes.

        Raises:
            CaseError: The record has no such form; nothing was written.
            SealBroken: The log is damaged; nothing was written.
            EvidenceError: The log cannot be written.
        """
        return self.append_many([record])[0]

    def append_many(self, records: Iterable[Mapping[str, Any] | bytes]) -> range:
        """Adds entries, all or none, with one commit, and returns their indexes.

        Raises:
            CaseError: As for `append`; it names the record.
            EvidenceError: As for `append`.
        """
        entries = canonical_many(list(records))
        if not entries:
            return range(0)
        with self._folder.writing() as writer:
            before = self._view_to_extend(writer)
            growth = Growth(before, entries)
            with writer.at_work():
                self._write(writer, growth)
        return range(growth.old_size, growth.size)

    def sign(self, *keys: SigningKey, at_us: int | None = None) -> Note:
        """Signs the log as it is; adds to the checkpoint that is there if that has the same size.

        Args:
            *keys: The log's own key, and those of witnesses.
            at_us: When the witnesses among them saw the log.

        Raises:
            CaseError: No key signs for the log itself, or a witness gives no time.
            SealBroken: The log does not continue the last checkpoint.
        """
        with self._folder.writing() as writer:
            head = self._view_to_extend(writer).head
            with writer.at_work():
                note = self._checkpoints.sign(writer, head, keys, at_us)
                writer.commit()
        return note

    def add_signatures(self, note: bytes, *keys: VerifierKey) -> Note:
        """Adds the signatures of witnesses, which they made elsewhere, to the checkpoint.

        Args:
            note: The checkpoint as a witness gave it back.
            *keys: The keys of the witnesses; signatures by others are left out.

        Raises:
            Malformed: It is no signed note.
            CaseError: It is not the checkpoint of this log, or none of the keys signed it.
            SealBroken: A signature is not good.
        """
        given = Note.parse(note)
        with self._folder.writing() as writer:
            held = self.signed_note()
            if held is None or held.text != given.text:
                raise CaseError(
                    "the signatures are of another checkpoint",
                    where=CHECKPOINT,
                    expected=repr(held.text) if held else "no checkpoint",
                    found=repr(given.text),
                    remedy="give the witness the checkpoint as it is now",
                )
            signers = given.signers(keys)
            if not signers:
                raise CaseError("none of the keys signed the checkpoint", where=CHECKPOINT)
            good = [one for one in given.signatures if any(one.is_of(key) for key in signers)]
            merged = held.with_signatures(good)
            with writer.at_work():
                self._checkpoints.put(writer, merged, signers)
                writer.commit()
        return merged

    # --- reading -------------------------------------------------------------------------------------

    def root(self, n: int | None = None) -> bytes:
        """The root of the tree of the first `n` entries, or of all.

        Raises:
            Missing: There are not so many.
            SealBroken: A tile that is needed is damaged.
        """
        view = self._view()
        size = view.head.size if n is None else n
        view.expect(size, view.head.size + 1, "state of size")
        return view.root(size)

    def inclusion(self, i: int, n: int | None = None) -> list[bytes]:
        """The proof that entry `i` is among the first `n` entries, or among all (RFC 6962, 2.1.1).

        Raises:
            Missing: There are not so many entries.
            SealBroken: A tile that is needed is damaged.
        """
        view = self._view()
        size = view.head.size if n is None else n
        view.expect(size, view.head.size + 1, "state of size")
        view.expect(i, size, "entry")
        return tree.inclusion_path(i, size, view.subtree)

    def consistency(self, m: int, n: int | None = None) -> list[bytes]:
        """The proof that the log of `m` entries is the beginning of that of `n`, or of all (RFC 6962, 2.1.2).

        Raises:
            Missing: There are not so many entries.
            SealBroken: A tile that is needed is damaged.
        """
        view = self._view()
        size = view.head.size if n is None else n
        view.expect(size, view.head.size + 1, "state of size")
        view.expect(m, size + 1, "state of size")
        return tree.consistency_path(m, size, view.subtree)

    def entry(self, i: int) -> bytes:
        """The bytes of entry `i`.

        Raises:
            Missing: There is none.
            SealBroken: It is not the one that was logged.
        """
        view = self._view()
        view.expect(i, view.head.size, "entry")
        return view.entry(i)

    def __iter__(self) -> Iterator[bytes]:
        return self._view().entries()

    def entries(self, start: int = 0) -> Iterator[bytes]:
        """The entries from a place on, in order.

        Raises:
            SealBroken: A file of the log is damaged.
        """
        return self._view().entries(start)

    def signed_note(self) -> Note | None:
        """The last checkpoint with its signatures; None if the log was never signed.

        Raises:
            SealBroken: It is damaged.
        """
        return self._checkpoints.note()

    def checkpoint(self) -> Checkpoint | None:
        """What the last checkpoint says; None if the log was never signed. Later entries are unsigned.

        Raises:
            SealBroken: It is damaged.
        """
        return self._checkpoints.current()

    def proof(self, i: int) -> Proof:
        """The proof that entry `i` is in the log, for the exhibit: path and signed checkpoint in one.

        Raises:
            Missing: The entry is not under the last checkpoint, or there is none.
            SealBroken: A tile that is needed is damaged, or the log does not continue the checkpoint.
        """
        view, note = self._view(), self.signed_note()
        signed = 0 if note is None else checkpoint_in(note).size
        if note is None or not 0 <= i < signed:
            raise Missing(
                f"entry {i} is not under a signed checkpoint",
                where=str(self.path),
                expected=f"an entry before {signed}",
                found=str(i),
                remedy="sign the log first",
            )
        self._checkpoints.expect_continued_by(view)
        return Proof(i, tuple(tree.inclusion_path(i, signed, view.subtree)), note)

    def keys(self) -> tuple[VerifierKey, ...]:
        """The keys that the folder names for its own checkpoints, the log's first.

        They serve to find damage. Who wants to know whether the log is genuine brings the keys along.

        Raises:
            SealBroken: The file that names them is damaged.
        """
        return self._checkpoints.keys()

    def check(self, keys: Sequence[VerifierKey] | None = None) -> Report:
        """The report on the log: everything hashed again, every signature verified.

        Args:
            keys: The keys that are trusted, from another source than the log: the log's own, and those of
                witnesses. Without them, those that the folder names.
        """
        with self._folder.reading():
            return check_log(self._folder, keys)

    # --- the state behind it -------------------------------------------------------------------------

    def _view(self) -> View:
        data = self._folder.read(HEAD)
        if self._seen is None or self._seen[0] != data or data is None:
            with self._folder.reading():
                return self._load()
        return self._seen[1]

    def _load(self) -> View:
        """The view at the head; call it with the folder locked."""
        data = self._folder.read(HEAD)
        if self._seen is None or self._seen[0] != data or data is None:
            self._seen = data, View.read(self._folder, self._head(data))
        return self._seen[1]

    def _head(self, data: bytes | None) -> Head:
        if data is None:  # a log that another program wrote has its checkpoint alone
            signed = self.checkpoint()
            if signed is None and next(self._folder.places(), None) is not None:
                raise broken(HEAD, "the log has entries and no head")
            return EMPTY if signed is None else Head(signed.size, signed.root)
        head = Head.parse(data)
        if head is None:
            raise broken(HEAD, "the head is damaged", expected="a size and a root in base64")
        return head

    def _view_to_extend(self, writer: Writer) -> View:
        """The present view, known to continue the last checkpoint, with nothing left beyond it."""
        view = self._load()
        self._checkpoints.expect_continued_by(view)
        if self._folder.read(HEAD) is None:
            with writer.at_work():
                writer.stage(HEAD, view.head.data)
                writer.commit()
        if writer.was_interrupted or not self._is_swept:
            beyond = [
                path for path, place in self._folder.places() if place and not place.is_within(view.head.size)
            ]
            writer.remove([*beyond, INCOMING])
            writer.clear_interruption()
            self._is_swept = True
        return view

    def _write(self, writer: Writer, growth: Growth) -> None:
        for name, data in growth.files():
            writer.stage(name, data)
        writer.commit()
        after, superseded = growth.after(), self._superseded(growth)
        writer.stage(HEAD, after.head.data)
        if self._signers:
            self._checkpoints.sign(writer, after.head, self._signers, None)
        writer.commit()  # the head first: from there on the entries are in the log
        self._seen = after.head.data, after
        writer.remove(superseded)

    def _superseded(self, growth: Growth) -> list[str]:
        """Partial files that no checkpoint needs: those whose place gets full, those never signed."""
        signed = self._checkpoints.current()
        was_signed = signed is not None and signed.size == growth.old_size
        left = growth.left_edge()
        full = [place for place in left if Place(place.level, place.index).is_within(growth.size)]
        spare = [] if was_signed else [place.path for place in left if place not in full]
        return [place.path.rpartition("/")[0] for place in full] + spare
