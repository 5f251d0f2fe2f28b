"""Charts repeat numbers of their finding, in both languages, and add none."""

import json

import pytest
import vl_convert

from perito.findings import LANGUAGES, Text, Value, verbatim
from perito.findings.charts import band_chart, bar_chart, interval_chart
from perito.stats.interval import Interval

AXIS = Text("images", "imágenes")
LABEL = Text("of {total}", "de {total}")
NUMBERS = {"total": Value("total", AXIS, 1234, "images")}
SAID = Value("a", AXIS, 5.0, "images", Interval(4.0, 7.0, 0.95, "exact"), "conditional")
BARE = Value("b", AXIS, 3, "images")
UNSAID = Value("c", AXIS, None, "images", status="cannot_say")

CHARTS = {
    "interval": interval_chart(
        [(LABEL, SAID), (verbatim("x"), BARE), (verbatim("y"), UNSAID)], AXIS, NUMBERS
    ),
    "interval of shares": interval_chart([(LABEL, SAID)], AXIS, NUMBERS, is_share=True),
    "band": band_chart([(0.99, SAID), (1.0, UNSAID)], AXIS, AXIS, NUMBERS),
    "bar": bar_chart([(LABEL, verbatim("x"), SAID), (LABEL, verbatim("y"), UNSAID)], AXIS, NUMBERS),
    "bar of counts": bar_chart([(LABEL, verbatim("x"), SAID)], AXIS, NUMBERS, is_share=False),
    "nothing": bar_chart([], AXIS, NUMBERS),
}


def rows(chart, language="en"):
    return chart[language]["data"]["values"]


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_specification_compiles_and_is_plain_data(name, language):
    spec = CHARTS[name][language]
    assert json.loads(json.dumps(spec)) == spec
    assert vl_convert.vegalite_to_vega(spec, vl_version="5.21")["marks"]


@pytest.mark.parametrize("name", CHARTS)
def test_the_languages_differ_in_words_only(name):
    def without_words(node):
        if isinstance(node, dict):
            return {
                key: without_words(value)
                for key, value in node.items()
                if key not in {"title", "label", "panel"}
            }
        return [without_words(one) for one in node] if isinstance(node, list) else node

    assert without_words(CHARTS[name]["en"]) == without_words(CHARTS[name]["es"])


def test_a_dot_has_its_estimate_and_its_interval_and_nothing_where_nothing_is_said():
    assert [(row["estimate"], row["low"], row["high"]) for row in rows(CHARTS["interval"])] == [
        (5.0, 4.0, 7.0),
        (3, None, None),
        (None, None, None),
    ]


def test_a_band_keeps_the_setting_of_each_point():
    assert [(row["x"], row["estimate"], row["low"]) for row in rows(CHARTS["band"])] == [
        (0.99, 5.0, 4.0),
        (1.0, None, None),
    ]


def test_what_was_not_said_has_no_bar_and_a_zero_has_one():
    zero = Value("d", AXIS, 0, "images")
    chart = bar_chart(
        [(LABEL, verbatim(name), value) for name, value in zip("xyz", (SAID, UNSAID, zero), strict=True)],
        AXIS,
        NUMBERS,
    )
    assert [(row["label"], row["estimate"]) for row in rows(chart)] == [("x", 5.0), ("z", 0)]


def test_labels_are_in_the_language_with_their_numbers_printed():
    assert [row["label"] for row in rows(CHARTS["interval"], "es")] == ["de 1.234", "x", "y"]
    assert [row["panel"] for row in rows(CHARTS["bar"], "en")] == ["of 1,234"]


@pytest.mark.parametrize(
    "character", ["\0", "\x07", "\x1b", "\x7f", "\u202e", "\u2028", "\ufffe", "\uffff", "\ud800"]
)
def test_a_character_that_no_picture_can_hold_is_shown_as_its_code_and_drawn(character):
    words = verbatim(f"a{character}b")
    charts = (
        interval_chart([(words, SAID)], words, NUMBERS),
        bar_chart([(words, words, SAID)], words, NUMBERS),
    )
    for chart in charts:
        assert rows(chart)[0]["label"].isprintable()
        assert [title.isprintable() for title in titles(chart["en"])] == [True] * len(
            list(titles(chart["en"]))
        )
        assert "<svg" in vl_convert.vegalite_to_svg(chart["en"], vl_version="5.21")


def test_a_long_label_is_broken_into_lines_without_losing_a_word():
    words = "subject of a generated image that shows the person without clothes"
    (row,) = rows(interval_chart([(verbatim(words), SAID)], AXIS, NUMBERS))
    assert "\n" in row["label"]
    assert row["label"].split() == words.split()


def titles(node):
    if isinstance(node, dict):
        for key, value in node.items():
            yield from value if key == "title" and value else titles(value)
    elif isinstance(node, list):
        for one in node:
            yield from titles(one)


@pytest.mark.parametrize("name", CHARTS)
def test_the_axis_says_in_the_language_what_is_drawn(name):
    assert set(titles(CHARTS[name]["en"])) == {"images"}
    assert set(titles(CHARTS[name]["es"])) == {"imágenes"}


def test_a_chart_grows_with_its_rows():
    heights = [interval_chart([(LABEL, SAID)] * count, AXIS, NUMBERS)["en"]["height"] for count in (1, 2, 5)]
    assert heights == sorted(set(heights))


def test_a_share_starts_at_zero_and_is_marked_in_percent():
    spec = json.dumps(CHARTS["interval of shares"]["en"])
    assert '".0%"' in spec
    assert '"zero": true' in spec
    assert '%"' not in json.dumps(CHARTS["interval"]["en"])
