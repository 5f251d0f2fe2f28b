"""Lines read many at once: the same rows and rejects as lines read one by one, whatever they hold."""

import io
import json

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from perito.errors import Malformed, MeasureError
from perito.formats import Columns, SourceItem, canonical, find, uniform_lines
from perito.formats.json_lines import BYTES_LIMIT, Line, Reject, read_line, read_lines
from perito.formats.line_blocks import line_blocks
from perito.tables.collect import read_item

ITEM = "sha256:" + "a" * 64
WINDOW = (
    b'{"study":"s","kind":"count","class":"c","window_start_us":"2026-01-01",'
    b'"window_end_us":2000000000000000,"window_basis":"calendar_date"}'
)
HOSTILE = [
    b"", b" ", b"\r", b"{}", b"[1]", b"null", b"5", b'"text"', b"{", b'{"study":"s"', b'{"study":"s"}}',
    b'{"study":"s","study":"t"}', b'{"study":"s","kind":"count","class":"c","class":"d"}',
    b'{"study":"s","kind":"count","class":5}', b'{"study":"s","kind":"count","class":NaN}',
    b'{"study":"s","kind":"count","class":"c","value":Infinity}',
    b'{"study":"s","kind":"count","class":"c","value":9223372036854775808}',
    b'{"study":"s","kind":"count","class":"c","value":99999999999999999999999999999999999999999999999}',
    b'{"study":"s","kind":"count","class":"c","value":01}',
    b'{"study":"s","kind":"count","class":"c","value":-0}',
    b'{"study":"s","kind":"count","class":"c","value":+1}',
    b'{"study":"s","kind":"count","class":"c","value":0x1F}',
    b'{"study":"s","kind":"count","class":"c","value":1.0}',
    b'{"study":"s","kind":"count","class":"c","value":1e2}',
    b'{"study":"s","kind":"count","class":"c","value":true}',
    b'{"study":"s","kind":"count","class":"c","value":null}',
    b'{"study":"s","kind":"count","class":"c","value":"7"}',
    b'{"study":"s","kind":"count","class":"c","value":" 7"}',
    b'{"study":"s","kind":"count","class":"c","value":[1]}',
    b'{"study":"s","kind":"count","class":"c","value":{"a":1}}',
    b'{"study":"s","kind":"count","class":"c","value":}',
    b'{"study":"s","kind":"count","class":"c","value":1,}',
    b'{"study":"s","kind":"count","class":"c","value" :1}',
    b'{"study":"s","kind":"count","class":"c", "value":1}',
    b'{"study":"s","kind":"count","class":"c","valeu":1}',
    b'{"study":"s","kind":"count","class":"\\ud800"}',
    b'{"study":"s","kind":"count","class":"\\u0000"}',
    b'{"study":"s","kind":"count","class":"a\\"b\\\\"}',
    b'{"study":"s","kind":"count","class":"a\\\\","note":"\\n\\u00f1\\/"}',
    b'{"study":"s","kind":"count","class":"a\\x"}',
    b'{"study":"s","kind":"count","class":"a\\","note":"b"}',
    b'{"study":"s","k\\u0069nd":"count","class":"c"}',
    b'{"study":"s","kind":"count","class":"\xff"}', b'{"study":"s","kind":"count","class":"\xc0\x80"}',
    b'{"study":"s","kind":"count","class":"\xed\xa0\x80"}',
    b'{"study":"s","kind":"count","class":"\xc3\xb1"}',
    b'{"study":"s","kind":"count","class":"a\tb"}', b'{"study":"s","kind":"count","class":"a\x00b"}',
    b'{"study":"s","kind":"count","class":"' + b"m" * 131_073 + b'"}',
    b'{"study":"s","kind":"guess","class":"c"}', b'{"kind":"count","class":"c"}',
    b'{"study":"s","kind":"count","class":"c","evidence_id":"x"}',
    b'{"study":"s","kind":"count","class":"c","locator":"x"}',
    WINDOW,
    b'{"study":"s","kind":"count","class":"c","window_start_us":"2026-02-30","window_basis":"calendar_date"}',
    b'{"study":"s","kind":"count","class":"c"} {"study":"s"}',
    b'{"class":"study","kind":"count","study":"c"}', b'{"study":"s","class":"c","kind":"count"}',
    b"[" * 70 + b"]" * 70, b"\xef\xbb\xbf" + b'{"study":"s","kind":"count","class":"c"}',
]  # fmt: skip
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.integers(-3, 3), st.floats(),
    st.text(max_size=6),
    st.sampled_from(["count", "7", "-0", "1e5", "2026-01-01", 'a","kind":"b', "ñ\u2028", "\\", '"', "{}"]),
)  # fmt: skip
RECORDS = st.builds(
    lambda rest, compact, ascii_only: json.dumps(
        {"study": "s", "kind": "count", "class": "c", **rest},
        separators=(",", ":") if compact else None,
        ensure_ascii=ascii_only,
    ).encode("utf-8", "surrogatepass"),
    st.dictionaries(
        st.sampled_from(["value", "class", "note", "study", "as_of_us", "platform"]), VALUES, max_size=3
    ),
    st.booleans(),
    st.booleans(),
)
GOOD = b'{"study":"s","kind":"count","class":"c"}'
LINES = st.lists(
    st.sampled_from(HOSTILE)
    | RECORDS
    | st.sampled_from([GOOD] * 3)
    | st.builds(
        lambda raw, at, byte: raw[:at] + bytes([byte]) + raw[at + 1 :],
        RECORDS,
        st.integers(0, 60),
        st.integers(0, 255),
    ),
    max_size=14,
)


def outcome(content: bytes, name: str, *, is_fast: bool, block_bytes: int = 1 << 21):
    """Rows, rejects and counts of an item, in order of their places; or what stopped it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canonical, "line_blocks", lambda stream: line_blocks(stream, block_bytes))
        if not is_fast:
            patch.setattr(uniform_lines, "PATTERNS_LIMIT", 0)
        item = SourceItem(ITEM, "own.ndjson", lambda: io.BytesIO(content), "x", 0)
        try:
            found = read_item(item, find(f"table:{name}"))
        except MeasureError as error:
            return type(error)
        except Malformed as error:
            return str(error)
    rows = [row for part in found.tables.get(name, []) for row in part.to_pylist()]
    rejects = [(reject.locator, reject.reason, reject.excerpt) for reject in found.rejects]
    return sorted(rows, key=lambda row: row["locator"]), sorted(rejects), found.mapped


@settings(max_examples=400)
@given(LINES, st.sampled_from([b"\n", b"\r\n", b" \n"]), st.booleans(), st.sampled_from([64, 1 << 21]))
@example([], b"\n", True, 64)
def test_lines_read_many_at_once_give_what_lines_read_one_by_one_give(lines, line_end, is_ended, block_bytes):
    content = line_end.join([GOOD, *lines]) + (line_end if is_ended else b"")
    slow = outcome(content, "counts", is_fast=False)
    assert outcome(content, "counts", is_fast=True, block_bytes=block_bytes) == slow


@pytest.mark.parametrize("line", HOSTILE, ids=lambda line: line[:60].decode("utf-8", "backslashreplace"))
def test_one_hostile_line_among_many_costs_what_it_costs_alone(line):
    content = b"\n".join([GOOD] * 20 + [line] * 3 + [GOOD] * 20)
    assert outcome(content, "counts", is_fast=True) == outcome(content, "counts", is_fast=False)


NUMBERS = [
    "0", "-0", "0.0", "-0.0", "1", "1.5", "1e-5", "1E3", "1e400", "1e-400", "9007199254740993", "5e-324",
    "9223372036854775808", "0.1000000000000000055511151231257827", "1." + "1" * 60, "1.", ".5", "00.5", "NaN",
    "-Infinity", "inf", "nan", "0x10", "null", "true", '"1.5"', '"1e3"', '"nan"', '"x"', "1e5000",
    "123456789012345678",
]  # fmt: skip


@given(st.lists(st.sampled_from(NUMBERS) | st.floats(allow_nan=False).map(repr), min_size=1, max_size=6))
def test_numbers_with_fractions_come_out_the_same(numbers):
    base = (
        '{"day_us":0,"day_basis":"calendar_date","platform_name":"X","dimension":"rows","count":1,"min_s":%s}'
    )
    content = "\n".join(base % number for number in ["1.5", *numbers]).encode()
    fast, slow = (outcome(content, "statement_stats", is_fast=is_fast) for is_fast in (True, False))
    assert repr(fast) == repr(slow)  # a zero with a sign is another number


TRUTHS = ["true", "false", "null", '"true"', '"0"', '"yes"', "1", "True", "[]"]


@given(st.lists(st.sampled_from(TRUTHS), min_size=1, max_size=6))
def test_truth_values_come_out_the_same(truths):
    base = (
        '{"account_id":"x:%d","platform":"x","observed_at_us":5,"observed_basis":"server_utc","protected":%s}'
    )
    content = "\n".join(base % (at, truth) for at, truth in enumerate(["true", *truths])).encode()
    assert outcome(content, "accounts", is_fast=True) == outcome(content, "accounts", is_fast=False)


def test_lines_that_are_written_alike_never_pass_one_by_one(monkeypatch):
    def never(*_):
        pytest.fail("a line was read alone")

    monkeypatch.setattr(canonical, "read_line", never)
    rows = [{"study": "s", "kind": "count", "class": f'ñ"{at}\n', "value": at or None} for at in range(50)]
    content = b"".join(json.dumps(row, ensure_ascii=bool(row["value"])).encode() + b"\n" for row in rows)
    found = [*find("table:counts").read(SourceItem(ITEM, "a", lambda: io.BytesIO(content), None, 0))]
    assert all(isinstance(piece, Columns) for piece in found)
    read = {row["class"]: row for piece in found for row in piece.data.to_pylist()}
    assert {words: row.get("value") for words, row in read.items()} == {
        row["class"]: row["value"] for row in rows
    }
    assert sorted(row["locator"] for row in read.values()) == sorted(f"line={at}" for at in range(1, 51))


@given(
    st.lists(st.binary(max_size=12).map(lambda raw: raw.replace(b"\n", b"")), max_size=12),
    st.integers(1, 9),
    st.integers(1, 8),
)
def test_blocks_hold_every_line_with_its_number(lines, block_bytes, limit_bytes):
    content = b"\n".join(lines)
    pieces = []
    for first, block in line_blocks(io.BytesIO(content), block_bytes, limit_bytes):
        raws = block.split(b"\n")
        for at, raw in enumerate(raws):
            if raw or at + 1 < len(raws):
                ended = raw + b"\n" * (at + 1 < len(raws))
                pieces.append(read_line(first + at, ended, limit_bytes))
    assert [piece for piece in pieces if piece is not None] == [*read_lines(io.BytesIO(content), limit_bytes)]


def test_a_line_above_the_limit_is_one_reject_and_the_rest_goes_on():
    content = GOOD + b"\n" + b'{"study":"' + b"m" * (BYTES_LIMIT + 5_000_000) + b'"}\n' + GOOD + b"\n"
    rows, rejects, _ = outcome(content, "counts", is_fast=True)
    assert ([row["locator"] for row in rows], [reject[0] for reject in rejects]) == (
        ["line=1", "line=3"],
        ["line=2"],
    )
    assert "longer" in rejects[0][1]


def test_a_line_alone_is_read_as_in_its_file():
    assert read_line(1, b"\xef\xbb\xbf5\n") == Line("line=1", 5)
    assert isinstance(read_line(2, b"\xef\xbb\xbf5\n"), Reject)
    assert read_line(2, b" \r\n") is None


def test_a_block_without_line_end_is_read_too():
    found, left = uniform_lines.uniform_lines(GOOD, {}, lambda *_: None)
    assert (found, left.tolist()) == ([], [0])
    assert left.dtype == np.int64
