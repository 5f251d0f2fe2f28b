"""Folders that are there whole or not at all."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import CaseError
from perito.files import files_below, write_folder

NAMES = st.sampled_from(["a", "b.json", "c/d", "c/e f", "ñ"])


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "tables"


def put(folder, **files):
    with write_folder(folder) as target:
        for name, content in files.items():
            (target / name).write_text(content)


def content(folder):
    return {name: (folder / name).read_text() for name in files_below(folder)}


def left_behind(folder):
    return [path.name for path in folder.parent.iterdir() if path != folder]


def test_what_was_written_is_there_when_the_block_ends_and_not_before(folder):
    with write_folder(folder) as target:
        (target / "a").write_text("1")
        assert not folder.exists()
    assert content(folder) == {"a": "1"}
    assert left_behind(folder) == []


def test_missing_parents_are_made(tmp_path):
    put(tmp_path / "new" / "case" / "tables", a="1")
    assert content(tmp_path / "new" / "case" / "tables") == {"a": "1"}


def test_new_content_takes_the_place_of_all_the_old(folder):
    put(folder, a="1", b="2")
    put(folder, a="3")
    assert content(folder) == {"a": "3"}
    assert left_behind(folder) == []


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_leaves_the_old_folder_as_it_was(folder, fault):
    put(folder, a="1")

    def fail():
        with write_folder(folder) as target:
            (target / "a").write_text("half")
            raise fault

    with pytest.raises(fault):
        fail()
    assert content(folder) == {"a": "1"}
    assert left_behind(folder) == []


def test_equal_content_leaves_the_old_files_untouched(folder):
    put(folder, a="1", b="2")
    os.utime(folder / "a", (0, 0))
    before = (folder.stat().st_ino, (folder / "a").stat().st_ino)
    put(folder, a="1", b="2")
    assert (folder.stat().st_ino, (folder / "a").stat().st_ino) == before
    assert (folder / "a").stat().st_mtime == 0
    assert left_behind(folder) == []


@given(
    st.dictionaries(NAMES, st.binary(max_size=3), max_size=4),
    st.dictionaries(NAMES, st.binary(max_size=3), max_size=4),
)
def test_the_folder_holds_what_was_written_last_whatever_was_there(tmp_path_factory, old, new):
    folder = tmp_path_factory.mktemp("any") / "out"
    for files in (old, new):
        with write_folder(folder) as target:
            for name, data in files.items():
                (target / name).parent.mkdir(exist_ok=True)
                (target / name).write_bytes(data)
    assert {name: (folder / name).read_bytes() for name in files_below(folder)} == new


def test_what_an_interrupted_run_left_is_cleared_away(folder):
    folder.parent.joinpath(".perito-tables~a1b2c3d4").mkdir()
    put(folder, a="1")
    assert left_behind(folder) == []


def test_a_folder_that_was_moved_aside_when_the_run_died_comes_back(folder):
    put(folder, a="1")
    folder.rename(folder.with_name(".perito-tables~old"))
    with pytest.raises(ValueError, match="again"), write_folder(folder):
        raise ValueError("again")
    assert content(folder) == {"a": "1"}
    assert left_behind(folder) == []


def test_an_old_folder_moved_aside_does_not_replace_the_new_one_that_is_there(folder):
    put(folder, a="2")
    shutil.copytree(folder, folder.with_name(".perito-tables~old"))
    (folder.with_name(".perito-tables~old") / "a").write_text("1")
    with pytest.raises(ValueError, match="again"), write_folder(folder):
        raise ValueError("again")
    assert content(folder) == {"a": "2"}
    assert left_behind(folder) == []


def test_when_the_new_folder_cannot_take_its_place_the_old_one_returns(folder, monkeypatch):
    put(folder, a="1")
    rename = Path.rename

    def fails_for_the_new_one(self, target):
        if target == folder and not self.name.endswith("~old"):
            raise OSError("no more space")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails_for_the_new_one)
    with pytest.raises(OSError, match="no more space"):
        put(folder, a="2")
    assert content(folder) == {"a": "1"}
    assert left_behind(folder) == []


def test_a_first_folder_that_cannot_take_its_place_leaves_nothing(folder, monkeypatch):
    def fails(*_):
        raise OSError("no more space")

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(OSError, match="no more space"):
        put(folder, a="1")
    assert list(folder.parent.iterdir()) == []


def test_what_a_neighbour_left_is_not_touched(tmp_path):
    neighbour = tmp_path / ".perito-dossier-public~old"
    neighbour.mkdir()
    put(tmp_path / "dossier", a="1")
    assert neighbour.is_dir()


@pytest.mark.parametrize("name", ["a[1]", "a*", "caf\u00e9 'x\"", ".hidden"])
def test_a_folder_may_have_any_name(tmp_path, name):
    folder = tmp_path / name
    put(folder, a="1")
    put(folder, a="2")
    assert content(folder) == {"a": "2"}
    assert left_behind(folder) == []


@pytest.mark.parametrize("kind", ["file", "link", "dangling link"])
def test_what_is_no_folder_is_not_replaced(folder, tmp_path, kind):
    if kind == "file":
        folder.write_text("notes")
    else:
        folder.symlink_to(tmp_path if kind == "link" else tmp_path / "nowhere")
    with pytest.raises(CaseError) as caught:
        put(folder, a="1")
    assert str(folder) in str(caught.value)
    assert left_behind(folder) == []


def test_others_may_read_what_was_written(folder):
    put(folder, a="1")
    assert folder.stat().st_mode & 0o777 == 0o755


def test_files_are_listed_by_path_with_forward_slashes_in_order(tmp_path):
    for name in ("b", "a/z", "a/b/c"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "empty").mkdir()
    assert files_below(tmp_path) == ["a/b/c", "a/z", "b"]
