"""Verifying: a changed dossier fails, and file, row or number are named, however well it was hidden."""

import os

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from perito import verify
from perito.dossier import stages
from perito.dossier.compare import internal_problems
from perito.dossier.environment import Agreement
from perito.dossier.reading import read_told
from perito.dossier.stages import (
    comparison,
    exhibits_report,
    guarded,
    numbers_report,
    tables_report,
    trace_report,
)
from perito.dossier.verify import verify_dossier
from perito.errors import DossierError
from perito.report import Report
from perito.tables import open_tables


def places(report):
    return [(problem.kind, problem.where) for problem in report.problems]


def against(folder, again, agreement=Agreement.BYTES):
    """The stages behind the manifest, for a forgery that touches neither tables nor case file."""
    told = read_told(folder)
    report = Report((*told.problems, *internal_problems(told)))
    report = report.joined(comparison(told, folder, again, agreement))
    return report.joined(guarded(folder, trace_report, folder, told))


def recomputed(folder):
    """The stages behind the manifest, for a forgery of what the numbers are computed from."""
    told = read_told(folder)
    report = guarded(folder, tables_report, folder / "tables", told)
    return report.joined(guarded(folder, numbers_report, folder, folder / "tables", told, Agreement.BYTES))


def replace_once(file, old, new):
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def change_cell(folder, table, column, row, value):
    """Changes one cell of a table, and its canonical digest with it."""
    file = folder / f"{table}.parquet"
    data = pq.read_table(file, partitioning=None)
    cells = data.column(column).to_pylist()
    assert cells[row] != value
    cells[row] = value
    at, field = data.schema.get_field_index(column), data.schema.field(column)
    pq.write_table(
        data.set_column(at, field, pa.array(cells, field.type)), file, compression="zstd", store_schema=False
    )
    digest, rows = open_tables(folder).digest(table)
    listed = orjson.loads((folder / "tables.json").read_bytes())
    listed[table] = {"digest": digest, "rows": rows}
    (folder / "tables.json").write_bytes(orjson.dumps(listed))


# --- what is as it was made ---------------------------------------------------------------------------


def test_an_untouched_dossier_verifies_and_says_what_was_looked_at(built, told):
    report = verify(built / "dossier")
    assert report.problems == ()
    checked = dict(report.checked)
    assert checked["findings"] == len(told.findings)
    assert checked["numbers recomputed"] == len(told.records) > 300
    assert checked["numbers traced in the report"] > 4 * len(told.records)
    assert {"files", "tables", "exhibits"} <= checked.keys()
    assert not any("version" in what for what in checked)


def test_verifying_changes_nothing(case, fingerprint):
    before = fingerprint(case), {path: path.stat().st_mtime_ns for path in case.rglob("*")}
    verify(case / "dossier")
    verify(case)
    assert (fingerprint(case), {path: path.stat().st_mtime_ns for path in case.rglob("*")}) == before


def test_a_program_that_lies_in_the_dossier_is_not_run(dossier, monkeypatch):
    for name in ("orjson.py", "duckdb.py", "sitecustomize.py"):
        (dossier / name).write_text("raise SystemExit('run')")
    (dossier / "perito").mkdir()
    (dossier / "perito" / "__init__.py").write_text("raise SystemExit('run')")
    monkeypatch.chdir(dossier)
    report = verify(".")
    assert {kind for kind, _ in places(report)} == {"unlisted"}


@pytest.mark.parametrize("name", ["manifest.json", "manifest.sha256", "report.html"])
def test_a_dossier_without_one_of_its_signs_is_still_taken_for_a_dossier(dossier, name):
    (dossier / name).unlink()
    report = verify(dossier)
    assert any(where == name for _, where in places(report))


def test_a_folder_that_is_neither_dossier_nor_case_is_refused(tmp_path):
    with pytest.raises(DossierError, match="neither a dossier nor a case"):
        verify(tmp_path)
    with pytest.raises(DossierError, match="there is no dossier"):
        verify_dossier(tmp_path)


# --- forgeries behind a manifest that fits --------------------------------------------------------------


def test_a_number_changed_in_the_findings_is_named(dossier, reseal, edit_json):
    def change(findings):
        findings[1]["values"][0]["estimate"] += 1

    edit_json(dossier / "findings.json", change)
    reseal(dossier)
    report = verify(dossier)
    assert ("number", "grok-minors/total") in places(report)
    assert {where.partition("/")[0] for kind, where in places(report) if kind == "number"} == {"grok-minors"}


def test_a_number_changed_in_a_derivation_is_named(dossier, again, edit_json):
    def change(records):
        assert records[0]["id"] == "grok-minors/total"
        records[0]["interval"]["high"] += 100

    edit_json(dossier / "derivations" / "grok-minors.json", change)
    numbers = {where for kind, where in places(against(dossier, again)) if kind in {"number", "printed"}}
    assert numbers == {"grok-minors/total"}


def test_a_number_changed_everywhere_is_named_by_recomputation(dossier, again, edit_json):
    """In the findings, the derivation and the report: only the tables still say otherwise."""

    def change(entries):
        for entry in entries:
            if entry["id"] == "survey-deepfakes/persons_2":
                entry["value"] = 9999
            elif entry["id"] == "survey-deepfakes":
                entry["counts"]["persons_2"] = 9999

    edit_json(dossier / "findings.json", change)
    edit_json(dossier / "derivations" / "survey-deepfakes.json", change)
    problem = against(dossier, again, Agreement.VALUES).problems[0]
    assert (problem.kind, problem.where) == ("number", "survey-deepfakes/persons_2")
    assert problem.expected.startswith("9999 ")


def test_a_changed_cell_is_named_by_its_table_and_by_exactly_the_numbers_that_rest_on_it(dossier):
    change_cell(dossier / "tables", "proceedings", "amount_eur", 3, 45_000_001)
    report = recomputed(dossier)
    assert ("table", "proceedings") in places(report)
    numbers = {where for kind, where in places(report) if kind == "number"}
    assert numbers
    assert {name.partition("/")[0] for name in numbers} == {"parallel-proceedings"}


def test_a_changed_cell_whose_digest_was_not_changed_is_named_by_its_table(dossier):
    listed = (dossier / "tables" / "tables.json").read_bytes()
    change_cell(dossier / "tables", "proceedings", "note", 0, "x")
    (dossier / "tables" / "tables.json").write_bytes(listed)
    report = guarded(dossier, tables_report, dossier / "tables", read_told(dossier))
    assert places(report) == [("table", "proceedings")]


def test_a_number_changed_in_the_report_is_traced(dossier, again):
    replace_once(dossier / "report.html", ">3.002.712<", ">3.002.713<")
    report = against(dossier, again)
    assert ("printed", "grok-sexualised/total") in places(report)
    assert ("bytes", "report.html") in places(report)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (
            "report.html",
            '<a class="n"',
            '<span class="q">9.999.999</span> <a class="n"',
        ),  # a number as a quote
        ("report.html", "No muestra quién", "Muestra quién"),
        ("report.html", "</svg>", "<text>9</text></svg>"),
        ("report.html", "</style>", ".ci { display: none }</style>"),
        ("expert.html", "perito verify", "perito show"),
        ("findings.schema.json", '"array"', '"object"'),
    ],
)
def test_words_pictures_and_rules_of_the_papers_cannot_be_changed_either(dossier, again, file, old, new):
    replace_once(dossier / file, old, new)
    assert ("bytes", file) in places(against(dossier, again))


def test_a_condition_left_out_of_a_finding_is_named(dossier, again, edit_json):
    edit_json(dossier / "findings.json", lambda findings: findings[0]["conditions"].pop())
    assert ("finding", "grok-sexualised: /conditions") in places(against(dossier, again))


def test_a_whole_finding_left_out_is_named(dossier, again, edit_json):
    edit_json(dossier / "findings.json", lambda findings: findings.pop(1))
    (dossier / "derivations" / "grok-minors.json").unlink()
    found = places(against(dossier, again))
    assert ("finding", "grok-minors") in found
    assert "number" not in {kind for kind, _ in found}  # said once, of the finding


def test_a_finding_without_its_derivations_names_its_numbers(dossier, again):
    (dossier / "derivations" / "survey-deepfakes.json").unlink()
    found = places(against(dossier, again))
    assert ("number", "survey-deepfakes/persons_1") in found
    assert ("derivation", "survey-deepfakes/persons_1") in found


def test_another_parameter_in_the_case_file_is_named(dossier):
    replace_once(dossier / "case.toml", "claim = 20_000", "claim = 19_000")
    found = places(recomputed(dossier))
    assert ("finding", "grok-claim-20000: /parameters/claim") in found
    assert ("number", "grok-claim-20000/claimed") in found


def test_another_question_in_the_case_file_is_named(dossier):
    replace_once(dossier / "case.toml", "How many sexualised images", "How few sexualised images")
    assert ("finding", "grok-sexualised: /question/en") in places(recomputed(dossier))


def items_of(content):
    return content if isinstance(content, list) else content["items"]


@pytest.mark.parametrize(
    ("file", "key", "value"),
    [
        ("evidence.json", "origin", "the accused"),
        ("evidence.json", "bytes", 1),
        ("evidence.json", "acquired_at", "2020-01-01T00:00:00Z"),
        ("evidence.json", "evidence_id", "sha256:" + "0" * 64),
        ("custody.json", "path", "other.csv"),
        ("custody.json", "evidence_id", "sha256:" + "0" * 64),
    ],
)
def test_an_exhibit_that_is_listed_otherwise_than_it_was_sealed_is_named(
    dossier, edit_json, file, key, value
):
    edit_json(dossier / file, lambda content: items_of(content)[0].update({key: value}))
    report = guarded(dossier, exhibits_report, dossier, read_told(dossier))
    assert {kind for kind, _ in places(report)} - {"proof"} == {"exhibit"}


def test_an_exhibit_left_out_of_both_lists_is_named_with_the_numbers_that_rest_on_it(dossier, edit_json):
    for file in ("evidence.json", "custody.json"):
        edit_json(dossier / file, lambda content: items_of(content).pop(0))
    report = guarded(dossier, exhibits_report, dossier, read_told(dossier))
    assert [kind for kind, where in places(report) if where.startswith("sha256:")] == ["exhibit"]
    assert any(where.startswith("grok-") for _, where in places(report))


def test_other_sealing_times_do_not_fit_the_report(dossier, edit_json):
    edit_json(
        dossier / "custody.json", lambda entries: entries["items"][0].update(sealed_at="2020-01-01T00:00:00Z")
    )
    assert ("bytes", "report.html") in places(recomputed(dossier))


# --- another version ------------------------------------------------------------------------------------


def test_a_dossier_of_another_version_is_judged_by_its_values_alone_and_that_is_said(
    dossier, reseal, edit_json
):
    edit_json(dossier / "findings.json", lambda findings: findings[0]["headline"].update(en="Otherwise."))
    replace_once(dossier / "expert.html", "perito verify", "perito check")
    reseal(dossier, {"code": "sha256:" + "0" * 64, "perito": "0.0.1"})
    report = verify(dossier)
    assert report.problems == ()
    assert any("another version of the code" in what for what, _ in report.checked)


def test_a_number_of_a_dossier_of_another_version_must_still_come_out(dossier, again, edit_json):
    def change(records):
        records[0]["value"] += 1

    edit_json(dossier / "derivations" / "grok-rate.json", change)
    report = against(dossier, again, Agreement.VALUES)
    assert ("number", "grok-rate/images_per_minute") in places(report)


def test_with_other_libraries_words_must_agree_but_not_bytes(dossier, reseal):
    replace_once(dossier / "expert.html", "perito verify", "perito check")
    reseal(dossier, {"libraries": {"duckdb": "0"}})
    report = verify(dossier)
    assert report.problems == ()
    assert any("other versions of the libraries" in what for what, _ in report.checked)


def test_a_last_digit_that_another_processor_may_give_is_said_and_not_refused(dossier, again, edit_json):
    nudged = 0.64975 * (1 + 1e-12)

    def change(entries):
        for entry in entries:
            if entry["id"] == "grok-sexualised/share":
                entry["value"] = nudged
            for value in entry.get("values", ()):
                if value["derivation"] == "grok-sexualised/share":
                    value["estimate"] = nudged

    for file in ("findings.json", "derivations/grok-sexualised.json"):
        edit_json(dossier / file, change)
    report = comparison(read_told(dossier), dossier, again, Agreement.BYTES)
    assert report.problems == ()
    assert any("within their tolerance" in what for what, _ in report.checked)


# --- damage ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("case.toml", b"\xff\x00"),
        ("evidence.json", b'[{"evidence_id": 1}]'),
        ("findings.json", b""),
        ("report.html", b"\xff\xfe<html>"),
        ("tables/tables.json", b'{"counts": {"digest": [], "rows": {}}, "../x": 1}'),
        ("tables/statement_stats.parquet", b"PAR1"),
    ],
)
def test_damage_of_any_file_is_named_and_does_not_stop_the_check_of_the_rest(dossier, name, content):
    (dossier / name).write_bytes(content)
    report = verify(dossier)
    assert ("digest", name) in places(report)
    assert dict(report.checked)["files"] > 20


def test_a_missing_folder_is_named(dossier):
    for file in (dossier / "tables").iterdir():
        file.unlink()
    (dossier / "tables").rmdir()
    found = places(verify(dossier))
    assert ("missing", "tables/counts.parquet") in found
    assert ("unreadable", "tables") in found


def test_a_pipe_in_place_of_a_file_does_not_hang_the_verification(dossier):
    (dossier / "report.html").unlink()
    os.mkfifo(dossier / "report.html")
    assert ("stranger", "report.html") in places(verify(dossier))


def test_a_file_that_may_not_be_read_is_named(dossier, monkeypatch):
    def refused(*_):
        raise PermissionError(13, "Permission denied", str(dossier / "tables" / "counts.parquet"))

    report = guarded(dossier, refused)
    assert places(report) == [("unreadable", "tables/counts.parquet")]


def test_several_threads_are_tried_even_on_one_core(dossier, monkeypatch):
    tried = []
    monkeypatch.setattr(stages.os, "cpu_count", lambda: 1)
    monkeypatch.setattr(stages, "recompute", lambda *given, **_: tried.append(given[3]))
    monkeypatch.setattr(stages, "read_told", lambda _: told)
    told = read_told(dossier)
    numbers_report(dossier, dossier / "tables", told, Agreement.VALUES)
    assert tried == [1, 2]
