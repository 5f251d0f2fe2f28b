"""`sample_design`: a registered design as rows; probabilities exact; damage costs one record."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import Malformed
from perito.formats import Reject, SourceItem, find, recognise
from perito.formats.sample_design import design_id_of
from perito.tables.collect import read_item

STRATA = [
    {
        "stratum": "score-1",
        "position": 1,
        "platform": "x",
        "population": 90,
        "sample": 3,
        "score_low": 0.1,
        "score_high": 0.2,
    },
    {"stratum": "unscored", "position": 2, "population": 10, "sample": 1},
]
DESIGN = {
    "design_id": "q-1",
    "question_id": "q",
    "item_kind": "post",
    "frame": "posts",
    "frame_digest": "sha256:0",
    "population": 100,
    "label_book_id": "b",
    "label_book_version": "1",
    "method": "stratified",
    "planned": 4,
    "level": 0.95,
    "stopping": "fixed",
    "minimum_alpha": 0.667,
    "second_reading_share": 0.1,
    "seed": "7",
    "registered_at_us": 5,
    "registered_basis": "capture_clock",
}
CLASSES = [
    {
        "label_book_id": "b",
        "label_book_version": "1",
        "class": "c",
        "language": "es",
        "title": "C",
        "definition": "D",
    }
]
DRAWS = [{"item_id": f"x:{at}", "platform": "x", "stratum": "score-1"} for at in range(3)]
DRAWS.append({"item_id": "x:9", "platform": "x", "stratum": "unscored"})


def document(**parts):
    whole = {
        "$perito_sample_design": 1,
        "design": DESIGN,
        "strata": STRATA,
        "label_book": {"digest": "sha256:1", "classes": CLASSES, "values": ["yes", "no", "cannot_tell"]},
        "classes": ["c"],
        "draws": DRAWS,
        "readings": {"readers": ["a"], "second": []},
    }
    made = {name: value for name, value in {**whole, **parts}.items() if value is not None}
    if isinstance(made.get("design"), dict) and made["design"].get("design_id") == "q-1":
        made["design"] = {**made["design"], "design_id": design_id_of(made)}
    return made


def item(content):
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return SourceItem("sha256:" + "0" * 64, "design.json", lambda: io.BytesIO(raw), None, 0)


def read(content):
    found = read_item(item(content), find("sample_design"))
    return {
        name: [row for part in parts for row in part.to_pylist()] for name, parts in found.tables.items()
    }, found


def test_every_part_becomes_its_rows():
    rows, found = read(document())
    assert found.rejects == []
    assert {name: len(of) for name, of in rows.items()} == {
        "designs": 1,
        "strata": 2,
        "label_classes": 1,
        "draws": 4,
    }
    assert rows["designs"][0]["locator"] == "#/design"
    assert [row["locator"] for row in rows["draws"]] == [f"#/draws/{at}" for at in range(4)]
    assert [row["draw"] for row in rows["draws"]] == [1, 2, 3, 4]
    assert {row["design_id"] for row in rows["strata"]} == {design_id_of(document())}


def test_probabilities_and_sizes_follow_from_the_strata():
    rows, _ = read(document())
    assert [row["inclusion_prob"] for row in rows["draws"]] == [3 / 90] * 3 + [1 / 10]
    assert {(row["stratum_sample"], row["stratum_population"]) for row in rows["draws"]} == {(3, 90), (1, 10)}
    assert {(row["seed"], row["drawn_at_us"], row["method"]) for row in rows["draws"]} == {
        ("7", 5, "stratified")
    }


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.integers(1, 50))
def test_a_draw_by_size_has_the_probability_of_being_drawn_at_all(one, other, draws):
    size, total = min(one, other), max(one, other)
    pps = document(
        design={**DESIGN, "method": "pps", "weight": "views", "size_total": total},
        strata=[{"stratum": "all", "position": 1, "population": 5, "sample": draws}],
        draws=[{"item_id": "x:1", "platform": "x", "stratum": "all", "size": size}],
    )
    rows, found = read(pps)
    assert found.rejects == []
    assert rows["draws"][0]["size_measure"] == size
    assert rows["draws"][0]["inclusion_prob"] == pytest.approx(1 - (1 - size / total) ** draws, abs=1e-12)
    assert rows["designs"][0]["weight"] == "views"


@pytest.mark.parametrize(
    ("draw", "reason"),
    [
        ({"item_id": "x:1", "platform": "x", "stratum": "score-9"}, "score-9"),
        ({"item_id": "x:1", "platform": "x"}, "stratum"),
        ({"item_id": "x:1", "platform": "x", "stratum": "score-1", "label": "yes"}, "label"),
        ({"platform": "x", "stratum": "score-1"}, "item_id"),
        ({"item_id": "x:1", "platform": "nowhere", "stratum": "score-1"}, "nowhere"),
        ("x:1", "object"),
        ({"item_id": 7, "platform": "x", "stratum": "score-1"}, ""),
    ],
)
def test_a_damaged_draw_costs_that_draw(draw, reason):
    rows, found = read(document(draws=[*DRAWS, draw]))
    assert len(rows["draws"]) == 4
    (reject,) = found.rejects
    assert reject.locator == "#/draws/4"
    assert reason in reject.reason


@pytest.mark.parametrize("sample", [91, 0, -1, True, "3", None, 2.5])
def test_draws_from_an_impossible_stratum_are_rejected(sample):
    strata = [{**STRATA[0], "sample": sample}, STRATA[1]]
    pieces = list(find("sample_design").read(item(document(strata=strata))))
    assert sum(isinstance(piece, Reject) and "/draws/" in piece.locator for piece in pieces) == 3


@pytest.mark.parametrize(("size", "total"), [(5, 4), (0, 4), (None, 4), (1, None), (1.5, 4)])
def test_a_size_beyond_the_total_is_rejected(size, total):
    pps = document(
        design={**DESIGN, "method": "pps", "size_total": total},
        draws=[{"item_id": "x:1", "platform": "x", "stratum": "score-1", "size": size}],
    )
    assert [reject.locator for reject in read(pps)[1].rejects] == ["#/draws/0"]


def test_an_unknown_key_of_the_design_is_a_reject_and_not_dropped():
    rows, found = read(document(design={**DESIGN, "note": "x"}))
    assert "designs" not in rows
    assert "note" in found.rejects[0].reason


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"$perito_sample_design": 2}',
        b"[" * 2000,
        json.dumps(document(draws=None)).encode(),
        json.dumps(document(strata={})).encode(),
        b'{"$perito_sample_design": 1, "design": {}, "design": {}}',
    ],
)
def test_what_is_no_design_is_refused(content):
    with pytest.raises(Malformed):
        read(content)


def test_a_design_is_recognised():
    assert recognise(json.dumps(document()).encode(), "design.json") == "sample_design"


@pytest.mark.parametrize(
    "change",
    [
        {"draws": DRAWS[:3]},
        {"strata": [{**STRATA[0], "population": 91}, STRATA[1]]},
        {"readings": {"readers": ["a"], "second": ["x:0"]}},
        {"label_book": {"digest": "sha256:1", "classes": [{**CLASSES[0], "definition": "E"}]}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_design_that_was_changed_after_it_was_made_is_no_registered_design(change):
    rows, found = read({**document(), **change})
    assert not rows.get("designs")
    assert [reject.locator for reject in found.rejects] == ["#/design"]


def test_the_time_of_registration_is_no_part_of_what_the_id_fixes():
    made = document()
    made["design"] = {**made["design"], "registered_at_us": 6}
    assert read(made)[1].rejects == []
