"""Arrow: casts that lose nothing, and checks that name row, column and reason."""

import math
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.errors import SchemaError
from perito.schema import arrow_schema, cast_columns, parse_table, table, tables, violations

ITEM = "sha256:" + "0" * 64
SMALL = parse_table(
    """
    name = "small"
    kind = "evidence"
    key = ["name"]
    extends = "row"
    title = { en = "Small", es = "Pequeña" }
    about = { en = "One row.", es = "Una fila." }
    [[column]]
    name = "name"
    type = "text"
    required = true
    about = { en = "a", es = "b" }
    [[column]]
    name = "whole"
    type = "bigint"
    about = { en = "a", es = "b" }
    [[column]]
    name = "short"
    type = "integer"
    about = { en = "a", es = "b" }
    [[column]]
    name = "part"
    type = "double"
    min = 0
    max = 1
    about = { en = "a", es = "b" }
    [[column]]
    name = "is_open"
    type = "boolean"
    about = { en = "a", es = "b" }
    [[column]]
    name = "amount"
    type = "decimal(18,6)"
    min = 0
    about = { en = "a", es = "b" }
    """,
    "small.toml",
)


def small(**columns: pa.Array) -> pa.Table:
    rows = len(next(iter(columns.values())))
    filled = {
        "name": pa.array(["n"] * rows),
        "evidence_id": pa.array([ITEM] * rows),
        "locator": pa.array(["row=1"] * rows),
    }
    return cast_columns(SMALL, pa.table({**filled, **columns}))


def engagement(**changed: object) -> pa.Table:
    row = {
        "post_id": "x:1",
        "platform": "x",
        "metric": "view",
        "value": 7,
        "value_kind": "exact",
        "observed_at_us": 0,
        "observed_basis": "server_utc",
        "evidence_id": ITEM,
        "locator": "line=1",
    }
    of = table("engagement")
    return pa.Table.from_pylist([{**row, **changed}], schema=arrow_schema(of))


@pytest.mark.parametrize("name", list(tables()))
def test_a_schema_has_the_columns_types_and_nullability_of_its_table_and_no_metadata(name: str) -> None:
    of, found = table(name), arrow_schema(table(name))
    assert tuple(found.names) == of.column_names
    assert [not field.nullable for field in found] == [c.required for c in of.columns]
    assert found.metadata is None
    assert all(field.metadata is None for field in found)
    assert all(field.type == pa.int64() for field in found if field.name.endswith("_us"))


@pytest.mark.parametrize("name", list(tables()))
def test_an_empty_canonical_table_has_no_violations(name: str) -> None:
    assert violations(table(name), arrow_schema(table(name)).empty_table()) == []


def test_missing_columns_become_null_and_order_is_canonical() -> None:
    given_columns = pa.table({"locator": ["row=1"], "reason": ["unreadable"], "evidence_id": [ITEM]})
    found = cast_columns(table("rejects"), given_columns)
    assert found.column_names == list(table("rejects").column_names)
    assert found.to_pylist() == [
        {"platform": None, "reason": "unreadable", "excerpt": None, "evidence_id": ITEM, "locator": "row=1"}
    ]


def test_a_missing_required_column_is_refused() -> None:
    with pytest.raises(SchemaError, match="'reason'"):
        cast_columns(table("rejects"), pa.table({"evidence_id": [ITEM], "locator": ["row=1"]}))


def test_an_unknown_column_is_refused_with_the_nearest() -> None:
    with pytest.raises(SchemaError, match="'excerpt'"):
        cast_columns(table("rejects"), pa.table({"exerpt": ["a"]}))


def test_a_column_given_twice_is_refused() -> None:
    doubled = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["reason", "reason"])
    with pytest.raises(SchemaError, match="twice"):
        cast_columns(table("rejects"), doubled)


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        ("name", pa.array(["a"], pa.large_string()), "a"),
        ("name", pa.array(["a"], pa.string_view()), "a"),
        ("name", pa.array(["a"]).dictionary_encode(), "a"),
        ("whole", pa.array([3], pa.int8()), 3),
        ("whole", pa.array([3], pa.uint64()), 3),
        ("whole", pa.array([Decimal(2**63 - 1)], pa.decimal128(38, 0)), 2**63 - 1),
        ("whole", pa.nulls(1), None),
        ("short", pa.array([-(2**31)], pa.int64()), -(2**31)),
        ("part", pa.array([1], pa.int64()), 1.0),
        ("part", pa.array([0.5], pa.float32()), 0.5),
        ("is_open", pa.array([True]), True),
        ("amount", pa.array([Decimal("0.100000")], pa.decimal128(30, 6)), Decimal("0.100000")),
    ],
)
def test_casts_without_loss_are_made(column: str, values: pa.Array, expected: object) -> None:
    found = small(**{column: values})
    assert found.schema == arrow_schema(SMALL)
    assert found.column(column).to_pylist() == [expected]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("name", pa.array([1], pa.int64())),
        ("name", pa.array([1.0])),
        ("name", pa.array([b"a"])),
        ("whole", pa.array([1.0])),
        ("whole", pa.array(["1"])),
        ("whole", pa.array([0], pa.timestamp("ms"))),
        ("whole", pa.array([True])),
        ("whole", pa.array([2**63], pa.uint64())),
        ("whole", pa.array([Decimal("1.5")], pa.decimal128(5, 1))),
        ("whole", pa.array([Decimal(2**63)], pa.decimal128(38, 0))),
        ("short", pa.array([2**31], pa.int64())),
        ("part", pa.array([2**53 + 1], pa.int64())),
        ("is_open", pa.array([1], pa.int8())),
        ("amount", pa.array([0.1])),
        ("amount", pa.array([Decimal("0.0000001")], pa.decimal128(18, 7))),
        ("amount", pa.array([5], pa.int64())),
        ("amount", pa.array([Decimal(10**13)], pa.decimal128(38, 0))),
    ],
)
def test_casts_that_could_lose_something_are_refused_by_name(column: str, values: pa.Array) -> None:
    with pytest.raises(SchemaError, match=f"'{column}'"):
        small(**{column: values})


@settings(deadline=None, derandomize=True)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=20))
def test_whole_numbers_survive_a_round_trip_digit_by_digit(numbers: list[int]) -> None:
    as_decimal = pa.array([Decimal(n) for n in numbers], pa.decimal128(38, 0))
    assert small(whole=as_decimal).column("whole").to_pylist() == numbers


@settings(deadline=None, derandomize=True)
@given(st.lists(st.none() | st.text(max_size=10), min_size=1, max_size=10))
def test_texts_survive_a_round_trip_through_a_dictionary(texts: list[str | None]) -> None:
    given_rows = pa.table(
        {
            "excerpt": pa.array(texts, pa.string()).dictionary_encode(),
            "reason": ["r"] * len(texts),
            "evidence_id": [ITEM] * len(texts),
            "locator": ["row=1"] * len(texts),
        }
    )
    assert cast_columns(table("rejects"), given_rows).column("excerpt").to_pylist() == texts


def test_casting_twice_changes_nothing() -> None:
    once = small(whole=pa.array([1, None]))
    assert cast_columns(SMALL, once).equals(once)


def test_a_row_within_the_rules_has_no_violations() -> None:
    assert violations(table("engagement"), engagement()) == []


@pytest.mark.parametrize(
    ("changed", "column"),
    [
        ({"post_id": None}, "post_id"),
        ({"platform": "myspace"}, "platform"),
        ({"platform": "X"}, "platform"),
        ({"metric": "reaction:"}, "metric"),
        ({"metric": "likes"}, "metric"),
        ({"observed_basis": "server"}, "observed_basis"),
        ({"observed_at_us": 2**62}, "observed_at_us"),
        ({"observed_at_us": -(2**62)}, "observed_at_us"),
        ({"value": None}, "value"),
        ({"value_kind": "hidden"}, "value"),
    ],
)
def test_one_wrong_value_is_one_violation_in_its_column(changed: dict[str, object], column: str) -> None:
    (found,) = violations(table("engagement"), engagement(**changed))
    assert (found.row, found.column) == (0, column)


@pytest.mark.parametrize(
    "changed", [{"metric": "reaction:love"}, {"value": None, "value_kind": "hidden"}, {"value": -3}]
)
def test_open_metrics_hidden_and_negative_values_are_allowed(changed: dict[str, object]) -> None:
    assert violations(table("engagement"), engagement(**changed)) == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.001, 1.001])
def test_a_number_that_is_not_finite_or_out_of_bounds_is_a_violation(value: float) -> None:
    found = violations(SMALL, small(part=pa.array([value])))
    assert {v.column for v in found} == {"part"}


def test_bounds_hold_for_decimals_too() -> None:
    found = violations(
        SMALL, small(amount=pa.array([Decimal("-0.000001"), Decimal(0)], pa.decimal128(18, 6)))
    )
    assert [(v.row, v.column) for v in found] == [(0, "amount")]


def test_a_column_that_is_null_by_rule_must_have_a_value_when_the_rule_cannot_be_read() -> None:
    ruled = parse_table(
        """
        name = "ruled"
        kind = "derived"
        key = ["value"]
        title = { en = "Ruled", es = "Reglada" }
        about = { en = "One row.", es = "Una fila." }
        [[column]]
        name = "value"
        type = "bigint"
        null_if = { column = "is_hidden", equals = true }
        about = { en = "a", es = "b" }
        [[column]]
        name = "is_hidden"
        type = "boolean"
        about = { en = "a", es = "b" }
        """,
        "ruled.toml",
    )
    rows = [(None, None), (1, None), (None, True), (1, True), (None, False), (1, False)]
    data = pa.table({"value": [v for v, _ in rows], "is_hidden": [h for _, h in rows]})
    found = violations(ruled, cast_columns(ruled, data))
    assert [(v.row, v.column) for v in found] == [(0, "value"), (3, "value"), (4, "value")]


def test_a_time_without_a_basis_is_a_violation_of_the_basis() -> None:
    row = {
        "study": "s",
        "kind": "count",
        "class": "c",
        "evidence_id": ITEM,
        "locator": "row=1",
        "window_start_us": 0,
    }
    data = pa.Table.from_pylist([row], schema=arrow_schema(table("counts")))
    (found,) = violations(table("counts"), data)
    assert found.column == "window_basis"


def test_a_relation_without_two_ends_is_a_violation() -> None:
    row = {
        "kind": "repost",
        "platform": "x",
        "src_post_id": "x:1",
        "inferred": False,
        "evidence_id": ITEM,
        "locator": "l",
    }
    data = pa.Table.from_pylist([row], schema=arrow_schema(table("edges")))
    (found,) = violations(table("edges"), data)
    assert found.column == "dst_post_id"
    assert "dst_account_id" in found.reason


def test_violations_come_by_row_and_then_by_column_however_the_table_is_cut() -> None:
    rows = [
        {"platform": "nowhere", "reason": None, "evidence_id": ITEM, "locator": None},
        {"platform": "x", "reason": "r", "evidence_id": ITEM, "locator": "l"},
        {"platform": None, "reason": None, "evidence_id": None, "locator": "l"},
    ]
    whole = pa.Table.from_pylist(rows, schema=arrow_schema(table("rejects")))
    in_pieces = pa.concat_tables([whole.slice(i, 1) for i in range(3)])
    expected = [(0, "platform"), (0, "reason"), (0, "locator"), (2, "reason"), (2, "evidence_id")]
    assert [(v.row, v.column) for v in violations(table("rejects"), whole)] == expected
    assert violations(table("rejects"), in_pieces) == violations(table("rejects"), whole)


def test_a_slice_counts_rows_from_its_own_start() -> None:
    rows = [{"reason": r, "evidence_id": ITEM, "locator": "l"} for r in ("a", "b", None)]
    data = pa.Table.from_pylist(rows, schema=arrow_schema(table("rejects"))).slice(1)
    assert [v.row for v in violations(table("rejects"), data)] == [1]


def test_columns_that_are_not_canonical_are_refused() -> None:
    with pytest.raises(SchemaError, match="cast_columns"):
        violations(table("rejects"), pa.table({"reason": ["r"]}))


def not_utf8(*values: bytes) -> pa.Array:
    offsets = pa.array([0, *[sum(map(len, values[: i + 1])) for i in range(len(values))]], pa.int32())
    return pa.Array.from_buffers(
        pa.string(), len(values), [None, offsets.buffers()[1], pa.py_buffer(b"".join(values))]
    )


def test_bytes_that_are_no_text_are_a_violation_and_do_not_break_the_report() -> None:
    data = pa.table(
        [
            not_utf8(b"x", b"\xff\xfe"),
            pa.array(["r", "r"]),
            not_utf8(b"\xc3", b"ok"),
            pa.array([ITEM, ITEM]),
            pa.array(["l", "l"]),
        ],
        schema=arrow_schema(table("rejects")),
    )
    found = violations(table("rejects"), data)
    assert [(v.row, v.column) for v in found] == [(0, "excerpt"), (1, "platform"), (1, "platform")]
    assert all(v.reason.isprintable() for v in found)


def test_a_reason_stays_short_and_printable_for_hostile_values() -> None:
    hostile = "\u202e" + "\x00" + "A" * 100_000
    data = pa.Table.from_pylist(
        [{"platform": hostile, "reason": "r", "evidence_id": ITEM, "locator": "l"}],
        schema=arrow_schema(table("rejects")),
    )
    (found,) = violations(table("rejects"), data)
    assert len(found.reason) < 150
    assert found.reason.isprintable()
