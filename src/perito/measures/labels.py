"""Names for people: platforms, calendar periods, and references to numbers of a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.clock import iso_day
from perito.findings import Text
from perito.schema import enumeration

if TYPE_CHECKING:
    from perito.clock import Period

_MONTHS_PER_QUARTER = 3
_MONTHS_PER_YEAR = 12


def platform_text(code: str | None) -> Text:
    """What a platform is called; a dash where none is named."""
    meanings = enumeration("platform").values
    if code is None or code not in meanings:
        return Text("–", "–")
    return Text(meanings[code].en, meanings[code].es)


def reference(name: str) -> Text:
    """A text that is one number of the finding."""
    return Text(f"{{{name}}}", f"{{{name}}}")


def period_label(period: Period) -> str:
    """A calendar period as `2025`, `2025-Q3`, `2025-12`, or first and last day.

    Example:
        >>> from perito.clock import Period
        >>> period_label(Period.of("2025-07-01", "2025-10-01"))
        '2025-Q3'
    """
    first, last = iso_day(period.start_us), iso_day(period.end_us - 1)
    months = calendar_months(period)
    if months == 1:
        return first[:7]
    if months == _MONTHS_PER_QUARTER and int(first[5:7]) % _MONTHS_PER_QUARTER == 1:
        return f"{first[:4]}-Q{(int(first[5:7]) + 2) // _MONTHS_PER_QUARTER}"
    if months == _MONTHS_PER_YEAR and first[5:7] == "01":
        return first[:4]
    return f"{first} / {last}"


def calendar_months(period: Period) -> int | None:
    """How many whole calendar months a period spans; None if it does not start and end with a month."""
    first, after = iso_day(period.start_us), iso_day(period.end_us)
    if not (first.endswith("-01") and after.endswith("-01")):
        return None
    return (int(after[:4]) - int(first[:4])) * _MONTHS_PER_YEAR + int(after[5:7]) - int(first[5:7])
