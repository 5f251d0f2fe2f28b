"""Sessions live on the server; the cookie is a signed name for one. Each has a token against forgery."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perito.web.people import Person
from perito.web.refused import Refused
from perito.web.review import fact

if TYPE_CHECKING:
    from perito.web.review import Review

_SEEN_EVERY_US = 30 * 1_000_000
_FORM_S_MAX = 3_600


@dataclass(frozen=True)
class Session:
    """Who is signed in, and the token that every form of the session carries."""

    person: Person
    csrf: str
    digest: str


class Signer:
    """Signs what a cookie or a form holds, with the secret of the review.

    Example:
        >>> Signer("secret", "session").read(Signer("secret", "session").sign("abc"))
        'abc'
    """

    def __init__(self, secret: str, purpose: str) -> None:
        from itsdangerous import URLSafeTimedSerializer

        self._serializer = URLSafeTimedSerializer(secret, salt=f"perito-{purpose}")

    def sign(self, value: str) -> str:
        """The value with its signature and time."""
        signed = self._serializer.dumps(value)
        return signed if isinstance(signed, str) else signed.decode()

    def read(self, signed: str | None, max_age_s: int | None = None) -> str | None:
        """The value, None if the signature is not ours or too old."""
        from itsdangerous import BadData

        if not signed:
            return None
        try:
            return str(self._serializer.loads(signed, max_age=max_age_s))
        except BadData:
            return None


def secret_of(review: Review) -> str:
    """The secret of the review."""
    with review.base.reading() as connection:
        return fact(connection, "secret") or ""


def start_session(review: Review, person: Person) -> str:
    """A new session; gives the name that the cookie carries, of which only a digest is kept."""
    name = secrets.token_urlsafe(32)
    now = review.clock.now_us()
    with review.base.writing() as connection:
        connection.execute(
            "DELETE FROM sessions WHERE seen_us < ?", (now - review.settings.us("session_hours"),)
        )
        connection.execute(
            "INSERT INTO sessions VALUES (?, ?, ?, ?, ?)",
            (_digest(name), person.id, secrets.token_urlsafe(24), now, now),
        )
    return name


def find_session(review: Review, name: str | None) -> Session | None:
    """The session of that name, None if there is none or it has ended."""
    if not name:
        return None
    now, settings, digest = review.clock.now_us(), review.settings, _digest(name)
    with review.base.reading() as connection:
        row = connection.execute(
            "SELECT * FROM sessions JOIN people USING (person_id) WHERE digest = ? AND is_active", (digest,)
        ).fetchone()
    if row is None:
        return None
    idle_us, age_us = now - row["seen_us"], now - row["started_us"]
    if idle_us > settings.us("idle_minutes") or age_us > settings.us("session_hours"):
        end_session(review, digest)
        return None
    if abs(idle_us) > _SEEN_EVERY_US:
        with review.base.writing(is_durable=False) as connection:
            connection.execute("UPDATE sessions SET seen_us = ? WHERE digest = ?", (now, digest))
    return Session(Person.from_row(row), row["csrf"], digest)


def end_session(review: Review, digest: str) -> None:
    """End a session."""
    with review.base.writing() as connection:
        connection.execute("DELETE FROM sessions WHERE digest = ?", (digest,))


def check_forgery(expected: str, given: str | None) -> None:
    """Refuse a request whose token is not that of the session.

    Raises:
        Refused: `forged`.

    Example:
        >>> check_forgery("a", "b")
        Traceback (most recent call last):
        perito.web.refused.Refused: forged
    """
    if not expected or not given or not hmac.compare_digest(expected.encode(), given.encode()):
        raise Refused("forged")


def form_token(signer: Signer) -> str:
    """A token for a form before anybody is signed in: a cookie and the form carry the same."""
    return signer.sign(secrets.token_urlsafe(16))


def check_form_token(signer: Signer, cookie: str | None, given: str | None) -> None:
    """Refuse a sign-in form that was not ours.

    Raises:
        Refused: `forged`.
    """
    if signer.read(cookie, _FORM_S_MAX) is None:
        raise Refused("forged")
    check_forgery(cookie or "", given)


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
