"""The values that estimators take and give back."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import perito.stats
from perito.errors import StatsError
from perito.stats import interval as interval_module
from perito.stats import proportion
from perito.stats.interval import Comparison, Estimate, Interval, as_written, half_alpha, whole_count

PACKAGE = Path(interval_module.__file__).parents[1]

# The package's own __init__ is left out: it is the cost of this module alone that is looked at.
IMPORT_ALONE = """
import sys, types
package = types.ModuleType("perito")
package.__path__ = [sys.argv[1]]
sys.modules["perito"] = package
import perito.stats.interval
print(sorted({"numpy", "scipy"} & set(sys.modules)))
"""


def test_importing_the_value_objects_loads_neither_numpy_nor_scipy():
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALONE, str(PACKAGE)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_value_objects_are_the_same_classes_wherever_they_are_imported_from():
    for name in ("Comparison", "Estimate", "Interval"):
        assert getattr(perito.stats, name) is getattr(interval_module, name) is getattr(proportion, name)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (Interval(0.1, 0.2, 0.95, "wilson"), "low"),
        (Estimate(0.1, None), "value"),
        (Comparison(0.1, Interval(0.0, 0.2, 0.95, "newcombe"), 0.03), "p_exact"),
    ],
)
def test_a_result_cannot_be_changed_after_the_fact(value, field):
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, field, 0.5)


def test_results_with_equal_numbers_are_equal_and_hash_alike():
    one, other = (Estimate(0.15, Interval(0.1, 0.2, 0.95, "wilson")) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert one != Estimate(0.15, Interval(0.1, 0.2, 0.95, "clopper-pearson"))


@pytest.mark.parametrize(("value", "inside"), [(6, True), (20, True), (35, True), (5, False), (36, False)])
def test_both_ends_belong_to_an_interval(value, inside):
    assert Interval(6, 35, 0.95, "exact-hypergeometric").contains(value) is inside


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
def test_half_alpha_is_the_exact_decimal_half_of_what_the_level_leaves(level):
    assert half_alpha(level) == (1 - Fraction(str(level))) / 2


@given(st.integers(1, 999_999))
@settings(derandomize=True, deadline=None)
def test_a_decimal_and_its_complement_add_up_to_exactly_one(millionths):
    share = Fraction(millionths, 1_000_000)
    assert as_written(float(share)) + as_written(float(1 - share)) == 1


@pytest.mark.parametrize("level", [0, 1, 0.0, 1.0, -0.1, 95, 10**400, float("nan"), "0.95", None, True, 1j])
def test_a_level_that_is_no_share_between_0_and_1_is_refused(level):
    with pytest.raises(StatsError):
        half_alpha(level)


def test_a_level_written_in_per_cent_is_told_how_to_write_it():
    with pytest.raises(StatsError) as refusal:
        half_alpha(95)
    assert refusal.value.found == "95"
    assert "0.95" in refusal.value.remedy


@pytest.mark.parametrize("count", [5, np.int64(5), np.uint8(5)])
def test_whole_numbers_of_any_integer_type_become_plain_ints(count):
    assert type(whole_count("k", count)) is int
    assert whole_count("k", count) == 5


@pytest.mark.parametrize(
    "count",
    [
        -1,
        5.0,
        4.5,
        float("nan"),
        True,
        False,
        np.True_,
        "5",
        None,
        2**53 + 1,
        pytest.param(10**5_000, id="huge"),
    ],
)
def test_what_is_no_possible_count_is_refused_by_name(count):
    with pytest.raises(StatsError) as refusal:
        whole_count("posts", count)
    assert "posts" in refusal.value.what
    assert refusal.value.found


def test_a_refusal_stays_short_whatever_was_passed():
    with pytest.raises(StatsError) as refusal:
        whole_count("k", "9" * 100_000)
    assert len(str(refusal.value)) < 300


def test_a_refused_count_names_the_count_that_bounds_it():
    with pytest.raises(StatsError) as refusal:
        whole_count("k", 51, largest=("n", 50))
    assert "n = 50" in refusal.value.expected
    assert refusal.value.found == "51"
