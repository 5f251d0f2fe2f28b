"""The people of a review: pseudonym, name, role, and a password of which only an argon2 hash is kept."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from perito.errors import CaseError, nearest
from perito.evidence.custody import Custody
from perito.web.refused import Refused
from perito.web.roles import ROLES

if TYPE_CHECKING:
    import sqlite3

    from argon2 import PasswordHasher

    from perito.web.review import Review

PASSWORD_CHARACTERS_MIN = 10
_PASSWORD_CHARACTERS_MAX = 1_000
_NAME_CHARACTERS_MAX = 80
_FAILURES_MAX = {"name": 5, "address": 30}
_FAILURE_WINDOW_US = 15 * 60 * 1_000_000
_HASHING = threading.BoundedSemaphore(2)  # each takes 64 MiB; nobody signs in to use up the memory
LANGUAGES = ("en", "es")
THEMES = ("auto", "light", "dark")


@dataclass(frozen=True)
class Person:
    """One person of the review; `id` is the pseudonym that stands in the labels."""

    id: str
    name: str
    role: str
    language: str
    theme: str
    is_active: bool
    has_keys: bool = True

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> Person:
        """The person in a row of `people`."""
        return cls(
            row["person_id"], row["name"], row["role"], row["language"], row["theme"],
            is_active=bool(row["is_active"]), has_keys=bool(row["has_keys"]),
        )  # fmt: skip


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _nobodys_hash() -> str:
    """What is checked for a name that nobody has, so that the answer takes as long."""
    return _hasher().hash(secrets.token_urlsafe(16))


def add_person(
    review: Review, name: str, role: str, password: str, language: str = "es", *, by: str | None = None
) -> Person:
    """A new person; the custody log of the case says so, by pseudonym.

    Args:
        review: The review.
        name: The name to sign in with.
        role: One of `roles.ROLES`.
        password: At least ten characters.
        language: `en` or `es`.
        by: Who lets the person in, by pseudonym; None on the command line.

    Raises:
        CaseError: There is no such role or language, or the name is none.
        Refused: `name_taken` or `password_short`.
    """
    if role not in ROLES:
        raise CaseError(f"there is no role '{role}'", remedy=nearest(role, ROLES))
    if language not in LANGUAGES:
        raise CaseError(f"there is no language '{language}'", remedy=nearest(language, LANGUAGES))
    name = _spelt(name)
    if not name or len(name) > _NAME_CHARACTERS_MAX or not name.isprintable():
        raise CaseError(
            "a name is 1 to 80 printable characters", where="name", found=repr(name[:_NAME_CHARACTERS_MAX])
        )
    hashed = hash_password(password)
    person = Person(f"p-{secrets.token_hex(4)}", name, role, language, "auto", is_active=True)
    with review.base.writing() as connection:
        if connection.execute("SELECT 1 FROM people WHERE name = ?", (name,)).fetchone():
            raise Refused("name_taken", name=name)
        connection.execute(
            "INSERT INTO people"
            " (person_id, name, role, password_hash, language, theme, is_active, created_us)"
            " VALUES (?, ?, ?, ?, ?, 'auto', 1, ?)",
            (person.id, name, role, hashed, language, review.clock.now_us()),
        )
        _note(review, "granted", by, person.id, role=role)
    return person


def _spelt(name: str) -> str:
    """A name in one spelling: an accent is part of its letter, however the keyboard sends it."""
    return unicodedata.normalize("NFC", name.strip())


def _note(
    review: Review,
    act: str,
    by: str | None,
    person_id: str,
    *,
    role: str | None = None,
    reason: str | None = None,
) -> None:
    """Write into the custody log who may sign in from now on; what cannot be logged is not done."""
    custody = Custody(review.folder / "evidence")
    custody.record(act, by=by, to=person_id, what="review", role=role, reason=reason)


def hash_password(password: str) -> str:
    """The argon2id hash of a password.

    Raises:
        Refused: `password_short`.
    """
    if not PASSWORD_CHARACTERS_MIN <= len(password) <= _PASSWORD_CHARACTERS_MAX:
        raise Refused("password_short", least=PASSWORD_CHARACTERS_MIN)
    with _HASHING:
        return _hasher().hash(password)


def list_people(review: Review) -> list[Person]:
    """Everybody, by name."""
    with review.base.reading() as connection:
        rows = connection.execute("SELECT * FROM people ORDER BY name").fetchall()
    return [Person.from_row(row) for row in rows]


def change_password(review: Review, name: str, password: str, *, by: str | None = None) -> None:
    """Give a person another password and end that person's sessions; the custody log says so.

    Raises:
        CaseError: Nobody has that name.
        Refused: `password_short`.
    """
    hashed = hash_password(password)
    with review.base.writing() as connection:
        person_id = _named(connection, name)
        connection.execute("UPDATE people SET password_hash = ? WHERE person_id = ?", (hashed, person_id))
        connection.execute("DELETE FROM sessions WHERE person_id = ?", (person_id,))
        _note(review, "granted", by, person_id, reason="another password")


def set_active(review: Review, name: str, *, is_active: bool, by: str | None = None) -> None:
    """Let a person sign in or not, and log it; with the right go the sessions and the item in hand.

    Raises:
        CaseError: Nobody has that name.
    """
    from perito.web.conflicts import let_go

    with review.base.writing() as connection:
        person_id = _named(connection, name)
        connection.execute("UPDATE people SET is_active = ? WHERE person_id = ?", (int(is_active), person_id))
        connection.execute("DELETE FROM sessions WHERE person_id = ?", (person_id,))
        if not is_active:
            let_go(connection, person_id)
        _note(review, "granted" if is_active else "revoked", by, person_id)


def _named(connection: sqlite3.Connection, name: str) -> str:
    row = connection.execute("SELECT person_id FROM people WHERE name = ?", (_spelt(name),)).fetchone()
    if row is None:
        names = [one["name"] for one in connection.execute("SELECT name FROM people")]
        raise CaseError(f"nobody is called '{name}'", remedy=nearest(name, names))
    return str(row["person_id"])


def check_password(review: Review, name: str, password: str, address: str) -> Person:
    """The person who signs in with that name and password.

    Args:
        review: The review.
        name: As it was typed.
        password: As it was typed.
        address: Where the request came from.

    Raises:
        Refused: `sign_in_wait` after too many failures under the name or from the address within a quarter
            of an hour; `sign_in_refused` for whatever else, with the same words for each.
    """
    from argon2.exceptions import VerificationError

    name = _spelt(name)[:_NAME_CHARACTERS_MAX]
    attempt = _note_attempt(review, name, address)
    with review.base.reading() as connection:
        row = connection.execute("SELECT * FROM people WHERE name = ? AND is_active", (name,)).fetchone()
    known = row["password_hash"] if row is not None else _nobodys_hash()
    try:
        with _HASHING:
            _hasher().verify(known, password[:_PASSWORD_CHARACTERS_MAX])
    except VerificationError:
        row = None
    if row is None:
        raise Refused("sign_in_refused")
    with review.base.writing(is_durable=False) as connection:
        connection.execute("DELETE FROM attempts WHERE attempt = ?", (attempt,))
    return Person.from_row(row)


def _note_attempt(review: Review, name: str, address: str) -> int:
    """Count an attempt as failed before the password is looked at, so that many at once are no way around.

    Raises:
        Refused: `sign_in_wait`.
    """
    now = review.clock.now_us()
    with review.base.writing(is_durable=False) as connection:
        connection.execute("DELETE FROM attempts WHERE at_us <= ?", (now - _FAILURE_WINDOW_US,))
        for column, value in (("name", name), ("address", address)):
            (failures,) = connection.execute(
                f"SELECT count(*) FROM attempts WHERE {column} = ?", (value,)
            ).fetchone()
            if failures >= _FAILURES_MAX[column]:
                raise Refused("sign_in_wait", minutes=15)
        return int(
            connection.execute(
                "INSERT INTO attempts (name, address, at_us) VALUES (?, ?, ?)", (name, address, now)
            ).lastrowid
            or 0
        )
