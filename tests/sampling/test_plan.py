"""The plan: defaults of the method, everything it refuses, and a design that is fixed to the last byte."""

import json
from statistics import mean, stdev

import pytest

from perito.clock import Period
from perito.errors import CaseError
from perito.sampling import Frame, FrameFilter, Request, make_plan
from perito.sampling.draw import rank, smallest
from perito.sampling.scores import Scorer, Scores
from perito.stats.fay_feuer import fay_feuer

FILTER = FrameFilter("posts", Period.of("2026-01-01", "2026-02-01"))


def frame(number=1000, **more):
    items = tuple(f"x:{at:05}" for at in range(number))
    return Frame(FILTER, items, dict.fromkeys(items, "x"), **more)


def scored(of, step=1):
    scores = {item: round(0.001 + 0.9 * (at / len(of.items)) ** 6, 4) for at, item in enumerate(of.items)}
    kept = {item: scores[item] for item in of.items[::step]}
    return Scores(Scorer("m", "1", "cats"), kept, of.population - len(kept))


def request(**more):
    return Request(**{"question_id": "how-many", "classes": ("cats",), "budget": 200, **more})


def plan(book, of=None, scores=None, **more):
    return make_plan(request(**more), of or frame(), scores, book)


def test_with_scores_the_sample_is_stratified_and_the_interval_is_the_mid_p_one(book):
    of = frame()
    found = plan(book, of, scored(of))
    facts = found.design.facts
    assert (facts["method"], facts["interval_method"]) == ("stratified", "fay-feuer mid-p")
    assert (facts["model_id"], facts["model_version"], facts["score_class"]) == ("m", "1", "cats")
    assert 4 <= len(found.strata) <= 8
    assert sum(found.sizes) == len(found.design.draws) == 200
    drawn = {one.name: 0 for one in found.strata}
    for draw in found.design.draws:
        drawn[draw["stratum"]] += 1
    assert tuple(drawn.values()) == found.sizes


def test_without_scores_it_is_a_simple_random_sample_with_the_exact_interval(book):
    found = plan(book)
    facts = found.design.facts
    assert (facts["method"], facts["interval_method"]) == ("simple", "exact-hypergeometric")
    assert "model_id" not in facts
    assert [draw["item_id"] for draw in found.design.draws] == smallest(facts["seed"], frame().items, 200)


def test_scores_can_be_left_aside(book):
    of = frame()
    assert plan(book, of, scored(of), stratify_by="none").design.facts["method"] == "simple"


def test_each_stratum_gives_the_items_with_its_smallest_ranks(book):
    of = frame()
    found = plan(book, of, scored(of), seed="7")
    for one, size in zip(found.strata, found.sizes, strict=True):
        drawn = [draw["item_id"] for draw in found.design.draws if draw["stratum"] == one.name]
        assert sorted(drawn) == sorted(smallest("7", one.items, size))


def test_items_without_a_score_are_drawn_too_and_counted(book):
    of = frame()
    found = plan(book, of, scored(of, step=4))
    assert found.strata[-1].population == 750
    assert any("750 items have no score" in note for note in found.notes)
    assert found.sizes[-1] >= 20


def test_a_budget_beyond_the_population_is_a_census_that_says_so(book):
    of = frame(50)
    found = plan(book, of, scored(of))
    assert found.design.facts["method"] == "census"
    assert (found.planned, len(found.design.draws)) == (50, 50)
    assert any("whole population" in note for note in found.notes)


def test_labels_looked_at_any_time_are_a_simple_sample_with_an_interval_that_bears_it(book):
    of = frame()
    facts = plan(book, of, scored(of), stopping="anytime").design.facts
    assert (facts["method"], facts["stopping"]) == ("simple", "anytime")
    assert facts["interval_method"] == "prior-posterior ratio, without replacement"


def test_a_draw_by_views_takes_only_items_with_views_and_says_how_many_are_unknown(book):
    sizes = {f"x:{at:05}": (None, 0, 7)[at % 3] for at in range(99)}
    found = plan(book, frame(99, sizes=sizes), weight="views", budget=40)
    facts = found.design.facts
    assert (facts["method"], facts["weight"], facts["size_total"]) == ("pps", "views", 7 * 33)
    assert len(found.design.draws) == 40
    assert all(draw["size"] == sizes[draw["item_id"]] == 7 for draw in found.design.draws)
    assert "33 items with unknown and 33 with no views" in facts["population_basis"]


def test_the_seed_is_nobodys_choice_unless_somebody_chooses_it(book):
    assert plan(book).design.facts["seed"] == plan(book).design.facts["seed"]
    assert plan(book).design.facts["seed"] != plan(book, frame(999)).design.facts["seed"]
    assert plan(book, question_id="other").design.facts["seed"] != plan(book).design.facts["seed"]
    assert plan(book, seed="mine").design.facts["seed"] == "mine"


def test_a_tenth_of_the_items_is_chosen_beforehand_for_a_second_reading(book):
    found = plan(book)
    second = found.design.readings["second"]
    assert len(second) == len(set(second)) == found.second_readings == 20
    assert set(second) <= {draw["item_id"] for draw in found.design.draws}
    assert found.design.facts["second_reading_share"] == 0.1


@pytest.mark.parametrize(
    ("more", "number"),
    [
        ({"second_reading": 0.25}, 50),
        ({"second_reading": 0.0}, 0),
        ({"validation": 80}, 80),
        ({"validation": 10}, 20),
        ({"validation": 10_000}, 200),
        ({"second_reading": 0.001}, 1),
    ],
)
def test_the_number_of_second_readings_is_the_share_or_the_validation_size(book, more, number):
    assert plan(book, **more).second_readings == number


def test_who_reads_twice_does_not_depend_on_who_is_drawn_first(book):
    second = plan(book).design.readings["second"]
    order = [draw["item_id"] for draw in plan(book).design.draws]
    assert second != sorted(order[:20])


def test_the_further_readings_that_are_expected_follow_from_the_expected_positives(book):
    found = plan(book, expected=0.1)
    assert found.expected.positives == pytest.approx(20)
    assert found.further_readings == round(2 * 20 + 0.1 * 180)
    assert plan(book).further_readings is None


def test_the_design_id_is_bound_to_everything_that_was_fixed(book, planted):
    of = frame()
    ids = [
        plan(book).design.design_id,
        plan(book, budget=201).design.design_id,
        plan(book, seed="1").design.design_id,
        plan(book, frame(999)).design.design_id,
        plan(book, of, scored(of)).design.design_id,
        plan(book, second_reading=0.2).design.design_id,
        plan(book, readers=("a", "b", "c")).design.design_id,
        plan(book, level=0.99).design.design_id,
        plan(book, replaces="how-many-0", reason="more").design.design_id,
        plan(book, classes=("cats", "dogs")).design.design_id,
        plan(type(book)(**{**vars(book), "content": b"other"})).design.design_id,
    ]
    assert len(set(ids)) == len(ids)
    assert plan(book).design.design_id == ids[0]
    assert all(one.startswith("how-many-") for one in ids)


def test_the_time_of_registration_is_written_down_and_changes_no_id(book):
    design = plan(book).design
    early, late = json.loads(design.to_json(1)), json.loads(design.to_json(2))
    assert early["design"]["design_id"] == late["design"]["design_id"] == design.design_id
    assert (early["design"]["registered_at_us"], late["design"]["registered_at_us"]) == (1, 2)


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"budget": None}, "--budget"),
        ({"precision": 0.1}, "--budget"),
        ({"budget": 0}, "--budget"),
        ({"budget": None, "precision": 1.0}, "--precision"),
        ({"budget": None, "precision": -0.1}, "--precision"),
        ({"budget": None, "precision": float("nan")}, "--precision"),
        ({"expected": 0.0}, "--expected"),
        ({"level": 1.0}, "--level"),
        ({"second_reading": 1.1}, "--second-reading"),
        ({"second_reading": float("nan")}, "--second-reading"),
        ({"validation": -1}, "--validation"),
        ({"readers": ()}, "--readers"),
        ({"readers": ("a", "a")}, "--readers"),
        ({"readers": ("Ana López",)}, "--readers"),
        ({"stratify_by": "scores"}, "--stratify-by"),
        ({"weight": "likes"}, "--weight"),
        ({"stopping": "any"}, "--stopping"),
        ({"stopping": "anytime", "stratify_by": "score"}, "--stopping"),
        ({"stopping": "anytime", "weight": "views"}, "--stopping"),
        ({"weight": "views", "stratify_by": "score"}, "--weight"),
        ({"weight": "views", "budget": None, "precision": 0.1}, "--weight"),
        ({"seed": " "}, "--seed"),
        ({"seed": "x" * 201}, "--seed"),
        ({"replaces": "how-many-0"}, "--replaces"),
        ({"reason": "because"}, "--replaces"),
        ({"replaces": "how-many-0", "reason": " "}, "--replaces"),
        ({"classes": ()}, "--class"),
        ({"classes": ("cats", "cats")}, "--class"),
    ],
)
def test_a_request_that_cannot_be_meant_is_refused_by_its_option(more, where):
    with pytest.raises(CaseError) as caught:
        request(**more)
    assert where in caught.value.where


def test_strata_by_score_need_scores(book):
    with pytest.raises(CaseError) as caught:
        plan(book, stratify_by="score")
    assert "perito score" in caught.value.remedy


def test_a_class_that_the_book_does_not_define_is_refused(book):
    with pytest.raises(CaseError) as caught:
        plan(book, classes=("cat",))
    assert "'cats'" in caught.value.remedy


def test_views_that_nobody_knows_are_refused(book):
    of = frame(3, sizes={f"x:{at:05}": None for at in range(3)})
    with pytest.raises(CaseError):
        plan(book, of, weight="views", budget=2)


def test_what_was_left_out_of_the_population_is_said(book):
    found = plan(book, frame(300, left_out={"without a language": 12}))
    assert any("12 items without a language" in note for note in found.notes)
    assert "12 without a language left out" in found.design.facts["population_basis"]


def test_fewer_than_three_readers_are_told_what_they_cannot_do(book):
    assert any("fewer than three readers" in note for note in plan(book, readers=("a", "b")).notes)
    assert not any("fewer than three readers" in note for note in plan(book).notes)


def test_enough_second_readings_need_no_advice(book):
    few, enough = plan(book, expected=0.2), plan(book, expected=0.2, validation=150)
    assert any("false alarm" in note for note in few.notes) is (few.second_readings < few.expected.validation)
    assert not any("false alarm" in note for note in enough.notes)


def test_a_window_of_whole_days_rests_on_the_calendar(book):
    whole = plan(book).design.facts["window_basis"]
    other = FrameFilter("posts", Period.of("2026-01-01T06:00:00Z", "2026-02-01"))
    items = frame().items
    part = plan(book, Frame(other, items, dict.fromkeys(items, "x"))).design.facts["window_basis"]
    assert (whole, part) == ("calendar_date", "acquisition_record")


def test_the_default_design_finds_what_is_there_and_its_interval_holds_it(book):
    """300 seeds: mean of the estimates within three standard errors, coverage at least .93 (nominal .95)."""
    of = frame(2000)
    known = scored(of)
    positive = {
        item for item, score in known.by_item.items() if rank("truth", item) < f"{int(score * 0xFFFFFF):06x}"
    }
    true = len(positive) / of.population
    estimates, held = [], 0
    for seed in range(300):
        found = plan(book, of, known, seed=str(seed), budget=300)
        hits = dict.fromkeys((one.name for one in found.strata), 0)
        for draw in found.design.draws:
            hits[draw["stratum"]] += draw["item_id"] in positive
        weights = [one.population / of.population for one in found.strata]
        estimate = fay_feuer(list(hits.values()), found.sizes, weights)
        estimates.append(estimate.value)
        held += estimate.interval.low <= true <= estimate.interval.high
    assert abs(mean(estimates) - true) < 3 * stdev(estimates) / len(estimates) ** 0.5
    assert held / 300 >= 0.93


def test_a_few_second_readings_are_told_how_wide_they_leave_the_interval(book):
    few, all_ = plan(book, expected=0.05), plan(book, expected=0.05, second_reading=1.0)
    assert any("takes the labels for right" in note for note in few.notes)
    assert not any("takes the labels for right" in note for note in all_.notes)


def test_labelling_that_may_stop_at_any_time_is_told_to_read_everything_again(book):
    assert any("--second-reading 100%" in note for note in plan(book, stopping="anytime").notes)
    whole = plan(book, stopping="anytime", second_reading=1.0)
    assert not any("--second-reading 100%" in note for note in whole.notes)
