from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import Malformed, SealBroken
from perito.evidence.keys import SigningKey, VerifierKey
from perito.evidence.log import EMPTY_ROOT, Checkpoint, Note
from perito.evidence.log.note import NOTE_BYTES_MAX, Signature, read_size

# The example of c2sp.org/signed-note.
EXAMPLE_KEY = VerifierKey.parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
EXAMPLE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Z"
    "tg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
ROOT = base64.b64encode(EMPTY_ROOT).decode()


@pytest.mark.shared
def test_the_reference_checkpoint_is_signed_by_its_key(shared_data):
    folder = shared_data / "evidence"
    data = (folder / "checkpoint.txt").read_bytes()
    key = VerifierKey.parse((folder / "log.vkey").read_text().strip())
    note = Note.parse(data)
    assert note.data == data
    assert note.signers([key]) == (key,)
    checkpoint = Checkpoint.parse(note.text)
    assert (checkpoint.origin, checkpoint.size) == ("perito.example/log", 1000)
    assert checkpoint.text == note.text


def test_the_note_of_the_specification_is_read_and_verified():
    note = Note.parse(EXAMPLE)
    assert note.data == EXAMPLE
    assert note.text == "This is an example message.\n"
    assert note.signers([EXAMPLE_KEY]) == (EXAMPLE_KEY,)


def test_a_text_may_hold_empty_lines(case_key):
    text = "Señas del acta:\n\n\nprimera línea\n"
    data = Note(text).signed_by(case_key).data
    note = Note.parse(data)
    assert note.text == text
    assert note.data == data
    assert note.signers([case_key.verifier])


def test_no_bit_of_a_note_can_change_and_the_note_still_be_signed():
    for position in range(8 * len(EXAMPLE)):
        changed = bytearray(EXAMPLE)
        changed[position // 8] ^= 1 << position % 8
        try:
            signers = Note.parse(bytes(changed)).signers([EXAMPLE_KEY])
        except (Malformed, SealBroken):
            continue
        assert signers == (), position


def test_signatures_by_unknown_keys_are_passed_over(case_key):
    stranger = SigningKey.new("stranger.example")
    namesake = SigningKey.new(case_key.name)
    note = Note("text\n").signed_by(stranger).signed_by(case_key).signed_by(namesake)
    assert note.signers([case_key.verifier]) == (case_key.verifier,)
    assert note.signers([SigningKey.new("other").verifier]) == ()


def test_a_known_key_with_a_bad_signature_spoils_the_note(case_key):
    good, other = Note("text\n").signed_by(case_key), SigningKey.new("other.example")
    bad = Signature(case_key.name, case_key.verifier.key_id, bytes(64))
    note = Note(good.text, (Signature.by(other, good.text), bad))
    with pytest.raises(SealBroken):
        note.signers([other.verifier, case_key.verifier])
    short = Note(good.text, (Signature(case_key.name, case_key.verifier.key_id, b"s"),))
    with pytest.raises(SealBroken):
        short.signers([case_key.verifier])


def test_a_key_signs_once(case_key, witness_key):
    note = Note("text\n").signed_by(case_key).signed_by(witness_key, 1_000_000).signed_by(case_key)
    again = note.signed_by(witness_key, 2_000_000)
    assert [one.name for one in again.signatures] == [case_key.name, witness_key.name]
    assert again.signers([witness_key.verifier, case_key.verifier])
    assert witness_key.verifier.witnessed_at_us(again.signatures[1].value) == 2_000_000


def test_many_signatures_are_accepted():
    keys = [SigningKey.new(f"witness.example/{i}") for i in range(40)]
    note = Note("text\n")
    for key in keys:
        note = note.signed_by(key)
    verifiers = [key.verifier for key in keys]
    assert Note.parse(note.data).signers(verifiers) == tuple(verifiers)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"text\n\n",
        EXAMPLE[:-1],
        EXAMPLE + b"\n",
        EXAMPLE + b"more\n",
        EXAMPLE.replace("—".encode(), b"-"),
        EXAMPLE.replace("— ".encode(), "—".encode()),
        EXAMPLE.replace(b"foo ", b"foo  "),
        EXAMPLE.replace(b"foo ", b"f+o "),
        EXAMPLE.replace(b"example.com/foo ", b" "),
        EXAMPLE.replace(b"foo ", "f\u2003o ".encode()),
        EXAMPLE.replace(b"QM=\n", b"QM\n"),
        EXAMPLE.replace(b"QM=\n", b"QN=\n"),
        EXAMPLE.replace(b"QM=\n", b"QM=\r\n"),
        EXAMPLE.replace(b"This", b"Th\ts"),
        EXAMPLE.replace(b"This", b"Th\x00s"),
        EXAMPLE.replace(b"This", b"Th\xffs"),
        "text\n\n— name AAAAAA==\n".encode(),
        b"x" * NOTE_BYTES_MAX + EXAMPLE,
    ],
)
def test_what_is_no_note_is_refused(data):
    with pytest.raises(Malformed):
        Note.parse(data)


@given(st.binary(max_size=200) | st.text(alphabet="a\n — =+A", max_size=60).map(str.encode))
def test_hostile_bytes_are_a_note_that_writes_the_same_bytes_or_malformed(data):
    try:
        note = Note.parse(data)
    except Malformed:
        return
    assert note.data == data


# --- checkpoints -----------------------------------------------------------------------------------------


def test_further_lines_of_a_checkpoint_are_kept():
    text = f"origin\n7\n{ROOT}\nextension one\nextension two\n"
    checkpoint = Checkpoint.parse(text)
    assert checkpoint.extensions == ("extension one", "extension two")
    assert checkpoint.text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "origin\n7\n",
        f"origin\n7\n{ROOT}",
        f"\n7\n{ROOT}\n",
        f"origin\n\n{ROOT}\n",
        f"origin\n07\n{ROOT}\n",
        f"origin\n+7\n{ROOT}\n",
        f"origin\n-7\n{ROOT}\n",
        f"origin\n 7\n{ROOT}\n",
        f"origin\n7_0\n{ROOT}\n",
        f"origin\n\u0667\n{ROOT}\n",
        f"origin\n\u00b2\n{ROOT}\n",
        f"origin\n18446744073709551616\n{ROOT}\n",
        f"origin\n{'9' * 5000}\n{ROOT}\n",
        f"origin\n7\n{ROOT[:-1]}\n",
        f"origin\n7\n{ROOT[:-2]}V=\n",
        f"origin\n7\n{ROOT}=\n",
        f"origin\n7\n{base64.b64encode(bytes(31)).decode()}\n",
        f"origin\n7\n{ROOT}\n\n",
        f"origin\n7\n{ROOT}\n\nextension\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(Malformed):
        Checkpoint.parse(text)


@given(st.integers(0, 2**64 - 1))
def test_a_size_has_one_text(size):
    assert read_size(str(size)) == size
    assert read_size("0" + str(size)) is None
