"""A purge leaves a proof, a duty to report leaves a record, and a digest can be entered without its bytes."""

from __future__ import annotations

import json

import pytest

from perito.errors import CaseError, EvidenceError, Missing
from perito.evidence import Store
from perito.evidence.digest_lists import declare_digests, read_digests
from perito.evidence.duty import acknowledge_report, duty_title, open_duties, report_duty
from perito.evidence.keys import SigningKey
from perito.evidence.log import Proof
from perito.evidence.purging import purge_with_proof, write_proof

ITEM, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64


@pytest.fixture
def key() -> SigningKey:
    return SigningKey.new("example.com/case")


@pytest.fixture
def case(tmp_path):
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "a.bin").write_bytes(b"words")
    return folder


@pytest.fixture
def store(case, key) -> Store:
    made = Store(case / "evidence", signers=[key])
    made.add(case / "a.bin")
    made.add(case / "a.bin", origin="a second time")
    return made


def acts(store, item_id):
    return [act["act"] for _, act in store.custody.of_item(item_id)]


# --- purge -------------------------------------------------------------------------------------------


def test_a_purge_leaves_proofs_that_hold_against_the_signed_log(case, store, key):
    item = store.items()[0]
    record = purge_with_proof(store, case, item, reason="ended", authority="order 1", by="a.n.")
    entries = list(store.custody.log.entries())
    shown = []
    for name in record.proofs:
        proof = Proof.parse((case / name).read_bytes())
        assert proof.verify(entries[proof.index], [key.verifier])
        assert not proof.verify(entries[proof.index] + b" ", [key.verifier])
        shown.append(json.loads(entries[proof.index])["act"])
    assert shown == ["acquired", "acquired", "purged"]
    said = json.loads((case / "purged" / item.evidence_id[7:23] / "purge.json").read_bytes())
    assert (said["evidence_id"], said["bytes"], said["authority"]) == (item.evidence_id, 5, "order 1")
    with pytest.raises(Missing, match="purged"):
        store.get(item.evidence_id)
    assert store.check().ok


def test_the_proof_can_be_written_again_later_and_after_more_acts(case, store, key):
    item = store.items()[0]
    purge_with_proof(store, case, item, reason="ended", authority="order 1", by="a.n.")
    store.custody.record("opened", items=[OTHER])
    record = write_proof(store, case, item.evidence_id)
    entries = list(store.custody.log.entries())
    for name in record.proofs:
        proof = Proof.parse((case / name).read_bytes())
        assert proof.verify(entries[proof.index], [key.verifier])


def test_what_was_not_purged_has_no_proof_of_it(case, store):
    with pytest.raises(Missing, match="not purged"):
        write_proof(store, case, store.items()[0].evidence_id)


def test_only_who_may_purges_and_the_attempt_is_logged(case, store, monkeypatch):
    people = '[[person]]\nid = "a.n."\nname = "Ana"\nlogins = ["ana"]\nroles = ["analyst"]\n'
    (case / "people.toml").write_text(people, "utf-8")
    monkeypatch.setattr("perito.evidence.roles.account_of_process", lambda: "ana")
    item = store.items()[0]
    with pytest.raises(EvidenceError, match="may not delete bytes"):
        purge_with_proof(store, case, item, reason="ended", authority="order 1")
    assert store.item(item.evidence_id).state == "sealed"
    assert acts(store, item.evidence_id)[-1] == "refused"


@pytest.mark.parametrize(("reason", "authority"), [("", "order 1"), ("ended", "")])
def test_a_purge_without_reason_or_authority_deletes_nothing(case, store, reason, authority):
    item = store.items()[0]
    with pytest.raises(CaseError):
        purge_with_proof(store, case, item, reason=reason, authority=authority, by="a.n.")
    with store.get(item.evidence_id) as stream:
        assert stream.read() == b"words"


# --- the duty to report ------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_match_is_told_in_words_with_the_provision_and_nothing_of_the_item(store, language):
    prompt = report_duty(store.custody, ITEM, "list-1", "perito match")
    words = prompt.words(language)
    assert ITEM in words
    assert "list-1" in words
    assert duty_title(language) in words
    assert "8/2021" in words


def test_a_match_is_logged_once_for_each_list(store):
    first = report_duty(store.custody, ITEM, "list-1", "perito match")
    again = report_duty(store.custody, ITEM, "list-1", "perito match")
    report_duty(store.custody, ITEM, "list-2", "perito match")
    assert (first.is_new, again.is_new) == (True, False)
    assert acts(store, ITEM) == ["duty_prompted", "duty_prompted"]


def test_a_match_waits_until_a_report_is_logged(store):
    report_duty(store.custody, ITEM, "list-1")
    report_duty(store.custody, OTHER, "list-1")
    assert [one.evidence_id for one in open_duties(store.custody)] == [ITEM, OTHER]
    acknowledge_report(store.custody, ITEM, authority="the police", reference="4711", by="a.n.")
    assert [one.evidence_id for one in open_duties(store.custody)] == [OTHER]
    report_duty(store.custody, ITEM, "list-2")
    assert [one.evidence_id for one in open_duties(store.custody)] == [OTHER, ITEM]


@pytest.mark.parametrize("missing", ["authority", "reference", "by"])
def test_a_report_says_to_whom_by_whom_and_under_which_number(store, missing):
    said = {"authority": "the police", "reference": "4711", "by": "a.n.", missing: " "}
    with pytest.raises(CaseError):
        acknowledge_report(store.custody, ITEM, **said)
    with pytest.raises(CaseError):
        report_duty(store.custody, ITEM, "")


# --- digests without bytes ---------------------------------------------------------------------------

GOOD = {"digest": ITEM, "bytes": 7, "media_type": "image/jpeg", "computed_by": "hotline, tool 1"}


def as_json(*items) -> bytes:
    return json.dumps(items).encode()


def test_a_list_of_digests_enters_items_that_are_counted_and_never_held(store, tmp_path):
    file = tmp_path / "list.json"
    file.write_bytes(as_json({**GOOD, "pdq": "0" * 64, "pdq_quality": 100, "path": "a.jpg", "platform": "x"}))
    item = declare_digests(store, file, by="a.n.", origin="the hotline")[0]
    assert (item.state, item.path, item.bytes) == ("hash_only", "a.jpg", 7)
    assert (item.acquisition.platform, item.acquisition.origin) == ("x", "the hotline")
    with pytest.raises(Missing, match="not held"):
        store.get(ITEM)
    size = store.custody.size
    declare_digests(store, file, by="a.n.", origin="the hotline")
    assert store.custody.size == size
    assert store.check().ok


def test_csv_and_json_give_the_same_items(tmp_path):
    (tmp_path / "list.json").write_bytes(
        as_json(GOOD, {**GOOD, "digest": OTHER, "acquired_at": "2026-01-02"})
    )
    text = (
        f"digest,bytes,media_type,computed_by,acquired_at\n"
        f'{ITEM},7,image/jpeg,"hotline, tool 1",\n{OTHER},7,image/jpeg,"hotline, tool 1",2026-01-02\n'
    )
    (tmp_path / "list.csv").write_text(text, "utf-8")
    assert read_digests(tmp_path / "list.csv") == read_digests(tmp_path / "list.json")


WRONG = {
    "no list": as_json(GOOD)[1:-1],
    "no objects": b"[1, 2]",
    "no JSON": b"[{",
    "a key twice": b'[{"digest": "a", "digest": "b"}]',
    "NaN": b'[{"bytes": NaN}]',
    "an unknown key": as_json({**GOOD, "sha": "x"}),
    "a missing key": as_json({key: value for key, value in GOOD.items() if key != "computed_by"}),
    "a float for a size": as_json({**GOOD, "bytes": 7.5}),
    "a size below zero": as_json({**GOOD, "bytes": -7}),
    "a list for a text": as_json({**GOOD, "media_type": ["x"]}),
    "no digest": as_json({**GOOD, "digest": "sha256:" + "A" * 64}),
    "no PDQ hash": as_json({**GOOD, "pdq": "xyz"}),
    "CSV with more cells": b"digest,bytes\na,1,2,3\n",
    "another encoding": b"digest,bytes\n\xff,1\n",
    "100,000 levels": b"[" * 100_000,
}


@pytest.mark.parametrize("name", WRONG)
def test_a_list_that_says_something_else_is_refused_and_enters_nothing(store, tmp_path, name):
    file = tmp_path / "list"
    file.write_bytes(WRONG[name])
    before = store.custody.size
    with pytest.raises(CaseError):
        declare_digests(store, file, by="a.n.")
    assert store.custody.size == before
