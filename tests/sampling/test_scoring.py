"""`perito score` as a library: sealed scores with a card, the same again, good for strata."""

import pytest

from perito.errors import CaseError
from perito.evidence import Store
from perito.sampling import Request, draw_sample, frame_filter, question_of
from perito.sampling.label_book import load_label_book
from perito.sampling.scoring import score_case
from perito.tables import open_tables

AT = 1_772_000_000_000_000


def labels(planted, items, **more):
    return [
        {
            "item_id": item,
            "item_kind": "post",
            "label_book_id": "book",
            "label_book_version": "1",
            "class": "cats",
            "annotator_id": "a",
            "round": "1",
            "role": "sample",
            "value": "yes" if planted.is_cat(item) else "no",
            "skipped": "false",
            "view_mode": "text_only",
            **more,
        }
        for item in items
    ]


@pytest.fixture
def case(make_case, planted):
    rows = planted.posts(900)
    rows[5]["text"] = rows[6]["text"] = ""
    return make_case(posts=rows, labels=labels(planted, [row["post_id"] for row in rows[:300]]))


def score(case, **more):
    wanted = frame_filter(case, question_of(case, "how-many"), "posts")
    book = load_label_book(case.folder / "label-book.toml")
    return score_case(case, wanted, book, more.pop("class_name", "cats"), at_us=AT, **more)


def test_scores_are_sealed_as_evidence_with_a_card(case):
    scored = score(case)
    card = scored.card
    sealed = {item.path: item.acquisition.format for item in Store(case.evidence_folder).current_items()}
    stem = f"scores/perito-text-{card['model_version']}"
    assert (sealed[f"{stem}.csv"], sealed[f"{stem}.json"]) == ("table:scores", "document")
    rows = open_tables(case.tables_folder).read("scores").to_pylist()
    assert len(rows) == 898
    assert card["without_words"] == 2
    assert {(row["model_id"], row["model_version"], row["class"]) for row in rows} == {
        ("perito-text", card["model_version"], "cats")
    }
    assert card["auc"]["low"] <= card["auc"]["value"] <= card["auc"]["high"]
    assert card["positives"] + card["negatives"] == 298


def test_the_same_labels_give_the_same_scores_and_change_nothing(case):
    first = score(case)
    before = {path: path.read_bytes() for path in case.folder.rglob("*") if path.is_file()}
    second = score(case)
    assert (first.is_new, second.is_new) == (True, False)
    assert {path: path.read_bytes() for path in case.folder.rglob("*") if path.is_file()} == before


def test_another_seed_is_another_version(case):
    assert score(case).card["model_version"] != score(case, seed="2").card["model_version"]


def test_the_scores_shape_the_next_sample(case):
    version = score(case).card["model_version"]
    wanted = frame_filter(case, question_of(case, "how-many"), "posts")
    book = load_label_book(case.folder / "label-book.toml")
    drawn = draw_sample(case, Request("how-many", ("cats",), budget=200), book, wanted, is_dry=True)
    assert drawn.plan.design.facts["method"] == "stratified"
    assert drawn.plan.design.facts["model_version"] == version
    assert drawn.plan.strata[-1].name == "unscored"


def test_readers_who_differ_are_settled_by_adjudication_or_left_out(make_case, planted):
    rows = planted.posts(400)
    items = [row["post_id"] for row in rows]
    first = labels(planted, items[:300])
    against = [
        {**row, "annotator_id": "b", "round": "2", "value": "yes" if row["value"] == "no" else "no"}
        for row in first[:10]
    ]
    settled = [{**row, "annotator_id": "c", "round": "adjudication"} for row in first[:4]]
    case = make_case(posts=rows, labels=[*first, *against, *settled])
    card = score(case).card
    assert card["undecided"] == 6
    assert card["positives"] + card["negatives"] == 294


def test_labels_of_another_version_or_class_train_nothing(make_case, planted):
    rows = planted.posts(300)
    items = [row["post_id"] for row in rows]
    for more in ({"label_book_version": "2"}, {"class": "dogs"}, {"value": "cannot_tell"}):
        case = make_case("-".join(more), posts=rows, labels=labels(planted, items, **more))
        with pytest.raises(CaseError) as caught:
            score(case)
        assert caught.value.found == "0"


@pytest.mark.parametrize("more", [{"class_name": "cat"}, {"folds": 1}, {"folds": 21}])
def test_what_cannot_be_asked_is_refused(case, more):
    with pytest.raises(CaseError):
        score(case, **more)
