"""Names for people: platforms, calendar periods, references to numbers of a finding, lists in a sentence."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from perito.clock import MICROSECONDS_PER_DAY, Period, day_bounds_us, iso_day
from perito.findings import LANGUAGES, Text
from perito.schema import enumeration

if TYPE_CHECKING:
    from collections.abc import Sequence

_MONTHS_PER_QUARTER = 3
_MONTHS_PER_YEAR = 12
_PARTS = ("low", "high", "level")
_DATE_LOCALES = {"en": "en_GB", "es": "es_ES"}


def platform_text(code: str | None) -> Text:
    """What a platform is called; a dash where none is named.

    Example:
        >>> platform_text("tiktok").es
        'TikTok'
    """
    meanings = enumeration("platform").values
    if code is None or code not in meanings:
        return Text("–", "–")
    return Text(meanings[code].en, meanings[code].es)


def bilingual(en: str, es: str) -> Text:
    """Words of a source or of reference data in both languages, printed verbatim.

    Example:
        >>> bilingual("March 2026", "marzo de 2026").plain("es", {})
        'marzo de 2026'
    """
    return Text("{words_en}", "{words_es}", {"words_en": en, "words_es": es})


def reference(name: str) -> Text:
    """A text that is one number of the finding."""
    return Text(f"{{{name}}}", f"{{{name}}}")


def references(word: str, name: str) -> dict[str, str | Text]:
    """What a sentence needs to speak of a number and its interval under a word of its own.

    Example:
        >>> sorted(references("rate", "images_per_minute"))
        ['rate', 'rate.high', 'rate.level', 'rate.low']
    """
    parts = {f"{word}.{part}": reference(f"{name}.{part}") for part in _PARTS}
    return {word: reference(name), **parts}


def listed(texts: Sequence[Text], separator: str = "; ") -> Text:
    """Several texts as one.

    Example:
        >>> listed([Text("a", "a"), Text("b", "b")]).plain("en", {})
        'a; b'
    """
    pieces: dict[str, str | Text] = {f"piece_{number}": text for number, text in enumerate(texts, start=1)}
    joined = separator.join(f"{{{name}}}" for name in pieces)
    return Text(joined, joined, pieces)


def day_text(at_us: int) -> Text:
    """The UTC day of an instant in words.

    Example:
        >>> day_text(1_767_916_800_000_000).plain("es", {})
        '9 de enero de 2026'
    """
    return _dated(at_us, "long", "long")


def period_text(period: Period) -> Text:
    """A calendar period in words: a month, a quarter, a year, or its first and last day.

    Example:
        >>> from perito.clock import Period
        >>> period_text(Period.of("2025-12-01", "2026-01-01")).plain("es", {})
        'diciembre de 2025'
    """
    months, first = calendar_months(period), iso_day(period.start_us)
    if months == 1:
        return _dated(period.start_us, "MMMM y", "MMMM 'de' y")
    if _is_quarter(months, first):
        return _dated(period.start_us, "QQQQ y", "QQQQ 'de' y")
    if _is_year(months, first):
        return bilingual(first[:4], first[:4])
    ends = {"first": day_text(period.start_us), "last": day_text(period.end_us - 1)}
    return Text("{first} to {last}", "{first} a {last}", ends)


def period_label(period: Period) -> str:
    """A calendar period in short: `2025`, `2025-Q3`, `2025-12`, `2021-03/2021-04`, or first and last day.

    Example:
        >>> from perito.clock import Period
        >>> period_label(Period.of("2025-07-01", "2025-10-01"))
        '2025-Q3'
    """
    first, last = iso_day(period.start_us), iso_day(period.end_us - 1)
    months = calendar_months(period)
    if months == 1:
        return first[:7]
    if _is_quarter(months, first):
        return f"{first[:4]}-Q{(int(first[5:7]) + 2) // _MONTHS_PER_QUARTER}"
    if _is_year(months, first):
        return first[:4]
    return f"{first[:7]}/{last[:7]}" if months else f"{first}/{last}"


def calendar_months(period: Period) -> int | None:
    """How many whole calendar months a period spans; None if it does not start and end with a month.

    Example:
        >>> from perito.clock import Period
        >>> calendar_months(Period.of("2025-12-29", "2026-01-09")) is None
        True
    """
    first, after = iso_day(period.start_us), iso_day(period.end_us)
    if period.start_us % MICROSECONDS_PER_DAY or period.end_us % MICROSECONDS_PER_DAY:
        return None
    if not (first.endswith("-01") and after.endswith("-01")):
        return None
    return (int(after[:4]) - int(first[:4])) * _MONTHS_PER_YEAR + int(after[5:7]) - int(first[5:7])


def months_of(period: Period) -> list[Period]:
    """The calendar months that a period touches, cut to it.

    Example:
        >>> from perito.clock import Period
        >>> [period_label(month) for month in months_of(Period.of("2025-12-01", "2026-01-09"))]
        ['2025-12', '2026-01-01/2026-01-08']
    """
    months, start_us = [], period.start_us
    while start_us < period.end_us:
        end_us = min(day_bounds_us(iso_day(start_us)[:7])[1], period.end_us)
        months.append(Period(start_us, end_us))
        start_us = end_us
    return months


def _is_quarter(months: int | None, first: str) -> bool:
    return months == _MONTHS_PER_QUARTER and int(first[5:7]) % _MONTHS_PER_QUARTER == 1


def _is_year(months: int | None, first: str) -> bool:
    return months == _MONTHS_PER_YEAR and first[5:7] == "01"


def _dated(at_us: int, en: str, es: str) -> Text:
    from babel.dates import format_date  # heavy; only printing needs it

    day, patterns = date.fromisoformat(iso_day(at_us)), {"en": en, "es": es}
    words = {
        language: format_date(day, patterns[language], locale=_DATE_LOCALES[language])
        for language in LANGUAGES
    }
    return bilingual(words["en"], words["es"])
