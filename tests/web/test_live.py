"""The live view: agreement as the estimators give it, an interval valid at every look, drift."""

import random

import pytest

from perito.stats import agreement
from perito.stats.sequential import without_replacement
from perito.web.conflicts import next_dispute, record_decision, record_look
from perito.web.events import Submission
from perito.web.labels import record_label
from perito.web.live import ItemState, agreement_of, live_views
from perito.web.queue import next_turn
from perito.web.review import book_in_force
from perito.web.settings import Settings
from perito.web.shares import more_in_all, more_items, share_of
from perito.web.svg import Mark, interval_chart


def read_all(review, person, answers):
    """The person reads item after item; `answers` gives the answer to each item number."""
    while (slot := next_turn(review, person).slot) is not None:
        given = Submission(f"key-{slot['slot_no']}-{person}", "1", {"advert": answers(slot["item_no"])})
        record_label(review, person, slot["slot_no"], given)


def view(review, aim=None):
    with review.base.reading() as connection:
        (found,) = live_views(connection, book_in_force(connection), aim)
    return found


@pytest.fixture
def round_(tmp_path, kit):
    """Forty of two hundred items read by two who differ on items 1 and 2; item 1 decided as positive."""
    review = kit.make_review(
        tmp_path, items=40, settings=Settings(golden_every=0, repeat_every=0, items_a_day=999)
    )
    people = {
        name: kit.add_person(review, name, role, kit.PASSWORD).id
        for name, role in (("ana", "reviewer"), ("ben", "reviewer"), ("dora", "adjudicator"))
    }
    read_all(review, people["ana"], lambda item: "yes" if item <= 12 else "no")
    read_all(review, people["ben"], lambda item: "yes" if 3 <= item <= 12 else "no")
    dora = people["dora"]
    number = next_dispute(review, dora).row["conflict_no"]
    record_look(review, dora, number, Submission("look-0001", "1", {"advert": "yes"}))
    record_decision(review, dora, number, Submission("decide-01", "1", {"advert": "yes"}))
    yield review
    review.close()


def test_agreement_is_that_of_the_estimators_over_the_blind_readings(round_):
    ratings = [[1] * 12 + [0] * 28, [0, 0] + [1] * 10 + [0] * 28]
    found = dict(view(round_).agreement)
    for name, measure in (
        ("alpha", agreement.krippendorff_alpha),
        ("positive", agreement.positive_agreement),
        ("raw", agreement.raw_agreement),
        ("contested", agreement.contested_share),
    ):
        expected = agreement.bootstrap_agreement(measure, ratings)
        assert found[name].value == pytest.approx(expected.value, abs=1e-12)
        assert found[name].interval.low <= found[name].value <= found[name].interval.high


def test_an_open_dispute_counts_as_none_below_and_as_a_positive_above(round_):
    share = view(round_).total
    assert (share.read, share.positives, share.open) == (40, 11, 1)
    low, high = (without_replacement(k, 40, 200).interval for k in (11, 12))
    assert share.estimate.interval.low == low.low / 200
    assert share.estimate.interval.high == high.high / 200
    assert share.estimate.value == 11 / 39


def test_contested_items_are_listed_with_the_state_of_their_dispute(round_):
    assert view(round_).contested == [("x:1", "decided"), ("x:2", "open")]


def test_a_low_alpha_is_said(round_):
    assert view(round_).is_too_low  # 38 of 40 agree, but the interval of alpha reaches below .667


def test_the_interval_of_the_whole_is_the_weighted_sum_of_the_strata(tmp_path, kit):
    made = [kit.make_item(number, stratum="low" if number <= 20 else "high") for number in range(1, 41)]
    design = kit.Design("d", {"low": 900, "high": 100}, method="stratified")
    review = kit.make_review(tmp_path, made=made, design=design)
    ana = kit.add_person(review, "ana", "reviewer", kit.PASSWORD).id
    ben = kit.add_person(review, "ben", "reviewer", kit.PASSWORD).id
    for person in (ana, ben):
        read_all(review, person, lambda item: "yes" if item > 20 else "no")
    found = view(review)
    ends = [without_replacement(k, 20, size, 0.975).interval for k, size in ((0, 900), (20, 100))]
    assert found.total.estimate.value == pytest.approx(0.1)
    assert found.total.estimate.interval.low == pytest.approx(sum(end.low for end in ends) / 1000)
    assert found.total.estimate.interval.high == pytest.approx(sum(end.high for end in ends) / 1000)
    assert [share.name for share in found.strata] == ["low", "high"]
    review.close()


def test_draws_in_proportion_to_size_get_no_interval_from_counts(tmp_path, kit):
    review = kit.make_review(tmp_path, items=4, design=kit.Design("d", {"all": 90}, method="pps"))
    ana = kit.add_person(review, "ana", "reviewer", kit.PASSWORD).id
    read_all(review, ana, lambda _: "yes")
    assert view(review).total.estimate is None
    review.close()


def test_before_the_first_label_nothing_is_claimed(review):
    found = view(review)
    assert (found.total.estimate, found.doubled, found.golden, found.contested) == (None, 0, [], [])
    assert all(isinstance(value, str) for _, value in found.agreement)


@pytest.mark.parametrize("positives", [3, 10, 40])
def test_after_so_many_more_items_the_interval_is_as_narrow_as_aimed_at(positives):
    more = more_items(positives, 100, 20_000, 0.95, 0.25)
    number = 100 + more
    share = positives / 100

    def half_width(n):
        ends = without_replacement(round(share * n), n, 20_000).interval
        return (ends.high - ends.low) / 2 / 20_000

    assert half_width(number) <= 0.25 * share
    assert half_width(number - max(3, number // 20)) > 0.25 * share
    assert more_items(positives, 100, 20_000, 0.95, 0.5) < more


def test_for_the_whole_the_items_are_shared_out_as_those_read_so_far():
    values = ["yes"] * 12 + ["no"] * 88
    strata = [share_of("a", values, 900, 0.975, 0.3), share_of("b", values, 4_000, 0.975, 0.3)]
    more = more_in_all(strata, 0.95, 0.3)

    def half_width(number):
        ends = [
            without_replacement(round(0.12 * n), n, share.population, 0.975).interval
            for share in strata
            for n in [min(share.population, 100 + number // 2)]
        ]
        return sum(end.high - end.low for end in ends) / 2

    assert half_width(more) <= 0.3 * 0.12 * 4_900
    assert half_width(more - 60) > 0.3 * 0.12 * 4_900
    assert more_in_all([share_of("a", ["no"] * 9, 100, 0.95, 0.3)], 0.95, 0.3) is None


def test_with_no_positive_yet_nobody_can_say_how_many_more():
    assert more_items(0, 100, 20_000, 0.95, 0.25) is None
    assert share_of("all", [], 100, 0.95, 0.25).estimate is None


def test_the_interval_covers_the_truth_at_every_look():
    """1,000 reviews of 400 items of 2,000 with 100 positives, looked at after every 20 items; level .9."""
    draw = random.Random(5)
    population = [1] * 100 + [0] * 1900
    missed = 0
    for _ in range(200):
        sample = draw.sample(population, 200)
        values = ["yes" if one else "no" for one in sample]
        for item in draw.sample(range(200), 20):
            values[item] = None  # not finished yet
        looks = (share_of("all", values[:seen], 2000, 0.9, 0.25).estimate for seen in range(20, 201, 20))
        missed += any(not found.interval.contains(0.05) for found in looks)
    assert missed <= 20 + 2 * 4.3  # a tenth, and two standard deviations


def test_cannot_tell_is_a_value_of_its_own_in_the_agreement():
    def state(*values):
        return ItemState("x", "all", [{"advert": value} for value in values], None, None)

    states = [state("yes", "yes"), state("no", "no"), state("no", "cannot_tell"), state("yes", "no")] * 20
    found = dict(agreement_of(states, "advert"))
    assert found["raw"].value == 0.5
    assert found["contested"].value == 0.5


def test_known_answers_and_repeats_show_drift(tmp_path, kit):
    known = {f"x:{number}": {"advert": "yes"} for number in range(901, 961)}
    given = Settings(golden_every=1, repeat_every=0, golden=known, items_a_day=999)
    golden = [kit.make_item(number) for number in range(901, 961)]
    review = kit.make_review(tmp_path, items=70, settings=given, golden=golden)
    ana = kit.add_person(review, "ana", "reviewer", kit.PASSWORD).id
    first_golden = kit.query(review, "SELECT min(item_no) FROM items WHERE queue = 'golden'")[0][0]
    read_all(review, ana, lambda item: "yes" if first_golden <= item < first_golden + 50 else "no")
    runs = view(review).golden
    assert [(run.right, run.checked) for run in runs] == [(50, 50), (0, 10)]
    assert runs[0].estimate.interval.low > runs[1].estimate.interval.high
    review.close()


def test_a_chart_is_plain_svg_with_its_words_escaped():
    made = interval_chart([Mark("<b>", 0.5, 0.2, 0.9, "50 %")], 'a "title"', [(0, "0"), (1, "1")], limit=0.7)
    assert "<b>" not in made
    assert "style=" not in made
    assert 'aria-label="a &#34;title&#34;"' in made


def test_of_few_items_or_of_items_all_alike_no_agreement_is_claimed(tmp_path, kit):
    for items, number in ((4, 2), (20, 99)):
        review = kit.make_review(tmp_path / str(items), items=items)
        for name in ("ana", "ben"):
            person = kit.add_person(review, name, "reviewer", kit.PASSWORD).id
            read_all(
                review, person, lambda item, number=number: "yes" if item % 3 == 0 or item == number else "no"
            )
        found = dict(view(review).agreement)
        assert found["raw"] == "too_few"  # every item alike: resampling would give [1; 1]
        if items == 4:
            assert found["alpha"] == "too_few"
        review.close()


@pytest.mark.parametrize(("method", "is_shown"), [("simple", True), ("pps", False)])
def test_a_design_that_counting_does_not_fit_is_named_on_the_page(tmp_path, kit, method, is_shown):
    from perito.web.app import create_app
    from perito.web.desk import Desk

    review = kit.make_review(tmp_path, design=kit.Design("d", {"all": 200}, method=method))
    kit.add_person(review, "gil", "analyst", kit.PASSWORD, "en")
    gil = kit.Client(kit.InProcess(create_app(Desk(review, "en", hosts=frozenset({"testserver"})))))
    gil.sign_in("gil")
    page = gil.get("/live").text
    assert ("holds at every look" in page) is is_shown
    assert ("counts alone would mislead" in page) is not is_shown
    review.close()
