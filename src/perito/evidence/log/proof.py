"""The proof that goes with an exhibit (c2sp.org/tlog-proof): one text file, checked without the log."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perito.errors import Malformed
from perito.evidence.keys import decode_base64
from perito.evidence.log.checkpoints import signature_problems
from perito.evidence.log.note import Checkpoint, Note, read_size
from perito.evidence.log.tree import HASH_BYTES, verify_inclusion
from perito.report import Problem, Report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.evidence.keys import VerifierKey

SUFFIX = ".tlog-proof"
_FIRST_LINE = "c2sp.org/tlog-proof@v1"
_EXTRA, _INDEX = "extra ", "index "
_PATH_MAX = 64  # a tree of 2**64 leaves is no higher


@dataclass(frozen=True)
class Proof:
    """That an entry is in a log: its index, the path to the root, the signed checkpoint with the root.

    Args:
        index: Of the entry, from zero.
        path: From the leaf's sibling to the root's child.
        note: The checkpoint with its signatures.
        extra: What an application added. Nothing vouches for it.

    Example:
        >>> import tempfile
        >>> from perito.evidence.keys import SigningKey
        >>> from perito.evidence.log import Log
        >>> key = SigningKey.new("unit4.example/case-7")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     log = Log(folder, [key])
        ...     _ = log.append_many([{"act": "acquired"}, {"act": "sealed"}])
        ...     text = log.proof(1).data
        >>> text.decode().splitlines()[:2]
        ['c2sp.org/tlog-proof@v1', 'index 1']
        >>> Proof.parse(text).verify(b'{"act":"sealed"}', [key.verifier])
        True
    """

    index: int
    path: tuple[bytes, ...]
    note: Note
    extra: bytes | None = None

    @classmethod
    def parse(cls, data: bytes, *, may_be_unsigned: bool = False) -> Proof:
        """The proof in a `.tlog-proof` file.

        Args:
            data: The bytes.
            may_be_unsigned: Whether one is taken whose checkpoint nobody signed.

        Raises:
            Malformed: It is none.
        """
        header, gap, note = data.partition(b"\n\n")
        try:
            lines = header.decode().split("\n")
        except UnicodeDecodeError:
            raise _malformed("bytes that are no UTF-8") from None
        if not gap or lines.pop(0) != _FIRST_LINE:
            raise _malformed("another first line, or no empty line")
        extra = _extra(lines.pop(0)) if lines and lines[0].startswith(_EXTRA) else None
        index = (
            read_size(lines.pop(0).removeprefix(_INDEX)) if lines and lines[0].startswith(_INDEX) else None
        )
        path = [decode_base64(line) for line in lines]
        if index is None or len(path) > _PATH_MAX:
            raise _malformed("no index, or too many hashes")
        hashes = tuple(one for one in path if one is not None and len(one) == HASH_BYTES)
        if len(hashes) != len(path):
            raise _malformed("a line that is no hash in base64")
        return cls(index, hashes, _checkpoint_note(note, may_be_unsigned=may_be_unsigned), extra)

    @property
    def data(self) -> bytes:
        """The bytes of the `.tlog-proof` file."""
        extra = [] if self.extra is None else [_EXTRA + base64.b64encode(self.extra).decode()]
        hashes = [base64.b64encode(one).decode() for one in self.path]
        lines = (_FIRST_LINE, *extra, f"{_INDEX}{self.index}", *hashes, "", "")
        return "\n".join(lines).encode() + self.note.data

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint, whose signatures may or may not be good."""
        return Checkpoint.parse(self.note.text)

    def verify(self, leaf: bytes, keys: Sequence[VerifierKey]) -> bool:
        """Whether `leaf` is in the log, by the word of the log's key; `check` says why not."""
        return self.check(leaf, keys).ok

    def check(self, leaf: bytes, keys: Sequence[VerifierKey]) -> Report:
        """The report on the proof.

        Args:
            leaf: The bytes of the entry.
            keys: The keys that are trusted, from another source than the proof: the log's own, whose name
                is the origin, and those of witnesses.

        Problem kinds: `signature`, `origin`, `inclusion`.
        """
        checkpoint, where = self.checkpoint, f"proof of entry {self.index}"
        problems = list(signature_problems(self.note, checkpoint, keys, where))
        if not verify_inclusion(leaf, self.index, checkpoint.size, self.path, checkpoint.root):
            what = "the path does not lead from the entry to the root of the checkpoint"
            problems.append(Problem("inclusion", where, what, expected=checkpoint.root.hex()))
        count = 0 if problems else len(self.note.signers(keys))
        return Report(tuple(problems), (("entries", 1), ("signatures", count)))


def _extra(line: str) -> bytes:
    data = decode_base64(line.removeprefix(_EXTRA))
    if data is None:
        raise _malformed("extra data that is no base64")
    return data


def _checkpoint_note(data: bytes, *, may_be_unsigned: bool) -> Note:
    note = Note.parse(data, may_be_unsigned=may_be_unsigned)
    Checkpoint.parse(note.text)
    return note


def _malformed(found: str) -> Malformed:
    return Malformed(
        "this is no proof of a log entry",
        expected=f"{_FIRST_LINE}, index, hashes, an empty line, a checkpoint",
        found=found,
    )
