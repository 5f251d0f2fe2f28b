"""Charts: drawn the same every time, readable as text, in the reader's language, and reaching nowhere."""

import re

import pytest

from perito.dossier.charts import draw
from perito.findings import Text, Value
from perito.findings.charts import band_chart, bar_chart, interval_chart
from perito.stats import Interval


def value(estimate, low=None, high=None, unit="images"):
    interval = None if low is None else Interval(low, high, 0.95, "wilson")
    return Value("n", Text("n", "n"), estimate, unit, interval, "conditional" if interval else "declared")


def same(words):
    return Text(words, words)


AXIS = Text("number of images", "número de imágenes")
ROWS = [
    (Text("as given", "la indicada"), value(3_002_712, 2_972_011, 3_033_213)),
    (Text("not said", "no consta"), value(None)),
]


@pytest.fixture
def interval():
    return interval_chart(ROWS, AXIS, {})


@pytest.fixture
def bars():
    panel, other = Text("synthetic", "sintético"), Text("children", "menores")
    rows = [
        (panel, same("X"), value(0.5)),
        (panel, same("TikTok"), value(0.0)),
        (panel, same("Y"), value(None)),
    ]
    return bar_chart([*rows, (other, same("X"), value(0.25))], Text("share", "proporción"), {})


@pytest.fixture
def band():
    points = [(1.0, value(23_338, 19_027, 28_331)), (0.99, value(9_000, 5_000, 12_000))]
    return band_chart(points, Text("specificity", "especificidad"), AXIS, {})


def texts(svg):
    return re.findall(r"<t(?:ext|span)[^>]*>([^<]+)<", svg)


# --- specifications -------------------------------------------------------------------------------------


def test_both_languages_show_the_same_numbers_under_their_own_words(interval):
    def numbers(spec):
        return [(row["estimate"], row["low"], row["high"]) for row in spec["data"]["values"]]

    assert (
        numbers(interval["en"])
        == numbers(interval["es"])
        == [(3_002_712, 2_972_011, 3_033_213), (None, None, None)]
    )
    assert [row["label"] for row in interval["es"]["data"]["values"]] == ["la indicada", "no consta"]
    assert interval["en"]["layer"][0]["encoding"]["x"]["title"] == ["number of images"]


def test_a_bar_that_was_not_said_has_no_row_and_a_zero_has_one(bars):
    rows = [(row["panel"], row["label"], row["estimate"]) for row in bars["es"]["data"]["values"]]
    assert rows == [("sintético", "X", 0.5), ("sintético", "TikTok", 0.0), ("menores", "X", 0.25)]


def test_many_panels_stand_in_two_columns_so_that_the_picture_stays_low():
    def drawn(count):
        rows = [
            (same(f"panel {at}"), same(f"row {row}"), value(0.5)) for at in range(count) for row in range(3)
        ]
        svg = draw(bar_chart(rows, AXIS, {})["en"], "en", "c")
        return [float(side) for side in re.search(r'width="([\d.]+)" height="([\d.]+)"', svg).groups()]

    (width, height), (wider, higher) = drawn(3), drawn(6)
    assert height * 0.9 < higher < height * 1.2
    assert width * 0.9 < wider < width * 1.2


def test_a_band_has_a_point_for_every_setting(band):
    assert [row["x"] for row in band["en"]["data"]["values"]] == [1.0, 0.99]


def test_shares_start_at_zero_and_totals_do_not():
    shares = interval_chart(ROWS, AXIS, {}, is_share=True)
    totals = interval_chart(ROWS, AXIS, {})
    assert [chart["en"]["layer"][0]["encoding"]["x"]["scale"]["zero"] for chart in (shares, totals)] == [
        True,
        False,
    ]


def test_a_long_label_takes_several_lines_and_more_room():
    long = [(same("a very long label of a study that was read in a newspaper " * 2), ROWS[0][1])]
    chart, short = interval_chart(long, AXIS, {}), interval_chart(ROWS[:1], AXIS, {})
    assert chart["en"]["height"] > short["en"]["height"]
    lines = [text for text in texts(draw(chart["en"], "en", "c")) if "label" in text or "newspaper" in text]
    assert len(lines) >= 2
    assert "".join(chart["en"]["data"]["values"][0]["label"].split()) == "".join(long[0][0].en.split())


# --- drawings -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["interval", "bars", "band"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_a_drawing_is_the_same_every_time_and_reaches_nowhere(kind, language, request):
    spec = request.getfixturevalue(kind)[language]
    svg = draw(spec, language, "c")
    assert svg == draw(spec, language, "c")
    assert svg.startswith("<svg")
    assert svg.rstrip().endswith("</svg>")
    assert not re.findall(r"(?:href|src)=\"(?!#)", svg)
    assert set(re.findall(r"https?://[^\"' ]+", svg)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert not re.search(r"<(?:script|image|foreignObject|style)\b", svg)


def test_words_stay_text_in_the_language_asked_for(interval):
    assert {"la indicada", "número de imágenes"} <= set(texts(draw(interval["es"], "es", "c")))


def test_numbers_on_the_axis_follow_the_language(interval, bars):
    assert any(re.fullmatch(r"\d\.\d{3}\.\d{3}", text) for text in texts(draw(interval["es"], "es", "c")))
    assert any(re.fullmatch(r"\d,\d{3},\d{3}", text) for text in texts(draw(interval["en"], "en", "c")))
    assert "20\u00a0%" in texts(draw(bars["es"], "es", "c"))
    assert "20%" in texts(draw(bars["en"], "en", "c"))


def test_decimals_on_an_axis_follow_the_language(band):
    spanish = [text for text in texts(draw(band["es"], "es", "c")) if "," in text and text.endswith("%")]
    english = [text for text in texts(draw(band["en"], "en", "c")) if "." in text and text.endswith("%")]
    assert spanish
    assert len(spanish) == len(english)


CLIPPED = {
    "data": {"values": [{"a": 1}]},
    "mark": {"type": "bar", "clip": True},
    "encoding": {"x": {"field": "a", "type": "quantitative"}},
}


def test_two_drawings_in_one_page_share_no_id_and_their_references_resolve():
    drawings = [draw(CLIPPED, "en", name) for name in ("one", "two")]
    ids = [set(re.findall(r' id="([^"]+)"', svg)) for svg in drawings]
    assert not ids[0] & ids[1]
    for svg, own in zip(drawings, ids, strict=True):
        assert own
        assert set(re.findall(r"url\(#([^)]+)\)", svg)) == own


def test_hostile_labels_are_text():
    rows = [(same("</text><script>alert(1)</script>"), ROWS[0][1])]
    svg = draw(interval_chart(rows, AXIS, {})["en"], "en", "c")
    assert "<script" not in svg
    assert "&lt;script&gt;" in svg
