"""Instants and periods: exact to the microsecond, in UTC, never by the machine's zone."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito import clock
from perito.clock import Period, day_bounds_us, epoch_us, instant_us, iso, iso_day
from perito.errors import CaseError
from perito.schema import enumeration

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=OFFSETS)  # noqa: DTZ001
DAYS = st.dates()
ARABIC_DIGITS = "2026-01-09".translate({ord("0") + digit: 0x0660 + digit for digit in range(10)})


# Golden values: GNU date, `date -u -d <text> +%s`, times a million.
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01", 0),
        ("2026-01-09", 1_767_916_800),
        ("2026-01-09T00:00:00Z", 1_767_916_800),
        ("2026-01-09 00:00:00Z", 1_767_916_800),
        ("2026-01-09T00:00:00+01:00", 1_767_913_200),
        ("2026-01-09T00:00:00+0100", 1_767_913_200),
        ("2026-01-09T00:00:00 -05:30", 1_767_936_600),
        ("2026-01-09T10:30Z", 1_767_954_600),
        (" 2026-01-09 ", 1_767_916_800),
        ("1969-12-31T23:59:59Z", -1),
        ("0001-01-01", -62_135_596_800),
        ("9999-12-31", 253_402_214_400),
    ],
)
def test_dates_and_zoned_times_are_read_to_the_microsecond(text, seconds):
    assert instant_us(text) == seconds * 1_000_000


def test_digits_below_the_microsecond_are_cut_off_not_rounded():
    assert instant_us("1970-01-01T00:00:00.123456999Z") == 123_456
    assert instant_us("1970-01-01T00:00:00.5Z") == 500_000


@pytest.mark.parametrize(
    "text",
    [
        "", "yesterday", "12/03/26", "2026-13-01", "2026-02-30", "2026-1-9", "20260109", "2026-W02-5", "2026",
        "2026-01-09T24:00:00Z", "2026-01-09T10:30:60Z", "2026-01-09T10:30:00+25:00",
        "2026-01-09T10:30:00 CET", "2026-01-09T10:30:00.Z", ARABIC_DIGITS, "0000-01-01",
        "1767916800", "2026-01-09\n2026-01-10",
        "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00",
    ],
)  # fmt: skip
def test_what_is_no_date_of_the_calendar_is_refused(text):
    with pytest.raises(CaseError):
        instant_us(text)


@pytest.mark.parametrize("value", ["2026-03-29T03:30:00", datetime(2026, 3, 29, 3, 30)])  # noqa: DTZ001
def test_a_wall_time_without_a_zone_is_refused_unless_a_zone_is_assumed(value):
    with pytest.raises(CaseError):
        instant_us(value)
    assert iso(instant_us(value, "Europe/Madrid")) == "2026-03-29T01:30:00Z"  # summer time began at 01:00 UTC
    assert iso(instant_us(value, "UTC")) == "2026-03-29T03:30:00Z"


def test_an_assumed_zone_never_moves_a_time_that_has_one():
    assert instant_us("2026-01-09T00:00:00Z", "Europe/Madrid") == instant_us("2026-01-09")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "", "CETX", "/etc/localtime"])
def test_a_zone_that_does_not_exist_is_refused(zone):
    with pytest.raises(CaseError):
        instant_us("2026-03-29T03:30:00", zone)


@given(MOMENTS)
def test_an_instant_as_text_is_that_instant_again(moment):
    at_us = instant_us(moment)
    assert instant_us(iso(at_us)) == at_us == instant_us(moment.isoformat())
    assert iso(at_us).endswith("Z")
    assert datetime.fromisoformat(iso(at_us)) == moment


@given(MOMENTS, MOMENTS)
def test_later_instants_have_larger_numbers(one, other):
    assert (instant_us(one) < instant_us(other)) == (one < other)


@given(DAYS)
def test_a_day_lasts_from_its_first_instant_to_that_of_the_next(day):
    start_us, end_us = day_bounds_us(day.isoformat())
    assert start_us == instant_us(day) == instant_us(day.isoformat())
    assert end_us - start_us == clock.MICROSECONDS_PER_DAY
    assert iso_day(start_us) == iso_day(end_us - 1) == day.isoformat()


@given(DAYS)
def test_a_month_is_the_days_in_it(day):
    start_us, end_us = day_bounds_us(day.isoformat()[:7])
    assert iso_day(start_us) == f"{day.isoformat()[:7]}-01"
    last = date.fromisoformat(iso_day(end_us - 1))
    assert (last.year, last.month) == (day.year, day.month)
    assert last == date.max or (last + timedelta(days=1)).day == 1


@pytest.mark.parametrize(
    "text",
    [
        "2025",
        "2025-13",
        "2025-00",
        "2025-02-29",
        "20250101",
        "2025-W02-5",
        "",
        "2025-2",
        ARABIC_DIGITS[:7],
        "10000-01",
    ],
)
def test_bounds_of_no_day_and_no_month_are_refused(text):
    with pytest.raises(CaseError):
        day_bounds_us(text)


def test_the_window_of_the_study_has_eleven_days():
    # 29 December 2025 to 8 January 2026, both included: the eleven days of the published study.
    period = Period.of("2025-12-29", "2026-01-09")
    assert (period.days, period.seconds) == (11.0, 950_400)
    assert period.to_json() == {"from": "2025-12-29T00:00:00Z", "to": "2026-01-09T00:00:00Z"}


@given(DAYS, DAYS, DAYS)
def test_a_period_contains_its_start_and_not_its_end(one, other, at):
    first, last = sorted([one, other])
    period = Period.of(first, last)
    assert period.contains(instant_us(at)) == (first <= at < last)
    assert not period.contains(period.end_us)


def test_periods_are_ordered_by_start_then_end():
    assert sorted([Period(2, 3), Period(1, 9), Period(1, 2)]) == [Period(1, 2), Period(1, 9), Period(2, 3)]


def test_epoch_seconds_become_microseconds():
    assert epoch_us(1_767_916_800) == instant_us("2026-01-09")


def test_the_bases_are_those_of_the_schema():
    assert set(clock.TIME_BASES) == set(enumeration("time_basis").values)


def test_the_machine_s_clock_counts_microseconds():
    before = datetime.now(UTC)
    now = clock.now_us()
    after = datetime.now(UTC)
    assert instant_us(before) <= now <= instant_us(after) + 1
