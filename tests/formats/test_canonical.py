"""The door `table:<name>`: rows that users mapped, typed strictly, with place and item set by perito."""

import csv
import io
import json
from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import Malformed, MeasureError, Unrecognised
from perito.formats import Columns, Record, Reject, SourceItem, find
from perito.formats.canonical import _typed, canonical_format
from perito.formats.delimited import RowFault
from perito.schema import enumeration, table, table_names
from perito.tables.collect import read_item

ITEM = "sha256:" + "a" * 64
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=8)
WHOLE = st.integers(-(2**63), 2**63 - 1)
POST = {
    "post_id": "x:1",
    "native_id": "1",
    "platform": "x",
    "observed_at_us": 0,
    "observed_basis": "server_utc",
}


def item(content: bytes, name="own.csv", platform=None) -> SourceItem:
    return SourceItem(ITEM, name, lambda: io.BytesIO(content), platform, 0)


def as_csv(rows) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows({name: "" if row.get(name) is None else row[name] for name in names} for row in rows)
    return out.getvalue().encode()


def as_ndjson(rows) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def as_parquet(rows) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


FORMS = {"csv": as_csv, "ndjson": as_ndjson, "parquet": as_parquet}


def counts(**more):
    return {"study": "s", "kind": "count", "class": "c", **more}


def rows_of(content, name="counts", platform=None):
    found = read_item(item(content, platform=platform), find(f"table:{name}"))
    return [row for part in found.tables.get(name, []) for row in part.to_pylist()], found.rejects


@pytest.mark.parametrize("form", FORMS)
@given(rows=st.lists(st.tuples(TEXTS, st.none() | st.integers(0, 2**62)), min_size=1, max_size=4))
def test_rows_come_out_as_they_were_mapped_in_every_form(form, rows):
    given_rows = [counts(**{"class": words, "value": value}) for words, value in rows]
    found, rejects = rows_of(FORMS[form](given_rows))
    assert rejects == []
    assert [(row["class"], row["value"]) for row in found] == rows
    assert [row["evidence_id"] for row in found] == [ITEM] * len(rows)
    prefix = "line" if form == "ndjson" else "row"
    assert [row["locator"] for row in found] == [f"{prefix}={number}" for number in range(1, len(rows) + 1)]


@pytest.mark.parametrize("form", FORMS)
def test_the_platform_of_the_acquisition_fills_the_column_that_is_not_there(form):
    assert rows_of(FORMS[form]([counts()]), platform="tiktok")[0][0]["platform"] == "tiktok"
    assert rows_of(FORMS[form]([counts()]))[0][0]["platform"] is None
    assert rows_of(FORMS[form]([counts(platform="x")]), platform="tiktok")[0][0]["platform"] == "x"


@pytest.mark.parametrize("form", FORMS)
def test_the_platform_may_fill_a_column_that_is_required(form):
    post = {name: value for name, value in POST.items() if name != "platform"}
    filled = {name: _some(table("posts").column(name)) for name in _required("posts") if name not in POST}
    found, rejects = rows_of(FORMS[form]([{**filled, **post}]), "posts", platform="x")
    assert (len(found), rejects) == (1, [])


def _some(column):
    if column.enum:
        return next(iter(enumeration(column.enum).values))
    return {"text": "t", "boolean": True}.get(column.type, 0)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["evidence_id", "locator"])
def test_place_and_item_are_never_set_by_the_file(form, name):
    content = FORMS[form]([counts(**{name: "row=7"})])
    with pytest.raises(Malformed) as caught:
        rows_of(content)
    assert name in str(caught.value)


@pytest.mark.parametrize("form", FORMS)
def test_a_column_that_the_table_does_not_have_is_named_with_the_nearest(form):
    with pytest.raises(Malformed) as caught:
        rows_of(FORMS[form]([counts(valeu=1)]))
    assert "valeu" in str(caught.value)
    assert "'value'" in str(caught.value)


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("platform", [None, "x"])
def test_a_file_without_a_required_column_is_refused(form, platform):
    with pytest.raises(Malformed, match="column 'kind' is missing"):
        rows_of(FORMS[form]([{"study": "s", "class": "c"}]), platform=platform)


def test_a_damaged_record_of_a_csv_file_is_a_reject():
    found, rejects = rows_of(as_csv([counts()]) + b"one cell\n" + as_csv([counts()]).splitlines()[1])
    assert ([row["locator"] for row in found], [reject.locator for reject in rejects]) == (
        ["row=1", "row=3"],
        ["row=2"],
    )


@pytest.mark.parametrize(
    ("text", "number"), [("1.5", Decimal("1.5")), ("-0.000001", Decimal("-0.000001")), ("x", None)]
)
def test_a_decimal_column_takes_decimal_numbers_exactly(text, number):
    column = replace(table("counts").column("value"), type="decimal(18,6)")
    if number is None:
        with pytest.raises(RowFault, match="decimal"):
            _typed(column, text)
    else:
        assert _typed(column, text) == number


def test_a_line_without_a_required_value_is_a_reject():
    found, rejects = rows_of(as_ndjson([counts(), {"study": "s", "class": "c"}]))
    assert (len(found), [reject.locator for reject in rejects]) == (1, ["line=2"])
    assert "kind" in rejects[0].reason


WRONG = [
    ("value", "1.5"), ("value", "1e3"), ("value", "+1"), ("value", " 1"), ("value", "1_000"), ("value", "٣"),
    ("value", "99999999999999999999"), ("value", "9223372036854775808"), ("kind", "guess"),
    ("platform", "mastdon"), ("window_start_us", "2026-02-30"), ("window_start_us", "2026-01-01T00:00:00"),
    ("window_start_us", "yesterday"), ("window_start_us", "1"), ("share_denominator", "0"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), WRONG)
@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_a_cell_that_is_not_what_its_column_holds_is_a_reject_and_the_rest_goes_on(form, name, text):
    found, rejects = rows_of(FORMS[form]([counts(), counts(**{name: text})]))
    assert len(found) == 1
    ((locator, reason),) = [(reject.locator, reject.reason) for reject in rejects]
    assert locator.endswith("=2")
    assert name.removesuffix("_us").removesuffix("_start") in reason


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("class", 5), ("class", True), ("class", ["a"]), ("class", {"a": 1}), ("class", 1.5), ("value", True),
        ("value", 1.0), ("value", [1]), ("value", 2**63), ("value", ""), ("wave", "one"),
    ],
)  # fmt: skip
def test_a_json_value_of_another_type_is_a_reject(name, value):
    found, rejects = rows_of(as_ndjson([counts(), counts(**{name: value})]))
    assert (len(found), [reject.locator for reject in rejects]) == (1, ["line=2"])
    assert name in rejects[0].reason


@pytest.mark.parametrize(
    "text", ['{"study": "s", "study": "t"}', "[1]", '"text"', "5", "null", '{"a": NaN}', "{"]
)
def test_a_line_that_is_no_object_is_a_reject(text):
    found, rejects = rows_of(as_ndjson([counts()]) + text.encode() + b"\n" + as_ndjson([counts()]))
    assert (len(found), [reject.locator for reject in rejects]) == (2, ["line=2"])


def test_an_id_that_is_a_number_is_refused_not_rounded():
    _, rejects = rows_of(as_ndjson([counts(), counts(study=1_599_805_658_098_386_536)]))
    assert "ids are texts" in rejects[0].reason


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_times_may_be_microseconds_or_zoned_texts(form):
    rows = [
        counts(window_start_us=written, window_end_us="2026-01-02", window_basis="calendar_date")
        for written in ("2026-01-01", "2026-01-01T01:00:00+01:00", "1767225600000000")
    ]
    found, rejects = rows_of(FORMS[form](rows))
    assert rejects == []
    assert {row["window_start_us"] for row in found} == {1_767_225_600_000_000}


def test_a_time_without_a_basis_is_a_reject():
    _, rejects = rows_of(as_ndjson([counts(), counts(as_of_us=0)]))
    assert "as_of_basis" in rejects[0].reason


@pytest.mark.parametrize(
    ("text", "number"), [("1", 1.0), ("-0.5", -0.5), ("1e3", 1000.0), ("1.5E-3", 0.0015)]
)
def test_numbers_with_fractions_are_read(text, number):
    assert stat(min_s=text)[0][-1]["min_s"] == number


@pytest.mark.parametrize(
    "text", ["nan", "inf", "-Infinity", "1e999", "1_0", "0x1p3", "1,5", " 1", ".5", "1."]
)
def test_what_is_no_finite_decimal_number_is_a_reject(text):
    found, rejects = stat(min_s=text)
    assert len(found) == 1
    assert "min_s" in rejects[0].reason


def test_a_truth_value_is_no_number():
    base = {
        "day_us": 0,
        "day_basis": "calendar_date",
        "platform": "x",
        "platform_name": "X",
        "dimension": "rows",
        "count": 1,
    }
    _, rejects = rows_of(as_ndjson([base, {**base, "min_s": True}]), "statement_stats")
    assert "min_s" in rejects[0].reason


def stat(**more):
    base = {
        "day_us": "0",
        "day_basis": "calendar_date",
        "platform": "x",
        "platform_name": "X",
        "dimension": "rows",
        "count": "1",
    }
    return rows_of(as_csv([{**base, "min_s": None}, {**base, **more}]), "statement_stats")


@pytest.mark.parametrize(
    ("text", "truth"), [("true", True), ("FALSE", False), ("1", True), ("0", False), ("yes", None)]
)
def test_truth_values_are_read_in_words_and_digits(text, truth):
    account = {name: _some(table("accounts").column(name)) for name in _required("accounts")}
    found, rejects = rows_of(as_csv([account, {**account, "protected": text}]), "accounts")
    if truth is None:
        assert [reject.locator for reject in rejects] == ["row=2"]
    else:
        assert [row["protected"] for row in found] == [None, truth]


def _required(name):
    return [c.name for c in table(name).columns if c.required and c.name not in {"evidence_id", "locator"}]


@pytest.mark.parametrize("form", FORMS)
def test_impossible_figures_stop_the_work(form):
    with pytest.raises(MeasureError):
        rows_of(FORMS[form]([counts(value=6, base=5)]))


@pytest.mark.parametrize(
    "columns",
    [
        {"value": pa.array([1.5])},
        {"value": pa.array(["1"])},
        {"class": pa.array([5])},
        {"window_start_us": pa.array([0], pa.timestamp("us"))},
        {"class": pa.array([["a"]])},
    ],
    ids=lambda columns: "-".join(f"{name}-{array.type}" for name, array in columns.items()),
)
def test_a_parquet_column_that_would_lose_something_is_refused(columns):
    base = {name: pa.array([value]) for name, value in counts().items()}
    sink = io.BytesIO()
    pq.write_table(pa.table({**base, **columns}), sink)
    with pytest.raises(Malformed) as caught:
        rows_of(sink.getvalue())
    assert next(iter(columns)) in str(caught.value)


def test_a_parquet_row_that_the_schema_refuses_is_a_reject():
    found, rejects = rows_of(as_parquet([counts(), counts(kind="guess"), counts(platform="x")]))
    assert ([row["locator"] for row in found], [reject.locator for reject in rejects]) == (
        ["row=1", "row=3"],
        ["row=2"],
    )


def test_a_parquet_column_that_occurs_twice_is_refused():
    data = pa.table([pa.array(["s"]), pa.array(["t"])], names=["study", "study"])
    sink = io.BytesIO()
    pq.write_table(data, sink)
    with pytest.raises(Malformed, match="study"):
        rows_of(sink.getvalue())


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"PAR1garbagePAR1", b"garbage", b"\0\0", b"[]", b"\xff" * 600, b"{}\n"]
)
def test_a_file_of_which_nothing_can_be_read_is_refused(content):
    with pytest.raises(Malformed):
        rows_of(content)


@given(st.data())
def test_damaged_parquet_is_refused_or_read_but_never_breaks(data):
    content = bytearray(as_parquet([counts(value=at) for at in range(20)]))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        found, rejects = rows_of(bytes(content))
    except (Malformed, MeasureError):
        return
    assert len(found) + len(rejects) <= 20


def test_a_byte_order_mark_is_accepted_before_lines_and_before_a_header():
    for form in (as_csv, as_ndjson):
        found, rejects = rows_of(b"\xef\xbb\xbf" + form([counts()]))
        assert (len(found), rejects) == (1, [])


@pytest.mark.parametrize("name", table_names())
def test_evidence_tables_may_be_filled_and_no_others(name):
    if table(name).kind == "evidence" and name not in {"evidence", "rejects"}:
        form = find(f"table:{name}")
        assert (form.name, form.tables) == (f"table:{name}", (name,))
        assert form.sniff(b"anything", f"{name}.csv") == 0
        assert {name} < set(form.title["en"].replace("«", " ").replace("»", " ").split())
    else:
        with pytest.raises(Unrecognised, match="table:"):
            canonical_format(name)


def test_an_unknown_table_is_named_with_the_nearest():
    with pytest.raises(Unrecognised, match="'posts'"):
        find("table:post")


def test_records_and_rejects_are_what_the_reader_gives_out():
    lines = as_ndjson([counts(), counts(**{"class": "a\\b"})]) + b' {"study": "s", "study": "s"}\n'
    columns, reject = find("table:counts").read(item(lines))
    assert isinstance(columns, Columns)
    assert columns.data["class"].to_pylist() == ["c", "a\\b"]
    assert isinstance(reject, Reject)
    (record,) = find("table:counts").read(item(as_csv([counts()])))
    assert isinstance(record, Record)
