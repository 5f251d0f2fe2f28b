"""Who may do what: by role, by the account of the machine, and with a record of each act and each refusal."""

from __future__ import annotations

import pytest

from perito.errors import CaseError, EvidenceError
from perito.evidence import Store
from perito.evidence.people import change_recipients, opening, revealing
from perito.evidence.roles import (
    RIGHTS,
    ROLES,
    People,
    account_of_process,
    check_role,
    may,
    role_words,
)
from perito.evidence.vault import Recipient, Vault, new_identity
from perito.evidence.vault_store import seal_confidential

PEOPLE = """
[[person]]
id = "a.n."
name = "Ana N."
logins = ["ana"]
roles = ["analyst"]

[[person]]
id = "b.m."
name = "Bea M."
logins = ["bea", "bea-2"]
roles = ["custodian", "reviewer"]

[[person]]
id = "c.r."
name = "Carl R."
logins = ["carl"]
roles = ["reader"]
"""


@pytest.fixture
def case(tmp_path, monkeypatch):
    monkeypatch.setenv("PERITO_KEYS", str(tmp_path / "keys"))
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "people.toml").write_text(PEOPLE, "utf-8")
    store = Store(folder / "evidence")
    Vault(store.path).set_recipients([new_identity(name, None)[1] for name in ("case", "recovery")])
    (folder / "a.bin").write_bytes(b"confidential")
    (folder / "b.bin").write_bytes(b"plain")
    seal_confidential(store, [(folder / "a.bin", {})])
    store.add(folder / "b.bin")
    return folder


@pytest.fixture
def as_login(monkeypatch):
    return lambda login: monkeypatch.setattr("perito.evidence.roles.account_of_process", lambda: login)


def store_of(case) -> Store:
    return Store(case / "evidence")


def acts(case, *names):
    return [dict(one) for one in store_of(case).custody.entries() if one["act"] in names]


# --- the table of roles ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        ("custodian", {"open", "export", "purge", "keys", "seal", "report"}),
        ("analyst", {"open", "export", "seal", "report"}),
        ("reviewer", {"open", "reveal", "report"}),
        ("adjudicator", {"open", "reveal", "report"}),
        ("reader", set()),
    ],
)
def test_each_role_has_its_rights_and_no_others(role, rights):
    assert {right for right in RIGHTS if may(role, right)} == rights


def test_every_role_has_words_in_both_languages():
    assert all(role_words(role, language) for role in ROLES for language in ("en", "es"))


def test_an_unknown_role_or_right_is_named_with_the_nearest():
    with pytest.raises(CaseError, match="Did you mean 'custodian'"):
        check_role("custodain")
    with pytest.raises(CaseError, match="Did you mean 'purge'"):
        may("custodian", "purg")


# --- people ------------------------------------------------------------------------------------------


def test_a_person_is_known_by_the_account_of_the_machine(case, as_login):
    for login, person in (("ana", "a.n."), ("bea-2", "b.m.")):
        as_login(login)
        assert People(case).acting().id == person


@pytest.mark.parametrize(("login", "claimed"), [("mallory", None), ("mallory", "b.m."), ("ana", "b.m.")])
def test_nobody_works_as_somebody_else(case, as_login, login, claimed):
    as_login(login)
    with pytest.raises(EvidenceError, match="does not know"):
        People(case).acting(claimed)


def test_where_the_case_names_nobody_each_says_who_they_are_and_that_is_logged_as_such(case, as_login):
    (case / "people.toml").unlink()
    as_login("ana")
    item = store_of(case).find("a.bin")
    opening(store_of(case), case, item, ("analyst", "reading", "A. Nobody"))
    opened = acts(case, "opened")[0]
    assert (opened["by"], opened["role"], opened["is_listed"]) == ("A. Nobody", "analyst", False)


WRONG = {
    "no TOML": "[[person",
    "another table": "[people]\n",
    "an unknown key": PEOPLE.replace("logins", "login", 1),
    "a missing key": PEOPLE.replace('name = "Ana N."\n', ""),
    "an unknown role": PEOPLE.replace("analyst", "analist"),
    "an account of two people": PEOPLE.replace('"ana"', '"bea"'),
    "two people of one id": PEOPLE.replace('"a.n."', '"b.m."'),
    "logins that are no list": PEOPLE.replace('["ana"]', '"ana"'),
    "an empty name": PEOPLE.replace("Ana N.", " "),
    "a person that is no table": "person = [1]\n",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_fault_in_the_file_of_people_is_named_and_lets_nobody_in(case, name):
    (case / "people.toml").write_text(WRONG[name], "utf-8")
    with pytest.raises(CaseError):
        People(case)


# --- opening -----------------------------------------------------------------------------------------


def test_an_opening_is_logged_with_who_in_which_role_and_why(case, as_login):
    as_login("ana")
    store = store_of(case)
    item = store.find("a.bin")
    opening(store, case, item, (None, "reading the export", None), "bytes=0-3")
    opened = acts(case, "opened")[0]
    assert opened["items"] == [item.evidence_id]
    said = {name: opened[name] for name in ("by", "role", "reason", "locator", "is_listed")}
    assert said == {
        "by": "a.n.", "role": "analyst", "reason": "reading the export", "locator": "bytes=0-3",
        "is_listed": True,
    }  # fmt: skip


def test_what_is_not_confidential_is_opened_without_a_reason_and_logged(case, as_login):
    as_login("ana")
    opening(store_of(case), case, store_of(case).find("b.bin"), (None, "", None))
    assert [one["by"] for one in acts(case, "opened")] == ["a.n."]


def test_a_role_that_may_not_see_bytes_sees_none_confidential_or_not(case, as_login):
    as_login("carl")
    with pytest.raises(EvidenceError, match="may not see"):
        opening(store_of(case), case, store_of(case).find("b.bin"), (None, "", None))
    assert [one["right"] for one in acts(case, "refused")] == ["open"]


def test_the_environment_cannot_say_under_which_account_somebody_works(monkeypatch):
    before = account_of_process()
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert account_of_process() == before != "somebody-else"


def test_an_account_without_a_name_is_known_by_its_number(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 4_000_000_000)
    assert account_of_process() == "4000000000"


def test_on_a_medium_that_cannot_be_written_only_what_is_not_confidential_is_opened(
    case, as_login, monkeypatch
):
    as_login("ana")
    monkeypatch.setattr("os.access", lambda *_: False)
    assert not opening(store_of(case), case, store_of(case).find("b.bin"), (None, "", None))
    assert acts(case, "opened") == []
    assert opening(store_of(case), case, store_of(case).find("a.bin"), (None, "reading", None))
    assert len(acts(case, "opened")) == 1


@pytest.mark.parametrize("reason", ["", "  "])
def test_confidential_material_needs_a_reason(case, as_login, reason):
    as_login("ana")
    with pytest.raises(CaseError, match="reason"):
        opening(store_of(case), case, store_of(case).find("a.bin"), (None, reason, None))
    assert acts(case, "opened", "refused") == []


def test_who_has_several_roles_says_in_which(case, as_login):
    as_login("bea")
    item = store_of(case).find("a.bin")
    with pytest.raises(CaseError, match="role is needed"):
        opening(store_of(case), case, item, (None, "reading", None))
    opening(store_of(case), case, item, ("custodian", "reading", None))
    assert acts(case, "opened")[0]["role"] == "custodian"


@pytest.mark.parametrize(
    ("login", "role", "named"),
    [("carl", None, "may not see the bytes"), ("ana", "custodian", "is no custodian of this case")],
)
def test_a_refusal_is_logged_and_nothing_is_opened(case, as_login, login, role, named):
    as_login(login)
    with pytest.raises(EvidenceError, match=named):
        opening(store_of(case), case, store_of(case).find("a.bin"), (role, "curious", None))
    assert acts(case, "opened") == []
    refused = acts(case, "refused")[0]
    assert (refused["reason"], refused["right"]) == ("curious", "open")


def test_only_those_who_review_see_sensitive_media_unblurred(case, as_login):
    item = store_of(case).find("a.bin")
    as_login("bea")
    leave = revealing(store_of(case), case, item, ("reviewer", "second reading", None))
    assert (leave.person.id, leave.right) == ("b.m.", "reveal")
    assert acts(case, "revealed")[0]["role"] == "reviewer"
    with pytest.raises(EvidenceError, match="may not see sensitive media"):
        revealing(store_of(case), case, item, ("custodian", "looking", None))


# --- recipients --------------------------------------------------------------------------------------


def test_a_change_of_recipients_is_logged_and_only_for_custodians(case, as_login, tmp_path):
    third = new_identity("third", None)[1]
    as_login("ana")
    with pytest.raises(EvidenceError, match="may not change for whom"):
        change_recipients(store_of(case), case, added=[third], removed=[], said=(None, "audit", None))
    as_login("bea")
    said = ("custodian", "audit", None)
    left = change_recipients(store_of(case), case, added=[third], removed=["case"], said=said)
    assert [one.name for one in left] == ["recovery", "third"]
    assert [(one["act"], one["to"]) for one in acts(case, "granted", "revoked")] == [
        ("granted", "third"),
        ("revoked", "case"),
    ]
    with pytest.raises(CaseError, match="recovery key"):
        change_recipients(store_of(case), case, added=[], removed=["third"], said=said)
    with pytest.raises(CaseError, match="no recipient"):
        change_recipients(
            store_of(case), case, added=[Recipient("x", third.key)], removed=["case"], said=said
        )


def test_where_the_case_names_nobody_recipients_are_changed_by_whoever_says_so(case, as_login):
    (case / "people.toml").unlink()
    as_login("ana")
    third = new_identity("third", None)[1]
    change_recipients(store_of(case), case, added=[third], removed=[], said=(None, "", None))
    assert [(one["by"], one["to"]) for one in acts(case, "granted")] == [("ana", "third")]
