"""When something happened, as an interval: what a time's basis and the checks around it allow to be said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perito.clock import MICROSECONDS_PER_DAY

if TYPE_CHECKING:
    from collections.abc import Mapping

EXACT_BASES = frozenset({"server_utc", "server_epoch", "snowflake_id"})
CHECK_BASES = EXACT_BASES | {"capture_clock", "acquisition_record"}
_DAY = "calendar_date"
_FOUND_GONE = "unavailable"
_CHECK = "recheck"


@dataclass(frozen=True)
class Span:
    """From when to when something may have happened, both ends included; None: no bound on that side."""

    low_us: int | None = None
    high_us: int | None = None

    @property
    def is_known(self) -> bool:
        """Whether there is a bound on either side."""
        return self.low_us is not None or self.high_us is not None

    def is_after(self, other: Span) -> bool:
        """Whether it certainly happened after the other.

        Example:
            >>> Span(5, 9).is_after(Span(1, 4)), Span(5, 9).is_after(Span(None, 5))
            (True, False)
        """
        return self.low_us is not None and other.high_us is not None and self.low_us > other.high_us

    def days_since(self, other: Span) -> tuple[float | None, float | None]:
        """Fewest and most days from the other to this; None where there is no bound.

        Example:
            >>> Span(2 * 86_400_000_000, 3 * 86_400_000_000).days_since(Span(0, 86_400_000_000))
            (1.0, 3.0)
        """
        return _days(other.high_us, self.low_us), _days(other.low_us, self.high_us)


NOWHEN = Span()
"""Nothing is known of when."""


def span_of_post(row: Mapping[str, Any]) -> tuple[Span, str | None]:
    """When a post appeared, and what is wrong with its times.

    A time of the platform's server is exact, a date is its day; of the author's claim nothing follows. A post
    had appeared by the time when it was first observed.

    Args:
        row: `created_least_us`, `created_most_us`, `created_basis`, `bases`, `observed_us`.

    Example:
        >>> row = {"created_least_us": 5, "created_most_us": 5, "created_basis": "server_utc", "bases": 1}
        >>> span_of_post({**row, "observed_us": 9}), span_of_post({**row, "observed_us": 3})[1]
        ((Span(low_us=5, high_us=5), None), 'observed_before_published')
    """
    least, most, observed = row["created_least_us"], row["created_most_us"], row["observed_us"]
    basis = row["created_basis"] if row["bases"] == 1 else None
    if least is None or (basis not in EXACT_BASES and basis != _DAY):
        return Span(None, observed), None
    if observed is not None and observed < least:
        return Span(None, observed), "observed_before_published"
    late = most + MICROSECONDS_PER_DAY - 1 if basis == _DAY else most
    high = late if observed is None or least != most else min(late, observed)
    return Span(least, high), "two_publication_times" if least != most else None


def span_of_action(row: Mapping[str, Any]) -> tuple[Span, str | None]:
    """When an action happened, or something was found gone, and what is wrong with the row's times.

    A statement of the server is exact; a check that finds something gone says only that it had gone by then,
    and after the last check that found it there.

    Example:
        >>> row = {"kind": "unavailable", "source": "recheck", "happened_at_us": 9,
        ...        "happened_basis": "capture_clock", "not_before_us": 4, "not_after_us": 9}
        >>> span_of_action(row)
        (Span(low_us=4, high_us=9), None)
    """
    low, high, at = row["not_before_us"], row["not_after_us"], row["happened_at_us"]
    if low is not None and high is not None and low > high:
        return NOWHEN, "bounds_crossed"
    if at is None:
        return Span(low, high), None
    if (low is not None and at < low) or (high is not None and at > high):
        return NOWHEN, "outside_bounds"
    first, last = _stated(row, at)
    return Span(low if first is None else first, high if last is None else last), None


def _stated(row: Mapping[str, Any], at_us: int) -> tuple[int | None, int | None]:
    """What the time of an action says by itself: from when, and until when."""
    basis = row["happened_basis"]
    is_check = row["source"] == _CHECK or row["kind"] == _FOUND_GONE
    if basis in EXACT_BASES and not is_check:
        return at_us, at_us
    if basis == _DAY:
        return (None if is_check else at_us), at_us + MICROSECONDS_PER_DAY - 1
    return None, at_us if basis in CHECK_BASES else None


def instant_of_check(row: Mapping[str, Any]) -> int | None:
    """When a check found something there; None without a time that can be ordered."""
    usable = row["happened_basis"] in CHECK_BASES
    return row["happened_at_us"] if usable else None


def _days(start_us: int | None, end_us: int | None) -> float | None:
    return None if start_us is None or end_us is None else (end_us - start_us) / MICROSECONDS_PER_DAY
