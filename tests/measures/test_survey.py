import pytest
from scipy.stats import binom

from perito.errors import MeasureError

SHARE = {"study": "First survey", "class": "was the subject of such an image"}
OTHER = {"study": "Second survey", "class": SHARE["class"]}
ONE = {"shares": [SHARE]}
TWO = {"shares": [SHARE, OTHER]}
SECOND = {"survey": "Second survey", "value": "6"}


def ends(value):
    return value.interval.low, value.interval.high


def test_one_in_five_of_about_a_thousand_has_an_interval_before_any_design_effect(example, plain):
    """195 to 205 of 1,000 print as 20 per cent; the ends by the binomial tails of scipy."""
    finding = example["survey-deepfakes"]
    low, high = ends(finding.values[0])
    assert finding.values[0].estimate == 0.2
    assert binom.sf(194, 1000, low) == pytest.approx(0.025, rel=1e-6)
    assert binom.cdf(205, 1000, high) == pytest.approx(0.025, rel=1e-6)
    assert "without any design effect" in plain(finding, finding.headline)


def test_one_in_seventeen_of_twelve_hundred_covers_every_count_that_prints_so(example):
    """1,200/17.5 = 68.6 and 1,200/16.5 = 72.7, so 69 to 72 persons."""
    low, high = ends(example["survey-deepfakes"].values[1])
    assert binom.sf(68, 1200, low) == pytest.approx(0.025, rel=1e-6)
    assert binom.cdf(72, 1200, high) == pytest.approx(0.025, rel=1e-6)


def test_the_public_surveys_are_not_ranked_and_the_reasons_are_listed(example, plain, table):
    finding = example["survey-deepfakes"]
    headline = plain(finding, finding.headline)
    assert "may not be compared, so they are not ranked" in headline
    assert "They differ in: ages, what was asked" in headline
    verdicts = {row[0]: row[3] for row in table(finding, "comparability")}
    assert verdicts["ages"] == verdicts["what was asked"] == "no"
    assert verdicts["sampling"] == verdicts["territory"] == verdicts["recall period"] == "not said"
    assert (finding.scope.population, finding.scope.territory) == (None, None)


def test_an_approximate_size_is_a_condition(example, plain):
    finding = example["survey-deepfakes"]
    assert any("exact n not found" in plain(finding, text) for text in finding.conditions)


def test_one_survey_alone_is_compared_with_nothing(plant, plain, table):
    finding = plant("survey", ONE, survey_counts=[{}])
    assert "compared" not in plain(finding, finding.headline)
    assert "differences" not in finding.numbers()
    assert {row[2] for row in table(finding, "comparability")} == {None}
    assert (finding.scope.population, finding.scope.territory) == ("13-20", "ES")


def test_surveys_that_agree_in_every_field_may_be_compared(plant, plain, table):
    finding = plant("survey", TWO, survey_counts=[{}, SECOND])
    assert "agree in every field" in plain(finding, finding.headline)
    assert (finding.numbers()["differences"].estimate, finding.numbers()["unstated"].estimate) == (0, 0)
    assert {row[3] for row in table(finding, "comparability")} == {None, "yes"}


@pytest.mark.parametrize(
    ("field", "value", "fact"),
    [
        ("country", "FR", "territory"),
        ("ages", "18-21", "ages"),
        ("recall", "ever", "recall period"),
        ("sampling", "volunteers", "sampling"),
    ],
)
def test_a_difference_in_any_field_forbids_the_comparison(plant, plain, field, value, fact):
    finding = plant("survey", TWO, survey_counts=[{}, {**SECOND, field: value}])
    assert f"They differ in: {fact}." in plain(finding, finding.headline)
    assert finding.numbers()["differences"].estimate == 1


@pytest.mark.parametrize("silence", [None, "not found", "Not stated"])
def test_a_field_that_one_survey_does_not_state_forbids_to_say_that_they_compare(plant, plain, silence):
    finding = plant("survey", TWO, survey_counts=[{}, {**SECOND, "sampling": silence}])
    assert "Cannot say whether they may be compared" in plain(finding, finding.headline)
    assert (finding.numbers()["differences"].estimate, finding.numbers()["unstated"].estimate) == (0, 1)


def test_what_neither_survey_states_is_not_taken_to_be_the_same(plant, plain):
    finding = plant("survey", TWO, survey_counts=[{"recall": None}, {**SECOND, "recall": None}])
    assert "Not stated by all of them: recall period." in plain(finding, finding.headline)


def test_another_wording_forbids_the_comparison(plant, plain):
    shares = {"shares": [SHARE, {**OTHER, "class": "knows a subject"}]}
    finding = plant("survey", shares, survey_counts=[{}, {**SECOND, "measure": "knows a subject"}])
    assert "They differ in: what was asked." in plain(finding, finding.headline)


@pytest.mark.parametrize("lacking", [{"value": None}, {"n": None}, {"n": "0"}])
def test_a_share_or_size_that_was_not_published_cannot_be_estimated(plant, plain, table, lacking):
    finding = plant("survey", ONE, survey_counts=[lacking])
    assert (finding.status, finding.values) == ("cannot_say", ())
    assert "First survey" in plain(finding, finding.reason)
    assert len(table(finding, "comparability")) == 9


def test_a_share_that_is_not_asked_about_may_lack_its_number(plant):
    finding = plant("survey", ONE, survey_counts=[{}, {"measure": "another", "value": None, "n": None}])
    assert finding.values[0].estimate == 0.2


@pytest.mark.parametrize(("value", "low", "high"), [("0", 0, None), ("100", None, 1)])
def test_nobody_and_everybody_have_intervals_that_end_there(plant, value, low, high):
    interval = plant("survey", ONE, survey_counts=[{"value": value, "n": "50"}]).values[0].interval
    assert low in {None, interval.low}
    assert high in {None, interval.high}
    assert 0 <= interval.low < interval.high <= 1


def test_a_share_that_no_whole_number_of_persons_gives_is_named(plant, plain):
    """Of three persons 33 or 67 per cent can answer, never 50."""
    finding = plant("survey", ONE, survey_counts=[{"value": "50", "n": "3"}])
    assert any("no whole number of so many persons" in plain(finding, text) for text in finding.conditions)
    low, high = ends(finding.values[0])
    assert low < 1 / 3 < 2 / 3 < high


def test_an_unknown_share_is_an_error_that_lists_the_known_ones(plant):
    with pytest.raises(MeasureError, match=r"'First survey', 'nothing'.*First survey: was the subject"):
        plant("survey", {"shares": [{**SHARE, "class": "nothing"}]}, survey_counts=[{}])


def test_without_a_survey_the_question_says_so(plant):
    with pytest.raises(MeasureError, match="no survey is sealed"):
        plant("survey", ONE, label_counts=[{}])
