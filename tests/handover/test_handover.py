"""A case from custodian to custodian: whole, with one log, and the last can check all of it."""

import hashlib

import bagit
import orjson
import pytest
from pymerkle import InmemoryTree

from conftest import small_case
from perito.case import load_case
from perito.errors import CaseError, EvidenceError, Missing, SealBroken
from perito.evidence import Store
from perito.evidence.keys import SigningKey, key_in_force
from perito.evidence.log import Checkpoint, Log, Note, Proof, verify_consistency
from perito.files import files_below
from perito.handover import Reception, Terms, check_bag, export_case, import_bag
from perito.handover.keychain import KeyChain


def log_of(case):
    return Store(case / "evidence").custody.log


def independent_root(entries) -> bytes:
    """The root of RFC 6962, computed by a library of others."""
    tree = InmemoryTree(algorithm="sha256")
    for entry in entries:
        tree.append_entry(entry)
    return tree.get_root()


def textbook_root(entries) -> bytes:
    """MTH of RFC 6962, 2.1, as it stands there."""
    if len(entries) == 1:
        return hashlib.sha256(b"\0" + entries[0]).digest()
    split = 1
    while split * 2 < len(entries):
        split *= 2
    parts = textbook_root(entries[:split]), textbook_root(entries[split:])
    return hashlib.sha256(b"\1" + b"".join(parts)).digest()


def evidence_of(case):
    return {
        (item.path, item.evidence_id, item.state, item.acquisitions)
        for item in Store(case / "evidence").items()
    }


# --- the bag ---------------------------------------------------------------------------------------------


def test_our_bag_is_valid_for_us_and_for_the_common_library(case, keys, tmp_path):
    done = export_case(case, tmp_path / "bag", Terms(by="Unit 4", to="Court 4"), signers=keys[:1])
    found = check_bag(tmp_path / "bag")
    assert found.report.ok
    assert found.warnings == ()
    assert bagit.Bag(str(tmp_path / "bag")).is_valid()
    assert dict(found.info)["Payload-Oxum"] == f"{done.octets}.{done.files}"


def test_the_handover_is_in_the_log_and_under_the_checkpoint_of_the_bag(case, keys, tmp_path):
    done = export_case(case, tmp_path / "bag", Terms(by="Unit 4", to="Court 4", at_us=7), signers=keys[:1])
    log = log_of(case)
    entry = orjson.loads(log.entry(done.cover.entry))
    assert entry == {"act": "handed_over", "at_us": 7, "by": "Unit 4", "to": "Court 4"}
    assert (tmp_path / "bag/data/evidence/log/checkpoint").read_bytes() == log.signed_note().data
    assert done.cover.entry < log.checkpoint().size == done.cover.log_size


def test_without_a_receiver_it_is_an_export(case, keys, tmp_path):
    export_case(case, tmp_path / "bag", Terms(by="Unit 4"), signers=keys[:1])
    assert orjson.loads(list(log_of(case))[-1])["act"] == "exported"


def test_each_exhibit_has_its_proof_and_its_entry(case, keys, tmp_path):
    export_case(case, tmp_path / "bag", Terms(by="Unit 4"), signers=keys[:1])
    folder = tmp_path / "bag/data/proofs"
    items = {item.evidence_id for item in Store(case / "evidence").items() if item.parent_id is None}
    assert {f"sha256:{path.name}" for path in folder.iterdir()} == items
    for path in folder.glob("*/*.tlog-proof"):
        leaf = path.with_suffix(".json").read_bytes()
        assert Proof.parse(path.read_bytes()).verify(leaf, [keys[0].verifier])
        assert not Proof.parse(path.read_bytes()).verify(leaf, [keys[1].verifier])


def test_two_bags_differ_in_what_the_act_itself_adds_only(case, keys, tmp_path):
    for name in ("one", "two"):
        export_case(case, tmp_path / name, Terms(by="Unit 4", at_us=7), signers=keys[:1])
    one, two = (
        {path: (tmp_path / name / path).read_bytes() for path in files_below(tmp_path / name)}
        for name in ("one", "two")
    )
    differing = {path for path in one.keys() | two.keys() if one.get(path) != two.get(path)}
    folders = {path.removeprefix("data/").split("/")[0] for path in differing}
    manifests = {
        f"{kind}-{name}.txt" for kind in ("manifest", "tagmanifest") for name in ("sha256", "sha512")
    }
    assert folders - manifests == {"handover.json", "evidence", "proofs", "graph", "bag-info.txt"}
    assert not any("objects" in path for path in differing)


def test_a_failed_export_leaves_no_bag(case, keys, tmp_path):
    item = Store(case / "evidence").find("letters.csv")
    path = case / "evidence/objects" / item.evidence_id[7:9] / item.evidence_id[9:]
    path.chmod(0o644)
    path.write_bytes(b"id,text\n1,hullo\n")
    with pytest.raises(SealBroken):
        export_case(case, tmp_path / "bag", Terms(by="Unit 4"), signers=keys[:1])
    assert not (tmp_path / "bag").exists()
    assert b"exported" not in b"".join(log_of(case))


def test_what_lies_in_the_place_of_the_bag_stays(case, keys, tmp_path):
    (tmp_path / "bag").mkdir()
    with pytest.raises(CaseError):
        export_case(case, tmp_path / "bag", Terms(by="Unit 4"), signers=keys[:1])
    assert b"exported" not in b"".join(log_of(case))


def test_a_signed_log_is_not_handed_over_without_its_key(case, tmp_path):
    with pytest.raises(EvidenceError):
        export_case(case, tmp_path / "bag", Terms(by="Unit 4"))
    assert not (tmp_path / "bag").exists()


def test_an_empty_case_is_not_handed_over(tmp_path):
    (tmp_path / "case").mkdir()
    (tmp_path / "case/case.toml").write_text(
        '[case]\nid = "q"\ntitle = "Q"\nperiod = { from = 2026-01-01, to = 2026-02-01 }'
    )
    with pytest.raises(Missing):
        export_case(tmp_path / "case", tmp_path / "bag", Terms(by="Unit 4"))


def test_who_may_not_export_does_not_and_the_attempt_is_logged(case, keys, tmp_path, monkeypatch):
    monkeypatch.setattr("perito.evidence.roles.account_of_process", lambda: "ana")
    (case / "people.toml").write_text(
        '[[person]]\nid = "ana"\nname = "Ana"\nlogins = ["ana"]\nroles = ["reader"]\n'
    )
    with pytest.raises(EvidenceError):
        export_case(case, tmp_path / "bag", Terms(), signers=keys[:1])
    assert orjson.loads(list(log_of(case))[-1])["act"] == "refused"
    assert not (tmp_path / "bag").exists()


def test_who_may_export_does_under_the_name_that_the_case_has_for_them(case, keys, tmp_path, monkeypatch):
    monkeypatch.setattr("perito.evidence.roles.account_of_process", lambda: "ana")
    people = '[[person]]\nid = "a.n."\nname = "Ana"\nlogins = ["ana"]\nroles = ["custodian"]\n'
    (case / "people.toml").write_text(people)
    assert export_case(case, tmp_path / "bag", Terms(), signers=keys[:1]).cover.sender == "a.n."
    with pytest.raises(EvidenceError):
        export_case(case, tmp_path / "bag2", Terms(by="somebody else"), signers=keys[:1])


def test_a_log_to_which_somebody_writes_unsigned_meanwhile_is_not_packed(case, keys, tmp_path):
    def meddling(steps, _word):
        Log(case / "evidence/log").append({"act": "opened", "at_us": 0})
        return steps

    with pytest.raises(EvidenceError):
        export_case(case, tmp_path / "bag", Terms(by="A"), signers=keys[:1], progress=meddling)
    assert not (tmp_path / "bag").exists()


# --- three custodians --------------------------------------------------------------------------------------


@pytest.fixture
def three(case, keys, tmp_path):
    """The case at three custodians; every checkpoint on the way, and the key in force at it."""
    first, second, third = keys
    notes = [log_of(case).signed_note()]
    export_case(case, tmp_path / "bag1", Terms(by="A", to="B", next_key=second.verifier), signers=[first])
    notes.append(log_of(case).signed_note())
    trusted = (first.verifier,)
    import_bag(tmp_path / "bag1", tmp_path / "caseB", Reception("B", trusted=trusted, signer=second))
    notes.append(log_of(tmp_path / "caseB").signed_note())
    (tmp_path / "new.csv").write_text("id\n9\n")
    Store(tmp_path / "caseB/evidence", signers=[second]).add(
        tmp_path / "new.csv", acquired_by="B", format="document"
    )
    notes.append(log_of(tmp_path / "caseB").signed_note())
    export_case(
        tmp_path / "caseB",
        tmp_path / "bag2",
        Terms(by="B", to="C", next_key=third.verifier),
        signers=[second],
    )
    notes.append(log_of(tmp_path / "caseB").signed_note())
    done = import_bag(
        tmp_path / "bag2", tmp_path / "caseC", Reception("C", trusted=trusted, known=notes[0], signer=third)
    )
    notes.append(log_of(tmp_path / "caseC").signed_note())
    return tmp_path / "caseC", notes, done


def test_three_custodians_end_with_the_root_that_others_compute(three):
    case, _, done = three
    entries = list(log_of(case))
    assert (
        log_of(case).root() == textbook_root(entries) == independent_root(entries) == bytes.fromhex(done.root)
    )


def test_all_checkpoints_on_the_way_are_consistent_with_one_another(three):
    case, notes, _ = three
    log = log_of(case)
    heads = [Checkpoint.parse(note.text) for note in notes]
    for place, old in enumerate(heads):
        assert old.root == textbook_root(list(log)[: old.size])
        for new in heads[place:]:
            proof = log.consistency(old.size, new.size)
            assert verify_consistency(old.size, new.size, old.root, new.root, proof)


def test_the_last_has_everything_that_the_first_had_and_what_the_second_added(three, case):
    last = three[0]
    assert evidence_of(case) < evidence_of(last)
    assert {path for path, *_ in evidence_of(last) - evidence_of(case)} == {"new.csv"}
    assert Store(last / "evidence").check().ok


def test_the_first_key_leads_to_the_last_by_the_endorsements_in_the_log(three, keys):
    log = log_of(three[0])
    assert key_in_force(log, keys[0].verifier) == keys[2].verifier
    assert log.signed_note().signers([keys[2].verifier])
    assert [orjson.loads(data)["act"] for data in log][-3:] == ["handed_over", "key_rotated", "received"]


def test_every_handover_is_checked_again_by_the_last(three, keys):
    log = log_of(three[0])
    for trusted in ((keys[0],), (keys[2],), keys):
        chain = KeyChain.follow(log, [key.verifier for key in trusted])
        report = chain.check(log, log.signed_note())
        assert report.ok
        assert dict(report.checked) == {"handovers": 2, "key changes": 2, "handovers by unknown keys": 0}


def test_a_replaced_key_signs_no_more(three, keys):
    log = log_of(three[0])
    chain = KeyChain.follow(log, [keys[0].verifier])
    assert chain.in_force(log.size) == (keys[2].verifier,)
    forged = Note(log.signed_note().text).signed_by(keys[0])
    assert [one.kind for one in chain.signature_problems(forged, "checkpoint")] == ["signature"]


def test_the_receipt_names_the_bag_and_the_checkpoint_that_came_with_it(three, tmp_path):
    entries = [orjson.loads(data) for data in log_of(three[0])]
    received = [entry for entry in entries if entry["act"] == "received"]
    bags = [(tmp_path / name / "tagmanifest-sha256.txt").read_bytes() for name in ("bag1", "bag2")]
    assert [one["bag"] for one in received] == [f"sha256:{hashlib.sha256(data).hexdigest()}" for data in bags]
    assert [Note.parse(one["checkpoint"].encode()) for one in received] == [three[1][1], three[1][4]]


# --- keys --------------------------------------------------------------------------------------------------


def exported(case, key, out, **terms):
    export_case(case, out, Terms(by="A", to="B", **terms), signers=[key])
    return out


def test_a_key_that_nobody_endorsed_signs_and_does_not_pass_for_the_successor(case, keys, tmp_path):
    bag = exported(case, keys[0], tmp_path / "bag")
    import_bag(bag, tmp_path / "b", Reception("B", signer=keys[1]))
    log = log_of(tmp_path / "b")
    assert key_in_force(log, keys[0].verifier) == keys[0].verifier
    bag = exported(tmp_path / "b", keys[1], tmp_path / "bag2")
    with pytest.raises(SealBroken):
        import_bag(bag, tmp_path / "c", Reception("C", trusted=(keys[0].verifier,)))
    done = import_bag(bag, tmp_path / "c", Reception("C", trusted=(keys[1].verifier,)))
    assert dict(done.checked)["handovers by unknown keys"] == 1
    assert any("linked" in sentence for sentence in done.unchecked)


def test_another_key_than_the_endorsed_one_is_not_made_the_successor(case, keys, tmp_path):
    bag = exported(case, keys[0], tmp_path / "bag", next_key=keys[1].verifier)
    import_bag(bag, tmp_path / "b", Reception("B", trusted=(keys[0].verifier,), signer=keys[2]))
    assert key_in_force(log_of(tmp_path / "b"), keys[0].verifier) == keys[0].verifier


@pytest.mark.parametrize("is_sender", [True, False])
def test_a_key_of_another_name_is_refused_before_anything_is_written(case, keys, tmp_path, is_sender):
    other = SigningKey.new("elsewhere.example/x")
    if is_sender:
        with pytest.raises(CaseError):
            exported(case, keys[0], tmp_path / "bag", next_key=other.verifier)
        assert b"handed_over" not in b"".join(log_of(case))
    else:
        bag = exported(case, keys[0], tmp_path / "bag")
        with pytest.raises(CaseError):
            import_bag(bag, tmp_path / "b", Reception("B", signer=other))
        assert not (tmp_path / "b").exists()


def test_the_same_key_may_go_on_signing(case, keys, tmp_path):
    bag = exported(case, keys[0], tmp_path / "bag")
    done = import_bag(bag, tmp_path / "b", Reception("B", trusted=(keys[0].verifier,), signer=keys[0]))
    assert done.is_signed
    assert [orjson.loads(data)["act"] for data in log_of(tmp_path / "b")][-2:] == ["handed_over", "received"]


def test_a_stranger_s_key_does_not_make_a_bag_trusted(case, keys, tmp_path):
    bag = exported(case, keys[0], tmp_path / "bag")
    with pytest.raises(SealBroken):
        import_bag(bag, tmp_path / "b", Reception("B", trusted=(keys[1].verifier,)))
    assert not (tmp_path / "b").exists()


def test_an_unsigned_case_travels_and_the_receiver_is_told(tmp_path, keys):
    case = small_case(tmp_path / "unsigned")
    done = export_case(case, tmp_path / "bag", Terms(by="A", to="B"))
    assert not done.cover.is_signed
    assert not (tmp_path / "bag/data/proofs").exists()
    taken = import_bag(tmp_path / "bag", tmp_path / "b", Reception("B"))
    assert any("never signed" in sentence for sentence in taken.unchecked)
    with pytest.raises(SealBroken):
        import_bag(tmp_path / "bag", tmp_path / "c", Reception("C", trusted=(keys[0].verifier,)))
    with pytest.raises(CaseError):
        export_case(case, tmp_path / "bag2", Terms(by="A", to="B", next_key=keys[1].verifier))


def test_an_import_needs_somebody_who_receives(case, keys, tmp_path):
    with pytest.raises(CaseError):
        Reception(" ")


# --- states ------------------------------------------------------------------------------------------------


def test_purged_and_declared_items_travel_as_their_records(case, keys, tmp_path):
    store = Store(case / "evidence", signers=keys[:1])
    store.purge(store.find("witness.csv").evidence_id, reason="erased", authority="order 9", by="A")
    store.declare(
        "sha256:" + "5" * 64, 99, media_type="image/jpeg", computed_by="hotline", path_in_case="unseen.jpg"
    )
    bag = exported(case, keys[0], tmp_path / "bag")
    import_bag(bag, tmp_path / "b", Reception("B", trusted=(keys[0].verifier,)))
    assert evidence_of(tmp_path / "b") == evidence_of(case)
    assert {state for _, _, state, _ in evidence_of(tmp_path / "b")} == {"sealed", "purged", "hash_only"}
    assert not any(
        b"J. Doe" in path.read_bytes()
        for path in bag.rglob("*")
        if path.is_file() and path.name != "case.toml"
    )


def test_encrypted_items_travel_as_they_lie(case, keys, tmp_path):
    pytest.importorskip("pyrage")
    from perito.evidence.vault import Vault, new_identity
    from perito.evidence.vault_store import lock

    store = Store(case / "evidence", signers=keys[:1])
    Vault(store.path).set_recipients([new_identity(name, None)[1] for name in ("case", "recovery")])
    item = store.find("witness.csv").evidence_id
    lock(store, item, by="A", reason="names")
    bag = exported(case, keys[0], tmp_path / "bag")
    import_bag(bag, tmp_path / "b", Reception("B", trusted=(keys[0].verifier,)))
    assert evidence_of(tmp_path / "b") == evidence_of(case)
    with Store(tmp_path / "b/evidence").get(item) as stream:
        assert stream.read() == b"id,name\n1,J. Doe\n"
    assert not any(b"1,J. Doe" in path.read_bytes() for path in bag.rglob("*") if path.is_file())


def test_the_case_that_was_made_is_a_case_like_any_other(case, keys, tmp_path):
    bag = exported(case, keys[0], tmp_path / "bag")
    import_bag(bag, tmp_path / "b", Reception("B"))
    assert load_case(tmp_path / "b") == load_case(case).__class__(
        **{**vars(load_case(case)), "folder": tmp_path / "b"}
    )
    assert {path.name for path in (tmp_path / "b").iterdir()} == {"case.toml", "evidence"}


def test_taking_the_same_bag_in_twice_gives_the_same_ids_and_the_same_log(case, keys, tmp_path):
    bag = exported(case, keys[0], tmp_path / "bag")
    for name in ("one", "two"):
        import_bag(bag, tmp_path / name, Reception("B", signer=keys[1], at_us=7))
    assert evidence_of(tmp_path / "one") == evidence_of(tmp_path / "two")
    assert list(log_of(tmp_path / "one")) == list(log_of(tmp_path / "two"))


def test_a_case_that_declares_a_file_outside_of_its_folder_is_not_handed_over(case, keys, tmp_path):
    file = case / "case.toml"
    file.write_text(file.read_text().replace('"letters.csv"', '"sub/../../letters.csv"'))
    with pytest.raises(CaseError):
        exported(case, keys[0], tmp_path / "bag")


def test_bag_and_case_do_not_lie_in_one_another(case, keys, tmp_path):
    for place in (case / "evidence/bag", case / "dossier/x/bag"):
        with pytest.raises(CaseError):
            exported(case, keys[0], place)
    bag = exported(case, keys[0], case / "bag")
    files = files_below(bag)
    with pytest.raises(CaseError):
        import_bag(bag, bag / "data/case", Reception("B"))
    assert files_below(bag) == files


def test_a_log_of_many_entries_travels_whole(case, keys, tmp_path):
    store = Store(case / "evidence", signers=keys[:1])
    store.custody.append([{"act": "opened", "at_us": number} for number in range(600)])
    bag = exported(case, keys[0], tmp_path / "bag")
    import_bag(bag, tmp_path / "b", Reception("B", trusted=(keys[0].verifier,), signer=keys[1]))
    entries = list(log_of(tmp_path / "b"))
    assert len(entries) > 600
    assert entries[: log_of(case).size] == list(log_of(case))
    assert log_of(tmp_path / "b").root() == textbook_root(entries)


def test_time_stamps_travel_with_the_log(case, keys, tmp_path):
    query = Store(case / "evidence").custody.log.stamps.query()
    bag = exported(case, keys[0], tmp_path / "bag")
    import_bag(bag, tmp_path / "b", Reception("B", trusted=(keys[0].verifier,)))
    place = query.relative_to(case)
    assert (tmp_path / "b" / place).read_bytes() == query.read_bytes()
    terms = Terms(by="A", is_redacted=True, without=("witness.csv",), reason="x")
    export_case(case, tmp_path / "redacted", terms, signers=keys[:1])
    import_bag(tmp_path / "redacted", tmp_path / "c", Reception("C"))
    assert (tmp_path / "c/received/log" / query.relative_to(case / "evidence/log")).is_file()
