"""Families: connected groups, their representative, and how far they spread."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.match.clusters import families, families_of_hashes, family_numbers, spreads
from perito.match.hamming import HammingIndex

PAIRS = st.lists(
    st.tuples(st.integers(0, 19), st.integers(0, 19)).filter(lambda p: p[0] != p[1]), max_size=30
)


def by_hand(count, pairs):
    """Connected groups by merging sets."""
    groups = [{item} for item in range(count)]
    for one, other in pairs:
        a, b = (next(group for group in groups if item in group) for item in (one, other))
        if a is not b:
            groups.remove(b)
            a |= b
    ordered = sorted(groups, key=min)
    return [next(n for n, group in enumerate(ordered) if item in group) for item in range(count)]


@given(PAIRS)
def test_families_are_the_connected_groups_numbered_by_their_first_member(pairs):
    one, other = [p[0] for p in pairs], [p[1] for p in pairs]
    assert family_numbers(20, one, other).tolist() == by_hand(20, pairs)


@given(PAIRS)
def test_every_member_of_a_family_is_listed_once_and_alone_standing_items_never(pairs):
    found = families(20, [p[0] for p in pairs], [p[1] for p in pairs], [1] * len(pairs))
    listed = [member for family in found for member in family.members]
    assert len(listed) == len(set(listed))
    assert set(listed) == {item for pair in pairs for item in pair}
    assert sum(family.pairs for family in found) == len(pairs)


def test_the_representative_matches_the_most_and_lies_nearest():
    star = families(5, [2, 2, 2, 0], [0, 1, 4, 1], [9, 9, 9, 1])[0]
    assert star.representative == 2
    assert (star.members, star.pairs, star.largest_distance) == ((0, 1, 2, 4), 4, 9)
    pair = families(2, [0], [1], [3])[0]
    assert pair.representative == 0


def test_nothing_matched_gives_no_family():
    assert families(3, [], [], []) == []
    assert families(0, [], [], []) == []
    assert family_numbers(2, [], []).tolist() == [0, 1]


def test_spread_counts_accounts_and_takes_the_first_observation():
    found = families(4, [0, 1], [1, 2], [1, 1])
    spread = spreads(found, ["x:1", None, "x:1", "x:2"], [30, None, 10, 5])[0]
    assert (spread.members, spread.accounts, spread.first, spread.first_us, spread.last_us) == (
        3,
        1,
        2,
        10,
        30,
    )


@pytest.mark.parametrize("known", [None, [None, None]])
def test_what_is_not_known_is_not_zero(known):
    spread = spreads(families(2, [0], [1], [0]), known, known)[0]
    assert (spread.accounts, spread.first, spread.first_us, spread.last_us) == (None, None, None, None)


def test_many_families_are_quick_and_numbered_in_order():
    one = np.arange(0, 200_000, 2)
    found = families(200_000, one, one + 1, np.zeros(len(one), int))
    assert len(found) == 100_000
    assert [family.members for family in found[:2]] == [(0, 1), (2, 3)]


@given(st.lists(st.integers(0, 11), max_size=40), st.integers(0, 47))
def test_families_of_hashes_are_those_of_all_their_pairs(which, radius):
    kinds = np.unpackbits(np.random.default_rng(4).integers(0, 256, (12, 32), np.uint8), axis=1)
    kinds[6:] = kinds[:6]
    for kind in range(6):
        kinds[6 + kind, : 8 * kind] ^= 1
    hashes = np.packbits(kinds, axis=1)[which].reshape(-1, 32)
    pairs = HammingIndex(hashes).self_join(radius)
    assert families_of_hashes(hashes, radius) == families(len(hashes), *pairs)


def test_copies_of_one_hash_beyond_the_limit_of_pairs_are_one_family():
    hashes = np.zeros((30_000, 32), np.uint8)
    hashes[-1, 0] = 1
    (family,) = families_of_hashes(hashes)
    assert (len(family.members), family.pairs, family.largest_distance) == (30_000, 30_000 * 29_999 // 2, 1)
    assert family.representative == 0
