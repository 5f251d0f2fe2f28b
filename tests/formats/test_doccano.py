"""`doccano`: the JSONL export of a text-classification project; the task's data comes back with it."""

import io
import json

import pytest

from perito.errors import Malformed
from perito.formats import SourceItem, find, recognise
from perito.tables.collect import read_item

DATA = {
    "design_id": "q-1",
    "assignment_id": "q-1:cats:1:1",
    "item_id": "x:1",
    "item_kind": "post",
    "platform": "x",
    "class": "cats",
    "label_book_id": "book",
    "label_book_version": "1",
    "annotator_id": "reader-1",
    "round": "1",
    "role": "sample",
    "blind": "true",
    "view_mode": "text_only",
}


def line(label=("yes",), **more):
    whole = {"id": 1, "text": "words", **DATA, "label": list(label), "Comments": [], **more}
    return {name: value for name, value in whole.items() if value is not None}


GOOD = line(item_id="x:9", assignment_id="q-1:cats:9:1")


def read(*lines, content=None):
    raw = b"".join(json.dumps(one).encode() + b"\n" for one in lines) if content is None else content
    item = SourceItem("sha256:" + "0" * 64, "all.jsonl", lambda: io.BytesIO(raw), None, 0)
    found = read_item(item, find("doccano"))
    return {
        name: [row for part in parts for row in part.to_pylist()] for name, parts in found.tables.items()
    }, found


def test_a_document_becomes_a_label_and_an_assignment():
    rows, found = read(line())
    assert found.rejects == []
    (label,), (assignment,) = rows["labels"], rows["assignments"]
    assert (label["item_id"], label["value"], label["annotator_id"]) == ("x:1", "yes", "reader-1")
    assert (label["labelled_at_us"], label["blind"], label["locator"]) == (None, True, "line=1")
    assert assignment["assignment_id"] == "q-1:cats:1:1"


def test_data_one_level_down_is_found_too():
    inner = {"id": 1, "text": "words", "meta": DATA, "labels": ["no"]}
    assert read(inner)[0]["labels"][0]["value"] == "no"


def test_a_document_without_a_label_is_an_assignment():
    rows, found = read(line(()), GOOD)
    assert (len(rows["assignments"]), len(rows["labels"])) == (2, 1)
    assert found.rejects == []


@pytest.mark.parametrize("label", [["yes", "no"], [3], "yes", [[0, 4, "PER"]], {"yes": 1}, [" "]])
def test_anything_but_one_label_is_rejected(label):
    rows, found = read(line(label=label) if isinstance(label, list) else {**line(), "label": label}, GOOD)
    assert [row["item_id"] for row in rows["labels"]] == ["x:9"]
    assert [reject.locator for reject in found.rejects] == ["line=1"]


@pytest.mark.parametrize(
    "name",
    ["item_id", "class", "label_book_id", "label_book_version", "annotator_id", "round", "role", "view_mode"],
)
def test_what_the_task_does_not_carry_is_not_guessed(name):
    rows, found = read(line(**{name: None}), GOOD)
    assert [row["item_id"] for row in rows["labels"]] == ["x:9"]
    assert name in found.rejects[0].reason


def test_the_same_reading_twice_is_told():
    rows, found = read(line(), line(("no",)))
    assert len(rows["labels"]) == 1
    assert [reject.locator for reject in found.rejects] == ["line=2"]


@pytest.mark.parametrize(
    "broken", [b"3", b"null", b"[]", b"{", b"{}", b"\xff", b'{"label": ["yes"], "label": []}']
)
def test_a_broken_line_costs_that_line(broken):
    rows, found = read(content=broken + b"\n" + json.dumps(GOOD).encode() + b"\n")
    assert len(rows["labels"]) == 1
    assert [reject.locator for reject in found.rejects] == ["line=1"]


def test_nothing_to_read_is_an_error():
    with pytest.raises(Malformed):
        read(content=b"\n")


def test_an_export_is_recognised_and_other_lines_are_not():
    assert recognise(json.dumps(line()).encode() + b"\n", "all.jsonl") == "doccano"
    assert find("doccano").sniff(b'{"id": 1, "text": "a", "label": []}\n', "x.jsonl") == 0
