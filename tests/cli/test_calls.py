"""Wrong calls: one line that names the fault and what to do, exit code 2, and nothing changed."""

from __future__ import annotations

import pytest

CALLS = {
    "a command that there is not": (["veryfi", "CASE"], ["veryfi", "verify"]),
    "an argument that is missing": (["run"], ["run", "CASE", "--help"]),
    "a second argument that is missing": (["show", "CASE"], ["show", "ITEM", "--help"]),
    "no file to add": (["add", "CASE"], ["add", "PATH", "--help"]),
    "an argument too many": (["run", "CASE", "b"], ["run", "b", "--help"]),
    "an option that there is not": (["run", "CASE", "--jsn"], ["run", "--jsn", "--json"]),
    "an option of the program that there is not": (["--verison"], ["--verison", "--version"]),
    "an option without its value": (["formats", "--language"], ["--language", "--help"]),
    "a language that there is not": (["formats", "--language", "fr"], ["--language", "fr", "en", "es"]),
    "an engine that there is not": (["run", "CASE", "--engine", "duckbd"], ["--engine", "duckbd", "duckdb"]),
    "an engine that there is not, measuring": (
        ["measure", "CASE", "--engine", "x"],
        ["--engine", "'x'", "duckdb"],
    ),
    "a folder that is no case": (["run", "nowhere"], ["nowhere/case.toml", "perito new"]),
    "a file in the place of a case": (["check", "CASE/case.toml"], ["case.toml", "folder"]),
    "a question that the case does not ask": (
        ["measure", "CASE", "how-mny"],
        ["case.toml", "how-mny", "how-many"],
    ),
    "a measure that there is not": (["measures", "prevalnce"], ["prevalnce", "prevalence"]),
    "a provision that there is not": (["provisions", "dsa-334"], ["dsa-334", "dsa-34"]),
    "an item that there is not": (
        ["show", "CASE", "sources/count.csv"],
        ["sources/count.csv", "sources/counts.csv"],
    ),
    "a locator of no form": (
        ["show", "CASE", "sources/counts.csv", "17"],
        ["sources/counts.csv", "17", "row=12"],
    ),
    "a locator that leads nowhere": (
        ["show", "CASE", "sources/counts.csv", "row=9"],
        ["sources/counts.csv", "row=9"],
    ),
    "neither a dossier nor a case": (
        ["verify", "CASE/sources"],
        ["CASE/sources", "manifest.json", "case.toml"],
    ),
    "a file to add that there is not": (["add", "CASE", "nowhere.csv"], ["nowhere.csv", "path of a file"]),
    "a folder to add": (["add", "CASE", "CASE/sources"], ["CASE/sources", "archive"]),
    "a format that there is not": (
        ["add", "CASE", "CASE/sources/counts.csv", "--format", "lable_counts"],
        ["--format", "lable_counts", "label_counts"],
    ),
    "a canonical table that there is not": (
        ["add", "CASE", "CASE/sources/counts.csv", "--format", "table:count"],
        ["--format", "table:count", "counts"],
    ),
    "a time without its zone": (
        ["add", "CASE", "CASE/sources/counts.csv", "--acquired-at", "2026-01-01T10:00"],
        ["2026-01-01T10:00", "zone"],
    ),
    "a folder that exists for a dossier": (
        ["dossier", "CASE", "--out", "CASE/sources"],
        ["CASE/sources", "exists"],
    ),
    "a folder with something in it for a new case": (["new", "CASE"], ["CASE", "new folder"]),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_call_is_refused_in_one_line_that_names_it_and_changes_nothing(
    name, refused, perito, small_case, bytes_of, monkeypatch
):
    monkeypatch.chdir(small_case.parent)
    assert perito("run", "small", "--quiet").code == 0
    before = bytes_of(small_case.parent)
    arguments, facts = CALLS[name]
    said = refused(*(argument.replace("CASE", "small") for argument in arguments))
    missing = [fact for fact in facts if fact.replace("CASE", "small") not in said and fact not in said]
    assert missing == [], said
    # To see that a locator leads nowhere the item has to be opened, and every opening is logged.
    is_opened = name == "a locator that leads nowhere"
    after = bytes_of(small_case.parent)
    changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    assert {path for path in changed if not (is_opened and path.startswith("small/evidence/log/"))} == set()


def test_an_engine_that_there_is_not_is_refused_before_anything_is_sealed(refused, small_case, bytes_of):
    before = bytes_of(small_case)
    refused("run", small_case, "--engine", "spork")
    assert bytes_of(small_case) == before


def test_measuring_before_tables_were_built_says_what_to_run(refused, small_case):
    assert "perito run" in refused("measure", small_case)
    assert "perito run" in refused("dossier", small_case)


def test_what_the_operating_system_refuses_is_said_in_one_line(refused, small_case, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "small/tables")

    monkeypatch.setattr("perito.run.run_case", full)
    said = refused("run", small_case)
    assert said.startswith("small/tables: no space left on device")


def test_a_deceptive_name_is_shown_as_code_points(refused):
    assert "\\u202e" in refused("run", "case\u202egpj.exe")


def test_being_stopped_by_the_user_is_said_and_has_a_code_of_its_own(perito, small_case, monkeypatch):
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("perito.run.run_case", stop)
    outcome = perito("run", small_case)
    assert (outcome.code, outcome.err) == (130, "perito: stopped\n")
