"""Signed notes (c2sp.org/signed-note) and the checkpoints in them (c2sp.org/tlog-checkpoint).

A checkpoint says: the log of this origin has so many entries, with this root. Whoever holds an old one
can be shown that the log of today continues it, or does not.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perito.errors import Malformed, SealBroken
from perito.evidence.keys import KEY_ID_BYTES, decode_base64, is_key_name
from perito.evidence.log.tree import HASH_BYTES, SIZE_MAX

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perito.evidence.keys import SigningKey, VerifierKey

NOTE_BYTES_MAX = 1_000_000
_DASH = "— "
_CHECKPOINT_LINES = 3


@dataclass(frozen=True)
class Signature:
    """One signature line: whose key it names, the key's id, and what it signed with."""

    name: str
    key_id: bytes
    value: bytes

    @classmethod
    def by(cls, key: SigningKey, text: str, at_us: int | None = None) -> Signature:
        """The signature of a text by a key; a witness's carries the time."""
        return cls(key.name, key.verifier.key_id, key.sign(text.encode(), at_us))

    @property
    def line(self) -> str:
        """The line as it stands in a note, with its line end."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.value).decode()}\n"

    def is_of(self, key: VerifierKey) -> bool:
        """Whether it names that key. It says nothing about whether it is good."""
        return (self.name, self.key_id) == (key.name, key.key_id)


@dataclass(frozen=True)
class Note:
    r"""A text and the signatures under it.

    Args:
        text: Ends in a line end, which is signed too.
        signatures: In the order of their lines.

    Example:
        >>> from perito.evidence.keys import SigningKey
        >>> key = SigningKey.new("unit4.example/case-7")
        >>> note = Note("Sealed.\n").signed_by(key)
        >>> [signer.name for signer in Note.parse(note.data).signers([key.verifier])]
        ['unit4.example/case-7']
    """

    text: str
    signatures: tuple[Signature, ...] = ()

    @classmethod
    def parse(cls, data: bytes, *, may_be_unsigned: bool = False) -> Note:
        """The note in those bytes. That it can be read says nothing about who signed it.

        Args:
            data: The bytes.
            may_be_unsigned: Whether a text with no signature under it is taken, which others call no note.

        Raises:
            Malformed: It is no signed note.
        """
        if len(data) > NOTE_BYTES_MAX:
            raise _malformed(f"{len(data)} bytes")
        try:
            whole = data.decode()
        except UnicodeDecodeError:
            raise _malformed("bytes that are no UTF-8") from None
        if any(c < " " and c != "\n" for c in whole):
            raise _malformed("control characters")
        body, gap, lines = whole.rpartition("\n\n")
        if may_be_unsigned and gap and not lines:
            return cls(body + "\n")
        if not gap or not lines.endswith("\n"):
            raise _malformed("no signature lines after an empty line")
        signatures = tuple(_signature(line) for line in lines[:-1].split("\n"))
        return cls(body + "\n", signatures)

    @property
    def data(self) -> bytes:
        """The bytes of the note, signatures included."""
        return (self.text + "\n" + "".join(one.line for one in self.signatures)).encode()

    def signed_by(self, key: SigningKey, at_us: int | None = None) -> Note:
        """The note with one more signature, in the place of an earlier one by the same key."""
        return self.with_signatures([Signature.by(key, self.text, at_us)])

    def with_signatures(self, signatures: Iterable[Signature]) -> Note:
        """The note with more signatures; of one key the last is kept."""
        by_key = {(one.name, one.key_id): one for one in (*self.signatures, *signatures)}
        return Note(self.text, tuple(by_key.values()))

    def signers(self, keys: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
        """Those of the keys that signed the note. Signatures by other keys are passed over.

        Raises:
            SealBroken: A signature that names one of the keys is not good.
        """
        found = []
        for key in keys:
            named = [one for one in self.signatures if one.is_of(key)]
            if not all(key.verifies(self.text.encode(), one.value) for one in named):
                raise SealBroken(
                    "a signature does not belong to its text",
                    where=f"signature of {key.name}",
                    expected=f"one by the key {key.text}",
                    remedy="the text or the signature was changed; ask for a good copy",
                )
            found += [key] if named else []
        return tuple(found)


@dataclass(frozen=True)
class Checkpoint:
    r"""The head of a log at a size.

    Args:
        origin: The name of the log, which the name of its key repeats.
        size: Number of entries.
        root: Root of their tree.
        extensions: Further lines, seldom used.

    Example:
        >>> from perito.evidence.log.tree import EMPTY_ROOT
        >>> print(Checkpoint("unit4.example/case-7", 0, EMPTY_ROOT).text, end="")
        unit4.example/case-7
        0
        47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """The checkpoint in the text of a note.

        Raises:
            Malformed: It is none.
        """
        lines = text.split("\n")
        if lines.pop() or len(lines) < _CHECKPOINT_LINES or not all(lines):
            raise _malformed(f"{len(lines)} lines", "three lines or more, none of them empty")
        origin, size_text, root_text, *extensions = lines
        size, root = read_size(size_text), decode_base64(root_text)
        if size is None or root is None or len(root) != HASH_BYTES:
            raise _malformed(f"{size_text}, {root_text}", "a size and the root in base64")
        return cls(origin, size, root, tuple(extensions))

    @property
    def text(self) -> str:
        """The text that is signed."""
        root = base64.b64encode(self.root).decode()
        return "\n".join((self.origin, str(self.size), root, *self.extensions, ""))


def read_size(text: str) -> int | None:
    """The number that an ASCII decimal without leading zeros stands for; None if the text is none."""
    is_decimal = text.isascii() and text.isdigit() and len(text) <= len(str(SIZE_MAX))
    if not is_decimal or str(int(text)) != text:
        return None
    return int(text) if int(text) <= SIZE_MAX else None


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    value = decode_base64(encoded)
    if not line.startswith(_DASH) or not is_key_name(name) or value is None or len(value) <= KEY_ID_BYTES:
        raise _malformed(line, "a signature line")
    return Signature(name, value[:KEY_ID_BYTES], value[KEY_ID_BYTES:])


def _malformed(found: str, expected: str = "text, an empty line, signature lines") -> Malformed:
    return Malformed("this is no signed note", expected=expected, found=found)
