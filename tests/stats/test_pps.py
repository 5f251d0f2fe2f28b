"""Totals from draws with unequal chances: R's numbers, every possible sample, and impossible chances.

Golden values: R 4.2.2, survey 4.1.1 on forty counties of the 2004 US election drawn in proportion to their
votes (method sheet on prevalence, `stats/golden.json`). The joint chances behind R's Horvitz-Thompson and
Yates-Grundy errors are not in the file; these two are held by enumeration here. (With R's own table of joint
chances both agree with R on all six printed numbers.)
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from perito.errors import StatsError
from perito.stats.pps import hansen_hurwitz, pps_total

TOTALS = {"Bush": 64_518_472.38, "Kerry": 51_202_102.1, "Nader": 478_530.52}
ERRORS = {
    "brewer": {"Bush": 2_447_628.89, "Kerry": 2_450_786.54, "Nader": 102_420.24},
    "hartley-rao": {"Bush": 2_624_661.64, "Kerry": 2_525_222.46, "Nader": 102_793.04},
    "with replacement": {"Bush": 2_671_455.06, "Kerry": 2_679_432.92, "Nader": 105_302.69},
}


# --- golden values ---


@pytest.mark.shared
@pytest.mark.parametrize("name", TOTALS)
def test_with_replacement_total_and_error_are_those_of_r(survey, name):
    table = survey("election_pps")
    found = hansen_hurwitz(table.number(name), table.number("p") / 40)
    assert found.value == pytest.approx(TOTALS[name], abs=0.05)
    assert found.standard_error == pytest.approx(ERRORS["with replacement"][name], abs=6e-3)
    assert found.degrees_of_freedom == 39


@pytest.mark.shared
@pytest.mark.parametrize("name", TOTALS)
def test_brewers_error_is_that_of_r(survey, name):
    table = survey("election_pps")
    found = pps_total(table.number(name), table.number("p"))
    assert found.value == pytest.approx(TOTALS[name], abs=0.05)
    assert found.standard_error == pytest.approx(ERRORS["brewer"][name], abs=6e-3)


@pytest.mark.shared
@pytest.mark.parametrize("name", TOTALS)
def test_the_error_of_hartley_and_rao_is_that_of_r(survey, name):
    # R was given the sum over all counties, which the file does not hold: it follows from one of the three
    # errors, and has to give the two others.
    table = survey("election_pps")
    found = pps_total(table.number(name), table.number("p"), "hartley-rao", sum_of_squares=4.12841091)
    assert found.standard_error == pytest.approx(ERRORS["hartley-rao"][name], abs=1e-2)


# --- every possible sample ---


def every_sample(chances):
    """A design of two out of four, given by the chance of every pair: its single and joint chances."""
    joint = np.zeros((4, 4))
    for (i, j), chance in chances.items():
        joint[i, j] = joint[j, i] = chance
    np.fill_diagonal(joint, joint.sum(axis=1))
    return np.diagonal(joint), joint


PAIRS = dict(zip(itertools.combinations(range(4), 2), (0.25, 0.1, 0.2, 0.15, 0.2, 0.1), strict=True))
Y = np.array([3.0, 8.0, 1.0, 5.0])


@pytest.mark.parametrize("variance", ["horvitz-thompson", "yates-grundy"])
def test_with_joint_chances_total_and_variance_are_unbiased(variance, monkeypatch):
    single, joint = every_sample(PAIRS)
    totals, variances = [], []
    for pair in PAIRS:
        chosen = np.ix_(pair, pair)
        try:
            found = pps_total(Y[list(pair)], single[list(pair)], variance, joint=joint[chosen])
            totals.append(found.value)
            variances.append(found.standard_error**2)
        except StatsError as refusal:  # below 0: the estimate is refused, yet part of the average
            totals.append((Y[list(pair)] / single[list(pair)]).sum())
            variances.append(float(refusal.found))
    chances = list(PAIRS.values())
    mean = np.average(totals, weights=chances)
    assert mean == pytest.approx(Y.sum(), rel=1e-12)
    spread = np.average((np.array(totals) - mean) ** 2, weights=chances)
    assert np.average(variances, weights=chances) == pytest.approx(spread, rel=1e-4)


def test_over_all_draws_hansen_hurwitz_is_unbiased():
    chance = np.array([0.1, 0.4, 0.2, 0.3])
    totals, variances, weights = [], [], []
    for draws in itertools.product(range(4), repeat=3):
        found = hansen_hurwitz(Y[list(draws)], chance[list(draws)])
        totals.append(found.value)
        variances.append(found.standard_error**2)
        weights.append(chance[list(draws)].prod())
    assert np.average(totals, weights=weights) == pytest.approx(Y.sum(), rel=1e-12)
    spread = np.average((np.array(totals) - Y.sum()) ** 2, weights=weights)
    assert np.average(variances, weights=weights) == pytest.approx(spread, rel=1e-10)


@pytest.mark.parametrize("variance", ["brewer", "hartley-rao", "horvitz-thompson", "yates-grundy"])
def test_with_equal_chances_every_variance_is_that_of_a_simple_random_sample(variance):
    n, population = 3, 12
    y = [4.0, 9.0, 2.0]
    joint = np.full((n, n), n * (n - 1) / (population * (population - 1)))
    np.fill_diagonal(joint, n / population)
    sums = population * (n / population) ** 2
    found = pps_total(y, [n / population] * n, variance, joint=joint, sum_of_squares=sums)
    simple = population**2 * (1 - n / population) * np.var(y, ddof=1) / n
    # Hartley and Rao's joint chances are an approximation of the order 1/N.
    tolerance = {"rel": 0.1} if variance == "hartley-rao" else {"rel": 1e-12}
    assert found.standard_error**2 == pytest.approx(simple, **tolerance)


def test_without_the_population_hartley_and_rao_estimate_its_sum_of_squares():
    y, chance = [4.0, 9.0, 2.0], [0.3, 0.6, 0.1]
    estimated = pps_total(y, chance, "hartley-rao")
    assert estimated == pps_total(y, chance, "hartley-rao", sum_of_squares=math.fsum(chance))


def test_a_quantity_in_proportion_to_the_chances_has_no_error():
    chance = np.array([0.1, 0.25, 0.05])
    assert hansen_hurwitz(40 * chance, chance).standard_error == pytest.approx(0, abs=1e-12)
    assert pps_total(40 * chance, chance).standard_error == pytest.approx(0, abs=1e-12)


# --- hostile input ---


@pytest.mark.parametrize("chance", [0, -0.1, 1.1, 1e-320, None, float("nan")])
def test_a_chance_outside_its_range_is_refused_and_shown(chance):
    for ask in (lambda: hansen_hurwitz([1, 2], [0.5, chance]), lambda: pps_total([1, 2], [0.5, chance])):
        with pytest.raises(StatsError) as refusal:
            ask()
        assert "[1] = " in refusal.value.found


@pytest.mark.parametrize(("y", "chance"), [([1], [0.5]), ([1, 2], [0.5]), ([], []), ([1, None], [0.5, 0.5])])
def test_columns_that_hold_no_sample_are_refused(y, chance):
    for ask in (lambda: hansen_hurwitz(y, chance), lambda: pps_total(y, chance)):
        with pytest.raises(StatsError):
            ask()


def test_an_unknown_variance_is_refused_with_the_known_ones():
    with pytest.raises(StatsError) as refusal:
        pps_total([1, 2], [0.5, 0.5], "sen")
    assert "yates-grundy" in refusal.value.expected


def test_a_variance_that_needs_joint_chances_says_so():
    with pytest.raises(StatsError) as refusal:
        pps_total([1, 2], [0.5, 0.5], "yates-grundy")
    assert "joint" in refusal.value.expected


@pytest.mark.parametrize(
    "joint",
    [
        [[0.5, 0.3], [0.3, 0.4]],
        [[0.5, 0.6], [0.6, 0.5]],
        [[0.5, 0.0], [0.0, 0.5]],
        [[0.5, 0.3], [0.2, 0.5]],
        [[0.5, 0.3, 0.1], [0.3, 0.5, 0.1]],
        [[0.5, 0.3]],
        [[0.5, None], [0.3, 0.5]],
        [0.5, 0.5],
    ],
)
def test_joint_chances_that_fit_no_design_are_refused(joint):
    with pytest.raises(StatsError):
        pps_total([1, 2], [0.5, 0.5], "yates-grundy", joint=joint)


@pytest.mark.parametrize("squares", [0.4, -1, None, float("nan")])
def test_squared_chances_smaller_than_those_of_the_sample_are_refused(squares):
    if squares is None:
        assert pps_total([1, 5], [0.5, 0.6], "hartley-rao").value == pytest.approx(1 / 0.5 + 5 / 0.6)
        return
    with pytest.raises(StatsError):
        pps_total([1, 5], [0.5, 0.6], "hartley-rao", sum_of_squares=squares)


def test_a_variance_below_zero_is_refused_not_printed():
    joint = [[0.5, 0.01], [0.01, 0.5]]
    with pytest.raises(StatsError) as refusal:
        pps_total([1, 1], [0.5, 0.5], "horvitz-thompson", joint=joint)
    assert "brewer" in refusal.value.remedy


@pytest.mark.parametrize("level", [0, 1, 95, None])
def test_an_impossible_level_is_refused(level):
    for ask in (hansen_hurwitz, pps_total):
        with pytest.raises(StatsError):
            ask([1, 2], [0.5, 0.5], level=level)
