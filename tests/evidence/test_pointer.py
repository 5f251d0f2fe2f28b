from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import LocatorError
from perito.evidence.pointer import element, json_text, read_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
# RFC 6901, section 5: the example document and every pointer evaluated there.
RFC_6901 = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}
RFC_6901_POINTERS = {
    "": RFC_6901,
    "/foo": ["bar", "baz"],
    "/foo/0": "bar",
    "/": 0,
    "/a~1b": 1,
    "/c%d": 2,
    "/e^f": 3,
    "/g|h": 4,
    "/i\\j": 5,
    '/k"l': 6,
    "/ ": 7,
    "/m~0n": 8,
}


def paths(value, here=""):
    yield here, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from paths(one, here + "/" + str(key).replace("~", "~0").replace("/", "~1"))


def at(document, pointer):
    return json_text(element(read_json(json.dumps(document).encode()), pointer))


@pytest.mark.parametrize(("pointer", "expected"), RFC_6901_POINTERS.items())
def test_the_examples_of_rfc_6901_lead_where_it_says(pointer, expected):
    assert json.loads(at(RFC_6901, pointer)) == expected


@given(JSON)
def test_every_element_of_a_document_is_reached_by_its_pointer(document):
    for pointer, expected in paths(document):
        assert json.loads(at(document, pointer)) == expected


@given(JSON)
def test_canonical_text_does_not_depend_on_order_or_spaces(document):
    compact = json_text(read_json(json.dumps(document).encode()))
    spaced = json.dumps(document, sort_keys=True, indent=3, ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )
    assert json_text(read_json(spaced)) == compact == json_text(read_json(compact))


@pytest.mark.parametrize("number", ["1599805658098386536", "1.50", "1e400", "-0", "9" * 5_000])
def test_a_number_keeps_the_digits_with_which_it_was_written(number):
    assert at([0], "/0") == b"0"
    assert json_text(read_json(f'{{"id": {number}}}'.encode())) == f'{{"id":{number}}}'.encode()


@pytest.mark.parametrize(
    "pointer", ["/nope", "/foo/2", "/foo/-", "/foo/00", "/foo/01", "/foo/x", "/foo/0/0", "foo"]
)
def test_a_pointer_that_leads_nowhere_is_refused(pointer):
    with pytest.raises(LocatorError):
        at(RFC_6901, pointer)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[1,]",
        b"NaN",
        b'{"a":Infinity}',
        b'{"a":1,"a":2}',
        b'"\xff"',
        b"\xff\xfe[\0]\0",
        b"[" * 100_000,
        b"x=1",
        b"{} {}",
    ],
)
def test_what_is_no_json_is_refused(raw):
    with pytest.raises(LocatorError):
        read_json(raw)


def test_a_byte_order_mark_and_the_assignment_of_a_script_are_passed_over():
    assert read_json(b"\xef\xbb\xbf[true]") == [True]
    assert read_json(b'window.YTD.tweets.part0 = [\n{"a": "b"}]') == [{"a": "b"}]


def test_a_lone_surrogate_comes_out_as_its_escape():
    assert json_text(read_json(b'"\\ud800"')) == b'"\\ud800"'
