"""Means, totals and ratios under a design: R's numbers, closed forms, every possible sample of small cases.

Golden values: R 4.2.2 with survey 4.1.1 on the California school samples (method sheet on prevalence and
`stats/golden.json`), to the digits printed there.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.errors import StatsError
from perito.stats.design import (
    design_mean,
    design_ratio,
    design_total,
    sampling_design,
    student_quantile,
)

repeatable = settings(derandomize=True, deadline=None)


def sample_variance(values):
    mean = sum(values) / len(values)
    return sum((v - mean) ** 2 for v in values) / (len(values) - 1)


# --- golden values ---


@pytest.fixture
def apistrat(survey):
    table = survey("apistrat")
    design = {"weights": table.number("pw"), "strata": table["stype"], "fpc": table.number("fpc")}
    return table, design


@pytest.mark.shared
def test_stratified_mean_is_that_of_r(apistrat):
    table, design = apistrat
    found = design_mean(table.number("api00"), **design)
    assert found.value == pytest.approx(662.28736, abs=5e-6)
    assert found.standard_error == pytest.approx(9.40894, abs=5e-6)
    assert found.degrees_of_freedom == 197
    assert found.interval.low == pytest.approx(643.7321883, abs=5e-8)
    assert found.interval.high == pytest.approx(680.842538, abs=5e-7)


@pytest.mark.shared
def test_stratified_total_is_that_of_r(apistrat):
    table, design = apistrat
    found = design_total(table.number("enroll"), **design)
    assert found.value == pytest.approx(3_687_177.5, abs=0.05)
    assert found.standard_error == pytest.approx(114_641.72, abs=5e-3)


@pytest.mark.shared
def test_stratified_share_and_its_design_effect_are_those_of_r(apistrat):
    table, design = apistrat
    found = design_mean([award == "Yes" for award in table["awards"]], **design)
    assert found.value == pytest.approx(0.6389360641, abs=5e-11)
    assert found.standard_error == pytest.approx(0.034405918, abs=5e-10)
    assert found.design_effect == pytest.approx(1.05519, abs=5e-6)
    assert found.interval.low == pytest.approx(0.5710848745, abs=5e-11)
    assert found.interval.high == pytest.approx(0.7067872536, abs=5e-11)


@pytest.mark.shared
def test_ratio_is_that_of_r(apistrat):
    table, design = apistrat
    found = design_ratio(table.number("api.stu"), table.number("enroll"), **design)
    assert found.value == pytest.approx(0.8369568869, abs=5e-11)
    assert found.standard_error == pytest.approx(0.007757103167, abs=5e-13)


@pytest.mark.shared
def test_cluster_sample_is_that_of_r(survey):
    table = survey("apiclus1")
    design = {"weights": table.number("pw"), "clusters": table["dnum"], "fpc": table.number("fpc")}
    mean = design_mean(table.number("api00"), **design)
    assert mean.value == pytest.approx(644.16939891, abs=5e-9)
    assert mean.standard_error == pytest.approx(23.54224069, abs=5e-9)
    assert mean.design_effect == pytest.approx(9.34587, abs=5e-6)
    assert mean.degrees_of_freedom == 14
    awards = [award == "Yes" for award in table["awards"]]
    share, total = design_mean(awards, **design), design_total(awards, **design)
    assert (share.value, share.standard_error, share.design_effect) == (
        pytest.approx(0.71038251, abs=5e-9),
        pytest.approx(0.0330183, abs=5e-8),
        pytest.approx(0.99378, abs=5e-6),
    )
    assert (total.value, total.standard_error) == (
        pytest.approx(4400.1095, abs=5e-5),
        pytest.approx(1048.2634, abs=5e-5),
    )


@pytest.mark.shared
def test_two_stage_sample_is_that_of_r(survey):
    table = survey("apiclus2")
    design = {
        "weights": table.number("pw"),
        "clusters": list(zip(table["dnum"], table["snum"], strict=True)),
        "fpc": np.column_stack((table.number("fpc1"), table.number("fpc2"))),
    }
    mean = design_mean(table.number("api00"), **design)
    assert mean.value == pytest.approx(670.81181, abs=5e-6)
    assert mean.standard_error == pytest.approx(30.09903, abs=5e-6)
    # Schools without a number of pupils lie outside the domain, so they stay in the design with 0.
    enrolled = [0.0 if cell == "NA" else float(cell) for cell in table["enroll"]]
    total = design_total(enrolled, **design)
    assert total.value == pytest.approx(2_639_272.9, abs=0.05)
    assert total.standard_error == pytest.approx(799_637.77, abs=5e-3)


def test_students_quantile_is_the_tabulated_one():
    assert student_quantile(0.95, 1) == pytest.approx(12.7062047362, rel=1e-11)
    assert student_quantile(0.9, 10) == pytest.approx(1.8124611228, rel=1e-10)


# --- every possible sample ---


def test_over_all_stratified_samples_total_and_variance_are_unbiased():
    strata = {"low": [0.0, 1.0, 0.0, 4.0], "high": [7.0, 2.0, 3.0]}
    sizes = {"low": 2, "high": 2}
    totals, variances = [], []
    for low, high in itertools.product(*(itertools.combinations(strata[s], sizes[s]) for s in strata)):
        y = [*low, *high]
        found = design_total(
            y, [2.0, 2.0, 1.5, 1.5], ["low", "low", "high", "high"], fpc=[4, 4, 3, 3], level=0.9
        )
        totals.append(found.value)
        variances.append(found.standard_error**2)
    assert np.mean(totals) == pytest.approx(17.0, rel=1e-12)
    assert np.mean(variances) == pytest.approx(np.var(totals), rel=1e-12)


def test_over_all_cluster_samples_total_and_variance_are_unbiased():
    clusters = [[1.0, 2.0], [0.0], [5.0, 1.0, 1.0], [3.0]]
    totals, variances = [], []
    for chosen in itertools.combinations(range(4), 2):
        y = [value for c in chosen for value in clusters[c]]
        cluster = [c for c in chosen for _ in clusters[c]]
        found = design_total(y, [2.0] * len(y), clusters=cluster, fpc=4)
        totals.append(found.value)
        variances.append(found.standard_error**2)
    assert np.mean(totals) == pytest.approx(13.0, rel=1e-12)
    assert np.mean(variances) == pytest.approx(np.var(totals), rel=1e-12)


def test_over_all_two_stage_samples_total_and_variance_are_unbiased():
    clusters = [[1.0, 2.0, 6.0], [0.0, 3.0, 1.0], [5.0, 1.0, 1.0]]
    totals, variances = [], []
    for chosen in itertools.combinations(range(3), 2):
        for parts in itertools.product(*(list(itertools.combinations(range(3), 2)) for _ in chosen)):
            units = [(c, i) for c, part in zip(chosen, parts, strict=True) for i in part]
            y = [clusters[c][i] for c, i in units]
            found = design_total(y, [1.5 * 1.5] * 4, clusters=units, fpc=[[3, 3]] * 4)
            totals.append(found.value)
            variances.append(found.standard_error**2)
    assert np.mean(totals) == pytest.approx(20.0, rel=1e-12)
    assert np.mean(variances) == pytest.approx(np.var(totals), rel=1e-12)


# --- what must hold ---


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30), st.integers(0, 1_000))
@repeatable
def test_without_strata_the_mean_has_the_textbook_error(y, others):
    n, population = len(y), len(y) + others
    found = design_mean(y, np.full(n, population / n), fpc=population)
    assert found.value == pytest.approx(sum(y) / n, rel=1e-9, abs=1e-9)
    expected = math.sqrt((1 - n / population) * sample_variance(y) / n)
    assert found.standard_error == pytest.approx(expected, rel=1e-9, abs=1e-9)
    if found.design_effect is not None and expected > 1e-6:
        assert found.design_effect == pytest.approx(1, rel=1e-6)


def test_the_sampled_share_and_the_population_size_say_the_same():
    y, weights, strata = [1, 3, 5, 7], [10, 10, 5, 5], list("aabb")
    by_size = design_total(y, weights, strata, fpc=[20, 20, 10, 10])
    by_share = design_total(y, weights, strata, fpc=[0.1, 0.1, 0.2, 0.2])
    assert by_size == by_share


def test_of_clusters_drawn_from_an_unknown_number_the_later_stages_add_nothing():
    y, weights = [1.0, 4.0, 2.0, 8.0], [3.0] * 4
    clusters = [["a", 1], ["a", 2], ["b", 1], ["b", 2]]
    two_stages, one_stage = (
        design_total(y, weights, clusters=c) for c in (clusters, [name for name, _ in clusters])
    )
    assert two_stages == one_stage


def test_a_full_count_has_no_error_and_its_interval_is_the_value():
    for found in (design_total([1, 2, 4], [1, 1, 1], fpc=3), design_mean([1, 2, 4], [1, 1, 1], fpc=3)):
        assert found.standard_error == 0
        assert (found.interval.low, found.interval.high) == (found.value, found.value)
        assert found.design_effect is None
    assert sampling_design([1.0, 1.0], ["a", "b"], fpc=1).is_full_count
    assert design_total([2, 3], [1, 1], ["a", "b"], fpc=1).value == 5


def test_values_that_are_all_equal_have_no_design_effect():
    assert design_mean([2, 2, 2], [5, 5, 5]).design_effect is None


def test_the_order_of_the_items_changes_nothing():
    y, weights, strata, clusters = [1.0, 4, 2, 8, 3, 3], [3.0, 3, 2, 2, 5, 5], list("aabbcc"), list("uvwxyz")
    order = [5, 0, 3, 1, 4, 2]
    shuffled = [[column[i] for i in order] for column in (y, weights, strata, clusters)]
    one, other = design_total(y, weights, strata, clusters), design_total(*shuffled)
    assert other.value == one.value
    assert other.standard_error == pytest.approx(one.standard_error, rel=1e-14)


def test_an_estimate_compares_by_its_numbers():
    assert design_total([1, 2], [3, 3]) == design_total([1, 2], [3, 3])
    assert design_total([1, 2], [3, 3]) != design_total([1, 3], [3, 3])


# --- hostile input ---


def refused(ask, *words):
    with pytest.raises(StatsError) as refusal:
        ask()
    for word in words:
        assert word in str(refusal.value)
    return refusal.value


def test_weights_that_no_item_can_have_are_refused_and_shown():
    for weight in (0, -1, 1e-320, float("nan")):
        refused(lambda w=weight: design_total([1, 2], [1, w]), "[1] = ")


def test_a_missing_value_is_refused_not_dropped():
    refused(lambda: design_mean([1, None, 2], [1, 1, 1]), "'y'", "1 of 3")


@pytest.mark.parametrize(
    "columns",
    [
        {"y": [1]},
        {"strata": ["a"]},
        {"clusters": ["a", "b", "c"]},
        {"fpc": [5, 5, 5]},
        {"fpc": [[5, 5], [5, 5]]},
        {"clusters": [[1], [2, 3]]},
        {"clusters": [["a", 1], ["b", 2]], "fpc": 5},
    ],
)
def test_columns_that_describe_other_items_are_refused(columns):
    base = {"y": [1, 2], "weights": [2, 2]} | columns
    refused(lambda: design_total(**base))
    ratio = {name: column for name, column in base.items() if name != "y"}
    refused(lambda: design_ratio(base["y"], [1, 1], **ratio))


def test_a_denominator_for_other_items_or_of_zero_is_refused():
    refused(lambda: design_ratio([1, 2], [1], [2, 2]), "'x'")
    refused(lambda: design_ratio([1, 2], [0, 0], [2, 2]), "denominator")
    refused(lambda: design_ratio([1, 2], [1e-320, 0], [2, 2]), "denominator")


def test_a_stratum_with_one_unit_is_named():
    refused(lambda: design_total([1, 2, 3], [2, 2, 2], ["big", "big", "tiny"]), "tiny")
    refused(lambda: design_total([1, 2], [2, 2], clusters=["thread", "thread"]), "only one unit")
    second_stage = [["a", 1], ["a", 2], ["b", 1]]
    refused(lambda: design_total([1, 2, 3], [2] * 3, clusters=second_stage, fpc=[[4, 9]] * 3), "b")


def test_a_cluster_in_two_strata_is_named():
    refused(
        lambda: design_total([1, 2, 3, 4], [2] * 4, list("aabb"), ["t1", "t2", "t2", "t3"]), "t2", "1 of 3"
    )


def test_a_population_smaller_than_the_sample_is_refused():
    refused(lambda: design_total([1, 2, 3], [1, 1, 1], fpc=2), "more units in the sample")


@pytest.mark.parametrize("fpc", [0, -5, [5, 0], [5, float("nan")], [5, None]])
def test_an_impossible_population_is_refused(fpc):
    refused(lambda: design_total([1, 2], [2, 2], fpc=fpc))


def test_a_population_size_that_differs_within_a_stratum_is_refused():
    refused(lambda: design_total([1, 2], [2, 2], fpc=[5, 6]), "[1] = 6.0")


def test_a_design_without_degrees_of_freedom_is_refused_and_told_what_to_do():
    # One cluster, taken because it is the only one, and items drawn within it: the items are the first stage.
    found = refused(
        lambda: design_total([1, 2], [2, 2], clusters=[["only", 1], ["only", 2]], fpc=[[1, 4], [1, 4]]),
        "degrees of freedom",
    )
    assert "strata" in found.remedy


@pytest.mark.parametrize("level", [0, 1, 95, None])
def test_an_impossible_level_is_refused(level):
    refused(lambda: design_total([1, 2], [2, 2], level=level), "level")
