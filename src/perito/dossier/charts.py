"""Vega-Lite specifications drawn as inline SVG: no script, no network, text kept as text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perito.findings import Language

_VEGA_LITE = "5.21"
_INK, _ACCENT, _GRID = "#1d2733", "#1f5f8b", "#d8dde3"
_FONT = "Helvetica, Arial, sans-serif"
_LOOK: dict[str, Any] = {
    "background": None,
    "font": _FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": _INK,
        "titleColor": _INK,
        "gridColor": _GRID,
        "domainColor": _GRID,
        "tickColor": _GRID,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "labelLimit": 0,
    },
    "header": {"labelColor": _INK, "labelFontSize": 11},
    "point": {"color": _ACCENT},
    "rule": {"color": _ACCENT},
    "line": {"color": _ACCENT},
    "area": {"color": _ACCENT},
    "bar": {"color": _ACCENT},
    "facet": {"spacing": 8},
}
_LOCALES: dict[str, dict[str, Any]] = {
    "en": {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["", ""]},
    "es": {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", ""], "percent": "\u00a0%"},
}
_REFERENCED_ID = re.compile(r'(id="|url\(#|href="#)([\w-]+)')


def draw(spec: Mapping[str, Any], language: Language, name: str) -> str:
    """The specification as an SVG element, its inner ids made unique by the chart's name.

    Example:
        >>> spec = {"data": {"values": [{"a": 1}]}, "mark": "bar", "encoding": {"x": {"field": "a"}}}
        >>> draw(spec, "es", "chart")[:4]
        '<svg'
    """
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(
        {**spec, "config": _LOOK},
        vl_version=_VEGA_LITE,
        format_locale=_LOCALES[language],
        allowed_base_urls=[],
    )
    svg = svg[svg.index("<svg") :]
    return _REFERENCED_ID.sub(lambda match: f"{match[1]}{name}-{match[2]}", svg)
