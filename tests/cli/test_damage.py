"""A store or a dossier that is not as it was: exit code 1, and the item, file or number is named."""

from __future__ import annotations

import json

import pytest

DAMAGED_ITEM = "sources/counts.csv"


def damage_object(case) -> str:
    """Changes one byte of a sealed file; gives its evidence id."""
    items = json.loads((case / "dossier" / "evidence.json").read_bytes())
    item_id = next(item["evidence_id"] for item in items if item["path"] == DAMAGED_ITEM)
    digest = item_id.removeprefix("sha256:")
    path = case / "evidence" / "objects" / digest[:2] / digest[2:]
    path.chmod(0o600)
    content = bytearray(path.read_bytes())
    content[300] ^= 1
    path.write_bytes(content)
    return item_id


@pytest.mark.parametrize("command", ["run", "verify", "check"])
def test_a_sealed_byte_that_changed_ends_with_one_and_names_the_item(command, perito, built_case):
    item_id = damage_object(built_case)
    outcome = perito(command, built_case)
    assert outcome.code == 1
    assert item_id in outcome.err
    assert DAMAGED_ITEM in outcome.err


def test_the_bytes_of_a_damaged_item_are_not_shown(refused, built_case):
    item_id = damage_object(built_case)
    assert item_id in refused("show", built_case, DAMAGED_ITEM, code=1)
    assert item_id in refused("show", built_case, DAMAGED_ITEM, "row=1", code=1)


def test_a_damaged_store_leaves_what_was_built_before(perito, built_case, bytes_of):
    damage_object(built_case)
    before = bytes_of(built_case)
    assert perito("run", built_case).code == 1
    assert bytes_of(built_case) == before


def test_a_lost_object_is_named(perito, built_case):
    item_id = damage_object(built_case)
    digest = item_id.removeprefix("sha256:")
    (built_case / "evidence" / "objects" / digest[:2] / digest[2:]).unlink()
    outcome = perito("check", built_case)
    assert outcome.code == 1
    assert item_id in outcome.err


def test_a_changed_number_in_a_dossier_is_named_with_its_file(perito, built_case):
    file = built_case / "dossier" / "derivations" / "how-many.json"
    records = json.loads(file.read_bytes())
    total = next(record for record in records if record["id"] == "how-many/total")
    total["value"] += 1
    file.write_text(json.dumps(records), "utf-8")
    outcome = perito("verify", built_case / "dossier")
    assert outcome.code == 1
    assert "derivations/how-many.json" in outcome.err
    assert "how-many/total" in outcome.err


@pytest.mark.parametrize("path", ["dossier", ""])
def test_a_check_that_fails_is_one_for_programs_too(path, perito, built_case):
    (built_case / "dossier" / "report.html").write_bytes(b"<p>280</p>")
    outcome = perito("verify", built_case / path, "--json")
    told = json.loads(outcome.out)
    assert outcome.code == 1
    assert told["ok"] is False
    assert any("report.html" in problem["where"] for problem in told["problems"])


def test_check_for_programs_names_the_item(perito, built_case):
    item_id = damage_object(built_case)
    outcome = perito("check", built_case, "--json")
    assert outcome.code == 1
    assert any(item_id in problem["where"] for problem in json.loads(outcome.out)["problems"])


@pytest.mark.parametrize("command", ["verify", "check"])
def test_quiet_says_only_what_does_not_hold(command, perito, built_case):
    assert perito(command, built_case, "--quiet").out == b""
    item_id = damage_object(built_case)
    outcome = perito(command, built_case, "--quiet")
    assert (outcome.code, outcome.out) == (1, b"")
    assert item_id in outcome.err


def test_the_case_after_a_new_run_holds_again_if_only_derived_files_were_damaged(perito, built_case):
    (built_case / "dossier" / "report.html").write_bytes(b"")
    (built_case / "tables" / "counts.parquet").write_bytes(b"")
    assert perito("verify", built_case, "--quiet").code == 1
    assert perito("run", built_case, "--quiet").code == 0
    assert perito("verify", built_case, "--quiet").code == 0
