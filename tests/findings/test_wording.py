"""The wording rules: what was measured, in words that accuse nobody and digits that can be recomputed."""

import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import WordingError
from perito.findings import Finding, Scope, Text, Value
from perito.findings.wording import check_finding, check_text, refused_words, version

RULES = tomllib.loads((files("perito.findings") / "wording.toml").read_text("utf-8"))
PHRASES = [(lang, phrase) for lang in ("en", "es") for group in RULES[lang].values() for phrase in group]
NUMBERS = {"total": Value("total", Text("a", "b"), 5, "items", derivation="q/total")}


@pytest.mark.parametrize(("language", "phrase"), PHRASES)
def test_every_listed_phrase_is_refused_wherever_it_stands(language, phrase):
    for sentence in (phrase, f"X {phrase.upper()} y", f"«{phrase}».", phrase.replace(" ", "\n  ")):
        assert [word.lower().split() for word in refused_words(sentence, language)] == [phrase.split()]


@pytest.mark.parametrize("phrase", ["complicit", "knowingly", "deepfake detected"])
def test_the_words_that_the_rules_name_are_on_the_list(phrase):
    assert ("en", phrase) in PHRASES
    assert set(RULES["en"]) == set(RULES["es"]) > {"guilt", "coordination"}


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "The word knowinglyx and unproven words are others."),
        ("en", "The interval holds if the labels are right."),
        ("es", "Realmente no es realista."),
    ],
)
def test_a_phrase_inside_another_word_is_not_refused(language, sentence):
    assert refused_words(sentence, language) == []


def test_refused_words_come_in_their_order():
    assert refused_words("Guilty, and knowingly so: it proves guilt.", "en") == [
        "Guilty",
        "knowingly",
        "proves",
        "guilt",
    ]


def test_a_language_is_checked_against_its_own_list():
    assert refused_words("culpa", "en") == []
    assert refused_words("culpa", "es") == ["culpa"]


@given(st.characters(categories=["Nd"]))
def test_a_digit_of_any_script_outside_a_reference_is_refused(digit):
    with pytest.raises(WordingError, match="number"):
        check_text(Text(f"about {digit} items", "unos elementos"), {}, "q")


@pytest.mark.parametrize("text", [Text("knowingly", "bien"), Text("well", "a sabiendas")])
def test_both_languages_are_checked_and_the_place_is_named(text):
    with pytest.raises(WordingError) as caught:
        check_text(text, {}, "grok-minors")
    assert "grok-minors" in str(caught.value)
    assert str(caught.value).count("knowingly") + str(caught.value).count("a sabiendas") >= 1


@pytest.mark.parametrize(
    "text",
    [
        Text("{total} items", "{total} elementos"),
        Text("by ‹Clopper and Pearson 1934›", "según ‹Clopper y Pearson 1934›"),
        Text("«{quote}»", "«{quote}»", {"quote": "100 % knowingly guilty, a sabiendas"}),
        Text("", ""),
    ],
)
def test_references_citations_and_quotations_may_hold_what_words_of_ours_may_not(text):
    check_text(text, NUMBERS, "q")


def test_a_text_of_ours_inside_another_is_ours_all_the_same():
    with pytest.raises(WordingError):
        check_text(Text("{inner}", "{inner}", {"inner": Text("to blame", "bien")}), {}, "q")


@pytest.mark.parametrize("template", ["{total", "total}", "‹Wilson", "a › b", "{}", "{{total}}"])
def test_a_mark_without_its_counterpart_is_refused(template):
    with pytest.raises(WordingError, match="closed"):
        check_text(Text(template, "bien"), NUMBERS, "q")


def finding(**parts):
    words = Text("words", "palabras")
    whole = {"question": words, "definition": words, "headline": words, "does_not_show": (words,), **parts}
    return Finding("q", "prevalence", "1", scope=Scope(), status="exact", **whole)


@pytest.mark.parametrize("field", ["question", "definition", "headline"])
def test_every_part_of_a_finding_is_checked(field):
    check_finding(finding())
    with pytest.raises(WordingError, match="guilty"):
        check_finding(finding(**{field: Text("guilty", "bien")}))


@pytest.mark.parametrize("field", ["conditions", "assumptions", "rivals", "does_not_show"])
def test_every_sentence_of_a_finding_is_checked(field):
    with pytest.raises(WordingError, match="negligencia"):
        check_finding(finding(**{field: (Text("well", "negligencia"),)}))


def test_a_finding_that_does_not_say_what_it_does_not_show_is_refused():
    with pytest.raises(WordingError, match="does not show"):
        check_finding(finding(does_not_show=()))


def test_the_list_has_a_version():
    assert version() == RULES["version"]
