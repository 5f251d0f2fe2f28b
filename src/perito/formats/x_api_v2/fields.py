"""Fields of an X API object with the type that they must have: a field of another type rejects its element.

A field that is absent or null gives None: the source did not say.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from perito.clock import instant_us
from perito.errors import CaseError
from perito.formats.delimited import RowFault
from perito.ids import key
from perito.schema.shape import EARLIEST_US, LATEST_US

_T = TypeVar("_T")

PLATFORM = "x"
INTEGER_LIMIT = 2**31
BIGINT_LIMIT = 2**63
_ID_LIMIT_DIGITS = 20
_SHOWN_LENGTH = 40

Node = dict[str, Any]
"""A JSON object."""

_NOTHING: Node = {}


@dataclass(frozen=True)
class Observed:
    """When a page was in the state that it shows, and on what that time rests."""

    at_us: int
    basis: str

    @cached_property
    def columns(self) -> Node:
        """The columns of a row that is an observation."""
        return {"observed_at_us": self.at_us, "observed_basis": self.basis}


def text(node: Node, name: str) -> str | None:
    """The field's text.

    Raises:
        RowFault: Something else.
    """
    value = node.get(name)
    if value is None or type(value) is str:
        return value
    raise _unfit(name, "text", value)


def flag(node: Node, name: str) -> bool | None:
    """The field's truth value.

    Raises:
        RowFault: Something else.
    """
    value = node.get(name)
    if value is None or type(value) is bool:
        return value
    raise _unfit(name, "true or false", value)


def count(node: Node, name: str, below: int = BIGINT_LIMIT) -> int | None:
    """The field's whole number, from zero up to the limit.

    Raises:
        RowFault: Something else; a fraction or a text of digits is no whole number.
    """
    value = node.get(name)
    if value is None or (type(value) is int and 0 <= value < below):
        return value
    raise _unfit(name, f"a whole number from 0, below {below}", value)


def native_id(node: Node, name: str) -> str | None:
    """The field's id as text: digits, or a JSON integer; a float has lost digits and is none.

    Raises:
        RowFault: Something else.

    Example:
        >>> native_id({"id": 1599805658098386536}, "id")
        '1599805658098386536'
    """
    value = node.get(name)
    if value is None:
        return None
    digits = str(value) if type(value) is int else value
    if type(digits) is str and is_native_id(digits):
        return digits
    raise _unfit(name, "an id: up to 20 digits", value)


def is_native_id(digits: str) -> bool:
    """Whether the text has the form of an id of X."""
    return digits.isascii() and digits.isdigit() and len(digits) <= _ID_LIMIT_DIGITS


def reference(node: Node, name: str) -> str | None:
    """The key of the post or account that the field names.

    Raises:
        RowFault: The field is no id.

    Example:
        >>> reference({"author_id": "12"}, "author_id")
        'x:12'
    """
    found = native_id(node, name)
    return None if found is None else key(PLATFORM, found)


def instant(node: Node, name: str) -> int | None:
    """The field's instant in microseconds since the epoch; a zone is required, and a time of day.

    Raises:
        RowFault: Something else.
    """
    value = text(node, name)
    if value is None:
        return None
    if "T" not in value:
        raise _unfit(name, "date, time and zone", value)
    try:
        at_us = instant_us(value)
    except CaseError as error:
        raise RowFault(f"'{name}': {error.what}") from None
    if not EARLIEST_US <= at_us <= LATEST_US:
        raise _unfit(name, "a time of the years 1 to 9999, UTC", value)
    return at_us


def child(node: Node, name: str) -> Node:
    """The field's object, empty if there is none.

    Raises:
        RowFault: Something else.
    """
    value = node.get(name)
    if value is None:
        return _NOTHING
    if type(value) is dict:
        return value
    raise _unfit(name, "an object", value)


def children(node: Node, name: str) -> list[Node]:
    """The field's list of objects, empty if there is none.

    Raises:
        RowFault: Something else.
    """
    return _list_of(node, name, dict, "a list of objects")


def texts(node: Node, name: str) -> list[str]:
    """The field's list of texts, empty if there is none.

    Raises:
        RowFault: Something else.
    """
    return _list_of(node, name, str, "a list of texts")


def required(value: _T | None, name: str) -> _T:
    """The value.

    Raises:
        RowFault: There is none.
    """
    if value is None:
        raise RowFault(f"'{name}' is missing")
    return value


def _list_of(node: Node, name: str, kind: type, expected: str) -> list[Any]:
    value = node.get(name)
    if value is None:
        return []
    if type(value) is list and all(type(member) is kind for member in value):
        return value
    raise _unfit(name, expected, value)


def _unfit(name: str, expected: str, found: object) -> RowFault:
    shown = repr(found[:_SHOWN_LENGTH]) if isinstance(found, str) else type(found).__name__
    shown = repr(found) if isinstance(found, int | float) else shown
    return RowFault(f"'{name}' is {shown}, expected {expected}")
