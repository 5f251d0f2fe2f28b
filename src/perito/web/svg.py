"""Charts as plain SVG in the page: no script, no style of their own; the numbers stand beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WIDTH = 640
_LEFT, _RIGHT = 190, 34
_ROW = 34
_TOP = 10
_AXIS = 30


@dataclass(frozen=True)
class Mark:
    """One row of a chart: its name, its value, its ends, and how they are written."""

    name: str
    value: float
    low: float
    high: float
    shown: str


def interval_chart(
    marks: Sequence[Mark], title: str, ticks: Sequence[tuple[float, str]], *, limit: float | None = None
) -> Markup:
    """Points with their intervals, one below the other.

    Args:
        marks: The rows.
        title: What the chart shows, for people who do not see it.
        ticks: Place and text of the marks of the axis; the first and the last are its ends.
        limit: A value that is drawn as a line across, such as a preset minimum.

    Example:
        >>> "</svg>" in interval_chart([Mark("a", .5, .4, .6, "50 %")], "t", [(0, "0"), (1, "1")])
        True
    """
    low, high = ticks[0][0], ticks[-1][0]
    height = _TOP + _ROW * len(marks) + _AXIS

    def across(value: float) -> float:
        share = (min(max(value, low), high) - low) / (high - low or 1)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    parts = [
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}">',
        *_axis(ticks, across, height),
    ]
    if limit is not None:
        parts.append(_line("limit", across(limit), _TOP, across(limit), height - _AXIS))
    for place, mark in enumerate(marks):
        middle = _TOP + _ROW * place + _ROW / 2
        parts += [
            _text("name", _LEFT - 10, middle + 5, "end", mark.name),
            _line("range", across(mark.low), middle, across(mark.high), middle),
            _line("end", across(mark.low), middle - 6, across(mark.low), middle + 6),
            _line("end", across(mark.high), middle - 6, across(mark.high), middle + 6),
            f'<circle class="point" cx="{across(mark.value):.1f}" cy="{middle:g}" r="5"/>',
        ]
    return Markup("".join([*parts, "</svg>"]))  # noqa: S704  (every text above is escaped)


def _axis(ticks: Sequence[tuple[float, str]], across: Callable[[float], float], height: int) -> list[str]:
    found = []
    for value, text in ticks:
        at = across(value)
        found.append(_line("grid", at, _TOP, at, height - _AXIS))
        found.append(_text("tick", at, height - 10, "middle", text))
    return found


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(kind: str, x: float, y: float, anchor: str, words: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
