from __future__ import annotations

import csv
import io
import json
import tarfile
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import LocatorError, Missing
from perito.evidence import Locator, Store, csv_record, line_of, resolve


@pytest.fixture
def show(tmp_path):
    """The bytes behind a locator in a file of that name and content."""

    def sealed_and_shown(data, locator, name="x", **origin):
        (tmp_path / "source").write_bytes(data)
        store = Store(tmp_path / "evidence")
        receipt = store.add(tmp_path / "source", path_in_case=name, **origin)
        return resolve(store, receipt.evidence_id, locator)

    return sealed_and_shown


def zipped(*members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


def parquet(**columns):
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, row_group_size=2)
    return out.getvalue()


CSV = b'\xef\xbb\xbfid,text\r\n1,"a\r\nb"\r\n\r\n2,"c ""d"""\r\n3,e'


# --- numbering ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "expected"), [(0, b"id,text"), (1, b'1,"a\r\nb"'), (2, b'2,"c ""d"""'), (3, b"3,e")]
)
def test_a_csv_record_comes_out_as_it_is_with_the_line_ends_that_it_quotes(show, number, expected):
    assert csv_record(io.BytesIO(CSV), number) == expected
    assert show(CSV, f"row={number}", "posts.csv") == expected


def test_a_quote_that_is_never_closed_costs_one_record():
    """Formats and locators count alike: the record that opens the quote is its first line alone."""
    data = b'id\n"1\n2\n3\n'
    assert [csv_record(io.BytesIO(data), number) for number in range(4)] == [b"id", b'"1', b"2", b"3"]
    long = b'id\n"1\n' + b"2\n" * 1_500
    assert csv_record(io.BytesIO(long), 1_501) == b"2"


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=8))
def test_records_are_counted_as_the_csv_reader_of_the_standard_library_counts_them(rows):
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)
    data = out.getvalue().encode()
    for number, row in enumerate(rows):
        record = csv_record(io.BytesIO(data), number).decode()
        assert next(csv.reader(io.StringIO(record, newline=""))) == row
    with pytest.raises(LocatorError):
        csv_record(io.BytesIO(data), len(rows))


@given(
    st.lists(st.binary(max_size=9).map(lambda line: line.replace(b"\n", b"").replace(b"\r", b"")), min_size=1)
)
def test_lines_are_counted_from_one_and_come_out_without_their_end(lines):
    data = b"".join(line + b"\n" for line in lines)
    bare = [lines[0].removeprefix(b"\xef\xbb\xbf"), *lines[1:]]
    assert [line_of(io.BytesIO(data), number) for number in range(1, len(lines) + 1)] == bare
    with pytest.raises(LocatorError):
        line_of(io.BytesIO(data), len(lines) + 1)


# --- places ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "locator", "expected"),
    [
        ("a.jsonl", b'{"a":1}\n\n{"a": 2}\n', "line=3", b'{"a": 2}'),
        ("a.jsonl", b'{"a":1}\n\n{"a": 2}\n', "row=2", b'{"a": 2}'),
        ("a.jsonl", b'{"a":1}\n\n{"a": [2, 3]}\n', "line=3#/a/1", b"3"),
        ("a.jsonl", b'{"a":1}\n\n{"a": [2, 3]}\n', "row=2#/a", b"[2,3]"),
        ("a.json", b'[{"b": 1, "a": 2}, 7]', "row=1", b'{"a":2,"b":1}'),
        ("a.json", b'[{"b": 1, "a": 2}, 7]', "row=1#/b", b"1"),
        ("a.json", b'{"data": [1.50]}', "#/data/0", b"1.50"),
        ("a.json", b'{"data": [1.50]}', "#", b'{"data":[1.50]}'),
        ("a.js", b"window.YTD.like.part0 = [ true ]", "#/0", b"true"),
        ("a.bin", b"0123456789", "bytes=3-5", b"345"),
        ("a.bin", b"0123456789", "bytes=9-9", b"9"),
        ("a.bin", b"0123456789", "", b"0123456789"),
        ("a.txt", b"one\r\ntwo", "line=2", b"two"),
        ("a.tsv", b"a\tb\n1\t2\n", "row=1", b"1\t2"),
    ],
)
def test_a_locator_leads_back_to_the_bytes(show, name, data, locator, expected):
    assert show(data, locator, name) == expected
    assert show(data, Locator.parse(locator), name) == expected


def test_the_stated_media_type_decides_how_rows_are_counted(show):
    assert show(b'{"a":1}\n{"a":2}\n', "row=1", "export.txt", media_type="application/x-ndjson") == b'{"a":1}'


@pytest.mark.parametrize(
    ("name", "data", "locator"),
    [
        ("a.csv", CSV, "row=4"),
        ("a.csv", CSV, "row=1#/text"),
        ("a.csv", b"", "row=0"),
        ("a.txt", b"one", "line=2"),
        ("a.txt", b"one", "line=1#/a"),
        ("a.json", b"[1]", "row=2"),
        ("a.json", b"[1]", "row=0"),
        ("a.json", b'{"a":1}', "row=1"),
        ("a.json", b"[NaN]", "#/0"),
        ("a.bin", b"0123", "bytes=2-4"),
        ("a.csv", CSV, "member=x"),
        ("a.csv", CSV, "nonsense"),
        ("a.parquet", b"PAR1 and no more", "row=1"),
        ("a.zip", zipped(("x.csv", CSV)), "member=y.csv"),
        ("a.zip", zipped(("x.csv", CSV)), "entry=2"),
        ("a.zip", zipped(("x.csv", CSV)), "member=x.csv;row=9"),
        ("a.zip", zipped(("../x.csv", CSV)), "member=../x.csv;row=1"),
        ("a.zip", zipped(("x.csv", CSV))[:-30], "member=x.csv"),
        ("a.zip", zipped(("x.csv", CSV)).replace(b"3,e", b"3,f"), "member=x.csv;row=1"),
    ],
)
def test_a_locator_that_leads_nowhere_is_an_error_that_names_item_and_locator(show, name, data, locator):
    with pytest.raises(LocatorError) as raised:
        show(data, locator, name)
    assert "sha256:" in raised.value.where
    assert name in raised.value.where
    assert locator in raised.value.where


def test_an_item_that_is_not_there_is_missing(tmp_path):
    with pytest.raises(Missing):
        resolve(Store(tmp_path), "sha256:" + "0" * 64, "line=1")


# --- archives ----------------------------------------------------------------------------------------


def tar_gz(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize("pack", [zipped, tar_gz], ids=["zip", "tar.gz"])
def test_a_locator_leads_into_an_archive_by_name_or_by_position(show, pack):
    data = pack(("a.csv", CSV), ("b;c#d%e.json", b"[5]"))
    assert show(data, "member=a.csv;row=1") == b'1,"a\r\nb"'
    assert show(data, "entry=1;row=3") == b"3,e"
    assert show(data, str(Locator(("b;c#d%e.json",), pointer="/0"))) == b"5"
    assert show(data, "entry=2") == b"[5]"


def test_an_archive_in_an_archive_is_reached_step_by_step_and_not_deeper_than_allowed(show):
    data = b"[1]"
    steps = []
    for level in range(1, 5):
        name = f"{level}.json" if level == 1 else f"{level}.zip"
        data, steps = zipped((name, data)), [f"member={name}", *steps]
        if level <= 3:
            assert show(data, ";".join(steps) + "#/0") == b"1"
    with pytest.raises(LocatorError):
        show(data, ";".join(steps) + "#/0")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_occurs_twice_has_to_be_said_by_position(show):
    data = zipped(("a.csv", b"x\n1"), ("a.csv", b"x\n2"))
    with pytest.raises(LocatorError) as raised:
        show(data, "member=a.csv;row=1")
    assert "entry=1" in raised.value.remedy
    assert "entry=2" in raised.value.remedy
    assert show(data, "entry=2;row=1") == b"2"


def test_a_name_with_controls_is_shown_without_tricks_in_an_error(show):
    with pytest.raises(LocatorError) as raised:
        show(zipped(("../a\u202eb", b"1")), str(Locator(("../a\u202eb",))))
    assert "\u202e" not in str(raised.value)


# --- parquet -----------------------------------------------------------------------------------------


def test_a_parquet_row_comes_out_as_json_by_column(show):
    moment = datetime(2026, 1, 9, 12, tzinfo=UTC)
    data = parquet(
        id=["a", "b", None],
        count=[1, 2**60, 3],
        share=[0.5, float("nan"), 1.5],
        price=pa.array([Decimal("1.10"), Decimal("2.20"), None], pa.decimal128(9, 2)),
        raw=[b"\x00\xff", b"", None],
        day=[date(2026, 1, 9), None, None],
        at=pa.array([moment, None, moment], pa.timestamp("us", "UTC")),
        precise=pa.array([1, 1_767_916_800_000_000_001, 3], pa.timestamp("ns")),
        tags=[["x", "ñ"], [], None],
        inner=[{"k": b"\x01"}, None, {"k": None}],
    )
    assert json.loads(show(data, "row=2", "t.parquet")) == {
        "id": "b",
        "count": 2**60,
        "share": "nan",
        "price": "2.20",
        "raw": "",
        "day": None,
        "at": None,
        "precise": 1_767_916_800_000_000_001,
        "tags": [],
        "inner": None,
    }
    first = json.loads(show(data, "row=1", "t.parquet"))
    assert (first["raw"], first["day"], first["at"]) == ("00ff", "2026-01-09", "2026-01-09T12:00:00+00:00")
    assert (first["tags"], first["inner"]) == (["x", "ñ"], {"k": "01"})
    assert show(data, "row=3#/count", "t.parquet") == b"3"
    for locator in ("row=4", "row=0"):
        with pytest.raises(LocatorError):
            show(data, locator, "t.parquet")


# --- real exports ------------------------------------------------------------------------------------


@pytest.mark.shared
def test_records_of_real_shapes_are_found_where_the_formats_count_them(shared_data, tmp_path):
    """Records counted with the readers of the standard library, as an oracle."""
    store = Store(tmp_path / "evidence")
    folder = Path(shared_data, "formats")
    crowdtangle = folder / "crowdtangle_csv" / "facebook_historical.csv"
    item_id = store.add(crowdtangle).evidence_id
    with crowdtangle.open(encoding="utf-8-sig", newline="") as stream:
        for number, row in enumerate(csv.reader(stream)):
            raw = resolve(store, item_id, f"row={number}").decode()
            assert next(csv.reader(io.StringIO(raw, newline=""))) == row
    reddit = folder / "reddit_dump" / "mixed.ndjson"
    item_id = store.add(reddit).evidence_id
    for number, line in enumerate(reddit.read_bytes().splitlines(), start=1):
        assert resolve(store, item_id, f"line={number}") == line
        if line.strip().startswith(b"{") and b'"id"' in line:
            assert json.loads(resolve(store, item_id, f"line={number}#/id")) == json.loads(line)["id"]


@pytest.mark.shared
def test_an_x_archive_is_addressed_member_by_member(shared_data, tmp_path):
    store = Store(tmp_path / "evidence")
    receipt = store.add(Path(shared_data, "formats", "ddp_x_archive", "twitter.zip"))
    assert receipt.members == 5
    assert resolve(store, receipt.evidence_id, "member=data/account.js#/0/account/accountId") == b'"111"'
