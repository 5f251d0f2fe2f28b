"""Strata and allocation: a partition of the population, sizes that add up, probabilities that are exact."""

import itertools
from collections import Counter
from fractions import Fraction
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import CaseError
from perito.sampling.allocation import budget_for, expectation, sizes_of
from perito.sampling.strata import LEAST_LABELS, MOST_STRATA, one_stratum, strata_by_score
from perito.stats.planning import half_proportional, labels_for_precision

SHARES = st.floats(0, 1, allow_nan=False).map(lambda share: round(share, 3))
POPULATION = st.lists(st.none() | SHARES, min_size=1, max_size=300).filter(
    lambda scores: any(score is not None for score in scores)
)


def population(scores):
    items = [f"x:{at:04}" for at in range(len(scores))]
    return items, {item: score for item, score in zip(items, scores, strict=True) if score is not None}


@given(POPULATION, st.integers(2 * LEAST_LABELS, 400))
def test_strata_are_a_partition_in_order_of_the_score(scores, budget):
    items, known = population(scores)
    strata = strata_by_score(items, known, budget)
    assert Counter(item for one in strata for item in one.items) == Counter(items)
    scored = [one for one in strata if one.name != "unscored"]
    assert all(low.score_high < high.score_low for low, high in itertools.pairwise(scored))
    for one in scored:
        assert {known[item] for item in one.items} >= {one.score_low, one.score_high}
        assert one.score_low <= one.mean_score <= one.score_high or one.mean_score == pytest.approx(
            one.score_low
        )
    assert [one.name for one in strata if one.name == "unscored"] == ["unscored"] * (len(known) < len(items))
    assert len(strata) <= MOST_STRATA + 1


@given(POPULATION, st.integers(2 * LEAST_LABELS, 400))
def test_sizes_add_up_and_no_stratum_gives_more_than_it_holds_or_nothing(scores, budget):
    items, known = population(scores)
    strata = strata_by_score(items, known, budget)
    sizes = sizes_of(budget, strata)
    assert sum(sizes) == min(budget, len(items))
    for one, size in zip(strata, sizes, strict=True):
        assert min(LEAST_LABELS, one.population) <= size <= one.population
        assert 0 < Fraction(size, one.population) <= 1


@given(POPULATION, st.integers(0, 2**32))
def test_the_cut_depends_on_no_order_of_the_rows(scores, seed):
    import random

    items, known = population(scores)
    shuffled = list(items)
    random.Random(seed).shuffle(shuffled)
    assert strata_by_score(items, known, 200) == strata_by_score(shuffled, known, 200)


def test_the_allocation_is_that_of_the_method_sheet():
    scores = [0.001] * 9_000 + [0.05] * 800 + [0.6] * 200
    items, known = population(scores)
    strata = strata_by_score(items, known, 500)
    expected = half_proportional(500, [one.population for one in strata], [one.mean_score for one in strata])
    assert sizes_of(500, strata) == tuple(expected.tolist())
    assert strata[0].spread == pytest.approx(sqrt(0.001 * 0.999))


def test_items_without_a_score_are_a_stratum_of_their_own_and_come_last():
    items, known = population([0.1] * 50 + [None] * 30 + [0.9] * 50)
    strata = strata_by_score(items, known, 100)
    assert (strata[-1].name, strata[-1].population, strata[-1].score_low) == ("unscored", 30, None)
    assert strata[-1].mean_score == pytest.approx(0.5)


@pytest.mark.parametrize("budget", [1, 39])
def test_a_budget_that_does_not_reach_for_strata_is_refused(budget):
    items, known = population([0.1] * 50 + [None] * 50)
    with pytest.raises(CaseError) as caught:
        strata_by_score(items, known, budget)
    assert "--stratify-by none" in caught.value.remedy


def test_a_stratum_that_could_not_be_sampled_is_refused():
    strata = (*one_stratum(["a"] * 50, 0.1), *one_stratum(["b"] * 50, 0.1))
    with pytest.raises(CaseError) as caught:
        sizes_of(39, strata)
    assert caught.value.expected == "at least 40 labels"


def test_no_scores_at_all_are_refused():
    with pytest.raises(CaseError):
        strata_by_score(["a"], {}, 100)


def test_a_precision_without_strata_takes_the_labels_that_the_formula_says():
    strata = one_stratum([f"x:{at}" for at in range(50_000)], 0.02)
    found = budget_for(0.2, strata, 0.95)
    assert found - 1 < labels_for_precision(0.02, 50_000, 0.2) <= found


def test_a_precision_with_strata_is_expected_to_be_reached_by_the_interval_that_will_be_used():
    items, known = population([0.001] * 18_000 + [0.05] * 1_500 + [0.6] * 500)
    strata = strata_by_score(items, known, len(items))
    budget = budget_for(0.15, strata, 0.95)
    reached = expectation(strata, sizes_of(budget, strata), 0.95)
    fewer = expectation(strata, sizes_of(budget // 2, strata), 0.95)
    assert reached.half_width <= 0.15 < fewer.half_width
    assert reached.share == pytest.approx((18 + 75 + 300) / 20_000)


def test_a_precision_needs_a_guess_of_the_share():
    with pytest.raises(CaseError) as caught:
        budget_for(0.1, one_stratum(["a", "b"]), 0.95)
    assert "--expected" in caught.value.remedy
    with pytest.raises(CaseError):
        budget_for(0.1, one_stratum(["a", "b"], 0.0), 0.95)


def test_nothing_is_expected_where_nothing_says_what():
    assert expectation(one_stratum(["a", "b"]), (1,), 0.95) is None


def test_a_census_is_expected_to_have_no_error():
    strata = one_stratum([f"x:{at}" for at in range(100)], 0.1)
    assert expectation(strata, (100,), 0.95).half_width == 0
