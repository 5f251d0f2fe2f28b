from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from perito.report import Problem, Report

PROBLEM = Problem("digest", "sha256:ab (posts.csv)", "the bytes differ", "ab", "cd")


def test_a_report_is_ok_exactly_when_it_has_no_problem():
    assert Report(checked=(("objects", 0),)).ok
    assert not Report((PROBLEM,)).ok


def test_joining_keeps_every_problem_and_adds_up_equal_counts():
    one = Report((PROBLEM,), (("objects", 2), ("bytes", 10)))
    two = Report((PROBLEM, PROBLEM), (("objects", 3), ("rows", 1)))
    assert one.joined(two) == Report((PROBLEM,) * 3, (("objects", 5), ("bytes", 10), ("rows", 1)))


def test_a_report_as_json_says_the_outcome_the_counts_and_each_fact():
    assert json.loads(json.dumps(Report((PROBLEM,), (("objects", 2),)).to_json())) == {
        "ok": False,
        "checked": {"objects": 2},
        "problems": [
            {
                "kind": "digest",
                "where": "sha256:ab (posts.csv)",
                "what": "the bytes differ",
                "expected": "ab",
                "found": "cd",
            }
        ],
    }


def test_a_problem_as_text_leaves_out_facts_that_it_does_not_have():
    assert str(PROBLEM).endswith("(expected ab, found cd)")
    assert str(Problem("object_missing", "sha256:ab", "it is gone")) == "sha256:ab: it is gone"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=6))
def test_joining_with_an_empty_report_changes_nothing(counts):
    report = Report((PROBLEM,), tuple(dict(counts).items()))
    assert report.joined(Report()) == report == Report().joined(report)
