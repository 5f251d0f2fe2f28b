"""Comparing: exactly what differs is named, with what is told and what comes out again."""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.dossier.compare import (
    finding_problems,
    input_problems,
    internal_problems,
    number_problems,
    same_number,
    shown,
)
from perito.dossier.environment import Agreement
from perito.dossier.reading import Told

DIGEST = "sha256:" + "0" * 64
INPUTS = [{"table": "counts", "digest": DIGEST, "rows": 2}]


def record(name="q/total", **changes):
    return {
        "id": name,
        "measure": "prevalence@1",
        "parameters": {"class": "a"},
        "inputs": INPUTS,
        "code": "perito 0",
        "seed": 0,
        "kind": "tolerance",
        "tolerance": 1e-9,
        "value": 10.5,
        "interval": {"low": 9.0, "high": 12.0, "level": 0.95, "method": "wilson"},
        "unit": "images",
        "status": "conditional",
        "rows": [{"evidence_id": DIGEST, "locator": "row=1"}],
        **changes,
    }


def exact(name="q/hits", value=101):
    return record(name, value=value, interval=None, kind="exact", tolerance=0, unit="items", status="exact")


def finding(**changes):
    base = record()
    return {
        "id": "q",
        "measure": "prevalence",
        "measure_version": "1",
        "headline": {"en": "about", "es": "unas"},
        "values": [
            {
                "name": "total",
                "estimate": base["value"],
                "unit": base["unit"],
                "interval": base["interval"],
                "status": base["status"],
                "derivation": "q/total",
            }
        ],
        "counts": {"hits": 101},
        "parameters": base["parameters"],
        "inputs": INPUTS,
        "seed": 0,
        "chart": {"en": {"data": {"values": [{"estimate": 10.5}]}}},
        **changes,
    }


def told(findings=None, records=None):
    records = [record(), exact()] if records is None else records
    return Told(tuple(findings or [finding()]), {entry["id"]: entry for entry in records})


def found(problems):
    return [(problem.kind, problem.where) for problem in problems]


def test_the_same_twice_has_no_problem():
    assert found(internal_problems(told())) == []
    assert found(number_problems(told(), told(), Agreement.BYTES)) == []
    assert found(finding_problems(told(), told(), Agreement.BYTES)) == []
    assert found(input_problems(told(), {"counts": (DIGEST, 2)})) == []


# --- numbers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("agreement", list(Agreement))
def test_another_value_names_the_number_alone(agreement):
    forged = told(records=[record(value=10.6), exact()])
    problems = list(number_problems(forged, told(), agreement))
    assert found(problems) == [("number", "q/total")]
    assert (problems[0].expected, problems[0].found) == ("10.6 images", "10.5 images")


@pytest.mark.parametrize("end", ["low", "high", "level"])
def test_another_end_of_the_interval_names_the_end(end):
    forged = told(records=[record(interval={**record()["interval"], end: 0.5}), exact()])
    (problem,) = number_problems(forged, told(), Agreement.VALUES)
    assert problem.where == "q/total"
    assert end in problem.what


def test_a_value_within_the_tolerance_of_its_record_passes():
    near = told(records=[record(value=10.5 * (1 + 1e-12)), exact()])
    assert found(number_problems(near, told(), Agreement.WORDS)) == []


def test_an_exact_value_has_no_tolerance():
    near = told(records=[record(), exact(value=101.00000000001)])
    assert found(number_problems(near, told(), Agreement.VALUES)) == [("number", "q/hits")]


def test_the_tolerance_is_that_of_the_recomputation_not_the_one_that_is_told():
    forged = told(records=[record(value=11.0, tolerance=1.0), exact()])
    assert ("number", "q/total") in found(number_problems(forged, told(), Agreement.VALUES))


def test_an_interval_that_is_left_out_is_named():
    forged = told(records=[record(interval=None), exact()])
    assert {where for _, where in found(number_problems(forged, told(), Agreement.VALUES))} == {"q/total"}


def test_a_number_that_does_not_come_out_and_one_that_is_left_out_are_named():
    less = told(records=[record()])
    assert found(number_problems(told(), less, Agreement.VALUES)) == [("number", "q/hits")]
    assert found(number_problems(less, told(), Agreement.WORDS)) == [("number", "q/hits")]


def test_another_version_may_print_more_numbers():
    assert found(number_problems(told(records=[record()]), told(), Agreement.VALUES)) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [("status", "exact"), ("kind", "exact"), ("rows", []), ("tolerance", 0.5), ("code", "x"), ("seed", 1),
     ("parameters", {}), ("inputs", []), ("measure", "x@1")],
)  # fmt: skip
def test_a_field_of_a_record_that_is_another_is_named_unless_only_values_count(key, value):
    forged = told(records=[record(**{key: value}), exact()])
    assert found(number_problems(forged, told(), Agreement.WORDS)) == [("derivation", "q/total")]
    assert found(number_problems(forged, told(), Agreement.VALUES)) == []


def test_another_unit_is_another_number_for_every_version():
    forged = told(records=[record(unit="posts"), exact()])
    assert found(number_problems(forged, told(), Agreement.VALUES)) == [("number", "q/total")]


def test_a_record_with_a_field_of_its_own_is_named():
    forged = told(records=[record(note="x"), exact()])
    assert found(number_problems(forged, told(), Agreement.WORDS)) == [("derivation", "q/total")]


def test_what_a_finding_tells_otherwise_is_not_said_again_of_each_number():
    other = {"parameters": {"class": "b"}}
    forged = told([finding(**other)], [record(**other), {**exact(), **other}])
    assert found(number_problems(forged, told(), Agreement.WORDS)) == []
    assert found(finding_problems(forged, told(), Agreement.WORDS)) == [("finding", "q: /parameters/class")]


# --- findings -----------------------------------------------------------------------------------------


def test_a_missing_an_added_a_doubled_and_a_moved_finding_are_named():
    other = finding(id="r", values=[], counts={})
    both = told([finding(), other])
    assert found(finding_problems(told(), both, Agreement.VALUES)) == [("finding", "r")]
    assert found(finding_problems(both, told(), Agreement.VALUES)) == [("finding", "r")]
    assert found(finding_problems(told([other, finding()]), both, Agreement.VALUES)) == [("finding", "r")]
    assert ("finding", "q") in found(finding_problems(told([finding(), finding()]), told(), Agreement.VALUES))


def test_another_word_is_named_by_its_place_unless_only_values_count():
    forged = told([finding(headline={"en": "exactly", "es": "unas"})])
    (problem,) = finding_problems(forged, told(), Agreement.WORDS)
    assert (problem.where, problem.expected, problem.found) == ("q: /headline/en", '"exactly"', '"about"')
    assert found(finding_problems(forged, told(), Agreement.VALUES)) == []


def test_an_added_field_and_a_shorter_list_are_named():
    assert found(finding_problems(told([finding(note="x")]), told(), Agreement.WORDS)) == [
        ("finding", "q: /note")
    ]
    assert found(finding_problems(told([finding(values=[])]), told(), Agreement.WORDS)) == [
        ("finding", "q: /values")
    ]


def test_a_picture_may_differ_in_the_last_digit_only():
    def drawn(value):
        return told([finding(chart={"en": {"data": {"values": [{"estimate": value}]}}})])

    assert found(finding_problems(drawn(10.5 * (1 + 1e-12)), told(), Agreement.WORDS)) == []
    assert len(found(finding_problems(drawn(10.6), told(), Agreement.WORDS))) == 1


# --- a folder against itself ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value"),
    [("estimate", 10.6), ("estimate", None), ("unit", "posts"), ("status", "exact"), ("interval", None)],
)
def test_a_value_of_a_finding_that_is_not_its_derivations_names_the_number(key, value):
    forged = finding()
    forged["values"][0][key] = value
    assert found(internal_problems(told([forged]))) == [("number", "q/total")]


def test_a_count_of_a_finding_that_is_not_its_derivations_names_the_number():
    assert found(internal_problems(told([finding(counts={"hits": 102})]))) == [("number", "q/hits")]


def test_a_number_without_a_derivation_and_a_derivation_without_a_number_are_named():
    assert found(internal_problems(told(records=[record()]))) == [("derivation", "q/hits")]
    assert found(internal_problems(told([finding(counts={})]))) == [("derivation", "q/hits")]


def test_a_number_inside_a_table_is_held_against_its_derivation_too():
    cell = {"derivation": "q/waves/1/rate", "estimate": 2}
    forged = finding(series=[{"rows": [{"cells": [None, {"quote": "x"}, cell]}]}])
    records = [record(), exact(), exact("q/waves/1/rate", 3)]
    assert found(internal_problems(told([forged], records))) == [("number", "q/waves/1/rate")]


# --- tables -------------------------------------------------------------------------------------------


def test_a_table_that_is_another_than_the_findings_rest_on_is_named_once():
    two = told([finding(), finding(id="r")])
    assert found(input_problems(two, {"counts": (DIGEST, 3)})) == [("table", "counts")]
    assert found(input_problems(two, {})) == [("table", "counts")]


# --- odd input ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (None, 0, False),
        ("1", 1, False),
        (float("nan"), float("nan"), False),
    ],
)
def test_numbers_are_the_same_only_as_numbers(one, other, same):
    assert same_number(one, other) is same


def test_a_long_value_is_cut_in_a_message():
    assert len(shown("x" * 1000)) == 120


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(finding())), json_values)
def test_no_form_of_a_finding_stops_the_comparison(key, value):
    odd = told([{**deepcopy(finding()), key: value, "id": "q"}])
    for agreement in Agreement:
        list(number_problems(odd, told(), agreement))
        list(finding_problems(odd, told(), agreement))
    list(internal_problems(odd))
    list(input_problems(odd, {}))
