"""Who may do what with the evidence of a case, and the record of who did.

A case can name its people in `people.toml`: each with a name, the accounts of this machine under which
they work, and their roles. Then an act that needs a right is allowed to those whose role has it, and what
was refused is logged as well. **What this does not enforce:** a person is known by the account of the
machine alone, and whoever can read the disk and holds an identity of the vault can read what is in it,
without this program and without a trace. The keys protect the bytes; the roles order the work and record it.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from perito.errors import CaseError, EvidenceError, nearest
from perito.ids import is_evidence_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from perito.evidence.custody import Custody

PEOPLE_FILE = "people.toml"
_KEYS = {"id", "name", "logins", "roles"}


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads((files("perito.evidence") / "roles.toml").read_text("utf-8"))


ROLES: tuple[str, ...] = tuple(_data()["roles"])
"""Every role; what each may do, and the words for readers, are in `roles.toml`."""

RIGHTS: tuple[str, ...] = tuple(_data()["rights"])
"""Every right that a role can have."""


def may(role: str, right: str) -> bool:
    """Whether a role has a right.

    Raises:
        CaseError: There is no such role, or no such right.

    Example:
        >>> may("custodian", "purge"), may("reader", "open")
        (True, False)
    """
    if right not in RIGHTS:
        raise CaseError(f"there is no right '{right}'", remedy=nearest(right, RIGHTS))
    return right in _data()["roles"][check_role(role)]["may"]


def check_role(role: str) -> str:
    """The role, if there is one of that name.

    Raises:
        CaseError: There is none.
    """
    if role not in ROLES:
        raise CaseError(f"there is no role '{role}'", remedy=nearest(role, ROLES))
    return role


def role_words(role: str, language: str) -> str:
    """A role in a reader's language.

    Example:
        >>> role_words("custodian", "es")
        'custodio'
    """
    return str(_data()["roles"][check_role(role)][language])


@dataclass(frozen=True)
class Person:
    """Somebody who works on a case.

    Args:
        id: How the log names them.
        name: Their name.
        roles: What they are in this case.
        is_listed: Whether the case names them; if not, who they are and their role is what they say.
    """

    id: str
    name: str
    roles: tuple[str, ...]
    is_listed: bool = True


@dataclass(frozen=True)
class Admission:
    """Leave for one act.

    Args:
        person: Who.
        role: In which role.
        right: To do what.
        reason: Why.
    """

    person: Person
    role: str
    right: str
    reason: str

    def facts(self) -> dict[str, Any]:
        """What the log says of it, besides who."""
        return {"role": self.role, "reason": self.reason, "is_listed": self.person.is_listed}


def account_of_process() -> str:
    """The account under which this process works; the environment cannot name another one.

    Example:
        >>> account_of_process() != ""
        True
    """
    import pwd

    number = os.geteuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)  # an account without a name, as in some containers


class People:
    """The people of a case; without a file of people nobody is listed, and each says who they are.

    Args:
        folder: The case folder.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / PEOPLE_FILE
        self._people = _read(self.file) if self.file.exists() else None

    @property
    def is_kept(self) -> bool:
        """Whether the case names its people."""
        return self._people is not None

    def acting(self, claimed: str | None = None, login: str | None = None) -> Person:
        """Who works under the account of this machine.

        Args:
            claimed: Who they say they are; taken only where the case names nobody.
            login: The account; by default the one of this process.

        Raises:
            EvidenceError: The case names its people, and nobody under that account, or somebody else.
        """
        account = login or account_of_process()
        if self._people is None:
            return Person(claimed or account, claimed or account, ROLES, is_listed=False)
        person = next((one for logins, one in self._people if account in logins), None)
        if person is None or claimed not in (None, person.id):
            raise EvidenceError(
                f"the case does not know '{claimed or account}' under this account",
                where=str(self.file),
                expected="a person who lists the account among their logins",
                found=account,
                remedy="let the custodian name them there",
            )
        return person

    def let(self, custody: Custody, right: str, by: str | None = None) -> Person:
        """Leave for an act on the case as a whole, in any of a person's roles; a refusal is logged.

        Args:
            custody: The custody log.
            right: What is to be done.
            by: Who they say they are, where the case names nobody.

        Raises:
            EvidenceError: No role of the person has that right, or the case does not know them.
        """
        person = self.acting(by)
        if person.is_listed and not any(may(role, right) for role in person.roles):
            custody.record("refused", by=person.id, right=right)
            raise EvidenceError(
                f"{person.id} may not {_data()['rights'][right]['en']}",
                where=str(self.file),
                expected="one of the roles " + ", ".join(one for one in ROLES if may(one, right)),
                found=", ".join(person.roles) or "none",
                remedy="ask somebody who may; the attempt is in the custody log",
            )
        return person

    def admit(
        self,
        custody: Custody,
        item_id: str,
        right: str,
        *,
        role: str | None,
        reason: str,
        by: str | None = None,
    ) -> Admission:
        """Leave for an act on an item; a refusal is logged before it is raised.

        Args:
            custody: The custody log.
            item_id: The item; or another name for what the act is about.
            right: What is to be done.
            role: In which role; not needed by who has only one.
            reason: Why, in a sentence.
            by: Who they say they are, where the case names nobody.

        Raises:
            CaseError: No role or no reason is named.
            EvidenceError: The person has not that role, or the role not that right.
        """
        if not reason.strip():
            raise CaseError("a reason is needed", where=item_id, remedy="say why with --reason")
        person = self.acting(by)
        acting_as = _role_of(person, role, item_id)
        if acting_as not in person.roles or not may(acting_as, right):
            items = [item_id] if is_evidence_id(item_id) else []
            custody.record("refused", items=items, by=person.id, right=right, role=acting_as, reason=reason)
            raise _refused(person, acting_as, right, item_id)
        return Admission(person, acting_as, right, reason)


def _role_of(person: Person, role: str | None, item_id: str) -> str:
    if role is not None:
        return check_role(role)
    if person.is_listed and len(person.roles) == 1:
        return person.roles[0]
    raise CaseError(
        "a role is needed", where=item_id, expected=", ".join(person.roles), remedy="say it with --role"
    )


def _refused(person: Person, role: str, right: str, item_id: str) -> EvidenceError:
    words = _data()["rights"][right]["en"]
    has_role = role in person.roles
    allowed = [one for one in ROLES if may(one, right)]
    return EvidenceError(
        f"{person.id} may not {words}" if has_role else f"{person.id} is no {role} of this case",
        where=item_id,
        expected="one of the roles " + ", ".join(allowed) if has_role else ", ".join(person.roles) or "none",
        found=role,
        remedy="ask somebody who may; the attempt is in the custody log",
    )


# --- the file of people ------------------------------------------------------------------------------


def _read(file: Path) -> list[tuple[frozenset[str], Person]]:
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as fault:
        raise CaseError("the file of people cannot be read", where=str(file), found=str(fault)) from fault
    entries = content.get("person", [])
    if set(content) - {"person"} or not isinstance(entries, list):
        raise CaseError("the file of people has other keys", where=str(file), expected="[[person]]")
    people = [_person(entry, f"{file}: [[person]] number {at}") for at, entry in enumerate(entries, start=1)]
    _expect_apart(people, str(file))
    return people


def _person(entry: Any, where: str) -> tuple[frozenset[str], Person]:  # noqa: ANN401  (what the file holds)
    unknown = set(entry) - _KEYS if isinstance(entry, dict) else {"?"}
    if unknown:
        raise CaseError(
            f"the key '{min(unknown)}' is not known", where=where, remedy=nearest(min(unknown), _KEYS)
        )
    missing = _KEYS - set(entry)
    if missing:
        raise CaseError(f"the key '{min(missing)}' is missing", where=where)
    for key in ("id", "name"):
        if not isinstance(entry[key], str) or not entry[key].strip():
            raise CaseError(f"'{key}' is no text", where=where, found=repr(entry[key])[:80])
    roles = tuple(check_role(role) for role in _texts(entry, "roles", where))
    return frozenset(_texts(entry, "logins", where)), Person(entry["id"], entry["name"], roles)


def _texts(entry: Mapping[str, Any], key: str, where: str) -> list[str]:
    values = entry[key]
    if not isinstance(values, list) or not all(isinstance(one, str) and one for one in values):
        raise CaseError(f"'{key}' is no list of texts", where=where, found=repr(values)[:80])
    return values


def _expect_apart(people: list[tuple[frozenset[str], Person]], where: str) -> None:
    logins = [login for every, _ in people for login in every]
    ids = [person.id for _, person in people]
    for names, what in ((logins, "an account belongs to two people"), (ids, "two people have one id")):
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise CaseError(what, where=where, found=doubled[0])
