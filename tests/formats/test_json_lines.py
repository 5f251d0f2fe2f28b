"""Strict JSON: what is read, what is refused, and that nothing is lost on the way."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.formats.base import Reject
from perito.formats.delimited import RowFault
from perito.formats.json_lines import (
    NESTING_LIMIT,
    NUMBER_LIMIT_CHARACTERS,
    Line,
    parse,
    read_document,
    read_lines,
)

_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
_KEYS = st.sampled_from(["a", "b", "a:", 'a"', 'a":', "a\\", " ", "", "ñ", "a\\:"])
_LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | _TEXTS
_FINITE = _LEAVES.filter(lambda leaf: leaf not in (float("inf"), float("-inf")))
_SPACES = st.sampled_from(["", " ", "  ", "\t", "\r"])


def read(raw: bytes, **limits) -> list[Line | Reject]:
    return list(read_lines(io.BytesIO(raw), **limits))


def locators(pieces) -> list[str]:
    return [piece.locator for piece in pieces]


@st.composite
def written(draw, value) -> str:
    """JSON text of a tree in which an object is a list of pairs, with any spacing and any escapes."""
    gap = draw(_SPACES)
    if isinstance(value, tuple):
        members = [f"{draw(written(k))}{draw(_SPACES)}:{gap}{draw(written(v))}" for k, v in value]
        return "{" + gap + f"{gap},".join(members) + "}"
    if isinstance(value, list):
        return "[" + f",{gap}".join(draw(written(member)) for member in value) + "]"
    text = json.dumps(value, ensure_ascii=draw(st.booleans()))
    if isinstance(value, str) and draw(st.booleans()):
        text = '"' + "".join(f"\\u{ord(c):04x}" if ord(c) < 128 else c for c in value) + '"'
    return text


_TREES = st.recursive(
    _FINITE,
    lambda below: st.lists(below, max_size=3) | st.lists(st.tuples(_KEYS, below), max_size=4).map(tuple),
    max_leaves=12,
)


def as_value(tree):
    if isinstance(tree, tuple):
        return {key: as_value(member) for key, member in tree}
    return [as_value(member) for member in tree] if isinstance(tree, list) else tree


def repeats_a_key(tree) -> bool:
    if isinstance(tree, tuple):
        keys = [key for key, _ in tree]
        return len(set(keys)) < len(keys) or any(repeats_a_key(member) for _, member in tree)
    return isinstance(tree, list) and any(map(repeats_a_key, tree))


@given(st.data(), _TREES)
def test_a_value_is_read_exactly_unless_a_key_occurs_twice_however_it_is_spaced_and_escaped(data, tree):
    raw = data.draw(written(tree)).encode()
    if repeats_a_key(tree):
        with pytest.raises(RowFault):
            parse(raw)
    else:
        assert parse(raw) == as_value(tree)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"id": 1, "id": 1}',
        b'{"a" : 1, "a" : 2}',
        b'{"a\\":": 1, "b" : 2, "b" : 3}',
        b'{"x": "\\u0022:", "b": 1, "b": 2}',
        b'{"x": {"deep": [{"k": 1, "k": 2}]}}',
        b'{"\\u0061": 1, "a": 2}',
    ],
)
def test_a_key_that_occurs_twice_is_refused_and_named(raw):
    with pytest.raises(RowFault, match="twice"):
        parse(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b"1e400",
        b'"\\ud800"',
        b'"\\udc00 first"',
        b'"\xed\xa0\x80"',
        b'"\xff"',
        b'{"a": "\\u0000"}',
        b'"a\\\\\\u0000"',
        b'"\0"',
        b'{"a": 18446744073709551616}',
        b"-9223372036854775809",
        b'{"a": 99999999999999999999999999, "a": 1}',
        b"[" * 5_000,
        b"[" * 5_000 + b"]" * 5_000,
        b'{"a":' * (NESTING_LIMIT + 1) + b"1" + b"}" * (NESTING_LIMIT + 1),
        b"0." + b"3" * NUMBER_LIMIT_CHARACTERS,
        b"9" * 6_000,
        b"{} {}",
        b"{",
        b"",
        b"'a'",
        b"[1,]",
        b"01",
        b"\xff\xfe{\x00}\x00",
    ],
)
def test_what_json_or_64_bits_cannot_hold_is_refused(raw):
    with pytest.raises(RowFault):
        parse(raw)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"a": NaN}', "NaN"),
        (b'"\\ud800"', "surrogate"),
        (b'"\xff"', "UTF-8 at byte 1"),
        (b'{"a": "\\u0000"}', "NUL"),
        (b"[" * 5_000, "nested"),
        (b"[" * 90 + b"]" * 90, "nested"),
        (b"[1e400]", "1e400"),
        (b'{"a": 18446744073709551616}', "18446744073709551616"),
        (b'{"a": ', "not JSON"),
    ],
)
def test_the_reason_names_the_fault(raw, reason):
    with pytest.raises(RowFault, match=reason):
        parse(raw)


def test_whole_numbers_stay_exact_up_to_64_bits():
    assert parse(b"[9007199254740993, 18446744073709551615, -9223372036854775808]") == [
        9007199254740993,
        18446744073709551615,
        -9223372036854775808,
    ]


def test_the_limits_themselves_are_still_read():
    deepest = b"[" * NESTING_LIMIT + b"]" * NESTING_LIMIT
    longest = b"0." + b"3" * (NUMBER_LIMIT_CHARACTERS - 2)
    assert json.dumps(parse(deepest)).encode() == deepest
    assert parse(longest) == float(longest)


@pytest.mark.parametrize("gap", [" ", "  ", "\t", "\r", "\n", " \t", "\t "])
def test_space_before_a_colon_does_not_hide_a_key_that_occurs_twice(gap):
    assert parse(f'{{"a"{gap}: 1, "b":2}}'.encode()) == {"a": 1, "b": 2}
    with pytest.raises(RowFault, match="'b' occurs twice"):
        parse(f'{{"a"{gap}: 1, "b":2, "b":3}}'.encode())


def test_an_escaped_backslash_before_u0000_is_no_nul():
    assert parse(b'"\\\\u0000"') == "\\u0000"


def test_lines_are_numbered_from_one_and_blank_ones_count_but_are_no_records():
    pieces = read(b'\xef\xbb\xbf{"a": 1}\r\n\n \t\r\n[2]\n{"broken\n"last"')
    assert locators(pieces) == ["line=1", "line=4", "line=5", "line=6"]
    assert [piece.value for piece in pieces if isinstance(piece, Line)] == [{"a": 1}, [2], "last"]
    assert isinstance(pieces[2], Reject)


def test_a_byte_order_mark_is_accepted_only_at_the_start():
    first, second = read(b"\xef\xbb\xbf1\n\xef\xbb\xbf2\n")
    assert (first, type(second)) == (Line("line=1", 1), Reject)


def test_an_empty_file_has_no_records():
    assert read(b"") == read(b"\n\n") == []


def test_a_reject_carries_the_beginning_of_its_line_with_controls_shown():
    (reject,) = read(b'{"a": "\x01' + b"x" * 5_000)
    assert reject.excerpt.startswith('{"a": "\\x01xxx')
    assert len(reject.excerpt) == 200


class _Measured(io.BytesIO):
    """Bytes that remember the largest piece that was asked for."""

    largest = 0

    def readline(self, size=-1, /):
        line = super().readline(size)
        self.largest = max(self.largest, len(line))
        return line


def test_a_line_above_the_limit_is_one_reject_and_is_never_held_whole():
    stream = _Measured(b'"short"\n"' + b"x" * 100_000 + b'"\n"after"\n')
    pieces = list(read_lines(stream, limit_bytes=64))
    assert locators(pieces) == ["line=1", "line=2", "line=3"]
    assert [type(piece) for piece in pieces] == [Line, Reject, Line]
    assert stream.largest <= 65


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_line_of_exactly_the_limit_is_read(end):
    assert read(b'"' + b"x" * 8 + b'"' + end, limit_bytes=10) == [Line("line=1", "x" * 8)]


@pytest.mark.parametrize("end", [b"", b"\n", b"\n1\n"])
def test_a_line_one_byte_above_the_limit_is_rejected(end):
    pieces = read(b'"' + b"x" * 9 + b'"' + end, limit_bytes=10)
    assert isinstance(pieces[0], Reject)
    assert len(pieces) == 1 + (end == b"\n1\n")


def test_a_document_may_spread_over_lines_and_keeps_to_its_limit():
    assert read_document(io.BytesIO(b'\xef\xbb\xbf{\n "a": [\n1]}\n')) == {"a": [1]}
    with pytest.raises(RowFault):
        read_document(io.BytesIO(b"[1, 2, 3]"), limit_bytes=8)


@given(st.lists(_TREES.filter(lambda tree: not repeats_a_key(tree)), max_size=8), st.data())
def test_damaged_lines_are_rejected_one_for_one_and_all_others_are_exact(trees, data):
    lines = [json.dumps(as_value(tree)).encode() for tree in trees]
    damaged = {n for n in range(len(lines)) if data.draw(st.booleans())}
    raw = b"".join((b"{" + line if n in damaged else line) + b"\n" for n, line in enumerate(lines))
    pieces = read(raw)
    assert locators(pieces) == [f"line={n}" for n in range(1, len(lines) + 1)]
    for number, piece in enumerate(pieces):
        if number in damaged:
            assert isinstance(piece, Reject)
        else:
            assert piece == Line(f"line={number + 1}", as_value(trees[number]))


@given(st.binary(max_size=200))
def test_any_bytes_give_lines_or_rejects_and_never_an_error(raw):
    given_lines = [n for n, line in enumerate(raw.split(b"\n"), 1) if line.strip(b" \t\r\n")]
    pieces = read(raw)
    if not raw.startswith(b"\xef\xbb\xbf"):
        assert locators(pieces) == [f"line={n}" for n in given_lines]
    assert all(isinstance(piece, Line | Reject) for piece in pieces)
