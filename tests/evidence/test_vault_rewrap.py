"""Encrypted items encrypted anew for other people: who can read what before, in between and after."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from perito.errors import CaseError, EvidenceError
from perito.evidence import Store
from perito.evidence.objects import write_all
from perito.evidence.people import rewrapping
from perito.evidence.vault import Vault, new_identity
from perito.evidence.vault_store import lock, rewrap, seal_confidential

if TYPE_CHECKING:
    from pathlib import Path

SECRET = b"id,text\n1,secret words\n"
WHO = {"by": "a.n.", "reason": "b. left"}


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
def item_id(store, tmp_path) -> str:
    (tmp_path / "posts.csv").write_bytes(SECRET)
    return seal_confidential(store, [(tmp_path / "posts.csv", {})])[0].evidence_id


@pytest.fixture
def moved_on(store, item_id) -> Store:
    """The store after the case's key was replaced by another."""
    recovery = Vault(store.path).recipients()[1]
    Vault(store.path).set_recipients([new_identity("next", None)[1], recovery])
    return store


def only(keys, name) -> None:
    """Leaves one identity where identities are looked for."""
    for path in keys.glob("*.agekey"):
        if path.stem != name:
            path.rename(path.with_suffix(".away"))


def plain(store, item_id) -> bytes:
    with Store(store.path).get(item_id) as stream:
        return stream.read()


def kinds(store) -> list[str]:
    return [one.kind for one in Store(store.path).check().problems]


def test_the_next_recipient_reads_and_the_former_one_does_not(moved_on, item_id, keys):
    assert [one.evidence_id for one in rewrap(moved_on, [item_id], **WHO)] == [item_id]
    assert kinds(moved_on) == []
    only(keys, "next")
    assert plain(moved_on, item_id) == SECRET
    (keys / "next.agekey").rename(keys / "next.away")
    (keys / "case.away").rename(keys / "case.agekey")
    with pytest.raises(EvidenceError, match="no identity here opens it"):
        plain(moved_on, item_id)


def test_the_log_has_both_encrypted_files_and_the_same_plain_digest(moved_on, item_id):
    rewrap(moved_on, [item_id], **WHO)
    acts = [act for _, act in moved_on.custody.of_item(item_id) if act["act"] == "encrypted"]
    assert len({act["cipher_digest"] for act in acts}) == 2
    assert acts[-1]["recipients"] == [one.key for one in Vault(moved_on.path).recipients()]
    assert (acts[-1]["by"], acts[-1]["reason"]) == ("a.n.", "b. left")


def test_what_is_for_the_present_recipients_already_is_left_as_it_is(store, item_id):
    size = store.custody.size
    assert rewrap(store, [item_id], **WHO) == []
    assert store.custody.size == size


def test_without_an_identity_nothing_changes(moved_on, item_id, keys):
    before = Vault(moved_on.path).path(item_id).read_bytes()
    only(keys, "next")
    with pytest.raises(EvidenceError, match="no identity here opens it"):
        rewrap(moved_on, [item_id], **WHO)
    assert Vault(moved_on.path).path(item_id).read_bytes() == before
    assert kinds(moved_on) == []


def test_only_what_is_encrypted_can_be_encrypted_anew(store, item_id, tmp_path):
    (tmp_path / "open.csv").write_bytes(b"x")
    open_id = store.add(tmp_path / "open.csv").evidence_id
    with pytest.raises(CaseError, match="no encrypted file"):
        rewrap(store, [item_id, open_id], **WHO)


def test_an_item_that_is_purged_meanwhile_does_not_come_back(moved_on, item_id, monkeypatch):
    encrypt = Vault.encrypt

    def purging(vault, stream, into):
        Store(moved_on.path).purge(item_id, reason="ended", authority="order 1", by="a.n.")
        return encrypt(vault, stream, into)

    monkeypatch.setattr(Vault, "encrypt", purging)
    with pytest.raises(EvidenceError, match="held otherwise"):
        rewrap(moved_on, [item_id], **WHO)
    assert list(Vault(moved_on.path).folder.rglob("*.age*")) == []
    assert kinds(moved_on) == []


CRASH = """
import os, sys
from perito.evidence.custody import Custody
from perito.evidence import Store
from perito.evidence.vault_store import lock, rewrap

def end(*_):
    os._exit(9)

if sys.argv[4] == "before the log":
    Custody.append = end
else:
    append = Custody.append
    def append_and_end(*arguments):
        append(*arguments)
        end()
    Custody.append = append_and_end
store = Store(sys.argv[1])
if sys.argv[3] == "lock":
    lock(store, sys.argv[2], by="a.n.", reason="names")
else:
    rewrap(store, [sys.argv[2]], by="a.n.", reason="b. left")
"""


def killed(store, item_id, act, when) -> None:
    command = [sys.executable, "-c", CRASH, str(store.path), item_id, act, when]
    assert subprocess.run(command, check=False).returncode == 9


@pytest.mark.parametrize("when", ["before the log", "after the log"])
def test_a_crash_while_encrypting_anew_leaves_a_file_that_the_log_has(moved_on, item_id, tmp_path, when):
    killed(moved_on, item_id, "rewrap", when)
    assert plain(moved_on, item_id) == SECRET
    assert set(kinds(moved_on)) == {"interrupted"}
    (tmp_path / "next.csv").write_bytes(b"x")
    moved_on.add(tmp_path / "next.csv")
    assert kinds(moved_on) == []
    assert plain(moved_on, item_id) == SECRET
    is_done = set(moved_on.standing(item_id).entry["recipients"]) == {
        one.key for one in Vault(moved_on.path).recipients()
    }
    assert is_done == (when == "after the log")


@pytest.mark.parametrize("when", ["before the log", "after the log"])
def test_a_crash_while_an_item_is_locked_is_swept_up_by_the_next_addition(store, tmp_path, when):
    (tmp_path / "a.csv").write_bytes(SECRET)
    item_id = store.add(tmp_path / "a.csv").evidence_id
    killed(store, item_id, "lock", when)
    (tmp_path / "next.csv").write_bytes(b"x")
    Store(store.path).add(tmp_path / "next.csv")
    assert kinds(store) == []
    assert plain(store, item_id) == SECRET
    assert store.item(item_id).state == ("sealed" if when == "before the log" else "encrypted")


def test_an_item_that_is_purged_while_it_is_locked_stays_purged(store, tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_bytes(SECRET)
    item_id = store.add(tmp_path / "a.csv").evidence_id
    encrypt = Vault.encrypt

    def purging(vault, stream, into):
        Store(store.path).purge(item_id, reason="ended", authority="order 1", by="a.n.")
        return encrypt(vault, stream, into)

    monkeypatch.setattr(Vault, "encrypt", purging)
    with pytest.raises(EvidenceError, match="held otherwise"):
        lock(store, item_id, by="a.n.", reason="names")
    assert (kinds(store), Store(store.path).item(item_id).state) == ([], "purged")


def test_who_may_not_change_recipients_may_not_encrypt_anew(moved_on, item_id, tmp_path, monkeypatch):
    monkeypatch.setattr("perito.evidence.roles.account_of_process", lambda: "ana")
    people = '[[person]]\nid = "a.n."\nname = "Ana"\nlogins = ["ana"]\nroles = ["analyst"]\n'
    (tmp_path / "people.toml").write_text(people)
    item = moved_on.item(item_id)
    with pytest.raises(EvidenceError, match="may not"):
        rewrapping(moved_on, tmp_path, [item], (None, "b. left", None))
    (tmp_path / "people.toml").write_text(people.replace("analyst", "custodian"))
    assert rewrapping(moved_on, tmp_path, [item], (None, "b. left", None)) == [item]


@pytest.mark.parametrize("written", [0, 1, 2, 3])
@pytest.mark.parametrize("act", ["seal", "lock", "rewrap"])
def test_a_disk_that_is_full_while_bytes_are_encrypted_loses_none(
    moved_on, item_id, tmp_path, monkeypatch, act, written
):
    (tmp_path / "a.csv").write_bytes(b"plain words\n" * 20_000)
    plain_id = moved_on.add(tmp_path / "a.csv").evidence_id
    (tmp_path / "b.csv").write_bytes(b"new words\n" * 20_000)
    if act == "rewrap":
        present = Vault(moved_on.path).recipients()
        Vault(moved_on.path).set_recipients([*present, new_identity("third", None)[1]])
        lock(moved_on, plain_id, by="a.n.", reason="names")
        Vault(moved_on.path).set_recipients(present)
    calls = []

    def filling_up(handle, chunk):
        calls.append(chunk)
        if len(calls) > written:
            raise EvidenceError("the store cannot be written", found="No space left on device")
        return write_all(handle, chunk)

    with monkeypatch.context() as patch:
        patch.setattr("perito.evidence.vault.write_all", filling_up)
        with pytest.raises(EvidenceError, match="No space"):
            {
                "seal": lambda: seal_confidential(moved_on, [(tmp_path / "b.csv", {})]),
                "lock": lambda: lock(moved_on, plain_id, by="a.n.", reason="names"),
                "rewrap": lambda: rewrap(moved_on, [plain_id], **WHO),
            }[act]()
    assert kinds(moved_on) == []
    assert plain(moved_on, plain_id) == b"plain words\n" * 20_000
    assert plain(moved_on, item_id) == SECRET
    assert len(Store(moved_on.path).items()) == 2


def test_a_file_that_cannot_be_read_to_its_end_is_not_sealed_as_far_as_it_was(store):
    class Failing:
        def read(self, _count=-1):
            raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        Vault(store.path).encrypt(Failing(), os.open(os.devnull, os.O_WRONLY))


def test_a_store_that_cannot_be_written_is_an_error_in_words(store, tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_bytes(SECRET)
    item_id = store.add(tmp_path / "a.csv").evidence_id

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("perito.evidence.objects.tempfile.mkdtemp", full)
    with pytest.raises(EvidenceError, match="No space"):
        lock(store, item_id, by="a.n.", reason="names")
