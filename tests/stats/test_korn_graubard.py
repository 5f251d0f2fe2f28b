"""Intervals of a share under a design: R's numbers, and what happens when nothing was found.

Golden values: R 4.2.2, survey 4.1.1, `svyciprop` (method sheet on prevalence and `stats/golden.json`). R
reads the ends of its likelihood interval off a curve through about twelve points; the ends here are exact,
and agree with R's to 2e-4 of the half-width.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.errors import StatsError
from perito.stats.design import student_quantile
from perito.stats.korn_graubard import beta_interval, degrees_factor, design_share, korn_graubard
from perito.stats.proportion import clopper_pearson

repeatable = settings(derandomize=True, deadline=None)
METHODS = ("korn-graubard", "logit", "arcsine", "likelihood", "wald")


def ends_of(found):
    return found.interval.low, found.interval.high


# --- golden values ---


@pytest.fixture
def apistrat(survey):
    table = survey("apistrat")
    return table, (table.number("pw"), table["stype"], None, table.number("fpc"))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("method", "low", "high", "digit"),
    [
        ("korn-graubard", 0.007997782555, 0.070757478, 5e-13),
        ("logit", 0.01082216755, 0.07317078542, 5e-12),
        ("arcsine", 0.007636706846, 0.06220262811, 5e-12),
        ("wald", 0.001143713417, 0.05595670555, 5e-12),
        ("likelihood", 0.008997375487, 0.06490172716, 2e-5),
    ],
)
def test_rare_stratified_share_has_the_interval_of_r(apistrat, method, low, high, digit):
    table, design = apistrat
    found = design_share(table.number("api00") > 880, *design, method=method)
    assert found.value == pytest.approx(0.02855020948, abs=5e-12)
    assert found.standard_error == pytest.approx(0.013897261, abs=5e-10)
    # The upper Korn-Graubard end is printed with fewer digits than the lower one.
    assert found.interval.low == pytest.approx(low, abs=digit)
    assert found.interval.high == pytest.approx(high, abs=max(digit, 5e-10 if method == METHODS[0] else 0))
    assert found.interval.method == f"{method}, 197 df"


@pytest.mark.shared
@pytest.mark.parametrize(
    ("method", "low", "high"),
    [
        ("korn-graubard", 0.5672187015, 0.706354783),
        ("logit", 0.5687210989, 0.7036757794),
        ("wald", 0.5710848745, 0.7067872536),
    ],
)
def test_common_stratified_share_has_the_interval_of_r(apistrat, method, low, high):
    table, design = apistrat
    found = design_share([award == "Yes" for award in table["awards"]], *design, method=method)
    assert found.interval.low == pytest.approx(low, abs=6e-11)
    assert found.interval.high == pytest.approx(high, abs=6e-10)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("method", "low", "high"),
    [
        ("korn-graubard", 0.02154823168, 0.1832212347),
        ("logit", 0.02906488291, 0.1864940663),
        ("wald", 0.00458890884, 0.1484165556),
    ],
)
def test_rare_share_in_clusters_has_the_interval_of_r(survey, method, low, high):
    table = survey("apiclus1")
    rare = table.number("api00") > 800
    found = design_share(rare, table.number("pw"), None, table["dnum"], table.number("fpc"), method=method)
    assert found.value == pytest.approx(0.07650273224, abs=5e-12)
    assert found.interval.low == pytest.approx(low, abs=5e-11)
    assert found.interval.high == pytest.approx(high, abs=6e-11)


@pytest.mark.parametrize(
    ("k", "method", "low", "high", "rel"),
    [
        (37, "korn-graubard", 0.00522141373048768, 0.0101760301187984, 1e-9),
        (37, "logit", 0.00537089278546003, 0.0101878460149053, 1e-7),
        (37, "arcsine", 0.00521943780804668, 0.00995692580887553, 1e-9),
        (37, "wald", 0.0050309543196185, 0.0097690456803815, 1e-9),
        (37, "likelihood", 0.00527495288075467, 0.0100263097228499, 1e-4),
        (3_260, "korn-graubard", 0.638651615176675, 0.665171764183107, 1e-9),
        (3_260, "logit", 0.638719675768838, 0.665048155070271, 1e-9),
        (3_260, "arcsine", 0.638776700278244, 0.665107166409186, 1e-9),
        (3_260, "wald", 0.638833090228614, 0.665166909771386, 1e-9),
        (3_260, "likelihood", 0.638756807147388, 0.665088465665129, 1e-6),
    ],
)
def test_simple_random_sample_with_fpc_has_the_interval_of_r(k, method, low, high, rel):
    y = np.arange(5_000) < k
    found = design_share(y, np.full(5_000, 812_000 / 5_000), fpc=812_000, method=method)
    assert ends_of(found) == (pytest.approx(low, rel=rel), pytest.approx(high, rel=rel))


# --- what must hold ---


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n + 1))))
@repeatable
def test_without_a_design_it_is_nearly_clopper_pearson(sample):
    # v = p q/(n-1) and not p q/n: one draw less, but where nothing was found n itself.
    k, n = sample
    found = korn_graubard([1] * k + [0] * (n - k), [7.0] * n)
    assert found.effective_size == pytest.approx(n - 1 if k else n, rel=1e-9)
    if k == 0:
        assert ends_of(found) == (0, pytest.approx(clopper_pearson(0, n).high, rel=1e-12))


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0.5, 50)), min_size=4, max_size=60),
    st.floats(0.5, 0.999),
)
@repeatable
def test_the_share_lies_in_its_interval_and_the_interval_in_0_to_1(items, level):
    y, weights = zip(*items, strict=True)
    found = korn_graubard(y, weights, strata=[i % 2 for i in range(len(y))], level=level)
    assert 0 <= found.interval.low <= found.value <= found.interval.high <= 1
    assert found.interval.low == 0 or any(y)
    assert found.interval.high == 1 or not all(y)


@pytest.mark.parametrize("method", ["logit", "arcsine", "likelihood"])
def test_exchanging_the_classes_mirrors_the_interval(method):
    y, weights, clusters = (
        np.array([1, 0, 0, 1, 0, 0, 1, 0]),
        np.array([3.0, 1, 4, 1, 5, 9, 2, 6]),
        list("aabbccdd"),
    )
    one = design_share(y, weights, clusters=clusters, method=method)
    other = design_share(1 - y, weights, clusters=clusters, method=method)
    assert one.interval.low == pytest.approx(1 - other.interval.high, rel=1e-12)
    assert one.interval.high == pytest.approx(1 - other.interval.low, rel=1e-12)


def test_the_likelihood_ends_lose_exactly_what_the_level_allows():
    y, weights = np.array([1, 0, 0, 1, 0, 0, 1, 0]), np.full(8, 2.0)
    found = design_share(y, weights, method="likelihood", level=0.9)
    p, n = found.value, len(y)
    size = p * (1 - p) / found.standard_error**2 * (n - 1) / n
    for end in ends_of(found):
        lost = 2 * size * (p * math.log(p / end) + (1 - p) * math.log((1 - p) / (1 - end)))
        assert lost == pytest.approx(student_quantile(0.9, 7) ** 2, rel=1e-10)


def test_clusters_that_agree_widen_the_interval():
    y = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]
    alone = korn_graubard(y, [5.0] * 12)
    clustered = korn_graubard(y, [5.0] * 12, clusters=[i // 4 for i in range(12)])
    assert clustered.effective_size < alone.effective_size / 4
    assert clustered.interval.high - clustered.interval.low > alone.interval.high - alone.interval.low


def test_when_nothing_was_found_unequal_weights_widen_the_interval():
    equal = korn_graubard([0] * 30, [4.0] * 30)
    unequal = korn_graubard([0] * 30, [1.0] * 15 + [7.0] * 15)
    assert equal.effective_size == pytest.approx(30)
    assert unequal.effective_size == pytest.approx(120**2 / (15 * (1 + 49)))
    assert unequal.interval.high > equal.interval.high


def test_strata_that_each_hold_one_value_do_not_pass_for_perfect_knowledge():
    # Sums of 0.1 carry rounding: a variance of 1e-34 would make the interval a point.
    y, weights, strata = [1, 1, 1, 0, 0, 0], [0.1, 0.1, 0.1, 0.7, 0.7, 0.7], list("aaabbb")
    found = korn_graubard(y, weights, strata)
    assert found.standard_error == 0
    assert found.interval.high - found.interval.low > 0.4
    # The factor is that of 5 and 4 degrees of freedom.
    factor = (student_quantile(0.95, 5) / student_quantile(0.95, 4)) ** 2
    assert found.effective_size == pytest.approx(2.4**2 / 1.5 * factor)


def test_a_full_count_has_no_interval_but_its_value():
    found = korn_graubard([1, 0, 0, 0], [1] * 4, fpc=4)
    assert ends_of(found) == (0.25, 0.25)
    assert math.isinf(found.effective_size)


def test_at_a_level_next_to_0_the_degrees_of_freedom_do_not_matter():
    assert degrees_factor(5e-324, 200, 3) == 1
    assert korn_graubard([0, 1, 1, 0], [1] * 4, level=5e-324).effective_size == pytest.approx(3)


def test_the_beta_interval_at_whole_numbers_is_clopper_pearson():
    for k, n in ((0, 20), (3, 20), (20, 20)):
        exact, found = clopper_pearson(k, n), beta_interval(k / n, n, 0.95, "effective")
        assert (found.low, found.high) == (pytest.approx(exact.low), pytest.approx(exact.high))


# --- hostile input ---


@pytest.mark.parametrize("label", [2, 0.5, -1, None, float("nan")])
def test_a_label_that_is_neither_0_nor_1_is_refused_and_shown(label):
    with pytest.raises(StatsError) as refusal:
        korn_graubard([0, 1, label], [1, 1, 1])
    assert "[2] = " in refusal.value.found


def test_an_unknown_method_is_refused_with_the_known_ones():
    with pytest.raises(StatsError) as refusal:
        design_share([0, 1], [1, 1], method="agresti")
    assert all(method in refusal.value.expected for method in METHODS)


@pytest.mark.parametrize("method", METHODS[1:])
def test_without_a_variance_only_korn_graubard_gives_an_interval(method):
    with pytest.raises(StatsError) as refusal:
        design_share([0, 0, 0], [1, 1, 1], method=method)
    assert "korn_graubard" in refusal.value.remedy


@pytest.mark.parametrize("level", [0, 1, 95, None, "0.95"])
def test_an_impossible_level_is_refused(level):
    with pytest.raises(StatsError):
        korn_graubard([0, 1, 0], [1, 1, 1], level=level)
