"""Known events: every trend that crosses one is told so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.clock import MICROSECONDS_PER_DAY, Period, instant_us
from perito.errors import LawError
from perito.law import events, known_events, read_known_events

META = "meta-trusted-flagger-labels"
SCHEMA = "dsa-tdb-schema-v2"


def ids(platform: str | None, start: str, end: str, dataset: str = "dsa-tdb") -> list[str]:
    return [event.id for event in known_events(dataset, platform, Period.of(start, end))]


# Source of the dates: announcements of the DSA Transparency Database; the damaged dumps: 19 days known.
@pytest.mark.parametrize(
    ("platform", "start", "end", "expected"),
    [
        ("facebook", "2025-10-01", "2025-11-01", [META]),
        ("instagram", "2025-10-01", "2025-11-01", [META]),
        ("facebook", "2025-08-01", "2025-09-01", [META]),
        ("x", "2025-10-01", "2025-11-01", []),
        ("facebook", "2025-11-01", "2025-12-01", []),
        ("google-shopping", "2025-05-01", "2025-06-10", ["google-shopping-2025-05"]),
        ("Google Shopping", "2025-05-01", "2025-06-10", ["google-shopping-2025-05"]),
        ("x", "2025-05-01", "2025-06-10", []),
        ("x", "2025-06-01", "2025-08-01", [SCHEMA]),
        ("x", "2024-03-01", "2024-05-01", ["dsa-tdb-dumps-2024-03", "dsa-tdb-dumps-2024-04"]),
        ("x", "2024-04-04", "2024-04-08", []),
        ("google-play", "2025-08-01", "2025-09-01", ["google-play-automated-detection"]),
    ],
)
def test_an_event_is_found_by_platform_and_period(platform, start, end, expected):
    assert ids(platform, start, end) == expected


def test_the_damaged_dumps_are_nineteen_days():
    days = sum(
        (event.end_us - event.start_us) // MICROSECONDS_PER_DAY
        for name, event in events().items()
        if name.startswith("dsa-tdb-dumps-")
    )
    assert days == 19


def test_all_platforms_together_meet_every_event_of_the_time():
    assert ids(None, "2025-05-01", "2025-08-01") == [
        META,
        "google-play-automated-detection",
        "google-shopping-2025-05",
        SCHEMA,
    ]


def test_a_day_of_change_is_crossed_by_a_period_that_contains_any_of_it():
    day = instant_us("2025-07-01")
    after = day + MICROSECONDS_PER_DAY
    schema = events()[SCHEMA]
    assert schema.is_crossed_by(Period(day - 1, day + 1))
    assert schema.is_crossed_by(Period(after - 1, after))
    assert not schema.is_crossed_by(Period(day - 1, day))
    assert not schema.is_crossed_by(Period(after, after + 1))


def test_a_period_that_only_borders_on_an_event_lists_it_uncrossed():
    period = Period.of("2025-06-01", "2025-07-01")
    assert [event.is_crossed_by(period) for event in known_events("dsa-tdb", "x", period)] == [False]
    later = Period.of("2025-10-28", "2025-11-30")
    assert [
        (event.id, event.is_crossed_by(later)) for event in known_events("dsa-tdb", "facebook", later)
    ] == [(META, False)]


def test_one_microsecond_away_an_event_is_not_listed():
    before = Period(instant_us("2025-06-01"), instant_us("2025-07-01") - 1)
    after = Period(instant_us("2025-07-02") + 1, instant_us("2025-08-01"))
    assert known_events("dsa-tdb", "x", before) == []
    assert known_events("dsa-tdb", "x", after) == []


def test_a_tag_narrows_the_events_to_a_field():
    assert ids("facebook", "2025-06-01", "2025-11-30") == [META, SCHEMA]
    assert ids("facebook", "2025-06-01", "2025-11-30", "source_type") == [META]


def test_a_tag_that_no_event_carries_is_refused_and_not_read_as_no_event():
    with pytest.raises(LawError) as caught:
        known_events("dsa-tbd", "x", Period.of("2025-06-01", "2025-08-01"))
    assert "'dsa-tdb'" in caught.value.remedy


def test_a_period_without_time_is_refused():
    with pytest.raises(LawError):
        known_events("dsa-tdb", "x", Period.of("2025-07-01", "2025-07-01"))


def test_every_event_speaks_both_languages():
    assert all(set(event.effect) == {"en", "es"} for event in events().values())


instants = st.integers(instant_us("2022-01-01"), instant_us("2027-01-01"))


@given(st.sampled_from([None, "x", "facebook"]), st.lists(instants, min_size=4, max_size=4, unique=True))
def test_a_longer_period_crosses_whatever_a_part_of_it_crosses(platform, moments):
    first, second, third, last = sorted(moments)
    part, whole = Period(second, third), Period(first, last)
    crossed = {one.id for one in known_events("dsa-tdb", platform, part) if one.is_crossed_by(part)}
    assert crossed <= {one.id for one in known_events("dsa-tdb", platform, whole) if one.is_crossed_by(whole)}


EVENT = """[[event]]
id = "one"
platforms = ["x"]
first_day = "2025-07"
last_day = "2025-07-31"
concerns = ["dsa-tdb"]
source = "somewhere"
confidence = "seen"
effect = { en = "a change", es = "un cambio" }
"""


def test_a_month_stands_for_all_its_days():
    event = read_known_events(EVENT.replace("2025-07-31", "2025-08"), "sound.toml")["one"]
    assert (event.start_us, event.end_us) == (instant_us("2025-07-01"), instant_us("2025-09-01"))


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ('last_day = "2025-07-31"\n', "", "last_day"),
        ("2025-07-31", "2025-06-30", "last_day"),
        ("2025-07-31", "2025-06-31", "last_day"),
        ('["x"]', '"x"', "platforms"),
        ('["x"]', '["X"]', "platforms"),
        ('["x"]', '["x", "x"]', "platforms"),
        ('["x"]', "[1]", "platforms"),
        ('["dsa-tdb"]', "[]", "concerns"),
        ('"un cambio"', "1", "effect"),
        ('"seen"', '"read"', "confidence"),
        ('id = "one"', 'id = "one"\neffects = 1', "effects"),
    ],
)
def test_a_faulty_event_is_refused_with_file_row_and_column(old, new, column):
    assert read_known_events(EVENT, "sound.toml")["one"].platforms == ("x",)
    with pytest.raises(LawError) as caught:
        read_known_events(EVENT.replace(old, new), "broken.toml")
    assert caught.value.where.startswith("broken.toml: row 1")
    assert f"'{column}'" in str(caught.value)
