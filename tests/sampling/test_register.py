"""Registration: sealed before the first label; the same call changes nothing, a change says what and why."""

import hashlib
import json
from pathlib import Path

import pytest

from perito.errors import CaseError, Malformed
from perito.evidence import Store
from perito.sampling import Request, draw_sample, frame_filter, question_of, registered_designs
from perito.sampling.label_book import load_label_book
from perito.tables import open_tables
from perito.workflow import tables_of

AT = 1_772_000_000_000_000


def draw(case, *, at_us=AT, is_dry=False, **more):
    asked = {"question_id": "how-many", "classes": ("cats",), "budget": 60, **more}
    wanted = frame_filter(case, question_of(case, "how-many"), "posts")
    book = load_label_book(case.folder / "label-book.toml")
    return draw_sample(case, Request(**asked), book, wanted, is_dry=is_dry, at_us=at_us)


def files(case):
    return {
        path.relative_to(case.folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in case.folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def case(make_case, planted):
    rows = planted.posts(300)
    return make_case(posts=rows, scores=planted.scores([row["post_id"] for row in rows]))


def test_a_design_is_sealed_with_its_label_book_and_the_act_is_logged(case):
    drawn = draw(case)
    store = Store(case.evidence_folder)
    sealed = {item.path: item for item in store.current_items()}
    path = f"samples/{drawn.registered.design_id}"
    assert sealed[f"{path}/design.json"].acquisition.format == "sample_design"
    assert (
        sealed[f"{path}/label-book.toml"].evidence_id
        == load_label_book(case.folder / "label-book.toml").digest
    )
    acts = [entry for entry in store.custody.entries() if entry["act"] == "registered"]
    assert [(act["design_id"], act["question_id"]) for act in acts] == [
        (drawn.registered.design_id, "how-many")
    ]
    assert set(acts[0]["items"]) == {
        sealed[f"{path}/design.json"].evidence_id,
        sealed[f"{path}/label-book.toml"].evidence_id,
    }
    assert store.check().ok


def test_the_same_call_again_changes_no_byte(case):
    first = draw(case)
    before = files(case)
    second = draw(case, at_us=AT + 1)
    assert files(case) == before
    assert (first.is_new, second.is_new) == (True, False)
    assert second.registered.registered_at_us == AT


def test_what_readers_have_begun_is_never_overwritten_and_what_is_lost_comes_back(case):
    drawn = draw(case)
    task, tool = drawn.folder / "to_label.csv", drawn.folder / "doccano.jsonl"
    task.write_text("begun", "utf-8")
    lost = tool.read_bytes()
    tool.unlink()
    draw(case)
    assert task.read_text("utf-8") == "begun"
    assert tool.read_bytes() == lost


def test_a_look_at_the_plan_registers_nothing(case):
    drawn = draw(case, is_dry=True)
    assert drawn.registered is None
    assert not (case.folder / "samples").exists()
    assert registered_designs(Store(case.evidence_folder)) == ()


def test_what_was_registered_becomes_rows_that_agree_with_the_plan(case):
    drawn = draw(case)
    tables_of(case)
    tables = open_tables(case.tables_folder)
    (design,) = tables.read("designs").to_pylist()
    strata = tables.read("strata").to_pylist()
    draws = tables.read("draws").to_pylist()
    assert design["design_id"] == drawn.registered.design_id
    assert (design["population"], design["planned"], design["registered_at_us"]) == (300, 60, AT)
    assert sum(row["population"] for row in strata) == 300
    assert sum(row["sample"] for row in strata) == len(draws) == 60
    assert sorted(row["position"] for row in strata) == list(range(1, len(strata) + 1))
    sizes = {row["stratum"]: (row["sample"], row["population"]) for row in strata}
    for row in draws:
        sample, population = sizes[row["stratum"]]
        assert (row["stratum_sample"], row["stratum_population"]) == (sample, population)
        assert row["inclusion_prob"] == sample / population
    classes = {(row["class"], row["language"]) for row in tables.read("label_classes").to_pylist()}
    assert classes == {("cats", "en"), ("cats", "es"), ("dogs", "en"), ("dogs", "es")}
    assert "rejects" not in tables.inputs or tables.inputs["rejects"][1] == 0


@pytest.mark.parametrize(
    "change", [{"budget": 61}, {"seed": "other"}, {"second_reading": 0.5}, {"stratify_by": "none"}]
)
def test_another_design_is_never_registered_silently(case, change):
    first = draw(case)
    with pytest.raises(CaseError) as caught:
        draw(case, **change)
    assert first.registered.design_id in caught.value.found
    assert "--replaces" in caught.value.remedy
    assert len(registered_designs(Store(case.evidence_folder))) == 1


def test_a_change_names_what_it_replaces_and_why(case):
    first = draw(case).registered.design_id
    change = {"budget": 80, "replaces": first, "reason": "the pilot was too small"}
    second = draw(case, at_us=AT + 1, **change)
    assert second.is_new
    assert draw(case, **change).is_new is False
    ((_, one), (_, other)) = [
        (found.design_id, found.design) for found in registered_designs(Store(case.evidence_folder))
    ]
    assert "replaces" not in one.facts
    assert (other.facts["replaces"], other.facts["reason"]) == (first, "the pilot was too small")
    assert any("was replaced by" in note for note in draw(case).notes)


@pytest.mark.parametrize("named", ["how-many-000000000000", "nothing"])
def test_a_design_that_does_not_stand_cannot_be_replaced(case, named):
    draw(case)
    with pytest.raises(CaseError) as caught:
        draw(case, budget=80, replaces=named, reason="a typing error")
    assert caught.value.where == "--replaces"


def test_a_design_is_replaced_once(case):
    first = draw(case).registered.design_id
    draw(case, budget=80, replaces=first, reason="more")
    with pytest.raises(CaseError):
        draw(case, budget=90, replaces=first, reason="still more")


def test_a_design_of_two_classes_cannot_replace_one_of_two_designs(case):
    first = draw(case).registered.design_id
    second = draw(case, classes=("dogs",)).registered.design_id
    with pytest.raises(CaseError) as caught:
        draw(case, classes=("cats", "dogs"), replaces=first, reason="both at once")
    assert caught.value.found == second


def test_a_first_design_replaces_nothing(case):
    with pytest.raises(CaseError):
        draw(case, replaces="how-many-0", reason="none")


def test_another_wording_of_the_label_book_needs_another_version(case):
    first = draw(case).registered.design_id
    path = case.folder / "label-book.toml"
    path.write_text(path.read_text("utf-8").replace("about a cat", "about a tomcat"), "utf-8")
    change = {"replaces": first, "reason": "the definition was too wide"}
    with pytest.raises(CaseError) as caught:
        draw(case, **change)
    assert "new version" in caught.value.remedy
    path.write_text(path.read_text("utf-8").replace('version = "1"', 'version = "2"'), "utf-8")
    with pytest.raises(CaseError):
        draw(case)
    assert draw(case, **change).is_new


def test_another_class_of_the_same_question_has_a_design_of_its_own(case):
    draw(case)
    assert draw(case, classes=("dogs",)).is_new
    assert len(registered_designs(Store(case.evidence_folder))) == 2


def test_a_crash_between_writing_and_sealing_leaves_no_design_behind(case, monkeypatch):
    seal = Store.add_many

    def full(self, sources):
        sources = list(sources)
        if any("design.json" in str(path) for path, _ in sources):
            raise OSError("no space left")
        return seal(self, sources)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "add_many", full)
        with pytest.raises(OSError, match="no space left"):
            draw(case)
    assert registered_designs(Store(case.evidence_folder)) == ()
    assert draw(case, at_us=AT + 1).registered.registered_at_us == AT + 1


def test_a_task_file_whose_writing_was_interrupted_comes_whole_the_next_time(case, monkeypatch):
    write = Path.write_bytes

    def cut(self, content):
        write(self, content[:10])
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(
            Path,
            "write_bytes",
            lambda self, content: (cut if "to_label" in self.name else write)(self, content),
        )
        with pytest.raises(OSError, match="no space left"):
            draw(case)
    drawn = draw(case)
    assert (drawn.folder / "to_label.csv").read_text("utf-8").count("\n") == 61


def test_labels_that_were_there_before_are_said(make_case, planted):
    label = {
        "item_id": "x:1000",
        "item_kind": "post",
        "label_book_id": "book",
        "label_book_version": "1",
        "class": "cats",
        "annotator_id": "a",
        "round": "1",
        "role": "sample",
        "value": "yes",
        "skipped": "false",
        "view_mode": "text_only",
    }
    case = make_case(posts=planted.posts(100), labels=[label])
    drawn = draw(case)
    assert any("1 labels of the class 'cats' were in the case before" in note for note in drawn.notes)


def test_the_design_is_the_same_whatever_the_order_of_the_rows(make_case, planted):
    rows = planted.posts(200)
    scores = planted.scores([row["post_id"] for row in rows])
    one = draw(make_case("one", posts=rows, scores=scores))
    other = draw(make_case("other", posts=rows[::-1], scores=scores[::-1]))
    assert one.plan.design.to_json(AT) == other.plan.design.to_json(AT)


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("draws", None, None),
        ("draws", None, [{"item_id": 3, "platform": "x"}]),
        ("draws", None, ["x:1"]),
        ("classes", None, [1]),
        ("readings", "readers", []),
        ("readings", "second", "all"),
        ("label_book", "values", None),
        ("design", "design_id", "../../elsewhere"),
        ("design", "registered_at_us", "today"),
        ("design", "question_id", None),
        ("design", "item_kind", "account"),
    ],
)
def test_a_sealed_design_that_is_none_is_named(case, part, key, value):
    drawn = draw(case)
    document = json.loads((drawn.folder / "design.json").read_bytes())
    inner = document if key is None else document[part]
    inner[key or part] = value
    forged = case.folder / "forged.json"
    forged.write_text(json.dumps(document), "utf-8")
    Store(case.evidence_folder).add(forged, format="sample_design")
    with pytest.raises(Malformed, match=key or part):
        registered_designs(Store(case.evidence_folder))


def test_a_design_whose_draw_was_changed_afterwards_is_found_out(case):
    drawn = draw(case)
    document = json.loads((drawn.folder / "design.json").read_bytes())
    document["draws"][0], document["draws"][1] = document["draws"][1], document["draws"][0]
    forged = case.folder / "forged.json"
    forged.write_text(json.dumps(document), "utf-8")
    Store(case.evidence_folder).add(forged, format="sample_design")
    with pytest.raises(Malformed, match="id of the design"):
        registered_designs(Store(case.evidence_folder))
