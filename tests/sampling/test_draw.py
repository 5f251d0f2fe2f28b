"""The draw: repeatable by hand, independent of the order of rows, uniform, and by size where asked."""

import hashlib
import subprocess
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import CaseError
from perito.sampling.draw import rank, ranked, smallest, with_chances

ITEMS = st.lists(
    st.text(min_size=1, max_size=6).map(lambda t: f"x:{t}"), min_size=1, max_size=30, unique=True
)


def test_a_rank_is_what_any_sha256_tool_gives():
    by_hand = subprocess.run(
        ["sh", "-c", "printf '%s\\n%s' seed x:17 | sha256sum"], capture_output=True, text=True, check=True
    )
    assert rank("seed", "x:17") == by_hand.stdout.split()[0]
    assert rank("seed", "x:17") == hashlib.sha256(b"seed\nx:17").hexdigest()


@given(ITEMS, st.randoms(use_true_random=False), st.data())
def test_the_same_items_are_drawn_whatever_the_order_of_the_rows(items, random, data):
    n = data.draw(st.integers(0, len(items)))
    shuffled = list(items)
    random.shuffle(shuffled)
    assert smallest("7", items, n) == smallest("7", shuffled, n)


@given(ITEMS, st.data())
def test_a_smaller_sample_is_the_beginning_of_a_larger_one(items, data):
    n = data.draw(st.integers(0, len(items)))
    assert smallest("7", items, n) == ranked("7", items)[:n]
    assert sorted(ranked("7", items)) == sorted(items)


def test_another_seed_draws_another_sample():
    items = [f"x:{at}" for at in range(100)]
    assert smallest("1", items, 20) != smallest("2", items, 20)


def test_more_than_there_are_cannot_be_drawn():
    with pytest.raises(CaseError) as caught:
        smallest("7", ["x:1", "x:2"], 3)
    assert (caught.value.expected, caught.value.found) == ("at most 2 labels", "3")


def test_every_item_is_drawn_about_equally_often():
    items = [f"x:{at}" for at in range(20)]
    drawn = Counter(one for seed in range(2000) for one in smallest(str(seed), items, 5))
    chi_square = sum((count - 500) ** 2 / 500 for count in drawn.values())
    assert len(drawn) == 20
    assert chi_square < 43.8  # the 99.9 % quantile at 19 degrees of freedom, 43.82


def test_items_are_drawn_in_proportion_to_their_size():
    sizes = {"x:a": 1, "x:b": 3, "x:c": 0, "x:d": 6}
    drawn = Counter(with_chances("7", list(sizes), list(sizes.values()), 20_000))
    assert drawn["x:c"] == 0
    for item, size in sizes.items():
        assert drawn[item] / 20_000 == pytest.approx(size / 10, abs=0.012)


def test_a_draw_by_size_can_be_repeated_with_exact_fractions():
    sizes = {"x:b": 10**15, "x:a": 3, "x:c": 7 * 10**14}
    drawn = with_chances("s", list(sizes), list(sizes.values()), 50)
    total = sum(sizes.values())
    for number, item in enumerate(drawn, start=1):
        place = Fraction(int(hashlib.sha256(f"s\ndraw={number}".encode()).hexdigest(), 16) * total, 2**256)
        below = sum(size for name, size in sizes.items() if name < item)
        assert below <= place < below + sizes[item]


@pytest.mark.parametrize("sizes", [[], [0, 0]])
def test_nothing_is_drawn_by_size_where_nothing_has_one(sizes):
    with pytest.raises(CaseError):
        with_chances("7", [f"x:{at}" for at in range(len(sizes))], sizes, 1)
