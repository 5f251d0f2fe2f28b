from __future__ import annotations

import io
import os
import shutil
import sqlite3
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.errors import EvidenceError, SealBroken
from perito.evidence import Limits, Store
from perito.evidence.index import SCHEMA_VERSION


def zipped(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


def fill(folder):
    """A store with a table, a text, an archive with a refused member, and a second acquisition."""
    sources = folder / "sources"
    sources.mkdir()
    bodies = {"a.csv": b"id\n1\n", "b.txt": b"hello", "c.zip": zipped(**{"x.csv": b"id\n2\n", "../y": b"no"})}
    store = Store(folder / "evidence")
    for name, body in bodies.items():
        (sources / name).write_bytes(body)
        store.add(sources / name, platform="x", acquired_by="Unidad técnica", legal_basis="DSA 40(12)")
    store.add(sources / "a.csv", platform="meta")
    return store


@pytest.fixture
def store(tmp_path):
    return fill(tmp_path)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pristine")
    fill(folder)
    return folder / "evidence"


def object_of(store, path):
    hexadecimal = store.find(path).evidence_id.removeprefix("sha256:")
    return store.path / "objects" / hexadecimal[:2] / hexadecimal[2:]


def overwrite(path, data):
    path.chmod(0o644)
    path.write_bytes(data)


def change_index(store, statement, *values):
    connection = sqlite3.connect(store.path / "index.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(statement, values)
    connection.close()


def kinds(report):
    return [problem.kind for problem in report.problems]


def test_an_untouched_store_is_whole_and_the_report_says_how_much_was_looked_at(store):
    report = store.check()
    assert report.ok
    size = sum(item.bytes for item in store.items() if item.parent_id is None)
    assert dict(report.checked) == {
        "objects": 3,
        "bytes": size,
        "members": 1,
        "refusals": 1,
        "acquisitions": 4,
        "temporary files": 0,
        "log entries": 7,
        "log signatures": 0,
        "temporary files of the log": 0,
        "log entries without a signature": 7,
        "log entries without a time stamp": 7,
        "time stamps": 0,
    }


def test_a_changed_byte_in_an_object_is_named_with_the_item_and_its_path(store):
    overwrite(object_of(store, "b.txt"), b"hallo")
    (problem,) = store.check().problems
    assert problem.kind == "digest"
    assert store.find("b.txt").evidence_id in problem.where
    assert "b.txt" in problem.where
    assert problem.expected != problem.found


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_changed_byte_in_any_object_is_named(pristine, tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("copy") / "evidence"
    shutil.copytree(pristine, folder)
    paths = sorted(path for path in (folder / "objects").rglob("*") if path.is_file())
    path = data.draw(st.sampled_from(paths))
    body = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] ^= data.draw(st.integers(1, 255))
    overwrite(path, bytes(body))
    problems = Store(folder).check().problems
    assert [problem.kind for problem in problems] == ["digest"]
    assert path.parent.name + path.name in problems[0].where


def test_an_object_that_was_cut_short_or_is_gone_is_named(store):
    overwrite(object_of(store, "b.txt"), b"hell")
    object_of(store, "a.csv").unlink()
    found = {problem.kind: problem.where for problem in store.check().problems}
    assert set(found) == {"size", "digest", "object_missing"}
    assert "b.txt" in found["size"]
    assert "a.csv" in found["object_missing"]


def test_an_object_without_an_entry_in_the_index_is_named(store):
    name = "ab" * 32
    target = store.path / "objects" / name[:2] / name[2:]
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(b"planted")
    report = store.check()
    assert set(kinds(report)) == {"object_unindexed", "digest"}
    assert all(name in problem.where for problem in report.problems)


@pytest.mark.parametrize("name", ["note.txt", "ab/note.txt", "ab/link", "abc/x"])
def test_a_stranger_among_the_objects_is_named(store, name):
    path = store.path / "objects" / name
    path.parent.mkdir(exist_ok=True)
    if name.endswith("link"):
        path.symlink_to(object_of(store, "b.txt"))
    else:
        path.write_bytes(b"?")
    (problem,) = store.check().problems
    assert (problem.kind, problem.where) == ("stranger", str(path))


def test_a_link_in_the_place_of_an_object_is_named(store):
    path = object_of(store, "b.txt")
    path.rename(store.path / "elsewhere")
    path.symlink_to(store.path / "elsewhere")
    assert set(kinds(store.check())) == {"stranger", "object_missing"}


def test_an_object_that_cannot_be_read_is_named(store, monkeypatch):
    path = str(object_of(store, "b.txt"))
    genuine = os.open

    def refusing(target, *rest, **options):
        if str(target) == path:
            raise OSError(5, "Input/output error")
        return genuine(target, *rest, **options)

    monkeypatch.setattr(os, "open", refusing)
    (problem,) = store.check().problems
    assert problem.kind == "unreadable"
    assert "b.txt" in problem.where


CHANGES = [
    ("UPDATE acquisitions SET record = replace(record, 'DSA', 'GDPR') WHERE sequence = 2",
     {"record", "custody"}),
    ("UPDATE acquisitions SET path = 'z.txt' WHERE sequence = 2", {"record"}),
    ("UPDATE acquisitions SET recorded_at_us = recorded_at_us + 1 WHERE sequence = 2", {"record"}),
    ("UPDATE acquisitions SET record_digest = upper(record_digest) WHERE sequence = 2", {"record"}),
    ("UPDATE acquisitions SET sequence = 9 WHERE sequence = 4", {"sequence"}),
    ("DELETE FROM acquisitions WHERE sequence = 1", {"sequence", "custody"}),
    ("DELETE FROM acquisitions WHERE sequence = 2", {"sequence", "record", "custody"}),
    ("UPDATE objects SET bytes = 6 WHERE bytes = 5 AND evidence_id LIKE 'sha256:2cf%'", {"size"}),
    ("UPDATE objects SET evidence_id = upper(evidence_id) WHERE bytes = 5",
     {"index", "record", "object_missing", "object_unindexed"}),
    ("DELETE FROM objects WHERE bytes > 5", {"index", "contents", "object_unindexed"}),
    ("UPDATE members SET name = 'z.csv'", {"contents", "member"}),
    ("UPDATE members SET evidence_id = upper(evidence_id)", {"contents", "member"}),
    ("UPDATE members SET bytes = 99", {"contents", "member"}),
    ("UPDATE members SET media_type = 'text/plain'", {"contents"}),
    ("UPDATE members SET position = 7", {"contents", "member"}),
    ("DELETE FROM members", {"contents", "member"}),
    ("UPDATE refusals SET reason = 'harmless'", {"contents"}),
    ("DELETE FROM refusals", {"contents", "member"}),
    ("INSERT INTO members SELECT evidence_id, 1, 'x', evidence_id, 5, '' FROM objects WHERE bytes = 5",
     {"contents"}),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "expected"), CHANGES)
def test_a_changed_entry_of_the_index_is_named(store, statement, expected):
    change_index(store, statement)
    report = store.check()
    assert set(kinds(report)) == expected
    assert all("sha256:" in problem.where.lower() or problem.kind == "index" for problem in report.problems)


def test_a_changed_record_is_not_read_as_evidence(store):
    change_index(store, "UPDATE acquisitions SET record = replace(record, 'DSA', 'GDPR') WHERE sequence = 2")
    for ask in (store.items, store.current_items):
        with pytest.raises(SealBroken) as raised:
            ask()
        assert raised.value.exit_code == 1


def test_an_object_that_the_index_does_not_list_is_not_read_as_evidence(store):
    change_index(store, "DELETE FROM objects WHERE bytes = 5")
    with pytest.raises(SealBroken):
        store.items()


def test_a_member_that_the_index_names_wrongly_is_never_handed_out(store):
    wrong = "sha256:" + "ab" * 32
    change_index(store, "UPDATE members SET evidence_id = ?", wrong)
    with pytest.raises(SealBroken) as raised:
        store.get(wrong)
    assert wrong in str(raised.value)


def test_a_member_listed_of_an_item_that_is_no_archive_is_never_handed_out(store):
    wrong, parent = "sha256:" + "ab" * 32, store.find("b.txt").evidence_id
    change_index(store, "INSERT INTO members VALUES (?, 1, 'x', ?, 1, '')", parent, wrong)
    with pytest.raises(SealBroken) as raised:
        store.get(wrong)
    assert parent in str(raised.value)


def test_a_value_that_has_not_the_type_of_its_column_is_damage(store):
    connection = sqlite3.connect(store.path / "index.sqlite", isolation_level=None)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute(
        "UPDATE sqlite_master SET sql = replace(sql, ') STRICT', ')') WHERE name = 'acquisitions'"
    )
    connection.close()
    change_index(store, "UPDATE acquisitions SET record = x'00' WHERE sequence = 1")
    assert not store.check().ok
    with pytest.raises(SealBroken):
        store.items()


def everything(folder):
    """All that the index says: two stores that say the same are the same for every reader."""
    store = Store(folder)
    refusals = [store.refusals(item.evidence_id) for item in store.items()]
    return store.items(), store.current_items(), store.superseded_items(), refusals


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_changed_byte_of_the_index_is_named_or_without_effect(pristine, tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("copy") / "evidence"
    shutil.copytree(pristine, folder)
    index = folder / "index.sqlite"
    body = bytearray(index.read_bytes())
    filled = [at for at, byte in enumerate(body) if byte]
    at = data.draw(st.sampled_from(filled) | st.integers(0, len(body) - 1))
    body[at] ^= 1 << data.draw(st.integers(0, 7))
    index.write_bytes(bytes(body))
    report = Store(folder).check()
    if report.ok:
        assert everything(folder) == everything(pristine)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_index_never_makes_the_store_fail_without_a_name(pristine, tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("copy") / "evidence"
    shutil.copytree(pristine, folder)
    index = folder / "index.sqlite"
    body = bytearray(index.read_bytes())
    for at in data.draw(st.lists(st.integers(0, len(body) - 1), min_size=1, max_size=50)):
        body[at] = data.draw(st.integers(0, 255))
    index.write_bytes(bytes(body[: data.draw(st.integers(0, len(body)))]))
    assert not Store(folder).check().ok or everything(folder) == everything(pristine)
    try:
        everything(folder)
    except EvidenceError:
        assert not Store(folder).check().ok


@pytest.mark.parametrize("damage", [b"not a database at all", b"", b"SQLite format 3\0" + bytes(5000)])
def test_an_index_that_is_no_database_is_named_and_the_objects_are_still_checked(store, damage):
    overwrite(object_of(store, "b.txt"), b"hallo")
    (store.path / "index.sqlite").write_bytes(damage)
    report = store.check()
    assert kinds(report) == ["index", "digest"]
    assert "index.sqlite" in report.problems[0].where
    assert dict(report.checked)["objects"] == 3
    with pytest.raises(SealBroken) as raised:
        store.items()
    assert "index.sqlite" in str(raised.value)


def test_an_index_that_is_gone_is_named_and_not_made_anew(store, tmp_path):
    (store.path / "index.sqlite").unlink()
    assert kinds(store.check()) == ["index"]
    with pytest.raises(SealBroken):
        store.items()
    with pytest.raises(SealBroken):
        store.add(tmp_path / "sources" / "b.txt")
    assert not (store.path / "index.sqlite").exists()


def test_objects_that_are_all_gone_are_each_named_and_new_ones_can_be_added(store, tmp_path):
    shutil.rmtree(store.path / "objects")
    assert kinds(store.check()) == ["object_missing"] * 3
    (tmp_path / "new").write_bytes(b"something new")
    store.add(tmp_path / "new")
    assert kinds(store.check()) == ["object_missing"] * 3


def test_a_damaged_index_with_a_write_ahead_log_is_named(store, tmp_path):
    (store.path / "index.sqlite").write_bytes(b"not a database at all")
    (store.path / "index.sqlite-wal").write_bytes(b"nor a log")
    assert kinds(store.check()) == ["index"]
    with pytest.raises(SealBroken):
        store.add(tmp_path / "sources" / "b.txt")


def test_a_store_that_cannot_be_locked_says_so(store, monkeypatch):
    genuine = os.open

    def refusing(target, *rest, **options):
        if str(target).endswith("index.lock"):
            raise PermissionError(13, "Permission denied")
        return genuine(target, *rest, **options)

    monkeypatch.setattr(os, "open", refusing)
    with pytest.raises(EvidenceError) as raised:
        store.items()
    assert "index.lock" in raised.value.where


def test_an_index_of_a_newer_version_is_refused_by_name(store, tmp_path):
    change_index(store, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    for ask in (store.items, lambda: store.add(tmp_path / "sources" / "b.txt")):
        with pytest.raises(EvidenceError) as raised:
            ask()
        assert not isinstance(raised.value, SealBroken)
    assert kinds(store.check()) == ["index"]


def test_an_archive_is_checked_under_the_limits_with_which_it_was_read(tmp_path):
    (tmp_path / "x.zip").write_bytes(zipped(a=b"1", b=b"22"))
    Store(tmp_path / "evidence", Limits(member_bytes=1)).add(tmp_path / "x.zip")
    assert Store(tmp_path / "evidence").check().ok
