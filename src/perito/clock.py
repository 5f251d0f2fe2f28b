"""Time: UTC instants as integer microseconds since the epoch, each with the basis that it rests on.

The only module that knows about zones. Nothing here reads the machine's clock or zone except
`now_us`, which custody alone may call: findings never depend on when they were made.
"""

from __future__ import annotations

import re
import time
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from perito.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")

MICROSECONDS_PER_SECOND = 1_000_000
MICROSECONDS_PER_DAY = 86_400 * MICROSECONDS_PER_SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS_US = range(-62_135_596_800_000_000, 253_402_300_800_000_000)  # what a calendar can print: 1 to 9999
_MONTH = re.compile(r"\d{4}-\d{2}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)\s*(Z|[+-]\d{2}:?\d{2})?"
)

TIME_BASES = (
    "server_utc",  # the server's clock, zone explicit
    "server_epoch",  # the server's clock, an epoch number
    "snowflake_id",  # decoded from the id
    "client_claimed",  # the author's or the device's claim
    "local_unzoned",  # wall time without a zone
    "capture_clock",  # the capturing machine
    "acquisition_record",  # the case file's record of the acquisition
    "calendar_date",  # a date without time of day, read as a UTC day
    "unknown",
)


@dataclass(frozen=True, order=True)
class Period:
    """A half-open interval of UTC instants, `[start_us, end_us)`.

    Example:
        >>> Period.of("2025-12-29", "2026-01-09").days
        11.0
    """

    start_us: int
    end_us: int

    @classmethod
    def of(cls, start: str | date | datetime, end: str | date | datetime) -> Period:
        """The period from one date or instant up to, and not including, another."""
        return cls(instant_us(start), instant_us(end))

    @property
    def seconds(self) -> int:
        """Whole seconds in the period."""
        return (self.end_us - self.start_us) // MICROSECONDS_PER_SECOND

    @property
    def days(self) -> float:
        """Days of 86,400 seconds in the period."""
        return (self.end_us - self.start_us) / MICROSECONDS_PER_DAY

    def contains(self, at_us: int) -> bool:
        """Whether the instant lies in the period (its end does not)."""
        return self.start_us <= at_us < self.end_us

    def to_json(self) -> dict[str, str]:
        """The period as ISO 8601 texts, `from` included and `to` excluded."""
        return {"from": iso(self.start_us), "to": iso(self.end_us)}


def now_us() -> int:
    """The machine's clock, for custody records only."""
    return time.time_ns() // 1_000


def instant_us(value: str | date | datetime, assume_zone: str | None = None) -> int:
    """Microseconds since the epoch of a date (its first instant, UTC) or a zoned date and time.

    Args:
        value: ISO 8601 text, `date` or `datetime`. Digits below the microsecond are cut off.
        assume_zone: IANA name to apply to a wall time without a zone; without it such a time is refused.

    Raises:
        CaseError: Not ISO 8601, outside the years 1 to 9999, or no zone given and none to assume.

    Example:
        >>> instant_us("2026-01-09T00:00:00+01:00")
        1767913200000000
    """
    if isinstance(value, datetime):
        if value.tzinfo is None:
            value = value.replace(tzinfo=_zone(assume_zone, value.isoformat()))
        return _microseconds(value)
    if isinstance(value, date):
        return _microseconds(datetime(value.year, value.month, value.day, tzinfo=UTC))
    text = value.strip()
    if _DAY.fullmatch(text):
        return instant_us(_parse(date.fromisoformat, text))
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise CaseError(
            f"'{value}' is not a date or a time", expected="ISO 8601, for example 2026-01-09T00:00:00Z"
        )
    day, clock_time, zone = match.groups()
    if "." in clock_time:
        whole, fraction = clock_time.split(".")
        clock_time = f"{whole}.{fraction[:6]}"
    moment = _parse(datetime.fromisoformat, f"{day}T{clock_time}{zone or ''}")
    return instant_us(moment, assume_zone)


def epoch_us(seconds: int) -> int:
    """Microseconds of a whole number of seconds since the epoch.

    Example:
        >>> iso(epoch_us(1_767_916_800))
        '2026-01-09T00:00:00Z'
    """
    return seconds * MICROSECONDS_PER_SECOND


def day_bounds_us(text: str) -> tuple[int, int]:
    """First and last-plus-one instant of a date known to the day or only to the month.

    Raises:
        CaseError: Neither `YYYY-MM-DD` nor `YYYY-MM`, or no date that exists.

    Example:
        >>> [iso(t) for t in day_bounds_us("2025-02")]
        ['2025-02-01T00:00:00Z', '2025-03-01T00:00:00Z']
    """
    is_month = _MONTH.fullmatch(text) is not None
    if not is_month and not _DAY.fullmatch(text):
        raise CaseError(f"'{text}' is not a date", expected="YYYY-MM-DD or YYYY-MM")
    first = _parse(date.fromisoformat, f"{text}-01" if is_month else text)
    days = monthrange(first.year, first.month)[1] if is_month else 1
    start_us = instant_us(first)
    return start_us, start_us + days * MICROSECONDS_PER_DAY  # may be the first instant of the year 10000


def iso(at_us: int) -> str:
    """ISO 8601 text in UTC, with as many decimals as the instant needs.

    Example:
        >>> iso(1767916800000000)
        '2026-01-09T00:00:00Z'
    """
    moment = _EPOCH + timedelta(microseconds=at_us)
    return moment.isoformat().replace("+00:00", "Z")


def iso_day(at_us: int) -> str:
    """The UTC date of an instant, `YYYY-MM-DD`.

    Example:
        >>> iso_day(instant_us("2026-01-09T00:30:00+01:00"))
        '2026-01-08'
    """
    return iso(at_us)[:10]


def _microseconds(moment: datetime) -> int:
    at_us = (moment - _EPOCH) // timedelta(microseconds=1)
    if at_us not in _YEARS_US:
        raise CaseError(f"'{moment.isoformat()}' lies outside the years 1 to 9999 in UTC")
    return at_us


def _zone(name: str | None, shown: str) -> ZoneInfo:
    if name is None:
        raise CaseError(
            f"'{shown}' has no time zone", remedy="write it with Z or an offset, or name the zone to assume"
        )
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise CaseError(
            f"'{name}' is not a time zone", expected="an IANA name such as Europe/Madrid"
        ) from None


def _parse(reader: Callable[[str], _T], text: str) -> _T:
    try:
        return reader(text)
    except ValueError:
        raise CaseError(f"'{text}' is not a date that exists", expected="YYYY-MM-DD") from None
