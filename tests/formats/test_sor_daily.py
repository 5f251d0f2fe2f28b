"""Daily statistics of the DSA Transparency Database: to the last statement, with no zero for the unsaid."""

import io
from collections import Counter
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.clock import iso_day
from perito.errors import Malformed
from perito.formats import Columns, SourceItem, find
from perito.formats.sor_daily import FORMAT
from perito.schema import enumeration
from perito.tables.collect import read_item

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "spain-2026" / "sources" / "sor_daily.parquet"
ROW = {
    "start_date": date(2025, 7, 1), "platform": "X", "column": "moderation_delay", "entity": None,
    "variant": None, "count": 5, "min": 1.0, "mean": 3, "max": 9.0,
}  # fmt: skip
TYPES = pa.schema([
    ("start_date", pa.date32()), ("platform", pa.string()), ("column", pa.string()), ("entity", pa.string()),
    ("variant", pa.string()), ("count", pa.int64()), ("min", pa.float64()), ("mean", pa.int64()),
    ("max", pa.float64()),
])  # fmt: skip


def written(data: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(data, sink)
    return sink.getvalue()


def item(content: bytes) -> SourceItem:
    return SourceItem("sha256:" + "0" * 64, "sor_daily.parquet", lambda: io.BytesIO(content), None, 0)


def rows_of(*rows, **columns):
    data = pa.Table.from_pylist(list(rows), schema=TYPES)
    for name, array in columns.items():
        data = data.set_column(data.column_names.index(name), name, array)
    found = read_item(item(written(data)), FORMAT)
    return [row for part in found.tables["statement_stats"] for row in part.to_pylist()], found.rejects


@pytest.fixture(scope="module")
def example():
    found = read_item(item(EXAMPLE.read_bytes()), FORMAT)
    assert found.rejects == []
    (data,) = found.tables["statement_stats"]
    return data, pq.read_table(EXAMPLE)


def test_every_row_of_the_file_is_mapped_with_its_place(example):
    data, source = example
    assert data.num_rows == source.num_rows == 64_959
    assert data["locator"][0].as_py() == "row=1"
    assert data["locator"][-1].as_py() == "row=64959"


def test_no_statement_is_lost_on_any_platform(example):
    data, source = example
    ours = data.group_by("platform_name").aggregate([("count", "sum")])
    theirs = source.group_by("platform").aggregate([("count", "sum")])
    assert sorted(map(tuple, (row.values() for row in ours.to_pylist()))) == sorted(
        map(tuple, (row.values() for row in theirs.to_pylist()))
    )


def test_platforms_keep_their_name_and_get_ours(example):
    pairs = Counter(
        zip(example[0]["platform_name"].to_pylist(), example[0]["platform"].to_pylist(), strict=True)
    )
    assert all(code == name.lower() for name, code in pairs)
    assert len(pairs) == 9


def test_days_are_the_first_instants_of_utc_days(example):
    days = pc.unique(example[0]["day_us"]).to_pylist()
    assert (iso_day(min(days)), iso_day(max(days)), len(days)) == ("2025-07-01", "2025-12-31", 184)
    assert all(day % 86_400_000_000 == 0 for day in days)


def test_where_nothing_was_averaged_the_mean_is_unsaid_and_not_zero(example):
    data, source = example
    assert data["mean_s"].null_count == source["min"].null_count == 61_865
    assert pc.sum(data["mean_s"]).as_py() == pc.sum(source["mean"]).as_py()


def test_a_row_keeps_all_that_it_says():
    (row,), _ = rows_of(ROW)
    expected = {
        "platform": "x", "platform_name": "X", "dimension": "moderation_delay", "count": 5,
        "min_s": 1.0, "mean_s": 3, "max_s": 9.0, "day_basis": "calendar_date",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


@given(st.lists(st.sampled_from(["X", "YouTube", "Vinted", "x", "", "ñ"]), min_size=1, max_size=6))
def test_a_platform_outside_our_list_is_another_and_never_left_out(names):
    rows, rejects = rows_of(*({**ROW, "platform": name} for name in names))
    assert rejects == []
    assert [row["platform_name"] for row in rows] == names
    assert [row["platform"] for row in rows] == [
        {"X": "x", "YouTube": "youtube"}.get(name, "other") for name in names
    ]
    assert {row["platform"] for row in rows} <= set(enumeration("platform").values)


def test_names_stored_as_a_dictionary_are_read_alike():
    rows, _ = rows_of(
        ROW, {**ROW, "platform": None}, ROW, platform=pa.array(["X", None, "Vinted"]).dictionary_encode()
    )
    assert [row["platform"] for row in rows] == ["x", "other"]


BAD = [{"platform": None}, {"start_date": None}, {"count": None}, {"count": -1}, {"column": None}]


@pytest.mark.parametrize("cells", BAD, ids=str)
def test_a_row_that_the_schema_refuses_is_a_reject_with_its_place(cells):
    rows, rejects = rows_of(ROW, {**ROW, **cells}, ROW)
    assert ([row["locator"] for row in rows], [reject.locator for reject in rejects]) == (
        ["row=1", "row=3"],
        ["row=2"],
    )


@pytest.mark.parametrize("day", [-(2**31), -5_000_001, 5_000_001, 2**31 - 1])
def test_a_day_beyond_every_calendar_is_a_reject_and_not_another_day(day):
    days = pa.array([0, day], pa.int32()).cast(pa.date32())
    rows, rejects = rows_of(ROW, ROW, start_date=days)
    assert [row["day_us"] for row in rows] == [0]
    assert [reject.locator for reject in rejects] == ["row=2"]


@pytest.mark.parametrize("column", ["platform", "variant"])
def test_a_text_with_a_broken_encoding_is_a_reject(column):
    array = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0\3\0\0\0"), pa.py_buffer(b"X\xff\xfe")]
    )
    rows, rejects = rows_of(ROW, ROW, **{column: array})
    assert ([row["locator"] for row in rows], [reject.locator for reject in rejects]) == (
        ["row=1"],
        ["row=2"],
    )


@pytest.mark.parametrize(
    "columns",
    [
        {"start_date": pa.array(["2025-07-01"])},
        {"start_date": pa.array([20250701])},
        {"start_date": pa.array([0], pa.timestamp("us"))},
        {"count": pa.array([5.5])},
        {"count": pa.array(["5"])},
        {"mean": pa.array([[1]])},
        {"mean": pa.array(["3"])},
        {"platform": pa.array([5])},
        {"platform": pa.array([["X"]])},
    ],
    ids=lambda columns: "-".join(f"{name}-{array.type}" for name, array in columns.items()),
)
def test_a_column_of_another_type_is_refused(columns):
    with pytest.raises(Malformed, match=r"sor_daily\.parquet"):
        rows_of(ROW, **columns)


@pytest.mark.parametrize("column", TYPES.names)
def test_a_file_without_one_of_its_columns_is_refused_by_name(column):
    content = written(pa.Table.from_pylist([ROW], schema=TYPES).drop_columns(column))
    with pytest.raises(Malformed, match=f"'{column}'"):
        list(FORMAT.read(item(content)))


def test_a_column_name_that_is_no_utf8_is_refused():
    content = written(pa.Table.from_pylist([ROW], schema=TYPES).append_column("zzzz", pa.array([1])))
    with pytest.raises(Malformed):
        list(FORMAT.read(item(content.replace(b"zzzz", b"zz\xff\xfe"))))


def test_a_file_without_rows_holds_nothing():
    with pytest.raises(Malformed, match="no record"):
        read_item(item(written(TYPES.empty_table())), FORMAT)


def test_an_example_of_columns_comes_out_at_once():
    (piece,) = FORMAT.read(item(written(pa.Table.from_pylist([ROW], schema=TYPES))))
    assert isinstance(piece, Columns)
    assert (piece.table, piece.data.num_rows) == ("statement_stats", 1)


@pytest.mark.parametrize(
    ("head", "name", "is_likely"),
    [
        (b"PAR1...", "sor_daily.parquet", True),
        (b"PAR1", "other.parquet", False),
        (b"date,", "sor_daily.csv", False),
    ],
)
def test_the_bytes_say_little_so_the_name_decides(head, name, is_likely):
    assert (FORMAT.sniff(head, name) > 0) is is_likely
    assert find("sor_daily") is FORMAT
