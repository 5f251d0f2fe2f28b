"""`perito sample` as a user meets it, and the whole way: simulate, draw, read, labels in the tables."""

import csv
import hashlib
import io
import json

import pyarrow.parquet as pq
import pytest

from perito.simulate import Plan, simulate

BOOK = """
id = "book"
version = "1"

[[class]]
id = "planted"
title = { en = "Planted", es = "Puesta" }
definition = { en = "The simulation planted it.", es = "La simulación la puso." }
"""
CALL = ("--question", "planted-total", "--kind", "post")


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample") / "case"
    simulate(folder, 3000, 7, Plan())
    (folder / "label-book.toml").write_text(BOOK, "utf-8")
    return folder


@pytest.fixture
def case(simulated, tmp_path):
    import shutil

    return shutil.copytree(simulated, tmp_path / "case")


@pytest.fixture
def truth(simulated):
    """Whether an item was planted in the class."""
    items = pq.read_table(simulated / "truth" / "items.parquet").to_pylist()
    return {row["post_id"]: row["is_planted"] for row in items}


def files(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def table(case, name):
    return pq.read_table(case / "tables" / f"{name}.parquet").to_pylist()


def test_a_plan_is_shown_and_nothing_registered_in_a_dry_run(perito, case):
    shown = perito("sample", case, *CALL, "--budget", 300, "--dry-run")
    assert shown.code == 0
    assert "not registered" in shown.text
    assert not (case / "samples").exists()


def test_the_same_call_twice_changes_no_byte_and_says_so(perito, case):
    first = perito("sample", case, *CALL, "--budget", 300, "--json")
    before = files(case)
    second = perito("sample", case, *CALL, "--budget", 300, "--json")
    assert files(case) == before
    one, other = json.loads(first.out), json.loads(second.out)
    assert (one["is_new"], other["is_new"]) == (True, False)
    assert one["registered"] == other["registered"]
    assert one["design"]["method"] == "stratified"


def test_another_number_of_labels_is_refused_until_it_says_what_it_replaces(perito, refused, case):
    first = json.loads(perito("sample", case, *CALL, "--budget", 300, "--json").out)["design_id"]
    assert first in refused("sample", case, *CALL, "--budget", 400)
    changed = perito(
        "sample", case, *CALL, "--budget", 400, "--replaces", first, "--reason", "too few", "--json"
    )
    assert json.loads(changed.out)["design"]["replaces"] == first


def test_a_precision_becomes_a_number_of_labels(perito, case):
    wide = json.loads(perito("sample", case, *CALL, "--precision", "60%", "--dry-run", "--json").out)
    narrow = json.loads(perito("sample", case, *CALL, "--precision", "0.4", "--dry-run", "--json").out)
    assert wide["design"]["planned"] < narrow["design"]["planned"] < wide["design"]["population"]
    assert narrow["expected"]["half_width"] <= 0.4


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--budget", "300", "--precision", "10%"], "--budget"),
        ([], "--budget"),
        (["--budget", "0"], "--budget"),
        (["--budget", "3e2"], "--budget"),
        (["--precision", "ten"], "--precision"),
        (["--precision", "110%"], "--precision"),
        (["--precision", "10%", "--stratify-by", "none"], "--precision"),
        (["--budget", "300", "--class", "plantd"], "planted"),
        (["--budget", "300", "--items", "accounts"], "--items"),
        (["--budget", "300", "--lang", "xx"], "population is empty"),
        (["--budget", "300", "--kind", "vidoe"], "did you mean 'video'"),
        (["--budget", "300", "--level", "95"], "9500%"),
        (["--budget", "300", "--second-reading", "150%"], "150%"),
        (["--budget", "300", "--model", "nobody"], "--model"),
        (["--budget", "300", "--readers", "Ana López"], "--readers"),
        (["--budget", "300", "--label-book", "nowhere.toml"], "nowhere.toml"),
        (["--budget", "300", "--engine", "duckbd"], "duckdb"),
        (["--budget", "300", "--replaces", "planted-total-0", "--reason", "x"], "--replaces"),
        (["--budget", "300", "--weight", "views", "--stratify-by", "score"], "--weight"),
        (["--next-reading"], "draw a sample"),
    ],
)
def test_what_cannot_be_meant_is_refused_on_one_line(refused, case, options, named):
    before = set(files(case))
    assert named.casefold() in refused("sample", case, *CALL, *options).casefold()
    assert not (case / "samples").exists()
    assert {
        name for name in set(files(case)) - before if not name.startswith(("evidence/", "tables/"))
    } == set()


@pytest.mark.parametrize(("question", "named"), [("planted-totl", "planted-total"), ("inventory", "--class")])
def test_a_question_that_is_not_there_or_names_no_class_is_refused(refused, case, question, named):
    assert named in refused("sample", case, "--question", question, "--budget", 300)


def test_without_a_question_nothing_is_drawn(refused, case):
    assert "--question" in refused("sample", case, "--budget", 300)


def test_a_label_book_to_start_from_is_written_once(perito, refused, case):
    (case / "label-book.toml").unlink()
    assert "--new-label-book" in refused("sample", case, *CALL, "--budget", 300)
    assert perito("sample", case, "--new-label-book").code == 0
    before = files(case)
    refused("sample", case, "--new-label-book")
    assert files(case) == before


def fill(path, answer, form):
    """The task files of a sample, filled in as each tool exports them."""
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
    if form == "csv":
        filled = path.parent / "done.csv"
        with filled.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(
                {**row, "value": answer(row["item_id"]), "labelled_at": "2026-04-01T00:00:00Z"}
                for row in rows
            )
        return filled
    tasks = json.loads((path.parent / "label_studio.json").read_text("utf-8"))
    if form == "label_studio":
        for task in tasks:
            value = {"choices": [answer(task["data"]["item_id"])]}
            task["annotations"] = [
                {
                    "completed_by": 1,
                    "was_cancelled": False,
                    "lead_time": 2.0,
                    "created_at": "2026-04-01T00:00:00Z",
                    "result": [{"type": "choices", "from_name": "value", "to_name": "text", "value": value}],
                }
            ]
        filled = path.parent / "export.json"
        filled.write_text(json.dumps(tasks), "utf-8")
        return filled
    filled = path.parent / "all.jsonl"
    lines = [json.loads(line) for line in (path.parent / "doccano.jsonl").read_text("utf-8").splitlines()]
    filled.write_text(
        "".join(
            json.dumps({"id": at, **line, "label": [answer(line["item_id"])]}) + "\n"
            for at, line in enumerate(lines)
        ),
        "utf-8",
    )
    return filled


@pytest.mark.parametrize("form", ["csv", "label_studio", "doccano"])
def test_from_the_plan_to_labels_in_the_tables_in_every_form(perito, case, truth, form):
    drawn = json.loads(perito("sample", case, *CALL, "--budget", 400, "--json").out)
    design = drawn["design_id"]
    path = case / "samples" / design / "to_label.csv"
    filled = fill(path, lambda item: "yes" if truth[item] else "no", form)
    added = perito("add", case, filled, "--acquired-at", "2026-04-02", "--json")  # the format is recognised
    assert added.code == 0, added.err
    due = json.loads(perito("sample", case, *CALL[:2], "--next-reading", "--json").out)
    draws = {row["item_id"]: row for row in table(case, "draws") if row["design_id"] == design}
    labels = [row for row in table(case, "labels") if row["label_book_id"] == "book"]
    assert {row["item_id"] for row in labels} == set(draws)
    assert len(labels) == 400
    positives = {row["item_id"] for row in labels if row["value"] == "yes"}
    assert positives == {item for item in draws if truth[item]}
    rest = round(drawn["design"]["second_reading_share"] * 400)
    assert 2 * len(positives) <= due["readings"] <= 2 * len(positives) + rest
    assignments = {row["assignment_id"] for row in table(case, "assignments") if row["design_id"] == design}
    assert {row["assignment_id"] for row in labels} == assignments
    # Weighted back by the design, the sample gives the order of size of what was planted.
    estimate = sum(1 / draws[item]["inclusion_prob"] for item in positives)
    planted = sum(truth[item] for item in truth)
    assert 0.3 * planted < estimate < 3 * planted


def test_when_no_further_reading_is_due_the_reasons_that_there_can_be_are_given(perito, case):
    assert perito("sample", case, *CALL, "--budget", 300, "--quiet").code == 0
    said = perito("sample", case, *CALL, "--next-reading").text
    assert said.startswith("0 further readings are due")
    assert "perito add" in said


def test_a_label_file_with_a_column_that_means_nothing_can_be_put_right(perito, refused, case, tmp_path):
    perito("sample", case, *CALL, "--budget", 300, "--quiet")
    (tasks,) = (case / "samples").glob("*/to_label.csv")
    wrong = tmp_path / "labels.csv"
    wrong.write_text(tasks.read_text("utf-8").replace(",value,", ",valeu,", 1), "utf-8")
    assert perito("add", case, wrong, "--format", "labels_csv").code == 0
    said = refused("run", case)
    assert "did you mean 'value'?" in said.casefold()
    assert "add it again" in said
    wrong.write_bytes(tasks.read_bytes())
    assert perito("add", case, wrong).code == 0
    assert perito("run", case, "--quiet").code == 0
