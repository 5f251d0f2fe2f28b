"""The manifest: no file of a dossier changes, appears or vanishes unnoticed; nothing stops the check."""

import json
import os
import random
import subprocess

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.dossier import manifest as manifests
from perito.dossier.manifest import (
    MANIFEST,
    MANIFEST_DIGEST,
    manifest_problems,
    read_manifest,
    write_manifest,
)
from perito.errors import DossierError

FILES = (
    "annex/index.csv",
    "annex/tables.xlsx",
    "case.toml",
    "custody.json",
    "derivations/grok-minors.json",
    "derivations/oberaxe-removal.json",
    "evidence.json",
    "expert.html",
    "findings.json",
    "findings.schema.json",
    "manifest.json",
    "manifest.sha256",
    "report.html",
    "tables/counts.parquet",
    "tables/evidence.parquet",
    "tables/statement_stats.parquet",
    "tables/tables.json",
)
DIGITS = b"0123456789"


def problems_of(folder):
    """Every problem of the files, also where the manifest itself cannot be read."""
    try:
        return list(manifest_problems(folder, read_manifest(folder)))
    except DossierError as error:
        return [error]


def places(content, name):
    """First byte, last byte, and a few in between that are the same in every run."""
    chosen = random.Random(name)
    return [0, len(content) - 1, *(chosen.randrange(len(content)) for _ in range(4))]


def digit_places(content, name):
    found = [at for at, byte in enumerate(content) if byte in DIGITS]
    return random.Random(name).sample(found, min(5, len(found)))


def test_an_untouched_dossier_has_no_problem(built):
    assert problems_of(built / "dossier") == []


def test_the_manifest_lists_every_file_but_itself_and_its_digest(built):
    there = {
        p.relative_to(built / "dossier").as_posix() for p in (built / "dossier").rglob("*") if p.is_file()
    }
    assert set(read_manifest(built / "dossier")["files"]) == there - {MANIFEST, MANIFEST_DIGEST}


def test_the_manifest_binds_the_version_of_the_findings_schema(built):
    schema = orjson.loads((built / "dossier" / "findings.schema.json").read_bytes())
    assert schema["$id"].endswith(f":{read_manifest(built / 'dossier')['findings_schema']}")


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_anywhere_in_a_file_names_the_file(dossier, name):
    content = (dossier / name).read_bytes()
    for at in places(content, name):
        changed = bytearray(content)
        changed[at] ^= 1
        (dossier / name).write_bytes(changed)
        assert any(name in str(problem) for problem in problems_of(dossier)), at


@pytest.mark.parametrize("name", FILES)
def test_another_digit_in_place_of_a_digit_names_the_file(dossier, name):
    content = (dossier / name).read_bytes()
    assert digit_places(content, name)
    for at in digit_places(content, name):
        changed = bytearray(content)
        changed[at] = DIGITS[(DIGITS.index(content[at]) + 1) % 10]
        (dossier / name).write_bytes(changed)
        assert any(name in str(problem) for problem in problems_of(dossier)), at


def test_a_manifest_that_says_the_same_in_another_form_is_refused(dossier):
    manifest = orjson.loads((dossier / MANIFEST).read_bytes())
    (dossier / MANIFEST).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    assert {problem.kind for problem in problems_of(dossier)} == {"form", "digest"}


def test_a_manifest_with_a_number_that_has_no_canonical_form_is_refused(dossier):
    manifest = orjson.loads((dossier / MANIFEST).read_bytes())
    manifest["files"]["case.toml"]["bytes"] = 2**60
    (dossier / MANIFEST).write_bytes(orjson.dumps(manifest))
    assert [problem.kind for problem in problems_of(dossier)] == ["form", "digest", "digest"]


def test_a_file_that_cannot_be_read_is_named_and_the_rest_is_checked(dossier, monkeypatch):
    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(manifests, "_entry", refused)
    found = problems_of(dossier)
    assert {problem.kind for problem in found} == {"unreadable"}
    assert len(found) == len(read_manifest(dossier)["files"])


@pytest.mark.parametrize("name", [name for name in FILES if name != MANIFEST])
def test_a_missing_file_is_named(dossier, name):
    (dossier / name).unlink()
    assert [(p.kind, p.where) for p in problems_of(dossier)] == [("missing", name)]


def test_a_file_that_nobody_listed_is_named(dossier):
    (dossier / "tables" / "extra.parquet").write_bytes(b"PAR1")
    assert [(p.kind, p.where) for p in problems_of(dossier)] == [("unlisted", "tables/extra.parquet")]


def test_a_link_is_no_file_even_where_it_leads_to_the_right_bytes(dossier, tmp_path):
    elsewhere = (dossier / "findings.json").rename(tmp_path / "elsewhere.json")
    (dossier / "findings.json").symlink_to(elsewhere)
    assert [(p.kind, p.where) for p in problems_of(dossier)] == [("stranger", "findings.json")]


def test_a_linked_folder_is_named_and_not_followed(dossier):
    (dossier / "loop").symlink_to(dossier, target_is_directory=True)
    assert [(p.kind, p.where) for p in problems_of(dossier)] == [("stranger", "loop")]


def test_a_pipe_in_the_dossier_does_not_hang_the_check(dossier):
    os.mkfifo(dossier / "pipe")
    assert [(p.kind, p.where) for p in problems_of(dossier)] == [("stranger", "pipe")]


def test_a_name_that_leads_out_of_the_dossier_is_not_opened(dossier, tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    manifest = orjson.loads((dossier / MANIFEST).read_bytes())
    manifest["files"]["../secret"] = {"bytes": 6, "sha256": "2bb80d53"}
    told = {(problem.kind, problem.where) for problem in manifest_problems(dossier, manifest)}
    assert ("missing", "../secret") in told


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff",
        b"[]",
        b"null",
        b"{}",
        b'{"files": [], "environment": {}}',
        b'{"files": {}, "environment": []}',
        b'{"files": {}, "environment": {}}',
        b'{"files": {}, "environment": {}, "dossier_version": 99}',
        b"[" * 100_000,
        b'{"files": ' + b"[" * 200 + b"]" * 200 + b', "environment": {}, "dossier_version": 1}',
    ],
)
def test_what_is_no_manifest_is_refused_by_name(tmp_path, content):
    (tmp_path / MANIFEST).write_bytes(content)
    with pytest.raises(DossierError, match=r"manifest\.json"):
        read_manifest(tmp_path)


def test_the_digest_beside_the_manifest_is_what_sha256sum_checks(built):
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", MANIFEST_DIGEST],
        cwd=built / "dossier",
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0


def test_writing_the_same_files_gives_the_same_manifest(built, tmp_path):
    for copy in ("one", "two"):
        (tmp_path / copy / "inner").mkdir(parents=True)
        (tmp_path / copy / "inner" / "b").write_bytes(b"2")
        (tmp_path / copy / "a").write_bytes(b"1")
        write_manifest(tmp_path / copy, "case")
    one, two = (tmp_path / copy / MANIFEST for copy in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    assert problems_of(tmp_path / "one") == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(files=st.dictionaries(st.text(max_size=8), json_values, max_size=3), rest=json_values)
def test_no_content_of_a_manifest_stops_the_check(tmp_path_factory, files, rest):
    folder = tmp_path_factory.mktemp("odd")
    (folder / "a").write_bytes(b"1")
    manifest = {"files": {**files, "a": rest}, "environment": {}, "dossier_version": 1}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    assert problems_of(folder)
