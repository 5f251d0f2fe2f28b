import shutil
from dataclasses import replace

import pytest

from perito.case import Question, QuestionScope, load_case
from perito.errors import LawError, MeasureError
from perito.findings import verbatim
from perito.findings.output import findings_json
from perito.workflow import answer, check_case, seal_declared, tables_of

QUESTIONS = {
    "grok-sexualised": "conditional",
    "grok-minors": "conditional",
    "grok-rate": "conditional",
    "grok-claim-20000": "conditional",
    "grok-label-error": "conditional",
    "reuters-refusals": "conditional",
    "oberaxe-removal": "declared",
    "declared-moderation": "declared",
    "survey-deepfakes": "conditional",
    "parallel-proceedings": "declared",
    "inventory": "exact",
}
TOTAL = {"ask": "total", "class": "cats"}
CATS = {"label_counts": [{}]}


def window(first, last):
    return {"label_counts": [{"window_start": first, "window_end_inclusive": last}]}


def test_the_example_answers_its_questions_in_order_each_with_its_status(example):
    assert {name: finding.status for name, finding in example.items()} == QUESTIONS
    assert list(example) == list(QUESTIONS)


def test_no_finding_of_the_example_speaks_of_a_conduct_that_no_law_was_in_force_for(example):
    joined = {
        name: [p.id for p in finding.provisions] for name, finding in example.items() if finding.provisions
    }
    assert joined == {
        "grok-sexualised": ["dsa-34", "dsa-35"],
        "grok-minors": ["dsa-34", "dsa-35", "es-cp-189"],
        "declared-moderation": ["dsa-17", "dsa-24"],
    }


def test_findings_do_not_depend_on_threads(example_case):
    case = load_case(example_case)
    seal_declared(case)
    tables = tables_of(case)
    one, many = (findings_json(answer(case, case.questions, tables, threads=n)) for n in (1, 4))
    assert one == many


def test_a_question_keeps_its_own_words_and_falls_back_on_those_of_the_measure(example, plant):
    assert example["grok-minors"].question.plain("es", {}).startswith("¿Cuántas de ellas")
    finding = plant("prevalence", TOTAL, **CATS)
    assert finding.plain(finding.question, "en") == "?"


# ---------------------------------------------------------------- before work starts


@pytest.mark.parametrize(
    ("question", "error", "message"),
    [
        (Question("q", "prevalance", verbatim("?")), MeasureError, "'prevalence'"),
        (
            Question("q", "prevalence", verbatim("?"), parameters={**TOTAL, "provisions": ["dsa-43"]}),
            LawError,
            "[[question]] q parameters.provisions: no provision is called 'dsa-43'",
        ),
        (Question("q", "prevalence", verbatim("?"), parameters={"ask": "total"}), MeasureError, "class"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_before_anything_is_written(
    example_case, question, error, message
):
    case = replace(load_case(example_case), questions=(question,))
    with pytest.raises(error) as caught:
        check_case(case)
    assert message in str(caught.value)
    assert "case.toml" in str(caught.value)
    assert not case.evidence_folder.exists()


def test_an_unknown_provision_is_answered_with_the_nearest(example_case):
    question = Question("q", "survey", verbatim("?"), parameters={"shares": [{"study": "s", "class": "c"}]})
    wrong = replace(question, parameters={**question.parameters, "provisions": ["dsa_34"]})
    with pytest.raises(LawError, match=r"[Dd]id you mean 'dsa-34'"):
        check_case(replace(load_case(example_case), questions=(wrong,)))


def test_figures_beyond_what_an_estimator_takes_are_told_with_the_question(plant):
    with pytest.raises(MeasureError, match=r"\[\[question\]\] planted: the figures cannot be: 'population'"):
        plant("prevalence", TOTAL, label_counts=[{"population": 10**17}])


# ---------------------------------------------------------------- provisions


def refused(finding):
    return finding.status == "cannot_say" and not finding.values and not finding.provisions


def test_conduct_before_a_provision_was_in_force_is_refused(plant, plain):
    finding = plant("prevalence", {**TOTAL, "provisions": ["aia-50"]}, **CATS)
    assert refused(finding)
    assert "2026-08-02" in plain(finding, finding.reason)
    assert "no estaba en vigor" in plain(finding, finding.reason, "es")


def test_a_refused_finding_keeps_its_scope_and_its_locked_definition(plant, plain, period):
    finding = plant("prevalence", {**TOTAL, "provisions": ["aia-50"]}, **CATS)
    assert finding.scope.period == period("2026-01-01", "2026-01-11")
    assert "a picture that shows a cat" in plain(finding, finding.definition)
    assert not finding.tables()


@pytest.mark.parametrize(("first", "is_refused"), [("2023-08-24", True), ("2023-08-25", False)])
def test_a_provision_is_joined_from_the_first_day_on_which_it_binds_the_platform(plant, first, is_refused):
    finding = plant("prevalence", {**TOTAL, "provisions": ["dsa-34"]}, **window(first, "2023-12-31"))
    assert refused(finding) == is_refused
    if not is_refused:
        assert finding.provisions[0].in_force_from == "2023-08-25"


@pytest.mark.parametrize(("last", "is_refused"), [("2024-05-13", False), ("2024-05-14", True)])
def test_a_provision_is_joined_up_to_its_last_day_in_force(plant, plain, last, is_refused):
    finding = plant("prevalence", {**TOTAL, "provisions": ["netzdg"]}, **window("2024-01-01", last))
    assert refused(finding) == is_refused
    if is_refused:
        assert "no longer in force" in plain(finding, finding.reason)


def test_a_bill_without_a_date_is_never_joined(plant, plain):
    finding = plant("prevalence", {**TOTAL, "provisions": ["es-bill-52"]}, **CATS)
    assert refused(finding)
    assert "no date of entry into force" in plain(finding, finding.reason)


def test_a_duty_of_very_large_platforms_is_not_joined_to_another_platform(plant, plain):
    finding = plant("prevalence", {**TOTAL, "provisions": ["dsa-34"]}, label_counts=[{"platform": "bluesky"}])
    assert refused(finding)
    assert "Bluesky is not in the register" in plain(finding, finding.reason)


def test_a_duty_of_very_large_platforms_is_not_joined_to_a_finding_on_none(plant, plain):
    finding = plant("prevalence", {**TOTAL, "provisions": ["dsa-34"]}, label_counts=[{"platform": None}])
    assert refused(finding)
    assert "none in particular" in plain(finding, finding.reason)


def test_one_provision_out_of_force_refuses_the_finding_whatever_the_others(plant):
    finding = plant("prevalence", {**TOTAL, "provisions": ["dsa-34", "aia-50"]}, **CATS)
    assert refused(finding)


def test_the_period_of_the_case_counts_where_the_evidence_has_none(plant):
    without = {"label_counts": [{"window_start": None, "window_end_inclusive": None}]}
    assert refused(plant("prevalence", {**TOTAL, "provisions": ["dsa-34"]}, **without))
    scope = QuestionScope(period=None)
    assert not refused(plant("prevalence", {**TOTAL, "provisions": ["es-cp-189"]}, scope=scope, **without))


def test_a_comparison_of_platforms_joins_a_duty_only_if_it_binds_all_of_them(example_case, plain):
    case = load_case(example_case)
    asked = {
        platforms: Question(
            "q",
            "declarations",
            verbatim("?"),
            QuestionScope(),
            {"platforms": list(platforms), "provisions": ["dsa-42"]},
        )
        for platforms in (("x", "facebook"), ("x", "reddit"))
    }
    seal_declared(case)
    bound, mixed = answer(case, list(asked.values()), tables_of(case))
    assert [p.in_force_from for p in bound.provisions] == ["2023-08-25"]
    assert refused(mixed)
    assert "Reddit" in plain(mixed, mixed.reason)


# ---------------------------------------------------------------- the order of the evidence


SHUFFLED = {
    "prevalence": (
        {
            "ask": "total",
            "class": "cats",
            "published": [{"class": "cats", "total": 280}, {"class": "dogs", "total": 40}],
        },
        {
            "label_counts": [
                {},
                {"class": "dogs", "count": 1},
                {"row": "sample", "class": "all", "count": 1500},
            ]
        },
    ),
    "refusals": (
        {},
        {
            "refusal_trials": [
                {"tests": 55, "count": 45, "of": 55, "note": "b"},
                {"tests": 55, "count": 10, "of": 55, "outcome": "did not comply", "note": "a"},
                {"tests": 43, "count": 29, "of": 43, "wave": 2},
                {"count": 3, "of": 45, "row_is": "sub-count of complied", "outcome": "part"},
            ]
        },
    ),
    "removal": (
        {},
        {
            "removal_notified": [
                {"value": "40"},
                {"value": "12", "channel": "normal user"},
                {"value": "28", "channel": "trusted flagger", "time_window": "not published"},
                {"value": "10", "platform": "x"},
                {"value": "60", "period_start": "2025-02-01", "period_end_inclusive": "2025-02-28"},
                {
                    "value": "70",
                    "platform": "x",
                    "period_start": "2025-02-01",
                    "period_end_inclusive": "2025-02-28",
                },
                {"measure": "detected", "value": "10", "unit": "items", "base": None, "note": "n"},
            ]
        },
    ),
    "survey": (
        {
            "shares": [
                {"study": "First survey", "class": "was the subject of such an image"},
                {"study": "Second survey", "class": "knows a subject"},
            ]
        },
        {"survey_counts": [{}, {"survey": "Second survey", "measure": "knows a subject", "value": "5"}]},
    ),
    "proceedings": (
        {"published_total_eur": 12},
        {
            "proceedings": [
                {"amount_eur": 5},
                {"id": "two", "amount_eur": 7, "note": "n"},
                {"id": "three", "date": None},
            ]
        },
    ),
}


@pytest.mark.parametrize("measure", SHUFFLED)
def test_findings_do_not_depend_on_the_order_of_rows(plant, measure):
    parameters, files = SHUFFLED[measure]
    said = []
    for turn in (1, -1):
        finding = plant(measure, parameters, **{name: rows[::turn] for name, rows in files.items()})
        said.append({key: value for key, value in finding.to_json().items() if key != "inputs"})
    assert said[0] == said[1]


def test_the_example_may_be_copied_anywhere(example, example_case, tmp_path):
    elsewhere = tmp_path / "elsewhere, with spaces"
    shutil.move(example_case, elsewhere)
    case = load_case(elsewhere)
    seal_declared(case)
    again = answer(case, case.questions, tables_of(case))
    assert findings_json(again) == findings_json(list(example.values()))
