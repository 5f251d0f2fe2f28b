"""Named values: a number with its unit, interval, status and the derivation that recomputes it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, Protocol

from perito.errors import DossierError, nearest

if TYPE_CHECKING:
    from perito.findings.text import Language, Text

Status = Literal["exact", "estimated", "conditional", "declared", "cannot_say"]
STATUSES: tuple[Status, ...] = ("exact", "estimated", "conditional", "declared", "cannot_say")
RELATIVE_TOLERANCE = 1e-9
_SMALLEST_PROBABILITY = Decimal("0.0001")
_DIGITS_OF_A_SMALL_SHARE, _MOST_DECIMALS = 3, 6


class Bounds(Protocol):
    """The interval of a value, as the estimators return it: ends in the value's unit, level, method."""

    @property
    def low(self) -> float:
        """The lower end."""

    @property
    def high(self) -> float:
        """The upper end."""

    @property
    def level(self) -> float:
        """The confidence level, for example 0.95."""

    @property
    def method(self) -> str:
        """The method's name."""


def interval_json(interval: Bounds | None) -> dict[str, Any] | None:
    """An interval as in findings.json."""
    if interval is None:
        return None
    return {"low": interval.low, "high": interval.high, "level": interval.level, "method": interval.method}


@dataclass(frozen=True)
class Source:
    """Where a number came from: a sealed item and the place in it."""

    evidence_id: str
    locator: str

    def to_json(self) -> dict[str, str]:
        """The place as in a derivation record."""
        return {"evidence_id": self.evidence_id, "locator": self.locator}


@dataclass(frozen=True)
class Value:
    """One printed number.

    Args:
        name: Its name within the finding; unique there.
        label: What it is, in words.
        estimate: The number; None where nothing can be said, never zero instead.
        unit: A key of `units.toml`.
        interval: None only for exact counts, declared figures, and values that cannot be said.
        status: One of `STATUSES`.
        is_exact: Whether recomputation must give the same number to the last digit, or may differ by
            `RELATIVE_TOLERANCE` (floating special functions).
        sources: The rows it rests on, where they are few enough to name.
        derivation: The id of its derivation record; set when the finding is put together.
    """

    name: str
    label: Text
    estimate: int | float | None
    unit: str
    interval: Bounds | None = None
    status: Status = "exact"
    is_exact: bool = True
    sources: tuple[Source, ...] = ()
    derivation: str = ""

    def within(self, derivation: str) -> Value:
        """The same value with the id of its derivation."""
        return replace(self, derivation=derivation)

    def part(self, part: str) -> float | None:
        """The estimate, or `low`, `high`, `level` of its interval (None where there is no such number)."""
        if part == "estimate":
            return self.estimate
        if part not in {"low", "high", "level"}:
            raise DossierError(
                f"a value has no part '{part}'", remedy=nearest(part, ["estimate", "low", "high", "level"])
            )
        return None if self.interval is None else float(getattr(self.interval, part))

    def printed(self, language: Language, part: str = "estimate") -> str:
        """The number, or one end of its interval, as printed for people.

        Example:
            >>> from perito.findings.text import Text
            >>> Value("total", Text("total", "total"), 3002712.4, "images").printed("es")
            '3.002.712'
        """
        number = self.part(part)
        unit = "share" if part == "level" else self.unit
        return format_number(number, unit, language)

    def to_json(self, numbers: dict[str, Value]) -> dict[str, Any]:
        """The value as in findings.json."""
        return {
            "name": self.name,
            "label": self.label.to_json(numbers),
            "estimate": self.estimate,
            "unit": self.unit,
            "interval": interval_json(self.interval),
            "status": self.status,
            "derivation": self.derivation,
        }


@cache
def units() -> dict[str, dict[str, Any]]:
    """Every unit with its style and its names."""
    return tomllib.loads((files("perito.findings") / "units.toml").read_text("utf-8"))


def unit_name(unit: str, language: Language) -> str:
    """What the unit is called; empty where the number says it itself (a percentage).

    Example:
        >>> unit_name("images", "es"), unit_name("share", "es")
        ('imágenes', '')
    """
    return str(_unit(unit)[language])


def rate_unit(unit: str, form: str) -> str:
    """The unit of a rate of things: `per_minute`, or the inverse `seconds_per_item`.

    Example:
        >>> rate_unit("images", "seconds_per_item")
        'seconds_per_image'
    """
    related = _unit(unit)
    if form not in related:
        raise DossierError(
            f"things counted in '{unit}' have no rate '{form}'", remedy="count items, images or posts"
        )
    return str(related[form])


def format_number(number: float | None, unit: str, language: Language) -> str:
    r"""A number printed in its unit's style and the language's locale, rounded half to even, once.

    None is printed as a dash: it is not zero.

    Example:
        >>> format_number(0.64975, "share", "es"), format_number(None, "items", "en")
        ('64,98\xa0%', '–')
    """
    if number is None:
        return "–"
    style = _unit(unit)
    exact = Decimal(repr(float(number))) if isinstance(number, float) else Decimal(number)
    match style["style"]:
        case "integer":
            return _grouped(_rounded(exact, 0), language)
        case "percent":
            return _percent(exact * 100, style["decimals"], language)
        case "points":
            return _grouped(_rounded(exact * 100, style["decimals"]), language, style["decimals"])
        case "probability" if exact and exact < _SMALLEST_PROBABILITY:
            return "< " + _grouped(_SMALLEST_PROBABILITY, language, 4)
        case _:
            return _significant(exact, style["digits"], language)


def _unit(unit: str) -> dict[str, Any]:
    if unit not in units():
        raise DossierError(f"'{unit}' is not a unit", remedy=nearest(unit, units()))
    return units()[unit]


def _rounded(number: Decimal, decimals: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN) + 0  # no minus before zero


def _percent(hundredfold: Decimal, decimals: int, language: Language) -> str:
    """A percentage with the unit's decimals, and with more where a small one would lose its digits."""
    wanted = _DIGITS_OF_A_SMALL_SHARE - 1 - hundredfold.adjusted() if hundredfold else 0
    places = max(decimals, min(wanted, _MOST_DECIMALS))
    shown = _grouped(_rounded(hundredfold, places).normalize(), language)
    return f"{shown}\u00a0%" if language == "es" else f"{shown}%"


def _significant(number: Decimal, digits: int, language: Language) -> str:
    if not number:
        return "0"
    decimals = max(0, digits - 1 - number.adjusted())
    return _grouped(_rounded(number, decimals).normalize(), language)


def _grouped(number: Decimal, language: Language, decimals: int | None = None) -> str:
    from babel.numbers import format_decimal  # heavy; only printing needs it

    places = max(0, -int(number.as_tuple().exponent)) if decimals is None else decimals
    pattern = "#,##0." + "0" * places if places else "#,##0"
    return str(format_decimal(number, format=pattern, locale=language))
