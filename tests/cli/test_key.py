"""`perito key`: keys outside the case, under a passphrase that is never on the command line."""

from __future__ import annotations

import json

import pytest

from perito.evidence.keyring import keys_folder
from perito.evidence.keys import VerifierKey, read_key

NAME = "unit4.example/case-7"


@pytest.fixture(autouse=True)
def keys(tmp_path, monkeypatch):
    folder = tmp_path / "keys"
    monkeypatch.setenv("PERITO_KEYS", str(folder))
    for name in ("PERITO_KEY", "PERITO_PASSPHRASE", "PERITO_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def phrase(tmp_path):
    path = tmp_path / "passphrase.txt"
    path.write_text("correct horse\nsecond line\n", "utf-8")
    return path


def test_a_new_key_is_protected_and_readable_by_its_owner_only(perito, keys, phrase):
    outcome = perito("key", "new", NAME, "--passphrase-file", phrase)
    assert outcome.code == 0
    (path,) = keys.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert keys.stat().st_mode & 0o777 == 0o700
    assert outcome.text.splitlines()[0] == read_key(path, "correct horse").verifier.text
    assert b"ENCRYPTED" in path.read_bytes()


def test_the_passphrase_may_come_from_the_environment(perito, keys, monkeypatch):
    monkeypatch.setenv("PERITO_PASSPHRASE", "from outside")
    assert perito("key", "new", NAME).code == 0
    assert read_key(next(keys.iterdir()), "from outside").name == NAME


def test_without_passphrase_and_terminal_no_key_is_made(refused, keys):
    assert "--passphrase-file" in refused("key", "new", NAME)
    assert not keys.exists()


def test_an_empty_passphrase_is_refused(refused, tmp_path):
    (tmp_path / "empty").write_text("\n", "utf-8")
    refused("key", "new", NAME, "--passphrase-file", tmp_path / "empty")


def test_an_unprotected_key_has_to_be_asked_for(perito, keys):
    assert perito("key", "new", NAME, "--unprotected").code == 0
    assert read_key(next(keys.iterdir())).name == NAME


def test_a_name_has_one_key(perito, refused, phrase):
    perito("key", "new", NAME, "--passphrase-file", phrase)
    assert "already" in refused("key", "new", NAME, "--passphrase-file", phrase)


def test_the_public_part_is_shown_and_listed_and_the_private_one_never(perito, phrase):
    made = json.loads(perito("key", "new", NAME, "--passphrase-file", phrase, "--json").out)
    shown = perito("key", "show", NAME).text.strip()
    assert made["key"] == shown == VerifierKey.parse(shown).text
    assert json.loads(perito("key", "list", "--json").out) == [{"file": made["file"], "key": shown}]
    assert shown in perito("key", "list").text
    assert perito("key", "show", NAME, "--pem").out == VerifierKey.parse(shown).pem()


def test_a_key_that_is_not_there_is_answered_with_the_nearest(perito, refused, phrase):
    assert "perito key new" in refused("key", "show", NAME)
    perito("key", "new", NAME, "--passphrase-file", phrase)
    assert NAME in refused("key", "show", "unit4.example/case-8")


def test_what_is_no_key_file_in_the_folder_is_passed_over(perito, keys):
    keys.mkdir()
    (keys / "note.key").write_text("no key", "utf-8")
    assert perito("key", "list").out == b""


@pytest.mark.parametrize("named", ["PERITO_KEYS", "XDG_CONFIG_HOME", "HOME"])
def test_keys_lie_where_the_user_keeps_settings(named, tmp_path, monkeypatch):
    monkeypatch.delenv("PERITO_KEYS")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv(named, str(tmp_path))
    below = {"PERITO_KEYS": "", "XDG_CONFIG_HOME": "perito/keys", "HOME": ".config/perito/keys"}
    assert keys_folder() == tmp_path / below[named]


def test_a_key_is_changed_and_the_log_says_so(perito, small_case, phrase, keys):
    perito("add", small_case, small_case / "sources" / "counts.csv", "--format", "label_counts", "--quiet")
    perito("key", "new", NAME, "--passphrase-file", phrase)
    assert perito("log", "sign", small_case, "--key", NAME, "--passphrase-file", phrase).code == 0
    before = (small_case / "evidence" / "log" / "log.vkey").read_text("utf-8").split()
    outcome = perito("key", "rotate", small_case, "--reason", "yearly", "--passphrase-file", phrase)
    assert outcome.code == 0
    new = outcome.text.splitlines()[0]
    assert (small_case / "evidence" / "log" / "log.vkey").read_text("utf-8").split() == [*before, new]
    acts = json.loads(perito("log", "show", small_case, "--json").out)["acts"]
    assert (acts[-1]["act"], acts[-1]["reason"], acts[-1]["new_key"]) == ("key_rotated", "yearly", new)
    assert len(list(keys.iterdir())) == 2
    assert perito("check", small_case, "--quiet").code == 0
    assert perito("key", "show", NAME).text.strip() == new


def test_a_key_that_is_not_here_cannot_be_changed(refused, small_case, perito):
    perito("add", small_case, small_case / "sources" / "counts.csv", "--format", "label_counts", "--quiet")
    assert "perito log sign" in refused("key", "rotate", small_case, "--reason", "yearly")
