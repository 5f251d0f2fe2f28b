"""The canonical digest: what the rows are, in whatever order, file and engine they come."""

import hashlib
import json
import random
from decimal import Decimal
from itertools import pairwise

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from perito.schema import table
from perito.schema.arrow import arrow_schema
from perito.tables.digest import canonical_digest, canonical_lines, canonical_order, digest_of_lines

LARGEST = 2**53
TEXTS = st.text(st.characters(codec="utf-8"), max_size=6)
WHOLE = st.integers(-(2**63), 2**63 - 1) | st.sampled_from(
    [0, 1, LARGEST - 1, LARGEST, LARGEST + 1, -LARGEST, -LARGEST - 1]
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(
    [-0.0, 5e-324, 1e21, 1e-7, 0.1, 1e20]
)
DECIMALS = st.decimals(-(10**11), 10**11, places=6, allow_nan=False)
VALUES = {
    "text": (pa.string(), TEXTS),
    "bigint": (pa.int64(), WHOLE),
    "integer": (pa.int32(), st.integers(-(2**31), 2**31 - 1)),
    "double": (pa.float64(), FLOATS),
    "boolean": (pa.bool_(), st.booleans()),
    "decimal": (pa.decimal128(18, 6), DECIMALS),
}
SCHEMA = pa.schema([(name, kind) for name, (kind, _) in VALUES.items()])
ROWS = st.lists(
    st.fixed_dictionaries({name: st.none() | values for name, (_, values) in VALUES.items()}), max_size=6
)


def as_rfc8785(value):
    """One value as the contract words it."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST:
        return str(value)
    # The library takes no integer of 2^53 itself; as a number it is written the same.
    return float(value) if isinstance(value, int) and abs(value) == LARGEST else value


@given(ROWS)
def test_a_line_is_the_rfc_8785_json_array_of_its_row(rows):
    lines = canonical_lines(pa.Table.from_pylist(rows, schema=SCHEMA))
    stored = pa.Table.from_pylist(rows, schema=SCHEMA).to_pylist()
    assert lines == [rfc8785.dumps([as_rfc8785(value) for value in row.values()]) for row in stored]


@given(ROWS)
def test_a_line_is_json_from_which_the_row_comes_back(rows):
    data = pa.Table.from_pylist(rows, schema=SCHEMA)
    for line, row in zip(canonical_lines(data), data.to_pylist(), strict=True):
        text, bigint, integer, double, boolean, decimal = json.loads(line)
        assert (text, integer, boolean) == (row["text"], row["integer"], row["boolean"])
        assert (None if bigint is None else int(bigint)) == row["bigint"]
        assert isinstance(bigint, str) is (row["bigint"] is not None and abs(row["bigint"]) > LARGEST)
        assert (None if double is None else float(double)) == row["double"]
        assert (None if decimal is None else Decimal(decimal)) == row["decimal"]


# Written out by hand from the definition.
@pytest.mark.parametrize(
    ("value", "kind", "line"),
    [
        (2**53, pa.int64(), b"[9007199254740992]"),
        (2**53 + 1, pa.int64(), b'["9007199254740993"]'),
        (-(2**53) - 1, pa.int64(), b'["-9007199254740993"]'),
        (-(2**63), pa.int64(), b'["-9223372036854775808"]'),
        (Decimal("0.000001"), pa.decimal128(18, 6), b'["0.000001"]'),
        (Decimal("0E-8"), pa.decimal128(18, 8), b'["0.00000000"]'),
        (-0.0, pa.float64(), b"[0]"),
        (1e21, pa.float64(), b"[1e+21]"),
        (1.0, pa.float64(), b"[1]"),
        ('\u20ac$\u000f\nA\'B"\\"/', pa.string(), '["\u20ac$\\u000f\\nA\'B\\"\\\\\\"/"]'.encode()),
        ("\x7f\u2028", pa.string(), '["\x7f\u2028"]'.encode()),
        (None, pa.string(), b"[null]"),
        (True, pa.bool_(), b"[true]"),
    ],
)
def test_each_kind_of_value_is_written_as_defined(value, kind, line):
    assert canonical_lines(pa.table({"a": pa.array([value], kind)})) == [line]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_json_does_not_have_is_refused(value):
    with pytest.raises(rfc8785.FloatDomainError):
        canonical_lines(pa.table({"a": [value]}))


@pytest.mark.parametrize("array", [pa.array([b"\xff"]), pa.array([0], pa.timestamp("us")), pa.array([[1]])])
def test_a_kind_that_no_canonical_table_has_is_refused(array):
    with pytest.raises(TypeError):
        canonical_lines(pa.table({"a": array}))


TAGS = table("tags")
TAG_ROWS = st.lists(
    st.fixed_dictionaries({
        "post_id": st.sampled_from(["x:1", "x:2", "x:10", "é", "\U0001f600", "\uffff"]),
        "kind": st.just("hashtag"),
        "position": st.none() | st.integers(0, 3),
        "value": st.sampled_from(["a", "b"]),
        "evidence_id": st.just("sha256:00"),
        "locator": st.sampled_from(["line=1", "line=2"]),
    }),
    max_size=8,
)  # fmt: skip


def tags(rows):
    return pa.Table.from_pylist(rows, schema=arrow_schema(TAGS))


@given(TAG_ROWS, st.randoms(use_true_random=False))
def test_the_order_in_which_rows_come_changes_nothing(rows, chance):
    shuffled = rows[:]
    chance.shuffle(shuffled)
    assert canonical_digest(TAGS, tags(rows)) == canonical_digest(TAGS, tags(shuffled))


@given(TAG_ROWS)
def test_rows_are_sorted_by_key_with_null_first_and_by_their_line_where_keys_tie(rows):
    data = tags(rows)
    order, lines = canonical_order(TAGS, data)
    assert sorted(order) == list(range(data.num_rows))
    assert lines == [canonical_lines(data)[at] for at in order]
    stored = data.to_pylist()

    def rank(at):
        key = [stored[at][name] for name in TAGS.key]
        # By code point, as UTF-8 bytes sort too.
        return [
            (value is not None, value.encode() if isinstance(value, str) else value or 0) for value in key
        ]

    assert all(
        (rank(one), canonical_lines(data)[one]) <= (rank(other), canonical_lines(data)[other])
        for one, other in pairwise(order)
    )


def test_zero_and_false_in_a_key_are_values_and_not_missing():
    # A position of zero once met others as an empty text.
    rows = [{"post_id": "x:1", "kind": "hashtag", "position": at, "value": "a"} for at in (2, 0, None, 1)]
    order, _ = canonical_order(TAGS, tags(rows))
    assert [rows[at]["position"] for at in order] == [None, 0, 1, 2]


@given(TAG_ROWS, TAG_ROWS)
def test_other_rows_have_another_digest(one, other):
    def as_lines(rows):
        return sorted(canonical_lines(tags(rows)))

    same_rows = as_lines(one) == as_lines(other)
    assert (canonical_digest(TAGS, tags(one)) == canonical_digest(TAGS, tags(other))) is same_rows


def test_the_digest_is_that_of_the_lines_each_ended_by_a_line_feed():
    assert digest_of_lines([b"[1]", b"[2]"]) == "sha256:" + hashlib.sha256(b"[1]\n[2]\n").hexdigest()
    assert digest_of_lines([]) == "sha256:" + hashlib.sha256(b"").hexdigest()


def sample(rows=300):
    chance = random.Random(7)
    return tags(
        [
            {
                "post_id": f"x:{chance.randrange(50)}",
                "platform": "x",
                "kind": "hashtag",
                "position": chance.choice([None, 0, 1, 2]),
                "value": chance.choice(["ñ", "日本", "a\nb", ""]),
                "evidence_id": "sha256:00",
                "locator": f"line={at}",
            }
            for at in range(rows)
        ]
    )


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "none", "use_dictionary": False},
        {"compression": "snappy", "row_group_size": 7},
        {"compression": "zstd", "data_page_version": "2.0", "version": "1.0"},
        {"write_statistics": False, "store_schema": True, "use_byte_stream_split": False},
    ],
    ids=str,
)
def test_how_the_parquet_file_is_written_changes_nothing(tmp_path, options):
    data = sample()
    pq.write_table(data, tmp_path / "t.parquet", **options)
    assert canonical_digest(TAGS, pq.read_table(tmp_path / "t.parquet")) == canonical_digest(TAGS, data)


def test_another_engine_that_wrote_the_file_changes_nothing(tmp_path):
    data = sample()
    with duckdb.connect() as connection:
        connection.register("tags", data)
        connection.execute(
            f"COPY (SELECT * FROM tags ORDER BY value, locator) TO '{tmp_path}/t.parquet' (FORMAT parquet)"
        )
        answered = connection.execute(f"SELECT * FROM read_parquet('{tmp_path}/t.parquet')").to_arrow_table()
    assert canonical_digest(TAGS, pq.read_table(tmp_path / "t.parquet")) == canonical_digest(TAGS, data)
    assert canonical_digest(TAGS, answered) == canonical_digest(TAGS, data)


def test_how_the_rows_lie_in_memory_changes_nothing():
    data = sample()
    chunked = pa.concat_tables([data.slice(0, 1), data.slice(1, 0), data.slice(1)])
    assert canonical_digest(TAGS, chunked) == canonical_digest(TAGS, data)
