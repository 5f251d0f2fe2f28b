"""Labels as evidence: sealed rows that come back the same from the tables, with the log of who saw what."""

import json

import pytest

from perito.errors import SealBroken
from perito.evidence import Store
from perito.tables import build_tables
from perito.web.changes import replace_book, withdraw_item
from perito.web.conflicts import next_dispute, record_decision, record_look
from perito.web.events import Submission
from perito.web.export import assignment_rows, label_rows, ndjson, seal_labels
from perito.web.labels import record_label, take_back
from perito.web.queue import next_turn


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "evidence")


@pytest.fixture
def labelled(review, people):
    """Two readers, a pass, an answer taken back, a dispute decided."""
    names = {name: people[name].id for name in ("ana", "ben", "cora", "dora")}
    for name, values in (("ana", ["yes", "no", None, "no"]), ("ben", ["no", "no", "cannot_tell"])):
        for number, value in enumerate(values):
            slot = next_turn(review, names[name]).slot["slot_no"]
            choices = None if value is None else {"advert": value}
            given = Submission(f"key-{name}-{number}", "1", choices, "ñ «note»", "review-abc")
            record_label(review, names[name], slot, given)
    take_back(review, names["ana"], "undo-0001")
    held = next_dispute(review, names["dora"]).row["conflict_no"]
    record_look(review, names["dora"], held, Submission("look-0001", "1", {"advert": "no"}))
    record_decision(review, names["dora"], held, Submission("decide-01", "1", {"advert": "yes"}))
    return names


def test_the_rows_come_back_the_same_from_the_tables_of_the_case(review, labelled, store, tmp_path):
    with review.base.reading() as connection:
        labels, assignments = list(label_rows(connection)), list(assignment_rows(connection))
    seal_labels(review, store, "p-x")
    tables = build_tables(store, tmp_path / "tables")
    assert "rejects" not in tables.inputs
    for name, rows in (("labels", labels), ("assignments", assignments)):
        found = tables.read(name).to_pylist()
        wanted = {json.dumps(row, sort_keys=True) for row in rows}
        got = {json.dumps({key: row[key] for key in rows[0]}, sort_keys=True) for row in found}
        assert got == wanted
        assert len(found) == len(rows)


def test_what_was_taken_back_is_no_label_and_what_was_passed_on_is_a_skipped_one(review, labelled):
    with review.base.reading() as connection:
        rows = [
            (row["annotator_id"], row["item_id"], row["value"], row["skipped"], row["round"], row["blind"])
            for row in label_rows(connection)
        ]
    ana, ben, dora = (labelled[name] for name in ("ana", "ben", "dora"))
    assert rows == [
        (ana, "x:1", "yes", False, "1", True),
        (ana, "x:2", "no", False, "1", True),
        (ana, "x:3", None, True, "1", True),
        (ben, "x:1", "no", False, "2", True),
        (ben, "x:2", "no", False, "2", True),
        (ben, "x:3", "cannot_tell", False, "1", True),
        (dora, "x:1", "yes", False, "adjudication", False),
    ]


def test_every_event_every_access_and_who_looked_is_sealed_too(review, labelled, store):
    sealed = {one.path: one for one in seal_labels(review, store, "p-x")}
    assert set(sealed) == {f"review/{name}.ndjson" for name in ("labels", "assignments", "events")}
    with store.get(sealed["review/events.ndjson"].evidence_id) as stream:
        events = [json.loads(line) for line in stream]
    assert [event["kind"] for event in events][-3:] == ["undo", "own_look", "decision"]
    assert events[0]["note"] == "ñ «note»"
    entries = [entry for entry in store.custody.entries() if entry["act"] == "labelled"]
    assert entries[0]["by"] == "p-x"
    assert entries[0]["items"] == [one.evidence_id for one in sealed.values()]


def test_sealing_again_without_new_labels_gives_the_same_bytes(review, labelled, store):
    first, second = (
        {one.path: one.evidence_id for one in seal_labels(review, store, None)} for _ in range(2)
    )
    assert first == second


def test_labels_of_later_are_in_the_later_export_and_the_earlier_stays(review, labelled, store, tmp_path):
    first = {one.path: one.evidence_id for one in seal_labels(review, store, None)}
    cora = labelled["cora"]
    slot = next_turn(review, cora).slot["slot_no"]
    record_label(review, cora, slot, Submission("key-cora-1", "1", {"advert": "no"}))
    second = {one.path: one.evidence_id for one in seal_labels(review, store, None)}
    assert second["review/labels.ndjson"] != first["review/labels.ndjson"]
    assert build_tables(store, tmp_path / "tables").inputs["labels"][1] == 8
    with store.get(first["review/labels.ndjson"]) as stream:
        assert len(stream.readlines()) == 7


def test_a_review_whose_events_were_changed_is_not_exported(review, labelled, store):
    with review.base.writing() as connection:
        connection.execute("DROP TRIGGER label_events_stay")
        connection.execute("UPDATE label_events SET at_us = at_us + 1 WHERE event_no = 2")
    with pytest.raises(SealBroken, match="event 2"):
        seal_labels(review, store, None)
    assert store.items() == []


def test_a_label_book_of_several_classes_gives_a_row_for_each(tmp_path, kit):
    review = kit.make_review(tmp_path, items=1, book=kit.make_book(classes=("advert", "satire")))
    ana = kit.add_person(review, "ana", "reviewer", kit.PASSWORD).id
    slot = next_turn(review, ana).slot["slot_no"]
    record_label(review, ana, slot, Submission("key-00001", "1", {"advert": "yes", "satire": "no"}))
    with review.base.reading() as connection:
        rows = [(row["class"], row["value"]) for row in label_rows(connection)]
        assert len(list(assignment_rows(connection))) == 1
    assert rows == [("advert", "yes"), ("satire", "no")]
    review.close()


def test_an_export_of_nothing_seals_nothing(review, store):
    assert seal_labels(review, store, None) == []
    assert ndjson([]) == b""


def test_changes_in_the_middle_are_sealed_with_their_reasons(review, labelled, store, kit):
    replace_book(review, "clause b was misread", kit.make_book("2"))
    withdraw_item(review, "x:4", "order 12/2026")
    sealed = {one.path: one for one in seal_labels(review, store, None)}
    with store.get(sealed["review/changes.ndjson"].evidence_id) as stream:
        rows = [json.loads(line) for line in stream]
    assert [(row.get("version"), row.get("item_id"), row["reason"]) for row in rows] == [
        ("2", None, "clause b was misread"),
        (None, "x:4", "order 12/2026"),
    ]
