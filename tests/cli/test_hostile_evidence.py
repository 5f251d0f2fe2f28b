"""Evidence is hostile: a bad record costs itself, a bad file is refused by name, nothing half-built stays."""

from __future__ import annotations

import json
import zipfile

import pytest

COLUMNS = 20
ROW = b"Study,x,,count,%s,%s,%s,sample,%s,counted,2026-01-01,2026-01-31,31,,random,readers,a kind,,here,seen"
GOOD = ROW % (b"other", b"1", b"1500", b"60000")

REJECTED = {
    "a NUL": GOOD.replace(b"other", b"ot\0her"),
    "a cell above the limit": GOOD.replace(b"other", b"o" * 1_100_000),
    "a broken encoding": GOOD.replace(b"other", b"caf\xe9"),
    "a wrong type": ROW % (b"other", b"seven", b"1500", b"60000"),
    "a float for a count": ROW % (b"other", b"7.0", b"1500", b"60000"),
    "a number beyond 64 bits": ROW % (b"other", b"9" * 30, b"1500", b"60000"),
    "too few cells": b"Study,x,,count",
    "too many cells": GOOD + b",more",
    "an unknown kind": GOOD.replace(b",count,", b",cuont,"),
    "a date that does not exist": GOOD.replace(b"2026-01-31", b"2026-02-31"),
    "an empty required cell": ROW % (b"", b"1", b"1500", b"60000"),
}


def inventory(perito, case) -> dict[str, int]:
    outcome = perito("run", case, "--json")
    assert outcome.code == 0, outcome.err
    finding = next(one for one in json.loads(outcome.out) if one["id"] == "inventory")
    return {value["name"]: value["estimate"] for value in finding["values"]}


@pytest.mark.parametrize("name", REJECTED)
def test_a_record_that_cannot_be_read_is_rejected_with_its_place_and_the_run_goes_on(
    name, perito, with_records
):
    case = with_records(REJECTED[name], GOOD)
    counted = inventory(perito, case)
    assert (counted["records"], counted["mapped"], counted["rejected"]) == (3, 2, 1)
    shown = perito("show", case, "sources/counts.csv", "row=2")
    assert (shown.code, shown.out) == (0, REJECTED[name])


def test_a_case_with_rejected_records_verifies(perito, with_records):
    case = with_records(*REJECTED.values())
    assert perito("run", case, "--quiet").code == 0
    assert perito("verify", case, "--quiet").code == 0


def test_a_byte_order_mark_is_accepted(perito, with_records):
    case = with_records(GOOD)
    file = case / "sources" / "counts.csv"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    counted = inventory(perito, case)
    assert (counted["records"], counted["mapped"]) == (2, 2)


def test_a_formula_is_a_text_like_any_other(perito, with_records):
    formula = '=cmd|" /C calc"!A0'
    case = with_records(GOOD.replace(b"other", b'"=cmd|"" /C calc""!A0"'))
    file = case / "case.toml"
    file.write_text(file.read_text("utf-8").replace('class = "kind"', f"class = '{formula}'"), "utf-8")
    outcome = perito("run", case, "--json")
    assert outcome.code == 0
    assert formula in json.loads(outcome.out)[0]["headline"]["en"]


def test_words_of_a_source_cannot_drive_the_terminal_nor_stop_the_program(started, with_records):
    case = with_records(GOOD.replace(b"other", b"\x1b[31mred\xe2\x80\xae"))
    file = case / "case.toml"
    deceptive = 'class = "\\u001b[31mred\\u202e"'
    file.write_text(file.read_text("utf-8").replace('class = "kind"', deceptive), "utf-8")
    done = started("run", case)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u001b[31mred\\u202e" in done.stdout
    assert b"\x1b" not in done.stdout


IMPOSSIBLE = {
    "more positives than sampled": (ROW % (b"other", b"7", b"5", b"60000"), ["7", "5"]),
    "a sample above its population": (ROW % (b"other", b"7", b"1500", b"1000"), ["1500", "1000"]),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_published_figures_that_cannot_be_true_are_an_error_with_their_place(name, refused, with_records):
    record, figures = IMPOSSIBLE[name]
    case = with_records(record)
    said = refused("run", case)
    assert [fact for fact in ("sources/counts.csv", "row=2", *figures) if fact not in said] == [], said
    assert_nothing_was_derived(case)


UNREADABLE = {
    "garbage": b"\x00\x01\x02garbage\xff" * 100,
    "another header": b"a,b,c\n1,2,3\n",
    "a header and no record": b",".join([b"x"] * COLUMNS) + b"\n",
    "a picture": b"\x89PNG\r\n\x1a\n" + b"\x00" * 64,
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_of_which_nothing_can_be_read_is_an_error_that_names_it(name, refused, small_case):
    (small_case / "sources" / "counts.csv").write_bytes(UNREADABLE[name])
    assert "sources/counts.csv" in refused("run", small_case)
    assert_nothing_was_derived(small_case)


def test_a_run_that_fails_leaves_what_an_earlier_one_built(refused, perito, with_records, bytes_of):
    case = with_records(GOOD)
    assert perito("run", case, "--quiet").code == 0
    derived = {name: bytes_of(case / name) for name in ("tables", "findings", "dossier")}
    with_records(ROW % (b"other", b"7", b"5", b"60000"))
    refused("run", case)
    assert {name: bytes_of(case / name) for name in derived} == derived
    assert [path.name for path in case.iterdir() if path.name.startswith(".")] == []


def assert_nothing_was_derived(case) -> None:
    assert sorted(path.name for path in case.iterdir()) == ["case.toml", "evidence", "sources"]


def test_members_of_an_archive_that_could_do_harm_are_named_and_the_others_addressed(
    perito, small_case, tmp_path
):
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("good.csv", "id\n1\n")
        out.writestr("../../outside.csv", "id\n2\n")
    added = perito("add", small_case, archive, "--format", "document")
    assert added.code == 0
    assert "1 members" in added.text
    assert "member refused: ../../outside.csv" in added.err
    assert perito("show", small_case, "export.zip", "member=good.csv;row=1").out == b"1"
    assert not (tmp_path / "outside.csv").exists()
