"""Task files and further readings: complete, blind, by turns, harmless in a spreadsheet."""

import csv
import io
import json
from xml.etree import ElementTree as ET

import pytest

from perito.formats.label_rows import TASK_FACTS
from perito.sampling.design import Design
from perito.sampling.tasks import COLUMNS, first_readings, read_assignments, task_files, task_rows


def design(items=("x:1", "x:2", "x:3", "x:4"), readers=("a", "b", "c"), classes=("cats",), **facts):
    return Design(
        facts={
            "question_id": "q",
            "item_kind": "post",
            "label_book_id": "book",
            "label_book_version": "1",
            **facts,
        },
        strata=[],
        label_book={"values": ["yes", "no", "cannot_tell", '<i> & "co"']},
        classes=list(classes),
        draws=[{"item_id": item, "platform": "x", "stratum": "all"} for item in items],
        readings={"readers": list(readers), "second": []},
    )


def csv_rows(content):
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_readers_take_turns_in_the_order_of_the_draw():
    assert [one.reader for one in first_readings(design())] == ["a", "b", "c", "a"]


def test_an_item_that_was_drawn_twice_is_read_once():
    assert [one.item_id for one in first_readings(design(["x:2", "x:1", "x:2"]))] == ["x:2", "x:1"]


def test_every_task_carries_what_a_label_needs_and_no_answer():
    of = design(classes=("cats", "dogs"))
    found = csv_rows(task_files(of, task_rows(of, first_readings(of), {"x:1": "words"}))["to_label.csv"])
    assert len(found) == 8
    assert len({row["assignment_id"] for row in found}) == 8
    for row in found:
        assert tuple(row) == COLUMNS
        assert all(row[name] for name in TASK_FACTS)
        assert (row["value"], row["blind"], row["round"], row["view_mode"]) == ("", "true", "1", "text_only")


def test_no_task_file_tells_a_score_a_stratum_or_who_is_read_twice():
    of = design()
    content = b"".join(task_files(of, task_rows(of, first_readings(of), {})).values())
    for word in (b"stratum", b"score", b"second"):
        assert word not in content


def test_the_three_forms_hold_the_same_tasks():
    of = design()
    made = task_files(of, task_rows(of, first_readings(of), {"x:1": "words"}))
    table = csv_rows(made["to_label.csv"])
    tasks = [one["data"] for one in json.loads(made["label_studio.json"])]
    documents = [json.loads(line) for line in made["doccano.jsonl"].splitlines()]
    for name in (*TASK_FACTS, "text"):
        assert (
            [row[name] for row in table] == [row[name] for row in tasks] == [row[name] for row in documents]
        )
    assert all(one["label"] == [] for one in documents)


def test_the_page_of_label_studio_offers_the_values_of_the_book():
    page = ET.fromstring(task_files(design(), [])["label_studio.xml"])
    assert [one.attrib["value"] for one in page.iter("Choice")] == ["yes", "no", "cannot_tell", '<i> & "co"']


@pytest.mark.parametrize("words", ["=1+1", "+a", "-a", "@a", "\tq", '=HYPERLINK("http://x.example")'])
def test_words_that_a_spreadsheet_would_calculate_are_neutral(words):
    of = design(["x:1"])
    made = task_files(of, task_rows(of, first_readings(of), {"x:1": words}))
    assert csv_rows(made["to_label.csv"])[0]["text"] == f"'{words}"
    assert json.loads(made["label_studio.json"])[0]["data"]["text"] == words


def test_hostile_words_make_no_second_record():
    of = design(["x:1"])
    made = task_files(of, task_rows(of, first_readings(of), {"x:1": 'a"\r\n,b\0\u202e'}))
    (row,) = csv_rows(made["to_label.csv"])
    assert row["text"] == 'a"\r\n,b\ufffd\u202e'


def test_pictures_are_described_and_never_shown():
    of = design(item_kind="media")
    assert {row["view_mode"] for row in task_rows(of, first_readings(of), {})} == {"description"}


def test_assignments_are_read_back_from_a_task_file():
    of = design()
    rows = task_rows(of, first_readings(of), {})
    found = read_assignments(task_files(of, rows)["to_label.csv"])
    assert found == {row["assignment_id"] for row in rows}
