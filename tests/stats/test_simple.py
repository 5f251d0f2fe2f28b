"""Textbook intervals of a simple random sample, for comparison with published numbers.

Golden values: the method sheet on prevalence and `stats/golden.json` (two computations; R).
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.errors import StatsError
from perito.stats.simple import jeffreys, simple_total

GOLDEN = {"rel": 1e-9, "abs": 0}
repeatable = settings(derandomize=True, deadline=None)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (7, 1_500, 0.00208972815337, 0.00914068575032),
        (37, 5_000, 0.005299517478201505, 0.010069885919467553),
        (3_260, 5_000, 0.6387119446203815, 0.6651121391217784),
    ],
)
def test_jeffreys_gives_the_published_ends(k, n, low, high):
    found = jeffreys(k, n)
    assert (found.low, found.high) == (pytest.approx(low, **GOLDEN), pytest.approx(high, **GOLDEN))
    assert (found.level, found.method) == (0.95, "jeffreys")


@pytest.mark.parametrize(
    ("k", "total", "error"), [(37, 6_008.8, 981.242180542186), (3_260, 529_424, 5_453.6420981969)]
)
def test_the_total_and_its_error_are_those_of_r(k, total, error):
    found = simple_total(k, 5_000, 812_000)
    assert (found.value, found.standard_error) == (pytest.approx(total), pytest.approx(error, **GOLDEN))
    assert found.interval.high - found.value == pytest.approx(1.959963984540054 * error, **GOLDEN)
    assert found.interval.low + found.interval.high == pytest.approx(2 * total)


@given(st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@repeatable
def test_exchanging_the_classes_mirrors_jeffreys(sample):
    k, n = sample
    one, other = jeffreys(k, n), jeffreys(n - k, n)
    assert one.low == pytest.approx(1 - other.high, rel=1e-9, abs=1e-12)
    assert 0 < one.low < one.high < 1


def test_a_full_count_has_no_error():
    assert simple_total(3, 10, 10).standard_error == 0


@pytest.mark.parametrize(
    ("k", "n", "population"),
    [(-1, 10, 20), (11, 10, 20), (1, 1, 20), (1, 21, 20), (1.0, 10, 20), (1, 10, 1), (1, None, 20)],
)
def test_impossible_counts_are_refused(k, n, population):
    with pytest.raises(StatsError):
        simple_total(k, n, population)


@pytest.mark.parametrize(("k", "n"), [(-1, 10), (11, 10), (0, 0), (1.0, 10)])
def test_impossible_samples_are_refused(k, n):
    with pytest.raises(StatsError):
        jeffreys(k, n)


@pytest.mark.parametrize("level", [0, 1, 95, None])
def test_an_impossible_level_is_refused(level):
    for ask in (lambda: jeffreys(1, 10, level), lambda: simple_total(1, 10, 20, level)):
        with pytest.raises(StatsError):
            ask()
