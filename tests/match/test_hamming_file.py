"""A saved index answers as before, and one in which a byte was changed does not answer at all."""

import hashlib
import json

import numpy as np
import pytest
from planted import all_pairs, planted, rows

from perito.errors import CaseError, Malformed, Missing
from perito.match import HammingIndex

HASHES = planted(1, 300, 200)


@pytest.fixture
def file(tmp_path):
    index = HammingIndex(HASHES[:450])
    index.add(HASHES[450:])
    index.save(tmp_path / "bank.hx")
    return tmp_path / "bank.hx"


def test_an_opened_index_answers_as_before_and_can_be_added_to_and_saved_again(file):
    index = HammingIndex.open(file)
    assert len(index) == 500
    assert rows(index.search(HASHES)) == all_pairs(HASHES, HASHES, 31)
    assert index.add(HASHES[:3]) == range(500, 503)
    index.save(file)
    more = np.concatenate([HASHES, HASHES[:3]])
    assert rows(HammingIndex.open(str(file)).search(HASHES)) == all_pairs(HASHES, more, 31)


def test_it_is_mapped_not_read(file):
    (first, *_) = HammingIndex.open(file)._segments
    base = first.words
    while isinstance(base, np.ndarray):
        base = base.base
    assert type(getattr(base, "obj", base)).__name__ == "mmap"


def test_the_same_index_is_saved_in_the_same_bytes(file, tmp_path):
    HammingIndex.open(file).save(tmp_path / "again.hx")
    assert file.read_bytes() == (tmp_path / "again.hx").read_bytes()


def test_an_empty_index_can_be_saved(tmp_path):
    HammingIndex().save(tmp_path / "empty.hx")
    index = HammingIndex.open(tmp_path / "empty.hx")
    assert (len(index), rows(index.search(HASHES))) == (0, [])


def test_a_changed_byte_is_found_wherever_it_is(file):
    data = file.read_bytes()
    somewhere = np.random.default_rng(1).integers(0, len(data), 60).tolist()
    for position in (*range(0, 2000, 37), *somewhere, len(data) - 1):
        changed = bytearray(data)
        changed[position] ^= 0x41
        file.write_bytes(changed)
        with pytest.raises(Malformed):
            HammingIndex.open(file)


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 11, 12, 50, 200, 5_000, -1])
def test_a_file_that_was_cut_short_is_an_error(file, kept):
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(Malformed):
        HammingIndex.open(file)


def test_bytes_after_the_end_are_an_error(file):
    with file.open("ab") as end:
        end.write(b"\0")
    with pytest.raises(Malformed, match="after the end"):
        HammingIndex.open(file)


def with_head(file, change) -> None:
    """The file with another head and its right digest, as someone who wants to deceive would make it."""
    data = file.read_bytes()
    (length,) = np.frombuffer(data[8:12], "<u4").tolist()
    head = json.loads(data[12 : 12 + length])
    change(head)
    text = json.dumps(head, sort_keys=True).encode()
    body = data[12 + length + 32 :]
    start = bytes(-(12 + length + 32) % 64)
    front = data[:8] + len(text).to_bytes(4, "little") + text + hashlib.sha256(text).digest()
    file.write_bytes(front + bytes(-len(front) % 64) + body[len(start) :])


@pytest.mark.parametrize(
    "change",
    [
        lambda head: head.update(version=2),
        lambda head: head.update(entries=499),
        lambda head: head.pop("segments"),
        lambda head: head.update(segments=7),
        lambda head: head["segments"][0].update(distinct=10**12),
        lambda head: head["segments"][0].update(distinct=-1),
        lambda head: head["segments"][0].update(distinct="all"),
        lambda head: head["segments"][0].pop("sha256"),
    ],
)
def test_a_head_that_contradicts_its_arrays_is_an_error(file, change):
    with_head(file, lambda _: None)
    assert len(HammingIndex.open(file)) == 500
    with_head(file, change)
    with pytest.raises(Malformed):
        HammingIndex.open(file)


@pytest.mark.parametrize(
    ("name", "value"), [("starts", 4_000_000_000), ("groups", 4_000_000_000), ("members", 7)]
)
def test_tables_that_lead_outside_are_refused_even_with_the_right_digests(tmp_path, name, value):
    index = HammingIndex(HASHES)
    array = getattr(index._segments[0], name)
    array.flags.writeable = True
    array.reshape(-1)[5] = value
    index.save(tmp_path / "bank.hx")
    with pytest.raises(Malformed):
        HammingIndex.open(tmp_path / "bank.hx")


def test_numbers_that_lead_outside_are_an_error_in_the_search(tmp_path):
    index = HammingIndex(HASHES)
    array = index._segments[0].ids
    array.flags.writeable = True
    array[:] = 4_000_000_000
    array.flags.writeable = False
    index.save(tmp_path / "bank.hx")
    opened = HammingIndex.open(tmp_path / "bank.hx")
    with pytest.raises(Malformed, match="damaged"):
        opened.search(HASHES)
    with pytest.raises(Malformed, match="damaged"):
        opened.self_join()


def test_what_is_no_index_or_not_there_is_named_so(tmp_path):
    (tmp_path / "list.csv").write_text("hash\n" * 100)
    with pytest.raises(Malformed, match="no Hamming index"):
        HammingIndex.open(tmp_path / "list.csv")
    for path in (tmp_path / "none.hx", tmp_path):
        with pytest.raises(Missing):
            HammingIndex.open(path)


def test_a_file_that_cannot_be_written_is_an_error_and_leaves_nothing(tmp_path):
    with pytest.raises(CaseError, match="written"):
        HammingIndex(HASHES).save(tmp_path / "no folder" / "bank.hx")
    (tmp_path / "taken").mkdir()
    with pytest.raises(CaseError, match="written"):
        HammingIndex(HASHES).save(tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
