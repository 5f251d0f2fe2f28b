"""`perito log`: acts listed, checkpoints signed and time-stamped, proofs handed over and verified."""

from __future__ import annotations

import json
import runpy
import shutil
from pathlib import Path

import orjson
import pytest

from perito.evidence import Store
from perito.evidence.log import Proof

_OF_THE_LOG = runpy.run_path(str(Path(__file__).parents[1] / "evidence" / "log" / "conftest.py"))
authority, serve, POLICY = (_OF_THE_LOG[name] for name in ("authority", "serve", "POLICY"))
KEY = "unit4.example/small"


@pytest.fixture(autouse=True)
def keys(tmp_path, monkeypatch):
    monkeypatch.setenv("PERITO_KEYS", str(tmp_path / "keys"))
    monkeypatch.setenv("PERITO_PASSPHRASE", "correct horse")
    monkeypatch.setenv("PERITO_BY", "a.n.")
    for name in ("PERITO_KEY", "PERITO_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def vkey(perito):
    """A key for the case, by its public part."""
    assert perito("key", "new", KEY).code == 0
    return perito("key", "show", KEY).text.strip()


@pytest.fixture
def case(perito, small_case):
    """The small case, sealed and run, unsigned."""
    assert perito("run", small_case, "--quiet").code == 0
    return small_case


@pytest.fixture
def signed(perito, case, vkey):
    assert perito("log", "sign", case, "--key", KEY, "--quiet").code == 0
    return case


def trust_of(found):
    folder = found.folder
    return ("--root", folder / "root.pem", "--policy", POLICY, "--authority", folder / "authority.pem")


def replies(found):
    return lambda query, _: (200, {"Content-Type": "application/timestamp-reply"}, found.answer(query))


def custody(case):
    return orjson.loads((case / "dossier" / "custody.json").read_bytes())


# --- shown -----------------------------------------------------------------------------------------------


def test_the_acts_are_listed_in_both_languages_and_what_is_missing_is_said(perito, case):
    shown = perito("log", "show", case).text
    assert all(word in shown for word in ("acquired", "sealed", "dossier made", "unsigned", "unstamped"))
    assert "adquirido" in perito("log", "show", case, "--language", "es").text


def test_the_acts_on_one_item_or_of_one_kind_are_picked_out(perito, case):
    perito("show", case, "sources/counts.csv", "row=1")
    opened = json.loads(perito("log", "show", case, "--act", "opened", "--json").out)["acts"]
    assert [entry["act"] for entry in opened] == ["opened"]
    assert opened[0]["items"] == [Store(case / "evidence").find("sources/counts.csv").evidence_id]
    of_item = json.loads(perito("log", "show", case, "--item", "sources/counts.csv", "--json").out)["acts"]
    assert {entry["act"] for entry in of_item} == {"acquired", "sealed", "opened"}


# --- signed ----------------------------------------------------------------------------------------------


def test_a_signed_log_goes_on_being_signed_while_its_key_is_at_hand(perito, signed, vkey, monkeypatch):
    perito("show", signed, "sources/counts.csv", "row=1")
    state = json.loads(perito("log", "show", signed, "--json").out)["state"]
    assert (state["is_signed"], state["signers"]) == (True, [vkey])
    monkeypatch.delenv("PERITO_PASSPHRASE")
    perito("show", signed, "sources/counts.csv", "row=1")
    state = json.loads(perito("log", "show", signed, "--json").out)["state"]
    assert (state["is_signed"], state["size"] - state["signed_size"]) == (False, 1)
    assert "unsigned: the 1 entries after that" in perito("log", "show", signed).text


def test_a_new_log_takes_the_key_that_the_environment_names(perito, small_case, vkey, monkeypatch):
    monkeypatch.setenv("PERITO_KEY", KEY)
    assert perito("run", small_case, "--quiet").code == 0
    assert json.loads(perito("log", "show", small_case, "--json").out)["state"]["signers"] == [vkey]
    assert [one["key"] for one in custody(small_case)["log"]["signatures"]] == [vkey]


def test_a_wrong_passphrase_or_no_key_is_an_error(refused, case, vkey, monkeypatch):
    assert "perito key new" in refused("log", "sign", case)
    monkeypatch.setenv("PERITO_PASSPHRASE", "wrong")
    refused("log", "sign", case, "--key", KEY)


def test_another_key_than_the_logs_own_is_refused(perito, refused, signed):
    perito("key", "new", "another.example")
    refused("log", "sign", signed, "--key", "another.example")


def test_a_witness_signs_beside_the_logs_own_key(perito, signed):
    perito("key", "new", "witness.example", "--witness")
    assert perito("log", "sign", signed, "--key", "witness.example").code == 0
    assert len(json.loads(perito("log", "show", signed, "--json").out)["state"]["signers"]) == 2


# --- time-stamped ----------------------------------------------------------------------------------------


def test_a_checkpoint_is_stamped_at_the_address_that_is_named(perito, signed, authority, serve):
    outcome = perito("log", "stamp", signed, "--tsa", serve(replies(authority)), *trust_of(authority))
    assert outcome.code == 0
    assert "stamped" in outcome.text
    verified = perito("log", "verify", signed, *trust_of(authority), "--json")
    assert (verified.code, json.loads(verified.out)["checked"]["stamps"]) == (0, 1)


@pytest.mark.parametrize("status", [404, 500])
def test_a_stamp_that_fails_is_an_error_and_the_state_is_unstamped(refused, perito, signed, serve, status):
    refused("log", "stamp", signed, "--tsa", serve(lambda *_: (status, {}, b"")))
    assert "unstamped: no time stamp" in perito("log", "show", signed).text


def test_an_unsigned_log_has_nothing_to_stamp(refused, case, serve, authority):
    assert "sign" in refused("log", "stamp", case, "--tsa", serve(replies(authority)))


def test_a_query_carried_by_hand_is_answered_and_attached(perito, refused, signed, authority, tmp_path):
    query, response = tmp_path / "query.tsq", tmp_path / "response.tsr"
    assert perito("log", "query", signed, "--out", query).code == 0
    refused("log", "query", signed, "--out", query)
    response.write_bytes(authority.answer(query.read_bytes()))
    attached = perito("log", "attach", signed, response)
    assert "unverified" in attached.text
    assert perito("log", "attach", signed, response, *trust_of(authority)).code == 0


def test_a_response_to_another_query_is_refused(perito, refused, signed, authority, tmp_path):
    perito("log", "query", signed, "--out", tmp_path / "query.tsq")
    (tmp_path / "bad.tsr").write_bytes(authority.answer((tmp_path / "query.tsq").read_bytes())[:-5])
    refused("log", "attach", signed, tmp_path / "bad.tsr")
    assert "unstamped" in perito("log", "show", signed).text


@pytest.mark.parametrize("given", [["--root", "r.pem"], ["--policy", "1.2.3"], ["--authority", "a.pem"]])
def test_half_of_what_a_stamp_is_held_against_is_refused(refused, signed, given):
    refused("log", "verify", signed, *given)


# --- proofs ----------------------------------------------------------------------------------------------


def test_the_proof_of_an_item_holds_against_the_key_alone(perito, signed, vkey, tmp_path):
    assert perito("log", "proof", signed, "sources/counts.csv", "--out", tmp_path / "out").code == 0
    for path in sorted((tmp_path / "out").glob("*.tlog-proof")):
        assert perito("log", "verify", path, "--key", vkey).code == 0
        assert perito("log", "verify", path).code == 1
        leaf = path.with_suffix(".json")
        leaf.write_bytes(leaf.read_bytes().replace(b'"bytes"', b'"bytez"', 1))
        assert perito("log", "verify", path, "--key", vkey).code == 1


def test_the_proof_of_an_unsigned_log_says_so(perito, case, tmp_path):
    outcome = perito("log", "proof", case, "sources/counts.csv", "--out", tmp_path / "out")
    assert "unsigned" in outcome.text
    path = next((tmp_path / "out").glob("*.tlog-proof"))
    assert perito("log", "verify", path).code == 1


def test_a_log_is_held_against_the_key_that_one_brings(perito, signed, vkey):
    perito("key", "new", "another.example")
    other = perito("key", "show", "another.example").text.strip()
    assert perito("log", "check", signed).code == 0
    assert perito("log", "verify", signed, "--key", vkey).code == 0
    assert perito("log", "verify", signed, "--key", other).code == 1
    assert perito("log", "verify", signed / "dossier", "--key", vkey).code == 1  # made before the signature
    assert perito("run", signed, "--quiet").code == 0
    assert perito("log", "verify", signed / "dossier", "--key", vkey).code == 0
    assert perito("log", "verify", signed / "dossier", "--key", other).code == 1


def test_what_is_no_log_is_refused(refused, tmp_path):
    refused("log", "verify", tmp_path)


# --- the dossier -----------------------------------------------------------------------------------------


def test_a_dossier_without_signature_and_stamp_says_so_everywhere(perito, case):
    record = custody(case)
    assert (record["log"]["signatures"], record["log"]["stamps"]) == ([], [])
    report = (case / "dossier" / "report.html").read_text("utf-8")
    assert all(word in report for word in ("Unsigned", "Sin firma", "Unstamped", "Sin sello de tiempo"))
    expert = (case / "dossier" / "expert.html").read_text("utf-8")
    assert all(word in expert for word in ("unsigned", "unstamped"))
    checked = json.loads(perito("verify", case / "dossier", "--json").out)["checked"]
    assert checked["checkpoint without a signature"] == checked["checkpoint without a time stamp"] == 1


def test_a_signed_and_stamped_dossier_verifies_and_a_second_run_changes_no_byte(
    perito, signed, vkey, authority, serve, bytes_of
):
    perito("log", "stamp", signed, "--tsa", serve(replies(authority)))
    assert perito("run", signed, "--quiet").code == 0
    record = custody(signed)
    assert [one["key"] for one in record["log"]["signatures"]] == [vkey]
    assert len(record["log"]["stamps"]) == 1
    before = bytes_of(signed)
    assert perito("run", signed, "--quiet").code == 0
    assert bytes_of(signed) == before
    checked = json.loads(perito("verify", signed, "--json").out)
    assert checked["ok"], checked["problems"]
    assert perito("log", "verify", signed / "dossier", "--key", vkey, *trust_of(authority)).code == 0


def test_openssl_verifies_the_stamp_in_a_dossier(perito, signed, authority, serve, tmp_path):
    perito("log", "stamp", signed, "--tsa", serve(replies(authority)))
    perito("run", signed, "--quiet")
    (stamp,) = custody(signed)["log"]["stamps"]
    response = signed / "dossier" / stamp["file"]
    assert authority.accepts(response.with_suffix(".note").read_bytes(), response.read_bytes(), tmp_path)


@pytest.mark.parametrize("is_signed", [True, False])
def test_a_second_run_logs_nothing_and_the_manifest_is_in_the_log(perito, case, vkey, bytes_of, is_signed):
    if is_signed:
        perito("log", "sign", case, "--key", KEY)
        perito("run", case, "--quiet")
    before = bytes_of(case)
    assert perito("run", case, "--quiet").code == 0
    assert bytes_of(case) == before
    published = json.loads(perito("log", "show", case, "--act", "published", "--json").out)["acts"]
    digest = (case / "dossier" / "manifest.sha256").read_text("utf-8").split()[0]
    assert published[-1]["manifest"] == digest


def test_an_opening_does_not_make_another_dossier(perito, signed, bytes_of):
    perito("run", signed, "--quiet")
    before = bytes_of(signed / "dossier")
    perito("show", signed, "sources/counts.csv", "row=1")
    perito("run", signed, "--quiet")
    assert bytes_of(signed / "dossier") == before


@pytest.mark.parametrize("change", ["leaf", "proof", "checkpoint", "root", "time", "signature"])
def test_custody_that_was_changed_in_a_dossier_is_named(perito, signed, change):
    perito("run", signed, "--quiet")
    folder = signed / "dossier"
    record = custody(signed)
    name = record["items"][0]["proofs"][0]
    if change == "leaf":
        path = folder / name.replace(".tlog-proof", ".json")
        path.write_bytes(path.read_bytes().replace(b"acquired", b"acquisit", 1))
    elif change == "proof":
        proof = Proof.parse((folder / name).read_bytes())
        (folder / name).write_bytes(Proof(proof.index + 1, proof.path, proof.note).data)
    elif change == "checkpoint":
        record["log"]["checkpoint"] = record["log"]["checkpoint"].replace("\n3\n", "\n4\n", 1)
    elif change == "root":
        record["log"]["root"] = "00" * 32
    elif change == "time":
        record["items"][0]["sealed_at"] = "2020-01-01T00:00:00Z"
    else:
        record["log"]["signatures"] = []
    (folder / "custody.json").write_bytes(orjson.dumps(record))
    report = json.loads(perito("log", "verify", folder, "--json").out)
    assert not report["ok"]
    assert {problem["kind"] for problem in report["problems"]} & {"proof", "custody", "signature", "origin"}


def test_a_case_whose_log_does_not_continue_the_dossiers_checkpoint_does_not_verify(perito, case, tmp_path):
    (tmp_path / "kept").mkdir()
    (case / "dossier").rename(tmp_path / "kept" / "dossier")
    shutil.rmtree(case / "evidence")
    perito("run", case, "--quiet")
    shutil.rmtree(case / "dossier")
    (tmp_path / "kept" / "dossier").rename(case / "dossier")
    outcome = perito("verify", case, "--json")
    assert outcome.code == 1
    assert "custody" in {problem["kind"] for problem in json.loads(outcome.out)["problems"]}


# --- witnessed elsewhere ---------------------------------------------------------------------------------


@pytest.fixture
def witness(perito, tmp_path):
    """The public key of a witness, in a file."""
    assert perito("key", "new", "witness.example", "--witness").code == 0
    file = tmp_path / "witness.vkey"
    file.write_text(perito("key", "show", "witness.example").text)
    return file


def copy_of_checkpoint(case, folder):
    return shutil.copy(case / "evidence/log/checkpoint", folder / "checkpoint")


def test_a_witness_without_the_case_signs_a_checkpoint_and_the_case_takes_it_in(
    perito, signed, vkey, witness, tmp_path
):
    given, back = copy_of_checkpoint(signed, tmp_path), tmp_path / "signed"
    call = ("log", "cosign", given, "--key", "witness.example", "--trust", vkey, "--out", back)
    assert perito(*call).code == 0
    assert perito("log", "witness", signed, back, "--key", witness).code == 0
    state = json.loads(perito("log", "show", signed, "--json").out)["state"]
    assert state["signers"] == [vkey, witness.read_text().strip()]
    assert perito("check", signed, "--quiet").code == 0
    report = json.loads(perito("log", "verify", signed, "--key", vkey, "--key", witness, "--json").out)
    assert report["ok"]


def test_a_witness_refuses_a_checkpoint_that_the_trusted_key_did_not_sign(
    perito, signed, vkey, witness, tmp_path
):
    given, back = copy_of_checkpoint(signed, tmp_path), tmp_path / "signed"
    perito("key", "new", "another.example")
    other = perito("key", "show", "another.example").text.strip()
    outcome = perito("log", "cosign", given, "--key", "witness.example", "--trust", other, "--out", back)
    assert (outcome.code, back.exists()) == (1, False)


def test_the_key_of_a_log_cannot_witness(refused, signed, vkey, witness, tmp_path):
    given, back = copy_of_checkpoint(signed, tmp_path), tmp_path / "signed"
    refused("log", "cosign", given, "--key", KEY, "--out", back)
    refused("log", "witness", signed, given, "--key", vkey)
    assert not back.exists()


def test_a_witness_of_an_older_checkpoint_or_of_none_is_refused(perito, refused, signed, witness, tmp_path):
    given, back = copy_of_checkpoint(signed, tmp_path), tmp_path / "signed"
    assert perito("log", "cosign", given, "--key", "witness.example", "--out", back).code == 0
    refused("log", "cosign", given, "--key", "witness.example", "--out", back)
    perito("show", signed, "sources/counts.csv", "row=1")  # the log grows, and is signed as it does
    refused("log", "witness", signed, back, "--key", witness)
    refused("log", "witness", signed, tmp_path / "none", "--key", witness)
    refused("log", "witness", signed, given, "--key", witness)
