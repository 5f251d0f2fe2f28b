from __future__ import annotations

import subprocess

import pytest
from cryptography import x509

from perito import clock
from perito.errors import CaseError, EvidenceError, Missing
from perito.evidence.log import Trust
from perito.evidence.log.timestamp import nonce_in, query_der, read_stamp, verify_stamp

# data/evidence/tsa: query and response of OpenSSL over m.txt; facts as `openssl ts -reply -text` shows them.
GOLDEN_NONCE = 0xF43441E7E0FC6BB0
GOLDEN_POLICY = "1.3.6.1.4.1.99999.1"
GOLDEN_TIME_US = clock.instant_us("2026-11-21T19:29:33Z")
DATA = b"a checkpoint\n"


@pytest.fixture(scope="module")
def answered(authority):
    """A nonce, and what the local authority answered to a query with it."""
    nonce = 0x1234_5678_9ABC_DEF0
    return nonce, authority.answer(query_der(DATA, nonce))


@pytest.fixture
def golden(shared_data):
    folder = shared_data / "evidence" / "tsa"
    trust = Trust.read(folder / "ca.pem", GOLDEN_POLICY, authority=folder / "tsa.pem")
    return folder, (folder / "m.txt").read_bytes(), (folder / "r.tsr").read_bytes(), trust


def now_us():
    return clock.now_us()


# --- golden ----------------------------------------------------------------------------------------------


@pytest.mark.shared
def test_the_reference_query_is_written_byte_by_byte(golden):
    folder, data, _, _ = golden
    assert query_der(data, GOLDEN_NONCE, certificates=True) == (folder / "q.tsq").read_bytes()


@pytest.mark.shared
def test_the_reference_response_is_verified(golden):
    _, data, response, trust = golden
    stamp = verify_stamp(data, GOLDEN_NONCE, response, trust, GOLDEN_TIME_US + 1)
    assert stamp.time_us == GOLDEN_TIME_US
    assert stamp.accuracy_us == 1_000_000
    assert (stamp.policy, stamp.serial, stamp.authority) == (GOLDEN_POLICY, 3, "CN=perito test TSA")
    assert stamp.validated_at_us == GOLDEN_TIME_US + 1
    assert clock.iso(stamp.expires_us) == "2036-11-18T19:22:12Z"
    assert nonce_in(response) == GOLDEN_NONCE


@pytest.mark.shared
def test_no_flip_of_the_reference_response_says_anything_else(golden):
    _, data, response, trust = golden
    good = verify_stamp(data, GOLDEN_NONCE, response, trust, GOLDEN_TIME_US)
    accepted = set()
    for position in range(8 * len(response)):
        changed = bytearray(response)
        changed[position // 8] ^= 1 << position % 8
        try:
            stamp = verify_stamp(data, GOLDEN_NONCE, bytes(changed), trust, GOLDEN_TIME_US)
        except EvidenceError:
            continue
        assert stamp == good  # version numbers and the name of the algorithm are not signed
        accepted.add(position // 8)
    assert len(accepted) < 12


# --- a live authority ------------------------------------------------------------------------------------


def test_openssl_reads_the_query(tmp_path):
    for certificates in (False, True):
        (tmp_path / "q.tsq").write_bytes(query_der(DATA, 0xABCDEF, certificates=certificates))
        command = ["openssl", "ts", "-query", "-in", tmp_path / "q.tsq", "-text"]
        shown = subprocess.run(command, capture_output=True, check=True).stdout.decode()
        assert "Nonce: 0xABCDEF" in shown
        assert f"Certificate required: {'yes' if certificates else 'no'}" in shown
        assert "Hash Algorithm: sha256" in shown


def test_a_token_of_a_live_authority_is_verified_here_and_by_openssl(authority, answered, tmp_path):
    nonce, response = answered
    stamp = verify_stamp(DATA, nonce, response, authority.trust, now_us())
    assert stamp.is_verified
    assert abs(stamp.time_us - now_us()) < clock.epoch_us(3600)
    assert stamp.authority == "CN=perito test authority"
    assert authority.accepts(DATA, response, tmp_path)
    assert not authority.accepts(DATA + b"more", response, tmp_path)


def test_a_token_that_carries_its_certificate_needs_no_other(authority):
    response = authority.answer(query_der(DATA, 7, certificates=True))
    trust = Trust(authority.trust.roots, authority.trust.policy)
    assert verify_stamp(DATA, 7, response, trust, now_us()).is_verified


def test_a_token_with_a_chain_out_of_order_is_refused_though_openssl_takes_it(authority, tmp_path):
    response = authority.answer(query_der(DATA, 7, certificates=True), section="tsa_with_chain")
    assert authority.accepts(DATA, response, tmp_path)
    with pytest.raises(EvidenceError):
        verify_stamp(DATA, 7, response, authority.trust, now_us())
    without = authority.answer(query_der(DATA, 8), section="tsa_with_chain")
    assert verify_stamp(DATA, 8, without, authority.trust, now_us()).is_verified


def test_a_token_without_certificate_is_refused_where_none_is_given(authority, answered):
    nonce, response = answered
    trust = Trust(authority.trust.roots, authority.trust.policy)
    with pytest.raises(EvidenceError):
        verify_stamp(DATA, nonce, response, trust, now_us())


def test_a_token_says_nothing_of_other_data(authority, answered):
    nonce, response = answered
    for data in (DATA + b" ", DATA[:-1], b""):
        with pytest.raises(EvidenceError):
            read_stamp(data, nonce, response)
        with pytest.raises(EvidenceError):
            verify_stamp(data, nonce, response, authority.trust, now_us())


def test_a_token_with_another_nonce_is_refused(authority, answered):
    nonce, response = answered
    with pytest.raises(EvidenceError):
        read_stamp(DATA, nonce + 1, response)


def test_a_token_without_a_nonce_is_refused(authority, tmp_path):
    (tmp_path / "data").write_bytes(DATA)
    command = ["openssl", "ts", "-query", "-data", "data", "-sha256", "-no_nonce"]
    query = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout
    response = authority.answer(query)
    assert nonce_in(response) is None
    with pytest.raises(EvidenceError):
        read_stamp(DATA, 0, response)


def test_a_token_under_another_policy_is_refused(authority):
    nonce = 99
    response = authority.answer(query_der(DATA, nonce), "-tspolicy", "1.3.6.1.4.1.99999.2")
    assert read_stamp(DATA, nonce, response).policy == "1.3.6.1.4.1.99999.2"
    with pytest.raises(EvidenceError):
        verify_stamp(DATA, nonce, response, authority.trust, now_us())


def test_a_token_of_an_authority_that_is_not_trusted_is_refused(authority, other_authority, answered):
    nonce, response = answered
    assert read_stamp(DATA, nonce, response).is_verified is False
    mixed = Trust(other_authority.trust.roots, authority.trust.policy, authority.trust.authority)
    for trust in (other_authority.trust, mixed):
        with pytest.raises(EvidenceError):
            verify_stamp(DATA, nonce, response, trust, now_us())


def test_a_token_from_after_its_validation_is_refused(authority, answered):
    nonce, response = answered
    with pytest.raises(EvidenceError):
        verify_stamp(DATA, nonce, response, authority.trust, now_us() - clock.epoch_us(86_400))


def test_a_refusal_of_the_authority_is_an_error_with_its_words(authority):
    sha1 = query_der(DATA, 5).replace(
        bytes.fromhex("0609608648016503040201"), bytes.fromhex("0609608648016503040202")
    )
    response = authority.answer(sha1)  # the imprint does not fit the algorithm
    with pytest.raises(EvidenceError) as fault:
        read_stamp(DATA, 5, response)
    assert "REJECTION" in fault.value.found


@pytest.mark.parametrize(
    "response", [b"", b"0", b"0\x03\x02\x01\x00", b"<html>", bytes(1000), b"0\x05\x30\x03\x02\x01\x02"]
)
def test_what_is_no_response_is_an_error(authority, response):
    for act in (
        lambda: nonce_in(response),
        lambda: read_stamp(DATA, 1, response),
        lambda: verify_stamp(DATA, 1, response, authority.trust, now_us()),
    ):
        with pytest.raises(EvidenceError):
            act()


# --- trust -----------------------------------------------------------------------------------------------


def test_trust_needs_a_root_and_a_policy(authority):
    trust = authority.trust
    with pytest.raises(CaseError):
        Trust((), trust.policy)
    for policy in ("", "any", "1.2.x"):
        with pytest.raises(CaseError):
            Trust(trust.roots, policy)


def test_a_self_signed_certificate_is_trusted_as_a_root_only(authority, other_authority):
    (stranger,) = other_authority.trust.roots
    with pytest.raises(CaseError):
        Trust(authority.trust.roots, authority.trust.policy, intermediates=(stranger,))
    with pytest.raises(CaseError):
        Trust(authority.trust.roots, authority.trust.policy, authority=stranger)
    both = Trust((*authority.trust.roots, stranger), authority.trust.policy, intermediates=(stranger,))
    assert len(both.roots) == 2


def test_certificates_are_read_from_pem_files(authority, tmp_path):
    both = (authority.folder / "root.pem").read_bytes() + (authority.folder / "authority.pem").read_bytes()
    (tmp_path / "both.pem").write_bytes(both)
    trust = Trust.read(authority.folder / "root.pem", "1.2.3", intermediates=tmp_path / "both.pem")
    assert len(trust.intermediates) == 2
    assert trust.policy_oid == x509.ObjectIdentifier("1.2.3")
    with pytest.raises(Missing):
        Trust.read(tmp_path / "none.pem", "1.2.3")
    (tmp_path / "empty.pem").write_bytes(b"")
    with pytest.raises(CaseError):
        Trust.read(tmp_path / "empty.pem", "1.2.3")
