"""The betting sequence: its definition step by step, runs that look all the time, and impossible chances."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from perito.errors import StatsError
from perito.stats.betting import pps_betting
from perito.stats.proportion import clopper_pearson

repeatable = settings(derandomize=True, deadline=None)


def stake_reaches(payoff, mean, alpha, planned):
    """The bettor on larger payoffs, one draw after the other, as the definition has it."""
    stake, sums, squares = 1.0, 0.5, 0.25
    variance = 0.25
    for t, x in enumerate(payoff, start=1):
        horizon = planned or t * math.log1p(t)
        bet = min(math.sqrt(2 * math.log(2 / alpha) / (variance * horizon)), 0.5 / mean)
        stake *= 1 + bet * (x - mean)
        if stake >= 2 / alpha:
            return True
        sums += x
        squares += (x - sums / (t + 1)) ** 2
        variance = squares / (t + 1)
    return False


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0.5, 4)), min_size=1, max_size=80),
    st.sampled_from([None, 40]),
)
@settings(derandomize=True, deadline=None, max_examples=30)
def test_the_ends_are_where_the_bettors_reach_their_goal(draws, planned):
    population, uniform = 100, 0.5
    y, relative = zip(*draws, strict=True)
    chance = np.array(relative) / population
    found = pps_betting(y, chance, population, uniform, 0.9, planned=planned)
    payoff = np.array(y) * uniform / population / chance
    for end, bettor in ((found.interval.low, payoff), (found.interval.high, 1 - payoff)):
        mean = end * uniform if bettor is payoff else 1 - end * uniform
        if 0 < end < 1 and end != found.value:
            assert stake_reaches(bettor, mean * (1 - 1e-9), 0.1, planned)
            assert not stake_reaches(bettor, mean * (1 + 1e-9), 0.1, planned)


@given(st.lists(st.booleans(), min_size=1, max_size=200))
@repeatable
def test_with_equal_chances_exchanging_the_classes_mirrors_the_interval(y):
    chance = [0.01] * len(y)
    one, other = (pps_betting(labels, chance, 100, 1.0) for labels in (y, [not label for label in y]))
    assert one.value == pytest.approx(1 - other.value)
    assert one.interval.low == pytest.approx(1 - other.interval.high, abs=1e-12)
    assert 0 <= one.interval.low <= one.value <= one.interval.high <= 1


def test_when_nothing_was_found_the_lower_end_is_exactly_0():
    found = pps_betting([0] * 300, [0.01] * 300, 100, 1.0, planned=300)
    assert (found.value, found.interval.low) == (0, 0)
    assert 0 < found.interval.high < 0.1


def test_a_plan_narrows_the_interval_at_its_size():
    y, chance = [0] * 1_990 + [1] * 10, [1e-4] * 2_000
    planned, open_ended = (pps_betting(y, chance, 10_000, 1.0, planned=p) for p in (2_000, None))
    width = planned.interval.high - planned.interval.low
    assert width < 0.95 * (open_ended.interval.high - open_ended.interval.low)


def test_draws_by_score_cover_at_all_looks_and_narrow_the_interval():
    # The sheet: coverage .980 and .79 of the width of Clopper-Pearson at 20,000 draws.
    draw, population, share, n, uniform = np.random.default_rng(20_260_108), 200_000, 0.005, 20_000, 0.5
    y = np.arange(population) < share * population
    distance = math.sqrt(2) * special.ndtri(0.95)
    raw = draw.normal(size=population) + distance * y
    size = np.sqrt(special.expit(special.logit(share) + distance * raw - distance**2 / 2))
    chance = uniform / population + (1 - uniform) * size / size.sum()
    widths, missed = [], 0
    for _ in range(20):
        drawn = draw.choice(population, n, p=chance)
        found = pps_betting(y[drawn], chance[drawn], population, uniform, planned=n)
        widths.append(found.interval.high - found.interval.low)
        missed += not found.interval.contains(share)
    plain = clopper_pearson(int(n * share), n)
    assert missed <= 1
    assert np.mean(widths) / (plain.high - plain.low) == pytest.approx(0.79, abs=0.06)


def test_draws_without_a_score_are_as_wide_as_the_sheet_says():
    draw, share, n = np.random.default_rng(20_260_108), 0.005, 2_000
    widths = [
        found.interval.high - found.interval.low
        for found in (
            pps_betting(draw.random(n) < share, np.full(n, 1e-5), 100_000, 1.0, planned=n) for _ in range(60)
        )
    ]
    plain = clopper_pearson(10, n)
    assert np.mean(widths) / (plain.high - plain.low) == pytest.approx(1.23, abs=0.08)


# --- hostile input ---


@pytest.mark.parametrize("chance", [0, -0.1, 0.004, 1.1, None, float("nan")])
def test_a_chance_outside_its_range_is_refused_and_shown(chance):
    with pytest.raises(StatsError) as refusal:
        pps_betting([0, 1], [0.01, chance], 100, 0.5)
    assert "[1] = " in refusal.value.found


@pytest.mark.parametrize("label", [2, 0.5, None])
def test_a_label_that_is_neither_0_nor_1_is_refused(label):
    with pytest.raises(StatsError):
        pps_betting([0, label], [0.01, 0.01], 100, 1.0)


@pytest.mark.parametrize("share", [0, -0.1, 1.1, None, float("nan"), "1"])
def test_an_impossible_uniform_part_is_refused(share):
    with pytest.raises(StatsError) as refusal:
        pps_betting([0, 1], [0.01, 0.01], 100, share)
    assert "mix" in refusal.value.remedy


@pytest.mark.parametrize(
    "other",
    [
        {"population": 0},
        {"population": 10.0},
        {"planned": 0},
        {"planned": 2.5},
        {"level": 1},
        {"level": None},
        {"y": [1]},
    ],
)
def test_impossible_plans_levels_and_lengths_are_refused(other):
    arguments = {
        "y": [0, 1],
        "draw_probabilities": [0.01, 0.01],
        "population": 100,
        "uniform_share": 1.0,
    } | other
    with pytest.raises(StatsError):
        pps_betting(**arguments)
