"""The key `confidential` of declared evidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from perito.case.casefile import read_case
from perito.errors import CaseError

CASE = """
[case]
id = "q"
title = "Q"
period = { from = 2026-01-01, to = 2026-02-01 }

[[evidence]]
path = "a.csv"
format = "document"
acquired_at = 2026-01-15
"""


@pytest.mark.parametrize(
    ("line", "expected"), [("", False), ("confidential = false", False), ("confidential = true", True)]
)
def test_evidence_is_confidential_where_the_case_says_so(line, expected):
    declared = read_case(f"{CASE}{line}\n".encode(), Path("q")).evidence[0]
    assert declared.is_confidential is expected
    assert "is_confidential" not in declared.acquisition()


@pytest.mark.parametrize("value", ['"true"', "1", "[]"])
def test_what_is_no_truth_value_is_refused_by_name(value):
    with pytest.raises(CaseError, match="confidential"):
        read_case(f"{CASE}confidential = {value}\n".encode(), Path("q"))
