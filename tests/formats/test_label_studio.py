"""`label_studio`: the JSON export, annotation by annotation; readers are numbers, cancelled is skipped."""

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
    "text": "words",
}


def annotation(choice="yes", by=7, **more):
    result = [
        {
            "value": {"choices": [choice]},
            "id": "r",
            "from_name": "value",
            "to_name": "text",
            "type": "choices",
        }
    ]
    return {
        "id": 1,
        "completed_by": by,
        "result": result,
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": "2026-03-01T09:00:00.123456Z",
        "updated_at": "2026-03-01T09:00:00Z",
        "lead_time": 4.2,
        **more,
    }


def task(*annotations, **data):
    return {
        "id": 1,
        "annotations": list(annotations),
        "drafts": [],
        "predictions": [{"result": []}],
        "meta": {},
        "data": {name: value for name, value in {**DATA, **data}.items() if value is not None},
        "project": 1,
    }


GOOD = task(annotation(), item_id="x:9", assignment_id="q-1:cats:9:1")


def read(*tasks, content=None):
    raw = json.dumps(list(tasks)).encode() if content is None else content
    item = SourceItem("sha256:" + "0" * 64, "export.json", lambda: io.BytesIO(raw), None, 0)
    found = read_item(item, find("label_studio"))
    return {
        name: [row for part in parts for row in part.to_pylist()] for name, parts in found.tables.items()
    }, found


def test_an_annotation_becomes_a_label_with_the_data_of_its_task():
    rows, found = read(task(annotation()))
    assert found.rejects == []
    (label,), (assignment,) = rows["labels"], rows["assignments"]
    assert (label["item_id"], label["value"], label["round"], label["role"]) == ("x:1", "yes", "1", "sample")
    assert (label["label_book_version"], label["view_mode"], label["blind"]) == ("1", "text_only", True)
    assert (label["labelled_at_us"], label["labelled_basis"]) == (1_772_355_600_123_456, "server_utc")
    assert (label["locator"], assignment["locator"]) == ("row=1#/annotations/0", "row=1")
    assert (assignment["annotator_id"], assignment["queue"]) == ("reader-1", "sample")


@pytest.mark.parametrize("by", [7, {"id": 7, "email": "ana@mail.example", "first_name": "Ana"}])
def test_the_reader_is_a_number_and_never_a_name_or_an_address(by):
    rows, _ = read(task(annotation(by=by)))
    assert rows["labels"][0]["annotator_id"] == "label_studio:7"


@pytest.mark.parametrize("by", [None, "ana@mail.example", {"email": "ana@mail.example"}, True, 1.5])
def test_a_reader_without_a_number_is_rejected(by):
    rows, found = read(task(annotation(by=by)), GOOD)
    assert len(rows["labels"]) == 1
    assert "completed_by" in found.rejects[0].reason


def test_a_cancelled_annotation_is_a_skipped_item():
    rows, _ = read(task(annotation(was_cancelled=True, result=[])))
    assert (rows["labels"][0]["value"], rows["labels"][0]["skipped"]) == (None, True)


def test_several_readers_of_one_task_are_several_labels_and_one_assignment():
    rows, found = read(task(annotation(by=1), annotation("no", by=2), annotation("no", by=1)))
    assert [(row["annotator_id"], row["value"]) for row in rows["labels"]] == [
        ("label_studio:1", "yes"),
        ("label_studio:2", "no"),
    ]
    assert len(rows["assignments"]) == 1
    assert [reject.locator for reject in found.rejects] == ["row=1#/annotations/2"]


def test_the_time_taken_is_a_time_unblurred_only_where_the_item_was_shown_in_full():
    rows, _ = read(task(annotation()), task(annotation(), view_mode="full", item_id="x:2"))
    assert [row["revealed_s"] for row in rows["labels"]] == [None, 4.2]


@pytest.mark.parametrize(
    "result",
    [
        [],
        None,
        "yes",
        [{"type": "choices", "value": {"choices": ["yes", "no"]}}],
        [{"type": "textarea", "value": {"text": ["yes"]}}],
        [{"type": "choices", "value": "yes"}],
        [{"type": "choices", "value": {"choices": [3]}}],
        [{"type": "choices", "value": {"choices": [" "]}}],
    ],
)
def test_anything_but_one_choice_is_rejected(result):
    rows, found = read(task(annotation(result=result)), GOOD)
    assert [row["item_id"] for row in rows["labels"]] == ["x:9"]
    assert [reject.locator for reject in found.rejects] == ["row=1#/annotations/0"]


@pytest.mark.parametrize(
    "name", ["item_id", "class", "label_book_id", "label_book_version", "round", "role", "view_mode"]
)
def test_what_the_task_does_not_carry_is_not_guessed(name):
    rows, found = read(task(annotation(), **{name: None}), GOOD)
    assert [row["item_id"] for row in rows["labels"]] == ["x:9"]
    assert name in found.rejects[0].reason


def test_a_task_without_an_annotation_is_an_assignment():
    rows, found = read(task(), GOOD)
    assert len(rows["assignments"]) == 2
    assert found.rejects == []


@pytest.mark.parametrize(
    "broken",
    [
        3,
        None,
        [],
        {},
        {"data": {}},
        {"annotations": []},
        {"data": [], "annotations": []},
        {"data": {"item_id": ["x"]}, "annotations": []},
        {"data": DATA, "annotations": {}},
    ],
)
def test_a_broken_task_costs_that_task(broken):
    rows, found = read(broken, GOOD)
    assert len(rows["labels"]) == 1
    assert [reject.locator for reject in found.rejects] == ["row=1"]


def test_a_broken_annotation_costs_that_annotation():
    _, found = read(task(3, annotation(lead_time="long"), annotation(created_at="yesterday"), annotation()))
    assert [reject.locator[-1] for reject in found.rejects] == ["0", "1", "2"]


@pytest.mark.parametrize("content", [b"", b"{}", b'{"id": 1}', b"\xff", b"[", b"[" * 2000, b"NaN"])
def test_what_is_no_list_of_tasks_is_refused(content):
    with pytest.raises(Malformed):
        read(content=content)


def test_an_export_is_recognised_and_other_json_is_not():
    assert recognise(json.dumps([task(annotation())]).encode(), "export.json") == "label_studio"
    assert find("label_studio").sniff(b'[{"id": 1, "text": "annotations"}]', "x.json") == 0


def test_the_short_export_is_refused_by_its_name():
    flat = {**DATA, "id": 1, "value": "yes", "annotator": 7, "annotation_id": 3, "lead_time": 4.2}
    with pytest.raises(Malformed) as caught:
        read(flat, flat)
    assert "JSON-MIN" in caught.value.what
    assert "export as JSON" in caught.value.remedy
