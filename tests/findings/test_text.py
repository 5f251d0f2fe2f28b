"""Bilingual prose: every number a reference, every quotation verbatim."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import DossierError
from perito.findings import LANGUAGES, Segment, Text, Value, verbatim
from perito.stats.interval import Interval

PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="{}‹›"), max_size=20)
ANY = st.text(st.characters(codec="utf-8"), max_size=30)
LABEL = Text("items", "elementos")
TOTAL = Value("total", LABEL, 1234, "items", Interval(1000.0, 2345.0, 0.95, "exact"), derivation="q/total")
NUMBERS = {"total": TOTAL}


@given(PLAIN, PLAIN)
def test_plain_words_are_printed_as_they_are(en, es):
    text = Text(en, es)
    assert text.to_json({}) == {"en": en, "es": es}
    assert all(segment.kind == "words" for segment in text.segments("en", {}))


def test_a_reference_becomes_the_number_in_the_language_with_its_derivation():
    text = Text("about {total} items", "unos {total} elementos")
    assert list(text.segments("en", NUMBERS)) == [
        Segment("words", "about "),
        Segment("number", "1,234", "q/total", "estimate"),
        Segment("words", " items"),
    ]
    assert text.plain("es", NUMBERS) == "unos 1.234 elementos"


@pytest.mark.parametrize(
    ("part", "printed"), [("estimate", "1,234"), ("low", "1,000"), ("high", "2,345"), ("level", "95%")]
)
def test_a_reference_may_name_a_part_of_the_interval(part, printed):
    (segment,) = Text(f"{{total.{part}}}", "").segments("en", NUMBERS)
    assert segment == Segment("number", printed, "q/total", part)


def test_a_part_that_the_number_does_not_have_is_printed_as_a_dash_not_as_zero():
    without = {"total": Value("total", LABEL, 5, "items")}
    assert Text("{total.low}", "").plain("en", without) == "–"


def test_a_part_that_no_number_has_is_refused():
    with pytest.raises(DossierError, match="low"):
        Text("{total.lwo}", "").plain("en", NUMBERS)


@given(ANY)
def test_a_quotation_is_printed_verbatim_whatever_it_holds(words):
    text = Text("of {class}", "de {class}", {"class": words})
    assert text.plain("en", NUMBERS) == f"of {words}"
    assert list(text.segments("es", NUMBERS)) == [Segment("words", "de "), Segment("quote", words)]


@given(ANY)
def test_words_of_a_source_are_the_same_in_both_languages(words):
    text = verbatim(words)
    assert {text.plain(language, NUMBERS) for language in LANGUAGES} == {words}
    assert all(segment.kind == "quote" for segment in text.segments("en", NUMBERS))


def test_a_quoted_text_of_ours_is_resolved_in_its_language_with_its_own_references():
    inner = Text("{total} posts", "{total} publicaciones")
    outer = Text("among {things}.", "entre {things}.", {"things": inner})
    assert outer.plain("es", NUMBERS) == "entre 1.234 publicaciones."
    assert [segment.kind for segment in outer.segments("en", NUMBERS)] == [
        "words",
        "number",
        "words",
        "words",
    ]


def test_a_citation_is_printed_without_its_marks():
    text = Text("by ‹Wilson 1927›", "según ‹Wilson 1927›")
    assert list(text.segments("en", {})) == [Segment("words", "by "), Segment("quote", "Wilson 1927")]


def test_adding_quotations_changes_neither_the_text_nor_those_it_has():
    text = Text("{a}{b}", "{b}{a}", {"a": "1"})
    assert text.quoting(b="2").plain("es", {}) == "21"
    assert text.quoting(a="3", b="2").plain("en", {}) == "32"
    assert text.quotes == {"a": "1"}


@pytest.mark.parametrize("numbers", [{}, NUMBERS])
def test_a_reference_to_nothing_is_refused_and_the_sentence_named(numbers):
    with pytest.raises(DossierError) as caught:
        Text("about {totl}", "").plain("en", numbers)
    assert "about {totl}" in str(caught.value)
    assert ("'total'" in str(caught.value)) is bool(numbers)


@given(st.lists(PLAIN, min_size=1, max_size=4), st.lists(ANY, min_size=3, max_size=3))
def test_segments_put_together_are_the_sentence(words, quotes):
    names = dict(zip("abc", quotes, strict=True))
    template = "{a}".join(words) + "{b}{c}"
    text = Text(template, template, names)
    expected = names["a"].join(words) + names["b"] + names["c"]
    assert text.plain("en", {}) == expected == "".join(s.text for s in text.segments("es", {}))
