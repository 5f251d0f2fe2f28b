"""Bags of ours: complete or not there, the same bytes for the same content, and valid for others too."""

import hashlib
import io

import bagit
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import CaseError, EvidenceError
from perito.files import files_below
from perito.handover.bag_reading import check_bag
from perito.handover.bag_writing import chunks, new_bag

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0\\:~"), min_size=1, max_size=40).filter(
    lambda name: name not in (".", "..") and len(name.encode()) < 255
)


def made(folder, files, info=None):
    with new_bag(folder, info or {}) as bag:
        for path, content in files.items():
            bag.add(path, content)
    return folder


def test_a_bag_holds_both_manifests_and_both_tag_manifests(tmp_path):
    bag = made(tmp_path / "bag", {"a.txt": b"A"}, {"External-Identifier": "case-7"})
    assert files_below(bag) == [
        "bag-info.txt", "bagit.txt", "data/a.txt", "manifest-sha256.txt", "manifest-sha512.txt",
        "tagmanifest-sha256.txt", "tagmanifest-sha512.txt",
    ]  # fmt: skip
    assert (bag / "manifest-sha256.txt").read_text() == f"{hashlib.sha256(b'A').hexdigest()}  data/a.txt\n"
    assert (bag / "bag-info.txt").read_text() == "External-Identifier: case-7\nPayload-Oxum: 1.1\n"


def test_the_same_content_makes_the_same_bytes(tmp_path):
    files = {"b": b"2", "a": b"1"}
    one, other = made(tmp_path / "1", files), made(tmp_path / "2", dict(reversed(files.items())))
    assert files_below(one) == files_below(other)
    assert all((one / path).read_bytes() == (other / path).read_bytes() for path in files_below(one))


@given(files=st.dictionaries(NAMES, st.binary(max_size=64), max_size=5))
def test_any_names_make_a_bag_that_we_and_the_common_library_accept(tmp_path_factory, files):
    bag = made(tmp_path_factory.mktemp("x") / "bag", files)
    found = check_bag(bag)
    assert found.report.ok, found.report.problems
    if all(name == name.strip() and name.isprintable() and "%" not in name for name in files):
        assert bagit.Bag(str(bag)).is_valid()


def test_a_long_file_is_streamed(tmp_path):
    content = bytes(range(256)) * 20_000
    bag = made(tmp_path / "bag", {"long": chunks(io.BytesIO(content))})
    assert check_bag(bag).report.ok
    assert (bag / "data" / "long").read_bytes() == content


def test_an_error_on_the_way_leaves_nothing(tmp_path):
    def torn():
        yield b"B"
        raise OSError("torn")

    with pytest.raises(EvidenceError, match="torn"):
        made(tmp_path / "bag", {"a": b"A", "b": torn()})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("is_file", [True, False])
def test_what_is_there_is_never_overwritten(tmp_path, is_file):
    place = tmp_path / "bag"
    place.write_text("mine") if is_file else place.mkdir()
    with pytest.raises(CaseError), new_bag(place, {}):
        pass
    assert place.is_dir() is not is_file


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "", "a//b"])
def test_a_path_that_leads_elsewhere_is_not_written(tmp_path, path):
    with pytest.raises(CaseError), new_bag(tmp_path / "bag", {}) as bag:
        bag.add(path, b"")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_not_written_twice(tmp_path):
    with new_bag(tmp_path / "bag", {}) as bag:
        bag.add("a", b"1")
        with pytest.raises(CaseError):
            bag.add("a", b"2")


def test_metadata_cannot_break_its_line(tmp_path):
    bag = made(tmp_path / "bag", {}, {"Note": "one\nPayload-Oxum: 9.9"})
    assert check_bag(bag).info[0] == ("Note", "one Payload-Oxum: 9.9")
