"""The annex: every table of the findings for a spreadsheet, no formula in it, the same bytes every time."""

import csv
import io
import json
from dataclasses import replace

import pytest
from openpyxl import load_workbook

from perito.case import load_case
from perito.dossier.annex import Sheet, csv_bytes, put_annex, sheet_names, sheets, workbook_bytes
from perito.dossier.verify import verify
from perito.findings import Column, Row, Table, Text, Value
from perito.tables import open_tables
from perito.workflow import answer

HOSTILE = ("=HYPERLINK(1)", "+1", "-1+2", "@SUM(A1)", "\tx", "a,b\nc", "\u202egpj")


@pytest.fixture(scope="module")
def findings(built):
    case = load_case(built)
    return answer(case, case.questions, open_tables(case.tables_folder))


def rows_of(content):
    return list(csv.reader(io.StringIO(content.decode())))


def test_every_number_of_every_finding_stands_in_the_annex_in_full(built, findings):
    folder = built / "dossier" / "annex"
    written = {row[0] for row in rows_of((folder / "index.csv").read_bytes())[1:]}
    assert written == {path.name for path in folder.glob("*.csv")} - {"index.csv"}
    for finding in findings:
        cells = {
            cell
            for path in folder.glob(f"{finding.id}.*.csv")
            for row in rows_of(path.read_bytes())
            for cell in row
        }
        for value in finding.all_values():
            for part in ("estimate", "low", "high"):
                number = value.part(part)
                assert number is None or repr(number) in cells or str(number) in cells


def test_the_workbook_holds_the_same_cells_as_the_csv_files(built):
    folder = built / "dossier" / "annex"
    book = load_workbook(folder / "tables.xlsx")
    index = rows_of((folder / "index.csv").read_bytes())
    assert book.sheetnames[0] == "annex index"
    for file, name, *_ in index[1:]:
        told = rows_of((folder / file).read_bytes())
        page = [[cell.value for cell in row] for row in book[name].iter_rows(max_col=len(told[0]))]
        assert len(page) == len(told)
        for given, row in zip(told, page, strict=True):
            for text, cell in zip(given, row, strict=True):
                if isinstance(cell, (int, float)):
                    assert float(text) == pytest.approx(cell, rel=1e-15)  # sixteen digits
                else:
                    assert text.removeprefix("'") == (cell or "").removeprefix("'")


def test_a_cell_that_begins_like_a_formula_stays_text_everywhere():
    sheet = Sheet("f", "t", ("T", "T"), ("cell",), tuple((words,) for words in HOSTILE))
    for (cell,), words in zip(rows_of(csv_bytes(sheet))[1:], HOSTILE, strict=True):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
        assert cell.lstrip("'") == words
    page = load_workbook(io.BytesIO(workbook_bytes([sheet]))).worksheets[0]
    assert [page.cell(at, 1).data_type for at in range(2, 5)] == ["s"] * 3
    assert page.cell(2, 1).value == "=HYPERLINK(1)"


def test_words_of_a_source_cannot_deceive_and_numbers_keep_their_sign(findings):
    label = Text("{words}", "{words}", {"words": "=1\u202e"})
    table = Table(
        "hostile",
        label,
        (Column("a", label), Column("b", label)),
        (Row(label, ("=2", Value("a", label, -3, "items"))),),
    )
    (finding, *_) = findings
    made = next(s for s in sheets([replace(finding, series=(table,))]) if s.table == "hostile")
    assert made.columns == ("row_en", "row_es", "a_quoted", "b")
    assert rows_of(csv_bytes(made))[1] == ["'=1\\u202e", "'=1\\u202e", "'=2", "-3"]


def test_equal_findings_give_equal_bytes(findings, tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        put_annex(findings, tmp_path / name)
    names = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*"))
    assert len(names) > 5
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_sheet_names_fit_a_workbook_and_none_is_used_twice():
    many = [Sheet("a very long question about cats/dogs", f"t{at % 3}", ("", ""), (), ()) for at in range(40)]
    names = sheet_names(many)
    assert len({name.casefold() for name in names}) == 40
    assert max(map(len, names)) <= 31
    assert not any(set(name) & set("[]:*?/\\'") for name in names)


def test_a_changed_cell_of_the_annex_is_found_even_under_a_new_manifest(dossier, reseal):
    file = next((dossier / "annex").glob("*.values.csv"))
    file.write_bytes(file.read_bytes() + b"one more line\n")
    reseal(dossier)
    where = f"annex/{file.name}"
    assert any(problem.where == where for problem in verify(dossier).problems)


def test_the_manifest_lists_the_annex(built):
    listed = json.loads((built / "dossier" / "manifest.json").read_bytes())["files"]
    assert "annex/tables.xlsx" in listed
