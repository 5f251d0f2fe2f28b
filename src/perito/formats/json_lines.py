"""JSON, one value a line, as evidence: every line is read strictly or rejected by name, none is repaired.

Lenient readers hide things: of a key that occurs twice they keep the last, a number too long for them
they round, half a surrogate pair they pass on to break a later step. Here each is a reject with its reason.

The fast path is orjson and a count. orjson keeps one value per key, so the keys of what it returns,
counted level by level, equal the colons outside strings exactly when no key occurs twice. Mostly the
colons that follow a quote are as many, which `bytes.count` says at memory speed; otherwise strings
are cut out and the colons counted exactly.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from math import isinf
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

import orjson

from perito.formats.base import EXCERPT_LENGTH, Reject, excerpt
from perito.formats.delimited import RowFault

if TYPE_CHECKING:
    from collections.abc import Iterator

BYTES_LIMIT = 8 * 1024 * 1024
"""The longest line or document that is read, in bytes."""

NESTING_LIMIT = 64
"""How many objects and lists may lie inside one another."""

NUMBER_LIMIT_CHARACTERS = 40
"""The longest number that is read; whole numbers have to fit 64 bits besides."""

_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"
_EXCERPT_LIMIT_BYTES = 4 * EXCERPT_LENGTH
_NUMBER = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_LONG_NUMBER = re.compile(rb"[0-9][0-9.eE+-]{18}")  # no shorter one can be beyond 64 bits
_NOT_A_NUMBER = re.compile(rb"NaN|Infinity")
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_WHOLE_NUMBERS = range(-(2**63), 2**64)


@dataclass(frozen=True)
class Line:
    """One line that was read: its locator and the value on it."""

    locator: str
    value: Any


def read_lines(stream: BinaryIO, limit_bytes: int = BYTES_LIMIT) -> Iterator[Line | Reject]:
    r"""Each line that is not blank, read strictly, or the reject that says why it cannot be.

    A byte-order mark at the start is accepted. Blank lines are no records, but they count in the
    numbers of the lines after them, which start at one. A line above the limit is passed over
    without being held in memory.

    Example:
        >>> import io
        >>> for piece in read_lines(io.BytesIO(b'{"id": 7}\n\n{"a": 1, "a": 2}\n')):
        ...     print(piece)
        Line(locator='line=1', value={'id': 7})
        Reject(locator='line=3', reason="the key 'a' occurs twice in one object", excerpt='{"a": 1, "a": 2}')
    """
    for number, raw in enumerate(_bounded_lines(stream, limit_bytes), start=1):
        piece = read_line(number, raw, limit_bytes)
        if piece is not None:
            yield piece


def read_line(number: int, raw: bytes, limit_bytes: int = BYTES_LIMIT) -> Line | Reject | None:
    r"""One line, read strictly, or the reject that says why it cannot be; None of one that is blank.

    Args:
        number: Its number in the file, from one.
        raw: Its bytes with the line end; above the limit the beginning is enough.
        limit_bytes: The longest line, its end not counted.

    Example:
        >>> read_line(3, b'{"id": 7}\n')
        Line(locator='line=3', value={'id': 7})
    """
    raw = raw[: limit_bytes + 1]
    is_whole = len(raw) <= limit_bytes or raw.endswith(b"\n")
    text = (raw.removeprefix(_BOM) if number == 1 else raw).strip(_SPACE)
    if not text and is_whole:
        return None
    locator = f"line={number}"
    try:
        return Line(locator, _parse_whole(text, is_whole=is_whole, limit_bytes=limit_bytes))
    except RowFault as fault:
        return Reject(locator, str(fault), excerpt(text[:_EXCERPT_LIMIT_BYTES]))


def _parse_whole(text: bytes, *, is_whole: bool, limit_bytes: int) -> Any:  # noqa: ANN401
    if not is_whole:
        raise RowFault(f"longer than {limit_bytes} bytes")
    return parse(text)


def read_document(stream: BinaryIO, limit_bytes: int = BYTES_LIMIT) -> Any:  # noqa: ANN401  (JSON holds anything)
    """The one JSON value that a file holds, read strictly.

    Raises:
        RowFault: It cannot be read; the message says why.
    """
    raw = stream.read(limit_bytes + 1)
    if len(raw) > limit_bytes:
        raise RowFault(f"longer than {limit_bytes} bytes")
    return parse(raw.removeprefix(_BOM).strip(_SPACE))


def parse(raw: bytes) -> Any:  # noqa: ANN401  (JSON holds anything)
    r"""The JSON value of the bytes (RFC 8259, UTF-8), whole numbers as exact integers.

    Refused: a key that occurs twice in one object, NaN and Infinity, half a surrogate pair, NUL even
    when escaped, whole numbers beyond 64 bits, numbers or nesting above the limits, anything after
    the value. Recursion is bounded throughout: orjson stops at 1,024 levels by itself.

    Raises:
        RowFault: Refused; the message says why, in words that do not depend on library versions.

    Example:
        >>> parse(b'{"id": 7592051234567890123}')["id"]
        7592051234567890123
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        _refuse(raw)
    keys, nesting, has_fractions = _survey(value)
    if nesting > NESTING_LIMIT:
        raise RowFault(f"nested more than {NESTING_LIMIT} levels deep")
    if b"\\u0000" in raw and b"\\u0000" in raw.replace(b"\\\\", b""):
        raise RowFault("a NUL character")
    # What orjson cannot hold as an integer it returns as a float, so only then numbers need a look.
    if has_fractions or not _keys_surely_differ(raw, keys):
        skeleton = _outside_strings(raw)
        if _LONG_NUMBER.search(skeleton):
            _check_numbers(skeleton)
        if skeleton.count(b":") != keys:
            raise RowFault(f"the key '{_repeated_key(raw)[:80]}' occurs twice in one object")
    return value


def _bounded_lines(stream: BinaryIO, limit_bytes: int) -> Iterator[bytes]:
    """Each line, or the beginning of one that is too long."""
    while raw := stream.readline(limit_bytes + 1):
        yield raw
        while len(raw) > limit_bytes and not raw.endswith(b"\n"):
            raw = stream.readline(limit_bytes + 1)


def _survey(value: object) -> tuple[int, int, bool]:
    """How many keys there are, how many levels, and whether a number is no integer."""
    keys, nesting, has_fractions = 0, 0, type(value) is float
    level: list[Any] = [value] if type(value) is dict or type(value) is list else []
    while level:
        nesting += 1
        below: list[Any] = []
        for node in level:
            if type(node) is dict:
                keys += len(node)
                node = node.values()  # noqa: PLW2901  (a tenth faster than a second name)
            for member in node:
                kind = type(member)
                if kind is dict or kind is list:
                    below.append(member)
                elif kind is float:
                    has_fractions = True
        level = below
    return keys, nesting, has_fractions


def _keys_surely_differ(raw: bytes, keys: int) -> bool:
    """Whether the cheap count already proves that no key occurs twice; False proves nothing.

    With no space between a key and its colon, every key ends in quote and colon. The count of those
    two may be higher, from inside a string, but not lower than the number of keys written.
    """
    has_space_before_colon = b'" :' in raw or b"  :" in raw or b"\t" in raw or b"\n" in raw or b"\r" in raw
    return not has_space_before_colon and raw.count(b'":') == keys


def _outside_strings(raw: bytes) -> bytes:
    """What is left of JSON text without its strings: once escapes are gone, quotes alternate."""
    unescaped = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(unescaped.split(b'"')[::2])


def _check_numbers(skeleton: bytes) -> None:
    for match in _NUMBER.finditer(skeleton):
        number = match[0]
        if len(number) > NUMBER_LIMIT_CHARACTERS:
            raise RowFault(f"a number of {len(number)} characters, the limit is {NUMBER_LIMIT_CHARACTERS}")
        is_whole = number.removeprefix(b"-").isdigit()
        if (is_whole and int(number) not in _WHOLE_NUMBERS) or isinf(float(number)):
            raise RowFault(f"the number {number.decode()}, which 64 bits cannot hold")


def _repeated_key(raw: bytes) -> str:
    repeated: list[str] = []

    def look(pairs: list[tuple[str, object]]) -> None:
        counts = Counter(name for name, _ in pairs)
        repeated.extend(name for name, times in counts.items() if times > 1)

    json.loads(raw, object_pairs_hook=look, parse_int=str, parse_float=str)
    return repeated[0]


def _refuse(raw: bytes) -> NoReturn:
    """Why orjson could not read the bytes, found without its help so that the words stay the same."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RowFault(f"not UTF-8 at byte {error.start}") from None
    if "\0" in text:
        raise RowFault("a NUL character")
    skeleton = _outside_strings(raw)
    if _is_nested_beyond_limit(skeleton):
        raise RowFault(f"nested more than {NESTING_LIMIT} levels deep")
    if _NOT_A_NUMBER.search(skeleton):
        raise RowFault("NaN or Infinity, which JSON does not have")
    _check_numbers(skeleton)
    raise RowFault("half of a surrogate pair" if _is_read_leniently(text) else "not JSON")


def _is_nested_beyond_limit(skeleton: bytes) -> bool:
    depth = 0
    for bracket in skeleton.translate(None, _NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > NESTING_LIMIT:
            return True
    return False


def _is_read_leniently(text: str) -> bool:
    try:
        json.loads(text, parse_int=str, parse_float=str)
    except ValueError:
        return False
    return True
