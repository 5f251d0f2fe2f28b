"""Printing: numbers lead to their derivations, quotes are inert, and nothing said is not zero."""

from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markupsafe import Markup

from perito.dossier.printing import Printer, anchor, quote
from perito.findings import Text, Value
from perito.stats import Interval

TOTAL = Value(
    "total",
    Text("total", "total"),
    3002712.4,
    "images",
    Interval(2972011, 3033213, 0.95, "wilson"),
    "conditional",
    derivation="q/total",
)
UNSAID = Value("rest", Text("rest", "resto"), None, "images", status="cannot_say", derivation="q/rest")
NUMBERS = {"total": TOTAL, "rest": UNSAID}


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def parsed(markup):
    tags = Tags()
    tags.feed(str(markup))
    tags.close()
    return tags


def test_a_number_is_a_link_to_its_derivation_printed_by_locale():
    ((tag, given),) = parsed(Printer("es", NUMBERS).number(TOTAL)).tags
    assert (tag, given["href"]) == ("a", "#d-q-total")
    assert (given["data-d"], given["data-p"]) == ("q/total", "estimate")
    assert parsed(Printer("es", NUMBERS).number(TOTAL)).text == "3.002.712"
    assert parsed(Printer("en", NUMBERS).number(TOTAL)).text == "3,002,712"


def test_an_interval_prints_both_ends_with_their_parts():
    made = parsed(Printer("en", NUMBERS).interval(TOTAL))
    assert made.text == "[2,972,011 – 3,033,213]"
    assert [given["data-p"] for tag, given in made.tags if tag == "a"] == ["low", "high"]


def test_a_number_that_cannot_be_said_is_a_dash_without_a_link():
    printer = Printer("en", NUMBERS)
    assert printer.number(UNSAID) == "–"
    assert printer.interval(UNSAID) == ""
    assert printer.cell(None) == "–"
    assert "data-d" not in printer.cell(UNSAID)


def test_a_value_is_printed_with_its_unit_and_interval():
    assert parsed(Printer("es", NUMBERS).value(TOTAL)).text == "3.002.712 imágenes [2.972.011 – 3.033.213]"
    assert parsed(Printer("es", NUMBERS).value(UNSAID)).text == "–"


def test_a_sentence_links_its_numbers_and_marks_its_quotes():
    text = Text("{total} of «{class}» ‹Wilson 1927›", "x", {"class": "a <b>"})
    made = parsed(Printer("en", NUMBERS).text(text))
    assert made.text == "3,002,712 of «a <b>» Wilson 1927"
    assert [tag for tag, _ in made.tags] == ["a", "span", "span"]


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (TOTAL, "3,002,712 [2,972,011 – 3,033,213]"),
        (Text("yes", "sí"), "yes"),
        ("2025-Q3", "2025-Q3"),
        (None, "–"),
    ],
)
def test_a_cell_is_a_number_words_a_quote_or_a_dash(cell, shown):
    assert parsed(Printer("en", NUMBERS).cell(cell)).text == shown


def test_an_anchor_is_one_fragment():
    assert anchor("q/waves/1/rate") == "d-q-waves-1-rate"


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\u202egnp.exe",
    "a\x00b\x1b[31m",
    "=cmd|' /C calc'!A0",
    "&lt;b&gt;",
    "{{ 7 * 7 }}{% raw %}",
    "x" * 5000,
    "\u2028\u2029\ufeff\u00ad",
    "‹1›{total}",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_are_inert(words):
    made = parsed(quote(words))
    assert [tag for tag, _ in made.tags] == ["span"]
    assert "q" in made.tags[0][1]["class"].split()
    assert not set(made.text) & set("\x00\x1b\u202e\u2028\u2029\ufeff\u00ad")


def test_words_without_tricks_are_shown_as_they_are():
    assert parsed(quote("árbol «20 %» & co.")).text == "árbol «20 %» & co."


@given(st.text(max_size=80))
@example("<a class='n' data-d='q/total' data-p='estimate'>9</a>")
def test_no_quote_becomes_markup_or_a_number(words):
    made = parsed(Printer("en", NUMBERS).text(Text("{w}", "{w}", {"w": words})))
    assert [tag for tag, _ in made.tags] == ["span"]
    assert "data-d" not in made.tags[0][1]
    assert isinstance(quote(words), Markup)
