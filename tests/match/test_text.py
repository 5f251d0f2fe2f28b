"""Families of texts: equal to brute force, independent of order, and quick on great numbers of copies."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.errors import StatsError
from perito.match.text import bands, families, normalised, similarity, skeleton

ALPHABET = "abcdefgh áñ"


def by_brute_force(texts, threshold):
    """Connected groups of all pairs that are alike, numbered by their first text."""
    parents = list(range(len(texts)))

    def root(text):
        while parents[text] != text:
            text = parents[text]
        return text

    for i in range(len(texts)):
        for j in range(i):
            if similarity(texts[i], texts[j]) >= threshold:
                a, b = sorted((root(i), root(j)))
                parents[b] = a
    numbers = {}
    return [numbers.setdefault(root(text), len(numbers)) for text in range(len(texts))]


def edited(text, draw, changes):
    characters = list(text)
    for _ in range(changes):
        characters[draw.randrange(len(characters))] = draw.choice(ALPHABET)
    return "".join(characters)


def planted(number, copies, seed):
    """Random texts, each followed by copies with ever more changed letters."""
    draw = random.Random(seed)
    texts = []
    for _ in range(number):
        text = "".join(draw.choice(ALPHABET) for _ in range(draw.randint(60, 140)))
        texts += [text, *(edited(text, draw, changes) for changes in range(1, copies + 1))]
    draw.shuffle(texts)
    return texts


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.9])
def test_families_are_those_of_brute_force(threshold):
    texts = planted(12, 6, seed=3)
    assert families(texts, threshold).tolist() == by_brute_force(texts, threshold)


def test_pairs_just_above_the_threshold_are_found():
    draw = random.Random(5)
    pairs = []
    while len(pairs) < 300:
        text = "".join(draw.choice(ALPHABET) for _ in range(120))
        other = edited(text, draw, 4)
        if 0.7 <= similarity(text, other) < 0.75:
            pairs.append((text, other))
    found = families([text for pair in pairs for text in pair]).reshape(-1, 2)
    assert (found[:, 0] == found[:, 1]).mean() >= 0.99


@given(st.lists(st.text(ALPHABET, max_size=14), max_size=12), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_texts_changes_no_family(texts, draw):
    order = list(range(len(texts)))
    draw.shuffle(order)
    one, other = families(texts), families([texts[place] for place in order])
    together = one[:, None] == one[None, :]
    assert np.array_equal(together[np.ix_(order, order)], other[:, None] == other[None, :])


def test_ten_thousand_variants_of_one_text_are_one_family_without_all_pairs():
    draw = random.Random(7)
    text = "".join(draw.choice(ALPHABET) for _ in range(200))
    variants = [f"{text} {number:05}" for number in range(10_000)]
    assert families(variants).max() == 0


def test_numbers_follow_the_first_text_of_each_family():
    found = families(["a whole sentence", "another one, quite", "a whole sentence", "and a third thing"])
    assert found.tolist() == [0, 1, 0, 2]
    assert found.dtype == np.int64


def test_short_texts_are_of_one_family_only_when_they_are_equal():
    assert families(["abcd", "abcd", "abce", ".", "."]).tolist() == [0, 0, 1, 2, 2]


def test_missing_texts_are_like_no_other():
    assert families([None, "", None]).tolist() == [0, 1, 2]


def test_compatibility_forms_are_compared_in_one_form():
    assert families(["ﬁne words here", "fine words here"]).tolist() == [0, 0]
    assert normalised("\uff21") == "A"


def test_letters_of_another_script_are_another_text_until_the_skeleton_is_taken():
    latin, mixed = "please pay here today", "рlеаsе рау hеrе tоdау"  # noqa: RUF001  (that is the point)
    assert families([latin, mixed]).tolist() == [0, 1]
    assert families([skeleton(latin), skeleton(mixed)]).tolist() == [0, 0]


def test_nothing_gives_no_families():
    assert families([]).tolist() == []


def test_half_a_surrogate_pair_and_astral_signs_are_read_as_code_points():
    assert families(["\ud83d word word", "\ud83d word word", "😀😀😀😀😀😀", "😀😀😀😀😀"]).tolist() == [
        0,
        0,
        1,
        1,
    ]


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.01, float("nan")])
def test_a_similarity_that_cannot_be_is_refused(threshold):
    with pytest.raises(StatsError):
        families(["a"], threshold)


def test_what_is_no_text_is_refused_by_its_place():
    with pytest.raises(StatsError, match="item 1"):
        families(["a", 5])


@pytest.mark.parametrize("threshold", [0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.95, 1.0])
def test_bands_find_a_pair_at_the_threshold_nearly_always(threshold):
    number, rows = bands(threshold)
    assert number * rows <= 128
    assert rows == 1 or 1 - (1 - threshold**rows) ** number >= 0.995


def test_posts_without_words_are_no_copies_of_one_another():
    assert families(["", "  ", "", "\u3000", None, "ok", "ok"]).tolist() == [0, 1, 2, 3, 4, 5, 5]
    assert similarity("", "") == 0.0
