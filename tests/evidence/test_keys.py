from __future__ import annotations

import base64
import hashlib
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import CaseError, EvidenceError, Missing
from perito.evidence import keys
from perito.evidence.keys import (
    KeyKind,
    SigningKey,
    VerifierKey,
    decode_base64,
    der_element,
    der_integer,
    key_in_force,
    read_key,
    rotation_record,
    successor,
    write_key,
)
from perito.evidence.log import canonical

# The example of c2sp.org/signed-note, "Verifier keys".
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE_TEXT = b"This is an example message.\n"
EXAMPLE_SIGNATURE = (
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
)
NOW_US = 1_767_913_200_000_000


@pytest.fixture
def key():
    return SigningKey.new("unit4.example/case-7")


def openssl(*command, data=None):
    return subprocess.run(["openssl", *map(str, command)], input=data, capture_output=True, check=False)


def test_the_key_of_the_specification_verifies_its_signature():
    key, signature = VerifierKey.parse(EXAMPLE_KEY), base64.b64decode(EXAMPLE_SIGNATURE)
    assert key.text == EXAMPLE_KEY
    assert key.key_id == signature[:4] == bytes.fromhex("530d903a")
    assert key.verifies(EXAMPLE_TEXT, signature[4:])
    assert not key.verifies(EXAMPLE_TEXT + b"\n", signature[4:])
    for position in range(8 * 64):
        changed = bytearray(signature[4:])
        changed[position // 8] ^= 1 << position % 8
        assert not key.verifies(EXAMPLE_TEXT, bytes(changed))


def test_a_key_id_is_a_digest_over_name_kind_and_key(key):
    log, witness = key.verifier, SigningKey(key.name, key.private, KeyKind.WITNESS).verifier
    for one, kind in ((log, b"\x01"), (witness, b"\x04")):
        digest = hashlib.sha256(key.name.encode() + b"\n" + kind + log.public).digest()
        assert one.key_id == digest[:4]
    assert VerifierKey.parse(witness.text) == witness != log


@pytest.mark.parametrize("place", range(len(EXAMPLE_KEY)))
def test_a_text_form_with_a_changed_character_is_no_key(place):
    for bit in range(7):
        changed = chr(ord(EXAMPLE_KEY[place]) ^ 1 << bit)
        with pytest.raises(CaseError):
            VerifierKey.parse(EXAMPLE_KEY[:place] + changed + EXAMPLE_KEY[place + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "++",
        "name",
        EXAMPLE_KEY + "\n",
        EXAMPLE_KEY + "+",
        EXAMPLE_KEY.upper(),
        "example.com/foo+530d903a+",
        "name+00000000+" + base64.b64encode(b"\x01" + bytes(31)).decode(),
        "name+00000000+" + base64.b64encode(b"\x02" + bytes(32)).decode(),
        "name+00000000+" + base64.b64encode(b"\xff" + bytes(32)).decode(),
    ],
)
def test_what_is_no_key_is_refused(text):
    with pytest.raises(CaseError):
        VerifierKey.parse(text)


@pytest.mark.parametrize(
    "name", ["", "two words", "a+b", "tab\there", "line\nend", "\u2003wide", "\x00", "\ud800"]
)
def test_a_name_that_a_note_cannot_carry_is_refused(name):
    with pytest.raises(CaseError):
        SigningKey.new(name)


@given(st.binary(max_size=40))
def test_only_one_base64_text_stands_for_some_bytes(data):
    text = base64.b64encode(data).decode()
    assert decode_base64(text) == data
    for place in range(len(text)):
        for bit in range(7):
            changed = text[:place] + chr(ord(text[place]) ^ 1 << bit) + text[place + 1 :]
            assert decode_base64(changed) != data


# --- signing ---------------------------------------------------------------------------------------------


def test_a_witness_signs_with_the_time_at_which_it_saw_the_log(key):
    witness = SigningKey.new("witness.example/w1", KeyKind.WITNESS)
    signature = witness.sign(b"text\n", NOW_US)
    assert len(signature) == 72
    assert witness.verifier.verifies(b"text\n", signature)
    assert witness.verifier.witnessed_at_us(signature) == NOW_US
    assert not witness.verifier.verifies(b"text\n", signature[8:])
    later = (NOW_US // 1_000_000 + 1).to_bytes(8) + signature[8:]
    assert not witness.verifier.verifies(b"text\n", later)
    assert key.verifier.witnessed_at_us(key.sign(b"text\n")) is None


def test_a_witness_signs_what_the_specification_says(key):
    # c2sp.org/tlog-cosignature: two lines before the text of the checkpoint.
    witness = SigningKey("w", key.private, KeyKind.WITNESS)
    signature = witness.sign(b"origin\n1\nroot\n", 1_679_315_147_000_000)
    signed = b"cosignature/v1\ntime 1679315147\norigin\n1\nroot\n"
    assert signature == (1_679_315_147).to_bytes(8) + key.private.sign(signed)


def test_a_witness_needs_a_time_and_a_log_takes_none(key):
    with pytest.raises(CaseError):
        SigningKey.new("w", KeyKind.WITNESS).sign(b"text\n")
    with pytest.raises(CaseError):
        key.sign(b"text\n", NOW_US)


def test_openssl_accepts_the_signatures(key, tmp_path):
    (tmp_path / "public.pem").write_bytes(key.verifier.pem())
    (tmp_path / "text").write_bytes(EXAMPLE_TEXT)
    (tmp_path / "signature").write_bytes(key.sign(EXAMPLE_TEXT))
    command = ("pkeyutl", "-verify", "-pubin", "-inkey", tmp_path / "public.pem", "-rawin")
    files = ("-in", tmp_path / "text", "-sigfile", tmp_path / "signature")
    assert openssl(*command, *files).returncode == 0
    (tmp_path / "text").write_bytes(EXAMPLE_TEXT[1:])
    assert openssl(*command, *files).returncode != 0


def test_the_text_of_a_signing_key_does_not_hold_the_key(key):
    secret = key.private.private_bytes_raw()
    for shown in (repr(key), str(key)):
        assert "private" not in shown
        assert secret.hex() not in shown


# --- key files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("passphrase", [None, "correct horse", "contraseña ñ ✓"])
def test_a_key_file_gives_back_the_key(key, tmp_path, passphrase):
    write_key(tmp_path / "case.key", key, passphrase)
    found = read_key(tmp_path / "case.key", passphrase)
    assert (found.name, found.kind) == (key.name, key.kind)
    assert found.private.private_bytes_raw() == key.private.private_bytes_raw()
    assert (tmp_path / "case.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "case.key").read_text().splitlines()[0] == key.verifier.text


def test_openssl_opens_a_protected_key_file_and_sees_scrypt(key, tmp_path):
    path = tmp_path / "case.key"
    write_key(path, key, "correct horse")
    opened = openssl("pkey", "-in", path, "-passin", "pass:correct horse", "-outform", "DER")
    assert opened.returncode == 0, opened.stderr
    assert opened.stdout.endswith(key.private.private_bytes_raw())
    assert openssl("pkey", "-in", path, "-passin", "pass:wrong").returncode != 0
    pem = path.read_bytes().partition(b"\n")[2]
    structure = openssl("asn1parse", data=pem).stdout.decode()
    assert "scrypt" in structure
    assert "aes-256-cbc" in structure


def test_a_key_file_of_openssl_with_the_key_on_its_first_line_is_read(key, tmp_path):
    plain = key.pem(None)
    protected = openssl("pkcs8", "-topk8", "-scrypt", "-passout", "pass:p", data=plain).stdout
    (tmp_path / "case.key").write_bytes(key.verifier.text.encode() + b"\n" + protected)
    assert read_key(tmp_path / "case.key", "p").verifier == key.verifier


def test_no_two_protected_files_of_a_key_are_alike(key):
    assert key.pem("correct horse") != key.pem("correct horse")


@pytest.mark.parametrize("passphrase", ["wrong", "", None, "correct horse "])
def test_a_wrong_passphrase_does_not_open_the_key(key, tmp_path, passphrase):
    write_key(tmp_path / "case.key", key, "correct horse")
    with pytest.raises(CaseError):
        read_key(tmp_path / "case.key", passphrase)


def test_a_passphrase_for_an_unprotected_key_is_refused(key, tmp_path):
    write_key(tmp_path / "case.key", key, None)
    with pytest.raises(CaseError):
        read_key(tmp_path / "case.key", "correct horse")


def test_an_empty_passphrase_is_refused_before_anything_is_written(key, tmp_path):
    with pytest.raises(CaseError):
        write_key(tmp_path / "case.key", key, "")
    assert not (tmp_path / "case.key").exists()


def test_a_key_file_is_never_overwritten(key, tmp_path):
    write_key(tmp_path / "case.key", key, None)
    before = (tmp_path / "case.key").read_bytes()
    with pytest.raises(CaseError):
        write_key(tmp_path / "case.key", SigningKey.new("other"), None)
    assert (tmp_path / "case.key").read_bytes() == before


def test_a_key_file_that_cannot_be_written_is_an_error(key, tmp_path, monkeypatch):
    with pytest.raises(EvidenceError):
        write_key(tmp_path / "no folder" / "case.key", key, None)

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keys.os, "fsync", full)
    with pytest.raises(EvidenceError):
        write_key(tmp_path / "case.key", key, None)


def test_a_key_file_that_is_not_there_is_missing(tmp_path):
    with pytest.raises(Missing):
        read_key(tmp_path / "case.key")


def test_a_first_line_of_another_key_is_refused(key, tmp_path):
    other = SigningKey.new(key.name)
    (tmp_path / "case.key").write_bytes(other.verifier.text.encode() + b"\n" + key.pem(None))
    with pytest.raises(CaseError):
        read_key(tmp_path / "case.key")


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"\xff\xfe", EXAMPLE_KEY.encode(), EXAMPLE_KEY.encode() + b"\nno PEM\n"]
)
def test_what_is_no_key_file_is_refused(tmp_path, data):
    (tmp_path / "case.key").write_bytes(data)
    with pytest.raises(CaseError):
        read_key(tmp_path / "case.key")


def test_a_key_of_another_algorithm_is_refused(tmp_path):
    pem = generate_private_key(SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "case.key").write_bytes(EXAMPLE_KEY.encode() + b"\n" + pem)
    with pytest.raises(CaseError):
        read_key(tmp_path / "case.key")


# --- rotation --------------------------------------------------------------------------------------------


@pytest.fixture
def rotated(key):
    new = SigningKey.new(key.name)
    return key, new, rotation_record(key, new, NOW_US, "yearly change")


def test_a_rotation_puts_the_new_key_in_the_place_of_the_old(rotated):
    old, new, record = rotated
    assert successor(record, old.verifier) == new.verifier
    assert successor(record, new.verifier) is None


def test_the_record_of_a_rotation_can_be_logged(rotated):
    assert b'"act":"key_rotated"' in canonical(rotated[2])


def test_a_changed_rotation_changes_no_key(rotated):
    old, _, record = rotated
    other = SigningKey.new(old.name)
    changes = {
        "act": ["sealed", None],
        "at_us": [NOW_US + 1, None, "1"],
        "old_key": [other.verifier.text, None],
        "new_key": [other.verifier.text, "no key"],
        "old_signature": [record["new_signature"], None, "", 7, "????"],
        "new_signature": [record["old_signature"], None],
    }
    for name, values in changes.items():
        for value in values:
            assert successor(record | {name: value}, old.verifier) is None


def test_a_rotation_that_the_old_key_did_not_sign_changes_no_key(key):
    thief, new = SigningKey.new(key.name), SigningKey.new(key.name)
    record = rotation_record(thief, new, NOW_US, "theft") | {"old_key": key.verifier.text}
    assert successor(record, key.verifier) is None


def test_a_rotation_does_not_turn_a_log_into_a_witness(key):
    witness = SigningKey.new(key.name, KeyKind.WITNESS)
    assert successor(rotation_record(key, witness, NOW_US, "mistake"), key.verifier) is None


def test_the_key_in_force_is_followed_through_every_rotation(key):
    second, third = SigningKey.new(key.name), SigningKey.new(key.name)
    stray = rotation_record(SigningKey.new(key.name), SigningKey.new(key.name), NOW_US, "of another log")
    records = [
        {"act": "acquired"},
        rotation_record(key, second, NOW_US, "yearly change"),
        stray,
        rotation_record(second, third, NOW_US + 1, "yearly change"),
        rotation_record(key, SigningKey.new(key.name), NOW_US + 2, "by the key that is no longer in force"),
    ]
    entries = [canonical(record) for record in records]
    assert [key_in_force(entries[:n], key.verifier) for n in range(6)] == [
        key.verifier,
        key.verifier,
        second.verifier,
        second.verifier,
        third.verifier,
        third.verifier,
    ]
    broken = [
        b'"act":"key_rotated"',
        b'{"act":"key_rotated"',
        b'["act":"key_rotated"]',
        b'[{"act":"key_rotated"}]',
    ]
    assert key_in_force(broken, key.verifier) == key.verifier


# --- DER -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65_535, 65_536])
def test_a_length_is_written_as_openssl_reads_it(size):
    found = openssl("asn1parse", "-inform", "DER", data=der_element(0x04, bytes(size))).stdout.decode()
    assert f"l={size:4d} prim: OCTET STRING" in found


@pytest.mark.parametrize("value", [0, 1, 127, 128, 255, 256, 2**63 - 1, 2**63, 2**64])
def test_a_whole_number_is_written_as_openssl_reads_it(value):
    found = openssl("asn1parse", "-inform", "DER", data=der_integer(value)).stdout.decode()
    assert int(found.rsplit(":", 1)[1], 16) == value
