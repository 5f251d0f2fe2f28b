"""The one form in which a record becomes a log entry: JSON as RFC 8785 (JCS) writes it.

Two programs that log the same facts log the same bytes, and an entry can be read without this program.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import orjson
import rfc8785

from perito.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ENTRY_BYTES_MAX = 65_535
"""Longest entry: an entry bundle gives lengths in 16 bits (c2sp.org/tlog-tiles)."""

_SHOWN_BYTES = 80
# Numbers with a point or an exponent, minus zero, whole ones near 2^53 and beyond, and characters outside
# the basic plane: there orjson and RFC 8785 may write differently. Found inside a text, they only cost
# the slower comparison. (The look-behinds are where a number can begin; they keep the search quick.)
_RISKY_NUMBER = re.compile(
    rb'[:\[,](?:(?<=":)|(?<=[\[,]))[-0-9](?:[0-9]*[.eE]|[0-9]{16}|(?<=9)[0-9]{15}|(?<=-)0)'
)
_RISKY_CHARACTER = re.compile(rb"[\xf0-\xf4]")
_SAFE_INTEGER, _SAFE_DIGITS = 2**53 - 1, 17  # a sign included
_CHUNK = 256  # entries parsed together


def canonical(record: Mapping[str, Any] | bytes) -> bytes:
    """The bytes of an entry.

    Args:
        record: A JSON object, or bytes that are one in the form of RFC 8785 already.

    Raises:
        CaseError: It has no such form, or is longer than an entry may be.

    Example:
        >>> canonical({"platform": "x", "act": "sealed"})
        b'{"act":"sealed","platform":"x"}'
    """
    return canonical_many([record])[0]


def canonical_many(records: Sequence[Mapping[str, Any] | bytes]) -> list[bytes]:
    """The bytes of many entries: quicker than one by one where they are bytes already.

    Raises:
        CaseError: As for `canonical`; it names the place in the sequence.
    """
    given = [record for record in records if isinstance(record, bytes)]
    chunks = (given[start : start + _CHUNK] for start in range(0, len(given), _CHUNK))
    if not all(_are_canonical(chunk) for chunk in chunks):
        raise _not_canonical(records)
    if len(given) == len(records):
        entries = given
    else:
        entries = [
            record if isinstance(record, bytes) else _written(record, place)
            for place, record in enumerate(records)
        ]
    _expect_short(entries)
    return entries


def _expect_short(entries: Sequence[bytes]) -> None:
    place, longest = max(enumerate(entries), key=lambda one: len(one[1]), default=(0, b""))
    if len(longest) > ENTRY_BYTES_MAX:
        raise CaseError(
            "the record is too long for the log",
            where=f"record {place}",
            expected=f"at most {ENTRY_BYTES_MAX} bytes",
            found=str(len(longest)),
            remedy="seal the facts as a file and name its digest in the record",
        )


def _are_canonical(entries: Sequence[bytes]) -> bool:
    """Whether each entry is a JSON object in canonical form.

    All are parsed as one array, which is cheap; comparing entry by entry with what is written again
    rules out that two broken ones make up a whole.
    """
    joined = b"[" + b",".join(entries) + b"]"
    try:
        values = orjson.loads(joined)
        written = [orjson.dumps(value, option=orjson.OPT_SORT_KEYS) for value in values]
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):  # the second: nested more than 254 deep
        return all(_is_canonical(entry) for entry in entries)
    if len(values) != len(entries) or any(type(value) is not dict for value in values):
        return False
    if not _needs_care(joined):
        return written == entries
    return all(
        _is_canonical(entry) if _needs_care(entry) else entry == again
        for entry, again in zip(entries, written, strict=True)
    )


def _needs_care(data: bytes) -> bool:
    if _RISKY_NUMBER.search(data):
        return True
    return not data.isascii() and _RISKY_CHARACTER.search(data) is not None


def _is_canonical(entry: bytes) -> bool:
    try:
        value = json.loads(entry, parse_int=_number)
        return isinstance(value, dict) and rfc8785.dumps(value) == entry
    except (ValueError, rfc8785.CanonicalizationError, RecursionError):
        return False


def _number(digits: str) -> int | float:
    """A whole number as RFC 8785 has it: beyond 2^53 it is the nearest double."""
    is_safe = len(digits) <= _SAFE_DIGITS and abs(int(digits)) <= _SAFE_INTEGER
    return int(digits) if is_safe else float(digits)


def _not_canonical(records: Sequence[Mapping[str, Any] | bytes]) -> CaseError:
    place, record = next(
        (place, record)
        for place, record in enumerate(records)
        if isinstance(record, bytes) and not _is_canonical(record)
    )
    return CaseError(
        "the bytes are no JSON object in the form of RFC 8785",
        where=f"record {place}",
        found=record[:_SHOWN_BYTES].decode(errors="backslashreplace"),
        remedy="give the record as a mapping",
    )


def _written(record: Mapping[str, Any], place: int) -> bytes:
    try:
        return rfc8785.dumps(dict(record))
    except (rfc8785.CanonicalizationError, TypeError, ValueError, RecursionError) as fault:
        raise CaseError(
            "the record has no form in RFC 8785",
            where=f"record {place}",
            expected="text, numbers, truth values, lists and objects; whole numbers up to 2^53",
            found=str(fault),
        ) from fault
