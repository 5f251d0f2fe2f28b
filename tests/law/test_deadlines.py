"""Deadlines: the hours that the law gives, each only in its time."""

from __future__ import annotations

from fractions import Fraction

import pytest

from perito.clock import instant_us
from perito.errors import LawError
from perito.law import (
    deadline,
    deadline_in_force,
    deadline_verdict,
    deadlines,
    provision,
    provisions,
    read_deadlines,
)


# Source: provisions.csv, column clock.
@pytest.mark.parametrize(
    ("name", "provision_id", "hours", "share"),
    [
        ("terreg-1h", "terreg", 1, None),
        ("tida-48h", "tida", 48, None),
        ("coc-plus-24h-two-thirds", "coc-plus", 24, Fraction(2, 3)),
        ("coc-plus-24h-half", "coc-plus", 24, Fraction(1, 2)),
        ("netzdg-24h", "netzdg", 24, None),
        ("netzdg-7d", "netzdg", 7 * 24, None),
        ("dsa-undue-delay", "dsa-16", None, None),
        ("dsa-expeditiously", "dsa-6", None, None),
    ],
)
def test_a_deadline_gives_the_hours_and_the_share_of_its_rule(name, provision_id, hours, share):
    found = deadline(name)
    assert (found.provision_id, found.hours, found.share_fraction) == (provision_id, hours, share)


def test_the_digital_services_act_gives_no_number_of_hours():
    named = [one for one in deadlines().values() if (one.provision_id or "").startswith("dsa-")]
    assert named
    assert all(one.hours is None for one in named)


def test_both_thresholds_of_the_code_of_conduct_are_kept():
    shares = [one.share for one in deadlines().values() if one.provision_id == "coc-plus"]
    assert sorted(filter(None, shares)) == ["1/2", "2/3"]


def test_every_deadline_has_the_dates_of_its_provision():
    for one in deadlines().values():
        assert one.provision_id is not None
        rule = provision(one.provision_id)
        dates = (rule.in_force_from, rule.in_force_to, rule.in_force_vlop_from)
        assert (one.in_force_from, one.in_force_to, one.in_force_vlop_from) == dates


def test_every_deadline_speaks_both_languages():
    for one in deadlines().values():
        for text in (one.name, one.threshold):
            assert set(text) == {"en", "es"}
            assert text["en"] != text["es"]


@pytest.mark.parametrize(
    ("name", "day", "platform", "reason"),
    [
        ("tida-48h", "2026-01-15", None, "not_yet"),
        ("tida-48h", "2026-05-19", None, "in_force"),
        ("netzdg-24h", "2024-05-13", "facebook", "in_force"),
        ("netzdg-24h", "2025-06-01", "facebook", "no_longer"),
        ("netzdg-7d", "2025-06-01", "facebook", "no_longer"),
        ("terreg-1h", "2022-06-06", None, "not_yet"),
        ("terreg-1h", "2026-01-15", None, "in_force"),
        ("dsa-undue-delay", "2023-09-01", "x", "in_force"),
        ("dsa-undue-delay", "2023-09-01", "reddit", "not_yet"),
        ("coc-plus-24h-half", "2025-01-19", "x", "not_yet"),
        ("coc-plus-24h-half", "2025-01-20", "x", "in_force"),
    ],
)
def test_a_deadline_holds_in_its_time_only(name, day, platform, reason):
    at_us = instant_us(day)
    assert deadline_verdict(name, at_us, platform).reason == reason
    if reason == "in_force":
        assert deadline_in_force(name, at_us, platform) is deadline(name)
    else:
        with pytest.raises(LawError) as caught:
            deadline_in_force(name, at_us, platform)
        assert name in caught.value.what
        assert day in caught.value.found


def test_a_deadline_starts_and_ends_to_the_microsecond():
    start, end = instant_us("2026-05-19"), instant_us("2024-05-14")
    assert not deadline_verdict("tida-48h", start - 1)
    assert deadline_verdict("tida-48h", start)
    assert deadline_verdict("netzdg-24h", end - 1)
    assert not deadline_verdict("netzdg-24h", end)


def test_an_unknown_deadline_is_refused_with_the_nearest_name():
    with pytest.raises(LawError) as caught:
        deadline_in_force("tida-24h", 0)
    assert "tida-48h" in caught.value.remedy


ROW = """[[deadline]]
id = "one"
provision = "terreg"
instrument = "Law 1"
article = "3"
hours = 1
share = "2/3"
in_force_from = "2022-06-07"
source = "somewhere"
confidence = "seen"
name = { en = "one hour", es = "una hora" }
threshold = { en = "removed", es = "retirado" }
"""


def test_a_deadline_may_stand_without_a_provision():
    text = ROW.replace('provision = "terreg"\n', "").replace("2022-06-07", "2020-01")
    found = read_deadlines(text, "sound.toml", {})["one"]
    assert (found.provision_id, found.in_force_from) == (None, "2020-01")


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("hours = 1", "", "hours"),
        ("hours = 1", "hours = 0", "hours"),
        ("hours = 1", "hours = -1", "hours"),
        ("hours = 1", "hours = 1.5", "hours"),
        ("hours = 1", "hours = true", "hours"),
        ("hours = 1", 'hours = "1"', "hours"),
        ('"2/3"', '"3/2"', "share"),
        ('"2/3"', '"0/3"', "share"),
        ('"2/3"', '"2/0"', "share"),
        ('"2/3"', '"0.67"', "share"),
        ('"2/3"', '"two thirds"', "share"),
        ('"2/3"', '"²/3"', "share"),
        ('"2/3"', '"1/2/3"', "share"),
        ('"2022-06-07"', '"2022-06-08"', "in_force_from"),
        ('"2022-06-07"', '"2022-06-31"', "in_force_from"),
        ('source = "', 'in_force_to = "2030-01-01"\nsource = "', "in_force_to"),
        ('"terreg"', '"tereg"', "provision"),
        (', es = "una hora"', "", "name"),
        (', es = "una hora"', ', es = ""', "name"),
        ('{ en = "removed", es = "retirado" }', '"removed"', "threshold"),
        ('id = "one"', 'id = "one"\nurl = "x"', "url"),
    ],
)
def test_a_faulty_deadline_is_refused_with_file_row_and_column(old, new, column):
    assert read_deadlines(ROW, "sound.toml", provisions())["one"].hours == 1
    with pytest.raises(LawError) as caught:
        read_deadlines(ROW.replace(old, new), "broken.toml", provisions())
    assert caught.value.where.startswith("broken.toml: row 1")
    assert f"'{column}'" in str(caught.value)
