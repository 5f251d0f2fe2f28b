"""CSV records keep their numbers and bytes, and one damaged record costs one record."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from perito.evidence.records import csv_records, lines


def records(raw):
    return [record for _, record in csv_records(io.BytesIO(raw))]


def test_quoted_line_ends_belong_to_their_record():
    assert records(b'a,b\n"1\n2",3\r\n4,5\n') == [b"a,b", b'"1\n2",3', b"4,5"]


def test_a_quote_inside_an_unquoted_cell_opens_nothing():
    assert records(b'a,b\nx"y,2\nu,v\nz"w,2\n') == [b"a,b", b'x"y,2', b"u,v", b'z"w,2']


def test_doubled_quotes_stay_within_their_cell():
    assert records(b'a\n"say ""no""\nmore"\nx\n') == [b"a", b'"say ""no""\nmore"', b"x"]


def test_a_quote_that_is_never_closed_costs_its_first_line():
    assert records(b'a,b\n1,"2\n3,4\n5,6\n') == [b"a,b", b'1,"2', b"3,4", b"5,6"]


def test_a_byte_order_mark_is_no_part_of_the_first_record():
    assert records(b"\xef\xbb\xbfa\n1\n") == [b"a", b"1"]
    assert list(lines(io.BytesIO(b"\xef\xbb\xbfa\nb"))) == [(1, b"a"), (2, b"b")]


@given(
    st.lists(
        st.lists(st.text(alphabet='ab",\n é', max_size=6), min_size=2, max_size=3), min_size=1, max_size=8
    )
)
def test_what_a_csv_writer_wrote_is_split_as_it_was_written(rows):
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    split = records(written.getvalue().encode())
    read_back = [next(csv.reader([record.decode()])) for record in split]
    assert read_back == rows
