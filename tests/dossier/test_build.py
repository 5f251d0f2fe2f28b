"""Building: what a dossier holds, and that it is there whole or as it was."""

import orjson
import pytest

from perito.case import load_case
from perito.dossier import build
from perito.dossier.build import build_dossier
from perito.evidence import Store
from perito.tables import open_tables
from perito.workflow import answer

BUILT = {
    "annex", "case.toml", "custody.json", "derivations", "evidence.json", "expert.html", "findings.json",
    "findings.schema.json", "manifest.json", "manifest.sha256", "proofs", "report.html", "tables",
}  # fmt: skip


@pytest.fixture
def parts(case):
    """What `build_dossier` is given, without the folder."""
    loaded = load_case(case)
    tables = open_tables(loaded.tables_folder)
    return loaded, answer(loaded, loaded.questions, tables), tables, Store(loaded.evidence_folder)


def test_a_dossier_holds_what_the_other_side_needs_and_no_sealed_bytes(built, fingerprint):
    assert {path.name for path in (built / "dossier").iterdir()} == BUILT
    sealed = {path.name for path in (built / "evidence" / "objects").rglob("*") if path.is_file()}
    sealed |= {path.parent.name + path.name for path in (built / "evidence" / "objects").rglob("*")}
    assert not sealed & set(fingerprint(built / "dossier").values())


def test_every_finding_has_its_file_of_derivations(built, told):
    files = {path.stem for path in (built / "dossier" / "derivations").iterdir()}
    assert files == {finding["id"] for finding in told.findings}


def test_the_case_file_and_the_findings_are_those_of_the_case(built):
    for one, other in (("case.toml", "case.toml"), ("findings/findings.json", "findings.json")):
        assert (built / one).read_bytes() == (built / "dossier" / other).read_bytes()


def test_only_the_tables_that_its_numbers_need_and_that_of_the_evidence_are_copied(parts, tmp_path):
    case, findings, tables, store = parts
    chosen = [finding for finding in findings if finding.measure == "proceedings"]
    folder = build_dossier(case, chosen, tables, store, tmp_path / "small")
    assert set(open_tables(folder / "tables").inputs) == {"proceedings", "evidence"}
    assert orjson.loads((folder / "findings.json").read_bytes())[0]["id"] == chosen[0].id


def test_building_again_changes_no_byte_and_no_time(parts, case, fingerprint):
    before = {path: path.stat().st_mtime_ns for path in (case / "dossier").rglob("*")}
    build_dossier(*parts, case / "dossier")
    assert {path: path.stat().st_mtime_ns for path in (case / "dossier").rglob("*")} == before


def test_a_build_that_fails_leaves_the_old_dossier_as_it_was(parts, case, fingerprint, monkeypatch):
    def fails(*_):
        raise OSError(28, "No space left on device")

    before = fingerprint(case)
    monkeypatch.setattr(build, "expert_html", fails)
    with pytest.raises(OSError, match="No space"):
        build_dossier(*parts, case / "dossier")
    assert fingerprint(case) == before


def test_a_dossier_is_replaced_whole(parts, case):
    (case / "dossier" / "left over.txt").write_text("x")
    build_dossier(*parts, case / "dossier")
    assert {path.name for path in (case / "dossier").iterdir()} == BUILT


def test_no_file_of_a_dossier_is_a_picture_or_a_recording(built):
    """Media stays outside: a scan of every file for the marks with which media files begin."""
    marks = (
        b"\x89PNG",
        b"\xff\xd8\xff",
        b"GIF8",
        b"RIFF",
        b"ftyp",
        b"ID3",
        b"OggS",
        b"\x1aE\xdf\xa3",
        b"%PDF",
    )
    for path in (built / "dossier").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not content[:12].startswith(marks), path
            assert b"ftyp" not in content[:12], path
            assert b"data:image" not in content, path
            assert b"base64" not in content, path
