"""Confidential evidence, purges and duties on the command line."""

from __future__ import annotations

import io
import json
import re

import pyarrow.parquet as pq
import pytest

from perito.evidence import Store
from perito.evidence.duty import report_duty


@pytest.fixture
def keys(tmp_path, monkeypatch):
    monkeypatch.setenv("PERITO_KEYS", str(tmp_path / "keys"))
    for name in ("PERITO_PASSPHRASE", "PERITO_PASSPHRASE_FILE", "PERITO_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "keys"


@pytest.fixture
def vault_case(perito, keys, small_case):
    """The small case, its one file confidential, the vault for two people."""
    named = []
    for name in ("case", "recovery"):
        made = perito("vault", "new", name, "--unprotected")
        named += ["--add", f"{name}={made.text.splitlines()[1]}"]
    assert perito("vault", "recipients", small_case, *named).code == 0
    file = small_case / "case.toml"
    declared = 'platform = "x"\nconfidential = true\n'
    file.write_text(file.read_text("utf-8").replace('platform = "x"\n', declared, 1), "utf-8")
    return small_case


def plain_in(folder) -> bool:
    return any(b"Study,x" in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_case_with_confidential_evidence_is_run_and_verified_where_the_identity_is(
    perito, vault_case, keys
):
    ran = perito("run", vault_case, "--quiet")
    assert ran.code == 0, ran.err
    assert not plain_in(vault_case / "evidence")
    row = pq.read_table(vault_case / "tables" / "evidence.parquet").to_pylist()[0]
    assert (row["state"], row["mapped"]) == ("encrypted", 1)
    assert perito("verify", vault_case, "--quiet").code == 0
    before = (vault_case / "dossier" / "findings.json").read_bytes()
    assert perito("run", vault_case, "--quiet").code == 0
    assert (vault_case / "dossier" / "findings.json").read_bytes() == before


def test_without_an_identity_the_run_is_refused_in_one_line_and_the_check_holds(
    perito, refused, vault_case, keys
):
    assert perito("run", vault_case, "--quiet").code == 0
    for path in keys.glob("*.agekey"):
        path.unlink()
    assert "no identity here opens it" in refused("run", vault_case)
    assert perito("check", vault_case, "--quiet").code == 0


def test_confidential_material_is_shown_for_a_role_and_a_reason_and_that_is_logged(
    perito, refused, vault_case
):
    assert perito("run", vault_case, "--quiet").code == 0
    item = "sources/counts.csv"
    assert "reason" in refused("show", vault_case, item, "row=1")
    assert "role" in refused("show", vault_case, item, "row=1", "--reason", "reading")
    assert "may not" in refused("show", vault_case, item, "--reason", "reading", "--role", "reader")
    shown = perito(
        "show", vault_case, item, "row=1", "--reason", "reading", "--role", "analyst", "--by", "a.n."
    )
    assert (shown.code, shown.out[:7]) == (0, b"Study,x")
    acts = [one for one in Store(vault_case / "evidence").custody.entries() if one["act"] == "opened"]
    assert [(one["by"], one["role"], one["reason"], one["locator"]) for one in acts] == [
        ("a.n.", "analyst", "reading", "row=1")
    ]


def test_what_is_only_described_is_not_opened(perito, vault_case):
    assert perito("run", vault_case, "--quiet").code == 0
    told = perito("show", vault_case, "sources/counts.csv", "--json")
    assert json.loads(told.out)["state"] == "encrypted"
    acts = [one["act"] for one in Store(vault_case / "evidence").custody.entries()]
    assert "opened" not in acts


def test_a_file_is_added_confidential_or_locked_later(perito, refused, vault_case, tmp_path):
    for name in ("one.bin", "two.bin"):
        (tmp_path / name).write_bytes(name.encode() * 9)
    stated = ("--format", "document")
    assert perito("add", vault_case, tmp_path / "one.bin", "--confidential", *stated).code == 0
    assert perito("add", vault_case, tmp_path / "two.bin", *stated).code == 0
    assert "encrypted" in perito("vault", "lock", vault_case, "two.bin", "--reason", "names").text
    states = {item.path: item.state for item in Store(vault_case / "evidence").items()}
    assert states == {"one.bin": "encrypted", "two.bin": "encrypted"}
    assert "not plainly sealed" in refused("vault", "lock", vault_case, "two.bin")


def test_confidential_evidence_without_a_vault_is_refused_before_anything_is_written(
    refused, keys, small_case, tmp_path
):
    (tmp_path / "one.bin").write_bytes(b"x")
    said = refused("add", small_case, tmp_path / "one.bin", "--confidential", "--format", "document")
    assert "recovery key" in said
    assert not (small_case / "evidence").exists()


@pytest.mark.parametrize("key", ["nothing", "case=age1wrong", "=age1"])
def test_a_recipient_that_is_none_is_refused(refused, keys, small_case, key):
    refused("vault", "recipients", small_case, "--add", key)
    assert not (small_case / "evidence").exists()


def test_recipients_are_listed_with_their_names(perito, vault_case):
    listed = json.loads(perito("vault", "recipients", vault_case, "--json").out)
    assert [one["name"] for one in listed] == ["case", "recovery"]
    assert perito("vault", "recipients", vault_case).text.count("age1") == 2


# --- purge -------------------------------------------------------------------------------------------

PURGE = ("--reason", "retention ended", "--authority", "order 12/2026", "--by", "a.n.", "--yes")


def test_a_purged_item_is_shown_as_such_and_no_rerun_brings_it_back(perito, refused, keys, built_case):
    item = "sources/counts.csv"
    digest = Store(built_case / "evidence").find(item).evidence_id
    purged = json.loads(perito("purge", built_case, item, *PURGE, "--json").out)
    assert all((built_case / name).is_file() for name in purged["proofs"])
    assert "purged" in refused("show", built_case, item)
    assert digest in refused("run", built_case)  # the file still lies where the case declares it
    (built_case / "sources" / "counts.csv").unlink()
    assert perito("check", built_case, "--quiet").code == 0
    assert perito("dossier", built_case, "--quiet").code == 0
    verified = perito("verify", built_case)
    assert verified.err == ""
    assert "items without bytes" in verified.text
    assert not plain_in(built_case / "evidence")


def test_the_dossier_and_the_tables_name_a_purged_item_with_its_digest(perito, keys, built_case, tmp_path):
    (tmp_path / "note.txt").write_text("a note", "utf-8")
    assert perito("add", built_case, tmp_path / "note.txt", "--format", "document").code == 0
    digest = Store(built_case / "evidence").find("note.txt").evidence_id
    assert perito("purge", built_case, "note.txt", *PURGE).code == 0
    assert perito("run", built_case, "--quiet").code == 0
    rows = pq.read_table(built_case / "tables" / "evidence.parquet").to_pylist()
    assert {row["path"]: row["state"] for row in rows}["note.txt"] == "purged"
    report = (built_case / "dossier" / "report.html").read_text("utf-8")
    assert digest.removeprefix("sha256:")[:12] in report
    assert re.search(r"deleted, with a record|eliminados, con constancia", report)
    assert perito("verify", built_case, "--quiet").code == 0


def test_nothing_is_deleted_without_a_yes(perito, keys, built_case, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    asked = perito("purge", built_case, "sources/counts.csv", *PURGE[:-1])
    assert (asked.code, asked.out) == (130, b"")
    assert Store(built_case / "evidence").find("sources/counts.csv").state == "sealed"


@pytest.mark.parametrize("left_out", ["--reason", "--authority"])
def test_a_purge_names_its_reason_and_its_authority(refused, keys, built_case, left_out):
    at = PURGE.index(left_out)
    assert left_out in refused("purge", built_case, "sources/counts.csv", *PURGE[:at], *PURGE[at + 2 :])


# --- digests alone, and duties -----------------------------------------------------------------------


def test_a_list_of_digests_is_entered_without_bytes_and_the_case_still_runs(
    perito, keys, small_case, tmp_path
):
    digest = "sha256:" + "c" * 64
    file = tmp_path / "list.csv"
    file.write_text(f"digest,bytes,media_type,computed_by\n{digest},9,image/png,hotline\n", "utf-8")
    added = perito("add", small_case, file, "--hash-only", "--origin", "hotline")
    assert (added.code, added.text.split()) == (0, [digest, "9", "hash_only", digest])
    assert perito("run", small_case, "--quiet").code == 0
    rows = pq.read_table(small_case / "tables" / "evidence.parquet").to_pylist()
    assert {row["evidence_id"]: row["state"] for row in rows}[digest] == "hash_only"
    assert perito("verify", small_case, "--quiet").code == 0


def test_a_duty_is_listed_until_a_report_is_recorded(perito, refused, keys, built_case):
    store = Store(built_case / "evidence")
    digest = store.items()[0].evidence_id
    assert perito("duty", built_case).code == 0
    report_duty(store.custody, digest, "list-1", "perito match")
    listed = perito("duty", built_case, "--language", "es")
    assert (listed.code, digest in listed.text, "Study" in listed.text) == (1, True, False)
    assert "reference" in refused("duty", built_case, digest, "--authority", "the police")
    done = perito(
        "duty", built_case, digest, "--authority", "the police", "--reference", "4711", "--by", "a.n."
    )
    assert (done.code, done.text) == (0, "")
    assert json.loads(perito("duty", built_case, "--json").out) == []


def test_what_was_encrypted_before_is_encrypted_anew_for_a_new_recipient(perito, keys, vault_case):
    assert perito("run", vault_case, "--quiet").code == 0
    added = perito("vault", "new", "third", "--unprotected").text.splitlines()[1]
    assert perito("vault", "recipients", vault_case, "--add", f"third={added}").code == 0
    outcome = perito("vault", "rewrap", vault_case, "--reason", "a third holder")
    assert (outcome.code, outcome.text.count("encrypted anew")) == (0, 1)
    assert perito("vault", "rewrap", vault_case).text == ""
    for path in keys.glob("*.agekey"):
        if path.stem != "third":
            path.unlink()
    assert perito("check", vault_case, "--quiet").code == 0
    assert perito("verify", vault_case, "--quiet").code == 0
