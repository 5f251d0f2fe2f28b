"""Labels sharpened by predictions: published values, closed forms, planted truth.

Golden values: the method sheet on prevalence and `stats/golden.json` (ppi-python 0.2.3; by hand).
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.errors import StatsError
from perito.stats.prediction import difference, prediction_powered, regression

F = [0.1, 0.2, 0.9, 0.8, 0.3, 0.05, 0.6, 0.4, 0.15, 0.5]
LABELLED = [0, 2, 4, 6, 9]
Y = [0, 1, 0, 1, 1]
PREDICTED = [F[i] for i in LABELLED]
UNLABELLED = [f for i, f in enumerate(F) if i not in LABELLED]
Z = 1.959963984540054

repeatable = settings(derandomize=True, deadline=None)
pairs = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=3, max_size=40)


# --- golden values ---


@pytest.mark.parametrize(
    ("tuning", "value", "low", "high"),
    [
        (0, 0.6, 0.17059341, 1.02940659),
        (1, 0.44, 0.08917192, 0.79082808),
        (None, 0.49727389, 0.15149206, 0.84305571),
    ],
)
def test_prediction_powered_means_are_those_of_ppi_python(tuning, value, low, high):
    found = prediction_powered(Y, PREDICTED, UNLABELLED, tuning)
    assert found.value == pytest.approx(value, abs=5e-9)
    assert found.interval.low == pytest.approx(low, abs=5e-9)
    assert found.interval.high == pytest.approx(high, abs=5e-9)


def test_the_difference_estimate_over_the_whole_population_is_the_one_by_hand():
    assert difference(Y, PREDICTED, np.mean(F), 10).value == pytest.approx(0.52, rel=1e-12)


def test_the_regression_estimate_is_the_one_by_hand():
    assert regression(Y, PREDICTED, np.mean(F), 10).value == pytest.approx(0.4782608696, rel=1e-10)


# --- what must hold ---


def test_over_all_samples_the_difference_and_its_variance_are_unbiased():
    y, f = np.array([0, 1, 0, 1, 1, 0.0]), np.array([0.2, 0.9, 0.4, 0.3, 0.8, 0.1])
    values, variances = [], []
    for chosen in map(list, itertools.combinations(range(6), 3)):
        found = difference(y[chosen], f[chosen], f.mean(), 6)
        values.append(found.value)
        variances.append(found.standard_error**2)
    assert np.mean(values) == pytest.approx(y.mean(), rel=1e-12)
    assert np.mean(variances) == pytest.approx(np.var(values), rel=1e-12)


@given(pairs, st.floats(0, 1))
@repeatable
def test_predictions_without_weight_leave_the_mean_of_the_labels(sample, other):
    y, predicted = zip(*sample, strict=True)
    found = prediction_powered(y, predicted, [other, other / 2], 0)
    assert found.value == pytest.approx(np.mean(y), abs=1e-12)
    reach = Z * np.std(y) / math.sqrt(len(y))
    assert found.interval.high - found.value == pytest.approx(reach, abs=1e-9)


@given(pairs, st.floats(-2, 2))
@repeatable
def test_a_constant_added_to_all_predictions_changes_nothing(sample, constant):
    y, predicted = (np.array(column, dtype=float) for column in zip(*sample, strict=True))
    others = predicted[::-1] / 2
    one = prediction_powered(y, predicted, others, 1)
    other = prediction_powered(y, predicted + constant, others + constant, 1)
    assert other.value == pytest.approx(one.value, abs=1e-9)
    assert other.interval.high == pytest.approx(one.interval.high, abs=1e-9)


def test_predictions_that_are_right_leave_no_error():
    y = np.array([0, 1, 1, 0, 1.0])
    assert difference(y, y, 0.55, 1_000).standard_error == 0
    assert regression(y, 2 * y + 3, 2 * 0.55 + 3, 1_000).value == pytest.approx(0.55)
    assert regression(y, 2 * y + 3, 2 * 0.55 + 3, 1_000).standard_error == pytest.approx(0, abs=1e-12)


def test_predictions_that_are_all_equal_say_nothing():
    tuned = prediction_powered(Y, [0.3] * 5, [0.3] * 4)
    assert tuned == prediction_powered(Y, [0.3] * 5, [0.3] * 4, 0)


def test_a_full_count_has_no_error():
    for estimate in (difference, regression):
        found = estimate(Y, PREDICTED, np.mean(PREDICTED), 5)
        assert found.value == pytest.approx(0.6)
        assert (found.standard_error, found.interval.low) == (0, found.value)


@pytest.mark.parametrize("estimate", ["tuned", "difference", "regression"])
def test_however_wrong_the_classifier_the_planted_share_is_covered(estimate):
    # The classifier flags 10 % of the negatives and misses half of the positives: its count would say .143.
    draw, share, population, n = np.random.default_rng(20_260_108), 0.1, 5_000, 500
    covered = 0
    for _ in range(400):
        y = draw.random(population) < share
        f = np.where(y, draw.random(population) < 0.5, draw.random(population) < 0.1).astype(float)
        if estimate == "tuned":
            found, truth = prediction_powered(y[:n], f[:n], f[n:]), share
        else:
            function = difference if estimate == "difference" else regression
            found, truth = function(y[:n], f[:n], f.mean(), population), y.mean()
        covered += found.interval.contains(truth)
    assert 0.92 <= covered / 400 <= 0.98


# --- hostile input ---


@pytest.mark.parametrize(
    ("y", "predicted"),
    [([1], [0.5]), ([1, 0], [0.5]), ([], []), ([1, None], [0.5, 0.5]), ([1, 0], [0.5, "x"])],
)
def test_columns_that_hold_no_labels_are_refused(y, predicted):
    for ask in (
        lambda: prediction_powered(y, predicted, [0.1]),
        lambda: difference(y, predicted, 0.1, 100),
        lambda: regression(y, predicted, 0.1, 100),
    ):
        with pytest.raises(StatsError):
            ask()


@pytest.mark.parametrize("tuning", [float("nan"), float("inf"), "1"])
def test_an_impossible_weight_of_the_predictions_is_refused(tuning):
    with pytest.raises(StatsError):
        prediction_powered(Y, PREDICTED, UNLABELLED, tuning)


@pytest.mark.parametrize("others", [[], [None], [float("nan"), 0.1], 0.5])
def test_missing_predictions_are_refused(others):
    with pytest.raises(StatsError):
        prediction_powered(Y, PREDICTED, others)


@pytest.mark.parametrize(("mean", "population"), [(None, 10), (0.4, 4), (0.4, 10.0), (float("nan"), 10)])
def test_an_impossible_population_is_refused(mean, population):
    for estimate in (difference, regression):
        with pytest.raises(StatsError):
            estimate(Y, PREDICTED, mean, population)


def test_a_slope_needs_predictions_that_differ_and_three_labels():
    with pytest.raises(StatsError) as refusal:
        regression(Y, [0.1] * 5, 0.1, 10)
    assert "difference" in refusal.value.remedy
    with pytest.raises(StatsError):
        regression(Y[:2], PREDICTED[:2], 0.1, 10)


@pytest.mark.parametrize("level", [0, 1, 95, None])
def test_an_impossible_level_is_refused(level):
    for ask in (
        lambda: prediction_powered(Y, PREDICTED, UNLABELLED, level=level),
        lambda: difference(Y, PREDICTED, 0.4, 10, level),
        lambda: regression(Y, PREDICTED, 0.4, 10, level),
    ):
        with pytest.raises(StatsError):
            ask()
