"""Locators: where in an item a row came from, as text, and the way from that text back to the bytes.

Grammar, from left to right:

    locator  = [ steps ";" ] [ place ] [ "#" pointer ]      or steps alone, or nothing: the whole item
    steps    = step *( ";" step )                           into archives, the outermost first
    step     = "member=" name | "entry=" n                  by name, or by position where a name occurs twice
    place    = "line=" n | "row=" n | "bytes=" a "-" b
    pointer  = JSON pointer (RFC 6901)

`line` counts lines from one. `row` counts records from one (row 0 is the header of a CSV file): records of a
CSV file, rows of a Parquet file, elements of a JSON array, lines of NDJSON that are not blank. `bytes` counts
from zero and includes both ends (as in RFC 9110). In names `;`, `#`, `%` and characters that do not print
are percent-encoded in UTF-8; in pointers `%` and those that do not print.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import quote, unquote

from perito.errors import LocatorError

_NUMBER = re.compile(r"[0-9]{1,18}")
_SPAN = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PLACES = ("line", "row", "bytes")


@dataclass(frozen=True)
class Locator:
    """A place in an item.

    Args:
        steps: Into archives, the outermost first: the member's name, or its position from one.
        line: Line number from one.
        row: Record number from one; 0 is the header of a CSV file.
        span: First and last byte, from zero, both included.
        pointer: JSON pointer into the line, row or item; the empty pointer is the whole of it.

    Raises:
        LocatorError: The parts do not go together.

    Example:
        >>> place = Locator.parse("member=a%3Bb.json;line=17#/data/3")
        >>> place.steps, place.line, place.pointer
        (('a;b.json',), 17, '/data/3')
        >>> str(place)
        'member=a%3Bb.json;line=17#/data/3'
    """

    steps: tuple[str | int, ...] = ()
    line: int | None = None
    row: int | None = None
    span: tuple[int, int] | None = None
    pointer: str | None = None

    def __post_init__(self) -> None:
        if sum(part is not None for part in (self.line, self.row, self.span)) > 1:
            _refuse("a locator has one place: a line, a row or bytes", repr(self))
        if self.span is not None and (self.pointer is not None or not 0 <= self.span[0] <= self.span[1]):
            _refuse("bytes run from a first to a last one, and have no JSON pointer", repr(self))
        if (self.line is not None and self.line < 1) or (self.row is not None and self.row < 0):
            _refuse("lines count from one, rows from zero", repr(self))
        if any(step == "" or (isinstance(step, int) and step < 1) for step in self.steps):
            _refuse("a step names a member, or counts entries from one", repr(self))
        if self.pointer and not self.pointer.startswith("/"):
            _refuse("a JSON pointer begins with /", self.pointer)

    @classmethod
    def parse(cls, text: str) -> Locator:
        """The locator that a text stands for; the empty text is the whole item.

        Raises:
            LocatorError: It is not in the grammar.
        """
        path, mark, pointer = text.partition("#")
        steps: list[str | int] = []
        place: dict[str, int | tuple[int, int]] = {}
        for part in path.split(";") if path else []:
            word, _, value = part.partition("=")
            if place or word not in (*_PLACES, "member", "entry"):
                _refuse("this is no locator", text)
            if word == "member":
                steps.append(_decoded(value, text))
            elif word == "entry":
                steps.append(_whole(value, text))
            elif word == "bytes":
                place["span"] = _span(value, text)
            else:
                place[word] = _whole(value, text)
        return cls(tuple(steps), pointer=_decoded(pointer, text) if mark else None, **place)  # type: ignore[arg-type]

    def __str__(self) -> str:
        parts = [
            f"entry={one}" if isinstance(one, int) else f"member={_encoded(one, ';#')}" for one in self.steps
        ]
        if self.line is not None:
            parts.append(f"line={self.line}")
        if self.row is not None:
            parts.append(f"row={self.row}")
        if self.span is not None:
            parts.append(f"bytes={self.span[0]}-{self.span[1]}")
        return ";".join(parts) + ("" if self.pointer is None else f"#{_encoded(self.pointer, '')}")


def _encoded(text: str, reserved: str) -> str:
    return "".join(quote(c, safe="") if c == "%" or c in reserved or not c.isprintable() else c for c in text)


def _decoded(text: str, whole: str) -> str:
    if _BAD_ESCAPE.search(text):
        _refuse("a % stands before two hexadecimal digits; itself it is %25", whole)
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        _refuse("the percent-encoded bytes are no UTF-8", whole)


def _whole(text: str, whole: str) -> int:
    if not _NUMBER.fullmatch(text):
        _refuse("a number is missing", whole)
    return int(text)


def _span(text: str, whole: str) -> tuple[int, int]:
    match = _SPAN.fullmatch(text)
    if match is None:
        _refuse("bytes are given as first-last", whole)
    return int(match[1]), int(match[2])


def _refuse(what: str, found: str) -> NoReturn:
    raise LocatorError(
        what, expected="for example line=17#/data/3, member=a.csv;row=12 or bytes=0-99", found=found
    )
