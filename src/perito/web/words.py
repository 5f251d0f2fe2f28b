"""The words of the pages in two languages, with numbers and times as each language writes them."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

LANGUAGES = ("en", "es")
_LOCALES = {"en": "en_GB", "es": "es_ES"}
_MINUTE_US = 60_000_000


@cache
def catalogue(language: str) -> dict[str, str]:
    """Every text of a language, by its key `section.name`."""
    content = (files("perito.web") / "words" / f"{language}.toml").read_text("utf-8")
    return {
        f"{section}.{name}": text
        for section, texts in tomllib.loads(content).items()
        for name, text in texts.items()
    }


class Words:
    """One language of the pages.

    Example:
        >>> Words("es").number(1234.5, 1), Words("en").share(0.125, 1)
        ('1.234,5', '12.5%')
    """

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else LANGUAGES[0]
        self._texts = catalogue(self.language)
        self._locale = _LOCALES[self.language]

    def __call__(self, key: str, **facts: object) -> str:
        """The text of a key, with the facts in place of the names in braces; whole numbers by locale."""
        shown = {
            name: self.number(value) if isinstance(value, int) and not isinstance(value, bool) else value
            for name, value in facts.items()
        }
        return self._texts[key].format(**shown)

    def has(self, key: str) -> bool:
        """Whether there is a text of that key."""
        return key in self._texts

    def answer(self, value: str) -> str:
        """An answer of the label book in words; one of the book's own as it stands there."""
        return self._texts.get(f"answer.{value}", value)

    def key(self, value: str, place: int) -> str:
        """The key of an answer; of an answer of the book's own its place."""
        return self._texts.get(f"keys.{value}", str(place))

    def platform(self, code: str) -> str:
        """What a platform is called."""
        from perito.schema import enumeration

        known = enumeration("platform").values
        return str(getattr(known[code], self.language)) if code in known else code

    def number(self, value: float, digits: int = 0) -> str:
        """A number with that many decimals."""
        from babel.numbers import format_decimal

        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return format_decimal(value, format=pattern, locale=self._locale)

    def share(self, value: float, digits: int = 1) -> str:
        """A share as a percentage."""
        from babel.numbers import format_percent

        pattern = (
            "#,##0" + ("." + "0" * digits if digits else "") + ("%" if self.language == "en" else "\xa0%")
        )
        return format_percent(value, format=pattern, locale=self._locale)

    def time(self, at_us: int) -> str:
        """An instant: day and time in UTC."""
        from babel.dates import format_datetime

        moment = datetime.fromtimestamp(at_us / 1e6, UTC)
        return f"{format_datetime(moment, 'd MMM y, HH:mm', locale=self._locale)} UTC"

    def clock_time(self, at_us: int) -> str:
        """The time of day of an instant, UTC."""
        from babel.dates import format_time

        return f"{format_time(datetime.fromtimestamp(at_us / 1e6, UTC), 'HH:mm', locale=self._locale)} UTC"

    def minutes(self, duration_us: int) -> str:
        """A duration in minutes with one decimal."""
        return self.number(duration_us / _MINUTE_US, 1)
