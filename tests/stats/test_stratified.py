"""Shares from counts by stratum and in two phases: the same as from the items, and every possible sample."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.errors import StatsError
from perito.stats.korn_graubard import korn_graubard
from perito.stats.stratified import stratified_share, stratified_total, two_phase_share

repeatable = settings(derandomize=True, deadline=None)


@st.composite
def strata(draw, largest=40):
    count = draw(st.integers(1, 4))
    held = draw(st.lists(st.integers(2, largest), min_size=count, max_size=count))
    n = [draw(st.integers(2, size)) for size in held]
    return [draw(st.integers(0, size)) for size in n], n, held


def as_items(k, n, held):
    """The same sample as one row an item: labels, weights, strata, population sizes."""
    rows = [
        (i < hits, size / drawn, stratum, size)
        for stratum, (hits, drawn, size) in enumerate(zip(k, n, held, strict=True))
        for i in range(drawn)
    ]
    return tuple(zip(*rows, strict=True))


# --- golden values ---


@pytest.mark.shared
def test_the_rare_share_and_total_of_the_schools_are_those_of_r(survey):
    table = survey("apistrat")
    stratum, rare = np.array(table["stype"]), table.number("api00") > 880
    names = sorted(set(table["stype"]))
    k = [int(rare[stratum == name].sum()) for name in names]
    n = [int((stratum == name).sum()) for name in names]
    held = [int(table.number("fpc")[stratum == name][0]) for name in names]
    share, total = stratified_share(k, n, held), stratified_total(k, n, held)
    # R's weights were stored in single precision, so its last digits differ.
    assert share.value == pytest.approx(0.02855020948, abs=5e-10)
    assert share.standard_error == pytest.approx(0.013897261, abs=5e-10)
    assert share.interval.low == pytest.approx(0.007997782555, rel=5e-8)
    assert share.interval.high == pytest.approx(0.070757478, rel=5e-8)
    assert (total.value, total.standard_error) == (
        pytest.approx(176.84, abs=5e-6),
        pytest.approx(86.07963, abs=5e-6),
    )


# --- what must hold ---


@given(strata())
@repeatable
def test_counts_give_what_the_items_give(sample):
    k, n, held = sample
    y, weights, stratum, fpc = as_items(*sample)
    items, found = korn_graubard(y, weights, stratum, fpc=fpc), stratified_share(k, n, held)
    assert found.value == pytest.approx(items.value, rel=1e-12)
    assert found.standard_error == pytest.approx(items.standard_error, rel=1e-9, abs=1e-12)
    assert found.degrees_of_freedom == items.degrees_of_freedom
    assert found.effective_size == pytest.approx(items.effective_size, rel=1e-9)
    assert found.interval.low == pytest.approx(items.interval.low, rel=1e-7, abs=1e-12)
    assert found.interval.high == pytest.approx(items.interval.high, rel=1e-7)


@given(strata())
@repeatable
def test_the_total_is_the_share_times_the_population(sample):
    share, total, population = stratified_share(*sample), stratified_total(*sample), sum(sample[2])
    assert total.value == pytest.approx(population * share.value, rel=1e-14)
    assert total.interval.low == population * share.interval.low
    assert total.interval.high == population * share.interval.high
    assert total.standard_error == population * share.standard_error


def test_a_full_count_has_no_interval_but_its_value():
    found = stratified_total([1, 0], [3, 1], [3, 1])
    assert (found.value, found.interval.low, found.interval.high) == (1, 1, 1)
    assert math.isinf(found.effective_size)
    assert stratified_total([1], [1], [1]).interval.high == 1


def test_strata_that_hold_nothing_change_nothing():
    assert stratified_share([1, 4, 0], [60, 30, 0], [850, 100, 0]) == stratified_share(
        [1, 4], [60, 30], [850, 100]
    )


@pytest.mark.parametrize("population", [7, None])
def test_over_all_two_phase_samples_share_and_variance_are_unbiased(population):
    y, flagged = (1, 0, 1, 0, 0, 1, 0), (1, 1, 1, 0, 0, 0, 0)
    size, first_phase = 7, 5
    shares, variances, chances = [], [], []
    if population is None:  # drawn with replacement: as good as from an unlimited population
        first_samples = list(itertools.product(range(4), repeat=3))
        y, flagged, truth = y[:4], flagged[:4], 0.5
    else:
        first_samples = list(itertools.combinations(range(size), first_phase))
        truth = 3 / 7
    for first in first_samples:
        groups = [[i for i in first if flagged[i] == flag] for flag in (1, 0)]
        drawn = [min(2, len(group)) for group in groups]
        seconds = list(
            itertools.product(
                *(itertools.combinations(range(len(g)), m) for g, m in zip(groups, drawn, strict=True))
            )
        )
        for second in seconds:
            k = [sum(y[g[i]] for i in chosen) for g, chosen in zip(groups, second, strict=True)]
            found = two_phase_share(k, drawn, [len(g) for g in groups], population)
            shares.append(found.value)
            variances.append(found.standard_error**2)
            chances.append(1 / len(first_samples) / len(seconds))
    assert np.average(shares, weights=chances) == pytest.approx(truth, rel=1e-12)
    spread = np.average((np.array(shares) - truth) ** 2, weights=chances)
    assert np.average(variances, weights=chances) == pytest.approx(spread, rel=1e-12)


def test_when_all_of_the_first_phase_is_labelled_it_is_a_simple_random_sample():
    found = two_phase_share([40, 10], [50, 950], [50, 950], 20_000)
    share = 50 / 1_000
    assert found.value == share
    assert found.standard_error == pytest.approx(math.sqrt(0.95 * share * (1 - share) / 999), rel=1e-12)


def test_a_first_phase_that_took_everything_and_labelled_it_is_a_full_count():
    found = two_phase_share([4, 1], [5, 95], [5, 95], 100)
    assert (found.interval.low, found.interval.high) == (0.05, 0.05)
    assert two_phase_share([0, 0], [5, 95], [5, 95], 1_000).interval.high > 0.03
    assert two_phase_share([0], [1], [1]).interval.high > 0.9


def test_labels_of_flagged_items_alone_would_be_refused():
    with pytest.raises(StatsError) as refusal:
        two_phase_share([40, 0], [50, 0], [50, 950])
    assert "could not have been sampled" in refusal.value.what


# --- hostile input ---


@pytest.mark.parametrize(
    ("k", "n", "held", "word"),
    [
        ([1, 0], [20, 0], [100, 50], "could not have been sampled"),
        ([1, 0], [20, 1], [100, 50], "only one item"),
        ([21, 0], [20, 9], [100, 50], "more positives"),
        ([1, 0], [20, 51], [100, 50], "more items drawn"),
        ([0, 0], [0, 0], [0, 0], "hold nothing"),
        ([1], [20, 9], [100, 50], "length"),
        ([1, 0], [20, 9], [100], "length"),
        ([1.0, 0], [20, 9], [100, 50], "count"),
        ([-1, 0], [20, 9], [100, 50], "count"),
    ],
)
def test_impossible_strata_are_refused_with_the_reason(k, n, held, word):
    for ask in (stratified_share, stratified_total, two_phase_share):
        with pytest.raises(StatsError) as refusal:
            ask(k, n, held)
        assert word in refusal.value.what


def test_a_population_smaller_than_the_first_phase_is_refused():
    with pytest.raises(StatsError):
        two_phase_share([1, 0], [20, 9], [100, 50], 149)


@pytest.mark.parametrize("level", [0, 1, 95, None])
def test_an_impossible_level_is_refused(level):
    for ask in (stratified_share, stratified_total, two_phase_share):
        with pytest.raises(StatsError):
            ask([1, 0], [20, 9], [100, 50], level=level)
