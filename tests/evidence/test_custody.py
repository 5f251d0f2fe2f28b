"""The custody log of a store: every act an entry, the index behind it, and nothing of it lost or forged."""

from __future__ import annotations

import base64
import hashlib
import random
import shutil
import sqlite3
import subprocess
import sys

import orjson
import pytest

from perito.errors import CaseError, EvidenceError, Missing, SealBroken
from perito.evidence import Store
from perito.evidence.catalogue import Catalogue
from perito.evidence.custody import ACTS, PASSING_ACTS, STATED_ACTS, Custody, act_words, entry_of
from perito.evidence.keys import SigningKey
from perito.evidence.log import Proof, verify_inclusion

ABSENT = "sha256:" + "0" * 64
FACTS = {"media_type": "image/jpeg", "computed_by": "hotline, tool 1.0", "path_in_case": "image-1"}


@pytest.fixture(scope="module")
def key():
    return SigningKey.new("unit4.example/case-7")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "evidence", signers=())


@pytest.fixture
def signed(tmp_path, key):
    return Store(tmp_path / "evidence", signers=[key])


@pytest.fixture
def source(tmp_path):
    def write(data, name="posts.csv"):
        path = tmp_path / "sources" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    return write


def acts(store):
    return [entry["act"] for entry in store.custody.entries()]


def fingerprint(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def change_index(store, *statements):
    connection = sqlite3.connect(store.path / "index.sqlite", isolation_level=None)
    for statement, *values in statements:
        connection.execute(statement, values)
    connection.close()


def object_of(store, item_id):
    digest = item_id.removeprefix("sha256:")
    return store.path / "objects" / digest[:2] / digest[2:]


# --- every act is an entry -------------------------------------------------------------------------------


def test_adding_a_file_logs_its_acquisition_with_all_facts_and_its_seal(store, source):
    receipt = store.add(source(b"1"), platform="x", legal_basis="art. 40", acquired_at_us=5)
    acquired, sealed = store.custody.entries()
    record = acquired["record"]
    assert (acquired["act"], acquired["items"]) == ("acquired", [receipt.evidence_id])
    assert (record["evidence_id"], record["path"], record["bytes"]) == (receipt.evidence_id, "posts.csv", 1)
    assert (record["platform"], record["legal_basis"], record["acquired_at_us"]) == ("x", "art. 40", 5)
    assert (sealed["act"], sealed["items"], sealed["bytes"]) == ("sealed", [receipt.evidence_id], 1)
    assert sealed["limits"] == store.limits.to_json()


def test_adding_the_same_again_changes_no_byte_of_the_log(signed, source):
    path = source(b"1")
    signed.add(path, platform="x")
    before = fingerprint(signed.path)
    signed.add(path, platform="x")
    assert fingerprint(signed.path) == before


def test_a_second_acquisition_is_an_entry_and_no_second_seal(store, source):
    store.add(source(b"1", "a.csv"))
    store.add(source(b"1", "b.csv"))
    assert acts(store) == ["acquired", "sealed", "acquired"]


def test_many_files_are_one_commit_of_the_log(signed, source, monkeypatch):
    notes = []
    genuine = type(signed.custody.log).append_many
    monkeypatch.setattr(
        type(signed.custody.log),
        "append_many",
        lambda log, entries: notes.append(len(list(entries))) or genuine(log, entries),
    )
    signed.add_many([(source(bytes([n]), f"{n}"), {}) for n in range(40)])
    assert notes == [80]
    assert signed.custody.log.checkpoint().size == 80


def test_an_act_of_another_part_is_recorded_with_who_and_what(store):
    place = store.custody.record("labelled", items=[ABSENT], by="r2", at_us=7, label_book="v3")
    assert place == range(1)
    assert list(store.custody.entries()) == [
        {"act": "labelled", "at_us": 7, "by": "r2", "items": [ABSENT], "label_book": "v3"}
    ]
    assert store.custody.of_item(ABSENT)[0][0] == 0
    assert store.custody.of_item("sha256:" + "1" * 64) == []


@pytest.mark.parametrize("act", sorted(STATED_ACTS))
def test_what_changes_the_store_is_recorded_by_the_store_alone(store, act):
    with pytest.raises(CaseError):
        store.custody.record(act, items=[ABSENT])
    assert store.custody.size == 0


@pytest.mark.parametrize(
    "wrong",
    [{"act": "weighed"}, {"act": "opened", "items": ["x"], "fact": object()}, {"act": "opened", "n": 2**60}],
)
def test_what_no_log_can_record_is_refused(store, wrong):
    with pytest.raises(CaseError):
        store.custody.record(**wrong)
    assert store.custody.size == 0


def test_every_act_has_words_in_both_languages():
    assert set(ACTS) >= STATED_ACTS | PASSING_ACTS
    for act in ACTS:
        assert act_words(act, "en")
        assert act_words(act, "es")
    assert not STATED_ACTS & PASSING_ACTS


# --- proofs ----------------------------------------------------------------------------------------------


def test_a_proof_without_a_signature_leads_to_the_root_and_says_that_nobody_vouches(store, source):
    store.add(source(b"1"))
    proof = Proof.parse(store.custody.proof(1).data, may_be_unsigned=True)
    leaf = store.custody.log.entry(1)
    assert proof.note.signatures == ()
    assert verify_inclusion(leaf, 1, 2, proof.path, store.custody.log.root())
    assert not proof.verify(leaf, [SigningKey.new("other").verifier])
    assert store.custody.state().lines()[1:] == [
        "unsigned: nobody has signed this log",
        "unstamped: no time stamp of an authority",
    ]


def test_a_proof_under_a_signature_holds_against_the_key_and_no_other(signed, key, source):
    signed.add(source(b"1"))
    proof, leaf = signed.custody.proof(0), signed.custody.log.entry(0)
    assert proof.verify(leaf, [key.verifier])
    assert not proof.verify(leaf, [SigningKey.new(key.name).verifier])
    assert not proof.verify(leaf + b" ", [key.verifier])


def test_entries_after_the_last_signature_are_said_to_be_unsigned(signed, source):
    signed.add(source(b"1"))
    store = Store(signed.path, signers=())
    store.add(source(b"2", "b"))
    state = store.custody.state()
    assert (state.signed_size, state.size, state.to_json()["is_signed"]) == (2, 4, False)
    assert dict(store.check().checked)["log entries without a signature"] == 2
    assert store.custody.proof(1).note.signatures
    assert not store.custody.proof(3).note.signatures


def test_the_passing_of_a_key_is_recorded_and_both_keys_sign(signed, key, source):
    signed.add(source(b"1"))
    new = SigningKey.new(key.name)
    note = signed.custody.rotate(key, new, reason="yearly", by="a.n.")
    assert {one.key_id for one in note.signatures} == {key.verifier.key_id, new.verifier.key_id}
    last = list(signed.custody.entries())[-1]
    assert (last["act"], last["reason"], last["by"]) == ("key_rotated", "yearly", "a.n.")
    assert signed.check().ok
    with pytest.raises(CaseError):
        signed.custody.rotate(new, SigningKey.new("another"), reason="x")


# --- programs that are not ours --------------------------------------------------------------------------


def test_openssl_verifies_the_signature_of_a_checkpoint(signed, key, source, tmp_path):
    signed.add(source(b"1"))
    text, _, lines = (signed.path / "log" / "checkpoint").read_bytes().rpartition(b"\n\n")
    signature = base64.b64decode(lines.split()[-1])[4:]
    (tmp_path / "text").write_bytes(text + b"\n")
    (tmp_path / "signature").write_bytes(signature)
    (tmp_path / "key.pem").write_bytes(key.verifier.pem())

    def verified():
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin", "-in", "text"]
        command += ["-sigfile", "signature"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0

    assert verified()
    (tmp_path / "text").write_bytes(text.replace(b"2", b"3", 1) + b"\n")
    assert not verified()


def test_another_implementation_of_the_tree_gives_the_same_root(store, source):
    pymerkle = pytest.importorskip("pymerkle")
    store.add_many([(source(bytes([n]), f"{n}"), {}) for n in range(9)])
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for size, entry in enumerate(store.custody.log.entries(), start=1):
        tree.append_entry(entry)
        assert tree.get_root() == store.custody.log.root(size)


def test_an_entry_is_read_and_hashed_without_this_program(store, source):
    receipt = store.add(source(b"abc"))
    leaf = store.custody.log.entry(1)
    assert orjson.loads(leaf)["items"] == [receipt.evidence_id]
    left, right = (hashlib.sha256(b"\0" + one).digest() for one in store.custody.log.entries())
    assert hashlib.sha256(b"\1" + left + right).digest() == store.custody.log.root()


# --- log and index ---------------------------------------------------------------------------------------


def test_an_item_deleted_with_all_its_rows_and_its_bytes_is_named(store, source):
    gone = store.add(source(b"1", "a")).evidence_id
    store.add(source(b"2", "b"))
    change_index(
        store,
        ("DELETE FROM acquisitions WHERE evidence_id = ?", gone),
        ("DELETE FROM objects WHERE evidence_id = ?", gone),
        ("UPDATE acquisitions SET sequence = 1",),
    )
    object_of(store, gone).unlink()
    problems = store.check().problems
    assert [problem.kind for problem in problems] == ["custody"]
    assert gone in problems[0].where


def test_an_item_that_is_in_the_index_alone_is_named(store, source, tmp_path):
    store.add(source(b"1", "a"))
    shutil.copytree(store.path / "log", tmp_path / "log")
    item = store.add(source(b"2", "b")).evidence_id
    shutil.rmtree(store.path / "log")
    shutil.copytree(tmp_path / "log", store.path / "log")
    problems = store.check().problems
    assert {problem.kind for problem in problems} == {"custody"}
    assert any(item in problem.where for problem in problems)


def test_a_log_that_is_gone_is_named(store, source):
    store.add(source(b"1"))
    shutil.rmtree(store.path / "log")
    assert {problem.kind for problem in store.check().problems} == {"custody"}


def test_a_state_that_index_and_log_do_not_both_say_is_named(store, source):
    item = store.add(source(b"1")).evidence_id
    change_index(store, ("INSERT INTO states VALUES (?, 'purged', '{}')", item))
    assert {"custody"} <= {problem.kind for problem in store.check().problems}


@pytest.mark.parametrize("where", ["set_log_size", "commit"])
def test_what_the_log_has_and_the_index_not_yet_is_said_and_made_good_by_the_next_addition(
    store, source, where, monkeypatch
):
    store.add(source(b"1", "a"))
    with monkeypatch.context() as patched:
        if where == "set_log_size":
            patched.setattr(Catalogue, "set_log_size", _full)
        else:
            patched.setattr("perito.evidence.ledger.Entering.write", _written_then_full)
        with pytest.raises((EvidenceError, OSError)):
            store.add(source(b"2", "b"))
    assert [problem.kind for problem in store.check().problems if problem.kind != "object_unindexed"] == [
        "interrupted"
    ]
    assert [item.path for item in store.items()] == ["a"]
    size = store.custody.size
    store.add(source(b"2", "b"))
    assert [item.path for item in store.items()] == ["a", "b"]
    assert store.custody.size == size
    assert store.check().ok


def _full(*_):
    raise OSError(28, "No space left on device")


def _written_then_full(entering):
    entering._custody.append(entering._entries)
    entering._is_written = True
    _full()


def test_openings_between_two_additions_do_not_make_the_index_lag(store, source):
    store.add(source(b"1", "a"))
    before = (store.path / "index.sqlite").read_bytes()
    store.custody.record("opened", items=[ABSENT], by="x")
    assert store.check().ok
    store.add(source(b"1", "a"))
    assert (store.path / "index.sqlite").read_bytes() == before


WORK = """
import sys
from perito.evidence import Store
store = Store(sys.argv[1], signers=())
for path in sys.argv[2:]:
    item = store.add(path).evidence_id
    store.custody.record("opened", items=[item], by="worker")
"""


def test_two_processes_that_add_and_open_at_once_lose_nothing(tmp_path, source):
    paths = [source(bytes([n]) * (n + 1), f"{n:02}") for n in range(16)]
    folder = tmp_path / "evidence"
    shares = [paths[::2], paths[1::2], paths[:6]]
    running = [subprocess.Popen([sys.executable, "-c", WORK, folder, *share]) for share in shares]
    assert [one.wait() for one in running] == [0, 0, 0]
    store = Store(folder)
    assert store.check().ok
    assert sorted(item.path for item in store.items()) == [path.name for path in paths]
    assert acts(store).count("opened") == sum(map(len, shares))
    assert acts(store).count("sealed") == len(paths)


# --- purged and declared ---------------------------------------------------------------------------------


def test_a_purged_item_keeps_its_record_and_proof_and_loses_its_bytes(signed, key, source):
    path = source(b"secret")
    item = signed.add(path).evidence_id
    proof, leaf = signed.custody.proof(0), signed.custody.log.entry(0)
    found = signed.purge(item, reason="court order", authority="auto 12/2026", by="a.n.")
    assert found.state == "purged"
    assert not object_of(signed, item).exists()
    assert proof.verify(leaf, [key.verifier])
    assert signed.custody.proof(0).verify(leaf, [key.verifier])
    report = signed.check()
    assert report.ok
    assert dict(report.checked)["items purged"] == 1
    with pytest.raises(Missing, match="court order"):
        signed.get(item)
    assert signed.standing(item).entry["authority"] == "auto 12/2026"
    with pytest.raises(Missing):
        signed.purge(item, reason="again", authority="x", by="y")


def test_purged_bytes_are_not_taken_in_again(store, source):
    path = source(b"secret")
    item = store.add(path).evidence_id
    store.purge(item, reason="court order", authority="auto 12/2026", by="a.n.")
    for name in ("posts.csv", "other.csv"):
        with pytest.raises(EvidenceError, match="not to be held"):
            store.add(source(b"secret", name))
    assert not object_of(store, item).exists()


def test_a_purge_without_reason_authority_or_person_is_refused(store, source):
    item = store.add(source(b"1")).evidence_id
    for missing in ({"reason": ""}, {"authority": ""}, {"by": ""}):
        with pytest.raises(CaseError):
            store.purge(item, **{"reason": "r", "authority": "a", "by": "b", **missing})
    assert object_of(store, item).exists()


def test_a_purge_that_a_crash_cut_short_is_named_and_completed_by_the_next(store, source, monkeypatch):
    item = store.add(source(b"1", "a")).evidence_id
    with monkeypatch.context() as patched:
        patched.setattr("perito.evidence.ledger.Ledger.finish", lambda _: None)
        store.purge(item, reason="r", authority="a", by="b")
    assert [problem.kind for problem in store.check().problems] == ["object_present"]
    with pytest.raises(Missing):
        store.get(item)
    store.add(source(b"2", "b"))
    assert not object_of(store, item).exists()
    assert store.check().ok


def test_an_item_known_by_its_digest_alone_is_listed_and_never_handed_out(store):
    item = store.declare(ABSENT, 900, pdq="ab" * 32, pdq_quality=77, by="a.n.", **FACTS)
    assert (item.state, item.bytes, item.path, item.media_type) == ("hash_only", 900, "image-1", "image/jpeg")
    assert store.standing(ABSENT).entry["pdq"] == "ab" * 32
    assert [one.state for one in store.items()] == ["hash_only"]
    with pytest.raises(Missing, match="hash_only"):
        store.get(ABSENT)
    report = store.check()
    assert report.ok
    assert dict(report.checked)["items hash_only"] == 1


def test_declaring_the_same_again_changes_nothing_and_more_facts_are_another_entry(store):
    store.declare(ABSENT, 900, **FACTS)
    before = fingerprint(store.path)
    store.declare(ABSENT, 900, **FACTS)
    assert fingerprint(store.path) == before
    store.declare(ABSENT, 900, reported="report 7", **FACTS)
    assert acts(store) == ["declared", "declared"]
    assert store.check().ok


@pytest.mark.parametrize(
    "wrong",
    [
        {"digest": "sha256:0"}, {"size": -1}, {"computed_by": ""}, {"pdq": "xyz"},
        {"pdq_quality": 5}, {"pdq": "ab" * 32, "pdq_quality": 101},
    ],
)  # fmt: skip
def test_a_declaration_with_a_wrong_fact_is_refused(store, wrong):
    given = {"digest": ABSENT, "size": 9, **FACTS, **wrong}
    with pytest.raises(CaseError):
        store.declare(given.pop("digest"), given.pop("size"), **given)
    assert store.custody.size == 0


def test_bytes_that_are_sealed_cannot_be_declared_nor_declared_ones_sealed(store, source):
    path = source(b"1")
    item = store.add(path).evidence_id
    with pytest.raises(CaseError):
        store.declare(item, 1, **FACTS)
    other = "sha256:" + hashlib.sha256(b"2").hexdigest()
    store.declare(other, 1, **FACTS)
    with pytest.raises(EvidenceError, match="not to be held"):
        store.add(source(b"2", "b"))
    assert store.check().ok


@pytest.mark.parametrize("wrong", ["opened", "acquired", "sealed", "declared"])
def test_what_does_not_change_how_an_item_is_held_is_no_state(store, source, wrong):
    item = store.add(source(b"1")).evidence_id
    with pytest.raises(CaseError):
        store.enter(wrong, [item])
    with pytest.raises(Missing):
        store.enter("rejected", [ABSENT])


# --- one pass over the bytes -----------------------------------------------------------------------------


def test_what_a_check_has_hashed_is_not_hashed_again_to_be_read(store, source, monkeypatch):
    item = store.add(source(b"1")).evidence_id
    assert store.check().ok

    def refuse(*_, **__):
        raise AssertionError("hashed again")

    monkeypatch.setattr("perito.evidence.store.fingerprint", refuse)
    with store.get(item) as stream:
        assert stream.read() == b"1"


def test_what_changed_after_a_check_is_hashed_again_and_refused(store, source):
    item = store.add(source(b"1")).evidence_id
    assert store.check().ok
    path = object_of(store, item)
    path.chmod(0o644)
    path.write_bytes(b"2")
    with pytest.raises(SealBroken):
        store.get(item)


# --- every changed bit -----------------------------------------------------------------------------------


def filled(folder, key):
    store = Store(folder / "evidence", signers=[key])
    for name, data in (("a.csv", b"id\n1\n"), ("b.txt", b"hello")):
        (folder / name).write_bytes(data)
        store.add(folder / name, platform="x", legal_basis="DSA 40(12)")
    store.custody.record("opened", items=[store.find("a.csv").evidence_id], by="a.n.")
    return store


def said(folder):
    store = Store(folder, signers=())
    return store.items(), store.current_items(), list(store.custody.entries()), store.custody.state()


def assert_flips_are_named(store, places):
    told = said(store.path)
    for name, at, bit in places:
        path = store.path / name
        body = bytearray(path.read_bytes())
        mode = path.stat().st_mode
        path.chmod(0o644)
        path.write_bytes(bytes(body[:at]) + bytes([body[at] ^ (1 << bit)]) + bytes(body[at + 1 :]))
        report = Store(store.path, signers=()).check()
        if report.ok:  # an index has bytes that nobody reads
            assert name == "index.sqlite", (name, at, bit)
            assert said(store.path) == told, (name, at, bit)
        elif name.startswith("objects/"):
            assert path.parent.name + path.name in report.problems[0].where
        elif name.startswith("log/"):
            assert any(problem.where.startswith("log/") for problem in report.problems), (name, at, bit)
        path.write_bytes(bytes(body))
        path.chmod(mode)
    assert Store(store.path, signers=()).check().ok


def every_bit(store):
    for path in sorted(store.path.rglob("*")):
        if path.is_file() and path.name not in {"index.lock", "lock"}:
            for at in range(path.stat().st_size):
                for bit in range(8):
                    yield path.relative_to(store.path).as_posix(), at, bit


def test_a_changed_bit_anywhere_in_objects_index_or_log_is_named(tmp_path, key):
    store = filled(tmp_path, key)
    places = [place for place in every_bit(store) if place[0] != "index.sqlite"]
    chosen = random.Random(1)
    of_index = [place for place in every_bit(store) if place[0] == "index.sqlite"]
    assert_flips_are_named(store, [*chosen.sample(places, 120), *chosen.sample(of_index, 60)])


@pytest.mark.long
def test_every_changed_bit_in_objects_and_log_and_a_tenth_of_those_of_the_index_is_named(tmp_path, key):
    store = filled(tmp_path, key)
    chosen = random.Random(2)
    places = [place for place in every_bit(store) if place[0] != "index.sqlite" or chosen.random() < 0.02]
    assert_flips_are_named(store, places)


def test_a_stored_entry_names_nothing_that_its_writer_did_not_give():
    assert orjson.loads(entry_of("opened", at_us=1, by=None, note=None)) == {"act": "opened", "at_us": 1}
    assert Custody("nowhere").size == 0


# --- cut back ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_signed", [True, False])
def test_a_log_that_was_cut_back_is_named_and_nothing_is_added_to_it(tmp_path, key, is_signed):
    signers = [key] if is_signed else []
    folder, earlier = tmp_path / "evidence", tmp_path / "earlier"
    for name in ("a.csv", "b.csv", "c.csv"):
        (tmp_path / name).write_text(name)
    Store(folder, signers=signers).add(tmp_path / "a.csv")
    shutil.copytree(folder / "log", earlier)
    Store(folder, signers=signers).add(tmp_path / "b.csv")
    shutil.rmtree(folder / "log")
    shutil.copytree(earlier, folder / "log")
    named = [problem.what for problem in Store(folder, signers=[]).check().problems]
    assert "the log is shorter than the index has seen it" in named
    with pytest.raises(SealBroken, match="shorter than the index"):
        Store(folder, signers=signers).add(tmp_path / "c.csv")
    again = [problem.what for problem in Store(folder, signers=[]).check().problems]
    assert again == named


def test_a_checkpoint_that_was_cut_back_alone_leaves_the_later_entries_unsigned(signed, source):
    signed.add(source(b"x"))
    earlier = (signed.path / "log" / "checkpoint").read_bytes()
    signed.custody.record("opened", by="a.n.")
    (signed.path / "log" / "checkpoint").write_bytes(earlier)
    state = Store(signed.path, signers=[]).custody.state()
    assert state.signed_size < state.size
    assert any(line.startswith("unsigned") for line in state.lines())
