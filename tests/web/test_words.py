"""Both catalogues say the same things; every text that a page asks for, and every refusal, is there."""

import re
import string
from importlib.resources import files

import pytest

from perito.web.refused import STATUS
from perito.web.roles import ROLES
from perito.web.words import LANGUAGES, Words, catalogue


def places(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_texts_with_the_same_places():
    en, es = (catalogue(language) for language in ("en", "es"))
    assert set(en) == set(es)
    assert [key for key in en if places(en[key]) != places(es[key])] == []


def test_no_text_was_left_in_the_other_language():
    same = {key for key, text in catalogue("en").items() if text == catalogue("es")[key] and len(text) > 4}
    assert same == {"live.interval"}  # numbers and brackets only


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_that_a_page_asks_for_is_there(language):
    known = catalogue(language)
    for entry in (files("perito.web") / "templates").iterdir():
        for key in re.findall(r'\bt\("([a-z_.]+)"[,)]', entry.read_text("utf-8")):
            assert key in known, (entry.name, key)


def test_every_refusal_and_every_role_has_its_words():
    known = set(catalogue("en"))
    assert {f"refused.{code}" for code in STATUS} == {key for key in known if key.startswith("refused.")}
    assert {f"role.{role}" for role in ROLES} == {key for key in known if key.startswith("role.")}


def test_no_claim_is_made_that_the_blurring_protects():
    for language, word in (("en", "studies disagree"), ("es", "los estudios no coinciden")):
        assert word in catalogue(language)["home.care_claim"]


def test_numbers_and_times_are_written_as_the_language_does():
    assert [Words(language).number(1234567.891, 2) for language in ("en", "es")] == [
        "1,234,567.89",
        "1.234.567,89",
    ]
    assert [Words(language).share(0.0346, 1) for language in ("en", "es")] == ["3.5%", "3,5\xa0%"]
    assert Words("es").time(0) == "1 ene 1970, 00:00 UTC"
    assert Words("en").minutes(90_000_000) == "1.5"


def test_keys_of_one_language_do_not_collide():
    for language in LANGUAGES:
        keys = [text for key, text in catalogue(language).items() if key.startswith("keys.")]
        assert len(keys) == len(set(keys))
