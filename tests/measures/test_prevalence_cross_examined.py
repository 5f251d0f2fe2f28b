"""What the other side's expert would try: numbers that must not be printed, and intervals that must hold."""

from fractions import Fraction

import numpy as np
import pytest
from scipy.special import gammainccinv, gammaincinv
from scipy.stats import norm

from perito.errors import StatsError
from perito.measures.sampled.estimates import Cell, exposure, stratified
from perito.measures.sampled.label_error import ErrorRates, corrected
from perito.stats.fay_feuer import load_share
from perito.stats.proportion import exact_total


def items(number, first=0):
    return [f"x:{at}" for at in range(first, first + number)]


def read_twice(own, hits=12, **design):
    """A simple sample of 100, every item read by two."""
    made = own(**design)
    made.draw(items(100))
    for reader, number in (("reader-1", "1"), ("reader-2", "2")):
        made.label(items(hits), "yes", annotator_id=reader, round=number)
        made.label(items(100 - hits, hits), "no", annotator_id=reader, round=number)
    return made


def audited(own, missed=0, **design):
    """A simple sample of 100: twelve first yes confirmed, 20 others read again, of which `missed` as yes."""
    made = own(**design)
    made.draw(items(100))
    made.label(items(12), "yes")
    made.label(items(88, 12), "no")
    made.twice(items(12), "yes")
    made.label(items(missed, 12), "yes", round="2", annotator_id="reader-2")
    made.label(items(20 - missed, 12 + missed), "no", round="2", annotator_id="reader-2")
    return made


def by_strata(own, **design):
    made = own(method="stratified", population=10_000, planned=200, **design)
    for position, (population, hits) in enumerate(((9_000, 1), (1_000, 10)), start=1):
        made.stratum(f"s{position}", population, position)
        drawn = items(100, 100 * position)
        made.draw(drawn, f"s{position}", method="stratified", stratum_population=population)
        for name in ("cats", "dogs"):
            for reader, number in (("reader-1", "1"), ("reader-2", "2")):
                made.label(drawn[:hits], "yes", annotator_id=reader, round=number, **{"class": name})
                made.label(drawn[hits:], "no", annotator_id=reader, round=number, **{"class": name})
    return made


def viewed(made, views=100):
    made.rows["engagement"] = [
        {
            "post_id": f"x:{at}",
            "platform": "x",
            "metric": "view",
            "value": views,
            "value_kind": "exact",
            "observed_at_us": 1,
            "observed_basis": "server_utc",
        }
        for at in range(100)
    ]
    return made


def refused(finding):
    assert finding.status == "cannot_say"
    assert not [value for value in finding.values if value.estimate is not None]
    return finding.plain(finding.reason, "en")


def said(finding):
    return " ".join(finding.plain(text, "en") for text in finding.conditions)


def counts(finding):
    return {value.name: value.estimate for value in finding.counts}


# ---------------------------------------------------------------- looks


def test_an_anytime_design_never_gets_an_interval_made_for_a_fixed_size(own, ask_own):
    assert "hold at every look" in refused(ask_own(audited(own, stopping="anytime"))).replace("holds", "hold")
    made = read_twice(own, stopping="anytime")
    made.known(100, 95, 1000, 999)
    assert "may stop at any time" in refused(ask_own(made))
    assert "may stop at any time" in refused(
        ask_own(viewed(read_twice(own, stopping="anytime")), ask="exposure")
    )
    assert (
        ask_own(read_twice(own, stopping="anytime")).values[0].interval.method.startswith("prior-posterior")
    )


def test_labels_looked_at_early_give_no_share_of_views(own, ask_own):
    made = viewed(read_twice(own))
    kept = set(items(50))
    made.rows["labels"] = [label for label in made.rows["labels"] if label["item_id"] in kept]
    assert "inspected before the planned size" in refused(ask_own(made, ask="exposure"))
    threshold = ask_own(made, ask="label-error").values[0]
    assert threshold.interval.method == "prior-posterior ratio, without replacement"
    assert "first of the draw" in said(ask_own(made))


def test_labels_older_than_the_registration_are_said_and_make_the_number_conditional(own, ask_own, table):
    made = read_twice(own)
    for label in made.rows["labels"][:3]:
        label["labelled_at_us"] = 1_769_999_999_999_999
    finding = ask_own(made)
    assert finding.status == "conditional"
    assert counts(finding)["early"] == 3
    assert ["registered before the first label", "no"] in table(finding, "design")
    assert ["registered before the first label", "yes"] in table(ask_own(read_twice(own)), "design")


# ---------------------------------------------------------------- what cannot be


def test_error_rates_that_could_not_have_given_so_many_positives_give_no_number_above_the_population(
    own, ask_own
):
    rates = {"label_error": "known-rates", "known_sensitivity": 0.7, "known_specificity": 0.95}
    assert "could not have given" in refused(ask_own(read_twice(own, hits=90), **rates))
    near = ask_own(read_twice(own, hits=66), **rates)
    assert near.numbers()["share"].interval.high == 1
    assert near.values[0].estimate <= 1000


def test_a_draw_by_views_gives_no_total_where_some_items_have_no_views(own, ask_own):
    basis = "every item counted; 500 views in all, {} items with unknown and {} with no views"
    for unknown, none in ((3, 0), (0, 90), (0, 0)):
        made = own(method="pps", weight="views", planned=50, population_basis=basis.format(unknown, none))
        made.draw(items(50), method="pps", size_measure=10.0, inclusion_prob=1 - (1 - 0.001) ** 50)
        made.label(items(20), "yes")
        made.label(items(30, 20), "no")
        made.twice(items(20), "yes")
        made.twice(items(30, 20), "no")
        if unknown or none:
            assert "could not have been sampled" in refused(ask_own(made))
            assert "could not have been sampled" in refused(ask_own(made, ask="claim", claim=3))
        else:
            assert ask_own(made).values[0].estimate == pytest.approx(400)
        assert ask_own(made, ask="exposure").values[0].estimate == pytest.approx(0.4)


# ---------------------------------------------------------------- further readings


def test_what_a_second_reading_found_and_nobody_settled_is_not_left_out_of_the_number(own, ask_own, table):
    made = audited(own, missed=2)
    assert "nobody has settled" in refused(ask_own(made))
    made.label(items(1, 12), "yes", round="3", annotator_id="reader-3")
    made.label(items(1, 13), "no", round="adjudication", annotator_id="judge")
    finding = ask_own(made)
    # One of 20 others that were read again is positive: it stands for 88/20 of the 100.
    assert finding.numbers()["share"].estimate == pytest.approx((12 + 88 / 20) / 100)
    assert [row[1:] for row in table(finding, "audit")] == [[12, 12, 12, 0, 0], [88, 20, 1, 19, 0]]


def test_readings_that_differ_where_every_item_was_read_twice_are_counted_and_bounded(own, ask_own, table):
    made = read_twice(own)
    for label in made.rows["labels"]:
        if label["item_id"] == "x:0" and label["round"] == "2":
            label["value"] = "no"
    finding = ask_own(made)
    assert counts(finding)["contested"] == 1
    assert [row[1] for row in table(finding, "bounds")] == [pytest.approx(110), pytest.approx(120)]
    assert [row[1] for row in table(ask_own(made, ask="rate"), "bounds")] == [
        pytest.approx(total / (31 * 1440)) for total in (110, 120)
    ]
    shares = [row[1] for row in table(ask_own(viewed(made), ask="exposure"), "bounds")]
    assert shares == [pytest.approx(0.11), pytest.approx(0.12)]


def test_agreement_that_no_interval_could_be_given_for_is_said(own, ask_own):
    assert "could not be held against" in said(ask_own(read_twice(own, hits=1, minimum_alpha=0.667)))
    assert "could not be held against" not in said(ask_own(read_twice(own, minimum_alpha=0.667)))


# ---------------------------------------------------------------- what stands beside a number


def test_the_elusion_count_stands_in_every_headline_of_a_stratified_sample(own, ask_own, table):
    made = by_strata(own)
    asked = ({}, {"ask": "share"}, {"ask": "rate"}, {"ask": "claim", "claim": 5}, {"ask": "label-error"})
    for parameters in asked:
        finding = ask_own(made, **parameters)
        for language in ("en", "es"):
            assert "{elusion_hits}" in finding.headline.template(language)
            assert "{elusion_read}" in finding.headline.template(language)
        assert (counts(finding)["elusion_read"], counts(finding)["elusion_hits"]) == (100, 1)
    several = ask_own(made, ask="classes", classes=["cats", "dogs"])
    assert [row[-2:] for row in table(several, "readings")] == [[100, 1], [100, 1]]


def test_classes_asked_about_together_show_the_agreement_on_each(own, ask_own, table):
    finding = ask_own(by_strata(own, minimum_alpha=0.667), ask="classes", classes=["cats", "dogs"])
    assert [row[1] for row in table(finding, "agreements")] == [1, 1]


def test_readers_who_do_not_agree_block_the_number_and_the_clauses_are_listed(own, ask_own):
    made = own(minimum_alpha=0.667)
    made.draw(items(100))
    made.label(items(50), "yes")
    made.label(items(50, 50), "no")
    made.label(items(75, 25), "yes", round="2", annotator_id="reader-2")
    made.label(items(25), "no", round="2", annotator_id="reader-2")
    reason = refused(ask_own(made))
    assert "«a cat»" in reason
    assert "«not a drawing»" in reason


def test_a_claim_is_tested_at_the_level_of_the_design(own, ask_own):
    claim = exact_total(12, 100, 1000).low - 1  # below the interval at 95 %, within the one at 99 %
    strict = ask_own(read_twice(own, level=0.99), ask="claim", claim=claim)
    assert "does not show" in strict.plain(strict.headline, "en")
    assert strict.numbers()["threshold"].estimate == pytest.approx(0.005)
    usual = ask_own(read_twice(own), ask="claim", claim=claim)
    assert "does not show" not in usual.plain(usual.headline, "en")


def test_a_claim_that_cannot_be_tested_still_counts_in_the_family(own, ask_own, table):
    made = read_twice(own)
    made.label(items(100), "no", **{"class": "dogs"})  # read once: its error is unknown
    claims = [{"class": "cats", "more_than": 70}, {"class": "dogs", "more_than": 1}]
    rows = table(ask_own(made, ask="claims", claims=claims), "claims")
    assert rows[0][4] == pytest.approx(2 * rows[0][3])
    assert rows[1][3:5] == [None, None]


# ---------------------------------------------------------------- flags of a classifier


def flags(own):
    made = own()
    made.rows["scores"] = [
        {"item_id": item, "class": "cats", "model_id": "m", "model_version": "1", "threshold": 0.5}
        | {"score": 0.9 if at < 259 else 0.1}
        for at, item in enumerate(items(1000))
    ]
    for first, positives in ((0, 20), (600, 20)):
        for value, start in (("yes", first), ("no", first + positives)):
            made.label(
                items(positives, start), value, role="validation", round="adjudication", annotator_id="ref"
            )
    return made


def test_corrected_flags_are_locked_to_the_book_that_their_error_was_measured_under(own, ask_own, table):
    asked = {"basis": "scores", "model_id": "m", "model_version": "1"}
    made = flags(own)
    for label in made.rows["labels"][:20]:
        label["value"] = "yes"
    made.rows["labels"] = [
        label
        for label in made.rows["labels"]
        if (label["item_id"] in set(items(40))) == (label["value"] == "yes")
    ]
    finding = ask_own(made, **asked)
    assert "a cat not a drawing" in finding.plain(finding.definition, "en")
    assert "rests on" in said(finding)
    assert [row[2] for row in table(finding, "rates")] == [20, 20]
    made.rows["labels"][0]["label_book_version"] = "2"
    assert "several label books" in refused(ask_own(made, **asked))


# ---------------------------------------------------------------- intervals


def test_the_share_of_a_load_is_the_gamma_interval_with_the_self_weighted_mean_load():
    loads, hits = np.array([10.0, 20] + [5] * 94), np.array([1, 1] + [0] * 94)
    share = loads / 500
    th, v, m = 0.06, 0.02**2 + 0.04**2, float((share**2).sum())
    found = load_share(hits, loads, 0.9)
    low = gammaincinv(th**2 / v, 0.05) * v / th
    high = gammainccinv((th + m) ** 2 / (v + m * m), 0.05) * (v + m * m) / (th + m)
    assert found.value == pytest.approx(th)
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high), rel=1e-12)


def test_loads_that_are_mostly_positive_are_turned_round_and_impossible_ones_refused():
    few, many = load_share([1, 0, 0], [1, 4, 5]), load_share([0, 1, 1], [1, 4, 5])
    assert many.value == pytest.approx(1 - few.value)
    assert many.interval.low == pytest.approx(1 - few.interval.high)
    nothing = load_share([0, 0, 0], [1, 4, 5])
    assert (nothing.value, nothing.interval.low) == (0, 0)
    assert load_share([1, 1], [1, 4]).interval.high == 1
    for hits, loads in (([2, 0], [1, 1]), ([1, 0], [-1, 2]), ([1, 0], [0, 0])):
        with pytest.raises(StatsError):
            load_share(hits, loads)


def test_the_share_of_views_holds_the_truth_where_a_few_items_have_most_of_the_views():
    rng = np.random.default_rng(5)
    views = np.floor(np.exp(rng.normal(3, 2, 50_000))).astype(int)
    positive = rng.random(len(views)) < 0.02
    truth = views[positive].sum() / views.sum()
    held = 0
    for _ in range(200):
        drawn = rng.integers(0, len(views), 1000)
        found = exposure(positive[drawn].astype(int), views[drawn].tolist(), [50.0] * 1000).share_at(0.95)
        held += found.interval.low <= truth <= found.interval.high
    assert held >= 0.95 * 200  # the linearised interval holds it in about 75 of 100


def test_label_error_taken_out_of_strata_keeps_the_level_where_the_score_is_blind_to_some():
    rng = np.random.default_rng(7)
    population, sizes = np.array([190_000, 8_000, 2_000]), np.array([1_100, 400, 500])
    shares = np.array([0.0006, 0.01, 0.4])  # of positives, by stratum: some hide in the lowest
    truth = float((population * shares).sum() / population.sum())
    held = 0
    for _ in range(200):
        hits = rng.binomial(sizes, shares * 0.95 + (1 - shares) * 0.0001)
        cells = [
            Cell(Fraction(int(held_), int(population.sum())), int(n), int(k), int(held_))
            for held_, n, k in zip(population, sizes, hits, strict=True)
        ]
        found_, kept = int(rng.binomial(200, 0.95)), int(rng.binomial(20_000, 0.9999))
        rates = ErrorRates(200, 200, found_, 20_000, 20_000, kept)
        ends = corrected(stratified(cells, int(population.sum())), rates).share_at(0.95).interval
        held += ends.low <= truth <= ends.high
    assert held >= 0.93 * 200  # on the effective size of the variance alone: about 170


def test_the_corrected_interval_of_strata_is_never_narrower_than_that_of_its_effective_size():
    cells = [Cell(Fraction(9, 10), 900, 2, 90_000), Cell(Fraction(1, 10), 300, 60, 10_000)]
    made, rates = stratified(cells, 100_000), ErrorRates(500, 500, 490, 50_000, 50_000, 49_990)
    ends = corrected(made, rates).share_at(0.95).interval
    size, share = made.effective_size, made.share_at(0.95).value
    reach = norm.ppf(0.975) * (share * (1 - share) / size) ** 0.5
    assert ends.high - ends.low > 2 * reach
