"""What the commands print when all is well: for people, for programs, and into a pipe that closes."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

JSON_CALLS = {
    "run": ["run", "CASE", "--json"],
    "measure": ["measure", "CASE", "--json"],
    "verify": ["verify", "CASE", "--json"],
    "check": ["check", "CASE", "--json"],
    "show": ["show", "CASE", "sources/counts.csv", "row=1", "--json"],
    "add": ["add", "CASE", "CASE/case.toml", "--format", "document", "--json"],
    "formats": ["formats", "--json"],
    "measures": ["measures", "--json"],
    "provisions": ["provisions", "--json"],
}


@pytest.mark.parametrize("name", JSON_CALLS)
def test_json_is_all_that_goes_to_stdout_and_nothing_to_stderr(name, perito, built_case):
    outcome = perito(*(argument.replace("CASE", str(built_case)) for argument in JSON_CALLS[name]))
    assert (outcome.code, outcome.err) == (0, "")
    assert json.loads(outcome.out)


def test_run_prints_every_finding_with_its_status_and_the_path_of_the_report(perito, small_case):
    outcome = perito("run", small_case)
    assert "how-many  [conditional]" in outcome.text
    assert "inventory  [exact]" in outcome.text
    assert outcome.text.splitlines()[-1] == str(small_case / "dossier" / "report.html")
    assert (small_case / "dossier" / "report.html").is_file()


def test_findings_for_programs_are_those_in_the_dossier(perito, built_case):
    printed = json.loads(perito("run", built_case, "--json").out)
    assert printed == json.loads((built_case / "dossier" / "findings.json").read_bytes())


def test_a_second_run_changes_no_byte(perito, built_case, bytes_of):
    before = bytes_of(built_case)
    assert perito("run", built_case, "--quiet").code == 0
    assert bytes_of(built_case) == before


def test_measuring_writes_nothing_and_answers_what_was_asked(perito, built_case, bytes_of):
    before = bytes_of(built_case)
    outcome = perito("measure", built_case, "inventory", "how-many", "--json")
    assert [finding["id"] for finding in json.loads(outcome.out)] == ["inventory", "how-many"]
    assert bytes_of(built_case) == before


@pytest.mark.parametrize("command", ["run", "measure"])
def test_findings_are_printed_in_the_language_of_the_case_or_in_the_one_asked_for(
    command, perito, built_case
):
    own = perito(command, built_case).text
    assert perito(command, built_case, "--language", "en").text == own
    assert perito(command, built_case, "--language", "es").text != own


def test_a_dossier_in_another_folder_verifies_alone(perito, built_case, tmp_path):
    out = tmp_path / "handover"
    assert perito("dossier", built_case, "--out", out).text == f"{out}\n"
    built_case.rename(tmp_path / "gone")
    assert perito("verify", out, "--quiet").code == 0


def test_a_dossier_built_from_a_changed_case_file_agrees_with_the_findings_of_the_case(perito, built_case):
    file = built_case / "case.toml"
    file.write_text(file.read_text("utf-8").replace('unit = "posts"', 'unit = "images"'), "utf-8")
    assert perito("dossier", built_case, "--quiet").code == 0
    assert perito("verify", built_case, "--quiet").code == 0


def test_a_new_case_runs_as_it_is_and_takes_its_name_from_the_folder(perito, tmp_path):
    folder = tmp_path / "Harbour Case"
    assert perito("new", folder, "--language", "en").text == f"{folder / 'case.toml'}\n"
    assert 'id = "harbour-case"' in (folder / "case.toml").read_text("utf-8")
    assert "[cannot_say]" in perito("run", folder).text
    assert perito("verify", folder, "--quiet").code == 0


def test_one_measure_is_listed_with_its_parameters(perito):
    one, every = perito("measures", "prevalence").text, perito("measures").text
    assert "population_range" in one
    assert "population_range" not in every
    assert one.splitlines()[0] in every.splitlines()


@pytest.mark.parametrize("command", ["formats", "measures", "provisions"])
def test_lists_are_printed_in_both_languages(command, perito):
    english, spanish = perito(command), perito(command, "--language", "es")
    assert english.code == spanish.code == 0
    assert english.out != spanish.out
    assert len(english.text.splitlines()) == len(spanish.text.splitlines())


def test_one_provision_is_printed_with_its_dates_authority_and_fact(perito):
    lines = perito("provisions", "dsa-16").text.splitlines()
    labels = [line.strip().split(":")[0] for line in lines[1:]]
    assert "[2024-02-17, …)" in lines[1]
    assert {"in force", "authority", "fact it needs", "how well it was read"} <= set(labels)


@pytest.mark.parametrize("arguments", [["provisions"], ["show", "CASE", "sources/counts.csv"]])
def test_a_reader_that_went_away_is_no_check_that_failed(arguments, started, built_case):
    reader, writer = os.pipe()
    os.close(reader)
    given = [argument.replace("CASE", str(built_case)) for argument in arguments]
    done = started(*given, stdout=writer, stderr=subprocess.PIPE, capture_output=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_character_that_the_terminal_lacks_is_a_code_point_and_no_traceback(started):
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = started("provisions", "dsa-16", env=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"[2024-02-17, \\u2026)" in done.stdout
