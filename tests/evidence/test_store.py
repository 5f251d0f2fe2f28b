from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.errors import CaseError, EvidenceError, Missing, SealBroken
from perito.evidence import Limits, Store
from perito.evidence import intake as intake_module


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "evidence")


@pytest.fixture
def source(tmp_path):
    def write(data, name="posts.csv"):
        path = tmp_path / "sources" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    return write


def digest(data):
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def snapshot(folder):
    """Every path with its bytes, permissions and time of change."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mtime_ns,
            path.stat().st_mode,
            path.read_bytes() if path.is_file() else None,
        )
        for path in (folder, *folder.rglob("*"))
    }


def zipped(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


def read(store, item_id):
    with store.get(item_id) as stream:
        return stream.read()


# --- sealing -----------------------------------------------------------------------------------------


def test_an_item_is_named_by_the_digest_of_its_bytes_and_kept_read_only(store, source, tmp_path):
    receipt = store.add(source(b"id\n1\n"))
    assert receipt.evidence_id == digest(b"id\n1\n")
    assert (receipt.path, receipt.bytes, receipt.media_type, receipt.is_new) == (
        "posts.csv",
        5,
        "text/csv",
        True,
    )
    hexadecimal = receipt.evidence_id.removeprefix("sha256:")
    sealed = tmp_path / "evidence" / "objects" / hexadecimal[:2] / hexadecimal[2:]
    assert sealed.read_bytes() == b"id\n1\n"
    assert sealed.stat().st_mode & 0o777 == 0o444


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a.csv", "b.zip", "c"]), st.binary(max_size=40)), max_size=6))
def test_adding_again_what_was_last_sealed_changes_nothing_on_disk(tmp_path_factory, additions):
    folder = tmp_path_factory.mktemp("case")
    store = Store(folder / "evidence")
    for name, data in additions:
        (folder / name).write_bytes(data)
        first = store.add(folder / name, platform="x")
        before = snapshot(folder)
        again = store.add(folder / name, platform="x")
        assert snapshot(folder) == before
        assert (again.is_new, again.is_recorded) == (False, False)
        assert again.evidence_id == first.evidence_id == digest(data)
        assert again.sealed_at_us == first.sealed_at_us
        assert read(store, first.evidence_id) == data
    assert store.check().ok


def test_adding_a_batch_again_changes_nothing_on_disk(store, source, tmp_path):
    sources = [(source(bytes([at]) * 9, f"{at}.bin"), {"platform": "x"}) for at in range(12)]
    assert all(receipt.is_new for receipt in store.add_many(sources))
    before = snapshot(tmp_path)
    assert not any(receipt.is_recorded for receipt in store.add_many(sources))
    assert snapshot(tmp_path) == before


def test_the_store_at_rest_holds_the_index_its_lock_the_log_and_the_objects_only(store, source, tmp_path):
    store.add(source(b"1"))
    assert sorted(path.name for path in (tmp_path / "evidence").iterdir()) == [
        "index.lock",
        "index.sqlite",
        "log",
        "objects",
    ]


def test_the_same_bytes_under_another_path_or_origin_are_a_second_acquisition_of_one_object(
    store, source, tmp_path
):
    first = store.add(source(b"1", "a.csv"), platform="x", acquired_at_us=5, legal_basis="art. 40")
    second = store.add(source(b"1", "b.csv"), platform="meta")
    third = store.add(source(b"1", "b.csv"), platform="tiktok")
    assert [one.is_new for one in (first, second, third)] == [True, False, False]
    assert [one.is_recorded for one in (first, second, third)] == [True, True, True]
    (item,) = store.items()
    assert [(one.path, one.platform) for one in item.acquisitions] == [
        ("a.csv", "x"),
        ("b.csv", "meta"),
        ("b.csv", "tiktok"),
    ]
    assert (item.path, item.acquisition.platform, item.sequence) == ("a.csv", "tiktok", 1)
    assert (item.acquisitions[0].acquired_at_us, item.acquisitions[0].legal_basis) == (5, "art. 40")
    assert len([path for path in (tmp_path / "evidence" / "objects").rglob("*") if path.is_file()]) == 1


def test_the_same_file_twice_in_one_batch_is_one_object(store, source):
    path = source(b"1")
    receipts = store.add_many([(path, {}), (path, {}), (path, {"path_in_case": "other.csv"})])
    assert [one.is_new for one in receipts] == [True, False, False]
    assert [one.is_recorded for one in receipts] == [True, False, True]
    assert store.check().ok


def test_an_empty_file_can_be_sealed(store, source):
    receipt = store.add(source(b""))
    assert receipt.evidence_id == digest(b"")
    assert read(store, receipt.evidence_id) == b""


@pytest.mark.parametrize("size", [(1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20])
def test_files_around_the_size_of_a_chunk_are_sealed_whole(store, source, size):
    data = os.urandom(size)
    receipt = store.add(source(data, "big"))
    assert (receipt.evidence_id, receipt.bytes) == (digest(data), size)
    assert read(store, receipt.evidence_id) == data
    assert not store.add(source(data, "big")).is_recorded


def test_a_file_of_the_same_size_with_other_bytes_is_another_item(store, source):
    assert store.add(source(b"1")).evidence_id != store.add(source(b"2")).evidence_id
    assert store.check().ok


def test_a_receipt_as_json_is_plain_and_shows_names_without_tricks(store, source):
    receipt = store.add(
        source(zipped(**{"a\u202eb": b"1", "../x": b"2", "in.zip": zipped(a=b"1")}), "e\u202e.zip")
    )
    facts = json.loads(json.dumps(receipt.to_json()))
    assert facts["path"] == "e\\u202e.zip"
    assert (facts["members"], facts["nested_archives"], facts["is_new"]) == (2, 1, True)
    assert [one["name"] for one in facts["refused_members"]] == ["../x"]
    assert facts["sealed_at"].endswith("Z")


# --- facts -------------------------------------------------------------------------------------------


def test_every_stated_fact_is_kept(store, source):
    facts = {
        "format": "x_api_v2",
        "platform": "x",
        "origin": "https://example.org/export",
        "acquired_by": "Unidad técnica",
        "tool": "twarc",
        "tool_version": "2.14",
        "legal_basis": "DSA 40(12)",
        "terms": "",
        "media_type": "text/plain",
    }
    store.add(source(b"1"), path_in_case="in/posts.csv", acquired_at_us=-1, **facts)
    (item,) = store.items()
    assert {key: getattr(item.acquisition, key) for key in facts} == facts
    assert (item.path, item.acquisition.acquired_at_us, item.media_type) == ("in/posts.csv", -1, "text/plain")
    assert json.loads(json.dumps(item.to_json()))["legal_basis"] == "DSA 40(12)"


@pytest.mark.parametrize(
    "origin",
    [
        {"plaftorm": "x"},
        {"platform": 7},
        {"platform": "\ud800"},
        {"acquired_at_us": "2026-01-09"},
        {"acquired_at_us": True},
        {"acquired_at_us": 1 << 53},
    ],
)
def test_an_unknown_or_wrong_fact_is_refused_and_nothing_is_created(store, source, tmp_path, origin):
    with pytest.raises(CaseError):
        store.add(source(b"1"), **origin)
    assert not (tmp_path / "evidence").exists()


def test_an_unknown_fact_is_answered_with_the_nearest_known_one(store, source):
    with pytest.raises(CaseError) as raised:
        store.add(source(b"1"), plaftorm="x")
    assert "'platform'" in raised.value.remedy


def test_facts_that_no_log_entry_can_hold_are_refused_and_nothing_is_sealed(store, source):
    with pytest.raises(CaseError):
        store.add(source(b"1"), terms="x" * 66_000)
    assert store.items() == []
    assert store.check().ok


def test_a_stated_fact_of_none_is_as_one_not_stated(store, source):
    store.add(source(b"1"))
    assert not store.add(source(b"1"), platform=None, acquired_at_us=None, path_in_case=None).is_recorded


# --- items -------------------------------------------------------------------------------------------


def test_items_come_in_order_of_path_and_members_after_their_archive(store, source):
    for name, data in (("z.csv", b"1"), ("m.zip", zipped(b=b"2", a=b"3")), ("a.csv", b"4")):
        store.add(source(data, name))
    items = store.items()
    assert [item.path for item in items] == ["a.csv", "m.zip", "b", "a", "z.csv"]
    archive = items[1]
    assert [(item.parent_id, item.position) for item in items[2:4]] == [
        (archive.evidence_id, 1),
        (archive.evidence_id, 2),
    ]
    assert items[2].acquisitions == archive.acquisitions
    assert store.members(archive.evidence_id) == items[2:4]
    assert store.members(items[0].evidence_id) == []


def test_the_order_of_items_does_not_depend_on_the_order_of_sealing(tmp_path, source):
    paths = [source(bytes([at]), name) for at, name in enumerate(("b", "a", "c"))]
    orders = []
    for number, order in enumerate((paths, paths[::-1])):
        store = Store(tmp_path / f"evidence{number}")
        store.add_many([(path, {}) for path in order])
        orders.append([(item.path, item.evidence_id) for item in store.items()])
    assert orders[0] == orders[1]


def test_a_corrected_file_is_current_and_the_older_one_is_superseded(store, source):
    old = store.add(source(b"1"), platform="x")
    new = store.add(source(b"2"), platform="x")
    other = store.add(source(b"3", "z.csv"))
    assert [item.evidence_id for item in store.current_items()] == [new.evidence_id, other.evidence_id]
    assert [(item.path, item.evidence_id) for item in store.superseded_items()] == [
        ("posts.csv", old.evidence_id)
    ]
    assert read(store, old.evidence_id) == b"1"


def test_going_back_to_the_first_file_makes_it_current_again(store, source):
    first = store.add(source(b"1"))
    second = store.add(source(b"2"))
    again = store.add(source(b"1"))
    assert (again.is_new, again.is_recorded) == (False, True)
    assert [item.evidence_id for item in store.current_items()] == [first.evidence_id]
    assert [item.evidence_id for item in store.superseded_items()] == [second.evidence_id]
    assert not store.add(source(b"1")).is_recorded


def test_the_facts_of_a_current_item_are_those_stated_last_under_its_path(store, source):
    store.add(source(b"1", "a"), platform="x")
    store.add(source(b"1", "b"), platform="meta")
    store.add(source(b"1", "a"), platform="tiktok")
    assert [(item.path, item.acquisition.platform) for item in store.current_items()] == [
        ("a", "tiktok"),
        ("b", "meta"),
    ]
    assert store.superseded_items() == []


def test_an_item_is_found_by_its_id_the_beginning_of_it_or_its_current_path(store, source):
    store.add(source(b"old"))
    receipt = store.add(source(b"new"))
    for name in (receipt.evidence_id, receipt.evidence_id[:15], "posts.csv"):
        assert store.find(name).evidence_id == receipt.evidence_id
    for name in ("sha256:", "post.csv", "sha256:" + "0" * 64, ""):
        with pytest.raises(Missing):
            store.find(name)


def test_a_member_is_an_item_with_bytes_of_its_own(store, source):
    archive = store.add(source(zipped(a=b"alpha", b=b"beta"), "x.zip"))
    member = store.find(digest(b"beta"))
    assert (member.path, member.parent_id, member.bytes) == ("b", archive.evidence_id, 4)
    assert read(store, member.evidence_id) == b"beta"


def test_bytes_that_are_sealed_themselves_are_not_taken_from_an_archive(store, source):
    store.add(source(zipped(a=b"alpha"), "x.zip"))
    store.add(source(b"alpha", "a.txt"))
    assert store.item(digest(b"alpha")).parent_id is None
    assert sorted(item.path for item in store.items() if item.evidence_id == digest(b"alpha")) == [
        "a",
        "a.txt",
    ]


def test_a_reader_of_an_item_can_seek(store, source):
    archive = store.add(source(zipped(a=b"alpha"), "x.zip"))
    for item_id, size in ((archive.evidence_id, archive.bytes), (digest(b"alpha"), 5)):
        with store.get(item_id) as stream:
            assert stream.seek(0, 2) == size
            stream.seek(1)
            assert len(stream.read()) == size - 1


def test_what_is_refused_in_an_archive_is_listed_with_the_reason(store, source):
    receipt = store.add(source(zipped(**{"../x": b"1", "a": b"2"}), "x.zip"))
    (refusal,) = store.refusals(receipt.evidence_id)
    assert (refusal.position, refusal.name) == (1, "../x")
    assert receipt.refused_members == (("../x", refusal.reason),)
    assert (
        store.add(source(zipped(**{"../x": b"1", "a": b"2"}), "x.zip")).refused_members
        == receipt.refused_members
    )


def test_a_damaged_archive_is_sealed_whole_with_the_fault_named(store, source):
    data = zipped(a=bytes(500))[:300]
    receipt = store.add(source(data, "x.zip"))
    assert (receipt.members, len(receipt.refused_members)) == (0, 1)
    assert read(store, receipt.evidence_id) == data
    assert store.check().ok


def test_other_limits_read_an_archive_again_and_are_recorded(tmp_path, source):
    path = source(zipped(a=b"1", b=b"22"), "x.zip")
    narrow, wide = (Store(tmp_path / "evidence", limits) for limits in (Limits(member_bytes=1), Limits()))
    first = narrow.add(path)
    assert (first.members, len(first.refused_members)) == (1, 1)
    second = wide.add(path)
    assert (second.is_new, second.is_recorded, second.members, second.refused_members) == (False, True, 2, ())
    assert not wide.add(path).is_recorded
    (item, *_) = wide.items()
    assert [one.archive["limits"]["member_bytes"] for one in item.acquisitions] == [1, 1 << 34]
    assert wide.check().ok


# --- nothing there, nothing created ------------------------------------------------------------------


def test_a_store_that_was_never_filled_is_empty_and_asking_it_creates_nothing(store, tmp_path):
    assert store.items() == store.current_items() == store.superseded_items() == []
    report = store.check()
    assert report.ok
    assert dict(report.checked)["objects"] == 0
    with pytest.raises(Missing):
        store.get(digest(b"1"))
    with pytest.raises(Missing):
        store.find("posts.csv")
    assert list(tmp_path.iterdir()) == []


def test_reading_changes_not_a_byte_and_no_time_in_the_folder(store, source, tmp_path):
    receipt = store.add(source(zipped(a=b"1"), "x.zip"))
    before = snapshot(tmp_path / "evidence")
    fresh = Store(tmp_path / "evidence")
    fresh.items()
    fresh.current_items()
    fresh.members(receipt.evidence_id)
    read(fresh, receipt.evidence_id)
    read(fresh, digest(b"1"))
    assert fresh.check().ok
    assert snapshot(tmp_path / "evidence") == before


def test_a_copy_without_the_lock_file_can_be_read(store, source, tmp_path):
    receipt = store.add(source(b"1"))
    (tmp_path / "evidence" / "index.lock").unlink()
    assert read(store, receipt.evidence_id) == b"1"
    assert not (tmp_path / "evidence" / "index.lock").exists()


def test_a_folder_name_full_of_signs_is_no_obstacle(tmp_path, source):
    store = Store(tmp_path / "a b#c?d%e&f;ñ")
    receipt = store.add(source(b"1"))
    assert read(store, receipt.evidence_id) == b"1"


# --- errors ------------------------------------------------------------------------------------------


def test_a_path_without_a_file_is_missing(store, tmp_path):
    for path in (tmp_path / "nope.csv", tmp_path / "nope" / "posts.csv"):
        with pytest.raises(Missing) as raised:
            store.add(path)
        assert str(path) in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_or_a_pipe_is_refused(store, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(CaseError):
            store.add(path)
    assert store.items() == []


def test_one_bad_path_in_a_batch_seals_nothing_of_it(store, source, tmp_path):
    with pytest.raises(Missing):
        store.add_many([(source(b"1"), {}), (tmp_path / "nope", {})])
    assert not (tmp_path / "evidence").exists()


def test_a_case_folder_that_is_not_there_is_missing(tmp_path, source):
    with pytest.raises(Missing):
        Store(tmp_path / "no case" / "evidence").add(source(b"1"))
    assert not (tmp_path / "no case").exists()


def test_a_file_that_cannot_be_opened_is_named(store, source, tmp_path, monkeypatch):
    path = source(b"1")
    genuine = os.open

    def refusing(target, *rest, **options):
        if Path(target) == path:
            raise PermissionError(13, "Permission denied")
        return genuine(target, *rest, **options)

    monkeypatch.setattr(os, "open", refusing)
    with pytest.raises(EvidenceError) as raised:
        store.add(path)
    assert str(path) in str(raised.value)
    assert not (tmp_path / "evidence").exists()


def test_what_is_no_evidence_id_is_missing(store, source):
    store.add(source(b"1"))
    for name in ("posts.csv", "sha256:zz", "../../etc/passwd", ""):
        with pytest.raises(Missing):
            store.get(name)


def test_a_sealed_object_that_was_changed_is_never_handed_out(store, source, tmp_path):
    receipt = store.add(source(b"12345"))
    (path,) = (one for one in (tmp_path / "evidence" / "objects").rglob("*") if one.is_file())
    assert read(store, receipt.evidence_id) == b"12345"
    for data in (b"12346", b"1234"):
        path.chmod(0o644)
        path.write_bytes(data)
        with pytest.raises(SealBroken) as raised:
            store.get(receipt.evidence_id)
        assert receipt.evidence_id in str(raised.value)
        assert raised.value.exit_code == 1


def test_a_member_of_a_changed_archive_is_never_handed_out(store, source, tmp_path):
    store.add(source(zipped(a=b"alpha"), "x.zip"))
    (path,) = (one for one in (tmp_path / "evidence" / "objects").rglob("*") if one.is_file())
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"alpha", b"alphb"))
    with pytest.raises(SealBroken):
        store.get(digest(b"alpha"))


def test_adding_a_file_whose_sealed_object_is_gone_says_that_the_seal_is_broken(store, source, tmp_path):
    receipt = store.add(source(b"1"))
    (path,) = (one for one in (tmp_path / "evidence" / "objects").rglob("*") if one.is_file())
    path.unlink()
    with pytest.raises(SealBroken) as raised:
        store.add(source(b"1"))
    assert receipt.evidence_id in str(raised.value)


def test_the_instants_come_from_the_clock_at_the_time_of_recording(store, source, monkeypatch):
    monkeypatch.setattr(intake_module.clock, "now_us", lambda: 1_767_916_800_000_000)
    receipt = store.add(source(b"1"))
    assert receipt.sealed_at_us == store.items()[0].sealed_at_us == 1_767_916_800_000_000
    assert receipt.to_json()["sealed_at"] == "2026-01-09T00:00:00Z"


@pytest.mark.shared
def test_the_hostile_zip_is_sealed_whole_and_its_harmless_members_are_read(store, shared_data):
    path = Path(shared_data, "evidence", "hostile.zip")
    receipt = store.add(path)
    assert (receipt.members, len(receipt.refused_members)) == (3, 3)
    assert read(store, receipt.evidence_id) == path.read_bytes()
    shown = {item.shown_path: read(store, item.evidence_id) for item in store.members(receipt.evidence_id)}
    assert shown == {"a\\u202egpj.exe": b"z", "A.txt": b"1", "a.txt": b"2"}
    assert store.check().ok
