"""The text model: cross-fitted, the same on every run, refused where labels are too few; its AUC is exact."""

import json
import os
import random
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from perito.errors import CaseError
from perito.sampling.text_model import FEWEST, auc_with_interval, cross_fit

WORDS = ("casa", "calle", "tren", "lluvia", "mesa", "libro", "viento", "plaza", "noche", "puerta")


@pytest.fixture(scope="module")
def corpus():
    """400 short texts, a third of them with a telling word; all of them labelled."""
    draw = random.Random(3)
    texts, labels = {}, {}
    for at in range(400):
        words = draw.choices(WORDS, k=7)
        labels[f"x:{at}"] = at % 3 == 0
        texts[f"x:{at}"] = " ".join([*words, "gato"] if labels[f"x:{at}"] and at % 12 else words)
    return texts, labels


@pytest.fixture(scope="module")
def fitted(corpus):
    return cross_fit(*corpus, {}, "1")


def test_scores_are_shares_that_know_something(corpus, fitted):
    texts, labels = corpus
    assert set(fitted.scores) == set(texts)
    assert all(0 <= score <= 1 for score in fitted.scores.values())
    auc, low, high = auc_with_interval(fitted.scores, labels)
    assert 0.8 < low < auc < high <= 1


def test_the_same_input_gives_the_same_scores_in_any_order(corpus, fitted):
    texts, labels = corpus
    backwards = cross_fit(dict(reversed(texts.items())), dict(reversed(labels.items())), {}, "1")
    assert backwards.scores == fitted.scores
    assert backwards.fold_digest == fitted.fold_digest


def test_an_item_is_scored_by_a_model_that_did_not_see_its_label(corpus, fitted):
    texts, labels = corpus
    inside = [item for item in texts if fitted.folds[item] == 0]
    turned = {item: (not value if item in inside[:8] else value) for item, value in labels.items()}
    again = cross_fit(texts, turned, {}, "1")
    before = [fitted.scores[item] for item in inside]
    after = [again.scores[item] for item in inside]
    # All scores move together by the one step that sets their mean; within the fold nothing else changes.
    steps = np.log(np.array(after) / (1 - np.array(after))) - np.log(
        np.array(before) / (1 - np.array(before))
    )
    assert np.ptp(steps) < 0.02
    outside = [item for item in texts if fitted.folds[item] != 0]
    moved = [abs(again.scores[item] - fitted.scores[item]) for item in outside]
    assert max(moved) > 0.02


def test_threads_hash_seed_and_locale_change_no_digit(corpus, fitted, tmp_path):
    texts, labels = corpus
    (tmp_path / "in.json").write_text(json.dumps([texts, labels]), "utf-8")
    code = (
        "import json, sys; from perito.sampling.text_model import cross_fit;"
        "texts, labels = json.load(open(sys.argv[1], encoding='utf-8'));"
        "print(json.dumps(cross_fit(texts, labels, {}, '1').scores, sort_keys=True))"
    )
    surroundings = {"PYTHONHASHSEED": "17", "LC_ALL": "C", "OMP_NUM_THREADS": "1", "TZ": "Asia/Tokyo"}
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "in.json"],
        env={**os.environ, **surroundings},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == dict(fitted.scores)


def test_copies_of_a_text_lie_in_one_fold(corpus):
    texts, labels = corpus
    copies = {**texts, "x:copy": f"  {texts['x:7'].upper()} "}
    folds = cross_fit(copies, labels, {}, "1").folds
    assert folds["x:copy"] == folds["x:7"]


def test_the_mean_score_over_the_labelled_items_is_their_weighted_share(corpus):
    texts, labels = corpus
    weights = {item: 1.0 if value else 20.0 for item, value in labels.items()}
    scores = cross_fit(texts, labels, weights, "1").scores
    total = sum(weights.values())
    share = sum(weights[item] for item, value in labels.items() if value) / total
    assert sum(weights[item] * scores[item] for item in labels) / total == pytest.approx(share, abs=1e-4)


def test_items_without_words_have_no_score(corpus):
    texts, labels = corpus
    assert "x:empty" not in cross_fit({**texts, "x:empty": " \n"}, labels, {}, "1").scores


@pytest.mark.parametrize("turned", [False, True])
def test_too_few_of_either_side_are_refused_with_their_number(corpus, turned):
    texts, labels = corpus
    rare = [item for item, value in labels.items() if value is not turned][: FEWEST - 1]
    kept = {item: value for item, value in labels.items() if value is turned or item in rare}
    with pytest.raises(CaseError) as caught:
        cross_fit(texts, kept, {}, "1")
    assert caught.value.found == str(FEWEST - 1)
    assert ("negatives" if turned else "positives") in caught.value.what


def test_labels_of_items_without_words_do_not_count(corpus):
    texts, labels = corpus
    with pytest.raises(CaseError):
        cross_fit(dict.fromkeys(texts, ""), labels, {}, "1")


def test_one_text_copied_over_and_over_cannot_be_cross_fitted():
    texts = {f"x:{at}": "the same words" for at in range(100)}
    with pytest.raises(CaseError) as caught:
        cross_fit(texts, {item: at % 2 == 0 for at, item in enumerate(texts)}, {}, "1")
    assert "fold" in caught.value.what


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=2, max_size=25))
def test_the_auc_is_the_share_of_pairs_in_the_right_order(pairs):
    scores = {f"x:{at}": value / 10 for at, (value, _) in enumerate(pairs)}
    labels = {f"x:{at}": yes for at, (_, yes) in enumerate(pairs)}
    pos = [value for value, yes in pairs if yes]
    neg = [value for value, yes in pairs if not yes]
    if not pos or not neg:
        return
    expected = sum((p > n) + (p == n) / 2 for p in pos for n in neg) / (len(pos) * len(neg))
    auc, low, high = auc_with_interval(scores, labels)
    assert auc == pytest.approx(expected, abs=1e-12)
    assert 0 <= low <= auc <= high <= 1


def test_the_interval_of_the_auc_holds_the_true_one():
    """Binormal, d = 1: AUC = Phi(1 / sqrt 2). 400 samples of 40 and 120; a band of three standard errors."""
    draw, true, held = np.random.default_rng(5), norm.cdf(2**-0.5), 0
    for _ in range(400):
        values = np.concatenate([draw.normal(1, 1, 40), draw.normal(0, 1, 120)])
        scores = {str(at): value for at, value in enumerate(values)}
        _, low, high = auc_with_interval(scores, {str(at): at < 40 for at in range(160)})
        held += low <= true <= high
    assert 0.917 <= held / 400 <= 0.983
