"""Confidential items in a store: encrypted as they come in, read with an identity, checked without one."""

from __future__ import annotations

import io
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from perito.errors import CaseError, EvidenceError, Missing, SealBroken
from perito.evidence import Store, resolve
from perito.evidence.vault import Vault, new_identity
from perito.evidence.vault_store import lock, seal_confidential
from perito.files import make_durable

if TYPE_CHECKING:
    from pathlib import Path

SECRET = b"id,text\n1,secret words\n"


@pytest.fixture
def keys(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("PERITO_KEYS", str(tmp_path / "keys"))
    monkeypatch.delenv("PERITO_PASSPHRASE", raising=False)
    return tmp_path / "keys"


@pytest.fixture
def store(keys, tmp_path) -> Store:
    made = Store(tmp_path / "evidence")
    Vault(made.path).set_recipients([new_identity(name, None)[1] for name in ("case", "recovery")])
    return made


@pytest.fixture
def source(tmp_path):
    def make(content: bytes = SECRET, name: str = "posts.csv") -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return make


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def problems(store: Store) -> list[tuple[str, str]]:
    return [(one.kind, one.where) for one in Store(store.path).check().problems]


def on_disk(store: Store) -> bytes:
    return b"".join(path.read_bytes() for path in store.path.rglob("*") if path.is_file())


# --- in ----------------------------------------------------------------------------------------------


def test_a_confidential_file_is_sealed_without_a_plain_byte_in_the_store(store, source):
    receipt = seal_confidential(store, [(source(), {"platform": "x"})], by="a.n.")[0]
    assert (receipt.is_new, receipt.is_recorded, receipt.bytes) == (True, True, len(SECRET))
    assert b"secret words" not in on_disk(store)
    with store.get(receipt.evidence_id) as stream:
        assert stream.read() == SECRET
    item = store.item(receipt.evidence_id)
    assert (item.state, item.acquisition.platform) == ("encrypted", "x")
    assert resolve(store, item.evidence_id, "row=1") == b"1,secret words"


def test_the_log_has_both_digests_and_for_whom_it_is(store, source):
    receipt = seal_confidential(store, [(source(), {})], by="a.n.")[0]
    acts = [act for _, act in store.custody.of_item(receipt.evidence_id)]
    assert [act["act"] for act in acts] == ["acquired", "sealed", "encrypted"]
    encrypted = acts[-1]
    assert encrypted["by"] == "a.n."
    assert encrypted["recipients"] == [one.key for one in Vault(store.path).recipients()]
    place = Vault(store.path).path(receipt.evidence_id)
    assert encrypted["cipher_bytes"] == place.stat().st_size
    assert problems(store) == []


def test_sealing_the_same_again_changes_nothing_in_either_way(store, source):
    first = seal_confidential(store, [(source(), {})])[0]
    before = {path: path.read_bytes() for path in store.path.rglob("*") if path.is_file()}
    assert not seal_confidential(store, [(source(), {})])[0].is_recorded
    assert not store.add(source()).is_recorded
    assert {path: path.read_bytes() for path in store.path.rglob("*") if path.is_file()} == before
    assert store.item(first.evidence_id).state == "encrypted"


def test_a_second_acquisition_of_encrypted_bytes_is_recorded_and_they_stay_encrypted(store, source):
    first = seal_confidential(store, [(source(), {})])[0]
    again = store.add(source(name="other.csv"))
    assert (again.is_new, again.is_recorded) == (False, True)
    assert len(store.item(first.evidence_id).acquisitions) == 2
    assert b"secret words" not in on_disk(store)
    assert problems(store) == []


def test_bytes_that_lay_plain_are_encrypted_when_they_are_declared_confidential(store, source):
    plain = store.add(source())
    assert b"secret words" in on_disk(store)
    seal_confidential(store, [(source(), {})])
    assert store.item(plain.evidence_id).state == "encrypted"
    assert b"secret words" not in on_disk(store)
    assert problems(store) == []


def test_many_files_are_sealed_all_or_none(store, source, tmp_path):
    with pytest.raises(Missing):
        seal_confidential(store, [(source(), {}), (tmp_path / "gone", {})])
    assert store.items() == []
    receipts = seal_confidential(
        store, [(source(b"%d" % at, f"{at}.bin"), {}) for at in range(20)] + [(source(b"7", "again"), {})]
    )
    assert len({one.evidence_id for one in receipts}) == 20
    assert problems(store) == []


def test_without_a_recovery_key_nothing_is_sealed(keys, tmp_path, source):
    store = Store(tmp_path / "evidence")
    with pytest.raises(CaseError, match="recovery key"):
        seal_confidential(store, [(source(), {})])
    assert not store.path.exists()


def test_a_file_that_changes_while_it_is_sealed_is_refused(store, source, monkeypatch):
    file = source()
    encrypt = Vault.encrypt

    def changing(vault, stream, into):
        found = encrypt(vault, stream, into)
        file.write_bytes(SECRET.upper())
        return found

    monkeypatch.setattr(Vault, "encrypt", changing)
    with pytest.raises(EvidenceError, match="changed while it was sealed"):
        seal_confidential(store, [(file, {})])
    assert (store.items(), problems(store)) == ([], [])


def test_a_fault_before_the_log_leaves_nothing_in_the_vault(store, source, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("perito.evidence.custody.Custody.append", full)
        with pytest.raises(EvidenceError, match="No space"):
            seal_confidential(store, [(source(), {})])
    assert list(Vault(store.path).folder.rglob("*.age")) == []
    assert problems(store) == []
    seal_confidential(store, [(source(), {})])
    assert problems(store) == []


CRASH = """
import os, sys
from perito.evidence.custody import Custody
from perito.evidence.ledger import Entering
from perito.evidence import Store
from perito.evidence.vault_store import seal_confidential

def end(*_):
    os._exit(9)

if sys.argv[3] == "before the log":
    Custody.append = end
else:
    append = Custody.append
    def append_and_end(*arguments):
        append(*arguments)
        end()
    Custody.append = append_and_end
seal_confidential(Store(sys.argv[1]), [(sys.argv[2], {})])
"""


@pytest.mark.parametrize("when", ["before the log", "after the log"])
def test_a_crash_while_sealing_leaves_all_of_an_item_or_nothing(store, source, when):
    archive = source(zipped(**{"a.csv": SECRET}), "export.zip")
    command = [sys.executable, "-c", CRASH, str(store.path), str(archive), when]
    assert subprocess.run(command, check=False).returncode == 9
    store.add(source(b"x", "another.csv"))
    states = {item.path: item.state for item in store.items()}
    held = {"export.zip": "encrypted", "a.csv": "encrypted"} if when == "after the log" else {}
    assert states == {"another.csv": "sealed", **held}
    assert len(list(Vault(store.path).folder.rglob("*.age"))) == len(held) // 2
    assert problems(store) == []


def test_a_list_of_an_encrypted_archive_that_was_changed_is_named_without_an_identity(store, source, keys):
    receipt = seal_confidential(store, [(source(zipped(**{"a.csv": SECRET}), "export.zip"), {})])[0]
    shutil.rmtree(keys)
    with closing(sqlite3.connect(store.path / "index.sqlite")) as connection:
        connection.execute("DELETE FROM members")
        connection.commit()
    assert ("contents", receipt.evidence_id) in problems(store)


# --- archives ----------------------------------------------------------------------------------------


def test_a_member_of_an_encrypted_archive_is_addressed_and_read(store, source):
    archive = source(zipped(**{"a.csv": SECRET, "../out": b"x"}), "export.zip")
    receipt = seal_confidential(store, [(archive, {})])[0]
    assert (receipt.members, receipt.refused_members[0][0]) == (1, "../out")
    member = store.members(receipt.evidence_id)[0]
    assert (member.state, member.path) == ("encrypted", "a.csv")
    with store.get(member.evidence_id) as stream:
        assert stream.read() == SECRET
    assert resolve(store, receipt.evidence_id, "member=a.csv;row=1") == b"1,secret words"
    assert problems(store) == []


def test_an_archive_that_lay_plain_keeps_its_list_when_it_is_encrypted(store, source):
    receipt = store.add(source(zipped(**{"a.csv": SECRET}), "export.zip"))
    lock(store, receipt.evidence_id, by="a.n.", reason="names")
    member = store.members(receipt.evidence_id)[0]
    with store.get(member.evidence_id) as stream:
        assert stream.read() == SECRET
    with pytest.raises(CaseError, match="member of an archive"):
        lock(store, member.evidence_id, by="a.n.", reason="names")


# --- out, with and without an identity ---------------------------------------------------------------


def test_without_an_identity_the_item_is_listed_checked_and_not_read(store, source, keys):
    receipt = seal_confidential(store, [(source(), {})])[0]
    shutil.rmtree(keys)
    with pytest.raises(EvidenceError, match="no identity here opens it"):
        store.get(receipt.evidence_id)
    report = store.check()
    assert report.ok
    counts = dict(report.checked)
    assert (counts["encrypted files"], counts["encrypted files opened"]) == (1, 0)


@pytest.mark.parametrize("with_identity", [True, False])
def test_any_damage_of_an_encrypted_file_is_named_with_or_without_an_identity(
    store, source, keys, with_identity
):
    receipt = seal_confidential(store, [(source(), {})])[0]
    if not with_identity:
        shutil.rmtree(keys)
    place = Vault(store.path).path(receipt.evidence_id)
    place.chmod(0o644)
    whole = place.read_bytes()
    for damaged in (whole[:-1], whole + b"x", bytes([*whole[:50], whole[50] ^ 1, *whole[51:]]), b""):
        place.write_bytes(damaged)
        assert problems(store) == [("vault_digest", receipt.evidence_id)]
    place.unlink()
    assert problems(store) == [("vault_missing", receipt.evidence_id)]


def test_bytes_that_decrypt_to_something_else_are_named(store, source):
    """Made by somebody who has the public keys: only the digest of the plain bytes tells."""
    first = seal_confidential(store, [(source(), {})])[0]
    other = seal_confidential(store, [(source(b"other", "other.csv"), {})])[0]
    vault = Vault(store.path)
    shutil.copy(vault.path(other.evidence_id), vault.path(first.evidence_id))
    with pytest.raises(SealBroken):
        store.get(first.evidence_id)


def test_a_check_with_an_identity_names_what_decrypts_to_something_else(store, source, monkeypatch):
    receipt = seal_confidential(store, [(source(), {})])[0]
    place = Vault(store.path).path(receipt.evidence_id)
    other = seal_confidential(store, [(source(b"other", "other.csv"), {})])[0]
    place.chmod(0o644)
    place.write_bytes(Vault(store.path).path(other.evidence_id).read_bytes())
    monkeypatch.setattr("perito.evidence.vault_store._file_problems", lambda *_: iter(()))  # a forged log
    assert problems(store) == [("vault_plain", receipt.evidence_id)]


def test_a_check_passes_over_what_it_cannot_open(store, source, keys, monkeypatch):
    seal_confidential(store, [(source(), {})])
    with monkeypatch.context() as patch:
        patch.setattr("perito.evidence.vault_store.PLAIN_BYTES_LIMIT", 4)
        assert dict(store.check().checked)["encrypted files opened"] == 0
    shutil.rmtree(keys)
    new_identity("stranger", None)
    report = store.check()
    assert (report.ok, dict(report.checked)["encrypted files opened"]) == (True, 0)


def test_a_damaged_index_is_named_once_and_does_not_stop_the_check(store, source):
    seal_confidential(store, [(source(), {})])
    (store.path / "index.sqlite").write_bytes(b"no database" * 100)
    assert "index" in [kind for kind, _ in problems(store)]


def test_a_stranger_in_the_vault_is_named(store, source):
    seal_confidential(store, [(source(), {})])
    stranger = Vault(store.path).folder / "aa" / "stranger.age"
    stranger.parent.mkdir(exist_ok=True)
    stranger.write_bytes(b"x")
    assert problems(store) == [("stranger", "vault/aa/stranger.age")]


def test_plain_bytes_beside_an_encrypted_item_are_named_and_swept_away(store, source):
    receipt = seal_confidential(store, [(source(), {})])[0]
    place = store.path / "objects" / receipt.evidence_id[7:9] / receipt.evidence_id[9:]
    place.parent.mkdir(parents=True)
    place.write_bytes(SECRET)
    make_durable([place.parent])
    assert ("object_present", f"{receipt.evidence_id} (posts.csv)") in problems(store)
    store.add(source(b"x", "another.csv"))
    assert not place.exists()
    assert problems(store) == []


# --- purge -------------------------------------------------------------------------------------------


def test_a_purge_deletes_the_encrypted_file_and_neither_way_brings_it_back(store, source):
    receipt = seal_confidential(store, [(source(), {})])[0]
    store.purge(receipt.evidence_id, reason="ended", authority="order 1", by="a.n.")
    assert list(Vault(store.path).folder.rglob("*.age")) == []
    assert problems(store) == []
    for seal in (store.add, lambda path: seal_confidential(store, [(path, {})])):
        with pytest.raises(EvidenceError, match="not to be held"):
            seal(source())
    with pytest.raises(CaseError, match="purged"):
        lock(store, receipt.evidence_id, by="a.n.", reason="again")
    assert store.item(receipt.evidence_id).state == "purged"


def test_what_is_locked_already_is_not_locked_again(store, source):
    receipt = seal_confidential(store, [(source(), {})])[0]
    with pytest.raises(CaseError, match="encrypted"):
        lock(store, receipt.evidence_id, by="a.n.", reason="again")


def test_a_changed_plain_object_is_not_encrypted_but_named(store, source):
    receipt = store.add(source())
    place = store.path / "objects" / receipt.evidence_id[7:9] / receipt.evidence_id[9:]
    place.chmod(0o644)
    place.write_bytes(SECRET.upper())
    with pytest.raises(SealBroken):
        lock(store, receipt.evidence_id, by="a.n.", reason="names")
    assert list(Vault(store.path).folder.rglob("*.age")) == []
