"""Tracing a report: every number in it must be that of its derivation, and no digit may stand outside one.

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

from perito.errors import DossierError
from perito.findings import LANGUAGES, Language, format_number
from perito.report import Problem, Report

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NOT_READ = {"style", "script", "svg", "title", "code"}
_EMPTY = {"meta", "input", "br", "link", "img", "hr"}
_DIGIT = re.compile(r"\d")
_LIVE_TAGS = {
    "script", "iframe", "frame", "object", "embed", "applet", "link", "base", "form", "img", "image", "audio",
    "video", "source", "foreignobject", "use", "animate", "set",
}  # fmt: skip
_LIVE_ATTRIBUTES = {"src", "srcset", "action", "formaction", "poster", "background", "ping", "data", "style"}
_REFERENCES = {"href", "xlink:href"}
_REACHES_OUT = re.compile(r"@import|url\((?!\s*[\"']?#)|expression\(", re.IGNORECASE)
_SHOWN_CHARACTERS = 80
_REPORT = "report.html"


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
        self.live: list[str] = []
        self._open: list[_Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes ids and inner links, and which derivation the text inside belongs to."""
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.add(given["id"])
        if given.get("href", "").startswith("#"):
            self.links.add(given["href"][1:])
        self.live += _live_parts(tag, given)
        if tag in _EMPTY:
            return
        outer = self._open[-1] if self._open else _Element("", LANGUAGES[0], is_free=False)
        number = (
            (given["data-d"], given.get("data-p", ""), "data-form" in given) if "data-d" in given else None
        )
        is_quote = "q" in given.get("class", "").split()
        is_free = outer.is_free or tag in _NOT_READ or is_quote or number is not None
        language = given["lang"] if given.get("lang") in LANGUAGES else outer.language
        self._open.append(_Element(tag, language, is_free, number))

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            if self._closed().tag == tag:
                return

    def handle_data(self, data: str) -> None:
        for element in self._open:
            if element.number is not None:
                element.text.append(data)
        is_free = bool(self._open) and self._open[-1].is_free
        if not is_free and _DIGIT.search(data):
            self.stray.append(data.strip())
        if self._open and self._open[-1].tag == "style" and _REACHES_OUT.search(data):
            self.live.append(_REACHES_OUT.findall(data)[0])

    def finish(self) -> None:
        """Ends the reading; elements that were never closed are closed."""
        self.close()
        while self._open:
            self._closed()

    def _closed(self) -> _Element:
        element = self._open.pop()
        if element.number is not None:
            text = "".join(element.text).strip()
            self.printed.append(Printed(*element.number, cast("Language", element.language), text))
        return element


def trace(report: str, records: Mapping[str, Mapping[str, Any]]) -> Report:
    """Every number of a report that is not its derivation's, and every digit outside a derivation.

    Args:
        report: The report's HTML.
        records: The derivation records by id.

    Raises:
        DossierError: The report is no HTML.

    Example:
        >>> trace("<p>about 20,000 images</p>", {}).problems[0].what
        'a number stands outside a derivation'
    """
    reader = _read(report)
    problems = [
        Problem("untraced", _REPORT, "a number stands outside a derivation", found=text[:_SHOWN_CHARACTERS])
        for text in reader.stray
    ]
    for number in reader.printed:
        problems += _number_problems(number, records)
    for link in sorted(reader.links - reader.ids):
        problems.append(Problem("link", _REPORT, "a link leads nowhere", found=link[:_SHOWN_CHARACTERS]))
    problems += [
        Problem(
            "live",
            _REPORT,
            "the report holds what could act or reach outside it",
            found=part[:_SHOWN_CHARACTERS],
        )
        for part in reader.live
    ]
    return Report(tuple(problems), (("numbers traced in the report", len(reader.printed)),))


def _read(report: str) -> _Reader:
    reader = _Reader()
    try:
        reader.feed(report)
        reader.finish()
    except AssertionError as error:  # how the standard library's parser refuses a broken declaration
        raise DossierError("the report is no HTML", where=_REPORT, found=str(error)) from error
    return reader


def _live_parts(tag: str, given: Mapping[str, str]) -> Iterator[str]:
    """What of an element could run, load or lead away: a report is paper."""
    if tag in _LIVE_TAGS:
        yield f"<{tag}>"
    if given.get("http-equiv", "").lower() == "refresh":
        yield "refresh"
    for name, value in given.items():
        leads_away = name in _REFERENCES and not value.startswith("#")
        if leads_away or name in _LIVE_ATTRIBUTES or name.startswith("on") or _REACHES_OUT.search(value):
            yield f"{name}={value}"


def _number_problems(number: Printed, records: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    record = records.get(number.derivation)
    if record is None:
        yield Problem(
            "untraced",
            number.derivation,
            "the report prints a number without a derivation",
            found=number.text,
        )
        return
    expected = _expected(number, record)
    if number.text != expected:
        yield Problem(
            "printed", number.derivation, "the report prints another number than its derivation",
            expected=expected, found=number.text[:_SHOWN_CHARACTERS],
        )  # fmt: skip


def _expected(number: Printed, record: Mapping[str, Any]) -> str:
    value = record["value"] if number.part == "estimate" else (record["interval"] or {}).get(number.part)
    if number.is_full:
        return orjson.dumps(value).decode()
    unit = "share" if number.part == "level" else record["unit"]
    try:
        return format_number(value, unit, number.language)
    except (DossierError, ArithmeticError, TypeError) as error:  # a record that nobody of ours wrote
        return f"nothing that can be printed ({error})"
