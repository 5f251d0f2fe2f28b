"""From the tables of a case to a review: which items, what is shown of them, and what is refused."""

import json

import pytest

from perito.errors import CaseError, Missing, SchemaError
from perito.evidence import Store
from perito.tables import build_tables
from perito.web.preparing import prepare
from perito.web.review import book_in_force, open_review
from perito.web.settings import Settings, load_settings, read_settings

BOOK = """
id = "book"
version = "3"
languages = ["en", "es"]
[[class]]
id = "advert"
title.en = "Advert"
title.es = "Anuncio"
definition.en = "Paid for."
definition.es = "Pagado."
clauses = [ { en = "a) Praise is none.", es = "a) Elogiar no." } ]
"""


def draw(number, design="d1", stratum="all", **more):
    return {
        "design_id": design,
        "item_id": f"x:{number}",
        "item_kind": "post",
        "platform": "x",
        "method": "simple",
        "phase": 1,
        "draw": number,
        "stratum": stratum,
        "stratum_population": 500,
        **more,
    }


def post(number, text, observed=1):
    return {
        "post_id": f"x:{number}",
        "platform": "x",
        "native_id": str(number),
        "kind": "post",
        "text": text,
        "text_state": "present",
        "lang": "en",
        "observed_at_us": observed,
        "observed_basis": "capture_clock",
    }


@pytest.fixture
def case(tmp_path, kit):
    """Writes the tables of a case from rows, with a label book beside them."""

    def write(book=BOOK, **tables):
        store = Store(tmp_path / "evidence")
        for name, rows in tables.items():
            path = tmp_path / f"{name}.ndjson"
            path.write_bytes(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
            store.add(path, format=f"table:{name}")
        build_tables(store, tmp_path / "tables")
        if book:
            (tmp_path / "label-book.toml").write_text(book, "utf-8")
        return tmp_path

    return write


@pytest.fixture
def reviewed():
    opened = []

    def start(folder, design=None, settings=None):
        review = open_review(folder, settings or Settings())
        opened.append(review)
        return review, prepare(review, design)

    yield start
    for review in opened:
        review.close()


def items(kit, review):
    rows = kit.query(review, "SELECT item_id, queue, draw, content FROM items ORDER BY item_no")
    return [(item_id, queue, drawn, json.loads(content)) for item_id, queue, drawn, content in rows]


def test_items_come_with_the_words_last_seen_and_the_media_in_their_order(case, reviewed, kit, tmp_path):
    source = tmp_path / "picture.png"
    source.write_bytes(kit.picture())
    content_id = Store(tmp_path / "evidence").add(source).evidence_id
    media = [
        {
            "media_id": f"x:m{place}",
            "platform": "x",
            "post_id": "x:2",
            "position": place,
            "kind": "image",
            "content_id": held,
        }
        for place, held in ((1, None), (0, content_id), (2, "sha256:" + "7" * 64))
    ]
    folder = case(
        draws=[draw(2), draw(1)],
        media=media,
        posts=[post(1, "old"), post(1, "new", 5), post(2, "two"), post(3, "not drawn")],
    )
    review, design = reviewed(folder)
    found = items(kit, review)
    assert [(item_id, drawn, content["text"]) for item_id, _, drawn, content in found] == [
        ("x:1", 1, "new"),
        ("x:2", 2, "two"),
    ]
    shown = [(one["media_id"], one["content_id"], one.get("digest")) for one in found[1][3]["media"]]
    assert shown == [("x:m0", content_id, None), ("x:m1", None, None), ("x:m2", None, "sha256:" + "7" * 64)]
    assert found[0][3]["locator"] == "line=2"
    assert dict(design.population) == {"all": 500}
    with review.base.reading() as connection:
        book = book_in_force(connection)
    assert (book.version, book.classes[0].definition["es"]) == ("3", "Pagado.\na) Elogiar no.")


def test_an_item_drawn_twice_is_read_once(case, reviewed, kit):
    folder = case(draws=[draw(1), draw(1, draw=7), draw(2)], posts=[post(1, "a"), post(2, "b")])
    review, _ = reviewed(folder)
    assert [item_id for item_id, *_ in items(kit, review)] == ["x:1", "x:2"]


def test_a_registered_design_brings_its_book_shares_and_order_of_strata(case, reviewed, kit):
    design = {
        "design_id": "d1",
        "question_id": "q",
        "item_kind": "post",
        "frame": "posts",
        "frame_digest": "0",
        "population": 1000,
        "label_book_id": "b",
        "label_book_version": "9",
        "method": "stratified",
        "planned": 2,
        "level": 0.9,
        "precision": 0.3,
        "stopping": "fixed",
        "minimum_alpha": 0.7,
        "second_reading_share": 0.0,
        "seed": "1",
    }
    strata = [
        {"design_id": "d1", "stratum": name, "position": place, "population": 500, "sample": 1}
        for name, place in (("zero", 1), ("about", 2))
    ]
    classes = [
        {
            "label_book_id": "b",
            "label_book_version": "9",
            "class": "advert",
            "language": language,
            "title": "T " + language,
            "definition": "D",
        }
        for language in ("en", "es")
    ]
    folder = case(
        book=None,
        designs=[design],
        strata=strata,
        label_classes=classes,
        draws=[draw(1, stratum="zero"), draw(2, stratum="about")],
        posts=[post(1, "a")],
    )
    review, found = reviewed(folder)
    assert (found.second_share, found.flagged_readings, found.level, found.precision) == (0.0, 3, 0.9, 0.3)
    assert list(found.population) == ["zero", "about"]
    assert kit.query(review, "SELECT DISTINCT round FROM slots") == [(1,)]
    with review.base.reading() as connection:
        book = book_in_force(connection)
    assert (book.version, book.minimum_alpha, book.classes[0].title["es"]) == ("9", 0.7, "T es")


def test_a_review_goes_on_with_the_design_it_was_started_with(case, reviewed):
    folder = case(draws=[draw(1), draw(2, design="d2")], posts=[post(1, "a")])
    with pytest.raises(CaseError, match="several designs"):
        reviewed(folder)
    reviewed(folder, "d1")
    assert reviewed(folder)[1].id == "d1"
    with pytest.raises(CaseError, match="'d1' is under review"):
        reviewed(folder, "d2")


def test_a_design_that_there_is_not_is_refused_with_the_nearest(case, reviewed):
    with pytest.raises(CaseError, match="Did you mean 'd1'"):
        reviewed(case(draws=[draw(1)], posts=[post(1, "a")]), "d11")


def test_a_case_without_sample_tables_or_label_book_is_refused(case, reviewed, tmp_path):
    with pytest.raises((Missing, SchemaError)):
        reviewed(tmp_path)
    with pytest.raises(Missing, match="no sample was drawn"):
        reviewed(case(posts=[post(1, "a")]))
    with pytest.raises(CaseError, match="label book"):
        reviewed(
            case(book=None, draws=[draw(1)], posts=[post(1, "a")])
            if not (tmp_path / "label-book.toml").unlink()
            else tmp_path
        )


def test_known_answers_are_items_of_the_case_outside_the_sample(case, reviewed, kit):
    folder = case(draws=[draw(1)], posts=[post(1, "a"), post(5, "known")])
    known = {"x:5": {"advert": "yes"}}
    review, _ = reviewed(folder, settings=Settings(golden=known))
    assert [(item_id, queue) for item_id, queue, *_ in items(kit, review)] == [
        ("x:1", "sample"),
        ("x:5", "golden"),
    ]
    assert kit.query(review, "SELECT count(*) FROM slots") == [(2,)]


@pytest.mark.parametrize(
    "known",
    [{"x:1": {"advert": "yes"}}, {"x:9": {"advert": "yes"}}, {"x:5": {"advert": "perhaps"}}, {"x:5": {}}],
)
def test_a_known_answer_that_cannot_be_used_is_refused_and_nothing_is_put_up(case, reviewed, kit, known):
    folder = case(draws=[draw(1)], posts=[post(1, "a"), post(5, "known")])
    with pytest.raises(CaseError, match="known answer"):
        reviewed(folder, settings=Settings(golden=known))
    review = open_review(folder, Settings())
    assert kit.query(review, "SELECT count(*) FROM items") == [(0,)]
    review.close()


# --- settings -------------------------------------------------------------------------------------------


def test_settings_are_read_from_the_case_or_are_the_defaults(tmp_path):
    assert load_settings(tmp_path) == Settings()
    (tmp_path / "review.toml").write_text(
        'items_a_day = 40\n[[golden]]\nitem = "x:5"\nanswer = { advert = "no" }\n', "utf-8"
    )
    found = load_settings(tmp_path)
    assert (found.items_a_day, found.golden) == (40, {"x:5": {"advert": "no"}})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("items_a_dy = 4", "items_a_day"),
        ("items_a_day = 0", "1 to 1,000,000"),
        ("items_a_day = true", "whole"),
        ("items_a_day = 'x'", "whole"),
        ("[[golden]]\nitem = 3", "text"),
        ("=", "TOML"),
        ("golden = 1", "array"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(text, said):
    with pytest.raises(CaseError, match=said):
        read_settings(text.encode())


def test_a_damaged_review_and_one_of_another_version_are_refused(tmp_path):
    folder = tmp_path / "review"
    folder.mkdir()
    (folder / "review.sqlite").write_bytes(b"no database at all, certainly not" * 100)
    with pytest.raises(CaseError, match="damaged"):
        open_review(tmp_path, Settings())
    import sqlite3

    (folder / "review.sqlite").unlink()
    with sqlite3.connect(folder / "review.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(CaseError, match="another version"):
        open_review(tmp_path, Settings())
