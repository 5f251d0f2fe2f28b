from __future__ import annotations

import socket
import urllib.request

import pytest

from perito import clock
from perito.errors import CaseError, EvidenceError
from perito.evidence.log import Log, Stamps
from perito.evidence.log.timestamp import query_der

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def signed(log):
    log.append_many([{"n": n} for n in range(3)])
    return log


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(urllib.request, "build_opener", refuse)


def states(log, *trusts):
    return [one.state for one in log.stamps.states(trusts)]


def stamp_files(log):
    return sorted(path.relative_to(log.path).as_posix() for path in (log.path / "stamps").rglob("*.*"))


def replies(authority):
    return lambda body, _headers: (
        200,
        {"Content-Type": "application/timestamp-reply"},
        authority.answer(body),
    )


# --- carried by hand -------------------------------------------------------------------------------------


def test_a_checkpoint_is_unstamped_until_a_token_holds(signed, authority, no_network):
    trust = authority.trust
    assert states(signed) == states(signed, trust) == ["unstamped"]
    query = signed.stamps.query()
    assert states(signed) == states(signed, trust) == ["unstamped"]
    stamp = signed.stamps.attach(authority.answer(query.read_bytes()), trust)
    assert stamp.is_verified
    assert states(signed, trust) == ["stamped"]
    assert states(signed) == ["unverified"]
    (state,) = signed.stamps.states([trust])
    assert state.checkpoint == signed.checkpoint()
    assert [one.time_us for one in state.stamps] == [stamp.time_us]
    assert state.failures == ()


def test_later_entries_are_unstamped_again(signed, authority):
    signed.stamps.attach(authority.answer(signed.stamps.query().read_bytes()), authority.trust)
    signed.append({"n": 3})
    found = signed.stamps.states([authority.trust])
    assert [(one.checkpoint.size, one.state) for one in found] == [(3, "stamped"), (4, "unstamped")]
    assert signed.check().ok


def test_what_is_stamped_is_the_checkpoint_as_it_lies_there(signed, authority, tmp_path, witness_key):
    signed.sign(witness_key, at_us=1_000_000)
    query = signed.stamps.query()
    note = query.with_suffix(".note").read_bytes()
    assert note == signed.signed_note().data == (signed.path / "checkpoint").read_bytes()
    response = authority.answer(query.read_bytes())
    assert authority.accepts(note, response, tmp_path)


def test_a_response_is_kept_as_it_came_under_the_query_that_it_answers(signed, authority):
    first, second = signed.stamps.query(), signed.stamps.query()
    response = authority.answer(first.read_bytes())
    signed.stamps.attach(response, authority.trust)
    answered = [query for query in signed.stamps.queries() if query.responses]
    assert [query.responses for query in answered] == [(response,)]
    assert first.stem == answered[0].where.rsplit("/", 1)[1] != second.stem
    signed.stamps.attach(response, authority.trust)
    assert len(stamp_files(signed)) == 5


def test_a_token_attached_without_trust_is_unverified(signed, authority, other_authority):
    response = authority.answer(signed.stamps.query().read_bytes())
    assert signed.stamps.attach(response).is_verified is False
    assert states(signed) == ["unverified"]
    assert states(signed, authority.trust) == ["stamped"]
    (state,) = signed.stamps.states([other_authority.trust])
    assert (state.state, len(state.failures), state.stamps) == ("unstamped", 1, ())


def test_two_authorities_can_stamp_one_checkpoint(signed, authority, other_authority):
    trusts = [authority.trust, other_authority.trust]
    for one in (authority, other_authority):
        signed.stamps.attach(one.answer(signed.stamps.query().read_bytes()), one.trust)
    (state,) = signed.stamps.states(trusts)
    assert state.state == "stamped"
    assert {stamp.authority for stamp in state.stamps} == {
        "CN=perito test authority",
        "CN=other test authority",
    }
    (state,) = signed.stamps.states(trusts[:1])
    assert (state.state, len(state.stamps), len(state.failures)) == ("stamped", 1, 1)


def test_a_response_to_another_log_is_refused_and_not_kept(signed, authority, tmp_path, case_key):
    other = Log(tmp_path / "other", [case_key])
    other.append({"n": 0})
    response = authority.answer(other.stamps.query().read_bytes())
    signed.stamps.query()
    before = stamp_files(signed)
    with pytest.raises(EvidenceError):
        signed.stamps.attach(response, authority.trust)
    assert stamp_files(signed) == before
    assert states(signed, authority.trust) == ["unstamped"]


def test_a_response_that_does_not_hold_is_refused_and_not_kept(signed, authority, other_authority):
    response = authority.answer(signed.stamps.query().read_bytes())
    before = stamp_files(signed)
    broken = bytearray(response)
    broken[-1] ^= 1
    for data, trust in ((response, other_authority.trust), (bytes(broken), authority.trust), (b"", None)):
        with pytest.raises(EvidenceError):
            signed.stamps.attach(data, trust)
    with pytest.raises(EvidenceError):
        signed.stamps.attach(response, authority.trust, at_us=0)
    assert stamp_files(signed) == before
    assert states(signed, authority.trust) == ["unstamped"]


def test_a_log_without_a_checkpoint_cannot_be_stamped(tmp_path, authority, no_network):
    log = Log(tmp_path / "log")
    log.append({"n": 0})
    for act in (log.stamps.query, lambda: log.stamps.stamp("http://127.0.0.1/tsa")):
        with pytest.raises(CaseError):
            act()
    assert log.stamps.states() == []


def test_damage_in_what_was_stamped_makes_it_unstamped_and_is_named(signed, authority):
    query = signed.stamps.query()
    signed.stamps.attach(authority.answer(query.read_bytes()), authority.trust)
    (response,) = query.parent.glob("*.tsr")
    for path in (query, query.with_suffix(".note"), response):
        held = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(held[:-1] + bytes([held[-1] ^ 1]))
        problems = signed.stamps.problems()
        assert any(one.where == path.relative_to(signed.path).as_posix() for one in problems)
        assert not signed.check().ok
        path.write_bytes(held)
    response.write_bytes(b"")
    (state,) = signed.stamps.states([authority.trust])
    assert (state.state, len(state.failures)) == ("unstamped", 1)


def test_missing_and_strange_files_are_named(signed):
    query = signed.stamps.query()
    (query.parent / "notes.txt").write_text("x")
    (query.parent / "0000000000000000.tsq").write_bytes(query.read_bytes())
    moved = signed.path / "stamps" / "4"
    moved.mkdir()
    (moved / query.name).write_bytes(query.read_bytes())
    (moved / query.with_suffix(".note").name).write_bytes(query.with_suffix(".note").read_bytes())
    assert len(signed.stamps.problems()) == 3


def test_a_query_that_is_gone_is_named_if_it_was_answered(signed, authority):
    query = signed.stamps.query()
    held = query.read_bytes()
    query.unlink()
    assert (signed.stamps.queries(), signed.stamps.problems()) == ([], [])
    query.write_bytes(held)
    signed.stamps.attach(authority.answer(held), authority.trust)
    query.unlink()
    assert [one.where for one in signed.stamps.problems()] == [query.relative_to(signed.path).as_posix()]


def test_a_stamp_of_a_checkpoint_that_the_log_does_not_continue_is_a_problem(signed, tmp_path, case_key):
    other = Log(tmp_path / "other", [case_key])
    other.append_many([{"other": n} for n in range(3)])
    query = other.stamps.query()
    target = signed.path / "stamps" / "3"
    target.mkdir(parents=True)
    for path in (query, query.with_suffix(".note")):
        (target / path.name).write_bytes(path.read_bytes())
    assert [one.kind for one in signed.check().problems] == ["stamp"]


# --- over the network ------------------------------------------------------------------------------------


def test_a_stamp_from_an_address_is_verified_and_kept(signed, authority, serve):
    asked = []

    def answer(body, headers):
        asked.append((body, headers["Content-Type"]))
        return replies(authority)(body, headers)

    stamp = signed.stamps.stamp(serve(answer), authority.trust)
    assert stamp.is_verified
    assert states(signed, authority.trust) == ["stamped"]
    (query,) = signed.stamps.queries()
    assert asked == [(query_der(query.note.data, query.nonce), "application/timestamp-query")]
    assert signed.check().ok


def test_certificates_are_asked_for_only_if_wanted(signed, authority, serve):
    asked = []

    def answer(body, _headers):
        asked.append(body)
        return 200, {}, b"no token"

    url = serve(answer)
    for certificates in (False, True):
        with pytest.raises(EvidenceError):
            signed.stamps.stamp(url, authority.trust, certificates=certificates)
    assert [body.endswith(b"\x01\x01\xff") for body in asked] == [False, True]


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}, b"out of order"),
        (404, {}, b""),
        (302, {"Location": "http://127.0.0.1:9/elsewhere"}, b""),
        (200, {}, b""),
        (200, {}, b"<html>welcome</html>"),
        (200, {}, b"0" * 1_000_001),
    ],
    ids=["error", "missing", "redirected", "empty", "page", "too long"],
)
def test_an_attempted_stamp_that_fails_is_an_error_and_the_state_stays_unstamped(
    signed, authority, serve, answer
):
    url = serve(lambda _body, _headers: answer)
    with pytest.raises(EvidenceError):
        signed.stamps.stamp(url, authority.trust)
    assert stamp_files(signed) == []
    assert states(signed, authority.trust) == ["unstamped"]


def test_a_redirection_is_not_followed(signed, authority, serve):
    reached = []
    target = serve(lambda body, headers: reached.append(body) or replies(authority)(body, headers))
    url = serve(lambda _body, _headers: (307, {"Location": target}, b""))
    with pytest.raises(EvidenceError):
        signed.stamps.stamp(url, authority.trust)
    assert reached == []


def test_an_answer_to_another_query_is_an_error(signed, authority, serve):
    old = authority.answer(query_der(signed.signed_note().data, 7))
    url = serve(lambda _body, _headers: (200, {}, old))
    with pytest.raises(EvidenceError):
        signed.stamps.stamp(url, authority.trust)
    assert states(signed, authority.trust) == ["unstamped"]


def test_an_authority_that_is_not_trusted_is_an_error(signed, authority, other_authority, serve):
    with pytest.raises(EvidenceError):
        signed.stamps.stamp(serve(replies(other_authority)), authority.trust)
    assert states(signed, authority.trust) == ["unstamped"]


def test_an_authority_that_does_not_answer_is_an_error_within_the_time(signed, authority):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        before_us = clock.now_us()
        with pytest.raises(EvidenceError):
            signed.stamps.stamp(url, authority.trust, timeout_s=0.2)
        assert clock.now_us() - before_us < clock.epoch_us(20)
    with pytest.raises(EvidenceError):
        signed.stamps.stamp(url, authority.trust)
    assert states(signed, authority.trust) == ["unstamped"]


@pytest.mark.parametrize("url", ["", "tsa.example", "file:///etc/passwd", "ftp://tsa.example/", "data:,x"])
def test_only_web_addresses_are_asked(signed, no_network, url):
    with pytest.raises(CaseError):
        signed.stamps.stamp(url)


@pytest.mark.parametrize("url", ["http://", "http://127.0.0.1:99999/", "http://\x00/", "http://[::1/"])
def test_an_address_that_leads_nowhere_is_an_error(signed, url):
    with pytest.raises((CaseError, EvidenceError)):
        signed.stamps.stamp(url)


def test_the_stamps_of_a_folder_can_be_read_without_the_log(signed):
    signed.stamps.query()
    assert len(Stamps(signed.path).queries()) == 1
    assert Stamps(signed.path / "none").states() == []
