"""Redacted copies: what is shown is proved by the checkpoint of the whole, what is not is not in the bag."""

import tomllib

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import CASE_FILE, small_case
from perito.errors import CaseError, Missing
from perito.evidence import Store
from perito.evidence.log import Checkpoint, Proof, leaf_hash, verify_consistency, verify_inclusion
from perito.files import files_below
from perito.handover import Reception, Terms, check_bag, check_received, export_case, import_bag
from perito.handover.open_log import OpenLog
from perito.handover.redaction import redacted_case_file, toml

WITHOUT = {"is_redacted": True, "without": ("witness.csv",), "reason": "names of witnesses"}


def redacted(case, key, out, **terms):
    return export_case(case, out, Terms(by="A", to="B", **{**WITHOUT, **terms}), signers=[key])


def everything_in(bag) -> bytes:
    return b"".join(path.encode() + (bag / path).read_bytes() for path in files_below(bag))


def digest_of(case, path) -> str:
    return Store(case / "evidence").find(path).evidence_id.removeprefix("sha256:")


def test_what_is_left_out_is_listed_with_its_reason_and_its_digest(case, keys, tmp_path):
    done = redacted(case, keys[0], tmp_path / "bag")
    assert {one.reason for one in done.cover.withheld} == {"names of witnesses"}
    assert {one.evidence_id for one in done.cover.withheld} == {f"sha256:{digest_of(case, 'witness.csv')}"}
    assert check_bag(tmp_path / "bag").report.ok


def test_nothing_of_what_is_left_out_is_in_the_bag(case, keys, tmp_path):
    redacted(case, keys[0], tmp_path / "bag")
    content = everything_in(tmp_path / "bag")
    assert b"J. Doe" not in content  # neither in the item nor in a comment of the case file
    assert b"witness.csv" not in content
    assert b"r.eader" not in content  # who looked at what


def test_an_unnamed_item_leaves_not_even_its_digest(case, keys, tmp_path):
    done = redacted(case, keys[0], tmp_path / "bag", is_unnamed=True)
    assert digest_of(case, "witness.csv").encode() not in everything_in(tmp_path / "bag")
    assert {one.evidence_id for one in done.cover.withheld} == {None}


def test_shown_and_withheld_entries_prove_against_the_checkpoint_of_the_whole(case, keys, tmp_path):
    done = redacted(case, keys[0], tmp_path / "bag")
    log = Store(case / "evidence").custody.log
    note = log.signed_note()
    withheld = {one.index for one in done.cover.withheld}
    proofs = [Proof.parse(path.read_bytes()) for path in (tmp_path / "bag").rglob("*.tlog-proof")]
    assert {proof.note.data for proof in proofs} == {note.data}
    # Whoever is shown a withheld entry later can hold it against the same proof.
    assert all(proof.verify(log.entry(proof.index), [keys[0].verifier]) for proof in proofs)
    assert withheld & {proof.index for proof in proofs}
    for one in done.cover.withheld:
        assert one.leaf == leaf_hash(log.entry(one.index)).hex()


def test_the_open_log_gives_the_root_that_was_signed(case, keys, tmp_path):
    redacted(case, keys[0], tmp_path / "bag")
    with (tmp_path / "bag/data/log/entries.ndjson").open("rb") as lines:
        shown = OpenLog.parse(lines)
    log = Store(case / "evidence").custody.log
    assert shown.root() == log.root() == Checkpoint.parse(log.signed_note().text).root
    assert 0 < len(shown.shown) < shown.size
    assert all(log.entry(index) == data for index, data in shown.shown.items())


def test_whole_and_redacted_copy_of_one_state_lead_to_consistent_checkpoints(case, keys, tmp_path):
    export_case(case, tmp_path / "whole", Terms(by="A", to="B"), signers=keys[:1])
    done = redacted(case, keys[0], tmp_path / "bag")
    whole = import_bag(tmp_path / "whole", tmp_path / "b", Reception("B", trusted=(keys[0].verifier,)))
    with (tmp_path / "bag/data/log/entries.ndjson").open("rb") as lines:
        log = OpenLog.parse(lines)
    root, size = bytes.fromhex(whole.cover.root), whole.cover.log_size
    assert verify_consistency(size, log.size, root, log.root(), log.consistency(size))
    assert done.cover.root == log.root().hex()


def test_the_receiver_gets_a_case_of_what_came_and_is_told_what_did_not(case, keys, tmp_path):
    redacted(case, keys[0], tmp_path / "bag")
    known = Store(case / "evidence").custody.log.signed_note()
    done = import_bag(
        tmp_path / "bag",
        tmp_path / "b",
        Reception("B", trusted=(keys[0].verifier,), known=known, signer=keys[1]),
    )
    store = Store(tmp_path / "b/evidence")
    kept = {
        item.path: item.acquisition for item in Store(case / "evidence").items() if item.path != "witness.csv"
    }
    assert {item.path for item in store.items()} == kept.keys()
    assert all(item.acquisition.to_json() == kept[item.path].to_json() for item in store.items())
    assert store.check().ok
    assert done.is_signed
    assert sorted(sentence.split()[0] for sentence in done.unchecked) == ["1", "3"]  # 1 item, 3 entries
    assert (tmp_path / "b/received/log/checkpoint").read_bytes() == known.data


def test_the_receipt_of_a_redacted_copy_names_the_sender_s_checkpoint(case, keys, tmp_path):
    redacted(case, keys[0], tmp_path / "bag")
    import_bag(tmp_path / "bag", tmp_path / "b", Reception("B"))
    entry = orjson.loads(list(Store(tmp_path / "b/evidence").custody.log)[-1])
    note = Store(case / "evidence").custody.log.signed_note()
    assert entry["act"] == "received"
    assert entry["source_checkpoint"] == note.data.decode()


def test_a_case_made_of_a_redacted_copy_can_be_handed_on(case, keys, tmp_path):
    redacted(case, keys[0], tmp_path / "bag")
    import_bag(tmp_path / "bag", tmp_path / "b", Reception("B", signer=keys[1]))
    export_case(tmp_path / "b", tmp_path / "bag2", Terms(by="B", to="C"), signers=keys[1:2])
    done = import_bag(tmp_path / "bag2", tmp_path / "c", Reception("C", trusted=(keys[1].verifier,)))
    assert done.cover.items == 2


def test_declared_items_stay_known_by_their_digests(case, keys, tmp_path):
    store = Store(case / "evidence", signers=keys[:1])
    facts = {"media_type": "image/jpeg", "computed_by": "hotline", "pdq": "f" * 64, "pdq_quality": 90}
    store.declare("sha256:" + "5" * 64, 99, **facts, path_in_case="unseen.jpg")
    store.purge(store.find("letters.csv").evidence_id, reason="erased", authority="order 9", by="A")
    redacted(case, keys[0], tmp_path / "bag")
    done = import_bag(tmp_path / "bag", tmp_path / "b", Reception("B", trusted=(keys[0].verifier,)))
    states = {
        item.path: item.state for item in Store(tmp_path / "b/evidence").items() if item.parent_id is None
    }
    assert states == {"pages.zip": "sealed", "unseen.jpg": "hash_only"}
    assert any("not held any more" in sentence for sentence in done.unchecked)


def test_what_lies_in_the_vault_is_left_out_without_being_named(case, keys, tmp_path):
    pytest.importorskip("pyrage")
    from perito.evidence.vault import Vault, new_identity
    from perito.evidence.vault_store import lock

    store = Store(case / "evidence", signers=keys[:1])
    Vault(store.path).set_recipients([new_identity(name, None)[1] for name in ("case", "recovery")])
    lock(store, store.find("witness.csv").evidence_id, by="A", reason="names")
    done = redacted(case, keys[0], tmp_path / "bag", without=(), reason="")
    assert done.cover.items == 2
    assert b"witness.csv" not in everything_in(tmp_path / "bag")
    assert not (tmp_path / "bag/data/evidence/vault").exists()


# --- what cannot be left out -----------------------------------------------------------------------------


def test_a_name_of_no_item_is_refused(case, keys, tmp_path):
    with pytest.raises(Missing):
        redacted(case, keys[0], tmp_path / "bag", without=("nothing.csv",))
    assert not (tmp_path / "bag").exists()


def test_a_member_cannot_be_left_out_without_its_archive(case, keys, tmp_path):
    member = next(item for item in Store(case / "evidence").items() if item.parent_id is not None)
    with pytest.raises(CaseError):
        redacted(case, keys[0], tmp_path / "bag", without=(member.evidence_id,))


def test_an_item_whose_bytes_lie_in_an_archive_too_needs_the_archive_left_out(case, keys, tmp_path):
    (tmp_path / "one.txt").write_text("one")
    Store(case / "evidence", signers=keys[:1]).add(tmp_path / "one.txt", format="document")
    with pytest.raises(CaseError):
        redacted(case, keys[0], tmp_path / "bag", without=("one.txt",))
    assert redacted(case, keys[0], tmp_path / "bag", without=("one.txt", "pages.zip")).cover.items == 2


@pytest.mark.parametrize(
    "terms",
    [
        {"is_redacted": False},
        {"reason": " "},
        {"is_redacted": True, "without": (), "next_key": True},
    ],
)
def test_terms_that_contradict_themselves_are_refused(keys, terms):
    given_key = {"next_key": keys[1].verifier} if "next_key" in terms else {}
    with pytest.raises(CaseError):
        Terms(by="A", **{**WITHOUT, **terms, **given_key})


def test_a_question_that_names_what_is_left_out_is_not_given_away():
    case = b'[case]\nid = "q"\n[[question]]\nid = "a"\nparameters = { item = "secret.csv" }\n'
    with pytest.raises(CaseError):
        redacted_case_file(case, {"secret.csv"})


# --- the case file ----------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    TEXTS | st.booleans() | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False, allow_infinity=False) | st.dates() | st.times() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(values=st.dictionaries(TEXTS, VALUES, max_size=4))
def test_what_is_written_as_toml_reads_back_to_the_same(values):
    assert tomllib.loads(toml(values)) == values


def test_the_case_file_keeps_all_but_the_item_and_the_comments():
    left = redacted_case_file(CASE_FILE.encode(), {"witness.csv"})
    before, after = tomllib.loads(CASE_FILE), tomllib.loads(left.decode())
    before["evidence"] = [one for one in before["evidence"] if one["path"] != "witness.csv"]
    assert after == before
    assert b"#" not in left


# --- the open log -------------------------------------------------------------------------------------------


@given(size=st.integers(1, 40), data=st.data())
def test_an_open_log_proves_what_the_log_itself_proves(size, data):
    entries = [b'{"n":%d}' % number for number in range(size)]
    hidden = data.draw(st.sets(st.integers(0, size - 1)))
    lines = [
        b'{"index":%d,"leaf":"%s"}\n' % (index, leaf_hash(entry).hex().encode())
        if index in hidden
        else b'{"entry":%s,"index":%d}\n' % (entry, index)
        for index, entry in enumerate(entries)
    ]
    log = OpenLog.parse(lines)
    index, early = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    assert verify_inclusion(entries[index], index, size, log.inclusion(index), log.root())
    assert verify_consistency(early, size, log.root(early), log.root(), log.consistency(early))


def test_an_unsigned_redacted_copy_is_taken_with_a_warning(tmp_path):
    case = small_case(tmp_path / "plain")
    export_case(case, tmp_path / "bag", Terms(by="A", **WITHOUT))
    done = import_bag(tmp_path / "bag", tmp_path / "b", Reception("B"))
    assert any("never signed" in sentence for sentence in done.unchecked)


# --- later, in the case that was made of it ----------------------------------------------------------


@pytest.fixture
def taken(case, keys, tmp_path):
    """A case that was made of a redacted copy."""
    redacted(case, keys[0], tmp_path / "bag")
    import_bag(tmp_path / "bag", tmp_path / "b", Reception("B", trusted=(keys[0].verifier,), signer=keys[1]))
    return tmp_path / "b"


def test_what_proves_a_redacted_copy_can_be_checked_again(taken, case, keys):
    log = Store(case / "evidence").custody.log
    report = check_received(taken, [keys[0].verifier], log.signed_note())
    assert report.ok
    counts = dict(report.checked)
    assert counts["received entries"] + counts["received entries by hash only"] == log.size
    assert not check_received(taken, [keys[2].verifier]).ok


def test_every_changed_byte_of_what_proves_it_is_found(taken, keys):
    for name in files_below(taken / "received"):
        if name.startswith(("graph/", "case.toml", "log/log.vkey")):
            continue  # not part of the proof: the keys are given
        file = taken / "received" / name
        data = file.read_bytes()
        for place in range(0, len(data), 97):
            changed = bytearray(data)
            changed[place] ^= 1
            file.write_bytes(bytes(changed))
            found = check_received(taken, [keys[0].verifier])
            is_bare_cover = name == "handover.json" and found.ok
            assert not found.ok or is_bare_cover, (name, place)
        file.write_bytes(data)
    assert check_received(taken, [keys[0].verifier]).ok


def test_a_case_of_another_kind_has_nothing_received_to_check(case):
    assert check_received(case) == check_received(case.parent / "none")
    assert check_received(case).checked == ()


def test_an_item_that_was_slipped_in_before_the_receipt_is_found(taken, tmp_path, keys):
    entries = list(Store(taken / "evidence").custody.log)
    assert orjson.loads(entries[-1])["act"] == "received"
    file = taken / "received/log/entries.ndjson"
    lines = file.read_bytes().splitlines(keepends=True)
    item = orjson.loads(entries[0])["items"][0].encode()
    hidden = [
        b'{"index":%d,"leaf":"%s"}\n' % (index, leaf_hash(line[9 : line.rindex(b',"index"')]).hex().encode())
        if item in line
        else line
        for index, line in enumerate(lines)
    ]
    assert hidden != lines
    file.write_bytes(b"".join(hidden))
    for path in (taken / "received/proofs").glob(f"{item.decode()[7:]}/*"):
        path.unlink()
    report = check_received(taken, [keys[0].verifier])
    assert [item.decode() in problem.where for problem in report.problems] == [True]
