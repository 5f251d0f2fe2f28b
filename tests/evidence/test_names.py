from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.evidence.names import name_fault, shown_name, stored_name

ANY_TEXT = st.text(st.characters(codec=None))


@pytest.mark.parametrize(
    "name",
    [
        "../evil.txt",
        "a/../../b",
        "..",
        "..\\evil.txt",
        "a\\..\\b",
        "/etc/passwd",
        "\\\\server\\share",
        "C:evil.txt",
        "c:\\evil.txt",
        "",
        "x" * 65_536,
    ],
)
def test_a_name_that_could_lead_out_of_a_folder_is_refused(name):
    assert name_fault(name)


@pytest.mark.parametrize(
    "name",
    [
        "a.csv",
        "data/a.csv",
        "..a",
        "a..b/c",
        "...",
        "CON",
        "a\u202egpj.exe",
        "a\0b",
        "ñ/é.json",
        "x" * 65_535,
        "10:30.txt",
    ],
)
def test_a_strange_name_that_does_no_harm_is_kept(name):
    assert name_fault(name) is None


@given(ANY_TEXT)
def test_a_stored_name_is_always_valid_text_without_nul(raw):
    stored = stored_name(raw)
    stored.encode("utf-8")
    assert "\0" not in stored


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_an_ordinary_name_is_stored_as_it_is(raw):
    assert stored_name(raw) == raw


@given(ANY_TEXT)
def test_a_shown_name_has_no_character_that_deceives(raw):
    assert not {unicodedata.category(c) for c in shown_name(raw)} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_bytes_that_are_no_utf8_are_stored_as_escapes():
    assert stored_name(b"caf\xe9".decode("utf-8", "surrogateescape")) == "caf\\xe9"
    assert stored_name("a\0b") == "a\\x00b"
    assert stored_name("\ud83d") == "\\ud83d"


def test_astral_format_characters_are_shown_with_eight_digits():
    assert shown_name("a\U000e0041") == "a\\U000e0041"
