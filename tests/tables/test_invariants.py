"""Figures that cannot be true together, whoever published them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import MeasureError
from perito.schema import table
from perito.tables.invariants import CHECKED_TABLES, check_row

PAIRS = [
    ("counts", "value", "base"),
    ("counts", "base", "population"),
    ("counts", "share_numerator", "share_denominator"),
    ("draws", "stratum_sample", "stratum_population"),
]
FIGURE = st.none() | st.integers(0, 5)


@given(st.sampled_from(PAIRS), FIGURE, FIGURE)
def test_a_part_is_never_more_than_its_whole_and_what_is_not_said_is_not_compared(pair, part, whole):
    name, smaller, larger = pair
    if part is not None and whole is not None and part > whole:
        with pytest.raises(MeasureError) as caught:
            check_row(name, {smaller: part, larger: whole}, "a.csv (row=3)")
        assert "a.csv (row=3)" in str(caught.value)
        assert all(str(fact) in str(caught.value) for fact in (smaller, larger, part, whole))
    else:
        check_row(name, {smaller: part, larger: whole}, "a.csv (row=3)")


@given(FIGURE, FIGURE)
def test_a_window_ends_after_it_starts(start, end):
    values = {"window_start_us": start, "window_end_us": end}
    if start is not None and end is not None and end <= start:
        with pytest.raises(MeasureError, match="window"):
            check_row("counts", values, "a.csv (row=3)")
    else:
        check_row("counts", values, "a.csv (row=3)")


def test_the_same_names_in_another_table_mean_nothing():
    check_row("posts", {"value": 9, "base": 1}, "a.csv (row=3)")


def test_the_columns_that_are_compared_are_columns_of_the_tables():
    for name, smaller, larger in PAIRS:
        assert {smaller, larger} <= set(table(name).column_names)
    assert set(CHECKED_TABLES) == {name for name, _, _ in PAIRS}
