"""Witnesses: who signs that they saw a checkpoint at a time, without holding the log.

What a witness signed binds the holder of the log's key from that time on: another history with the same
number of entries would need the witness to sign twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.errors import CaseError, SealBroken
from perito.evidence.keys import KeyKind
from perito.evidence.log.note import Checkpoint, Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.evidence.keys import SigningKey, VerifierKey


def cosigned(data: bytes, key: SigningKey, *, at_us: int, trusted: Sequence[VerifierKey] = ()) -> Note:
    """A checkpoint with the signature of a witness under it.

    Args:
        data: The checkpoint, signed by the log.
        key: The key of the witness.
        at_us: When the witness saw it.
        trusted: Keys of the log, from elsewhere: one of them has to have signed.

    Raises:
        CaseError: The key is that of a log.
        Malformed: It is no signed checkpoint.
        SealBroken: No trusted key signed it, or its signature is not good.

    Example:
        >>> from perito.evidence.keys import SigningKey
        >>> from perito.evidence.log import EMPTY_ROOT
        >>> log, witness = SigningKey.new("unit4.example/q"), SigningKey.new("w.example", KeyKind.WITNESS)
        >>> note = Note(Checkpoint("unit4.example/q", 0, EMPTY_ROOT).text).signed_by(log)
        >>> [one.name for one in cosigned(note.data, witness, at_us=0, trusted=[log.verifier]).signatures]
        ['unit4.example/q', 'w.example']
    """
    expect_witnesses([key.verifier])
    note = Note.parse(data)
    origin = Checkpoint.parse(note.text).origin
    if trusted and not any(one.name == origin and one.kind is KeyKind.LOG for one in note.signers(trusted)):
        raise SealBroken(
            "no trusted key of the log signed the checkpoint",
            where=origin,
            expected=", ".join(one.text for one in trusted),
            found=", ".join(f"{one.name} {one.key_id.hex()}" for one in note.signatures),
            remedy="ask whoever brought it for a good copy; nothing was signed",
        )
    return note.signed_by(key, at_us)


def expect_witnesses(keys: Sequence[VerifierKey]) -> Sequence[VerifierKey]:
    """The keys, if all are those of witnesses.

    Raises:
        CaseError: One is the key of a log.
    """
    for key in keys:
        if key.kind is not KeyKind.WITNESS:
            raise CaseError(
                "this is the key of a log, and none of a witness",
                where=key.name,
                remedy="a witness makes a key with 'perito key new NAME --witness'",
            )
    return keys
