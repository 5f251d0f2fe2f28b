"""Vega-Lite specifications for the few pictures that findings use, one for each language.

A chart repeats numbers of its finding, never adds one: its data are values that stand in a table with
their derivations. Specifications hold data and words only; how they are drawn is the report's matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perito.findings.text import LANGUAGES, Language, Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perito.findings.finding import Chart
    from perito.findings.value import Value

_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
_WIDTH_PX = 560
_ROW_PX = 34

Numbers = "Mapping[str, Value]"


def interval_chart(
    rows: Sequence[tuple[Text, Value]], axis: Text, numbers: Mapping[str, Value], *, is_share: bool = False
) -> Chart:
    """Estimates as dots with their intervals as bars, one a row; rows without an estimate are left blank."""

    def spec(language: Language) -> dict[str, Any]:
        data = [
            {
                "label": label.plain(language, numbers),
                "estimate": value.estimate,
                "low": value.part("low"),
                "high": value.part("high"),
            }
            for label, value in rows
        ]
        y = {"field": "label", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 240}}
        x_axis = {"format": ".0%" if is_share else ",.0f", "tickCount": 6}
        x = {"type": "quantitative", "title": axis.plain(language, numbers), "axis": x_axis}
        return {
            **_frame(len(data) * _ROW_PX, data),
            "layer": [
                {
                    "mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.45},
                    "encoding": {
                        "y": y,
                        "x": {**x, "field": "low", "scale": {"zero": is_share}},
                        "x2": {"field": "high"},
                    },
                },
                {
                    "mark": {"type": "point", "filled": True, "size": 70},
                    "encoding": {"y": y, "x": {**x, "field": "estimate"}},
                },
            ],
        }

    return {language: spec(language) for language in LANGUAGES}


def band_chart(
    points: Sequence[tuple[float, Value]], x_axis: Text, y_axis: Text, numbers: Mapping[str, Value]
) -> Chart:
    """A line through estimates over a setting (a share), with the band of their intervals."""

    def spec(language: Language) -> dict[str, Any]:
        data = [
            {"x": at, "estimate": value.estimate, "low": value.part("low"), "high": value.part("high")}
            for at, value in points
        ]
        x = {
            "field": "x",
            "type": "quantitative",
            "title": x_axis.plain(language, numbers),
            "scale": {"zero": False, "nice": False},
            "axis": {"format": ".2%", "tickCount": 6},
        }
        y = {"type": "quantitative", "title": y_axis.plain(language, numbers), "axis": {"format": ",.0f"}}
        return {
            **_frame(220, data),
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

    return {language: spec(language) for language in LANGUAGES}


def bar_chart(
    rows: Sequence[tuple[Text, Text, Value]],
    axis: Text,
    numbers: Mapping[str, Value],
    *,
    is_share: bool = True,
) -> Chart:
    """Bars of a value by group (panel) and row; what was not said has no bar."""

    def spec(language: Language) -> dict[str, Any]:
        data = [
            {
                "panel": panel.plain(language, numbers),
                "label": label.plain(language, numbers),
                "estimate": value.estimate,
            }
            for panel, label, value in rows
        ]
        labels = len({row["label"] for row in data})
        return {
            **_frame(labels * 22, data),
            "mark": {"type": "bar", "height": 13},
            "encoding": {
                "row": {
                    "field": "panel",
                    "type": "nominal",
                    "sort": None,
                    "title": None,
                    "header": {
                        "labelAngle": 0,
                        "labelAlign": "left",
                        "labelOrient": "top",
                        "labelFontWeight": "bold",
                    },
                },
                "y": {"field": "label", "type": "nominal", "sort": None, "title": None},
                "x": {
                    "field": "estimate",
                    "type": "quantitative",
                    "title": axis.plain(language, numbers),
                    "axis": {"format": ".0%" if is_share else ",.0f", "tickCount": 6},
                },
            },
        }

    return {language: spec(language) for language in LANGUAGES}


def _frame(height_px: int, data: list[dict[str, Any]]) -> dict[str, Any]:
    return {"$schema": _SCHEMA, "width": _WIDTH_PX, "height": height_px, "data": {"values": data}}
