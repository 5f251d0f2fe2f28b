"""Replicate weights: the linearised variance where there is one, and an error where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from perito.errors import StatsError
from perito.stats import replicates as replicates_module
from perito.stats.design import design_mean, design_ratio, design_total
from perito.stats.raking import rake
from perito.stats.replicates import bootstrap_weights, jackknife_weights, replicate_estimate

Y = np.array([1.0, 4, 2, 8, 3, 3, 7])
WEIGHTS = np.array([3.0, 3, 2, 2, 5, 5, 5])
STRATA, CLUSTERS = list("aaaabbb"), list("uuvwxyz")
FPC = [6, 6, 6, 6, 9, 9, 9]


@pytest.mark.parametrize("fpc", [None, FPC])
def test_the_jackknife_of_a_total_is_exactly_the_linearised_variance(fpc):
    sets = jackknife_weights(WEIGHTS, STRATA, CLUSTERS, fpc)
    found = replicate_estimate(lambda w: float(w @ Y), sets)
    linear = design_total(Y, WEIGHTS, STRATA, CLUSTERS, fpc)
    assert found.value == pytest.approx(linear.value)
    assert found.standard_error == pytest.approx(linear.standard_error, rel=1e-12)
    assert found.interval.low == pytest.approx(linear.interval.low, rel=1e-12)
    assert found.degrees_of_freedom == linear.degrees_of_freedom == 4


@pytest.mark.shared
def test_the_jackknife_of_the_school_samples_is_close_to_the_error_of_r(survey):
    table = survey("apiclus1")
    y, weights = table.number("api00"), table.number("pw")
    sets = jackknife_weights(weights, None, table["dnum"], table.number("fpc"))
    found = replicate_estimate(lambda w: float(w @ y / w.sum()), sets)
    assert found.value == pytest.approx(644.16939891, abs=5e-9)
    assert found.standard_error == pytest.approx(23.54224069, rel=0.15)
    table = survey("apistrat")
    y, weights = table.number("enroll"), table.number("pw")
    found = replicate_estimate(
        lambda w: float(w @ y), jackknife_weights(weights, table["stype"], None, table.number("fpc"))
    )
    assert found.standard_error == pytest.approx(114_641.72, abs=5e-3)


def test_each_set_leaves_one_cluster_out_and_keeps_the_weight_of_its_stratum():
    sets = jackknife_weights(WEIGHTS, STRATA, CLUSTERS)
    assert len(sets.replicates) == 6
    for left_out, weights in zip("uvwxyz", sets.replicates, strict=True):
        outside = np.array(CLUSTERS) != left_out
        assert ((weights > 0) == outside).all()
        other_stratum = np.array(STRATA) != STRATA[CLUSTERS.index(left_out)]
        assert (weights[other_stratum] == WEIGHTS[other_stratum]).all()


def test_a_stratum_that_was_taken_whole_adds_nothing():
    sets = jackknife_weights([1, 5, 5], ["whole", "part", "part"], fpc=[1, 10, 10])
    found = replicate_estimate(lambda w: float(w @ np.array([100.0, 3, 4])), sets)
    assert found.standard_error == pytest.approx(
        design_total([100, 3, 4], [1, 5, 5], ["whole", "part", "part"], fpc=[1, 10, 10]).standard_error
    )


def test_the_bootstrap_of_a_ratio_is_close_to_the_linearised_error():
    draw = np.random.default_rng(3)
    x, weights, clusters = draw.uniform(5, 15, 600), draw.uniform(1, 3, 600), np.repeat(np.arange(120), 5)
    y = x * draw.uniform(0, 1, 600)
    sets = bootstrap_weights(weights, clusters % 4, clusters, replicates=800, seed=4)
    found = replicate_estimate(lambda w: float(w @ y / (w @ x)), sets)
    linear = design_ratio(y, x, weights, clusters % 4, clusters)
    assert found.value == pytest.approx(linear.value)
    assert found.standard_error == pytest.approx(linear.standard_error, rel=0.12)
    assert found.interval.method == "bootstrap, 800 sets, t with 116 df"


def test_the_bootstrap_keeps_the_weights_of_every_stratum_on_average():
    sets = bootstrap_weights(WEIGHTS, STRATA, replicates=4_000)
    assert sets.replicates.mean(axis=0) == pytest.approx(WEIGHTS, rel=0.1)
    # Without clusters and with equal weights in a stratum its sum stays in every set.
    equal = bootstrap_weights(np.ones(7), STRATA, replicates=100).replicates
    assert equal[:, :4].sum(axis=1) == pytest.approx(np.full(100, 4))


def test_the_same_seed_gives_the_same_sets():
    one, again, other = (bootstrap_weights(WEIGHTS, STRATA, seed=seed).replicates for seed in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()


def test_raking_every_set_carries_the_gain_of_the_known_totals():
    draw = np.random.default_rng(8)
    group = draw.integers(0, 2, 400)
    y = group * 10 + draw.normal(size=400)
    known = {"group": {0: 500, 1: 500}}

    def raked_mean(weights):
        new = rake(weights, {"group": group}, known).weights
        return float(new @ y / new.sum())

    sets = jackknife_weights(np.full(400, 2.5))
    plain = design_mean(y, np.full(400, 2.5))
    found = replicate_estimate(raked_mean, sets)
    assert found.standard_error < plain.standard_error / 3
    assert found.interval.contains(5)


def test_a_full_count_has_no_error():
    sets = jackknife_weights([1, 1], ["a", "b"], fpc=1)
    found = replicate_estimate(lambda w: float(w.sum()), sets)
    assert (found.standard_error, found.interval.low, found.interval.high) == (0, 2, 2)


# --- hostile input ---


def test_a_statistic_without_a_value_in_some_sets_is_refused_and_counted():
    sets = jackknife_weights([1.0, 1, 1])
    with pytest.raises(StatsError) as refusal:
        replicate_estimate(lambda w: float("nan") if w[0] == 0 else 1.0, sets)
    assert refusal.value.found.startswith("1 of 4: [0] = nan")


def test_several_stages_of_drawing_are_refused():
    for make in (jackknife_weights, bootstrap_weights):
        with pytest.raises(StatsError) as refusal:
            make([1.0] * 4, clusters=[["a", 1], ["a", 2], ["b", 1], ["b", 2]])
        assert "first stage" in refusal.value.what


def test_more_sets_than_can_be_held_are_refused(monkeypatch):
    monkeypatch.setattr(replicates_module, "_LARGEST_TABLE", 99)
    with pytest.raises(StatsError) as refusal:
        jackknife_weights(np.ones(10))
    assert "random groups" in refusal.value.remedy


@pytest.mark.parametrize("how", [{"replicates": 99}, {"replicates": 200.0}, {"seed": -1}, {"seed": None}])
def test_impossible_replicates_and_seeds_are_refused(how):
    with pytest.raises(StatsError):
        bootstrap_weights([1.0, 1, 1], **how)


def test_a_design_that_cannot_be_is_refused():
    for make in (jackknife_weights, bootstrap_weights):
        with pytest.raises(StatsError):
            make([1.0, -1, 1])
        with pytest.raises(StatsError):
            make([1.0, 1, 1], ["a", "a", "b"])


@pytest.mark.parametrize("level", [0, 1, None])
def test_an_impossible_level_is_refused(level):
    with pytest.raises(StatsError):
        replicate_estimate(lambda w: float(w.sum()), jackknife_weights([1.0, 1, 1]), level)
