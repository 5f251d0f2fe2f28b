"""Verifying a case: from the sealed bytes on, every changed byte is named by item, table, row or file."""

import random
import shutil
import sqlite3

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from perito import verify
from perito.case import load_case
from perito.dossier.environment import Agreement
from perito.dossier.reading import read_told
from perito.dossier.stages import comparison, guarded, rebuilt_report, tables_report
from perito.dossier.verify import _belonging_report
from perito.errors import CaseError
from perito.evidence import Store
from perito.tables import build_tables, open_tables
from perito.workflow import seal_declared

TABLES = ("counts", "evidence", "holdings", "proceedings", "statement_stats")


@pytest.fixture(scope="module")
def rebuilt(built, tmp_path_factory):
    """The tables that the sealed bytes give."""
    return build_tables(Store(built / "evidence"), tmp_path_factory.mktemp("rebuilt") / "tables")


@pytest.fixture
def tables(built, tmp_path):
    shutil.copytree(built / "tables", tmp_path / "tables")
    return tmp_path / "tables"


def places(report):
    return [(problem.kind, problem.where) for problem in report.problems]


def flip(file, at, bit=1):
    content = bytearray(file.read_bytes())
    content[at] ^= bit
    file.chmod(0o644)
    file.write_bytes(content)


def some_places(file, count):
    size = file.stat().st_size
    chosen = random.Random(file.name)
    return [0, size - 1, *(chosen.randrange(size) for _ in range(count))]


def test_an_untouched_case_verifies_from_its_seals_on(built):
    report = verify(built)
    assert report.problems == ()
    checked = dict(report.checked)
    assert checked["objects"] == 6
    assert checked["tables rebuilt"] == len(TABLES)
    assert {"files", "numbers recomputed", "numbers traced in the report"} <= checked.keys()


def test_one_changed_byte_of_a_sealed_object_names_the_item(case):
    for item in Store(case / "evidence").items():
        digest = item.evidence_id.removeprefix("sha256:")
        (file,) = (
            path
            for path in (case / "evidence" / "objects").rglob("*")
            if digest.endswith(path.name) and path.is_file()
        )
        sealed = file.read_bytes()
        for at in some_places(file, 1):
            flip(file, at)
            report = verify(case)
            assert {where.partition(" ")[0] for _, where in places(report)} == {item.evidence_id}
            file.write_bytes(sealed)


def test_a_missing_object_names_the_item(case):
    item = Store(case / "evidence").items()[0]
    (file,) = (
        path
        for path in (case / "evidence").rglob("*")
        if path.is_file() and item.evidence_id.endswith(path.name)
    )
    file.unlink()
    assert all(item.evidence_id in where for _, where in places(verify(case)))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE acquisitions SET path = 'other.csv' WHERE sequence = 1",
        "UPDATE acquisitions SET recorded_at_us = recorded_at_us + 1 WHERE sequence = 2",
        "UPDATE acquisitions SET record = replace(record, 'reported', 'retorted') WHERE sequence = 1",
        "UPDATE objects SET bytes = bytes + 1",
        "DELETE FROM acquisitions WHERE sequence = 3",
        "DELETE FROM objects",
    ],
)
def test_a_record_changed_in_the_index_is_named(case, statement):
    connection = sqlite3.connect(case / "evidence" / "index.sqlite")
    connection.execute("PRAGMA foreign_keys = OFF")
    with connection:
        assert connection.execute(statement).rowcount
    connection.close()
    assert places(verify(case))


def test_a_changed_byte_of_the_index_is_named_or_changes_nothing_that_is_read(case):
    index = case / "evidence" / "index.sqlite"
    sound, items = index.read_bytes(), Store(case / "evidence").items()
    named = 0
    for at in some_places(index, 60):
        flip(index, at, bit=8)
        report = Store(case / "evidence").check()
        named += not report.ok
        assert not report.ok or Store(case / "evidence").items() == items, at
        index.write_bytes(sound)
    assert named > 10  # the rest of the file is unused space


def test_an_index_that_is_no_index_is_named(case):
    (case / "evidence" / "index.sqlite").write_bytes(b"SQLite format 3\0" + b"\xff" * 4096)
    assert any("index" in kind for kind, _ in places(verify(case)))


@pytest.mark.parametrize("name", [*(f"{name}.parquet" for name in TABLES), "tables.json"])
def test_one_changed_byte_of_a_table_names_its_file(tables, rebuilt, name):
    sound = (tables / name).read_bytes()
    for at in some_places(tables / name, 3):
        flip(tables / name, at)
        report = guarded(tables, rebuilt_report, tables, rebuilt, Agreement.BYTES)
        assert any(name.partition(".")[0] in where for _, where in places(report)), at
        (tables / name).write_bytes(sound)


def test_untouched_tables_are_those_that_the_seals_give(tables, rebuilt):
    assert places(rebuilt_report(tables, rebuilt, Agreement.BYTES)) == []


def test_a_changed_cell_is_named_by_its_row(tables, rebuilt):
    data = pq.read_table(tables / "proceedings.parquet", partitioning=None)
    notes = data.column("note").to_pylist()
    notes[7] = "changed"
    at, field = data.schema.get_field_index("note"), data.schema.field("note")
    pq.write_table(data.set_column(at, field, pa.array(notes, field.type)), tables / "proceedings.parquet")
    (problem,) = rebuilt_report(tables, rebuilt, Agreement.WORDS).problems
    assert problem.where == "proceedings"
    assert f"row 8, {data.column('evidence_id')[7]} {data.column('locator')[7]}" in problem.what
    assert places(tables_report(tables, read_told(tables))) == [("table", "proceedings")]


def test_a_row_left_out_and_a_table_left_out_are_named(tables, rebuilt):
    data = pq.read_table(tables / "counts.parquet", partitioning=None)
    pq.write_table(data.slice(0, data.num_rows - 1), tables / "counts.parquet")
    (problem,) = rebuilt_report(tables, rebuilt, Agreement.WORDS).problems
    assert f"row {data.num_rows}" in problem.what
    (tables / "counts.parquet").unlink()
    told = guarded(tables, tables_report, tables, read_told(tables))
    assert places(told) == [("table", "counts")]
    assert len(open_tables(tables).inputs) == len(TABLES)


@pytest.mark.parametrize(
    "name", ["findings.json", "derivations/grok-rate.json", "derivations/inventory.json"]
)
def test_one_changed_byte_of_the_findings_of_a_case_names_number_or_file(case, again, name):
    folder = case / "findings"
    sound = (folder / name).read_bytes()
    for at in some_places(folder / name, 3):
        flip(folder / name, at)
        now = read_told(folder)
        report = comparison(now, folder, again, Agreement.BYTES)
        assert now.problems or not report.ok, at
        (folder / name).write_bytes(sound)


def test_a_number_of_the_findings_and_a_file_of_the_dossier_are_named_from_the_case(case, edit_json):
    def change(findings):
        findings[2]["values"][0]["estimate"] *= 2

    edit_json(case / "findings" / "findings.json", change)
    flip(case / "dossier" / "expert.html", 100)
    found = places(verify(case))
    assert ("number", "grok-rate/images_per_minute") in found
    assert ("digest", "dossier/expert.html") in found


def test_a_dossier_of_another_case_file_is_named(case):
    file = case / "case.toml"
    file.write_text(file.read_text("utf-8") + "\n# a remark\n", "utf-8")
    assert places(_belonging_report(load_case(case))) == [("case", "case.toml")]


def test_a_dossier_of_other_seals_is_named(case):
    shutil.rmtree(case / "evidence")
    seal_declared(load_case(case))
    assert places(_belonging_report(load_case(case))) == [
        ("exhibit", "custody.json"),
        ("custody", "custody.json"),
    ]


def test_a_case_without_a_dossier_can_be_verified(case):
    shutil.rmtree(case / "dossier")
    report = verify(case)
    assert report.ok
    assert "files" not in dict(report.checked)


def test_a_case_whose_tables_were_never_built_says_so(example_case):
    seal_declared(load_case(example_case))
    assert any(where == "tables" or "tables" in where for _, where in places(verify(example_case)))


def test_a_fault_of_the_case_file_is_an_error(case):
    (case / "case.toml").write_text("[case]\n")
    with pytest.raises(CaseError):
        verify(case)


def test_a_purged_item_is_accepted_and_said(case):
    store = Store(case / "evidence")
    item = store.current_items()[0]
    store.purge(item.evidence_id, reason="court order", authority="auto 12/2026", by="a.n.")
    report = verify(case)
    assert report.problems == ()
    checked = dict(report.checked)
    assert checked["items purged"] == 1
    assert checked["items without bytes, for which the tables were not rebuilt"] == 1
    assert checked["items held otherwise since the dossier was made"] == 1
