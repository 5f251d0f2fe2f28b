from __future__ import annotations

import base64
import hashlib
import subprocess

import pytest

from perito.errors import Malformed, Missing
from perito.evidence.keys import SigningKey, VerifierKey
from perito.evidence.log import Log, Note, Proof


@pytest.fixture
def proof(log):
    log.append_many([{"n": n} for n in range(11)])
    return log.proof(4)


LEAF = b'{"n":4}'


@pytest.mark.shared
def test_the_reference_proof_holds_for_its_leaf_and_no_other(shared_data):
    folder = shared_data / "evidence"
    data = (folder / "leaf500.tlog-proof").read_bytes()
    key = VerifierKey.parse((folder / "log.vkey").read_text().strip())
    proof = Proof.parse(data)
    assert proof.data == data
    assert (proof.index, proof.checkpoint.size) == (500, 1000)
    assert proof.verify(b"leaf 500", [key])
    assert not proof.verify(b"leaf 501", [key])
    assert proof.note.data == (folder / "checkpoint.txt").read_bytes()


@pytest.mark.shared
def test_no_bit_of_the_reference_proof_can_change(shared_data):
    folder = shared_data / "evidence"
    key = VerifierKey.parse((folder / "log.vkey").read_text().strip())
    assert_every_flip_is_refused((folder / "leaf500.tlog-proof").read_bytes(), b"leaf 500", key)


def assert_every_flip_is_refused(data, leaf, key):
    for position in range(8 * len(data)):
        changed = bytearray(data)
        changed[position // 8] ^= 1 << position % 8
        try:
            proof = Proof.parse(bytes(changed))
        except Malformed:
            continue
        assert not proof.verify(leaf, [key]), position


def test_no_bit_of_a_proof_can_change_index_size_root_path_or_signature(proof, case_key):
    assert proof.verify(LEAF, [case_key.verifier])
    assert_every_flip_is_refused(proof.data, LEAF, case_key.verifier)


def test_every_entry_of_a_log_has_a_proof(log, case_key):
    log.append_many([{"n": n} for n in range(300)])
    for i in range(300):
        proof = Proof.parse(log.proof(i).data)
        assert proof.index == i
        assert proof.verify(log.entry(i), [case_key.verifier])
        assert not proof.verify(log.entry(i - 1 if i else 1), [case_key.verifier])


def test_a_proof_has_the_lines_of_the_specification(proof):
    lines = proof.data.decode().split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 4"]
    assert [base64.b64decode(line) for line in lines[2:6]] == list(proof.path)
    assert lines[6] == ""
    assert "\n".join(lines[7:]).encode() == proof.note.data


def test_extra_data_is_kept_and_vouches_for_nothing(proof, case_key):
    more = Proof(proof.index, proof.path, proof.note, b"extra \x00 data")
    again = Proof.parse(more.data)
    assert again == more
    assert again.verify(LEAF, [case_key.verifier])
    empty = Proof(proof.index, proof.path, proof.note, b"")
    assert Proof.parse(empty.data) == empty != proof


def test_a_proof_without_a_trusted_key_of_the_log_does_not_hold(proof, case_key, witness_key):
    namesake = SigningKey.new(case_key.name)
    for keys in ([], [namesake.verifier], [witness_key.verifier]):
        report = proof.check(LEAF, keys)
        assert [one.kind for one in report.problems] == ["origin"]


def test_the_key_of_another_origin_does_not_sign_for_the_log(proof):
    other = SigningKey.new("other.example/log")
    forged = Proof(proof.index, proof.path, Note(proof.note.text).signed_by(other))
    assert [one.kind for one in forged.check(LEAF, [other.verifier]).problems] == ["origin"]


def test_a_witness_is_counted_and_a_bad_one_spoils_the_proof(proof, case_key, witness_key):
    keys = [case_key.verifier, witness_key.verifier]
    witnessed = Proof(proof.index, proof.path, proof.note.signed_by(witness_key, 1_000_000))
    assert dict(witnessed.check(LEAF, keys).checked)["signatures"] == 2
    line = witnessed.note.signatures[1].line
    value = base64.b64decode(line.split(" ")[2])
    changed = base64.b64encode(value[:-1] + bytes([value[-1] ^ 1])).decode()
    spoilt = Proof.parse(witnessed.data.replace(line.split(" ")[2].strip().encode(), changed.encode()))
    assert [one.kind for one in spoilt.check(LEAF, keys).problems] == ["signature"]


def test_the_report_says_that_the_path_does_not_lead_there(proof, case_key):
    report = proof.check(b'{"n":5}', [case_key.verifier])
    assert [one.kind for one in report.problems] == ["inclusion"]


def test_openssl_accepts_the_signature_of_the_checkpoint_in_a_proof(proof, case_key, tmp_path):
    (tmp_path / "public.pem").write_bytes(case_key.verifier.pem())
    (tmp_path / "signature").write_bytes(proof.note.signatures[0].value)
    for text, is_good in ((proof.note.text, True), (proof.note.text.replace("11", "12"), False)):
        (tmp_path / "text").write_text(text, encoding="utf-8")
        command = ("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-rawin", "-in", "text")
        done = subprocess.run(
            [*command, "-sigfile", "signature"], cwd=tmp_path, capture_output=True, check=False
        )
        assert (done.returncode == 0) is is_good


def test_an_entry_that_is_not_under_a_checkpoint_has_no_proof(tmp_path, log, case_key):
    with pytest.raises(Missing):
        log.proof(0)
    log.append({"n": 0})
    Log(log.path).append({"n": 1})
    assert log.proof(0).index == 0
    for index in (1, 2, -1):
        with pytest.raises(Missing):
            log.proof(index)
    log.sign(case_key)
    assert log.proof(1).verify(b'{"n":1}', [case_key.verifier])


def test_what_is_no_proof_is_refused(proof):
    data = proof.data
    hash_line = data.split(b"\n")[2] + b"\n"
    for wrong in (
        b"",
        data[:-1],
        data.replace(b"@v1", b"@v2"),
        data.replace(b"index 4", b"index 04"),
        data.replace(b"index 4", b"index -4"),
        data.replace(b"index 4\n", b""),
        data.replace(b"index", b"Index"),
        data.replace(hash_line, b"AAAA\n"),
        data.replace(hash_line, hash_line * 70),
        data.replace(b"\n\n", b"\n", 1),
        data.replace(b"index", b"extra ???\nindex"),
        data.replace(b"index", b"extra QQ==\nextra QQ==\nindex"),
        data.replace(b"index", b"\xff\nindex"),
        data.partition(b"\n\n")[0] + b"\n\n" + Note("no checkpoint\n").data,
        data.partition(b"\n\n")[0] + b"\n\n" + Note("no checkpoint\n", proof.note.signatures).data,
        hashlib.sha256(data).digest(),
    ):
        with pytest.raises(Malformed):
            Proof.parse(wrong)
