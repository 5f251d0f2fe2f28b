"""X API v2: what each trap of the format becomes, that nothing is lost, and that rows fit the schema."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.clock import instant_us
from perito.errors import Malformed
from perito.evidence.locator import Locator
from perito.evidence.pointer import element, read_json
from perito.evidence.resolve import line_of
from perito.formats.base import Record, Reject, SourceItem
from perito.formats.x_api_v2 import FORMAT
from perito.schema import table
from perito.schema.arrow import arrow_schema, violations

DATA = Path(__file__).parent.parent / "data" / "x_api_v2"
EVIDENCE = "sha256:" + "0" * 64
ACQUIRED_US = instant_us("2026-02-01T00:00:00Z")
RETRIEVED_US = instant_us("2026-01-09T12:00:00Z")
METRICS = {"retweet_count": "repost", "reply_count": "reply", "like_count": "like", "quote_count": "quote"}


def read(raw: bytes, name: str = "pages.jsonl") -> list[Record | Reject]:
    item = SourceItem(EVIDENCE, name, lambda: io.BytesIO(raw), "x", ACQUIRED_US)
    return list(FORMAT.read(item))


def read_file(path: Path) -> list[Record | Reject]:
    return read(path.read_bytes(), path.name)


def page(**parts) -> bytes:
    return json.dumps(parts).encode() + b"\n"


def rows_of(pieces, name: str) -> list[dict]:
    """The rows of one table, each with its locator."""
    return [
        {**row.values, "locator": row.locator or piece.locator}
        for piece in pieces
        if isinstance(piece, Record)
        for row in piece.rows
        if row.table == name
    ]


def rejects(pieces) -> dict[str, str]:
    return {piece.locator: piece.reason for piece in pieces if isinstance(piece, Reject)}


def assert_rows_fit_the_schema(pieces) -> None:
    for name in FORMAT.tables:
        rows, spec = rows_of(pieces, name), table(name)
        assert {column for row in rows for column in row} <= set(spec.column_names)
        data = pa.Table.from_pylist(
            [{**row, "evidence_id": EVIDENCE} for row in rows], schema=arrow_schema(spec)
        )
        assert violations(spec, data) == []
        keys = [tuple({**row, "evidence_id": EVIDENCE}.get(column) for column in spec.key) for row in rows]
        assert len(set(keys)) == len(keys)


@pytest.fixture(scope="module")
def pages() -> list[Record | Reject]:
    return read_file(DATA / "pages.jsonl")


@pytest.fixture
def post(pages):
    """The first observation of a post."""
    return lambda native: next(row for row in rows_of(pages, "posts") if row["native_id"] == native)


# --- the own pages -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(DATA.glob("*.json*")), ids=lambda path: path.name)
def test_every_row_of_the_own_files_fits_the_schema(path):
    assert_rows_fit_the_schema(read_file(path))


def test_every_member_of_every_page_is_one_record_with_its_own_pointer(pages):
    members = set()
    for number, line in enumerate((DATA / "pages.jsonl").read_bytes().splitlines(), start=1):
        body = json.loads(line)
        lists = {"data": body.get("data", []), "errors": body.get("errors", [])}
        lists |= {f"includes/{name}": nodes for name, nodes in body.get("includes", {}).items()}
        members |= {f"line={number}#/{name}/{n}" for name, nodes in lists.items() for n in range(len(nodes))}
    single = {locator for locator in members if locator.startswith("line=4#/data/")}
    found = [piece.locator for piece in pages]
    assert set(found) == members - single | {"line=4#/data", "line=6"}
    assert len(set(found)) == len(found)
    assert rejects(pages) == {}


def test_a_post_in_data_and_in_includes_is_observed_twice_and_counted_once(pages):
    assert [row["locator"] for row in rows_of(pages, "posts") if row["native_id"] == "3004"] == [
        "line=1#/data/2",
        "line=1#/includes/tweets/1",
    ]
    for name in ("edges", "engagement", "links", "tags"):
        own = [
            row for row in rows_of(pages, name) if "x:3004" in (row.get("post_id"), row.get("src_post_id"))
        ]
        assert own
        assert {row["locator"] for row in own} == {"line=1#/data/2"}


def test_what_a_second_observation_on_a_page_adds_is_kept():
    first = {"id": "1", "text": "a", "public_metrics": {"like_count": 4}}
    second = {"id": "1", "text": "a", "public_metrics": {"like_count": 4, "impression_count": 9}}
    found = rows_of(read(page(data=[first], includes={"tweets": [second]})), "engagement")
    assert [(row["metric"], row["value"], row["locator"]) for row in found] == [
        ("like", 4, "line=1#/data/0"),
        ("view", 9, "line=1#/includes/tweets/0"),
    ]


def test_the_same_post_on_two_pages_is_measured_twice():
    line = page(data=[{"id": "1", "text": "a", "public_metrics": {"like_count": 4}}])
    assert [row["locator"] for row in rows_of(read(line * 2), "engagement")] == [
        "line=1#/data/0",
        "line=2#/data/0",
    ]


def test_a_cut_repost_is_completed_from_the_original_on_its_page(post):
    original, repost = post("3001"), post("3002")
    assert repost["kind"] == "repost"
    assert repost["text"] == "RT @biblio_uno: " + original["text"]
    assert repost["text_state"] == "present"


def test_a_cut_repost_without_its_original_stays_as_it_is_and_says_so(post):
    repost = post("3003")
    assert repost["text"].endswith("la pági…")
    assert repost["text_state"] == "truncated"


def test_a_repost_is_not_completed_from_a_notice_of_the_platform(post):
    assert post("5004")["text_state"] == "truncated"
    assert post("5004")["text"] == "RT @calle_tres: algo que ya no se ve…"


def test_a_cut_notice_is_not_taken_for_the_words_of_a_repost():
    withheld = {"scope": "user", "country_codes": ["IN"]}
    notice = {"id": "1", "text": "@a's account has been withheld in India.", "withheld": withheld}
    repost = {
        "id": "2",
        "text": "RT @a: @a's account…",
        "referenced_tweets": [{"type": "retweeted", "id": "1"}],
    }
    (found,) = rows_of(read(page(data=[repost], includes={"tweets": [notice]}))[:1], "posts")
    assert (found["text"], found["text_state"]) == (repost["text"], "truncated")


def test_a_repost_is_not_completed_from_words_that_it_does_not_begin():
    repost = {"id": "2", "text": "RT @a: uno do…", "referenced_tweets": [{"type": "retweeted", "id": "1"}]}
    pieces = read(page(data=[repost], includes={"tweets": [{"id": "1", "text": "tres cuatro"}]}))
    assert [row["text_state"] for row in rows_of(pieces, "posts")] == ["truncated", "present"]


def test_a_post_that_ends_in_an_ellipsis_by_its_author_is_whole():
    assert rows_of(read(page(data=[{"id": "1", "text": "y luego…"}])), "posts")[0]["text_state"] == "present"


def test_words_and_tags_of_a_long_post_come_from_its_note(pages, post):
    assert post("4003")["text"].endswith("sigue hasta el final.")
    assert [row["value"] for row in rows_of(pages, "tags") if row["post_id"] == "x:4003"] == ["Nota"]


def test_missing_words_and_empty_words_are_told_apart():
    pieces = read(page(data=[{"id": "1", "text": ""}, {"id": "2", "author_id": "3"}]))
    assert [(row["text"], row["text_state"]) for row in rows_of(pieces, "posts")] == [
        ("", "empty"),
        (None, "absent"),
    ]


def test_a_post_without_author_and_time_says_so(post):
    bare = post("4005")
    assert (bare["account_id"], bare["author_state"]) == (None, "absent")
    assert (bare["created_at_us"], bare["created_basis"]) == (None, None)


def test_edges_name_both_posts_and_both_accounts_where_the_page_knows_them(pages):
    found = {
        (row["kind"], row["src_post_id"], row["dst_post_id"], row["dst_account_id"])
        for row in rows_of(pages, "edges")
        if row["locator"].startswith("line=1#")
    }
    assert found == {
        ("repost", "x:3002", "x:3001", "x:1201"),
        ("mention", "x:3002", None, "x:1201"),
        ("repost", "x:3003", "x:3999", None),
        ("quote", "x:3004", "x:3002", "x:1202"),
        ("reply", "x:3004", "x:3005", "x:9007199254740993"),
        ("mention", "x:3004", None, "x:1202"),
        ("mention", "x:3004", None, "x:1201"),
    }


def test_a_mention_is_resolved_by_the_accounts_of_its_own_page_only():
    mention = {"id": "1", "text": "@Ana", "entities": {"mentions": [{"username": "Ana"}]}}
    ana = {"id": "7", "username": "ana", "name": "Ana"}
    same = read(page(data=[mention], includes={"users": [ana]}))
    other = read(page(data=[mention]) + page(data=[ana]))
    assert [row["dst_account_id"] for row in rows_of(same, "edges")] == ["x:7"]
    assert rows_of(other, "edges") == []


def test_an_answer_is_a_comment_and_keeps_its_thread(post):
    assert (post("3004")["kind"], post("3004")["thread_id"]) == ("comment", "x:3005")
    assert (post("3001")["kind"], post("3001")["thread_id"]) == ("post", "x:3001")


def test_each_version_of_an_edited_post_leads_to_the_first(post):
    assert (post("4002")["revision_of"], post("4001")["revision_of"]) == ("x:4001", None)


def test_ids_are_exact_text_even_where_the_source_writes_numbers(post):
    assert post("9007199254740993")["post_id"] == "x:9007199254740993"
    assert post("9007199254740993")["account_id"] == "x:1202"


def test_views_that_are_not_published_have_no_row_and_zero_likes_have_one(pages):
    by_post = {
        native: {
            row["metric"]: row["value"] for row in rows_of(pages, "engagement") if row["post_id"] == native
        }
        for native in ("x:3001", "x:3002", "x:4005")
    }
    assert by_post["x:3001"] == {"view": 1500, "like": 9, "repost": 2, "quote": 1, "reply": 1, "bookmark": 3}
    assert by_post["x:3002"] == {"like": 0, "repost": 2, "quote": 0, "reply": 0}
    assert by_post["x:4005"] == {}


def test_offsets_of_links_are_code_points_of_the_words_as_stored(pages, post):
    (link,) = [row for row in rows_of(pages, "links") if row["post_id"] == "x:3004"]
    assert post("3004")["text"][link["start_cp"] : link["end_cp"]] == link["url"] == "https://t.co/abcdefghij"
    assert link["expanded_url"] == "https://www.Example.org/largo?x=1"
    assert link["host"] == "www.example.org"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Example.org:8443/a", "example.org"),
        ("http://user:pass@example.org", "example.org"),
        ("https://[2001:DB8::1]/a", "[2001:db8::1]"),
        ("https://ñandú.example/?q=https://other.example", "ñandú.example"),
        ("https://[broken", None),
        ("not an address", None),
        ("", None),
    ],
)
def test_the_host_of_a_link_is_lower_case_or_unsaid(url, host):
    pieces = read(page(data=[{"id": "1", "text": "a", "entities": {"urls": [{"url": url}]}}]))
    assert rows_of(pieces, "links")[0]["host"] == host


def test_tags_keep_their_kind_case_and_order(pages):
    found = [row for row in rows_of(pages, "tags") if row["post_id"] == "x:3004"]
    assert [(row["kind"], row["value"], row["position"]) for row in found] == [
        ("hashtag", "Libros", 0),
        ("hashtag", "libros", 1),
        ("cashtag", "ACME", 2),
    ]


def test_media_are_placed_in_their_posts_and_videos_get_their_best_file(pages):
    picture, video, animation = rows_of(pages, "media")
    assert (picture["post_id"], picture["position"], picture["account_id"]) == ("x:3004", 0, "x:1201")
    assert (picture["kind"], picture["alt_text"], picture["width"]) == ("image", "Una estantería", 1200)
    assert (video["position"], video["kind"], video["duration_s"]) == (1, "video", 10.5)
    assert (video["url"], video["mime"]) == ("https://media.example/502-high.mp4", "video/mp4")
    assert (animation["kind"], animation["post_id"]) == ("sticker", None)


def test_a_medium_of_two_posts_has_a_row_for_each():
    posts = [{"id": n, "text": n, "attachments": {"media_keys": ["3_9"]}} for n in ("1", "2")]
    pieces = read(
        page(data=posts, includes={"media": [{"media_key": "3_9", "type": "photo"}], "tweets": posts})
    )
    assert [row["post_id"] for row in rows_of(pieces, "media")] == ["x:1", "x:2"]


def test_accounts_are_observed_with_the_mark_that_the_platform_names(pages):
    found = {row["handle"]: row for row in rows_of(pages, "accounts") if row["locator"].startswith("line=1#")}
    assert found["biblio_uno"]["verified"] == "government"
    assert found["dos_dos"]["verified"] == "verified"
    assert found["biblio_uno"]["url"] == "https://biblio.example/"
    assert (found["dos_dos"]["followers"], found["dos_dos"]["following"], found["dos_dos"]["posts"]) == (
        10,
        20,
        30,
    )


def test_a_response_for_accounts_fills_accounts(pages):
    found = [row for row in rows_of(pages, "accounts") if row["locator"].startswith("line=5#/data")]
    assert [(row["native_id"], row["protected"]) for row in found] == [("1501", True), ("1502", False)]


def test_the_observation_is_the_retrieval_or_else_the_acquisition(pages):
    times = {
        (row["locator"].partition("#")[0], row["observed_at_us"], row["observed_basis"])
        for name in ("posts", "accounts", "engagement")
        for row in rows_of(pages, name)
    }
    assert times == {
        ("line=1", RETRIEVED_US, "capture_clock"),
        ("line=2", RETRIEVED_US, "capture_clock"),
        ("line=3", RETRIEVED_US, "capture_clock"),
        ("line=4", ACQUIRED_US, "acquisition_record"),
        ("line=5", ACQUIRED_US, "acquisition_record"),
    }


def test_times_with_an_offset_become_utc(post):
    created = post("9007199254740993")
    assert created["created_at_us"] == instant_us("2026-01-08T20:00:00Z")
    assert created["created_basis"] == "server_utc"


# --- withheld, gone ------------------------------------------------------------------------------


def test_words_that_a_notice_replaced_are_withheld_and_those_merely_blocked_elsewhere_are_not(post):
    states = {
        native: (post(native)["text_state"], post(native)["author_state"])
        for native in ("5001", "5002", "5003")
    }
    assert states == {
        "5001": ("withheld", "withheld"),
        "5002": ("present", "present"),
        "5003": ("withheld", "present"),
    }


def test_a_withheld_account_has_no_words_of_its_own(pages):
    (account,) = [row for row in rows_of(pages, "accounts") if row["native_id"] == "1303"]
    assert (account["handle"], account["bio"], account["display_name"]) == ("calle_tres", None, None)


def test_what_is_withheld_is_one_action_for_each_territory(pages):
    found = [row for row in rows_of(pages, "actions") if row["kind"] == "restrict_geo"]
    assert [(row["post_id"], row["account_id"], row["territory"], row["ground"]) for row in found] == [
        ("x:5001", "x:1303", "IN", None),
        ("x:5002", None, "DE", "copyright"),
        ("x:5002", None, "FR", "copyright"),
        ("x:5003", None, "TR", None),
        (None, "x:1303", "IN", None),
    ]
    for row in found:
        assert (row["source"], row["happened_at_us"]) == ("api_state", None)
        assert (row["not_after_us"], row["happened_basis"]) == (RETRIEVED_US, "capture_clock")


def test_errors_are_actions_that_claim_no_more_than_the_platform_said(pages):
    found = [row for row in rows_of(pages, "actions") if "#/errors/" in row["locator"]]
    assert [
        (row["locator"][-1], row["kind"], row.get("post_id"), row.get("account_id")) for row in found
    ] == [
        ("0", "unavailable", "x:6001", None),
        ("1", "unavailable", "x:6002", None),
        ("2", "suspend", None, "x:@8313"),
        ("3", "unavailable", None, "x:@suspended"),
        ("4", "unavailable", None, "x:1404"),
    ]


def test_the_ground_of_an_error_does_not_repeat_who_it_is_about(pages):
    grounds = [row["ground"] for row in rows_of(pages, "actions") if "#/errors/" in row["locator"]]
    assert grounds[2] == "User has been suspended"
    assert not any("[" in ground for ground in grounds)


def test_errors_about_the_request_are_records_without_rows(pages):
    found = {piece.locator: piece.rows for piece in pages if "line=3#/errors/" in piece.locator}
    assert (found["line=3#/errors/5"], found["line=3#/errors/6"]) == ((), ())


def test_compliance_lines_are_actions_with_the_time_that_they_give():
    pieces = read_file(DATA / "tweets_compliance.jsonl")
    found = rows_of(pieces, "actions")
    assert [(row["post_id"], row["kind"], row["ground"]) for row in found] == [
        ("x:3101", "protected", "protected"),
        ("x:3102", "author_deleted", "deactivated"),
        ("x:3103", "suspend", "suspended"),
        ("x:3104", "unavailable", "deleted"),
    ]
    undated, dated = found[0], found[1]
    assert (undated["happened_at_us"], undated["not_after_us"]) == (None, ACQUIRED_US)
    assert undated["happened_basis"] == "acquisition_record"
    assert dated["happened_at_us"] == instant_us("2025-08-17T17:26:15.788Z")
    assert (dated["happened_basis"], dated["not_after_us"]) == ("server_utc", None)


def test_a_compliance_line_that_scrubs_coordinates_or_cannot_be_read_is_still_accounted_for():
    pieces = read_file(DATA / "tweets_compliance.jsonl")
    assert [piece.locator for piece in pieces] == [f"line={n}" for n in range(1, 8)]
    assert pieces[4].rows == ()
    assert list(rejects(pieces)) == ["line=6", "line=7"]


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("users_compliance.jsonl", {"account_id": "x:5"}),
        ("tweets_compliance.jsonl", {"post_id": "x:5"}),
        ("users/posts-2024.jsonl", {"post_id": "x:5"}),
    ],
)
def test_the_file_name_says_whether_compliance_ids_are_posts_or_accounts(name, columns):
    line = page(id="5", action="delete", created_at="2024-01-01T00:00:00.000Z", reason="suspended")
    (row,) = rows_of(read(line, name), "actions")
    assert {key: row[key] for key in ("post_id", "account_id") if row.get(key)} == columns


@pytest.mark.parametrize("name", ["compliance.jsonl", "tweets_of_users.jsonl"])
def test_compliance_ids_of_which_nobody_says_what_they_are_are_refused(name):
    line = page(id="5", action="delete", created_at="2024-01-01T00:00:00.000Z", reason="suspended")
    pieces = read(line + page(data=[]), name)
    assert list(rejects(pieces)) == ["line=1"]


# --- what is broken ------------------------------------------------------------------------------


def test_a_broken_member_is_one_reject_and_the_rest_of_its_page_goes_on():
    pieces = [piece for piece in read_file(DATA / "broken.jsonl") if piece.locator.startswith("line=1#")]
    mapped = [piece.locator.removeprefix("line=1#/") for piece in pieces if isinstance(piece, Record)]
    assert mapped == ["data/1", "data/9", "includes/users/0", "includes/places/0"]
    assert sorted(rejects(pieces)) == sorted(
        f"line=1#/{place}"
        for place in (
            *(f"data/{n}" for n in (0, 2, 3, 4, 5, 6, 7, 8, 10)),
            *("includes/users/1", "includes/users/2", "includes/media/0", "includes/media/1"),
            *("includes/tweets", "errors/0", "errors/1", "__twarc"),
        )
    )


def test_a_broken_member_tells_nothing_about_the_whole_ones():
    pieces = read_file(DATA / "broken.jsonl")
    (quote,) = rows_of(pieces, "edges")
    assert (quote["src_post_id"], quote["dst_post_id"], quote["dst_account_id"]) == ("x:8010", "x:8003", None)


def test_reasons_name_the_field_and_what_was_found():
    reasons = rejects(read_file(DATA / "broken.jsonl"))
    assert "'id'" in reasons["line=1#/data/0"]
    assert "author_id" in reasons["line=1#/data/2"]
    assert "1.5" in reasons["line=1#/data/2"]
    assert "like_count" in reasons["line=1#/data/3"]
    assert "created_at" in reasons["line=1#/data/4"]


def test_each_broken_line_is_one_reject_with_its_number():
    pieces = read_file(DATA / "broken.jsonl")
    lines = {locator for locator in rejects(pieces) if "#" not in locator}
    assert lines == {f"line={n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 11)}
    assert {piece.locator for piece in pieces if piece.locator.startswith("line=12")} == {"line=12#/data/0"}
    assert {locator for locator in rejects(pieces) if locator.startswith("line=13")} == {
        "line=13#/data",
        "line=13#/includes",
        "line=13#/errors",
    }


@pytest.mark.parametrize(
    "raw", [b"", b"\n\n", b"not json\n", b"[]\n", b'{"data": [{"text": "no id"}]}\n', b"\x89PNG\r\n\x1a\n"]
)
def test_an_item_of_which_nothing_can_be_read_is_an_error_that_names_it(raw):
    with pytest.raises(Malformed, match=EVIDENCE):
        read(raw)


@pytest.mark.parametrize(
    "node",
    [
        {"id": True, "text": "a"},
        {"id": "\uff11\uff12", "text": "a"},
        {"id": "12 ", "text": "a"},
        {"id": "-5", "text": "a"},
        {"id": "9" * 21, "text": "a"},
        {"id": 1e15, "text": "a"},
        {"id": "", "text": "a"},
        {"id": "1", "text": ["a"]},
        {"id": "1", "text": "a", "possibly_sensitive": "false"},
        {"id": "1", "text": "a", "created_at": "2026-13-01T00:00:00Z"},
        {"id": "1", "text": "a", "created_at": "0001-01-01T00:00:00+14:00"},
        {"id": "1", "text": "a", "created_at": 1767902400},
        {"id": "1", "text": "a", "public_metrics": {"like_count": 2**63}},
        {"id": "1", "text": "a", "public_metrics": {"like_count": True}},
        {"id": "1", "text": "a", "entities": {"urls": [{"url": "u", "start": 2**31}]}},
        {"id": "1", "text": "a", "entities": {"hashtags": [{}]}},
        {"id": "1", "text": "a", "entities": {"mentions": ["ana"]}},
        {"id": "1", "text": "a", "edit_history_tweet_ids": ["x"]},
        {"id": "1", "text": "a", "withheld": {"country_codes": "DE"}},
        {"id": "1", "text": "a", "withheld": []},
    ],
)
def test_a_field_of_the_wrong_type_rejects_its_post_alone(node):
    pieces = read(page(data=[{"id": "2", "text": "b"}, node, {"id": "3", "text": "c"}]))
    assert list(rejects(pieces)) == ["line=1#/data/1"]
    assert [row["native_id"] for row in rows_of(pieces, "posts")] == ["2", "3"]


def test_an_unknown_list_is_counted_and_its_name_escaped_in_the_pointer():
    assert [
        piece.locator
        for piece in read(page(includes={"a/b~c%": [1, "x"], "data": [{"id": "1", "text": "a"}]}))
    ] == [
        "line=1#/includes/a~1b~0c%25/0",
        "line=1#/includes/a~1b~0c%25/1",
        "line=1#/includes/data/0",
    ]


@pytest.mark.parametrize("name", ["pages.jsonl", "broken.jsonl"])
def test_every_locator_leads_back_to_the_member_that_was_read(name):
    raw = (DATA / name).read_bytes()
    for piece in read(raw):
        place = Locator.parse(piece.locator)
        assert str(place) == piece.locator
        line = line_of(io.BytesIO(raw), place.line)
        if place.pointer is None:
            assert isinstance(piece, Reject) or piece.rows == ()
            continue
        member = element(read_json(line), place.pointer)
        for row in piece.rows if isinstance(piece, Record) else ():
            assert row.values.get("native_id") in (None, member.get("id"))


@given(st.dictionaries(st.text(max_size=6), st.lists(st.none(), min_size=1, max_size=2), min_size=1))
def test_lists_of_any_name_are_counted_under_pointers_that_lead_to_them(includes):
    raw = page(includes=includes)
    if "\0" in "".join(includes):
        raw = page(includes={name.replace("\0", "nul"): members for name, members in includes.items()})
    pieces = read(raw + page(data=[]))
    members = [piece for piece in pieces if piece.locator != "line=2"]
    assert len(members) == sum(map(len, json.loads(raw)["includes"].values()))
    for piece in members:
        assert element(read_json(raw), Locator.parse(piece.locator).pointer) is None


def test_a_response_printed_over_several_lines_is_one_page():
    pieces = read_file(DATA / "single_response.json")
    assert [piece.locator for piece in pieces] == ["#/data/0", "#/includes/users/0"]
    assert rows_of(pieces, "posts")[0]["post_id"] == "x:7101"


def test_lines_of_which_the_first_is_cut_off_are_still_read_as_lines():
    pieces = read(b'{"data": [\n' + page(data=[{"id": "2", "text": "b"}]))
    assert [piece.locator for piece in pieces] == ["line=1", "line=2#/data/0"]


# --- recognition ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pages.jsonl", "single_response.json", "tweets_compliance.jsonl"])
def test_own_files_are_recognised_from_their_beginning(name):
    assert FORMAT.sniff((DATA / name).read_bytes()[:4096], name) >= 0.6


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"id,text\n1,a\n",
        b'{"nav_index": "1", "data": {"id": "1", "public_metrics": {}}}',
        b'{"data": {"videos": [{"id": 7592051234567890123, "video_description": "a"}]}}',
        b'{"id_str": "1", "full_text": "a", "public_metrics": {}}',
        b'{"id": "1", "text": "a", "created_at": "x", "author_id": "2"}',
        b'{"kind": "youtube#videoListResponse", "items": []}',
        b"\xff\xfe\x00\x00",
    ],
)
def test_other_files_are_not_taken_for_this_format(head):
    assert FORMAT.sniff(head, "tweets.jsonl") == 0


# --- purity and accounting -----------------------------------------------------------------------

_SCRIPT = """
import sys
from perito.formats.base import SourceItem
from perito.formats.x_api_v2 import FORMAT
for path in sys.argv[1:]:
    item = SourceItem("sha256:0", path, lambda: open(path, "rb"), "x", 1)
    sys.stdout.buffer.write("".join(f"{piece}\\n" for piece in FORMAT.read(item)).encode())
"""


def test_time_zone_locale_and_hash_seed_change_no_byte():
    outputs = set()
    for zone, locale, seed in (
        ("UTC", "C", "1"),
        ("Europe/Madrid", "C", "2"),
        ("UTC", "es_ES.UTF-8", "2"),
        ("Asia/Kathmandu", "es_ES.UTF-8", "1"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", _SCRIPT, *(str(DATA / name) for name in ("pages.jsonl", "broken.jsonl"))],
            env={**os.environ, "TZ": zone, "LC_ALL": locale, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        outputs.add(done.stdout)
    assert len(outputs) == 1
    assert outputs.pop().count(b"\n") > 40


def test_reading_twice_gives_the_same():
    assert read_file(DATA / "pages.jsonl") == read_file(DATA / "pages.jsonl")


def by_line(pieces) -> dict[str, list]:
    """What each line gave, its number taken out."""
    found: dict[str, list] = {}
    for piece in pieces:
        line, _, pointer = piece.locator.partition("#")
        content = piece.rows if isinstance(piece, Record) else (piece.reason, piece.excerpt)
        found.setdefault(line, []).append((type(piece), pointer, content))
    return found


@given(st.permutations(range(6)))
@settings(max_examples=20)
def test_reordering_the_lines_changes_nothing_but_locators(order):
    lines = (DATA / "pages.jsonl").read_bytes().splitlines(keepends=True)
    straight = by_line(read(b"".join(lines)))
    mixed = by_line(read(b"".join(lines[n] for n in order)))
    assert [mixed[f"line={place + 1}"] for place in range(6)] == [straight[f"line={n + 1}"] for n in order]


_DAMAGE = {
    "cut": lambda line: line[: len(line) // 2],
    "key": lambda line: b'{"meta": {}, "meta": {}, ' + line[1:],
    "nul": lambda line: line.replace(b"t0", b"\\u0000"),
}


@given(
    st.lists(st.none() | st.sampled_from(["cut", "key", "nul"]), min_size=1, max_size=30).filter(
        lambda d: None in d
    )
)
@settings(max_examples=50)
def test_rejects_equal_damaged_lines_and_every_other_count_is_exact(damages):
    made = [
        page(
            data=[{"id": f"{n}1", "text": "t0", "author_id": "7", "public_metrics": {"like_count": n}}],
            includes={"users": [{"id": "7", "username": "a"}]},
        ).strip()
        for n in range(len(damages))
    ]
    lines = [line if kind is None else _DAMAGE[kind](line) for line, kind in zip(made, damages, strict=True)]
    pieces = read(b"\n".join(lines))
    assert list(rejects(pieces)) == [f"line={n + 1}" for n, kind in enumerate(damages) if kind]
    whole = [n for n, kind in enumerate(damages) if kind is None]
    assert [row["native_id"] for row in rows_of(pieces, "posts")] == [f"{n}1" for n in whole]
    assert [row["value"] for row in rows_of(pieces, "engagement")] == whole
    assert len(rows_of(pieces, "accounts")) == len(whole)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=4), below, max_size=3),
    max_leaves=5,
)


def _paths(node, path=()):
    """Every place inside a tree of objects and lists."""
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, member in members:
        yield (*path, name)
        yield from _paths(member, (*path, name))


_LINES = [json.loads(line) for line in (DATA / "pages.jsonl").read_text("utf-8").splitlines()]
_PLACES = [(n, path) for n, body in enumerate(_LINES) for path in _paths(body)]


@given(st.lists(st.tuples(st.sampled_from(_PLACES), _JSON), min_size=1, max_size=4))
@settings(max_examples=200)
def test_whatever_stands_in_a_field_gives_rows_that_fit_the_schema_or_rejects(changes):
    bodies = json.loads(json.dumps(_LINES))
    for (number, path), value in changes:
        node = bodies[number]
        try:
            for step in path[:-1]:
                node = node[step]
            node[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    raw = b"".join(json.dumps(body).encode() + b"\n" for body in bodies)
    pieces = read(raw)
    assert_rows_fit_the_schema(pieces)
    assert len({piece.locator for piece in pieces}) == len(pieces)


# --- the shared pages ----------------------------------------------------------------------------


def count_by_kind(rows) -> Counter:
    return Counter(row["kind"] for row in rows)


SHARED = [
    "cotweet",
    "edited",
    "edited_before",
    "media_tweet",
    "quoted_edit",
    "two_tweets",
    "verified_type",
    "withheld_pages",
]


@pytest.mark.shared
@pytest.mark.parametrize("name", SHARED)
def test_real_pages_give_the_counts_of_a_plain_count(shared_data, name):
    folder = shared_data / "formats"
    expected = json.loads((folder / "expected.json").read_text())[f"x_api_v2/{name}.jsonl"]
    pieces = read_file(folder / "x_api_v2" / f"{name}.jsonl")
    posts, actions = rows_of(pieces, "posts"), rows_of(pieces, "actions")
    edges = count_by_kind(rows_of(pieces, "edges"))
    withheld = [row for row in actions if row["kind"] == "restrict_geo"]
    sums = Counter()
    for row in rows_of(pieces, "engagement"):
        sums[row["metric"]] += row["value"]
    names = {**METRICS, "impression_count": "view"}
    assert {
        "lines": len({piece.locator.partition("#")[0] for piece in pieces}),
        "bad_lines": len(rejects(pieces)),
        "posts_data": sum("#/data/" in row["locator"] for row in posts),
        "posts_included": sum("#/includes/tweets/" in row["locator"] for row in posts),
        "distinct_posts": len({row["post_id"] for row in posts}),
        "accounts": len({row["account_id"] for row in rows_of(pieces, "accounts")}),
        "reposts": edges["repost"],
        "quotes": edges["quote"],
        "replies": edges["reply"],
        "media": len(rows_of(pieces, "media")),
        "links": len(rows_of(pieces, "links")),
        "hashtags": count_by_kind(rows_of(pieces, "tags"))["hashtag"],
        "withheld_posts": len({row["post_id"] for row in withheld if row["post_id"]}),
        "withheld_accounts": len({row["account_id"] for row in withheld if not row["post_id"]}),
        "errors": sum("#/errors/" in row["locator"] for row in actions),
        "metrics": {source: sums[names[source]] for source in expected["metrics"]},
    } == expected
    assert set(sums) == {names[source] for source in expected["metrics"]}


@pytest.mark.shared
@pytest.mark.parametrize("name", [*SHARED, "tweets_compliance", "users_compliance"])
def test_real_pages_give_rows_that_fit_the_schema(shared_data, name):
    pieces = read_file(shared_data / "formats" / "x_api_v2" / f"{name}.jsonl")
    assert_rows_fit_the_schema(pieces)
    assert rejects(pieces) == {}


@pytest.mark.shared
def test_links_of_real_posts_lie_where_their_offsets_say(shared_data):
    for name in SHARED:
        pieces = read_file(shared_data / "formats" / "x_api_v2" / f"{name}.jsonl")
        words = {
            row["post_id"]: row["text"] for row in rows_of(pieces, "posts") if row["text_state"] == "present"
        }
        for link in rows_of(pieces, "links"):
            if link["post_id"] in words:
                assert words[link["post_id"]][link["start_cp"] : link["end_cp"]] == link["url"]


@pytest.mark.shared
def test_of_the_real_reposts_those_with_their_original_are_completed(shared_data):
    pieces = read_file(shared_data / "formats" / "x_api_v2" / "withheld_pages.jsonl")
    states = Counter(row["text_state"] for row in rows_of(pieces, "posts") if row["kind"] == "repost")
    # 12 reposts: 8 withheld, 1 completed from its page, 2 cut without original, 1 short enough.
    assert states == {"withheld": 8, "present": 2, "truncated": 2}


@pytest.mark.shared
def test_no_other_shared_file_is_taken_for_this_format(shared_data):
    taken = {
        path.parent.name
        for path in sorted((shared_data / "formats").glob("*/*"))
        if path.suffix != ".md" and FORMAT.sniff(path.read_bytes()[:65_536], path.name) > 0
    }
    assert taken == {"x_api_v2"}
