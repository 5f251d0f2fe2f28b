"""`labels_csv`: readings of any tool; nothing is guessed, nothing is lost."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import Malformed
from perito.formats import SourceItem, find, recognise
from perito.formats.labels_csv import ALIASES, COLUMNS
from perito.schema import enumeration
from perito.tables.collect import read_item

LABEL = {
    "item_id": "x:1",
    "item_kind": "post",
    "platform": "x",
    "class": "cats",
    "label_book_id": "book",
    "label_book_version": "1",
    "annotator_id": "a",
    "round": "1",
    "role": "sample",
    "view_mode": "text_only",
    "value": "yes",
}
TASK = {**LABEL, "design_id": "q-1", "assignment_id": "q-1:cats:1:1", "blind": "true"}


def as_csv(rows):
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def read(*rows, platform=None, content=None):
    raw = as_csv(rows) if content is None else content
    item = SourceItem("sha256:" + "0" * 64, "labels.csv", lambda: io.BytesIO(raw), platform, 0)
    found = read_item(item, find("labels_csv"))
    return {
        name: [row for part in parts for row in part.to_pylist()] for name, parts in found.tables.items()
    }, found


def other(**more):
    """A second, good row beside the one under test."""
    return {**TASK, "item_id": "x:2", "assignment_id": "q-1:cats:2:1", **more}


def test_a_row_of_our_own_task_file_becomes_an_assignment_and_a_label():
    rows, found = read(
        {**TASK, "labelled_at": "2026-03-01T10:00:00+01:00", "confidence": "0.8", "text": "words"}
    )
    assert found.rejects == []
    (label,), (assignment,) = rows["labels"], rows["assignments"]
    assert {name: label[name] for name in LABEL} == LABEL
    assert (label["blind"], label["skipped"], label["confidence"]) == (True, False, 0.8)
    assert (label["labelled_at_us"], label["labelled_basis"]) == (1_772_355_600_000_000, "client_claimed")
    assert label["locator"] == assignment["locator"] == "row=1"
    assert (assignment["queue"], assignment["design_id"], assignment["annotator_id"]) == (
        "sample",
        "q-1",
        "a",
    )


def test_columns_may_bear_their_other_names():
    row = {
        "item_id": "x:1",
        "category": "cats",
        "book": "book",
        "book_version": "1",
        "reader": "a",
        "round": "1",
        "queue": "sample",
        "view_mode": "full",
        "label": "no",
        "seconds_unblurred": "2.5",
    }
    rows, _ = read(row)
    assert (rows["labels"][0]["value"], rows["labels"][0]["revealed_s"]) == ("no", 2.5)


@pytest.mark.parametrize("alias", list(ALIASES))
def test_an_alias_means_a_column_that_exists(alias):
    assert ALIASES[alias] in COLUMNS
    assert alias not in COLUMNS


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("yes", "yes"),
        (" YES ", "yes"),
        ("Sí", "yes"),
        ("si", "yes"),
        ("No", "no"),
        ("cannot tell", "cannot_tell"),
        ("3", "3"),
        ("maybe", "maybe"),
    ],
)
def test_an_answer_is_a_value_of_the_book_and_no_other_is_invented(words, value):
    rows, _ = read({**LABEL, "value": words})
    assert rows["labels"][0]["value"] == value


@pytest.mark.parametrize(
    "name",
    ["item_id", "class", "label_book_id", "label_book_version", "annotator_id", "round", "role", "view_mode"],
)
def test_a_label_without_what_makes_it_one_is_rejected_by_name(name):
    rows, found = read({**TASK, name: ""}, other())
    assert len(rows["labels"]) == 1
    (reject,) = found.rejects
    assert name in reject.reason
    assert reject.locator == "row=1"


def test_a_file_without_the_version_of_the_label_book_gives_nothing():
    with pytest.raises(Malformed, match="label_book_version"):
        read({name: value for name, value in LABEL.items() if name != "label_book_version"})


@pytest.mark.parametrize(
    ("cell", "wrong"),
    [
        ("round", "7"),
        ("round", "first"),
        ("role", "test"),
        ("view_mode", "seen"),
        ("item_kind", "tweet"),
        ("platform", "myspace"),
        ("blind", "perhaps"),
        ("skipped", "perhaps"),
        ("confidence", "high"),
        ("confidence", "1.5"),
        ("confidence", "nan"),
        ("revealed_s", "-1"),
        ("revealed_s", "inf"),
        ("labelled_at", "01/03/2026"),
        ("labelled_at", "2026-03-01T10:00:00"),
        ("labelled_at", "9" * 30),
    ],
)
def test_a_wrong_cell_costs_its_row_and_no_other(cell, wrong):
    rows, found = read({**TASK, cell: wrong}, other())
    assert [row["item_id"] for row in rows["labels"]] == ["x:2"]
    assert [reject.locator for reject in found.rejects] == ["row=1"]


def test_one_person_labels_an_item_once_in_a_round():
    again = {**TASK, "assignment_id": "q-1:cats:1:9", "value": "no"}
    rows, found = read(
        TASK, again, {**TASK, "round": "2"}, {**TASK, "class": "dogs"}, {**TASK, "annotator_id": "b"}
    )
    assert len(rows["labels"]) == 4
    (reject,) = found.rejects
    assert reject.locator == "row=2"
    assert "twice" in reject.reason


def test_reading_an_item_again_to_see_drift_is_no_double_label():
    rows, found = read(TASK, {**TASK, "role": "relabel", "assignment_id": "q-1:cats:1:8", "value": "no"})
    assert [row["role"] for row in rows["labels"]] == ["sample", "relabel"]
    assert found.rejects == []


def test_a_label_book_changed_half_way_is_kept_as_it_was_used():
    rows, found = read(TASK, other(label_book_version="2"))
    assert [row["label_book_version"] for row in rows["labels"]] == ["1", "2"]
    assert found.rejects == []


def test_a_skipped_item_has_no_value_and_a_skipped_answer_is_a_contradiction():
    rows, found = read({**TASK, "value": "", "skipped": "true"}, other(skipped="true"))
    assert [(row["value"], row["skipped"]) for row in rows["labels"]] == [(None, True)]
    assert [reject.locator for reject in found.rejects] == ["row=2"]


def test_a_task_that_nobody_answered_is_an_assignment_without_a_label():
    rows, found = read({**TASK, "value": ""}, other())
    assert len(rows["assignments"]) == 2
    assert len(rows["labels"]) == 1
    assert found.rejects == []


def test_no_answer_and_no_assignment_is_nothing():
    _, found = read({**LABEL, "value": ""}, {**LABEL, "item_id": "x:2"})
    assert [reject.locator for reject in found.rejects] == ["row=1"]


def test_the_platform_of_the_acquisition_stands_in():
    rows, _ = read({name: value for name, value in LABEL.items() if name != "platform"}, platform="tiktok")
    assert rows["labels"][0]["platform"] == "tiktok"


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("item_id,valu", "'value'"),
        ("item_id,value,label", "value"),
        ("item_id,item_id", "twice"),
        ("", "header"),
    ],
)
def test_a_header_that_cannot_be_meant_is_refused(header, named):
    with pytest.raises(Malformed) as caught:
        read(content=f"{header}\nx:1,yes,yes\n".encode() if header else b"")
    assert named in str(caught.value)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["yes", "no", "", "cannot_tell"]),
            st.sampled_from("ab"),
            st.sampled_from("12"),
            st.integers(0, 4),
        ),
        min_size=1,
        max_size=25,
    )
)
def test_every_row_is_a_record_or_a_reject(readings):
    rows = [
        {
            **TASK,
            "value": value,
            "annotator_id": who,
            "round": round_,
            "item_id": f"x:{at}",
            "assignment_id": f"a:{at}",
        }
        for value, who, round_, at in readings
    ]
    _, found = read(other(annotator_id="z"), *rows)
    assert found.mapped + len(found.rejects) == len(rows) + 1
    keys = {(row["item_id"], row["annotator_id"], row["round"]) for row in rows if row["value"]}
    assert sum(len(part) for part in found.tables["labels"]) == len(keys) + 1


def test_our_own_task_file_is_recognised():
    assert recognise(as_csv([TASK]), "to_label.csv") == "labels_csv"
    assert (
        recognise(b"item_id,class,book,book_version,reader,round,queue,view_mode,label\n", "a.csv")
        == "labels_csv"
    )


def test_the_view_modes_are_those_of_the_schema():
    for mode in enumeration("view_mode").values:
        assert read({**LABEL, "view_mode": mode})[0]["labels"][0]["view_mode"] == mode
