"""Which law covers which conduct: golden dates, edges to the microsecond, and every doubt against joining."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.clock import MICROSECONDS_PER_DAY, Period, instant_us
from perito.errors import LawError
from perito.law import (
    Provision,
    designation,
    designations,
    in_force,
    provision,
    provisions,
    read_designations,
)
from perito.law.reference import certain_end_us, certain_start_us

JANUARY_2026 = Period.of("2026-01-01", "2026-02-01")


def rule(start: str | None = None, end: str | None = None, vlop: str | None = None) -> Provision:
    return Provision(
        id="law-1",
        instrument="Law 1",
        article=None,
        authority="court",
        fact_needed="a fact",
        clock=None,
        in_force_from=start,
        in_force_to=end,
        in_force_vlop_from=vlop,
        note=None,
        confidence="seen",
        source="somewhere",
    )


# Source of the dates: provisions.csv (DSA art. 92 and 93; AI Act art. 113; TAKE IT DOWN Act s.3; NetzDG).
@pytest.mark.parametrize(
    ("name", "platform", "start", "end", "reason"),
    [
        ("dsa-34", "x", "2023-08-25", "2023-08-26", "in_force"),
        ("dsa-34", "x", "2023-08-24", "2023-08-26", "not_yet"),
        ("dsa-34", "reddit", "2023-08-25", "2023-08-26", "not_addressed"),
        ("dsa-34", "reddit", "2026-01-01", "2026-02-01", "not_addressed"),
        ("dsa-34", None, "2026-01-01", "2026-02-01", "not_addressed"),
        ("dsa-16", "x", "2023-08-25", "2023-08-26", "in_force"),
        ("dsa-16", "reddit", "2023-08-25", "2023-08-26", "not_yet"),
        ("dsa-16", "reddit", "2024-02-17", "2024-02-18", "in_force"),
        ("dsa-16", None, "2024-02-16", "2024-02-18", "not_yet"),
        ("dsa-40-4", "tiktok", "2025-10-28", "2025-11-01", "not_yet"),
        ("dsa-40-4", "tiktok", "2025-10-29", "2025-11-01", "in_force"),
        ("aia-50", "x", "2026-01-01", "2026-02-01", "not_yet"),
        ("aia-50", "x", "2026-08-02", "2026-08-03", "in_force"),
        ("tida", "x", "2026-01-01", "2026-02-01", "not_yet"),
        ("netzdg", "facebook", "2018-01-01", "2024-05-14", "in_force"),
        ("netzdg", "facebook", "2024-05-13", "2024-05-15", "no_longer"),
        ("netzdg", "facebook", "2025-01-01", "2026-01-01", "no_longer"),
        ("netzdg", "facebook", "2010-01-01", "2026-01-01", "not_yet"),
        ("es-bill-52", None, "2026-01-01", "2026-02-01", "undated"),
        ("fr-crim", "x", "2026-01-01", "2026-02-01", "undated"),
        ("es-aepd-cp", None, "2019-09-15", "2019-11-01", "not_yet"),
        ("es-aepd-cp", None, "2019-10-01", "2019-11-01", "in_force"),
    ],
)
def test_the_law_of_the_day_covers_the_conduct_of_the_day(name, platform, start, end, reason):
    verdict = in_force(provision(name), Period.of(start, end), platform)
    assert verdict.reason == reason
    assert verdict.holds is (reason == "in_force")
    assert bool(verdict) is verdict.holds


@pytest.mark.parametrize(
    "platform", ["x", "tiktok", "instagram", "facebook", "youtube", "snapchat", "pinterest", "linkedin"]
)
def test_the_platforms_of_april_2023_are_bound_from_25_august_2023(platform):
    found = designation(platform)
    assert found is not None
    assert found.designated == "2023-04-25"
    verdict = in_force(provision("dsa-35"), JANUARY_2026, platform)
    assert verdict.holds
    assert verdict.from_text == "2023-08-25"
    assert verdict.to_text is None


@pytest.mark.parametrize("spelling", ["X", "x", " x "])
def test_the_spelling_of_a_platform_does_not_change_the_law(spelling):
    assert in_force(provision("dsa-34"), JANUARY_2026, spelling).holds


def test_a_platform_designated_later_is_bound_from_its_own_day():
    # Pornhub: duties from 21 April 2024 (designations.toml); the general rules from 17 February 2024.
    assert in_force(provision("dsa-34"), Period.of("2024-04-21", "2024-05-01"), "pornhub").holds
    early = in_force(provision("dsa-34"), Period.of("2024-04-20", "2024-05-01"), "pornhub")
    assert (early.reason, early.from_text) == ("not_yet", "2024-04-21")
    assert in_force(provision("dsa-16"), Period.of("2024-02-17", "2024-03-01"), "pornhub").holds


def test_a_designation_known_to_the_month_binds_from_the_next_month():
    # WhatsApp: "by mid-May 2026".
    assert not in_force(provision("dsa-34"), Period.of("2026-05-20", "2026-05-21"), "whatsapp")
    assert in_force(provision("dsa-34"), Period.of("2026-06-01", "2026-06-02"), "whatsapp")


def test_the_start_is_half_open_to_the_microsecond():
    start = instant_us("2023-08-25")
    assert in_force(provision("dsa-34"), Period(start, start + 1), "x").holds
    assert in_force(provision("dsa-34"), Period(start - 1, start + 1), "x").reason == "not_yet"
    assert in_force(provision("dsa-34"), Period(start - 1, start), "x").reason == "not_yet"


def test_the_end_is_half_open_to_the_microsecond():
    end = instant_us("2024-05-14")
    assert in_force(provision("netzdg"), Period(end - 1, end), None).holds
    assert in_force(provision("netzdg"), Period(end - 1, end + 1), None).reason == "no_longer"
    assert in_force(provision("netzdg"), Period(end, end + 1), None).reason == "no_longer"


def test_a_start_known_to_the_month_counts_from_the_first_instant_after_it():
    october = instant_us("2019-10-01")
    assert in_force(rule("2019-09"), Period(october, october + 1), None).holds
    assert in_force(rule("2019-09"), Period(october - 1, october), None).reason == "not_yet"


def test_an_end_known_to_the_month_counts_from_its_first_instant():
    december = instant_us("2019-12-01")
    assert in_force(rule("2019-09", "2019-12"), Period(december - 1, december), None).holds
    assert in_force(rule("2019-09", "2019-12"), Period(december, december + 1), None).reason == "no_longer"


def test_a_rule_with_only_an_end_is_never_joined():
    assert in_force(rule(end="2024-01-01"), Period.of("2020-01-01", "2021-01-01"), "x").reason == "undated"


@pytest.mark.parametrize("length", [0, -1])
def test_a_period_without_time_is_refused(length):
    start = instant_us("2026-01-01")
    with pytest.raises(LawError):
        in_force(provision("dsa-34"), Period(start, start + length), "x")


platforms = st.sampled_from([None, "x", "tiktok", "reddit", "pornhub", "whatsapp"])
instants = st.integers(instant_us("2010-01-01"), instant_us("2030-01-01"))


@given(
    st.sampled_from(sorted(provisions())), platforms, st.lists(instants, min_size=4, max_size=4, unique=True)
)
def test_what_covers_a_period_covers_every_part_of_it(name, platform, moments):
    first, second, third, last = sorted(moments)
    whole = in_force(provision(name), Period(first, last), platform)
    part = in_force(provision(name), Period(second, third), platform)
    assert part.holds or not whole.holds


@given(
    st.sampled_from(sorted(provisions())), platforms, st.lists(instants, min_size=3, max_size=3, unique=True)
)
def test_a_period_is_covered_exactly_if_both_its_halves_are(name, platform, moments):
    first, middle, last = sorted(moments)
    whole = in_force(provision(name), Period(first, last), platform)
    halves = [
        in_force(provision(name), Period(*ends), platform) for ends in ((first, middle), (middle, last))
    ]
    assert whole.holds == all(half.holds for half in halves)


dates = st.dates(date(1990, 1, 1), date(2060, 1, 1))


@given(
    st.lists(dates, min_size=2, max_size=2, unique=True), instants, st.integers(1, 400 * MICROSECONDS_PER_DAY)
)
def test_less_precise_dates_never_join_more(ends, at_us, length_us):
    period = Period(at_us, at_us + length_us)
    start, end = (day.isoformat() for day in sorted(ends))
    by_day = in_force(rule(start, end), period, None)
    by_month = in_force(rule(start[:7], end[:7]), period, None)
    assert by_day.holds or not by_month.holds


@given(instants)
def test_designation_only_ever_adds_time(at_us):
    period = Period(at_us, at_us + 1)
    for one in provisions().values():
        assert in_force(one, period, "x").holds or not in_force(one, period, "reddit").holds


def test_a_date_is_read_as_the_day_it_names():
    assert certain_start_us("2023-08-25") == certain_end_us("2023-08-25") == instant_us("2023-08-25")
    assert certain_start_us("2019-12") == instant_us("2020-01-01")
    assert certain_end_us("2019-12") == instant_us("2019-12-01")


def test_no_platform_of_the_table_is_bound_before_the_regulation():
    first = instant_us("2023-08-25")
    assert all(certain_start_us(one.applies_from) >= first for one in designations().values())


DESIGNATION = """[[designation]]
platform = "x"
designated = "2023-04-25"
applies_from = "2023-08-25"
source = "somewhere"
confidence = "seen"
"""


@pytest.mark.parametrize(
    ("text", "column"),
    [
        (DESIGNATION.replace("2023-08-25", "2023-04-24"), "applies_from"),
        (DESIGNATION.replace("2023-04-25", "April 2023"), "designated"),
        (DESIGNATION.replace("2023-04-25", ""), "designated"),
        (DESIGNATION.replace('"2023-04-25"', "2023-04-25"), "designated"),
        (DESIGNATION.replace('"x"', '"X"'), "platform"),
        (DESIGNATION + DESIGNATION, "platform"),
        (DESIGNATION.replace('"seen"', '"certain"'), "confidence"),
        (DESIGNATION.replace("applies_from", "aplies_from"), "aplies_from"),
        (DESIGNATION.replace('source = "somewhere"\n', ""), "source"),
        (DESIGNATION + "\n[extra]\n", "extra"),
        ("designation = 1\n", "designation"),
        ("", "designation"),
        ("[[designation\n", "broken.toml"),
    ],
)
def test_a_faulty_table_of_designations_is_refused_by_name(text, column):
    assert read_designations(DESIGNATION, "sound.toml")["x"].designated == "2023-04-25"
    with pytest.raises(LawError) as caught:
        read_designations(text, "broken.toml")
    assert caught.value.where.startswith("broken.toml")
    assert column in str(caught.value)
