"""The frame: who is in the population, counted exactly, on every engine and in every order of the rows."""

import random

import pytest

from perito.clock import Period
from perito.engine.portable import check_portable
from perito.errors import CaseError
from perito.sampling import FrameFilter, frame_of, further, scores, scoring, session
from perito.sampling import frame as frame_module
from perito.sampling.frame import digest_of_items, texts_of
from perito.sampling.session import open_case_tables

JANUARY = Period.of("2026-01-01", "2026-02-01")


def observed(at, **facts):
    return {"observed_at_us": f"2026-02-{at:02}T00:00:00Z", **facts}


def frame(case, *, views=False, **wanted):
    with open_case_tables(case) as tables:
        return frame_of(
            tables, FrameFilter(**{"items": "posts", "period": JANUARY, **wanted}), with_views=views
        )


def test_every_post_in_scope_is_counted_once_however_often_it_was_observed(make_case, planted):
    rows = planted.posts(5)
    case = make_case(posts=[*rows, {**rows[0], **observed(20)}, {**rows[1], **observed(5)}])
    found = frame(case)
    assert found.population == 5
    assert found.items == tuple(sorted(row["post_id"] for row in rows))
    assert (found.platform, found.item_kind) == ("x", "post")


def test_the_latest_observation_says_what_a_post_is(make_case, planted):
    (row,) = planted.posts(1)
    later = {**row, **observed(20), "lang": "en", "text": "late"}
    case = make_case(posts=[later, row, *planted.posts(3)[1:]])
    assert frame(case, languages=("en",)).items == (row["post_id"],)
    with open_case_tables(case) as tables:
        assert texts_of(tables, "posts", {row["post_id"]}) == {row["post_id"]: "late"}


def test_the_window_includes_its_start_and_not_its_end(make_case, planted):
    times = [
        "2025-12-31T23:59:59.999999Z",
        "2026-01-01T00:00:00Z",
        "2026-01-31T23:59:59.999999Z",
        "2026-02-01T00:00:00Z",
    ]
    rows = [{**row, "created_at_us": at} for row, at in zip(planted.posts(4), times, strict=True)]
    assert frame(make_case(posts=rows)).items == ("x:1001", "x:1002")


def test_platform_language_and_kind_limit_the_population(make_case, planted):
    rows = planted.posts(6)
    rows[1] |= {"platform": "tiktok"}
    rows[2] |= {"lang": "en"}
    rows[3] |= {"kind": "repost"}
    case = make_case(posts=rows)
    assert frame(case, platform="tiktok").items == ("x:1001",)
    assert frame(case, languages=("en",)).items == ("x:1002",)
    assert frame(case, kinds=("repost",)).items == ("x:1003",)
    assert frame(case, platform="x", languages=("es",), kinds=("post",)).items == (
        "x:1000",
        "x:1004",
        "x:1005",
    )
    assert frame(case).platform is None


def test_items_that_cannot_be_judged_are_left_out_and_counted(make_case, planted):
    rows = planted.posts(6)
    rows[0] |= {"created_at_us": "", "created_basis": ""}
    rows[1] |= {"lang": ""}
    rows[2] |= {"lang": "", "created_at_us": "2026-03-01T00:00:00Z"}
    found = frame(make_case(posts=rows), languages=("es",))
    assert found.population == 3
    assert found.left_out == {"without a language": 1, "without a time of publication": 1}


def test_a_picture_is_in_if_one_of_its_posts_is(make_case, planted):
    rows = planted.posts(3)
    rows[1] |= {"created_at_us": "2026-05-01T00:00:00Z"}
    shared = {
        "platform": "x",
        "kind": "image",
        "observed_at_us": rows[0]["observed_at_us"],
        "observed_basis": "server_utc",
    }
    media = [
        {**shared, "media_id": "m:1", "post_id": "x:1000", "alt_text": "a cat"},
        {**shared, "media_id": "m:1", "post_id": "x:1001", "alt_text": ""},
        {**shared, "media_id": "m:2", "post_id": "x:1001", "alt_text": ""},
        {**shared, "media_id": "m:3", "post_id": "", "alt_text": ""},
    ]
    case = make_case(
        posts=rows,
        media=[
            {k: v for k, v in one.items() if k not in {"observed_at_us", "observed_basis"}} for one in media
        ],
    )
    found = frame(case, items="media")
    assert found.items == ("m:1",)
    assert found.item_kind == "media"
    assert found.left_out == {"without a time of publication": 1}
    with open_case_tables(case) as tables:
        assert texts_of(tables, "media", {"m:1", "m:2"}) == {"m:1": "a cat"}


def test_views_are_those_observed_last_and_unknown_is_not_zero(make_case, planted):
    counter = {"platform": "x", "metric": "view", "value_kind": "exact", "observed_basis": "server_utc"}
    engagement = [
        {**counter, **observed(1), "post_id": "x:1000", "value": 5},
        {**counter, **observed(9), "post_id": "x:1000", "value": 8},
        {**counter, **observed(1), "post_id": "x:1001", "value": 0},
        {**counter, **observed(1), "post_id": "x:1002", "value": 3, "metric": "like"},
    ]
    found = frame(make_case(posts=planted.posts(3), engagement=engagement), views=True)
    assert found.sizes == {"x:1000": 8, "x:1001": 0, "x:1002": None}


def test_the_digest_is_that_of_the_ids_in_order(make_case, planted):
    rows = planted.posts(40)
    one = frame(make_case("one", posts=rows))
    random.Random(1).shuffle(rows)
    other = frame(make_case("other", posts=rows))
    assert one.digest == other.digest == digest_of_items([row["post_id"] for row in rows])
    assert one.digest != frame(make_case("third", posts=rows[1:])).digest


def test_an_empty_population_is_refused_with_what_was_left_out(make_case, planted):
    case = make_case(posts=planted.posts(3, created_at_us="", created_basis=""))
    with pytest.raises(CaseError) as caught:
        frame(case)
    assert "3 without a time of publication" in caught.value.found


def test_what_is_no_population_is_named(make_case, planted):
    with pytest.raises(CaseError) as caught:
        FrameFilter("post", JANUARY)
    assert "'posts'" in caught.value.remedy
    with pytest.raises(CaseError):
        frame(make_case(posts=planted.posts(1)), items="media", views=True)


def test_every_query_is_portable():
    modules = (frame_module, further, scores, scoring, session)
    queries = [
        value
        for module in modules
        for name, value in vars(module).items()
        if name.startswith("_") and isinstance(value, str) and value.lstrip().startswith("SELECT")
    ]
    assert len(queries) >= 12
    for query in queries:
        check_portable(query)
