"""Shares corrected for labels that err: published values, planted truth, and where nothing is shown.

Golden values: the table of the method sheet on prevalence and the reference file `stats/golden.json` that
goes with it (CC0; R 4.2.2 with epiR 2.0.57; two computations). Of Rogan-Gladen 23/150 the sheet prints two
ends wrong in their last digits (-.01205652713, .1289174494); those here are the file's, which 40-digit
arithmetic confirms.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.errors import StatsError
from perito.stats.misclassification import (
    distinguishable_from_zero,
    lang_reiczigel,
    rogan_gladen,
    specificity_where_all_could_be_errors,
)
from perito.stats.proportion import clopper_pearson, wilson

GOLDEN = {"rel": 1e-9, "abs": 0}
FEW_ITEMS, RARE_CLASS = (23, 150, 0.96, 0.89), (37, 5_000, 0.93, 0.999)  # flags, items, Se, Sp

repeatable = settings(derandomize=True, deadline=None)
samples = st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
good_rates = st.floats(0.6, 1.0)
validations = st.integers(20, 2_000).flatmap(lambda n: st.tuples(st.integers(n - n // 4, n), st.just(n)))


# --- golden values ---


@pytest.mark.parametrize(
    ("interval", "counts_and_rates", "value", "low", "high"),
    [
        ("clopper-pearson", FEW_ITEMS, 0.05098039215686, -0.0120565277463687, 0.130752627229542),
        ("wilson", FEW_ITEMS, 0.05098039215686, -0.00658877917035208, 0.128917449086273),
        ("clopper-pearson", RARE_CLASS, 0.00688912809472547, 0.00453765323220437, 0.00988765750870209),
        ("wilson", RARE_CLASS, 0.00688912809472547, 0.00470785549717039, 0.00988454488632839),
    ],
)
def test_rogan_gladen_gives_the_reference_share_and_ends_before_truncation(
    interval, counts_and_rates, value, low, high
):
    found = rogan_gladen(*counts_and_rates, interval=interval)
    assert found.value == pytest.approx(value, **GOLDEN)
    assert found.interval.low == pytest.approx(low, **GOLDEN)
    assert found.interval.high == pytest.approx(high, **GOLDEN)
    assert (found.interval.level, found.interval.method) == (0.95, f"{interval}, rogan-gladen")


def test_fewer_flags_than_false_alarms_give_the_published_negative_share_and_are_not_distinguishable():
    assert rogan_gladen(6, 151, 0.964, 0.927).value == pytest.approx(-0.03733434417761, **GOLDEN)
    assert not distinguishable_from_zero(6, 151, 0.927)


@pytest.mark.parametrize(
    ("counts", "point", "adjusted_and_shift", "low", "high"),
    [
        (
            (259, 1000, 89, 100, 95, 100),
            0.24880952380952395,
            (0.2441913021082371, -0.0012424861174953742),
            0.18650962653106912,
            0.2993880054504144,
        ),
        (
            (37, 5000, 186, 200, 2997, 3000),
            0.006889128094725469,
            (0.006972797828303967, 1.4849271792639914e-05),
            0.00399218908189581,
            0.009983105118297404,
        ),
        (
            (3260, 5000, 470, 500, 460, 500),
            0.6651162790697676,
            (0.6656870262111263, 0.00020653900886320108),
            0.6415491705515206,
            0.6902379598884585,
        ),
    ],
)
def test_lang_reiczigel_gives_the_reference_point_centre_and_ends(
    counts, point, adjusted_and_shift, low, high
):
    found = lang_reiczigel(*counts)
    assert found.value == pytest.approx(point, **GOLDEN)
    assert found.interval.low == pytest.approx(low, **GOLDEN)
    assert found.interval.high == pytest.approx(high, **GOLDEN)
    centre = (found.interval.low + found.interval.high) / 2
    assert centre == pytest.approx(sum(adjusted_and_shift), **GOLDEN)
    assert (found.interval.level, found.interval.method) == (0.95, "lang-reiczigel")


@pytest.mark.parametrize(
    ("spec_hits", "spec_n", "high"), [(199, 200, 0.01232059909000), (1990, 2000, 0.00711800669456)]
)
def test_lang_reiczigel_of_a_rare_class_has_the_published_upper_end_and_no_negative_lower_one(
    spec_hits, spec_n, high
):
    found = lang_reiczigel(12, 2000, 90, 100, spec_hits, spec_n)
    assert found.interval.low == 0
    assert found.interval.high == pytest.approx(high, **GOLDEN)


@pytest.mark.parametrize(("k", "specificity"), [(12_995, 0.35025), (101, 0.99495)])
def test_public_case_names_the_specificity_at_which_all_flags_could_be_errors(k, specificity):
    assert specificity_where_all_could_be_errors(k, 20_000) == pytest.approx(specificity, rel=1e-15)


# --- what must hold ---


@given(samples, st.floats(0.5, 0.999))
@repeatable
def test_perfect_labels_need_no_correction(sample, level):
    k, n = sample
    for name, interval_of in (("clopper-pearson", clopper_pearson), ("wilson", wilson)):
        found, plain = rogan_gladen(k, n, 1, 1, level=level, interval=name), interval_of(k, n, level)
        assert (found.value, found.interval.low, found.interval.high) == (k / n, plain.low, plain.high)


@given(st.integers(0, 1_000), st.integers(60, 100), st.integers(60, 100))
@repeatable
def test_rogan_gladen_recovers_the_share_that_was_planted(positives, sensitivity, specificity):
    items = 1_000
    # Expected flags times 100, so that every count is a whole number: no sampling error is left.
    flags = positives * sensitivity + (items - positives) * (100 - specificity)
    found = rogan_gladen(flags, items * 100, sensitivity / 100, specificity / 100)
    assert found.value == positives / items


@given(samples, good_rates, good_rates)
@repeatable
def test_a_corrected_share_lies_in_its_interval(sample, sensitivity, specificity):
    found = rogan_gladen(*sample, sensitivity, specificity)
    assert found.interval.low <= found.value <= found.interval.high


@given(samples, good_rates, good_rates)
@repeatable
def test_the_corrected_share_is_above_zero_exactly_when_distinguishable(sample, sensitivity, specificity):
    found = rogan_gladen(*sample, sensitivity, specificity)
    assert (found.value > 0) == distinguishable_from_zero(*sample, specificity)


@pytest.mark.parametrize("hundredths", range(50, 100))
def test_flags_that_equal_the_false_alarms_are_not_distinguishable_from_zero(hundredths):
    # In plain floats 1 - .89 is below .11, and the tie would count as found.
    specificity = hundredths / 100
    assert not distinguishable_from_zero(100 - hundredths, 100, specificity)
    assert distinguishable_from_zero(100 - hundredths + 1, 100, specificity)
    assert rogan_gladen(100 - hundredths, 100, 0.9, specificity).value == 0


@given(samples)
@repeatable
def test_at_the_named_specificity_all_flags_are_errors_and_above_it_they_are_not(sample):
    k, n = sample
    named = specificity_where_all_could_be_errors(k, n)
    assert named == float(1 - Fraction(k, n))
    assert not distinguishable_from_zero(k, n, max(0.0, math.nextafter(named, 0)))
    if k > 0:
        assert distinguishable_from_zero(k, n, math.nextafter(named, 1))


@given(samples, validations, validations, st.floats(0.5, 0.999))
@repeatable
def test_lang_reiczigel_never_leaves_0_to_1(sample, sensitivity, specificity, level):
    found = lang_reiczigel(*sample, *sensitivity, *specificity, level)
    assert 0 <= found.value <= 1
    assert 0 <= found.interval.low <= found.interval.high <= 1


@given(samples, validations, validations, st.floats(0.5, 0.999))
@repeatable
def test_exchanging_the_classes_mirrors_lang_reiczigel(sample, sensitivity, specificity, level):
    k, n = sample
    one = lang_reiczigel(k, n, *sensitivity, *specificity, level)
    other = lang_reiczigel(n - k, n, *specificity, *sensitivity, level)
    assert one.value == pytest.approx(1 - other.value, abs=1e-12)
    assert one.interval.low == pytest.approx(1 - other.interval.high, abs=1e-12)
    assert one.interval.high == pytest.approx(1 - other.interval.low, abs=1e-12)


def test_more_validation_narrows_lang_reiczigel_towards_known_rates():
    widths = []
    for size in (100, 1_000, 10_000, 10**9):
        ends = lang_reiczigel(2_590, 10_000, size * 9 // 10, size, size * 19 // 20, size).interval
        widths.append(ends.high - ends.low)
    assert widths == sorted(widths, reverse=True)
    known = rogan_gladen(2_590, 10_000, 0.9, 0.95, interval="wilson").interval
    assert widths[-1] == pytest.approx(known.high - known.low, rel=1e-3)


@pytest.mark.parametrize(
    ("specificity", "validation"), [(0.99, 200), (0.99, 2_000), (0.999, 2_000), (0.9, 200)]
)
def test_lang_reiczigel_covers_the_planted_share_within_the_band_of_the_method_sheet(specificity, validation):
    share, sensitivity, n, runs = 0.05, 0.95, 2_000, 1_000
    draw = np.random.default_rng(20_260_108)
    apparent = share * sensitivity + (1 - share) * (1 - specificity)
    covered = 0
    for _ in range(runs):
        flags, hits, rejections = (
            int(draw.binomial(size, chance))
            for size, chance in ((n, apparent), (200, sensitivity), (validation, specificity))
        )
        covered += lang_reiczigel(flags, n, hits, 200, rejections, validation).interval.contains(share)
    assert 0.93 <= covered / runs <= 0.99


# --- hostile input ---


@pytest.mark.parametrize(("sensitivity", "specificity"), [(0.5, 0.5), (0.9, 0.1), (0.2, 0.3), (0, 1)])
def test_labels_no_better_than_chance_are_refused(sensitivity, specificity):
    with pytest.raises(StatsError):
        rogan_gladen(23, 150, sensitivity, specificity)


@pytest.mark.parametrize("validation", [(50, 100, 50, 100), (0, 10, 10, 10), (1, 1, 1, 100)])
def test_validation_that_shows_no_better_than_chance_is_refused(validation):
    # The last one is above chance at its plain rates, not at the adjusted ones that the interval rests on.
    with pytest.raises(StatsError):
        lang_reiczigel(23, 150, *validation)


@pytest.mark.parametrize("rate", [-0.01, 1.01, 96, float("nan"), float("inf"), "0.9", None, 1j])
def test_a_rate_outside_0_to_1_is_refused_by_name(rate):
    with pytest.raises(StatsError) as refusal:
        rogan_gladen(23, 150, rate, 0.9)
    assert "sensitivity" in refusal.value.what
    for ask in (lambda: rogan_gladen(23, 150, 0.9, rate), lambda: distinguishable_from_zero(23, 150, rate)):
        with pytest.raises(StatsError) as refusal:
            ask()
        assert "specificity" in refusal.value.what


@pytest.mark.parametrize(("k", "n"), [(-1, 10), (11, 10), (0, 0), (1.0, 10), (1, None), (True, 10)])
def test_impossible_counts_are_refused_everywhere(k, n):
    for ask in (
        lambda: rogan_gladen(k, n, 0.9, 0.9),
        lambda: lang_reiczigel(k, n, 89, 100, 95, 100),
        lambda: lang_reiczigel(259, 1000, k, n, 95, 100),
        lambda: lang_reiczigel(259, 1000, 89, 100, k, n),
        lambda: distinguishable_from_zero(k, n, 0.9),
        lambda: specificity_where_all_could_be_errors(k, n),
    ):
        with pytest.raises(StatsError):
            ask()


def test_a_refused_validation_count_is_named():
    with pytest.raises(StatsError) as refusal:
        lang_reiczigel(259, 1000, 89, 100, 101, 100)
    assert "spec_hits" in refusal.value.what


def test_an_interval_that_is_not_offered_is_refused():
    with pytest.raises(StatsError):
        rogan_gladen(23, 150, 0.96, 0.89, interval="wald")


@pytest.mark.parametrize("level", [0, 1, 95, float("nan"), None])
def test_impossible_levels_are_refused(level):
    with pytest.raises(StatsError):
        rogan_gladen(23, 150, 0.96, 0.89, level=level)
    with pytest.raises(StatsError):
        lang_reiczigel(259, 1000, 89, 100, 95, 100, level)
