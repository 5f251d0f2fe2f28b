import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import MeasureError
from perito.measures import describe
from perito.measures.parameters import LARGEST_WHOLE, check_parameters

TOTAL = {"ask": "total", "class": "cats"}
CLAIM = {"ask": "claim", "class": "cats", "claim": 1}
PUBLISHED = {"class": "cats", "total": 3}


def check(measure, parameters):
    return check_parameters(parameters, describe(measure), "case.toml")


def test_defaults_are_filled_in_and_parameters_of_another_question_left_out():
    checked = check("prevalence", CLAIM)
    assert checked == {**CLAIM, "unit": "items", "level": 0.95}


def test_what_is_not_given_and_has_no_default_is_not_there():
    assert "published" not in check("prevalence", TOTAL)


@pytest.mark.parametrize(
    ("measure", "wrong", "expected"),
    [
        ("prevalence", {**TOTAL, "class": ""}, "a text"),
        ("prevalence", {**TOTAL, "class": "  "}, "a text"),
        ("prevalence", {**TOTAL, "class": 3}, "a text"),
        ("prevalence", {**TOTAL, "provisions": "dsa-34"}, "a list of texts"),
        ("prevalence", {**TOTAL, "provisions": []}, "a list of texts"),
        ("prevalence", {**TOTAL, "provisions": ["dsa-34", "dsa-34"]}, "none twice"),
        ("prevalence", {**CLAIM, "claim": -1}, "a whole number"),
        ("prevalence", {**CLAIM, "claim": 1.0}, "a whole number"),
        ("prevalence", {**CLAIM, "claim": True}, "a whole number"),
        ("prevalence", {**CLAIM, "claim": LARGEST_WHOLE + 1}, "a whole number"),
        ("prevalence", {**CLAIM, "claim": "20000"}, "a whole number"),
        ("prevalence", {**TOTAL, "sensitivity": 1.1}, "a share between 0 and 1"),
        ("prevalence", {**TOTAL, "sensitivity": float("nan")}, "a share between 0 and 1"),
        ("prevalence", {**TOTAL, "sensitivity": True}, "a share between 0 and 1"),
        ("prevalence", {**TOTAL, "specificities": [0.9, -0.1]}, "a list of shares"),
        ("prevalence", {**TOTAL, "specificities": 0.9}, "a list of shares"),
        ("prevalence", {**TOTAL, "level": 1.0}, "ends excluded"),
        ("prevalence", {**TOTAL, "level": 0}, "ends excluded"),
        ("prevalence", {**TOTAL, "level": 95}, "ends excluded"),
        ("prevalence", {**TOTAL, "population_range": [2, 1]}, "the smaller first"),
        ("prevalence", {**TOTAL, "population_range": [1, 2, 3]}, "the smaller first"),
        ("prevalence", {**TOTAL, "population_range": [1.5, 2.5]}, "the smaller first"),
        ("prevalence", {**TOTAL, "published": PUBLISHED}, "a list of tables"),
        ("prevalence", {**TOTAL, "published": [3]}, "a list of tables"),
        ("prevalence", {**TOTAL, "published": [{**PUBLISHED, "total": 0}]}, "from 1"),
        ("prevalence", {**TOTAL, "published": [{**PUBLISHED, "total": 3.5}]}, "from 1"),
        ("prevalence", {**TOTAL, "published": [{"class": "cats"}]}, "total | per_minute"),
        ("prevalence", {**TOTAL, "published": [{"total": 3}]}, "class"),
        ("prevalence", {**TOTAL, "published": [{**PUBLISHED, "per_minute": 3}]}, "total | per_minute"),
        ("prevalence", {**TOTAL, "published": [{**PUBLISHED, "per_hour": 3}]}, "total | per_minute"),
        ("prevalence", {**TOTAL, "class_gloss": "gatos"}, "one language or both"),
        ("prevalence", {**TOTAL, "class_gloss": {"cats": "gatos"}}, "one language or both"),
        ("prevalence", {**TOTAL, "class_gloss": {"cats": {}}}, "one language or both"),
        ("prevalence", {**TOTAL, "class_gloss": {"cats": {"fr": "chats"}}}, "one language or both"),
        ("prevalence", {**TOTAL, "class_gloss": {"cats": {"es": ""}}}, "one language or both"),
        ("survey", {"shares": [{"study": "s"}]}, "study, class"),
        ("survey", {"shares": [{"study": "s", "class": "c", "age": "3"}]}, "study, class"),
        ("declarations", {"platforms": ["X"]}, "tiktok"),
        ("declarations", {"platforms": ["x", "x"]}, "none twice"),
        ("proceedings", {"published_total_eur": -5}, "a whole number"),
    ],
)
def test_a_wrong_parameter_is_refused_and_the_message_says_what_is_expected(measure, wrong, expected):
    with pytest.raises(MeasureError) as caught:
        check(measure, wrong)
    assert expected in str(caught.value)
    assert str(caught.value).startswith("case.toml parameters.")


def test_an_unknown_parameter_is_refused_with_the_nearest():
    with pytest.raises(MeasureError, match=r"takes no parameter 'clas'.*[Dd]id you mean 'class'"):
        check("prevalence", {"ask": "total", "clas": "cats"})


def test_a_measure_without_parameters_takes_none():
    with pytest.raises(MeasureError, match=r"[Ll]eave it out"):
        check("inventory", {"level": 0.9})


def test_a_word_outside_a_closed_list_is_refused_with_the_nearest():
    with pytest.raises(MeasureError, match=r"'totals' is not a choice.*'total'"):
        check("prevalence", {"ask": "totals", "class": "cats"})


@pytest.mark.parametrize("lacking", ["ask", "class"])
def test_a_missing_parameter_is_named(lacking):
    with pytest.raises(MeasureError, match=f"parameters.{lacking}: the parameter is missing"):
        check("prevalence", {key: value for key, value in TOTAL.items() if key != lacking})


def test_a_parameter_that_only_one_kind_of_question_needs_is_missed_there_alone():
    with pytest.raises(MeasureError, match=r"parameters\.claim: the parameter is missing"):
        check("prevalence", {"ask": "claim", "class": "cats"})
    assert "claim" not in check("prevalence", TOTAL)


@pytest.mark.parametrize(
    ("idle", "value"),
    [("claim", 5), ("second_class", "dogs"), ("second_class", None)],
)
def test_a_parameter_that_the_question_would_not_use_is_refused(idle, value):
    with pytest.raises(
        MeasureError, match=rf"parameters\.{idle}: the question does not use this parameter.*ask"
    ):
        check("prevalence", {**TOTAL, idle: value})


shares = st.floats(0, 1).filter(lambda share: 0 < share < 1)
wholes = st.integers(0, LARGEST_WHOLE)


@given(
    st.fixed_dictionaries(
        {"ask": st.just("total"), "class": st.text(min_size=1).filter(str.strip)},
        optional={
            "level": shares,
            "specificities": st.lists(shares, min_size=1),
            "population_range": st.tuples(wholes, wholes).map(sorted),
            "published": st.lists(
                st.fixed_dictionaries({"class": st.just("cats"), "total": st.integers(1, LARGEST_WHOLE)}),
                min_size=1,
            ),
        },
    )
)
def test_checked_parameters_hold_what_was_given_and_pass_the_check_again(parameters):
    checked = check("prevalence", parameters)
    assert {**checked, **parameters} == checked
    assert check("prevalence", checked) == checked
