"""Recomputing: a fresh process, from tables and case file alone; what stops it is said in one line."""

import pytest

from perito.dossier import recompute as recomputing
from perito.dossier.recompute import main, recompute
from perito.errors import DossierError

READ = ("case.toml", "evidence.json", "custody.json", "tables")


@pytest.fixture
def bare(dossier):
    """A dossier without anything that its own makers concluded."""
    for path in sorted(dossier.rglob("*"), reverse=True):
        if path.relative_to(dossier).parts[0] not in READ:
            path.rmdir() if path.is_dir() else path.unlink()
    assert sorted(path.name for path in dossier.iterdir()) == sorted(READ)
    return dossier


def test_everything_comes_out_byte_for_byte_without_the_dossiers_own_findings(
    bare, built, tmp_path, fingerprint
):
    recompute(bare, bare / "tables", tmp_path / "out", threads=1, with_report=True)
    came_out, made = fingerprint(tmp_path / "out"), fingerprint(built / "dossier")
    assert came_out.items() <= made.items()
    rest = {name for name in made if name not in came_out and not name.startswith(("tables/", "proofs/"))}
    assert rest == {"case.toml", "evidence.json", "custody.json", "manifest.json", "manifest.sha256"}


@pytest.mark.parametrize("threads", [2, 5])
def test_more_threads_give_the_same_bytes(bare, again, tmp_path, fingerprint, threads):
    recompute(bare, bare / "tables", tmp_path / "out", threads=threads)
    assert fingerprint(tmp_path / "out").items() <= fingerprint(again).items()


def test_nothing_is_written_beside_the_given_folder(bare, tmp_path, fingerprint):
    before = fingerprint(bare)
    recompute(bare, bare / "tables", tmp_path / "out", threads=1, with_report=True)
    assert fingerprint(bare) == before


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("case.toml", b"[case", "not TOML"),
        ("tables/counts.parquet", b"PAR1", "counts"),
        ("tables/tables.json", b"[]", "list of tables"),
        ("evidence.json", b"{}", "another form"),
    ],
)
def test_what_stops_it_is_said_in_one_line(bare, tmp_path, name, content, words):
    (bare / name).write_bytes(content)
    with pytest.raises(DossierError, match="cannot be recomputed") as raised:
        recompute(bare, bare / "tables", tmp_path / "out", threads=1, with_report=True)
    assert words in raised.value.found
    assert "\n" not in raised.value.found


def test_a_recomputation_that_does_not_end_is_given_up(bare, tmp_path, monkeypatch):
    monkeypatch.setattr(recomputing, "_SECONDS", 0.01)
    with pytest.raises(DossierError, match="in time"):
        recompute(bare, bare / "tables", tmp_path / "out", threads=1)


def test_in_this_process_it_writes_the_same(bare, again, tmp_path, fingerprint):
    out = tmp_path / "out"
    assert main([str(bare), str(bare / "tables"), str(out), "--report"]) == 0
    assert fingerprint(out) == fingerprint(again)


def test_the_exit_code_is_that_of_the_error(bare, tmp_path, capsys):
    (bare / "case.toml").unlink()
    assert main([str(bare), str(bare / "tables"), str(tmp_path / "out")]) == 2
    assert "no case file" in capsys.readouterr().err
