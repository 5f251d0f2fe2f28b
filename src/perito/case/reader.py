"""Reading typed values out of a TOML table, so that every fault names file, key and remedy."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from perito.clock import Period, instant_us
from perito.errors import CaseError, nearest
from perito.findings import LANGUAGES, Text, verbatim

if TYPE_CHECKING:
    from collections.abc import Iterable


class Section:
    """One table of the case file, read key by key.

    Args:
        values: The table's content.
        where: How to name it in a message, for example `case.toml: [case]`.
        known: The keys it may have; any other is refused with the nearest.
    """

    def __init__(self, values: object, where: str, known: Iterable[str]) -> None:
        self.where = where
        if not isinstance(values, dict):
            raise CaseError("expected a table", where=where, found=type(values).__name__)
        self.values: dict[str, Any] = values
        allowed = list(known)
        for key in values:
            if key not in allowed:
                raise CaseError(f"the key '{key}' is not known", where=where, remedy=nearest(key, allowed))

    def fail(self, key: str, what: str, *, expected: str = "", remedy: str = "") -> NoReturn:
        """Refuse the value of a key."""
        found = repr(self.values[key])[:80] if key in self.values else "nothing"
        raise CaseError(what, where=f"{self.where} {key}", expected=expected, found=found, remedy=remedy)

    def text(self, key: str) -> str:
        """A text that must be there and not be empty."""
        value = self.optional_text(key)
        if value is None:
            self.fail(key, "the key is missing", expected="a text")
        return value

    def optional_text(self, key: str) -> str | None:
        """A text, or None when the key is not there."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            self.fail(key, "not a text", expected="a text that is not empty")
        return value

    def optional_whole(self, key: str, least: int, most: int) -> int | None:
        """A whole number within bounds, or None when the key is not there."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.fail(key, "not a whole number within bounds", expected=f"{least} to {most}")
        return value

    def truth(self, key: str) -> bool:
        """`true` or `false`; false when the key is not there."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            self.fail(key, "not a truth value", expected="true or false")
        return value

    def bilingual(self, key: str) -> Text | None:
        """A text in both languages: `{en = "..", es = ".."}`, or one text for both."""
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, str) and value.strip():
            return verbatim(value)
        if not isinstance(value, dict) or sorted(value) != sorted(LANGUAGES):
            self.fail(key, "not a text in both languages", expected='{ en = "..", es = ".." }')
        if not all(isinstance(words, str) and words.strip() for words in value.values()):
            self.fail(key, "a language is empty", expected='{ en = "..", es = ".." }')
        return Text("{words_en}", "{words_es}", {"words_en": value["en"], "words_es": value["es"]})

    def instant(self, key: str) -> int:
        """A date (its first instant, UTC) or a time with its zone, as microseconds."""
        if key not in self.values:
            self.fail(key, "the key is missing", expected="a date or a time with its zone")
        value = self.values[key]
        if not isinstance(value, (str, date, datetime)):
            self.fail(key, "not a date", expected="2026-01-09 or 2026-01-09T12:00:00Z")
        try:
            return instant_us(value)
        except CaseError as error:
            raise CaseError(
                error.what, where=f"{self.where} {key}", expected=error.expected, remedy=error.remedy
            ) from None

    def table(self, key: str) -> dict[str, Any]:
        """A table, empty when the key is not there."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            self.fail(key, "not a table", expected=f"[{key}]")
        return value

    def tables(self, key: str) -> list[dict[str, Any]]:
        """An array of tables, empty when the key is not there."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            self.fail(key, "not an array of tables", expected=f"[[{key}]]")
        return value

    def period(self, key: str) -> Period | None:
        """A half-open period `{from = .., to = ..}`, None when the key is not there."""
        if key not in self.values:
            return None
        inner = Section(self.values[key], f"{self.where} {key}", ("from", "to"))
        period = Period(inner.instant("from"), inner.instant("to"))
        if period.end_us <= period.start_us:
            self.fail(
                key, "the period ends before it starts", remedy="'to' is the first instant after the period"
            )
        return period
