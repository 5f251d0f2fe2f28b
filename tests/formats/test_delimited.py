"""Delimited text: every record is read or rejected, none is lost, repaired or allowed to damage another."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import Malformed
from perito.evidence import csv_record
from perito.formats import Record, Reject, Row, SourceItem
from perito.formats.delimited import (
    DelimitedFormat,
    RowFault,
    csv_cells,
    csv_header,
    one_of,
    read_cells,
    required,
    whole,
)

COLUMNS = ("a", "b", "c")
HEADER = "a,b,c\n"
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12)
RECORDS = st.lists(st.tuples(CELLS, CELLS, CELLS).filter(any), max_size=6)
DAMAGED = {
    b"x\0y,1,2": "NUL",
    b"\xff\xfe,1,2": "UTF-8",
    b"only one": "1 cells",
    b"1,2,3,4": "4 cells",
    b'a"b"c,"d" e,f': "CSV",
    b"a,b,c\rd,e,f": "CSV",
    b"x" * 131_073 + b",1,2": "131072",
    ("ñ" * 65_537).encode() + b",1,2": "131072",
    b"m" * 1_000_000 + b",1,2": "131072",
}


def item(content: bytes, name="counts.csv", platform=None) -> SourceItem:
    return SourceItem("sha256:" + "0" * 64, name, lambda: io.BytesIO(content), platform, 0)


def read(content: bytes, columns=COLUMNS):
    return list(read_cells(io.BytesIO(content), item(content), columns))


def written(records) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(records)
    return (HEADER + out.getvalue()).encode()


@given(RECORDS)
def test_every_record_comes_back_as_it_was_written(records):
    expected = [dict(zip(COLUMNS, (cell or None for cell in record), strict=True)) for record in records]
    assert [cells for _, cells in read(written(records))] == expected


@given(RECORDS)
def test_a_locator_leads_back_to_the_bytes_of_its_record(records):
    content = written(records)
    for locator, cells in read(content):
        raw = csv_record(io.BytesIO(content), int(locator.removeprefix("row=")))
        assert next(csv.reader([raw.decode()])) == [cells[column] or "" for column in COLUMNS]


@given(RECORDS, st.lists(st.tuples(st.integers(0, 6), st.sampled_from(sorted(DAMAGED))), max_size=4))
def test_damaged_records_are_rejected_and_the_others_read(records, damaged):
    lines = [written([record]).removeprefix(HEADER.encode()) for record in records]
    whole_records = [dict(zip(COLUMNS, (cell or None for cell in record), strict=True)) for record in records]
    expected: list = list(whole_records)
    for at, raw in damaged:
        lines.insert(at, raw + b"\n")
        expected.insert(at, raw)
    found = read(HEADER.encode() + b"".join(lines))
    assert [locator for locator, _ in found] == [f"row={number}" for number in range(1, len(expected) + 1)]
    for (locator, cells), given_record in zip(found, expected, strict=True):
        if isinstance(given_record, dict):
            assert cells == given_record
        else:
            assert isinstance(cells, Reject)
            assert cells.locator == locator
            assert DAMAGED[given_record] in cells.reason


@pytest.mark.parametrize("raw", DAMAGED, ids=DAMAGED.values())
def test_an_excerpt_of_a_rejected_record_is_short_and_printable(raw):
    ((_, reject),) = read(HEADER.encode() + raw + b"\n")
    assert len(reject.excerpt) <= 200
    assert reject.excerpt.isprintable()


@given(st.binary(max_size=200))
def test_no_bytes_whatever_break_the_reading(content):
    try:
        found = read(HEADER.encode() + content)
    except Malformed:
        pytest.fail("the header was there")
    assert len({locator for locator, _ in found}) == len(found)
    assert all(isinstance(cells, Reject) or set(cells) == set(COLUMNS) for _, cells in found)


def test_a_quote_that_is_never_closed_costs_one_record():
    content = HEADER.encode() + b'1,"open,2\n' + b"4,5,6\n" * 1_500
    found = [cells for _, cells in read(content)]
    assert isinstance(found[0], Reject)
    assert found[1:] == [{"a": "4", "b": "5", "c": "6"}] * 1_500


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["", "\n", "\n\n\n"])
def test_line_ends_blank_lines_and_a_byte_order_mark_change_nothing(newline, mark, end):
    content = mark + newline.join(["a,b,c", "1,2,3", "", "4,5,6"]).encode() + end.encode()
    assert [cells["a"] for _, cells in read(content)] == ["1", "4"]


def test_the_columns_may_stand_in_any_order():
    assert read(b"c,a,b\n3,1,2\n")[0][1] == {"a": "1", "b": "2", "c": "3"}


@pytest.mark.parametrize("formula", ["=1+1", "+cmd|' /C calc'!A0", "-1", "@SUM(A1)", "\tx"])
def test_a_formula_is_text(formula):
    assert read(written([(formula, "1", "2")]))[0][1]["a"] == formula


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"a,b\n1,2\n", "'c' is missing"),
        (b"a,b,c,d\n", "'d' is not known"),
        (b"a,b,c,a\n", "twice"),
        (b"A,B,C\n1,2,3\n", "'a' is missing"),
        (b"\xff\xfea\0,\0b\0", "no header"),
        (b"PK\x03\x04\x00", "no header"),
        (b"\x89PNG\r\n\x1a\n", "no header"),
        (b"a,b,c,\x1b[2J\n", "not known"),
        (b'a,b,"c\n', "no header"),
        (b"a;b;c\n1;2;3\n", "'a' is missing"),
    ],
    ids=repr,
)
def test_a_file_without_its_header_is_refused_by_name(content, named):
    with pytest.raises(Malformed) as caught:
        read(content)
    assert named in str(caught.value)
    assert "counts.csv" in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_header_alone_is_a_table_without_records():
    assert read(HEADER.encode()) == []


def mapping(cells, _):
    if cells["a"] == "bad":
        raise RowFault("'a' is bad")
    return (Row("counts", {"class": cells["a"]}),)


FORMAT = DelimitedFormat("test", {"en": "t", "es": "t"}, ("counts",), COLUMNS, mapping)


def test_a_format_maps_each_record_or_says_why_not():
    good, bad, broken = FORMAT.read(item(b"a,b,c\ngood,,\nbad,1,\nx\n"))
    assert good == Record("row=1", (Row("counts", {"class": "good"}),))
    assert bad == Reject("row=2", "'a' is bad", "bad,1,")
    assert (broken.locator, broken.excerpt) == ("row=3", "x")


@pytest.mark.parametrize(
    ("head", "score"),
    [
        (b"a,b,c\n1,2,3", 1.0),
        (b"\xef\xbb\xbfa,b,c\r\n", 1.0),
        (b"a,b,c", 1.0),
        (b"a,b\n", 0.0),
        (b"", 0.0),
        (b"\xff", 0.0),
    ],
)
def test_a_format_is_recognised_by_its_header(head, score):
    assert FORMAT.sniff(head, "anything") == score


def test_header_and_cells_can_be_had_apart():
    header, records = csv_header(io.BytesIO(b"x,y\n1,2\n3\n"), item(b""))
    assert header == ["x", "y"]
    (_, first), (_, second) = csv_cells(records, header)
    assert first == {"x": "1", "y": "2"}
    assert isinstance(second, Reject)


@given(st.integers(-(10**17), 10**17))
def test_a_whole_number_is_read_exactly(number):
    assert whole({"n": str(number)}, "n") == number


@pytest.mark.parametrize(
    "text", ["1.0", "1e3", "+1", " 1", "1 ", "1_000", "1,000", "٣", "²", "-", "--1", "0x10", "1" * 19, "NaN"]
)
def test_what_is_no_whole_number_is_a_fault_of_the_row(text):
    with pytest.raises(RowFault, match="'n'"):
        whole({"n": text}, "n")


def test_an_empty_cell_is_not_zero():
    assert whole({"n": None}, "n") is None
    with pytest.raises(RowFault, match="'n'"):
        required({"n": None}, "n")
    assert required({"n": "0"}, "n") == "0"


def test_a_cell_of_a_few_words_is_named_canonically():
    names = {"seen": "seen", "not seen": "unverified"}
    assert one_of({"s": "not seen"}, "s", names) == "unverified"
    for cells in ({"s": None}, {"s": "Seen"}):
        with pytest.raises(RowFault, match="'s'"):
            one_of(cells, "s", names)
