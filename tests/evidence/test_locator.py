from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import LocatorError
from perito.evidence import Locator

NAMES = st.text(min_size=1)
STEPS = st.lists(NAMES | st.integers(1, 10**9), max_size=3).map(tuple)
POINTERS = st.none() | st.just("") | st.text().map(lambda text: "/" + text)
COUNTS = st.integers(1, 10**17)


@st.composite
def locators(draw):
    place = draw(st.sampled_from(["line", "row", "span", None]))
    parts = {"steps": draw(STEPS)}
    if place == "span":
        first = draw(COUNTS)
        return Locator(**parts, span=(first, first + draw(st.integers(0, 99))))
    if place is not None:
        parts[place] = draw(COUNTS)
    return Locator(**parts, pointer=draw(POINTERS))


@given(locators())
def test_a_locator_written_and_read_is_the_same(locator):
    assert Locator.parse(str(locator)) == locator


@given(locators())
def test_a_locator_as_text_can_be_printed_on_one_line(locator):
    assert str(locator).isprintable()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Locator()),
        ("line=17#/data/3", Locator(line=17, pointer="/data/3")),
        ("row=12", Locator(row=12)),
        ("row=0", Locator(row=0)),
        ("member=a/b.json;line=4", Locator(("a/b.json",), line=4)),
        ("member=a.csv;row=12", Locator(("a.csv",), row=12)),
        ("member=a.zip;member=b.csv;row=1", Locator(("a.zip", "b.csv"), row=1)),
        ("entry=5;row=1", Locator((5,), row=1)),
        ("member=a", Locator(("a",))),
        ("member=x=y", Locator(("x=y",))),
        ("member=a.json#/0", Locator(("a.json",), pointer="/0")),
        ("#/data/0/id", Locator(pointer="/data/0/id")),
        ("#", Locator(pointer="")),
        ("#/a#b;c", Locator(pointer="/a#b;c")),
        ("bytes=0-99", Locator(span=(0, 99))),
    ],
)
def test_the_grammar_is_read_and_written_alike(text, expected):
    assert Locator.parse(text) == expected
    assert str(expected) == text


def test_characters_of_the_grammar_in_a_member_name_are_percent_encoded():
    assert str(Locator(("a;b#c%d.csv",), row=1)) == "member=a%3Bb%23c%25d.csv;row=1"
    assert str(Locator(("ñ\u202e.csv",))) == "member=ñ%E2%80%AE.csv"


@pytest.mark.parametrize(
    "text",
    [
        "17",
        "line",
        "line=",
        "line=0",
        "line=-1",
        "line=1;row=2",
        "line=1;line=2",
        "row=1;member=a",
        "row=\u0661",
        "row=1 ",
        "line=9999999999999999999",
        "member=",
        "member=%zz",
        "member=%FF",
        "member=a;",
        "entry=0",
        "#data",
        "bytes=9-1",
        "bytes=1",
        "bytes=1-2#/a",
        "column=3",
        ";",
    ],
)
def test_a_text_outside_the_grammar_is_refused(text):
    with pytest.raises(LocatorError):
        Locator.parse(text)


@given(st.text())
def test_any_text_is_read_or_refused_by_name(text):
    try:
        locator = Locator.parse(text)
    except LocatorError:
        return
    assert Locator.parse(str(locator)) == locator


@pytest.mark.parametrize(
    "parts",
    [
        {"line": 1, "row": 1},
        {"line": 0},
        {"row": -1},
        {"span": (-1, 4)},
        {"span": (0, 4), "pointer": ""},
        {"steps": ("",)},
        {"steps": (0,)},
        {"pointer": "data"},
    ],
)
def test_parts_that_do_not_go_together_are_refused(parts):
    with pytest.raises(LocatorError):
        Locator(**parts)
