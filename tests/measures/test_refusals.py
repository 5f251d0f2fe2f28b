import pytest
from scipy.stats import fisher_exact

from perito.errors import MeasureError


def wave(number, complied, tests, **more):
    """Both outcomes of a wave that adds up."""
    shared = {"wave": number, "tests": tests, "of": tests, **more}
    return [
        {**shared, "count": complied},
        {**shared, "count": tests - complied, "outcome": "did not comply"},
    ]


def ends(value):
    return value.interval.low, value.interval.high


def test_the_two_waves_of_the_public_case_show_no_change_either_way(example, plain):
    """45 of 55 and 29 of 43; the exact test by scipy."""
    finding = example["reuters-refusals"]
    first, last, difference, p_exact = finding.values
    assert (first.estimate, last.estimate) == (45 / 55, 29 / 43)
    assert p_exact.estimate == pytest.approx(fisher_exact([[45, 10], [29, 14]]).pvalue, rel=1e-9)
    low, high = ends(difference)
    assert low < 0 < high
    assert "No improvement is shown, and no worsening is shown" in plain(finding, finding.headline)
    assert "no muestran mejora ni muestran empeoramiento" in plain(finding, finding.headline, "es")


def test_the_public_case_prints_its_parts_with_intervals_and_no_rate_for_the_others(example, table):
    rows = table(example["reuters-refusals"], "sub-counts")
    assert [(row[1], row[2]) for row in rows] == [(45, 17), (45, 31), (None, None)]
    assert rows[2][3].startswith("Cannot say")


def test_what_the_public_case_cannot_know_is_a_condition_or_a_limit(example, plain):
    finding = example["reuters-refusals"]
    said = " ".join(plain(finding, text) for text in (*finding.conditions, *finding.does_not_show))
    for unknown in ("independent of each other", "same system", "harmless", "error of the judgement"):
        assert unknown in said


def test_a_difference_carries_newcombes_interval_and_fishers_p(plant):
    """Golden: 56/70 - 48/80; two computations, Newcombe 1998 to four digits, R for the exact test."""
    finding = plant("refusals", refusal_trials=[*wave(1, 56, 70), *wave(2, 48, 80)])
    numbers = finding.numbers()
    assert numbers["difference"].estimate == pytest.approx(0.2)
    assert ends(numbers["difference"]) == pytest.approx((0.05243147240236, 0.33387265403691), rel=1e-9)
    assert numbers["p_exact"].estimate == pytest.approx(0.01252112974921, rel=1e-9)


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ((56, 70), (48, 80), "fell by"),
        ((48, 80), (56, 70), "the share rose"),
        ((5, 10), (5, 10), "No improvement"),
    ],
)
def test_the_words_follow_the_interval_of_the_difference(plant, plain, first, last, words):
    finding = plant("refusals", refusal_trials=[*wave(1, *first), *wave(2, *last)])
    assert words in plain(finding, finding.headline)


def test_the_level_holds_for_the_difference_too(plant):
    wide, narrow = (
        plant("refusals", {"level": level}, refusal_trials=[*wave(1, 56, 70), *wave(2, 48, 80)])
        for level in (0.999, 0.8)
    )
    assert ends(wide.numbers()["difference"])[0] < ends(narrow.numbers()["difference"])[0]
    assert wide.numbers()["difference"].interval.level == 0.999


def test_one_wave_has_a_rate_and_no_change(plant, plain):
    finding = plant("refusals", refusal_trials=wave(1, 45, 55))
    assert [value.name for value in finding.values] == ["complied_wave_1"]
    assert "whether that changed cannot be said" in plain(finding, finding.headline)


@pytest.mark.parametrize(("complied", "end"), [(0, "low"), (12, "high")])
def test_a_generator_that_never_or_always_complies_has_an_interval(plant, complied, end):
    finding = plant("refusals", refusal_trials=wave(1, complied, 12))
    assert getattr(finding.values[0].interval, end) == complied / 12


def test_of_three_waves_the_first_and_the_last_are_compared(plant):
    finding = plant("refusals", refusal_trials=[*wave(1, 50, 60), *wave(2, 1, 60), *wave(3, 40, 60)])
    assert finding.numbers()["difference"].estimate == pytest.approx(10 / 60)
    assert len([value for value in finding.values if value.name.startswith("complied_wave")]) == 3


def test_outcomes_that_do_not_add_up_are_flagged_and_the_rate_keeps_its_base(plant, table):
    rows = wave(1, 45, 55)
    rows[1]["count"] = 9
    finding = plant("refusals", refusal_trials=rows)
    assert table(finding, "waves")[0][2:] == [55, 45, 9, "no"]
    assert finding.values[0].estimate == 45 / 55


def test_a_wave_whose_other_outcome_is_missing_is_not_said_to_add_up(plant, table):
    finding = plant("refusals", refusal_trials=wave(1, 45, 55)[:1])
    assert table(finding, "waves")[0][2:] == [55, 45, None, "not known"]


@pytest.mark.parametrize("lacking", [{"count": None}, {"tests": None, "of": None}])
def test_a_wave_without_a_count_or_a_base_is_shown_and_not_compared(plant, plain, table, lacking):
    rows = [*wave(1, 45, 55), {**wave(2, 29, 43)[0], **lacking}]
    finding = plant("refusals", refusal_trials=rows)
    assert [value.name for value in finding.values] == ["complied_wave_1"]
    assert len(table(finding, "waves")) == 2
    assert any(plain(finding, text).startswith("Wave 2 lacks") for text in finding.conditions)


def test_without_any_rate_nothing_can_be_said(plant, table):
    finding = plant("refusals", refusal_trials=[{"tests": 55, "of": 55}])
    assert finding.status == "cannot_say"
    assert table(finding, "waves")[0][2:] == [55, None, None, "not known"]


def test_an_undated_wave_is_called_undated(plant, table):
    finding = plant("refusals", refusal_trials=wave(1, 45, 55, date_start=None, date_end=None))
    assert table(finding, "waves")[0][1] == "undated"


def test_an_outcome_that_stands_twice_in_a_wave_is_refused(plant):
    with pytest.raises(MeasureError, match=r"wave 1 has several counts of 'complied'.*row=1, row=3"):
        plant("refusals", refusal_trials=[*wave(1, 45, 55), wave(1, 44, 55)[0]])


def test_another_name_of_the_outcome_can_be_given_and_a_wrong_one_is_named(plant):
    rows = [
        {**row, "outcome": {"complied": "fulfilled"}.get(row.get("outcome", "complied"), "no")}
        for row in wave(1, 4, 5)
    ]
    finding = plant("refusals", {"complied": "fulfilled", "refused": "no"}, refusal_trials=rows)
    assert finding.values[0].estimate == 0.8
    with pytest.raises(MeasureError, match=r"no wave has an outcome 'complied' \(found fulfilled, no\)"):
        plant("refusals", refusal_trials=rows)


def test_two_studies_need_a_name_and_do_not_lend_each_other_their_waves(plant):
    rows = [*wave(1, 45, 55), *wave(1, 1, 55, study="Other test")]
    with pytest.raises(MeasureError, match=r"Other test, Test of the generator.*[Nn]ame the study"):
        plant("refusals", refusal_trials=rows)
    finding = plant("refusals", {"study": "Other test"}, refusal_trials=rows)
    assert finding.values[0].estimate == 1 / 55


def test_without_trials_the_question_is_refused(plant):
    with pytest.raises(MeasureError, match="no published outcomes"):
        plant("refusals", label_counts=[{}])


def test_a_system_without_a_name_is_called_the_system_tested(plant, plain):
    finding = plant("refusals", refusal_trials=wave(1, 45, 55, system=None))
    assert plain(finding, finding.headline).startswith("The system tested fulfilled")
