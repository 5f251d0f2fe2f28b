"""Columns as they reach an estimator: what passes, and what a refusal says of the rest."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from perito.errors import StatsError
from perito.stats.columns import (
    columns_of,
    counts,
    groups,
    numbers,
    numbers_or_nan,
    one_of,
    rows_of,
    same_length,
)


@pytest.mark.parametrize(
    "values",
    [
        [1, 2.5],
        (True, 2.5),
        np.array([1, 2.5], dtype=np.float32),
        np.array([1, 2.5], dtype=object),
        [Fraction(1), 2.5],
    ],
)
def test_numbers_of_any_real_type_become_floats(values):
    found = numbers("y", values)
    assert found.dtype == np.float64
    assert found.tolist() == [1.0, 2.5]


@pytest.mark.parametrize("values", [["1", "2"], [1j], np.array(["2026-01-01"], dtype="datetime64[D]")])
def test_what_is_no_number_is_refused_by_the_name_of_its_column(values):
    with pytest.raises(StatsError) as refusal:
        numbers("weights", values)
    assert "weights" in refusal.value.what


@pytest.mark.parametrize("hole", [None, float("nan"), float("inf"), 10**400, Decimal(1)])
def test_missing_and_impossible_numbers_are_counted_and_shown_with_their_place(hole):
    with pytest.raises(StatsError) as refusal:
        numbers("y", [1.0, hole, 2.0, hole])
    assert refusal.value.found.startswith("2 of 4: [1] = ")
    assert "[3]" in refusal.value.found


def test_a_refusal_shows_the_first_three_places_and_says_that_there_are_more():
    with pytest.raises(StatsError) as refusal:
        numbers("y", [float("nan")] * 20_000)
    assert refusal.value.found.startswith("20000 of 20000: [0] = nan, [1] = nan, [2] = nan")
    assert refusal.value.found.endswith("...")
    assert len(str(refusal.value)) < 300


def test_numbers_that_no_quantity_has_are_refused():
    assert numbers("y", [1e50, -1e50, 1e-300, 0]).tolist() == [1e50, -1e50, 1e-300, 0]
    with pytest.raises(StatsError) as refusal:
        numbers("y", [1.0, 1e51])
    assert "[1] = 1e+51" in refusal.value.found


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_a_column_or_a_table_may_be_asked_for(shape):
    assert numbers("n", np.ones(shape), dimensions=None).shape == shape
    with pytest.raises(StatsError):
        numbers("n", np.ones((1, 1, 1)), dimensions=None)


@pytest.mark.parametrize("name", ["nominla", "x", None, 3, ["nominal"], np.array(["nominal", "ordinal"])])
def test_an_unknown_name_is_refused_with_the_known_ones(name):
    one_of("unknown metric", "nominal", ["nominal", "ordinal"])
    with pytest.raises(StatsError) as refusal:
        one_of("unknown metric", name, ["nominal", "ordinal"])
    assert refusal.value.expected == "nominal or ordinal"
    assert ("nominal" in refusal.value.remedy) == isinstance(name, str)


@pytest.mark.parametrize("values", [[], 5, [[1, 2]], [[1], [2, 3]], None])
def test_what_is_no_column_is_refused(values):
    for check in (numbers, counts):
        with pytest.raises(StatsError) as refusal:
            check("y", values)
        assert "y" in refusal.value.what


def test_a_table_is_refused_where_a_column_of_another_shape_is_wanted():
    assert numbers("joint", [[1, 2]], dimensions=2).shape == (1, 2)
    with pytest.raises(StatsError):
        numbers("joint", [1, 2], dimensions=2)


def test_missing_entries_stay_missing_where_they_are_allowed():
    found = numbers_or_nan("ratings", [[1, None], [0, 1]], dimensions=2)
    assert np.isnan(found).tolist() == [[False, True], [False, False]]


@pytest.mark.parametrize(
    "values", [[1, 4], np.array([1, 4], dtype=np.uint8), np.array([1, 4], dtype=object), [np.int64(1), 4]]
)
def test_counts_of_any_whole_type_become_whole_numbers(values):
    found = counts("k", values)
    assert found.dtype == np.int64
    assert found.tolist() == [1, 4]


@pytest.mark.parametrize(
    "values",
    [
        [1, -1],
        [1, 2.0],
        [1, None],
        [1, float("nan")],
        [1, "2"],
        [True, False],
        [1, 2**53 + 1],
        [1, 2**70],
        np.array([1, -1], dtype=object),
    ],
)
def test_what_is_no_count_is_refused_by_the_name_of_its_column(values):
    with pytest.raises(StatsError) as refusal:
        counts("posts", values)
    assert "posts" in refusal.value.what
    assert refusal.value.found


@pytest.mark.parametrize(
    ("column", "names", "codes"),
    [
        (["b", "a", "b"], ["a", "b"], [1, 0, 1]),
        ([7, 3, 7], [3, 7], [1, 0, 1]),
        ([7.5, 3.5, 7.5], [3.5, 7.5], [1, 0, 1]),
        ([("x", 2), ("x", 1), ("x", 2)], None, None),
        (np.array(["b", 3, "b"], dtype=object), [3, "b"], [1, 0, 1]),
        (np.array(["b", "a", "b"]), ["a", "b"], [1, 0, 1]),
        ([True, False, True], [False, True], [1, 0, 1]),
    ],
)
def test_groups_of_any_kind_are_numbered(column, names, codes):
    if names is None:  # pairs make a table, not a column
        with pytest.raises(StatsError):
            groups("strata", column, 3)
        return
    found, numbered = groups("strata", column, 3)
    assert (found, numbered.tolist()) == (names, codes)


def test_days_may_be_groups():
    days = [date(2026, 1, 8), date(2025, 12, 29), date(2026, 1, 8)]
    names, codes = groups("day", days, 3)
    assert (names, codes.tolist()) == ([days[1], days[0]], [1, 0, 1])


@pytest.mark.parametrize("hole", [None, float("nan"), "", 1j, ("a", "b"), b"a"])
def test_an_item_without_a_group_is_refused_and_counted(hole):
    column = np.empty(4, dtype=object)
    column[:] = "a"
    column[1] = column[3] = hole
    with pytest.raises(StatsError) as refusal:
        groups("clusters", column, 4)
    assert "clusters" in refusal.value.what
    assert refusal.value.found.startswith("2 of 4: [1]")


def test_columns_of_different_length_are_named_with_their_lengths():
    with pytest.raises(StatsError) as refusal:
        same_length(("y", np.zeros(3)), ("weights", np.zeros(2)))
    assert "'y'" in refusal.value.what
    assert "'weights'" in refusal.value.what
    assert refusal.value.found == "3 and 2"
    with pytest.raises(StatsError):
        groups("strata", ["a", "b"], 3)


def test_one_row_serves_many_and_a_row_that_does_not_fit_is_refused():
    assert rows_of("n", [5, 6], (2, 2)).tolist() == [[5, 6], [5, 6]]
    with pytest.raises(StatsError) as refusal:
        rows_of("n", [5, 6, 7], (2, 2))
    assert "(3,)" in refusal.value.found


def test_a_number_a_column_and_a_table_become_columns():
    assert [c.tolist() for c in columns_of("fpc", 7.0, 2)] == [[7.0, 7.0]]
    assert [c.tolist() for c in columns_of("fpc", [7.0, 8.0], 2)] == [[7.0, 8.0]]
    assert [c.tolist() for c in columns_of("fpc", [[1, 2], [3, 4]], 2)] == [[1, 3], [2, 4]]


@pytest.mark.parametrize("values", [[[[1]]], [[1], [2, 3]], "text", None])
def test_what_is_neither_column_nor_table_is_refused(values):
    with pytest.raises(StatsError):
        columns_of("clusters", values, 1)
