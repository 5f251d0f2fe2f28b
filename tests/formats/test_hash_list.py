"""Hash lists: every entry mapped or rejected with its place; a wrong entry costs itself and not the bank."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import Malformed
from perito.formats import Reject, SourceItem, find, recognise

PDQ = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
MD5 = "d41d8cd98f00b204e9800998ecf8427e"


def read(data, name="list.csv", format_name="hash_list"):
    data = data.encode() if isinstance(data, str) else data
    item = SourceItem("sha256:" + "0" * 64, name, lambda: io.BytesIO(data), "x", 0)
    return list(find(format_name).read(item))


def rows(data, **given):
    return [
        row.values for piece in read(data, **given) if not isinstance(piece, Reject) for row in piece.rows
    ]


def rejects(data, **given):
    return [(piece.locator, piece.reason) for piece in read(data, **given) if isinstance(piece, Reject)]


def test_a_csv_list_keeps_list_entry_quality_category_and_provenance():
    text = (
        "id,hash_type,hash,quality,tags,source,bank,version,licence\n"
        f"7,pdq,{PDQ.upper()},100,example,a hotline,known,3,internal\n"
    )
    assert rows(text) == [
        {
            "list_id": "known", "list_version": "3", "entry_id": "7", "category": "example",
            "provenance": "a hotline", "terms": "internal", "platform": "x",
            "algorithm": "pdq", "value": PDQ, "quality": 100,
        }
    ]  # fmt: skip


def test_a_row_with_a_column_an_algorithm_gives_a_row_each():
    text = f"entry_id,md5,sha1,sha256,pdq\na,{MD5},{SHA1},{SHA256},{PDQ}\nb,,,{SHA256},\n"
    found = [(row["entry_id"], row["algorithm"]) for row in rows(text)]
    assert found == [("a", "md5"), ("a", "sha1"), ("a", "sha256"), ("a", "pdq"), ("b", "sha256")]


def test_what_the_list_does_not_name_is_the_file_and_the_place():
    row = rows(f"algorithm,value\nsha1,{SHA1}\n", name="lists/known.csv")[0]
    assert (row["list_id"], row["entry_id"], row["provenance"]) == ("known", "row=1", None)


def test_indicators_of_threatexchange_are_read_from_their_page():
    page = {
        "data": [
            {"id": "11", "indicator": PDQ, "type": "HASH_PDQ", "status": "UNKNOWN", "tags": ["one", "two"]},
            {"id": "12", "indicator": MD5, "type": "HASH_MD5", "tags": {"data": []}},
            {"id": "13", "indicator": "example.com", "type": "DOMAIN"},
        ],
        "paging": {"cursors": {}},
    }
    found = rows(json.dumps(page))
    assert [(row["entry_id"], row["algorithm"], row["category"]) for row in found] == [
        ("11", "pdq", "one; two"), ("12", "md5", None),
    ]  # fmt: skip
    assert [place for place, _ in rejects(json.dumps(page))] == ["#/data/2"]


def test_contents_of_a_bank_with_their_signals_are_read():
    bank = [{"id": 3, "bank_name": "KNOWN", "signals": {"pdq": PDQ, "video_md5": MD5}}]
    found = [(row["list_id"], row["entry_id"], row["algorithm"]) for row in rows(json.dumps(bank))]
    assert sorted(found) == [("KNOWN", "3", "md5"), ("KNOWN", "3", "pdq")]


def test_one_object_a_line_is_read_with_the_line_as_its_place():
    lines = "\n".join(json.dumps({"signal_type": "pdq", "signal_value": PDQ, "id": n}) for n in range(3))
    assert [row["entry_id"] for row in rows(lines)] == ["0", "1", "2"]
    assert [piece.locator.split("#")[0] for piece in read(lines)] == ["line=1", "line=2", "line=3"]


@pytest.mark.parametrize(("name", "algorithm"), [("hash_list_pdq", "pdq"), ("hash_list_sha256", "sha256")])
def test_plain_digits_are_what_the_declared_format_says(name, algorithm):
    text = f"# a comment\n{SHA256}\n\n{SHA1}\n"
    assert [(row["algorithm"], row["entry_id"]) for row in rows(text, format_name=name)] == [
        (algorithm, "line=2"), ("sha1", "line=4"),
    ]  # fmt: skip


def test_sixty_four_plain_digits_are_not_guessed():
    assert rows(f"{SHA256}\n") == []
    assert "pdq" in rejects(f"{SHA256}\n")[0][1]


@pytest.mark.parametrize("length", [0, 1, 31, 32, 63, 65, 128])
def test_an_entry_of_a_wrong_length_is_refused_and_the_bank_is_kept(length):
    text = f"id,pdq\nbad,{'a' * length}\ngood,{PDQ}\n"
    assert [row["entry_id"] for row in rows(text)] == ["good"]
    assert [place for place, _ in rejects(text)] == ["row=1"]


@pytest.mark.parametrize("value", ["g" * 64, "\uff10" * 64, "-" + "1" * 63, "0x" + "1" * 62])
def test_what_is_not_hex_is_refused(value):
    assert rows(f"id,pdq\nbad,{value}\n") == []


@pytest.mark.parametrize("quality", ["-1", "101", "x", "1e2", "٣"])
def test_an_impossible_quality_is_refused(quality):
    assert rejects(f"id,pdq,quality\na,{PDQ},{quality}\n")[0][0] == "row=1"


def test_an_algorithm_that_nobody_knows_is_refused():
    assert "tlsh" in rejects(f"id,type,hash\na,tlsh,{PDQ}\n")[0][1]


@pytest.mark.parametrize("data", ["", "name,age\nx,1\n", '{"data": 3}', '{"data": [', "[1,"])
def test_a_file_that_is_no_hash_list_is_malformed(data):
    with pytest.raises(Malformed):
        read(data)


def test_entries_that_are_no_objects_are_rejects():
    assert [place for place, _ in rejects('[1, null, "x"]')] == ["#/0", "#/1", "#/2"]


@given(st.lists(st.binary(min_size=32, max_size=32).map(bytes.hex), min_size=1, max_size=20))
def test_every_hash_comes_back_as_it_was(hashes):
    text = "id,pdq\n" + "".join(f"{n},{value}\n" for n, value in enumerate(hashes))
    assert [row["value"] for row in rows(text)] == hashes


@pytest.mark.parametrize(
    "head",
    [b"entry_id,pdq\n", b"id,type,hash\n", b'{"data": [{"indicator": "00", "type": "HASH_PDQ"}]}'],
)
def test_hash_lists_are_recognised(head):
    assert recognise(head, "any") == "hash_list"
