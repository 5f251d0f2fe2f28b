"""Scores as they shape a sample: one model, in range, missing ones counted."""

import pytest

from perito.clock import Period
from perito.errors import CaseError
from perito.sampling import FrameFilter, frame_of
from perito.sampling.scores import choose_scorer, scores_of
from perito.sampling.session import open_case_tables

JANUARY = Period.of("2026-01-01", "2026-02-01")


@pytest.fixture
def scored(make_case, planted):
    """The scores that a case with these rows has for the class."""

    def found(rows, model=None, class_name="cats"):
        case = make_case(posts=planted.posts(30), scores=rows)
        with open_case_tables(case) as tables:
            frame = frame_of(tables, FrameFilter("posts", JANUARY))
            scorer = choose_scorer(tables, class_name, model)
            return scorer and scores_of(tables, scorer, frame)

    return found


def ids(first, last):
    return [f"x:{1000 + at}" for at in range(first, last)]


def test_scores_of_the_population_are_taken_and_missing_ones_counted(scored, planted):
    found = scored(planted.scores([*ids(0, 20), "x:999999"]))
    assert sorted(found.by_item) == sorted(ids(0, 20))
    assert found.unscored == 10
    assert found.scorer.words == "oracle@1"


@pytest.mark.parametrize("wrong", [-0.1, 1.5, 7])
def test_scores_outside_their_range_are_counted_and_refused(scored, planted, wrong):
    rows = planted.scores(ids(0, 30))
    rows[3]["score"] = rows[5]["score"] = wrong
    with pytest.raises(CaseError) as caught:
        scored(rows)
    assert caught.value.what.startswith("2 ")
    assert "x:1003" in caught.value.found
    assert caught.value.expected == "0 to 1"


def test_scores_outside_the_population_harm_nobody(scored, planted):
    rows = [*planted.scores(ids(0, 30)), *planted.scores(["x:999999"], score=99)]
    assert scored(rows).unscored == 0


def test_two_scores_of_one_item_by_one_model_are_refused_unless_they_agree(scored, planted):
    rows = planted.scores(ids(0, 30))
    assert scored([*rows, rows[0]]).unscored == 0


def test_two_different_scores_of_one_item_are_refused(scored, planted):
    rows = planted.scores(ids(0, 30))
    with pytest.raises(CaseError) as caught:
        scored([*rows, {**rows[0], "score": 0.5}])
    assert "x:1000" in caught.value.found


def test_no_scores_are_no_fault(scored, planted):
    assert scored(planted.scores(ids(0, 30)), class_name="dogs") is None


def test_scores_for_no_class_in_particular_stand_in(scored, planted):
    assert scored(planted.scores(ids(0, 30), **{"class": ""})).scorer.score_class is None


def test_several_models_have_to_be_told_apart(scored, planted):
    rows = [*planted.scores(ids(0, 30)), *planted.scores(ids(0, 30), model_version="2")]
    with pytest.raises(CaseError) as caught:
        scored(rows)
    assert caught.value.found == "oracle@1, oracle@2"


@pytest.mark.parametrize(
    ("model", "is_there"), [("oracle", True), ("oracle@1", True), ("orcle", False), ("oracle@2", False)]
)
def test_a_model_is_named_by_id_or_with_its_version(scored, planted, model, is_there):
    rows = planted.scores(ids(0, 30))
    if is_there:
        assert scored(rows, model).scorer.model_id == "oracle"
    else:
        with pytest.raises(CaseError) as caught:
            scored(rows, model)
        assert "oracle@1" in caught.value.remedy


def test_a_model_that_scored_another_class_is_refused(scored, planted):
    with pytest.raises(CaseError) as caught:
        scored(planted.scores(ids(0, 30)), "oracle", "dogs")
    assert (caught.value.expected, caught.value.found) == ("dogs", "cats")
