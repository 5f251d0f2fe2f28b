"""The model of Dawid and Skene: reference values, the likelihood by hand, and planted readers.

Golden values: the method sheet on labelling (labels and prevalence also crowd-kit 1.4.2) and
`stats/agree.json`, whose smoothing of 1e-10 limits the comparison to 1e-6.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from perito.errors import StatsError
from perito.stats import agreement
from perito.stats.dawid_skene import dawid_skene

SMALL = [[1, 1, 0, 0, 1, 0], [1, 1, 0, 0, 0, None], [1, 0, 0, 1, 0, 0]]


# --- golden values ---


@pytest.mark.shared
def test_three_kinds_of_english_ratings_give_the_reference_model(hatecheck):
    ratings, kinds = hatecheck
    chosen = np.isin(kinds, ["derog_impl_h", "counter_quote_nh", "target_obj_nh"])
    found = dawid_skene(ratings[:, chosen])
    assert chosen.sum() == 378
    assert found.prevalence == pytest.approx(0.370370370370370, rel=1e-12)
    assert (found.probabilities[:, 1] > 0.5).sum() == 140
    assert found.log_likelihood == pytest.approx(-336.985051721586, rel=1e-11)


@pytest.mark.shared
def test_the_first_thousand_english_ratings_give_the_reference_model(hatecheck):
    found = dawid_skene(hatecheck[0][:, :1_000])
    assert found.prevalence == pytest.approx(0.9770000000010666, abs=1e-6)
    assert found.log_likelihood == pytest.approx(-302.0523727770543, rel=1e-6)
    assert (found.probabilities[:, 1] > 0.5).sum() == 977


# --- what must hold ---


def by_hand(ratings, shares, confusion, values):
    """The log-likelihood of every label, item by item."""
    total = 0.0
    for item in zip(*ratings, strict=True):
        chance = 0.0
        for k, share in enumerate(shares):
            product = share
            for reader, label in enumerate(item):
                if label is not None:
                    product *= confusion[reader][k][list(values).index(label)]
            chance += product
        total += math.log(chance)
    return total


def test_the_log_likelihood_is_that_of_every_label():
    found = dawid_skene(SMALL)
    expected = by_hand(SMALL, found.shares, found.confusion, found.values)
    assert found.log_likelihood == pytest.approx(expected, rel=1e-9)


def test_shares_rows_and_probabilities_add_up_to_one():
    found = dawid_skene(SMALL)
    assert found.shares.sum() == pytest.approx(1)
    assert found.confusion.sum(axis=2) == pytest.approx(np.ones((3, 2)))
    assert found.probabilities.sum(axis=1) == pytest.approx(np.ones(6))
    assert found.prevalence == pytest.approx(found.probabilities[:, 1].mean(), abs=1e-5)


def test_the_result_reads_like_any_other_estimate():
    found = dawid_skene(SMALL)
    assert found.value == found.prevalence
    assert found.interval is None
    assert agreement.dawid_skene is dawid_skene


def test_the_order_of_the_items_changes_nothing():
    order = [4, 2, 5, 0, 1, 3]
    one, other = dawid_skene(SMALL), dawid_skene([[row[i] for i in order] for row in SMALL])
    assert other.log_likelihood == one.log_likelihood
    assert (other.probabilities == one.probabilities[order]).all()


def test_planted_shares_and_errors_are_found():
    draw = np.random.default_rng(20_260_108)
    truth = draw.random(20_000) < 0.05
    sensitivity, specificity = (0.95, 0.8, 0.9, 0.7, 0.85), (0.99, 0.95, 0.999, 0.98, 0.97)
    table = np.array(
        [
            np.where(truth, draw.random(20_000) < se, draw.random(20_000) > sp)
            for se, sp in zip(sensitivity, specificity, strict=True)
        ]
    ).astype(float)
    table[draw.random(table.shape) < 0.1] = np.nan
    found = dawid_skene(table)
    assert found.prevalence == pytest.approx(0.05, abs=0.005)
    # Compared with what the readers really did in this sample, which the model does not see.
    assert found.confusion[:, 1, 1] == pytest.approx(np.nanmean(table[:, truth], axis=1), abs=0.01)
    assert found.confusion[:, 0, 1] == pytest.approx(np.nanmean(table[:, ~truth], axis=1), abs=0.002)


def test_a_careless_reader_among_five_is_ranked_last():
    draw, ranked_last = np.random.default_rng(20_260_108), 0
    for _ in range(100):
        truth = draw.random(300) < 0.3
        table = np.array([truth ^ (draw.random(300) < 0.1) for _ in range(5)], dtype=float)
        table[2] = draw.random(300) < 0.5
        found = dawid_skene(table)
        youden = found.confusion[:, 1, 1] + found.confusion[:, 0, 0] - 1
        ranked_last += int(youden.argmin()) == 2
    assert ranked_last >= 99


def test_several_values_have_a_share_each():
    draw = np.random.default_rng(1)
    truth = draw.choice(3, 3_000, p=[0.6, 0.3, 0.1])
    wrong = draw.random((4, 3_000)) < 0.1
    table = np.where(wrong, draw.integers(0, 3, (4, 3_000)), truth) * 10.0
    found = dawid_skene(table)
    assert found.values.tolist() == [0, 10, 20]
    assert found.shares == pytest.approx([0.6, 0.3, 0.1], abs=0.03)
    assert found.prevalence == found.shares[2]


def test_items_and_readers_without_labels_say_nothing():
    base = dawid_skene(SMALL)
    rows = [[*row, None] for row in SMALL] + [[None] * 7]
    found = dawid_skene(rows)
    assert found.log_likelihood == base.log_likelihood
    assert found.shares.tolist() == base.shares.tolist()
    assert found.probabilities[6] == pytest.approx(found.shares)
    assert np.isnan(found.confusion[3]).all()


def test_a_value_that_a_reader_never_met_has_no_row():
    found = dawid_skene([[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, None, None]])
    assert np.isnan(found.confusion[2, 1]).all()
    assert found.confusion[2, 0].tolist() == [1, 0]
    assert found.log_likelihood == pytest.approx(4 * math.log(0.5))


# --- hostile input ---


@pytest.mark.parametrize("table", [[[1, 0, 1]], [[1, 1], [1, 1]], [[0, 0], [0, 0]], [[None], [None]], [1, 0]])
def test_labels_that_tell_nothing_of_the_readers_are_refused(table):
    with pytest.raises(StatsError):
        dawid_skene(table)


def test_a_model_that_does_not_settle_in_its_steps_is_refused():
    with pytest.raises(StatsError) as refusal:
        dawid_skene(SMALL, most_iterations=1)
    assert "most_iterations" in refusal.value.remedy
    with pytest.raises(StatsError):
        dawid_skene(SMALL, most_iterations=0)
