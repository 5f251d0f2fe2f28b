"""The vault alone: who can open it, that damage is named, and that the program of age reads its files."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import pty
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import CaseError, EvidenceError, SealBroken
from perito.evidence import vault as vault_module
from perito.evidence.vault import Recipient, Vault, identities_at_hand, new_identity


@pytest.fixture
def keys(tmp_path, monkeypatch):
    monkeypatch.setenv("PERITO_KEYS", str(tmp_path / "keys"))
    for name in ("PERITO_PASSPHRASE", "PERITO_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "keys"


@pytest.fixture
def vault(keys, tmp_path) -> Vault:
    """A vault for two people, whose identities are at hand."""
    made = Vault(tmp_path / "store")
    made.set_recipients([new_identity("case", None)[1], new_identity("recovery", None)[1]])
    return made


def put(vault: Vault, data: bytes):
    part = vault.folder / "part"
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        found = vault.encrypt(io.BytesIO(data), handle)
    finally:
        os.close(handle)
    place = vault.path(found.plain.evidence_id)
    place.parent.mkdir(exist_ok=True)
    part.rename(place)
    return found


def opened(vault: Vault, data: bytes) -> bytes:
    with vault.open(f"sha256:{hashlib.sha256(data).hexdigest()}", len(data)) as stream:
        return stream.read()


# --- there and back ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 511, 512, 65_536, 65_537, 3_000_000])
def test_what_was_encrypted_comes_out_as_it_went_in_and_both_digests_are_known(vault, size):
    data = os.urandom(size)
    found = put(vault, data)
    encrypted = vault.path(found.plain.evidence_id).read_bytes()
    assert opened(vault, data) == data
    assert found.plain.evidence_id == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert (found.plain.size, found.plain.head) == (size, data[:512])
    assert (found.digest, found.bytes) == (hashlib.sha256(encrypted).hexdigest(), len(encrypted))
    assert data[:64] not in encrypted or size < 16


def test_the_same_bytes_encrypted_twice_are_two_files_of_one_name(vault):
    first = put(vault, b"words")
    second = put(vault, b"words")
    assert first.plain == second.plain
    assert first.digest != second.digest


def test_plain_bytes_touch_no_disk(vault):
    put(vault, b"secret words")
    with vault.open("sha256:" + hashlib.sha256(b"secret words").hexdigest(), 12) as stream:
        assert str(Path(f"/proc/self/fd/{stream.fileno()}").readlink()).startswith("/memfd:")
    on_disk = b"".join(path.read_bytes() for path in vault.folder.rglob("*") if path.is_file())
    assert b"secret words" not in on_disk


def test_each_recipient_opens_it_alone_and_nobody_else_does(vault, keys):
    put(vault, b"words")
    files = {path.name: path.read_bytes() for path in keys.iterdir()}
    for name in files:
        for other in set(files) - {name}:
            (keys / other).unlink()
        assert opened(vault, b"words") == b"words"
        for other, content in files.items():
            (keys / other).write_bytes(content)
    for name in files:
        (keys / name).unlink()
    with pytest.raises(EvidenceError, match="no identity here opens it"):
        opened(vault, b"words")
    new_identity("stranger", None)
    with pytest.raises(EvidenceError, match="1 that are not for it") as raised:
        opened(vault, b"words")
    assert not isinstance(raised.value, SealBroken)


# --- damage ------------------------------------------------------------------------------------------


@given(at=st.integers(0, 10**9), bit=st.integers(0, 7))
def test_no_flipped_bit_gives_out_a_single_byte(tmp_path_factory, at, bit):
    with pytest.MonkeyPatch.context() as patch:
        folder = _vault_once(tmp_path_factory)
        patch.setenv("PERITO_KEYS", str(folder / "keys"))
        vault = Vault(folder / "store")
        place = next(vault.folder.rglob("*.age"))
        whole = place.read_bytes()
        damaged = bytearray(whole)
        damaged[at % len(whole)] ^= 1 << bit
        place.write_bytes(damaged)
        try:
            with pytest.raises(EvidenceError):
                opened(vault, b"words " * 30)
        finally:
            place.write_bytes(whole)


def _vault_once(tmp_path_factory, made=[]):  # noqa: B006  (made once for all examples)
    if not made:
        folder = tmp_path_factory.mktemp("vault")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PERITO_KEYS", str(folder / "keys"))
            vault = Vault(folder / "store")
            vault.set_recipients([new_identity(name, None)[1] for name in ("case", "recovery")])
            put(vault, b"words " * 30)
        made.append(folder)
    return made[0]


def test_a_file_that_was_swapped_for_another_of_the_same_vault_is_named(vault):
    first, second = put(vault, b"first"), put(vault, b"other")
    vault.path(first.plain.evidence_id).write_bytes(vault.path(second.plain.evidence_id).read_bytes())
    with pytest.raises(SealBroken) as raised:
        opened(vault, b"first")
    assert raised.value.found == second.plain.evidence_id


@pytest.mark.parametrize("content", [b"", b"garbage", b"age-encryption.org/v1\n", b"first"])
def test_a_file_that_is_none_of_age_is_named(vault, content):
    found = put(vault, b"first")
    vault.path(found.plain.evidence_id).write_bytes(content)
    with pytest.raises(SealBroken):
        opened(vault, b"first")


def test_a_file_that_is_gone_is_named(vault):
    found = put(vault, b"first")
    vault.path(found.plain.evidence_id).unlink()
    with pytest.raises(SealBroken, match="gone"):
        opened(vault, b"first")


def test_decrypting_stops_at_the_size_that_was_sealed(vault):
    found = put(vault, bytes(1_000_000))
    with pytest.raises(SealBroken, match="more bytes than were sealed"):
        vault.open(found.plain.evidence_id, 10)


def test_an_item_too_large_for_memory_is_refused_by_name(vault, monkeypatch):
    found = put(vault, b"words")
    monkeypatch.setattr(vault_module, "PLAIN_BYTES_LIMIT", 4)
    with pytest.raises(EvidenceError, match="too large"):
        vault.open(found.plain.evidence_id, 5)


# --- recipients --------------------------------------------------------------------------------------


def test_a_vault_without_a_recovery_key_takes_nothing(keys, tmp_path):
    vault = Vault(tmp_path / "store")
    _, alone = new_identity("case", None)
    for recipients in ([], [alone], [alone, Recipient.of("again", alone.key)]):
        with pytest.raises(CaseError, match="recovery key"):
            vault.set_recipients(recipients)
    with pytest.raises(CaseError, match="recovery key"):
        vault.expect_recipients()
    assert not vault.folder.exists()


def test_recipients_come_back_as_they_were_named(vault):
    assert [one.name for one in vault.recipients()] == ["case", "recovery"]
    assert all(one.key.startswith("age1") for one in vault.recipients())


def test_blank_lines_and_keys_without_a_name_are_read(vault):
    keys = [one.key for one in vault.recipients()]
    vault.recipients_file.write_text(f"# case\n\n{keys[0]}\n\n{keys[1]}\n", "utf-8")
    assert [(one.name, one.key) for one in vault.recipients()] == [("case", keys[0]), ("unnamed", keys[1])]


@pytest.mark.parametrize("key", ["", "age1", "AGE-SECRET-KEY-1QQ", "ssh-ed25519 AAAA", "age1" + "q" * 58])
def test_what_is_no_public_key_is_refused(key):
    with pytest.raises(CaseError, match="no public key"):
        Recipient.of("somebody", key)


def test_a_damaged_file_of_recipients_is_named_and_encrypts_nothing(vault):
    vault.recipients_file.write_text("# case\nage1wrong\n", "utf-8")
    with pytest.raises(CaseError, match="no public key"):
        put(vault, b"words")


# --- identities --------------------------------------------------------------------------------------


def test_an_identity_is_readable_for_its_owner_alone_and_never_written_over(keys):
    path, _ = new_identity("case", None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    with pytest.raises(CaseError, match="there is an identity of that name"):
        new_identity("case", None)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["../outside", "a/b", ".hidden", ""])
def test_an_identity_is_not_named_by_a_path(keys, name):
    with pytest.raises(CaseError):
        new_identity(name, None)
    assert not keys.exists() or not list(keys.iterdir())


def test_a_protected_identity_opens_with_its_passphrase_alone(keys, tmp_path, monkeypatch):
    vault = Vault(tmp_path / "store")
    path, protected = new_identity("case", "a long passphrase")
    recovery_file, recovery = new_identity("recovery", None)
    vault.set_recipients([protected, recovery])
    put(vault, b"words")
    recovery_file.unlink()
    assert b"AGE-SECRET-KEY" not in path.read_bytes()
    assert identities_at_hand() == []
    monkeypatch.setenv("PERITO_PASSPHRASE", "another")
    assert identities_at_hand() == []
    said = tmp_path / "said"
    said.write_text("a long passphrase\n", "utf-8")
    monkeypatch.setenv("PERITO_PASSPHRASE_FILE", str(said))
    assert opened(vault, b"words") == b"words"


def test_an_empty_passphrase_is_refused(keys):
    with pytest.raises(CaseError, match="empty"):
        new_identity("case", "")


def test_a_file_without_an_identity_is_passed_over_and_a_wrong_one_is_named(keys):
    new_identity("case", None)
    (keys / "notes.agekey").write_text("nothing here\n", "utf-8")
    assert len(identities_at_hand()) == 1
    (keys / "wrong.agekey").write_text("AGE-SECRET-KEY-1WRONG\n", "utf-8")
    with pytest.raises(EvidenceError, match=r"wrong\.agekey"):
        identities_at_hand()


# --- the program of age ------------------------------------------------------------------------------


@pytest.fixture
def age() -> str:
    program = shutil.which("age")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("the program 'age' is not installed")
        pytest.skip("the program 'age' is not installed (Debian's package age)")
    return program


@pytest.mark.parametrize("name", ["case", "recovery"])
def test_the_program_of_age_opens_the_files_with_either_identity(age, vault, keys, name):
    data = os.urandom(200_000)
    found = put(vault, data)
    identity = keys / f"{name}.agekey"
    done = subprocess.run(
        [age, "--decrypt", "--identity", identity, vault.path(found.plain.evidence_id)],
        check=True, capture_output=True,
    )  # fmt: skip
    assert done.stdout == data


def test_what_the_program_of_age_encrypts_for_our_recipients_is_opened_here(age, vault):
    data = os.urandom(70_000)
    place = vault.path(f"sha256:{hashlib.sha256(data).hexdigest()}")
    place.parent.mkdir()
    done = subprocess.run(
        [age, "--encrypt", "--recipients-file", vault.recipients_file, "--output", place],
        check=True, input=data, capture_output=True,
    )  # fmt: skip
    assert done.stderr == b""
    assert opened(vault, data) == data


def test_the_program_of_age_opens_a_protected_identity_with_the_passphrase(age, keys, tmp_path):
    """It asks on a terminal: here is one."""
    vault = Vault(tmp_path / "store")
    path, protected = new_identity("case", "a long passphrase")
    vault.set_recipients([protected, new_identity("recovery", None)[1]])
    found = put(vault, b"words")
    out = tmp_path / "plain"
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover  (becomes the other program)
        os.execv(age, [age, "-d", "-i", str(path), "-o", str(out), str(vault.path(found.plain.evidence_id))])
    said = b""
    while b"passphrase" not in said.lower():
        said += os.read(terminal, 1024)
    os.write(terminal, b"a long passphrase\n")
    with contextlib.suppress(OSError):  # a terminal whose other side is closed reads as an error
        while os.read(terminal, 1024):
            pass
    assert os.waitpid(child, 0)[1] == 0
    assert out.read_bytes() == b"words"
    os.close(terminal)


def test_a_flipped_bit_fails_for_the_program_of_age_too(age, vault, keys):
    found = put(vault, b"words" * 100)
    place = vault.path(found.plain.evidence_id)
    damaged = bytearray(place.read_bytes())
    damaged[-20] ^= 1
    place.write_bytes(damaged)
    done = subprocess.run(
        [age, "--decrypt", "--identity", keys / "case.agekey", place], check=False, capture_output=True
    )
    assert (done.returncode != 0, done.stdout) == (True, b"")
