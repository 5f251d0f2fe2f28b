"""Sizes, strata and allocation: published values, and what every plan has to keep.

Golden values: R epiR 2.0.57, `epi.sssimpleestb` (method sheet on prevalence and `stats/golden.json`).
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.errors import StatsError
from perito.stats.planning import (
    half_proportional,
    labels_for_precision,
    labels_to_exclude,
    score_strata,
    stratified_precision,
)
from perito.stats.proportion import clopper_pearson, exact_total

GOLDEN = {"rel": 1e-9, "abs": 0}
repeatable = settings(derandomize=True, deadline=None)


# --- sizes ---


@pytest.mark.parametrize(
    ("share", "population", "rates", "labels"),
    [
        (0.00505, 4_621_335, {}, 74_464.8390989),
        (0.00505, 4_621_335, {"sensitivity": 0.95, "specificity": 0.9995}, 86_355.4377504),
        (0.0074, 812_000, {}, 48_452.8260657708),
        (0.0074, 812_000, {"sensitivity": 0.93, "specificity": 0.999}, 58_897.2634778817),
    ],
)
def test_the_labels_for_ten_per_cent_precision_are_those_of_epir(share, population, rates, labels):
    assert labels_for_precision(share, population, 0.1, **rates) == pytest.approx(labels, **GOLDEN)


@given(
    st.floats(0.001, 0.5), st.integers(1, 10**7), st.floats(0.01, 0.9), st.floats(0.6, 1), st.floats(0.6, 1)
)
@repeatable
def test_labels_that_err_cost_more_and_never_more_than_the_population(share, population, error, se, sp):
    perfect = labels_for_precision(share, population, error)
    erring = labels_for_precision(share, population, error, sensitivity=se, specificity=sp)
    assert 1 <= perfect <= erring * (1 + 1e-12)
    assert erring <= population * (1 + 1e-12)


def test_a_wish_that_one_label_meets_needs_one():
    assert labels_for_precision(0.99, 1_000, 0.9) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"share": 0},
        {"share": 1},
        {"share": None},
        {"share": 5e-324},
        {"population": 0},
        {"population": 10.0},
        {"relative_error": 0},
        {"relative_error": 10},
        {"level": 95},
        {"sensitivity": 1.1},
        {"specificity": -0.1},
        {"sensitivity": 0.5, "specificity": 0.5},
    ],
)
def test_an_impossible_wish_is_refused(wrong):
    with pytest.raises(StatsError):
        labels_for_precision(**({"share": 0.01, "population": 10_000, "relative_error": 0.1} | wrong))


@given(st.floats(0.0005, 0.5), st.sampled_from([0.9, 0.95, 0.99]))
@repeatable
def test_no_smaller_sample_without_positives_would_exclude_the_share(share, level):
    n = labels_to_exclude(share, level)
    assert clopper_pearson(0, n, level).high <= share * (1 + 1e-12)
    if n > 1:
        assert clopper_pearson(0, n - 1, level).high > share


@given(st.floats(0.001, 0.9), st.integers(1, 5_000), st.sampled_from([0.9, 0.95]))
@repeatable
def test_in_a_known_population_no_smaller_sample_would_do_either(share, population, level):
    n = labels_to_exclude(share, level, population)
    allowed = math.floor(Fraction(repr(share)) * population)
    assert exact_total(0, n, population, level).high <= allowed
    if n > 1:
        assert exact_total(0, n - 1, population, level).high > allowed
    assert n <= population


def test_nothing_found_in_the_published_sizes_excludes_the_published_ends():
    # 0/300 and 0/20,000 of the sheet: upper ends .0122209746943 and .000184426963962.
    assert labels_to_exclude(0.0122209747) == 300
    assert labels_to_exclude(0.00018442697) == 20_000


@pytest.mark.parametrize(
    ("share", "level", "population"), [(0, 0.95, None), (1, 0.95, None), (0.1, 1, None), (0.1, 0.95, 0)]
)
def test_an_impossible_exclusion_is_refused(share, level, population):
    with pytest.raises(StatsError):
        labels_to_exclude(share, level, population)


# --- strata ---


@given(st.lists(st.floats(0, 1), min_size=1, max_size=200), st.integers(1, 10))
@repeatable
def test_strata_part_the_population_in_the_order_of_the_score(scores, wanted):
    found = score_strata(scores, wanted)
    count = len(found.populations)
    assert 1 <= count <= wanted
    assert found.populations.sum() == len(scores)
    assert (found.populations > 0).all()
    order = np.argsort(scores, kind="stable")
    assert (np.diff(found.stratum[order]) >= 0).all()
    for h in range(count):
        members = np.array(scores)[found.stratum == h]
        assert members.min() == found.lower_scores[h]
        assert members.mean() == pytest.approx(found.mean_scores[h])


def test_every_stratum_holds_about_an_equal_part_of_the_cumulated_spread():
    scores = np.random.default_rng(20_260_108).beta(0.3, 20, 50_000)
    found = score_strata(scores, 8)
    parts = np.bincount(found.stratum, np.sqrt(scores * (1 - scores)))
    assert len(parts) == 8
    assert parts / parts.sum() == pytest.approx(np.full(8, 1 / 8), abs=0.001)
    assert (np.diff(found.populations) < 0).all()


def test_equal_scores_stay_together_and_the_order_of_the_rows_does_not_matter():
    scores = np.array([0.1, 0.5, 0.1, 0.9, 0.5, 0.1, 0.02])
    found = score_strata(scores, 4)
    for value in set(scores):
        assert len(set(found.stratum[scores == value])) == 1
    order = [3, 0, 6, 5, 1, 2, 4]
    assert (score_strata(scores[order], 4).stratum == found.stratum[order]).all()


def test_scores_of_only_0_and_1_are_cut_between_them():
    found = score_strata([0] * 70 + [1] * 30, 2)
    assert found.populations.tolist() == [70, 30]
    assert found.mean_scores.tolist() == [0, 1]


@pytest.mark.parametrize("score", [-0.01, 1.01, None, float("nan")])
def test_a_score_outside_its_range_or_missing_is_refused_and_counted(score):
    with pytest.raises(StatsError) as refusal:
        score_strata([0.5, score, 0.1, score])
    assert refusal.value.found.startswith("2 of 4: [1] = ")


@pytest.mark.parametrize("strata", [0, -1, 2.5, None])
def test_an_impossible_number_of_strata_is_refused(strata):
    with pytest.raises(StatsError):
        score_strata([0.1, 0.2], strata)


# --- allocation ---


@st.composite
def populations(draw):
    held = draw(st.lists(st.integers(0, 2_000), min_size=1, max_size=8))
    scores = [draw(st.floats(0, 1)) for _ in held]
    least = sum(min(20, size) for size in held)
    return draw(st.integers(max(least, 1), max(sum(held) + 10, 1))), held, scores


@given(populations())
@repeatable
def test_an_allocation_spends_the_budget_and_keeps_every_bound(plan):
    n, held, scores = plan
    if not sum(held):
        return
    found = half_proportional(n, held, scores)
    assert found.sum() == min(n, sum(held))
    assert (found <= held).all()
    assert (found >= np.minimum(20, held)).all()


def test_the_formula_of_the_sheet_gives_the_sizes():
    n, held, scores = 2_000, np.array([180_000, 15_000, 5_000]), np.array([0.0005, 0.02, 0.5])
    size, spread = held / held.sum(), held * np.sqrt(scores * (1 - scores))
    floors = np.floor(n * (0.5 * size + 0.5 * spread / spread.sum()))
    assert (half_proportional(n, held, scores) - floors).max() <= 1
    assert (half_proportional(n, held, scores) - floors).min() >= 0


def test_the_largest_stratum_pays_for_the_small_ones():
    assert half_proportional(100, [100_000, 10, 300, 300], [0.001, 0.5, 0.001, 0.001]).tolist() == [
        50,
        10,
        20,
        20,
    ]


def test_labels_that_a_full_stratum_cannot_take_go_to_the_others_in_proportion():
    found = half_proportional(1_000, [10_000, 50, 10_000, 30_000], [1e-6, 0.5, 1e-6, 1e-6])
    assert found[1] == 50
    assert found[0] == pytest.approx(found[2], abs=1)
    assert found[3] == pytest.approx(3 * found[0], rel=0.02)


def test_all_by_size_or_all_by_spread_can_be_asked_for():
    held, scores = [9_000, 1_000], [0.01, 0.5]
    assert half_proportional(1_000, held, scores, proportional_share=1).tolist() == [900, 100]
    by_spread = half_proportional(1_000, held, scores, proportional_share=0)
    assert by_spread[0] / by_spread[1] == pytest.approx(9 * math.sqrt(0.01 * 0.99) / 0.5, rel=0.01)


def test_without_any_spread_the_size_decides():
    assert half_proportional(100, [900, 100], [0, 1], smallest=1).tolist() == [90, 10]


@pytest.mark.parametrize(
    ("n", "held", "scores", "how"),
    [
        (39, [100, 100], [0.1, 0.2], {}),
        (0, [100, 100], [0.1, 0.2], {}),
        (50, [100, -1], [0.1, 0.2], {}),
        (50, [100, 100], [0.1, 1.2], {}),
        (50, [100, 100], [0.1, None], {}),
        (50, [100, 100], [0.1], {}),
        (50, [100, 100], [0.1, 0.2], {"proportional_share": 1.5}),
        (50, [100, 100], [0.1, 0.2], {"smallest": 0}),
        (50, [0, 0], [0.1, 0.2], {}),
    ],
)
def test_an_impossible_allocation_is_refused(n, held, scores, how):
    with pytest.raises(StatsError):
        half_proportional(n, held, scores, **how)


# --- expected precision ---


def test_the_expected_precision_is_that_of_many_samples():
    draw = np.random.default_rng(20_260_108)
    held, scores, n = (
        np.array([80_000, 15_000, 5_000]),
        np.array([0.001, 0.02, 0.4]),
        np.array([800, 400, 800]),
    )
    positives = (held * scores).astype(int)
    hits = draw.hypergeometric(positives, held - positives, n, (20_000, 3))
    shares = (hits / n * held / held.sum()).sum(axis=1)
    expected = 1.959963984540054 * shares.std() / shares.mean()
    assert stratified_precision(n, held, scores) == pytest.approx(expected, rel=0.02)


def test_a_full_count_is_exact():
    assert stratified_precision([50, 20], [50, 20], [0.1, 0.4]) == 0
    assert stratified_precision([50, 0], [50, 0], [0.1, 0.4]) == 0


@pytest.mark.parametrize(
    ("n", "held", "scores"),
    [
        ([50, 0], [500, 200], [0.1, 0.4]),
        ([50, 201], [500, 200], [0.1, 0.4]),
        ([50, 20], [500, 200], [0, 0]),
        ([50, 20], [500, 200], [0.1, 1.4]),
        ([50], [500, 200], [0.1, 0.4]),
    ],
)
def test_a_plan_without_a_precision_is_refused(n, held, scores):
    with pytest.raises(StatsError):
        stratified_precision(n, held, scores)
