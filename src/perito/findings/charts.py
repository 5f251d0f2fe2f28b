"""Vega-Lite specifications for the few pictures that findings use, one for each language.

A chart repeats numbers of its finding, never adds one: its data are values that stand in a table with
their derivations. Specifications hold data and words only; how they are drawn is the report's matter.
"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from perito.errors import on_one_line
from perito.findings.text import LANGUAGES, Language, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from perito.findings.finding import Chart
    from perito.findings.value import Value

_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
_WIDTH_PX, _ROW_PX, _LINE_PX, _BAND_PX, _BAR_PX, _BAR_STEP_PX = 560, 34, 13, 220, 11, 16
_HALF_PX, _MOST_PANELS_IN_ONE_COLUMN = 235, 3
_LABEL_CHARACTERS, _TITLE_CHARACTERS = 38, 64
_TICKS = 6
_LINES = r"split(datum.label, '\n')"

Spec = dict[str, Any]


def interval_chart(
    rows: Sequence[tuple[Text, Value]], axis: Text, numbers: Mapping[str, Value], *, is_share: bool = False
) -> Chart:
    """Estimates as dots with their intervals as bars, one a row; rows without an estimate are left blank.

    Args:
        rows: Label and value of each row.
        axis: What the axis measures.
        numbers: The numbers that the labels may refer to.
        is_share: Whether the values are shares, printed as percentages on an axis from zero.
    """

    def spec(language: Language) -> Spec:
        data = [{"label": _label(label, language, numbers), **_interval(value)} for label, value in rows]
        lines = max((row["label"].count("\n") + 1 for row in data), default=1)
        x = {**_quantity(axis, language, numbers, is_share=is_share), "scale": {"zero": is_share}}
        return {
            **_frame(data),
            "height": len(data) * max(_ROW_PX, (lines + 1) * _LINE_PX),
            "layer": [
                {
                    "mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.45},
                    "encoding": {"y": _rows(), "x": {**x, "field": "low"}, "x2": {"field": "high"}},
                },
                {
                    "mark": {"type": "point", "filled": True, "size": 70},
                    "encoding": {"y": _rows(), "x": {**x, "field": "estimate"}},
                },
            ],
        }

    return _in_each_language(spec)


def band_chart(
    points: Sequence[tuple[float, Value]], x_axis: Text, y_axis: Text, numbers: Mapping[str, Value]
) -> Chart:
    """A line through estimates over a setting (a share), with the band of their intervals.

    Args:
        points: The setting and the value at it.
        x_axis: What the setting is.
        y_axis: What the values measure.
        numbers: The numbers that the axes' words may refer to.
    """

    def spec(language: Language) -> Spec:
        data = [{"x": at, **_interval(value)} for at, value in points]
        x = {
            **_quantity(x_axis, language, numbers, is_share=True),
            "field": "x",
            "scale": {"zero": False, "nice": False},
        }
        x["axis"] = {"format": ".2%", "tickCount": _TICKS}
        y = _quantity(y_axis, language, numbers, is_share=False)
        y["title"] = wrap(y_axis.plain(language, numbers), _LABEL_CHARACTERS)
        return {
            **_frame(data),
            "height": _BAND_PX,
            "layer": [
                {
                    "mark": {"type": "area", "opacity": 0.2},
                    "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
                },
                {
                    "mark": {"type": "line", "point": True},
                    "encoding": {"x": x, "y": {**y, "field": "estimate"}},
                },
            ],
        }

    return _in_each_language(spec)


def bar_chart(
    rows: Sequence[tuple[Text, Text, Value]],
    axis: Text,
    numbers: Mapping[str, Value],
    *,
    is_share: bool = True,
) -> Chart:
    """Bars of a value by group (panel) and row; what was not said has no row, a zero has one.

    Args:
        rows: Panel, label and value of each bar.
        axis: What the axis measures.
        numbers: The numbers that the labels may refer to.
        is_share: Whether the values are shares, printed as percentages.
    """

    def spec(language: Language) -> Spec:
        data = [
            {
                "panel": _label(panel, language, numbers),
                "label": _label(label, language, numbers),
                "estimate": value.estimate,
            }
            for panel, label, value in rows
            if value.estimate is not None
        ]
        x = _quantity(axis, language, numbers, is_share=is_share)
        columns = 1 if len({row["panel"] for row in data}) <= _MOST_PANELS_IN_ONE_COLUMN else 2
        return {
            **_frame(data),
            "width": _WIDTH_PX if columns == 1 else _HALF_PX,
            "height": {"step": _BAR_STEP_PX},
            "mark": {"type": "bar", "height": _BAR_PX},
            "encoding": {
                "facet": {**_panels(), "columns": columns},
                "y": _rows(),
                "x": {**x, "field": "estimate"},
            },
            "resolve": {"scale": {"y": "independent"}},
        }

    return _in_each_language(spec)


def _in_each_language(spec: Callable[[Language], Spec]) -> Chart:
    return {language: spec(language) for language in LANGUAGES}


def _frame(data: list[dict[str, Any]]) -> Spec:
    return {"$schema": _SCHEMA, "width": _WIDTH_PX, "data": {"values": data}}


def _interval(value: Value) -> dict[str, Any]:
    return {"estimate": value.estimate, "low": value.part("low"), "high": value.part("high")}


def _label(text: Text, language: Language, numbers: Mapping[str, Value]) -> str:
    """The words on lines that leave room for the picture."""
    return "\n".join(_lines(text, language, numbers, _LABEL_CHARACTERS))


def _lines(text: Text, language: Language, numbers: Mapping[str, Value], characters: int) -> list[str]:
    # A control character in words of a source would end the program that draws the picture.
    return wrap(on_one_line(text.plain(language, numbers)), characters)


def _rows() -> Spec:
    return {"field": "label", "type": "nominal", "sort": None, "title": None, "axis": {"labelExpr": _LINES}}


def _panels() -> Spec:
    header = {"labelAngle": 0, "labelAlign": "left", "labelAnchor": "start", "labelOrient": "top"}
    return {
        "field": "panel",
        "type": "nominal",
        "sort": None,
        "title": None,
        "header": {**header, "labelFontWeight": "bold", "labelPadding": 4, "labelExpr": _LINES},
    }


def _quantity(axis: Text, language: Language, numbers: Mapping[str, Value], *, is_share: bool) -> Spec:
    return {
        "type": "quantitative",
        "title": _lines(axis, language, numbers, _TITLE_CHARACTERS),
        "axis": {"format": ".0%" if is_share else ",.0f", "tickCount": _TICKS},
    }
