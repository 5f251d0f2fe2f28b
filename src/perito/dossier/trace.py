"""Tracing a report: every number printed in it must be that of its derivation, and no digit may stand outside one.

Reads the report as a reader would, without the code that wrote it: elements with `data-d` name a
derivation and a part of it; digits elsewhere are allowed only in quotes (class `q`), in pictures of
tabulated values, and in what is not shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, cast

import orjson

from perito.findings import LANGUAGES, Language, format_number
from perito.report import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NOT_READ = {"style", "script", "svg", "title", "code"}
_EMPTY = {"meta", "input", "br", "link", "img", "hr"}
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class Printed:
    """A number as the report prints it."""

    derivation: str
    part: str
    is_full: bool
    language: Language
    text: str


@dataclass
class _Element:
    tag: str
    language: str
    is_free: bool
    number: tuple[str, str, bool] | None = None
    text: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    """Collects printed numbers, and digits that belong to none."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.printed: list[Printed] = []
        self.stray: list[str] = []
        self.links: set[str] = set()
        self.ids: set[str] = set()
        self._open: list[_Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.add(given["id"])
        if given.get("href", "").startswith("#"):
            self.links.add(given["href"][1:])
        if tag in _EMPTY:
            return
        outer = self._open[-1] if self._open else _Element("", LANGUAGES[0], is_free=False)
        number = (given["data-d"], given.get("data-p", ""), "data-form" in given) if "data-d" in given else None
        is_free = outer.is_free or tag in _NOT_READ or "q" in given.get("class", "").split() or number is not None
        self._open.append(_Element(tag, given.get("lang", outer.language), is_free, number))

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            element = self._open.pop()
            if element.number is not None:
                self.printed.append(
                    Printed(*element.number, cast("Language", element.language), "".join(element.text).strip())
                )
            if element.tag == tag:
                return

    def handle_data(self, data: str) -> None:
        if not self._open:
            return
        for element in self._open:
            if element.number is not None:
                element.text.append(data)
        if not self._open[-1].is_free and _DIGIT.search(data):
            self.stray.append(data.strip())


def trace_problems(report: str, derivations: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    """Every number of a report that is not its derivation's, and every digit outside a derivation.

    Args:
        report: The report's HTML.
        derivations: The derivation records by id.
    """
    reader = _Reader()
    reader.feed(report)
    reader.close()
    for text in reader.stray:
        yield Problem("untraced", "report.html", "a number stands outside a derivation", found=text[:80])
    for number in reader.printed:
        yield from _number_problems(number, derivations)
    for link in sorted(reader.links - reader.ids):
        yield Problem("link", "report.html", "a link leads nowhere", found=link)


def printed_numbers(report: str) -> int:
    """How many numbers the report prints."""
    reader = _Reader()
    reader.feed(report)
    reader.close()
    return len(reader.printed)


def _number_problems(number: Printed, derivations: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    record = derivations.get(number.derivation)
    if record is None:
        yield Problem("untraced", number.derivation, "the report prints a number without a derivation", found=number.text)
        return
    expected = _expected(number, record)
    if number.text != expected:
        yield Problem(
            "printed", number.derivation, "the report prints another number than its derivation",
            expected=expected, found=number.text,
        )  # fmt: skip


def _expected(number: Printed, record: Mapping[str, Any]) -> str:
    value = record["value"] if number.part == "estimate" else (record["interval"] or {}).get(number.part)
    if number.is_full:
        return orjson.dumps(value).decode()
    unit = "share" if number.part == "level" else record["unit"]
    return format_number(value, unit, number.language)
