"""Whose signature counts: keys followed through a log that honest and dishonest people wrote."""

import pytest

from conftest import ORIGIN
from perito.errors import CaseError
from perito.evidence.keys import SigningKey, rotation_record
from perito.evidence.log import Checkpoint, Log, Note, canonical
from perito.handover.keychain import KeyChain, completed, endorsement, parse_keys


@pytest.fixture
def log(tmp_path):
    return Log(tmp_path / "log")


def changed(old, new, at_us=7) -> bytes:
    return canonical(rotation_record(old, new, at_us, "handover"))


def received(note: Note | str) -> dict:
    return {
        "act": "received",
        "at_us": 0,
        "checkpoint": note if isinstance(note, str) else note.data.decode(),
    }


def chain_of(log, *trusted) -> KeyChain:
    return KeyChain.follow(log, [key.verifier for key in trusted])


def in_force(chain, size) -> set[str]:
    return {key.text for key in chain.in_force(size)}


def test_a_key_counts_from_the_entry_that_names_it_until_the_one_that_replaces_it(log, keys):
    a, b, c = keys
    log.append_many(
        [{"act": "opened", "at_us": 0}, changed(a, b), {"act": "opened", "at_us": 1}, changed(b, c)]
    )
    for trusted in keys:
        chain = chain_of(log, trusted)
        expected = [a, a, b, b, c]
        assert [in_force(chain, size) for size in range(5)] == [{key.verifier.text} for key in expected]


def test_a_key_can_come_back(log, keys):
    a, b, _ = keys
    log.append_many([changed(a, b), changed(b, a)])
    chain = chain_of(log, a)
    assert [in_force(chain, size) for size in range(3)] == [{key.verifier.text} for key in (a, b, a)]


def test_a_replaced_key_cannot_name_another_successor(log, keys):
    a, b, thief = keys
    log.append_many([changed(a, b), changed(a, thief)])
    chain = chain_of(log, a)
    assert in_force(chain, 2) == {b.verifier.text}
    assert thief.verifier not in chain.keys


def test_a_key_that_signs_for_itself_alone_is_no_successor(log, keys):
    a, b, thief = keys
    forged = {**rotation_record(thief, b, 7, "x"), "old_key": a.verifier.text}
    log.append_many(
        [forged, {**rotation_record(a, b, 7, "x"), "at_us": 8}, {"act": "key_rotated", "at_us": 0}]
    )
    chain = chain_of(log, a)
    assert chain.changes == []
    assert in_force(chain, 3) == {a.verifier.text}


def test_strangers_who_change_keys_among_themselves_stay_strangers(log, keys):
    a, b, c = keys
    log.append(changed(b, c))
    assert in_force(chain_of(log, a), 1) == {a.verifier.text}


def test_an_endorsement_and_its_completion_are_a_change_of_keys(log, keys):
    a, b, c = keys
    entry = {"act": "handed_over", "at_us": 7, **endorsement(a, b.verifier, 7)}
    record = completed(entry, a.verifier, b, "handover")
    log.append_many([entry, record])
    assert chain_of(log, a).changes == [(1, a.verifier, b.verifier)]
    assert completed(entry, a.verifier, c, "handover") is None  # endorsed was another
    assert completed(entry, c.verifier, b, "handover") is None  # by another
    assert completed({**entry, "next_key_at_us": 8}, a.verifier, b, "handover") is None
    assert completed({"act": "handed_over"}, a.verifier, b, "handover") is None


def test_a_key_of_another_log_cannot_be_endorsed(keys):
    with pytest.raises(CaseError):
        endorsement(keys[0], SigningKey.new("elsewhere.example/x").verifier, 7)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("no note at all", "chain"),
        ("\u0000", "chain"),
        (f"{ORIGIN}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n", "chain"),  # without a signature
    ],
)
def test_a_receipt_without_a_readable_checkpoint_is_a_problem(log, keys, text, what):
    log.append(received(text))
    assert [one.kind for one in chain_of(log, keys[0]).check(log, None).problems] == [what]


def test_a_checkpoint_of_another_history_in_a_receipt_is_a_problem(log, keys):
    log.append({"act": "opened", "at_us": 0})
    log.append(received(Note(Checkpoint(ORIGIN, 1, bytes(32)).text).signed_by(keys[0])))
    (problem,) = chain_of(log, keys[0]).check(log, None).problems
    assert (problem.kind, problem.where) == ("chain", "log entry 1")


def test_a_checkpoint_from_the_future_in_a_receipt_is_a_problem(log, keys):
    log.append(received(Note(Checkpoint(ORIGIN, 9, bytes(32)).text).signed_by(keys[0])))
    (problem,) = chain_of(log, keys[0]).check(log, None).problems
    assert problem.expected == "at most 0 entries"


def test_a_forged_signature_of_a_known_key_is_a_problem_and_an_unknown_key_is_counted(log, keys):
    log.append({"act": "opened", "at_us": 0})
    text = Checkpoint(ORIGIN, 1, log.root()).text
    good, other = Note(text).signed_by(keys[0]), Note(text + "more\n").signed_by(keys[0])
    log.append(received(Note(text, other.signatures)))
    report = chain_of(log, keys[0]).check(log, None)
    assert [one.kind for one in report.problems] == ["signature"]
    report = chain_of(log, keys[1]).check(log, None)
    assert dict(report.checked)["handovers by unknown keys"] == 1
    assert report.ok
    assert chain_of(log, keys[0]).signature_problems(good, "checkpoint") == []


def test_entries_that_only_look_like_acts_change_nothing(keys):
    odd = [
        b'["key_rotated", {"act":"key_rotated"}]',
        b'{"x":"\\"act\\":\\"received\\"" "act":"received"',
        b"",
    ]
    chain = KeyChain.follow(odd, [keys[0].verifier])
    assert (chain.changes, chain.notes, chain.problems) == ([], [], [])


def test_keys_are_read_from_their_text_form(keys):
    texts = [key.verifier.text for key in keys]
    assert parse_keys(texts) == tuple(key.verifier for key in keys)
    with pytest.raises(CaseError):
        parse_keys([texts[0][:-2]])
