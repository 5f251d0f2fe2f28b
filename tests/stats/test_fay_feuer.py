"""The gamma interval of a stratified share: published values, two independent computations, many at once.

Golden values: the method sheet on prevalence and `stats/golden.json` (R epitools and the chi-square form;
mid-p by root and by four million draws), to 1e-9 relative. Coverage and width are in `test_coverage.py`.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from perito.errors import StatsError
from perito.stats.fay_feuer import fay_feuer, fay_feuer_many

GOLDEN = {"rel": 1e-9, "abs": 0}
SIZES, SHARES = (600, 300, 100), (0.85, 0.1, 0.05)

repeatable = settings(derandomize=True, deadline=None)


@st.composite
def samples(draw, most_strata=6):
    strata = draw(st.integers(1, most_strata))
    n = draw(st.lists(st.integers(1, 500), min_size=strata, max_size=strata))
    k = [draw(st.integers(0, size)) for size in n]
    parts = draw(st.lists(st.integers(1, 1_000), min_size=strata, max_size=strata))
    return k, n, [part / sum(parts) for part in parts]


def ends_of(found):
    return found.interval.low, found.interval.high


# --- golden values ---


@pytest.mark.parametrize(
    ("k", "n", "mid_p", "value", "low", "high"),
    [
        ((1, 4, 9), SIZES, False, 0.00725, 0.0036431209899538, 0.0144322948067792),
        ((1, 4, 9), SIZES, True, 0.00725, 0.00389923336669, 0.01358352746674),
        ((0, 0, 0), SIZES, False, 0, 0, 0.00522591255999),
        ((0, 0, 0), SIZES, True, 0, 0, 0.00424395405420),
        ((1, 4, 12), (400, 250, 150), False, 0.007725, 0.003567982366890071, 0.01733784879520432),
        ((1, 4, 12), (400, 250, 150), True, 0.007725, 0.003869027712671776, 0.01606036449131953),
    ],
)
def test_the_published_share_and_ends_come_out(k, n, mid_p, value, low, high):
    found = fay_feuer(k, n, SHARES, mid_p=mid_p)
    assert found.value == pytest.approx(value, **GOLDEN)
    assert ends_of(found) == (pytest.approx(low, **GOLDEN), pytest.approx(high, **GOLDEN))
    assert found.interval.level == 0.95
    assert found.interval.method == ("fay-feuer mid-p" if mid_p else "fay-feuer")


def test_mid_p_is_the_default():
    assert fay_feuer((1, 4, 9), SIZES, SHARES) == fay_feuer((1, 4, 9), SIZES, SHARES, 0.95, True)


# --- other computations ---


@given(samples(), st.floats(0.5, 0.999))
@repeatable
def test_the_ends_are_those_of_the_chi_square_form(sample, level):
    k, n, shares = sample
    w = np.array(shares) / n
    value, variance, largest = (w * k).sum(), (w**2 * k).sum(), w.max()
    half = (1 - level) / 2
    low = variance / (2 * value) * stats.chi2.ppf(half, 2 * value**2 / variance) if value else 0
    shifted, widened = value + largest, variance + largest**2
    high = widened / (2 * shifted) * stats.chi2.isf(half, 2 * shifted**2 / widened)
    found = fay_feuer(k, n, shares, level, mid_p=False)
    assert found.value == pytest.approx(min(value, 1), rel=1e-12)
    assert ends_of(found) == (pytest.approx(low, rel=1e-8), pytest.approx(min(1, high), rel=1e-8))


@given(samples(), st.floats(0.5, 0.999))
@repeatable
def test_the_mid_p_ends_leave_the_tails_of_the_mixture(sample, level):
    k, n, shares = sample
    w = np.array(shares) / n
    value, variance, largest = (w * k).sum(), (w**2 * k).sum(), w.max()
    shifted, widened = value + largest, variance + largest**2
    upper_law = stats.gamma(shifted**2 / widened, scale=widened / shifted)
    found = fay_feuer(k, n, shares, level)
    half = (1 - level) / 2
    if value == 0:
        assert (
            upper_law.sf(found.interval.high) / 2 == pytest.approx(half, rel=1e-9) or found.interval.high == 1
        )
        return
    lower_law = stats.gamma(value**2 / variance, scale=variance / value)
    for tail, end in (("cdf", found.interval.low), ("sf", found.interval.high)):
        left = (getattr(lower_law, tail)(end) + getattr(upper_law, tail)(end)) / 2
        # An end that was cut to 1 (or to a share of 1) leaves more than its tail.
        assert left == pytest.approx(half, rel=1e-7) or (end >= min(found.value, 1) - 1e-15 and left > half)


def test_the_mid_p_ends_are_found_by_bisection_too():
    k, n, shares = (0, 2, 40), (500, 60, 50), (0.9, 0.07, 0.03)
    w = np.array(shares) / n
    value, variance, largest = (w * k).sum(), (w**2 * k).sum(), w.max()
    shifted, widened = value + largest, variance + largest**2
    laws = (
        stats.gamma(value**2 / variance, scale=variance / value),
        stats.gamma(shifted**2 / widened, scale=widened / shifted),
    )

    def excess(x, quantile):
        return sum(law.cdf(x) for law in laws) / 2 - quantile

    for end, quantile in zip(ends_of(fay_feuer(k, n, shares)), (0.025, 0.975), strict=True):
        root = optimize.bisect(excess, 1e-6, 0.5, args=(quantile,), xtol=1e-15)
        assert end == pytest.approx(root, rel=1e-9)


def test_in_one_stratum_it_is_the_exact_poisson_interval():
    found = fay_feuer([7], [1_500], [1.0], mid_p=False)
    assert found.interval.low == pytest.approx(stats.chi2.ppf(0.025, 14) / 2 / 1_500, rel=1e-10)
    assert found.interval.high == pytest.approx(stats.chi2.ppf(0.975, 16) / 2 / 1_500, rel=1e-10)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_when_nothing_was_found_the_upper_end_is_the_closed_form(level):
    largest, alpha = 0.85 / 600, 1 - level
    plain, mid = (fay_feuer((0, 0, 0), SIZES, SHARES, level, mid_p) for mid_p in (False, True))
    assert plain.interval.high == pytest.approx(-largest * math.log(alpha / 2), rel=1e-12)
    assert mid.interval.high == pytest.approx(-largest * math.log(alpha), rel=1e-12)


# --- what must hold ---


@given(samples(), st.floats(0.5, 0.999), st.booleans())
@repeatable
def test_the_share_lies_in_its_interval_and_the_interval_in_0_to_1(sample, level, mid_p):
    k, n, shares = sample
    found = fay_feuer(k, n, shares, level, mid_p)
    exact = sum(Fraction(share) * hits / size for share, hits, size in zip(shares, k, n, strict=True))
    assert found.value == pytest.approx(min(float(exact), 1), rel=1e-14)
    assert 0 <= found.interval.low <= found.value <= found.interval.high <= 1
    assert (found.interval.low == 0) == (sum(k) == 0)


@given(samples(), st.floats(0.5, 0.999))
@repeatable
def test_mid_p_ends_below_the_conservative_interval(sample, level):
    # At the lower end the order of the two is no theorem: it turns where the two laws lie far apart.
    plain, mid = (fay_feuer(*sample, level, mid_p) for mid_p in (False, True))
    assert mid.interval.high <= plain.interval.high * (1 + 1e-12)


@given(samples(), st.randoms(use_true_random=False))
@repeatable
def test_the_order_of_the_strata_changes_no_digit(sample, random):
    order = list(range(len(sample[0])))
    random.shuffle(order)
    assert fay_feuer(*([column[i] for i in order] for column in sample)) == fay_feuer(*sample)


def test_a_stratum_of_the_plan_that_holds_nothing_changes_nothing():
    with_it = fay_feuer((1, 4, 9, 0), (*SIZES, 0), (*SHARES, 0.0))
    assert with_it == fay_feuer((1, 4, 9), SIZES, SHARES)


def test_a_class_that_is_everywhere_ends_at_exactly_1():
    found = fay_feuer([50, 50], [50, 50], [0.5, 0.5])
    assert (found.value, found.interval.high) == (1, 1)
    assert 0.7 < found.interval.low < 1


def test_counts_of_a_large_sample_still_give_a_narrow_interval():
    found = fay_feuer([5 * 10**7, 10**6], [10**9, 10**8], [0.9, 0.1])
    assert found.interval.high - found.interval.low < 1e-4


# --- many at once ---


def test_each_of_many_is_bit_by_bit_the_single_one():
    draw = np.random.default_rng(20_260_108)
    n = draw.integers(1, 400, (300, 5))
    k, shares = draw.binomial(n, 0.02), draw.dirichlet(np.ones(5), 300)
    for mid_p in (False, True):
        table = fay_feuer_many(k, n, shares, 0.9, mid_p)
        for i in range(300):
            assert table.row(i) == fay_feuer(k[i], n[i], shares[i], 0.9, mid_p)


def test_one_row_of_sizes_and_shares_serves_all_rows():
    table = fay_feuer_many([[1, 4, 9], [0, 0, 0]], SIZES, SHARES)
    assert table.row(0) == fay_feuer((1, 4, 9), SIZES, SHARES)
    assert table.row(1) == fay_feuer((0, 0, 0), SIZES, SHARES)


def test_rows_with_fewer_strata_are_filled_with_zeros():
    table = fay_feuer_many([[1, 4, 9], [3, 0, 0]], [SIZES, (200, 0, 0)], [SHARES, (1.0, 0, 0)])
    assert table.row(1) == fay_feuer([3], [200], [1.0])


# --- hostile input ---


def refused(k, n, shares, **how):
    with pytest.raises(StatsError) as refusal:
        fay_feuer(k, n, shares, **how)
    return refusal.value


def test_a_stratum_that_could_not_be_sampled_is_named():
    found = refused((1, 4, 0), (600, 300, 0), SHARES)
    assert "could not have been sampled" in found.what
    assert "2] = 0.05" in found.found


def test_more_hits_than_items_are_named():
    assert "1] = 301" in refused((1, 301, 9), SIZES, SHARES).found


@pytest.mark.parametrize(
    "shares", [(0.85, 0.1, 0.04), (85, 10, 5), (0.5, 0.6, -0.1), (0.5, 0.5, 1e-320), (0.85, 0.1, None)]
)
def test_shares_that_are_no_shares_of_one_population_are_refused(shares):
    refused((1, 4, 9), SIZES, shares)


def test_shares_rounded_to_seven_digits_pass():
    assert fay_feuer([0, 1, 0], [9, 9, 9], [0.3333333, 0.3333333, 0.3333333]).value > 0


@pytest.mark.parametrize(
    ("k", "n", "shares"),
    [
        ((1, 4), SIZES, SHARES),
        ((1, 4, 9), (600, 300), SHARES),
        ((1, 4, 9), SIZES, (0.9, 0.1)),
        ((1, -4, 9), SIZES, SHARES),
        ((1, 4.0, 9), SIZES, SHARES),
        (5, 600, 1.0),
        ((), (), ()),
    ],
)
def test_columns_that_are_no_counts_of_the_same_strata_are_refused(k, n, shares):
    refused(k, n, shares)


@pytest.mark.parametrize("level", [0, 1, 95, None, "0.95"])
def test_an_impossible_level_is_refused(level):
    refused((1, 4, 9), SIZES, SHARES, level=level)


def test_among_many_the_wrong_row_is_named():
    with pytest.raises(StatsError) as refusal:
        fay_feuer_many([[1, 4, 9], [1, 4, 101]], SIZES, SHARES)
    assert "[1, 2] = 101" in refusal.value.found
