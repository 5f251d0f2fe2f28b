"""What the published-count kinds share: dates as UTC days, percentages as printed, reliability."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from perito.clock import day_bounds_us
from perito.errors import CaseError
from perito.formats.delimited import RowFault, one_of

if TYPE_CHECKING:
    from collections.abc import Mapping

CALENDAR = "calendar_date"
_LESS_THAN_A_DAY = re.compile(r"\d{4}(-\d{2})?", re.ASCII)  # a year or a month
_PERCENT = re.compile(r"(\d{1,3})(?:\.(\d{1,3}))?", re.ASCII)
_FRACTION = re.compile(r"(\d{1,9})/([1-9]\d{0,8})", re.ASCII)


def day_span(cells: Mapping[str, str | None], first: str, last_inclusive: str) -> dict[str, Any]:
    """The half-open window columns of two printed dates, the second included; empty if both are.

    Raises:
        RowFault: A date that does not exist, only one of the two, or an end before the start.
    """
    start, end = cells[first], cells[last_inclusive]
    if start is None and end is None:
        return {}
    if start is None or end is None:
        raise RowFault(f"only one of '{first}' and '{last_inclusive}' is given")
    try:
        start_us, end_us = day_bounds_us(start)[0], day_bounds_us(end)[1]
    except CaseError as error:
        raise RowFault(str(error)) from None
    if end_us <= start_us:
        raise RowFault(f"'{last_inclusive}' {end} is before '{first}' {start}")
    return {"window_start_us": start_us, "window_end_us": end_us, "window_basis": CALENDAR}


def as_of(text: str | None) -> dict[str, Any]:
    """The as-of columns of a printed day; a date known less well than to the day stays unsaid.

    Raises:
        RowFault: No date at all.

    Example:
        >>> as_of("2026-01-09"), as_of("2026-01")
        ({'as_of_us': 1767916800000000, 'as_of_basis': 'calendar_date'}, {})
    """
    if text is None or _LESS_THAN_A_DAY.fullmatch(text):
        return {}
    try:
        return {"as_of_us": day_bounds_us(text)[0], "as_of_basis": CALENDAR}
    except CaseError as error:
        raise RowFault(str(error)) from None


def printed_share(text: str | None, unit: str | None) -> dict[str, Any]:
    """A share as printed, `54.1` percent or `1/17`, as an exact fraction with its rounding unit.

    More than the whole is not refused here: such a figure stops the work (`perito.tables.invariants`).

    Raises:
        RowFault: Neither a percentage nor a fraction.

    Example:
        >>> printed_share("54.1", "percent")["share_numerator"]
        541
    """
    if text is None:
        return {}
    percent, fraction = _PERCENT.fullmatch(text), _FRACTION.fullmatch(text)
    if unit == "percent" and percent:
        decimals = percent[2] or ""
        numerator, denominator = int(percent[1] + decimals), 10 ** (2 + len(decimals))
        rounding: int | None = denominator
    elif fraction:
        numerator, denominator, rounding = int(fraction[1]), int(fraction[2]), None
    else:
        raise RowFault(f"'{text[:40]}' is no share in {unit or 'any known form'}")
    return {
        "share_numerator": numerator,
        "share_denominator": denominator,
        "share_unit": rounding,
        "printed": text,
    }


def provenance(cells: Mapping[str, str | None]) -> dict[str, Any]:
    """Note, source and reliability (`seen` in the source named, or `unverified`)."""
    reliability = one_of(cells, "status", {"seen": "seen", "unverified": "unverified"})
    return {"note": cells["note"], "source": cells["source"], "reliability": reliability}
