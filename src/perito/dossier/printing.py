"""Numbers, quotes and words as HTML: every number carries its derivation, every quote is marked as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from perito.evidence import shown_name
from perito.findings import Cell, Language, Text, Value, unit_name

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIGHT_CHARACTERS = 16
"""Up to here a quote is not broken over lines: dates, names, codes."""


def anchor(derivation: str) -> str:
    """The fragment id of a derivation in the report's annex."""
    return "d-" + derivation.replace("/", "-")


def quote(words: str) -> Markup:
    r"""Words of a source, verbatim; characters that could deceive a reader as code points.

    Example:
        >>> quote("<b>\u202e</b>")
        Markup('<span class="q tight">&lt;b&gt;\\u202e&lt;/b&gt;</span>')
    """
    shown = shown_name(words)
    kind = "q tight" if len(shown) <= _TIGHT_CHARACTERS else "q"
    return Markup('<span class="{}">{}</span>').format(kind, shown)


@dataclass(frozen=True)
class Printer:
    """Prints the parts of one finding in one language.

    Args:
        language: `en` or `es`.
        numbers: The numbers that the finding's sentences may refer to.
    """

    language: Language
    numbers: Mapping[str, Value]

    def text(self, text: Text) -> Markup:
        """A sentence with its numbers linked and its quotes marked."""
        parts = []
        for segment in text.segments(self.language, self.numbers):
            if segment.kind == "number":
                parts.append(_number(segment.text, segment.derivation, segment.part))
            elif segment.kind == "quote":
                parts.append(quote(segment.text))
            else:
                parts.append(escape(segment.text))
        return Markup().join(parts)

    def number(self, value: Value, part: str = "estimate") -> Markup:
        """One number, linked to its derivation; a dash where there is none."""
        if value.part(part) is None:
            return Markup("–")
        return _number(value.printed(self.language, part), value.derivation, part)

    def value(self, value: Value) -> Markup:
        """A number with its unit and its interval."""
        unit = unit_name(value.unit, self.language)
        shown = self.number(value) + (
            Markup(" {}").format(unit) if unit and value.estimate is not None else ""
        )
        return shown if value.interval is None else shown + Markup(" ") + self.interval(value)

    def interval(self, value: Value) -> Markup:
        """The ends of a value's interval, empty where there is none."""
        if value.interval is None:
            return Markup()
        return Markup('<span class="ci">[{} – {}]</span>').format(
            self.number(value, "low"), self.number(value, "high")
        )

    def cell(self, cell: Cell) -> Markup:
        """A cell of a table: number with interval, our words, a quote, or a dash."""
        match cell:
            case Value():
                return self.number(cell) + (Markup(" ") + self.interval(cell) if cell.interval else "")
            case Text():
                return self.text(cell)
            case None:
                return Markup("–")
            case _:
                return quote(cell)


def _number(printed: str, derivation: str, part: str) -> Markup:
    return Markup('<a class="n" href="#{}" data-d="{}" data-p="{}">{}</a>').format(
        anchor(derivation), derivation, part, printed
    )
