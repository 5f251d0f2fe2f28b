"""From the sample to the number: three people read blind, and the finding on their export is estimated."""

import json
import shutil

import pyarrow.parquet as pq
import pytest

from perito.cli import main
from perito.evidence import Store
from perito.simulate import Plan, simulate
from perito.web.conflicts import next_dispute, record_decision, record_look
from perito.web.events import Submission
from perito.web.export import seal_labels
from perito.web.labels import record_label
from perito.web.preparing import prepare
from perito.web.queue import next_turn
from perito.web.review import open_review
from perito.web.settings import Settings

BOOK = """
id = "book"
version = "1"
minimum_alpha = 0.5

[[class]]
id = "planted"
title = { en = "Planted", es = "Puesta" }
definition = { en = "The simulation planted it.", es = "La simulación la puso." }
"""
QUESTION = """
[[question]]
id = "planted-read"
measure = "prevalence"
[question.parameters]
ask = "total"
basis = "labels"
class = "planted"
unit = "posts"
label_error = "second-readings"
"""
READERS = ("ana", "ben", "cora")


def perito(*arguments):
    assert main([str(argument) for argument in arguments]) == 0, arguments


@pytest.fixture(scope="module")
def registered(tmp_path_factory):
    """A case with a registered sample of 300 posts."""
    folder = tmp_path_factory.mktemp("estimate") / "case"
    simulate(folder, 1500, 7, Plan())
    (folder / "label-book.toml").write_text(BOOK, "utf-8")
    with (folder / "case.toml").open("a", encoding="utf-8") as file:
        file.write(QUESTION)
    perito(
        "sample", folder, "--question", "planted-read", "--kind", "post", "--budget", 300, "--validation", 150
    )
    return folder


@pytest.fixture(scope="module")
def reviewed(registered, kit, tmp_path_factory):
    """The case after a round of three readers, each with one false alarm, and one who decides."""
    folder = shutil.copytree(registered, tmp_path_factory.mktemp("reviewed") / "case")
    items = pq.read_table(folder / "truth" / "items.parquet").to_pylist()
    truth = {row["post_id"]: "yes" if row["is_planted"] else "no" for row in items}
    (design,) = (path.name for path in (folder / "samples").iterdir())
    document = json.loads((folder / "samples" / design / "design.json").read_bytes())
    hands = kit.Hands(document["design"]["registered_at_us"])
    settings = Settings(golden_every=0, repeat_every=9, items_a_day=10_000, work_minutes=10_000)
    review = open_review(folder, settings, hands.clock())
    prepare(review, design)
    people = {name: kit.add_person(review, name, "reviewer", kit.PASSWORD).id for name in READERS}
    dora = kit.add_person(review, "dora", "adjudicator", kit.PASSWORD).id
    is_busy = True
    while is_busy:
        is_busy = False
        for person in people.values():
            hands.pass_time(20)
            slot = next_turn(review, person).slot
            if slot is None:
                continue
            is_busy = True
            item = kit.query(review, "SELECT item_id FROM items WHERE item_no = ?", slot["item_no"])[0][0]
            number = kit.query(review, "SELECT labels FROM people WHERE person_id = ?", person)[0][0]
            value = "yes" if number == 40 else truth[item]
            given = Submission(f"{person}-{number:05}", "1", {"planted": value}, "", "t")
            record_label(review, person, slot["slot_no"], given)
    while (dispute := next_dispute(review, dora).row) is not None:
        item = kit.query(review, "SELECT item_id FROM items WHERE item_no = ?", dispute["item_no"])[0][0]
        for name, record in (("look", record_look), ("decide", record_decision)):
            given = Submission(f"{name}-{dispute['conflict_no']:05}", "1", {"planted": truth[item]})
            record(review, dora, dispute["conflict_no"], given)
    yield folder, review, truth
    review.close()


def finding_of(folder):
    findings = json.loads((folder / "dossier" / "findings.json").read_text("utf-8"))
    every = findings["findings"] if isinstance(findings, dict) else findings
    return next(one for one in every if one["id"] == "planted-read")


def test_the_items_read_twice_are_those_that_the_registered_design_chose(reviewed, kit):
    folder, review, _ = reviewed
    (path,) = (folder / "samples").glob("*/design.json")
    chosen = set(json.loads(path.read_bytes())["readings"]["second"])
    doubled = {item for (item,) in kit.query(review, "SELECT item_id FROM items WHERE is_doubled")}
    assert doubled == chosen != set()


def test_an_estimate_is_computed_from_the_export_and_again_from_the_export_alone(
    reviewed, registered, tmp_path
):
    folder, review, truth = reviewed
    store = Store(folder / "evidence")
    sealed = {one.path: one.evidence_id for one in seal_labels(review, store, None)}
    perito("run", folder, "--quiet")
    found = finding_of(folder)
    assert found["status"] == "estimated", found.get("reason")
    headline = found["values"][0]
    total = sum(value == "yes" for value in truth.values())
    assert headline["interval"]["low"] <= total <= headline["interval"]["high"]

    again = shutil.copytree(registered, tmp_path / "again")
    for name in ("labels", "assignments"):
        file = tmp_path / f"{name}.ndjson"
        with store.get(sealed[f"review/{name}.ndjson"]) as stream:
            file.write_bytes(stream.read())
        perito("add", again, file, "--format", f"table:{name}", "--acquired-at", "2026-09-30")
    perito("run", again, "--quiet")
    other = finding_of(again)
    for part in ("status", "values", "counts", "series"):
        assert other[part] == found[part], part
