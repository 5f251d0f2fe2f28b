"""Raked weights: the known totals come out, the structure of the sample stays, contradictions are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.errors import StatsError
from perito.stats.raking import rake

LANG, DAY = ["es", "es", "en", "en", "en"], ["mon", "tue", "mon", "tue", "tue"]
KNOWN = {"lang": {"es": 60, "en": 40}, "day": {"mon": 55, "tue": 45}}
SAMPLE = {"lang": LANG, "day": DAY}

repeatable = settings(derandomize=True, deadline=None)


def sums(labels, weights):
    return {name: weights[np.array(labels) == name].sum() for name in set(labels)}


def test_every_known_total_comes_out():
    found = rake([1, 2, 1, 3, 2], SAMPLE, KNOWN)
    assert sums(LANG, found.weights) == pytest.approx(KNOWN["lang"])
    assert sums(DAY, found.weights) == pytest.approx(KNOWN["day"])
    assert found.largest_deviation <= 1e-10
    assert found.smallest_factor == (found.weights / [1, 2, 1, 3, 2]).min()
    assert found.largest_factor == (found.weights / [1, 2, 1, 3, 2]).max()


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.floats(0.5, 5)), min_size=8, max_size=40))
@repeatable
def test_raking_keeps_the_odds_ratios_of_the_sample(rows):
    a, b, w = (np.array(column) for column in zip(*rows, strict=True))
    table = np.zeros((3, 2))
    np.add.at(table, (a, b), w)
    if (table == 0).any():
        return
    known = {"a": {0: 50, 1: 30, 2: 20}, "b": {0: 70, 1: 30}}
    raked = np.zeros((3, 2))
    np.add.at(raked, (a, b), rake(w, {"a": a, "b": b}, known).weights)
    for i in (1, 2):
        before = table[0, 0] * table[i, 1] / (table[0, 1] * table[i, 0])
        after = raked[0, 0] * raked[i, 1] / (raked[0, 1] * raked[i, 0])
        assert after == pytest.approx(before, rel=1e-6)


def test_with_one_variable_it_is_post_stratification_in_one_round():
    found = rake([1, 1, 1, 1, 1], {"lang": LANG}, {"lang": {"es": 60, "en": 45}})
    assert found.weights.tolist() == [30, 30, 15, 15, 15]
    assert found.iterations == 1


def test_weights_that_fit_already_stay():
    weights = np.array([30.0, 30, 15, 15, 10])
    known = {"lang": {"es": 60, "en": 40}, "day": {"mon": 45, "tue": 55}}
    assert rake(weights, SAMPLE, known).weights == pytest.approx(weights, rel=1e-12)


def test_items_without_weight_stay_without():
    found = rake([1, 2, 1, 3, 0], SAMPLE, KNOWN)
    assert found.weights[4] == 0
    assert found.smallest_factor > 0


def test_totals_that_differ_by_rounding_are_scaled_to_the_first_variable():
    known = {"lang": {"es": 60.00001, "en": 40}, "day": {"mon": 55, "tue": 45}}
    assert rake([1, 2, 1, 3, 2], SAMPLE, known).weights.sum() == pytest.approx(100.00001, rel=1e-9)


def refused(*arguments, **how):
    with pytest.raises(StatsError) as refusal:
        rake(*arguments, **how)
    return refusal.value


def test_a_category_without_a_total_and_a_total_without_items_are_named():
    found = refused([1] * 5, {"lang": LANG}, {"lang": {"es": 60}})
    assert "'en'" in found.what
    found = refused([1] * 5, {"lang": LANG}, {"lang": {"es": 60, "en": 40, "pt": 3}})
    assert "'pt'" in found.what
    assert "join" in found.remedy


def test_a_variable_that_is_missing_on_one_side_is_named_with_the_nearest():
    found = refused([1] * 5, {"lang": LANG}, {"lnag": {"es": 60, "en": 40}})
    assert "'lang'" in found.what
    assert "lnag" in found.remedy
    known = {"lang": {"es": 1, "en": 1}, "day": {"mon": 1, "tue": 1}}
    assert "no categories" in refused([1] * 5, {"lang": LANG}, known).what


def test_variables_that_describe_different_populations_are_refused():
    found = refused([1] * 5, SAMPLE, {"lang": {"es": 60, "en": 40}, "day": {"mon": 60, "tue": 60}})
    assert "lang: 100" in found.found
    assert "day: 120" in found.found


def test_totals_that_the_sample_cannot_reach_are_refused():
    # es was read on Monday only and en on Tuesday only: the two variables are one.
    columns = {"lang": ["es", "es", "en"], "day": ["mon", "mon", "tue"]}
    found = refused([1, 1, 1], columns, KNOWN, most_iterations=50)
    assert "combinations" in found.remedy


def test_a_category_whose_items_all_weigh_nothing_is_named():
    assert "'es'" in refused([0, 0, 1, 1, 1], {"lang": LANG}, {"lang": {"es": 60, "en": 40}}).found


@pytest.mark.parametrize("total", [0, -1, None, float("nan"), float("inf"), "60"])
def test_an_impossible_total_is_refused(total):
    refused([1] * 5, {"lang": LANG}, {"lang": {"es": total, "en": 40}})


@pytest.mark.parametrize("weights", [[1] * 4, [1, 1, 1, 1, -1], [1, 1, 1, 1, 1e-320], [1, 1, 1, 1, None], []])
def test_impossible_weights_are_refused(weights):
    refused(weights, {"lang": LANG}, {"lang": {"es": 60, "en": 40}})


def test_no_totals_and_no_rounds_are_refused():
    for nothing in ({}, None, [1, 2], "lang"):
        refused([1] * 5, nothing, KNOWN)
        refused([1] * 5, SAMPLE, nothing)
        refused([1] * 5, {"lang": LANG}, {"lang": nothing})
    for tolerance in (0, -1, None, "small"):
        refused([1] * 5, SAMPLE, KNOWN, tolerance=tolerance)
    refused([1] * 5, SAMPLE, KNOWN, most_iterations=0)
