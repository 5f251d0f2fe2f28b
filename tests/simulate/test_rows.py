"""The rows: valid under the schema, with keys of their own, and leading to rows that exist."""

import hashlib
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from perito.clock import MICROSECONDS_PER_SECOND
from perito.ids import snowflake_us
from perito.schema import table
from perito.schema.arrow import cast_columns, violations

TABLES = (
    "accounts", "actions", "age_trials", "arms", "assignments", "draws", "edges", "engagement",
    "generator_trials", "impressions", "labels", "media", "notices", "posts", "scores",
)  # fmt: skip
KEYS = {  # what tells rows apart within one file: the key without the place
    name: [column for column in table(name).key if column not in {"evidence_id", "locator"}]
    for name in TABLES
}
KEYS["labels"] = ["item_id", "annotator_id", "round", "role"]  # a post may be read again later
POSTS_OF = {
    "edges": ["src_post_id", "dst_post_id"],
    "engagement": ["post_id"],
    "impressions": ["post_id"],
    "media": ["post_id"],
    "notices": ["post_id"],
    "actions": ["post_id"],
    "draws": ["item_id"],
    "truth/items": ["post_id"],
    "truth/cascades": ["post_id", "root_id", "parent_id"],
}
ACCOUNTS_OF = {
    "posts": ["account_id"],
    "edges": ["src_account_id", "dst_account_id"],
    "impressions": ["account_id"],
    "actions": ["account_id"],
    "media": ["account_id"],
    "truth/groups": ["account_id"],
}
OTHERS = [
    ("actions", "notice_id", "notices", "notice_id"),
    ("labels", "assignment_id", "assignments", "assignment_id"),
    ("impressions", "subject_id", "arms", "subject_id"),
    ("truth/notices", "notice_id", "notices", "notice_id"),
    ("truth/media", "media_id", "media", "media_id"),
    ("truth/trials", "trial_id", "generator_trials", "trial_id"),
    ("truth/testers", "tester_id", "age_trials", "tester_id"),
    ("truth/subjects", "subject_id", "arms", "subject_id"),
]


def as_evidence(name: str, rows: pa.Table) -> pa.Table:
    places = pa.array([f"row={at}" for at in range(1, rows.num_rows + 1)], pa.string())
    rows = rows.append_column("locator", places)
    rows = rows.append_column("evidence_id", pa.repeat("sha256:" + "0" * 64, rows.num_rows))
    return cast_columns(table(name), rows)


def stray(rows: pa.Table, column: str, known: pa.ChunkedArray) -> list:
    values = rows.column(column).drop_null()
    return values.filter(pc.invert(pc.is_in(values, value_set=known.combine_chunks()))).to_pylist()


def test_every_table_that_is_planned_is_there(small):
    assert small.tables == sorted(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_every_row_is_allowed_by_the_schema(small, name):
    assert violations(table(name), as_evidence(name, small[name])) == []


@pytest.mark.parametrize("name", TABLES)
def test_no_two_rows_have_the_same_key(small, name):
    keys = small[name].select([column for column in KEYS[name] if column in small[name].column_names])
    assert keys.group_by(keys.column_names).aggregate([]).num_rows == keys.num_rows


@pytest.mark.parametrize(("name", "column"), [(n, c) for n, columns in POSTS_OF.items() for c in columns])
def test_every_post_that_is_named_exists(small, name, column):
    assert stray(small[name], column, small["posts"].column("post_id")) == []


@pytest.mark.parametrize(("name", "column"), [(n, c) for n, columns in ACCOUNTS_OF.items() for c in columns])
def test_every_account_that_is_named_exists(small, name, column):
    assert stray(small[name], column, small["accounts"].column("account_id")) == []


@pytest.mark.parametrize(("name", "column", "other", "key"), OTHERS)
def test_every_other_row_that_is_named_exists(small, name, column, other, key):
    assert stray(small[name], column, small[other].column(key)) == []


def test_every_item_that_is_labelled_or_scored_is_a_post_or_a_trial(small):
    known = {"post": small["posts"].column("post_id"), "trial": small["generator_trials"].column("trial_id")}
    for name in ("labels", "scores"):
        assert set(small[name].column("item_kind").to_pylist()) == set(known)
        for kind, keys in known.items():
            rows = small[name].filter(pc.equal(small[name].column("item_kind"), kind))
            assert stray(rows, "item_id", keys) == []


def test_rows_of_a_post_name_the_platform_of_its_key(small):
    for name, columns in POSTS_OF.items():
        rows = small[name]
        if "platform" in rows.column_names:
            for column in columns:
                prefix = pc.list_element(pc.split_pattern(rows.column(column), ":"), 0)
                assert pc.all(pc.equal(prefix, rows.column("platform"))).as_py()


@pytest.mark.parametrize("platform", ["x", "tiktok"])
def test_ids_carry_the_time_at_which_a_post_was_made(small, platform):
    posts = small["posts"].filter(pc.equal(small["posts"].column("platform"), platform))
    for native, created_us in zip(
        *(posts.column(c).to_pylist() for c in ("native_id", "created_at_us")), strict=True
    ):
        assert 0 <= snowflake_us(platform, native) - created_us < MICROSECONDS_PER_SECOND


def test_nothing_happens_before_what_it_follows(small):
    made = dict(small.rows("posts", "post_id", "created_at_us"))
    for name, post, at in (
        ("edges", "dst_post_id", "happened_at_us"),
        ("impressions", "post_id", "shown_at_us"),
        ("notices", "post_id", "submitted_at_us"),
        ("engagement", "post_id", "observed_at_us"),
    ):
        for key, at_us in small.rows(name, post, at):
            assert at_us > made[key], (name, key)


def test_accounts_are_older_than_the_posts_and_everything_was_seen_by_the_capture(small):
    created, first = (small[name].column("created_at_us") for name in ("accounts", "posts"))
    assert pc.max(created).as_py() < pc.min(first).as_py()
    last = pc.max(small["accounts"].column("observed_at_us")).as_py()
    for name, column in (
        ("posts", "created_at_us"),
        ("edges", "happened_at_us"),
        ("actions", "happened_at_us"),
        ("engagement", "observed_at_us"),
        ("notices", "receipt_at_us"),
    ):
        assert pc.max(small[name].column(column)).as_py() <= last


def test_posts_fill_the_period_and_numbers_rise_with_time(small):
    posts = small["posts"].filter(pc.not_equal(small["posts"].column("kind"), "repost"))
    created = posts.column("created_at_us").to_numpy()
    assert np.all(np.diff(created) >= 0)
    days = np.bincount((created - created[0]) // (86_400 * MICROSECONDS_PER_SECOND))
    assert len(days) == 60
    assert days.min() > 100


def test_counters_are_hidden_exactly_where_they_have_no_value(small):
    counters = small["engagement"]
    is_hidden = pc.equal(counters.column("value_kind"), "hidden")
    assert pc.all(pc.equal(pc.is_null(counters.column("value")), is_hidden)).as_py()
    assert 0 < counters.column("value").null_count < counters.num_rows / 10


def test_pictures_are_in_the_archive_under_the_evidence_id_that_media_names(small):
    named = small["media"].column("content_id").drop_null().to_pylist()
    with zipfile.ZipFile(small.folder / "sources" / "pictures.zip") as archive:
        there = [f"sha256:{hashlib.sha256(archive.read(name)).hexdigest()}" for name in archive.namelist()]
    assert len(there) == 12
    assert named == there


def test_receipts_name_the_document_in_the_case(small):
    digest = hashlib.sha256((small.folder / "sources" / "receipts.txt").read_bytes()).hexdigest()
    assert set(small["notices"].column("receipt_evidence_id").drop_null().to_pylist()) == {f"sha256:{digest}"}
