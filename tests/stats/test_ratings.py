"""From a table of ratings to the outcomes that occur, and back."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.errors import StatsError
from perito.stats import ratings as ratings_module
from perito.stats.ratings import coded, distinct_rows, outcomes

repeatable = settings(derandomize=True, deadline=None)
tables = st.integers(2, 5).flatmap(
    lambda readers: st.lists(
        st.lists(st.sampled_from([0.0, 1.0, 2.5, None]), min_size=readers, max_size=readers),
        min_size=1,
        max_size=30,
    ).map(lambda items: [list(row) for row in zip(*items, strict=True)])
)


def counted(table):
    return [Counter(x for x in item if x is not None) for item in zip(*table, strict=True)]


@given(tables)
@repeatable
def test_the_outcomes_are_those_of_counting_each_item(table):
    if all(x is None for row in table for x in row):
        return
    found = outcomes(table)
    for item, labels in enumerate(counted(table)):
        row = found.labels[found.of_item[item]]
        assert {v: n for v, n in zip(found.values, row, strict=True) if n} == dict(labels)
    assert found.items.sum() == len(table[0])
    assert found.items.tolist() == np.bincount(found.of_item).tolist()


@given(tables, st.randoms(use_true_random=False))
@repeatable
def test_neither_the_order_of_the_items_nor_that_of_the_readers_matters(table, random):
    if all(x is None for row in table for x in row):
        return
    shuffled = [list(item) for item in zip(*table, strict=True)]
    random.shuffle(shuffled)
    for item in shuffled:
        random.shuffle(item)
    one, other = outcomes(table), outcomes([list(row) for row in zip(*shuffled, strict=True)])
    assert one.labels.tolist() == other.labels.tolist()
    assert one.items.tolist() == other.items.tolist()


def test_a_value_that_first_occurs_late_is_not_overlooked():
    row = np.zeros(3_000)
    row[2_500], row[2_900] = 7, -3
    values, codes = coded([row, row])
    assert values.tolist() == [-3, 0, 7]
    assert (values[codes] == [row, row]).all()


@pytest.mark.parametrize("base", [3, 50])
def test_distinct_rows_are_found_even_if_they_fill_more_than_one_key(base):
    draw = np.random.default_rng(1)
    pool = draw.integers(0, base, (60, 8))
    which = draw.integers(0, 8, 500)
    first, code, often = distinct_rows(pool[:, which], base)
    rows = [tuple(column) for column in pool[:, which].T]
    assert len(first) == len(set(rows))
    assert [rows[first[c]] for c in code] == rows
    assert often.tolist() == [Counter(rows)[rows[i]] for i in first]


def test_a_single_reader_is_refused_in_the_words_of_the_sheet():
    with pytest.raises(StatsError) as refusal:
        outcomes([[1, 0, 1]])
    assert "labelled once" in refusal.value.what


@pytest.mark.parametrize(
    "table",
    [
        [[None, None], [None, None]],
        [1, 0, 1],
        [[1, 0], [1]],
        [["a", "b"], ["a", "b"]],
        [[1, np.inf], [1, 0]],
        [],
        [[], []],
    ],
)
def test_what_is_no_table_of_ratings_is_refused(table):
    with pytest.raises(StatsError):
        outcomes(table)


def test_too_many_different_ratings_are_refused_before_they_fill_the_memory(monkeypatch):
    monkeypatch.setattr(ratings_module, "_LARGEST_TABLE", 20)
    with pytest.raises(StatsError) as refusal:
        outcomes([np.arange(10.0), np.arange(10.0)])
    assert "round" in refusal.value.remedy
