from __future__ import annotations

import json

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from perito.errors import CaseError
from perito.evidence.log import ENTRY_BYTES_MAX, canonical
from perito.evidence.log.canonical_form import canonical_many

SAFE = 2**53 - 1
numbers = st.integers(-SAFE, SAFE) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=20)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
records = st.dictionaries(texts, values, max_size=6)


def accepted(data):
    try:
        canonical(data)
    except CaseError:
        return False
    return True


def is_object_in_canonical_form(data):
    """The definition, by the reference library alone."""
    try:
        value = json.loads(data, parse_int=lambda text: int(text) if abs(int(text)) <= SAFE else float(text))
        return data[:1] == b"{" and rfc8785.dumps(value) == data
    except (ValueError, rfc8785.CanonicalizationError):
        return False


@given(records)
def test_a_mapping_is_written_as_rfc_8785_has_it_and_is_accepted_in_that_form(record):
    data = rfc8785.dumps(record)
    assert canonical(record) == data
    assert canonical(data) == data


@given(records)
@example({"a": 1e21})
@example({"a": -0.0})
@example({"a": 1e16, "b": 5e-324})
@example({"a": 2.0**53, "b": 1e20})
@example({"a": 9007199254740991, "b": -9007199254740991})
@example({"\U0001f600": 1, "\ufb00": 2})  # sorted by UTF-16 units: the astral one first
@example({"a": "sha256:12e4", "b": [1, 2.5], "c": ["\x7f\u2028"]})
def test_bytes_are_accepted_only_in_canonical_form(record):
    compact = json.dumps(record, separators=(",", ":"), ensure_ascii=False)
    for text in (compact, json.dumps(record), json.dumps(record, separators=(",", ":"), sort_keys=True)):
        try:
            data = text.encode()
        except UnicodeEncodeError:
            continue
        assert accepted(data) == is_object_in_canonical_form(data)


@given(records, st.integers(0, 10**6), st.integers(0, 7))
def test_a_flipped_bit_is_accepted_only_if_the_form_still_holds(record, place, bit):
    data = bytearray(rfc8785.dumps(record))
    data[place % len(data)] ^= 1 << bit
    assert accepted(bytes(data)) == is_object_in_canonical_form(bytes(data))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"1.5",
        b'"text"',
        b'{"a":1}\n',
        b' {"a":1}',
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'{"a":-0}',
        b'{"a":01}',
        b'{"a":9007199254740993}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":NaN}',
        b'{"a":"\\u0061"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b'{"a":1},{"b":2}',
        b'{"a":1',
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_is_no_canonical_object_is_refused(data):
    with pytest.raises(CaseError):
        canonical(data)


def test_two_halves_do_not_make_up_an_entry():
    for halves in (
        [b'{"a":1', b'"b":2}'],
        [b'{"a":1},{"b":2}', b'{"a":[{}', b"{}]}"],
        [b'{"a":[{},{}', b"{}]}"],
    ):
        with pytest.raises(CaseError):
            canonical_many([b"{}", *halves, b"{}"])


def test_the_refusal_names_the_record():
    with pytest.raises(CaseError) as fault:
        canonical_many([{"a": 1}, b"{}", b"{ }", {}])
    assert fault.value.where == "record 2"


@pytest.mark.parametrize(
    "record",
    [
        {"a": float("nan")},
        {"a": float("inf")},
        {"a": 2**53},
        {"a": "\ud800"},
        {1: "a"},
        {"a": b"bytes"},
        {"a": {1, 2}},
        ["a"],
        "text",
        None,
        7,
    ],
    ids=repr,
)
def test_what_has_no_canonical_form_is_refused(record):
    with pytest.raises(CaseError):
        canonical(record)


def test_nesting_beyond_what_can_be_followed_is_refused():
    deep = {}
    for _ in range(100_000):
        deep = {"a": deep}
    with pytest.raises(CaseError):
        canonical(deep)
    with pytest.raises(CaseError):
        canonical(b'{"a":' * 100_000 + b"{}" + b"}" * 100_000)


def test_nesting_that_can_be_followed_is_accepted():
    data = b'{"a":' * 300 + b"{}" + b"}" * 300
    assert canonical(data) == data
    assert canonical_many([b"{}", data]) == [b"{}", data]


def test_an_entry_may_have_65535_bytes_and_no_more():
    longest = b'{"a":"' + b"x" * (ENTRY_BYTES_MAX - 8) + b'"}'
    assert len(canonical(longest)) == 65_535
    with pytest.raises(CaseError) as fault:
        canonical_many([{}, {"a": "x" * (ENTRY_BYTES_MAX - 7)}])
    assert fault.value.where == "record 1"
    assert fault.value.found == "65536"


def test_mappings_and_bytes_can_be_given_together():
    assert canonical_many([{"b": 1, "a": 2}, b'{"c":3}']) == [b'{"a":2,"b":1}', b'{"c":3}']
    assert canonical_many([]) == []
