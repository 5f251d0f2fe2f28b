"""Names for readings that say nothing: a later number would tell who reads it what became of the item.

Readings are numbered as they are opened. Those planned come first; one that a first «yes» has opened, a
known answer and a repeat come after them. So the pages carry a name in place of the number: the number under
a permutation that only the server can turn back, another one for each person.
"""

from __future__ import annotations

import hashlib
import hmac

from perito.web.refused import Refused

_ROUNDS = 4
_HALF_BITS = 32
_DIGITS = 2 * _HALF_BITS // 4


class Veil:
    """A permutation of the numbers below 2^64: four Feistel rounds of HMAC-SHA256 (Luby & Rackoff 1988).

    Args:
        secret: The secret of the review.

    Example:
        >>> veil = Veil("secret")
        >>> veil.number("p-1", veil.name("p-1", 7))
        7
        >>> veil.name("p-1", 7) == veil.name("p-2", 7)
        False
    """

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"perito-veil" + secret.encode()).digest()

    def name(self, person_id: str, number: int) -> str:
        """The name of a reading for a person: 16 hexadecimal digits, the same each time."""
        left, right = number >> _HALF_BITS, number & ((1 << _HALF_BITS) - 1)
        for place in range(_ROUNDS):
            left, right = right, left ^ self._mixed(person_id, place, right)
        return f"{left << _HALF_BITS | right:0{_DIGITS}x}"

    def number(self, person_id: str, name: str) -> int:
        """The number behind a name.

        Raises:
            Refused: `body_wrong`, it is no name; `not_there`, it names nothing.
        """
        if len(name) != _DIGITS or not set(name) <= set("0123456789abcdef"):
            raise Refused("body_wrong")
        left, right = int(name[: _DIGITS // 2], 16), int(name[_DIGITS // 2 :], 16)
        for place in reversed(range(_ROUNDS)):
            left, right = right ^ self._mixed(person_id, place, left), left
        if left >> (_HALF_BITS - 1):
            raise Refused("not_there")  # no number of a database
        return left << _HALF_BITS | right

    def _mixed(self, person_id: str, place: int, half: int) -> int:
        said = f"{person_id}|{place}|{half}".encode()
        return int.from_bytes(hmac.digest(self._key, said, "sha256")[: _HALF_BITS // 8])
