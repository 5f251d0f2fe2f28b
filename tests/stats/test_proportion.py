"""Shares, totals, claims and comparisons: published values, exact arithmetic, what holds for any counts.

Golden values: the tables of the method sheets on prevalence and generators (Newcombe 1998; R 4.2.2 with epiR
and fisher.test; exact rationals), to 1e-9 relative unless fewer digits are published.
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy import stats

from perito.errors import StatsError
from perito.stats import proportion
from perito.stats.proportion import (
    claim_p,
    clopper_pearson,
    exact_total,
    normal_quantile,
    two_proportions,
    wilson,
)

GOLDEN = {"rel": 1e-9, "abs": 1e-15}
POPULATION, READ = 4_621_335, 20_000  # the public case: items posted in eleven days, items read
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)

repeatable = settings(derandomize=True, deadline=None)
levels = st.floats(0.5, 0.999)
samples = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
large_samples = st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@st.composite
def finite_samples(draw, largest=3_000):
    population = draw(st.integers(1, largest))
    n = draw(st.integers(1, population))
    return draw(st.integers(0, n)), n, population


def samples_at_least(k, n, population, total):
    """The number of samples with k or more positives, by exact integers and by definition."""
    return sum(
        math.comb(total, j) * math.comb(population - total, n - j) for j in range(k, min(n, total) + 1)
    )


def exact_tail(k, n, population, total):
    """P(X >= k) as a fraction; in large cases the terms below 2^-100 of the sum are left out."""
    term = math.comb(total, k) * math.comb(population - total, n - k)
    counted = 0
    for j in range(k, min(n, total) + 1):
        counted += term
        if term.bit_length() < counted.bit_length() - 100:
            break
        term = term * (total - j) * (n - j) // ((j + 1) * (population - total - n + j + 1))
    return Fraction(counted, math.comb(population, n))


def binomial_tail(k, n, share):
    return sum(math.comb(n, j) * share**j * (1 - share) ** (n - j) for j in range(k, n + 1))


# --- golden values ---


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (81, 263, 0.25273674558527, 0.36762192260135),
        (15, 148, 0.05784401008345, 0.16165049034948),
        (0, 20, 0.0, 0.16843347098309),
        (1, 29, 0.00087264688358, 0.17764429548872),
        (7, 1500, 0.00187823820533, 0.00959134089471),
        (37, 5000, 0.005215479852717767, 0.010185633825584088),
        (3260, 5000, 0.6386111187721326, 0.6652111968993192),
    ],
)
def test_clopper_pearson_gives_the_published_ends(k, n, low, high):
    found = clopper_pearson(k, n)
    assert (found.low, found.high) == (pytest.approx(low, **GOLDEN), pytest.approx(high, **GOLDEN))
    assert (found.level, found.method) == (0.95, "clopper-pearson")


@pytest.mark.parametrize(
    ("n", "high"),
    [(300, 0.0122209746942935), (5_000, 0.000737503801108105), (20_000, 0.000184426963962)],
)
def test_a_sample_without_positives_still_has_an_upper_end(n, high):
    assert clopper_pearson(0, n).high == pytest.approx(high, **GOLDEN)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (81, 263, 0.25528851987827, 0.36620957698280),
        (15, 148, 0.06238639953074, 0.16048724172331),
        (0, 20, 0.0, 0.16112515805282),
        (1, 29, 0.00611321429276, 0.17175521879320),
        (7, 1500, 0.00226235408151, 0.00960156861862),
        (37, 5000, 0.005373597756871216, 0.010182742199399067),
        (3260, 5000, 0.6386847443352295, 0.6650818742734732),
    ],
)
def test_wilson_gives_the_published_ends(k, n, low, high):
    found = wilson(k, n)
    assert (found.low, found.high) == (pytest.approx(low, **GOLDEN), pytest.approx(high, **GOLDEN))
    assert (found.level, found.method) == (0.95, "wilson")


@pytest.mark.parametrize(
    ("k", "n", "population", "ends"),
    [
        (4, 50, 200, (6, 35)),
        (15, 148, 2_000, (119, 318)),
        (7, 1_500, 60_000, (115, 571)),
        (0, 300, 100_000, (0, 1_220)),
        (37, 5_000, 812_000, (4_240, 8_263)),
        (3_260, 5_000, 812_000, (518_586, 540_118)),
    ],
)
def test_exact_total_gives_the_published_whole_numbers(k, n, population, ends):
    found = exact_total(k, n, population)
    assert (found.low, found.high) == ends
    assert (type(found.low), type(found.high)) == (int, int)
    assert (found.level, found.method) == (0.95, "exact-hypergeometric")


@pytest.mark.parametrize(
    ("total", "p"),
    [(50, 0.00023503052313), (100, 0.01290135737665), (150, 0.08343498167822), (200, 0.23569352684832)],
)
def test_a_claim_about_the_total_gets_the_published_p_value(total, p):
    assert claim_p(7, 1_500, 60_000, total) == pytest.approx(p, rel=2e-11)


@pytest.mark.parametrize(
    ("total", "p"),
    [(3_000, 8.730390505479391e-05), (4_000, 0.011442058876038396), (5_000, 0.15031595261802588)],
)
def test_a_claim_about_a_rare_class_gets_the_reference_p_value(total, p):
    assert claim_p(37, 5_000, 812_000, total) == pytest.approx(p, **GOLDEN)


def test_tables_that_are_equally_likely_to_seven_digits_all_count_in_fisher():
    # One step beside the most likely of 10^9 tables the chance falls by 4e-9: no table is less likely enough.
    found = two_proportions(500_000_001, 10**9, 499_999_999, 10**9)
    assert found.p_exact == pytest.approx(1, abs=1e-11)


def test_newcombe_difference_is_the_published_one():
    found = two_proportions(56, 70, 48, 80)  # Newcombe 1998, table II (a): .0524, .3339
    assert found.difference == pytest.approx(0.2, **GOLDEN)
    assert found.interval.low == pytest.approx(0.05243147240236, **GOLDEN)
    assert found.interval.high == pytest.approx(0.33387265403691, **GOLDEN)
    assert (found.interval.level, found.interval.method) == (0.95, "newcombe")


@pytest.mark.parametrize(
    ("table", "p"),
    [((56, 70, 48, 80), 0.01252112974921), ((2, 17, 10, 13), 0.0005367241191434)],
)
def test_fisher_two_sided_is_that_of_r(table, p):
    assert two_proportions(*table).p_exact == pytest.approx(p, **GOLDEN)


def test_the_normal_quantile_is_that_of_the_method_sheet():
    assert normal_quantile(0.95) == pytest.approx(1.959963984540054, rel=1e-15)


# --- the public case ---


@pytest.mark.parametrize(("k", "published"), [(12_995, 3_002_712), (101, 23_338)])
def test_public_case_totals_follow_from_the_counts_and_lie_inside_their_interval(k, published):
    assert round(POPULATION * k / READ) == published
    assert exact_total(k, READ, POPULATION).contains(published)


@pytest.mark.parametrize("k", [12_995, 101])
def test_public_case_ends_are_the_outermost_totals_by_exact_integers(k):
    ends = exact_total(k, READ, POPULATION)
    limit = Fraction(1, 40)
    assert exact_tail(k, READ, POPULATION, ends.low) > limit >= exact_tail(k, READ, POPULATION, ends.low - 1)
    others = READ - k  # P(X <= k) is the chance of at least that many negatives
    assert exact_tail(others, READ, POPULATION, POPULATION - ends.high) > limit
    assert exact_tail(others, READ, POPULATION, POPULATION - ends.high - 1) <= limit


@pytest.mark.parametrize(
    ("k", "total"), [(12_995, 2_950_000), (12_995, 3_000_000), (101, 20_000), (101, 23_000)]
)
def test_public_case_claims_agree_with_exact_integers(k, total):
    assert claim_p(k, READ, POPULATION, total) == pytest.approx(
        float(exact_tail(k, READ, POPULATION, total)), rel=1e-12
    )


# --- exact arithmetic ---


@pytest.mark.parametrize("population", [1, 2, 3, 7, 12, 25])
def test_exact_total_covers_every_true_total_with_at_least_its_level(population):
    for n in range(1, population + 1):
        intervals = [exact_total(k, n, population) for k in range(n + 1)]
        for total in range(population + 1):
            covering = sum(
                math.comb(total, k) * math.comb(population - total, n - k)
                for k, interval in enumerate(intervals)
                if interval.contains(total)
            )
            assert Fraction(covering, math.comb(population, n)) >= Fraction(95, 100)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("population", [1, 2, 5, 20, 40])
def test_exact_total_is_the_scan_over_all_totals_ties_included(population, level):
    limit = (1 - Fraction(str(level))) / 2
    for n in range(1, population + 1):
        possible = math.comb(population, n)
        for k in range(n + 1):
            totals = range(k, population - (n - k) + 1)
            low = min(t for t in totals if samples_at_least(k, n, population, t) > limit * possible)
            high = max(
                t for t in totals if samples_at_least(n - k, n, population, population - t) > limit * possible
            )
            found = exact_total(k, n, population, level)
            assert (found.low, found.high) == (low, high)


@pytest.mark.parametrize(
    ("population", "level", "low"),
    [
        (20, 0.9, 2),
        (40, 0.95, 2),
        (1_000, 0.95, 26),
        (10**9, 0.95, 25_000_001),
        (10**15, 0.9, 5 * 10**13 + 1),
    ],
)
def test_a_total_that_exactly_meets_the_level_is_left_out(population, level, low):
    # One item read, positive: P(X >= 1 | K) = K / N equals a/2 at a whole K, and "greater than" excludes it.
    assert exact_total(1, 1, population, level).low == low
    # 1 - 0.95 is no exact float, yet the claim test agrees to the last digit.
    assert claim_p(1, 1, population, low - 1) == float((1 - Fraction(str(level))) / 2)


@pytest.mark.parametrize("population", [6, 13, 24])
def test_claim_p_is_the_exact_share_of_samples_correctly_rounded(population):
    for n in range(1, population + 1):
        for total in range(population + 1):
            for k in range(n + 1):
                exact = Fraction(samples_at_least(k, n, population, total), math.comb(population, n))
                assert claim_p(k, n, population, total) == float(exact)


@pytest.mark.parametrize("population", [12, 31])
def test_tails_in_floating_point_agree_with_exact_fractions_in_every_small_case(population):
    for n in range(1, population + 1):
        for total in range(population + 1):
            for k in range(n + 1):
                exact = Fraction(samples_at_least(k, n, population, total), math.comb(population, n))
                assert proportion._at_least(k, n, population, total) == pytest.approx(
                    float(exact), rel=1e-13, abs=1e-15
                )


@pytest.mark.parametrize(
    ("k", "n", "population", "total"),
    [
        (101, 20_000, 10**9, 4_100_000),
        (150, 20_000, 10**9, 4_100_000),
        (13_300, 20_000, 10**9, 650_000_000),
        (14_500, 20_000, 10**9, 650_000_000),
        (3, 5_000, 10**9, 10_000),
        (40, 2_000, 10**12, 5 * 10**9),
        (31, 1_001, 2**53, 2**47),
        (1_900, 2_000, 10**6, 905_000),
        (460, 2_500, 5_000, 800),
    ],
)
def test_tails_hold_twelve_digits_in_populations_where_log_gamma_sums_do_not(k, n, population, total):
    exact = float(exact_tail(k, n, population, total))
    assert 0 < exact < 0.5
    assert claim_p(k, n, population, total) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("distance", [1e-9, 1e-6, 1e-4, 1e-3, 0.01, 0.1, 0.3, 0.49, 0.51, 0.8, 3.0, 40.0])
@pytest.mark.parametrize("sign", [-1, 1])
def test_the_deviance_keeps_its_digits_near_and_far_from_the_expected_count(distance, sign):
    cell = 10**9
    expected = cell * (1 + distance) ** sign
    with localcontext() as context:
        context.prec = 60
        excess = Decimal(cell) - Decimal(expected)
        exact = cell * (Decimal(cell) / Decimal(expected)).ln() - excess
    assert proportion._deviance(cell, expected, float(excess)) == pytest.approx(float(exact), rel=2e-14)


def test_a_tail_near_one_is_taken_from_the_other_side():
    assert claim_p(60, 20_000, 10**9, 4_100_000) == pytest.approx(
        float(1 - exact_tail(20_000 - 59, 20_000, 10**9, 10**9 - 4_100_000)), rel=1e-15
    )


@pytest.mark.parametrize(("k", "n"), [(101, 20_000), (19_899, 20_000), (0, 1_500), (5_000, 10_000)])
def test_ends_of_a_total_in_a_thousand_million_are_right_to_the_single_item(k, n):
    population, limit = 10**9, Fraction(1, 40)
    found = exact_total(k, n, population)
    if k > 0:
        assert exact_tail(k, n, population, found.low) > limit >= exact_tail(k, n, population, found.low - 1)
    others = n - k
    assert exact_tail(others, n, population, population - found.high) > limit
    assert exact_tail(others, n, population, population - found.high - 1) <= limit


@pytest.mark.parametrize(
    ("k", "n"), [(0, 1), (1, 1), (0, 20_000), (101, 20_000), (12_995, 20_000), (600, 10**6)]
)
def test_a_total_in_a_thousand_million_takes_at_most_200_tails(k, n, monkeypatch):
    calls = []
    tail = proportion._at_least
    monkeypatch.setattr(proportion, "_at_least", lambda *counts: calls.append(counts) or tail(*counts))
    exact_total(k, n, 10**9)
    assert 0 < len(calls) <= 200


@pytest.mark.parametrize(("k", "n"), [(1, 2), (1, 29), (15, 148), (80, 100), (7, 300)])
@pytest.mark.parametrize("level", LEVELS)
def test_clopper_pearson_ends_leave_exactly_half_alpha_on_each_side(k, n, level):
    found = clopper_pearson(k, n, level)
    half = float((1 - Fraction(str(level))) / 2)
    assert float(binomial_tail(k, n, Fraction(found.low))) == pytest.approx(half, rel=1e-10)
    assert float(binomial_tail(n - k, n, 1 - Fraction(found.high))) == pytest.approx(half, rel=1e-10)


@pytest.mark.parametrize("n", [1, 20, 300, 10**6, 10**9])
def test_clopper_pearson_without_positives_is_the_closed_form(n):
    assert clopper_pearson(0, n).high == pytest.approx(-math.expm1(math.log(0.025) / n), rel=1e-10)
    assert clopper_pearson(n, n).low == pytest.approx(math.exp(math.log(0.025) / n), rel=1e-12)


@pytest.mark.parametrize(("n1", "n2"), [(1, 1), (3, 5), (6, 6), (9, 4)])
def test_fisher_is_the_sum_over_tables_at_most_as_likely_in_every_small_table(n1, n2):
    for k1 in range(n1 + 1):
        for k2 in range(n2 + 1):
            total = k1 + k2
            chances = [math.comb(n1, j) * math.comb(n2, total - j) for j in range(min(n1, total) + 1)]
            exact = Fraction(sum(c for c in chances if c <= chances[k1]), math.comb(n1 + n2, total))
            assert two_proportions(k1, n1, k2, n2).p_exact == pytest.approx(float(exact), rel=1e-12)


# --- other implementations ---


@given(samples, levels)
@repeatable
def test_binomial_intervals_agree_with_scipy(sample, level):
    k, n = sample
    for ours, method in ((clopper_pearson, "exact"), (wilson, "wilson")):
        theirs = stats.binomtest(k, n).proportion_ci(level, method)
        found = ours(k, n, level)
        assert found.low == pytest.approx(theirs.low, rel=1e-7, abs=1e-9)
        assert found.high == pytest.approx(theirs.high, rel=1e-7, abs=1e-9)


@given(finite_samples(), st.floats(0, 1))
@repeatable
def test_claim_p_agrees_with_scipy_in_small_populations(sample, part):
    k, n, population = sample
    total = int(part * population)
    theirs = stats.hypergeom.sf(k - 1, population, total, n)
    assert claim_p(k, n, population, total) == pytest.approx(theirs, rel=1e-9, abs=1e-14)


@given(samples, samples)
@repeatable
def test_fisher_agrees_with_scipy(first, second):
    (k1, n1), (k2, n2) = first, second
    theirs = stats.fisher_exact([[k1, n1 - k1], [k2, n2 - k2]]).pvalue
    assert two_proportions(k1, n1, k2, n2).p_exact == pytest.approx(theirs, rel=1e-9)


def test_fisher_agrees_with_scipy_in_a_large_table():
    theirs = stats.fisher_exact([[101_000, 19_899_000], [102_000, 19_898_000]]).pvalue
    assert two_proportions(101_000, 20_000_000, 102_000, 20_000_000).p_exact == pytest.approx(
        theirs, rel=1e-6
    )


# --- what holds for any counts ---


@given(large_samples, levels)
@example((0, 1), 0.95)
@example((1, 1), 0.95)
@repeatable
def test_an_interval_of_a_share_lies_in_0_to_1_and_contains_the_share(sample, level):
    k, n = sample
    for found in (clopper_pearson(k, n, level), wilson(k, n, level)):
        assert 0 <= found.low <= k / n <= found.high <= 1
        assert (found.low == 0) == (k == 0)
        assert (found.high == 1) == (k == n)


@pytest.mark.parametrize("n", [1, 3, 20, 263, 10**6, 10**9])
@pytest.mark.parametrize("interval_of", [clopper_pearson, wilson])
@pytest.mark.parametrize("level", [5e-324, 0.3, 0.95, 0.9999999999999999])
def test_no_positives_end_at_exactly_0_and_only_positives_at_exactly_1(interval_of, n, level):
    assert interval_of(0, n, level).low == 0
    assert interval_of(n, n, level).high == 1


@given(large_samples, levels)
@repeatable
def test_counting_the_negatives_mirrors_the_interval_of_a_share(sample, level):
    k, n = sample
    for interval_of in (clopper_pearson, wilson):
        one, other = interval_of(k, n, level), interval_of(n - k, n, level)
        assert one.low == pytest.approx(1 - other.high, rel=1e-9, abs=1e-12)
        assert one.high == pytest.approx(1 - other.low, rel=1e-9, abs=1e-12)


@given(samples, levels)
@repeatable
def test_one_more_positive_raises_both_ends_of_a_share(sample, level):
    k, n = sample
    assume(k < n)
    for interval_of in (clopper_pearson, wilson):
        fewer, more = interval_of(k, n, level), interval_of(k + 1, n, level)
        assert fewer.low < more.low
        assert fewer.high < more.high


@given(samples, levels, levels)
@repeatable
def test_a_higher_level_never_narrows_the_interval_of_a_share(sample, one, other):
    lower, higher = sorted((one, other))
    for interval_of in (clopper_pearson, wilson):
        inner, outer = interval_of(*sample, lower), interval_of(*sample, higher)
        assert outer.low <= inner.low * (1 + 1e-12)
        assert inner.high <= outer.high * (1 + 1e-12)


@given(finite_samples(largest=10**7), levels)
@repeatable
def test_a_total_lies_between_what_was_seen_and_what_was_not_ruled_out(sample, level):
    k, n, population = sample
    found = exact_total(k, n, population, level)
    assert k <= found.low <= found.high <= population - (n - k)
    assert found.low <= math.ceil(population * k / n)
    assert found.high >= math.floor(population * k / n)


@given(finite_samples(), levels)
@repeatable
def test_counting_the_negatives_mirrors_the_interval_of_a_total_exactly(sample, level):
    k, n, population = sample
    one, other = exact_total(k, n, population, level), exact_total(n - k, n, population, level)
    assert (one.low, one.high) == (population - other.high, population - other.low)


@given(finite_samples(), levels)
@repeatable
def test_one_more_positive_never_lowers_an_end_of_a_total(sample, level):
    k, n, population = sample
    assume(k < n)
    fewer, more = exact_total(k, n, population, level), exact_total(k + 1, n, population, level)
    assert fewer.low <= more.low
    assert fewer.high <= more.high


@given(finite_samples(), levels, levels)
@repeatable
def test_a_higher_level_never_narrows_the_interval_of_a_total(sample, one, other):
    lower, higher = sorted((one, other))
    inner, outer = exact_total(*sample, lower), exact_total(*sample, higher)
    assert outer.low <= inner.low
    assert inner.high <= outer.high


@given(st.integers(1, 5_000), st.data())
@repeatable
def test_a_complete_count_leaves_no_doubt(population, data):
    k = data.draw(st.integers(0, population))
    found = exact_total(k, population, population)
    assert (found.low, found.high) == (k, k)


@given(finite_samples(), st.data())
@repeatable
def test_a_claim_is_shown_at_one_fortieth_exactly_below_the_interval(sample, data):
    k, n, population = sample
    total = data.draw(st.integers(0, population))
    assert (claim_p(k, n, population, total) <= 0.025) == (total < exact_total(k, n, population).low)


@given(finite_samples(), st.data())
@repeatable
def test_a_larger_stated_total_is_never_harder_to_reconcile_with_the_sample(sample, data):
    k, n, population = sample
    total = data.draw(st.integers(0, population - 1))
    lesser, greater = (claim_p(k, n, population, t) for t in (total, total + 1))
    assert 0 <= lesser <= greater * (1 + 1e-12) <= 1 + 1e-12


def test_a_sample_with_more_positives_than_stated_refutes_the_statement():
    assert claim_p(7, 1_500, 60_000, 6) == 0
    assert claim_p(7, 50, 60_000, 6) == 0


def test_a_sample_without_positives_never_speaks_against_any_total():
    assert claim_p(0, 1_500, 60_000, 0) == 1
    assert claim_p(0, 50, 60_000, 60_000) == 1


@given(samples, samples, levels)
@repeatable
def test_a_difference_lies_in_its_interval_and_swapping_the_groups_mirrors_it(first, second, level):
    one, other = two_proportions(*first, *second, level), two_proportions(*second, *first, level)
    assert -1 <= one.interval.low <= one.difference <= one.interval.high <= 1
    assert one.difference == -other.difference
    assert one.interval.low == pytest.approx(-other.interval.high, abs=1e-15)
    assert one.p_exact == pytest.approx(other.p_exact, rel=1e-11)
    assert 0 <= one.p_exact <= 1


def test_equal_shares_differ_by_nothing_with_the_largest_p_value():
    found = two_proportions(10, 40, 25, 100)
    assert found.difference == 0
    assert found.p_exact == 1
    assert found.interval.contains(0)


# --- hostile input ---

BAD_SAMPLES = [
    (-1, 10),
    (11, 10),
    (0, 0),
    (1, -1),
    (1.0, 10),
    (1, 10.0),
    (True, 10),
    ("1", 10),
    (None, 10),
    (0, 2**60),
]


@pytest.mark.parametrize(("k", "n"), BAD_SAMPLES)
def test_impossible_samples_are_refused_by_every_estimator(k, n):
    for ask in (
        lambda: clopper_pearson(k, n),
        lambda: wilson(k, n),
        lambda: exact_total(k, n, 100),
        lambda: claim_p(k, n, 100, 50),
        lambda: two_proportions(k, n, 1, 2),
        lambda: two_proportions(1, 2, k, n),
    ):
        with pytest.raises(StatsError):
            ask()


@pytest.mark.parametrize("population", [9, 0, -1, 10.0, None, pytest.param(10**5_000, id="huge")])
def test_a_population_that_cannot_hold_the_sample_is_refused(population):
    with pytest.raises(StatsError):
        exact_total(1, 10, population)
    with pytest.raises(StatsError):
        claim_p(1, 10, population, 1)


@pytest.mark.parametrize("total", [-1, 101, 5.0, None, True])
def test_a_stated_total_outside_the_population_is_refused(total):
    with pytest.raises(StatsError):
        claim_p(1, 10, 100, total)


@pytest.mark.parametrize("level", [0, 1, -0.5, 95, float("nan"), "0.95", None])
def test_impossible_levels_are_refused_by_every_estimator(level):
    for ask in (
        lambda: clopper_pearson(1, 10, level),
        lambda: wilson(1, 10, level),
        lambda: exact_total(1, 10, 100, level),
        lambda: two_proportions(1, 10, 1, 10, level),
    ):
        with pytest.raises(StatsError):
            ask()


def test_numpy_counts_give_the_same_answer_as_plain_ones():
    k, n, population = np.int32(101), np.int32(READ), np.int32(POPULATION)
    assert exact_total(k, n, population) == exact_total(101, READ, POPULATION)
    assert claim_p(k, n, population, np.int32(20_000)) == claim_p(101, READ, POPULATION, 20_000)
    assert wilson(k, n) == wilson(101, READ)
    assert clopper_pearson(k, n) == clopper_pearson(101, READ)
    assert two_proportions(k, n, k, n) == two_proportions(101, READ, 101, READ)
