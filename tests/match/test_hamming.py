"""Exact search: what comparing all with all finds, each pair once, in order, or an error; never less."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import all_pairs, flipped, joined, planted, rows

from perito.errors import CaseError, FormatError
from perito.match import HammingIndex, PdqHash
from perito.match.hamming import usual_radii


@pytest.mark.parametrize("radius", [0, 1, 7, 15, 16, 30, 31, 32, 40, 47])
def test_search_and_join_find_what_comparing_all_with_all_finds(radius):
    hashes = planted(1, 700, 500, 55)
    index = HammingIndex(hashes)
    assert rows(index.search(hashes[:150], radius)) == all_pairs(hashes[:150], hashes, radius)
    assert rows(index.self_join(radius)) == joined(hashes, radius)


@settings(max_examples=40)
@given(st.data())
def test_hashes_that_differ_in_clustered_bits_are_found(data):
    # All bits of a pair in few chunks, or spread evenly: the worst cases of the pigeonhole principle.
    seed = data.draw(st.integers(0, 10**6))
    rng = np.random.default_rng(seed)
    base = rng.integers(0, 256, (20, 32), np.uint8)
    spans = data.draw(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 48)), min_size=1, max_size=20))
    every = data.draw(st.sampled_from([1, 2, 8, 16]))
    copies = [
        flipped(base[number], (first + every * np.arange(length)) % 256)
        for number, (first, length) in enumerate(spans)
    ]
    hashes = np.concatenate([base, copies])
    index = HammingIndex(hashes)
    assert rows(index.search(hashes)) == all_pairs(hashes, hashes, 31)
    assert rows(index.self_join()) == joined(hashes, 31)


def test_every_planted_distance_up_to_31_is_found_among_many_and_none_beyond():
    hashes = planted(2, 100_000, 41 * 50)
    query, entry, distance = HammingIndex(hashes).self_join()
    assert np.bincount(distance).tolist() == [50] * 32
    assert (entry - query).tolist() == [100_000] * len(query)


def test_many_entries_with_one_chunk_in_common_are_searched_and_joined_exactly():
    hashes = planted(3, 60_000, 41 * 20)
    hashes[:, 0:2] = 9
    index = HammingIndex(hashes)
    want = joined_by_search = rows(index.self_join())
    assert len(want) >= 32 * 20 - 20
    assert rows(index.search(hashes[:30])) == all_pairs(hashes[:30], hashes, 31)
    assert joined_by_search[0][2] == 0


def test_a_mixture_of_heavy_and_light_hashes_is_joined_exactly(monkeypatch):
    from perito.match import hamming

    monkeypatch.setattr(hamming, "_USUAL_LEAST", 40)
    monkeypatch.setattr(hamming, "_USUAL_TIMES", 1)
    hashes = planted(4, 900, 800)
    hashes[::3, 0:24] = hashes[0, 0:24]
    index = HammingIndex(hashes)
    for radius in (7, 20, 31):
        assert rows(index.self_join(radius)) == joined(hashes, radius)
        assert rows(index.search(hashes[:90], radius)) == all_pairs(hashes[:90], hashes, radius)


def test_equal_hashes_are_all_found_each_under_its_own_number():
    rng = np.random.default_rng(5)
    hashes = planted(5, 200, 100)
    hashes = np.concatenate([hashes, hashes[rng.integers(0, 300, 130)]])
    index = HammingIndex(hashes)
    assert rows(index.search(hashes[:50])) == all_pairs(hashes[:50], hashes, 31)
    assert rows(index.self_join()) == joined(hashes, 31)


def test_hashes_that_begin_alike_are_not_taken_for_equal():
    hashes = np.zeros((300, 32), np.uint8)
    hashes[:, 31] = np.arange(300) % 7
    hashes[:, 9] = np.arange(300) % 3
    index = HammingIndex(hashes)
    assert rows(index.self_join(0)) == joined(hashes, 0)
    assert rows(index.self_join(2)) == joined(hashes, 2)


@pytest.mark.parametrize("entries", [0, 1, 2])
def test_the_smallest_indexes_answer(entries):
    hashes = planted(6, 2, 0)[:entries]
    index = HammingIndex(hashes)
    assert len(index) == entries
    assert rows(index.search(planted(6, 2, 0))) == all_pairs(planted(6, 2, 0), hashes, 31)
    assert rows(index.self_join()) == []
    assert rows(index.search(np.empty((0, 32), np.uint8))) == []


def test_one_query_answers_as_it_does_among_many():
    hashes = planted(7, 500, 300)
    index = HammingIndex(hashes)
    many = index.search(hashes)
    for number in (0, 17, 40, 700):
        own = many.query == number
        one = index.search(hashes[number])
        assert one.entry.tolist() == many.entry[own].tolist()
        assert set(one.query.tolist()) == {0}


def test_entries_can_be_added_one_by_one_and_many_at_once():
    hashes = planted(8, 400, 250)
    index = HammingIndex()
    cuts = [0, 1, 2, 3, 300, 310, 311, 640, 650]
    for start, stop in pairwise(cuts):
        assert index.add(hashes[start:stop]) == range(start, stop)
    assert len(index) == 650
    assert rows(index.search(hashes)) == all_pairs(hashes, hashes, 31)
    assert rows(index.self_join()) == joined(hashes, 31)
    assert rows(index.search(hashes)) == all_pairs(hashes, hashes, 31)


def test_an_addition_builds_no_more_than_its_share_again(monkeypatch):
    from perito.match import hamming

    built, original = [], hamming.built
    monkeypatch.setattr(
        hamming, "built", lambda given, numbers: built.append(len(given)) or original(given, numbers)
    )
    index = HammingIndex(planted(9, 5000, 0))
    before = index._segments[0]
    index.add(planted(10, 40, 0))
    assert built == [5000, 40]
    assert index._segments[0] is before


def test_the_order_is_by_query_then_distance_then_entry():
    hashes = planted(11, 300, 280)
    hashes = np.concatenate([hashes[::-1], hashes[:40], hashes[:40]])
    found = rows(HammingIndex(hashes).search(hashes, 40))
    assert found == sorted(found, key=lambda row: (row[0], row[2], row[1]))
    assert len(found) == len(set(found))


def test_the_caller_may_change_the_hashes_that_were_added():
    hashes = planted(12, 50, 0)
    index, before = HammingIndex(hashes), hashes.copy()
    hashes[:] = 0
    assert rows(index.search(before)) == all_pairs(before, before, 31)


def test_a_result_beyond_the_limit_is_an_error_and_nothing_is_cut_off():
    hashes = np.repeat(planted(13, 3, 0), 20, axis=0)
    for index in (HammingIndex(hashes, pair_limit=569), HammingIndex(hashes, pair_limit=59)):
        with pytest.raises(CaseError, match="more pairs"):
            index.self_join()
    assert len(HammingIndex(hashes, pair_limit=570).self_join().query) == 570
    with pytest.raises(CaseError, match="more pairs"):
        HammingIndex(hashes, pair_limit=19).search(hashes[0])
    near = planted(14, 1, 0) ^ np.eye(256, dtype=np.uint8).reshape(256, 8, 32).max(axis=1)
    with pytest.raises(CaseError, match="more pairs"):
        HammingIndex(near, pair_limit=10).self_join()
    with pytest.raises(CaseError, match="more pairs"):
        HammingIndex(near, pair_limit=10).search(near)


def test_work_beyond_the_limit_is_an_error():
    hashes = planted(15, 20_000, 0)
    index = HammingIndex(hashes, work_limit=5_000)
    with pytest.raises(CaseError, match="comparisons"):
        index.search(hashes)
    with pytest.raises(CaseError, match="comparisons"):
        index.self_join()
    assert len(index.search(hashes[:3]).query) == 3


def test_what_is_not_comparable_does_not_enter_an_index_of_pictures():
    good = PdqHash("a" * 64, 50)
    assert rows(HammingIndex.of([good, good]).self_join()) == [(0, 1, 0)]
    assert len(HammingIndex.of([])) == 0
    with pytest.raises(FormatError, match="hash 1"):
        HammingIndex.of([good, PdqHash("a" * 64, 49)])


@pytest.mark.parametrize(
    "hashes",
    [
        np.zeros((2, 31), np.uint8),
        np.zeros((2, 32), np.int64),
        np.zeros((2, 2, 32), np.uint8),
        np.zeros(0, np.uint8),
    ],
)
def test_an_array_of_another_shape_or_kind_is_refused(hashes):
    index = HammingIndex(planted(16, 3, 0))
    with pytest.raises(FormatError, match="n x 32"):
        index.add(hashes)
    with pytest.raises(FormatError, match="n x 32"):
        index.search(hashes)
    assert len(index) == 3


@pytest.mark.parametrize("radius", [-1, 48, 256])
def test_a_radius_out_of_range_is_refused(radius):
    with pytest.raises(FormatError, match="0 to 47"):
        HammingIndex(planted(17, 3, 0)).search(planted(17, 1, 0), radius)


@pytest.mark.parametrize("radius", range(48))
def test_the_radii_of_the_chunks_leave_no_gap(radius):
    assert (usual_radii(radius) + 1).sum() == radius + 1
    assert set(usual_radii(radius).tolist()) <= {-1, 0, 1, 2}


@pytest.mark.long
def test_a_million_entries_in_one_bucket_are_joined():
    hashes = planted(18, 1_000_000, 41 * 50)
    hashes[:, 4:6] = 1
    _, _, distance = HammingIndex(hashes).self_join()
    assert len(distance) >= 32 * 50
    assert distance.max() <= 31
