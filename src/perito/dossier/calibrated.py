"""The method annex: what the measures of a report promise, and what came of it when truth was planted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from babel.numbers import format_decimal

from perito.measures.calibration import calibrations, recorded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.findings import Finding, Language
    from perito.measures.calibration import Calibration, Outcome

_SHARE = "0.000"
_WHOLE = "#,##0"


@dataclass(frozen=True)
class Tried:
    """One promise of a measure and the outcome of the last long run; None where there was none yet."""

    promise: Calibration
    outcome: Outcome | None

    @property
    def verdict(self) -> str:
        """The key of the word for what came of it."""
        if self.outcome is None:
            return "not_tried"
        return "band_holds" if self.outcome.holds else "band_broken"

    def found(self, language: Language) -> str:
        """The statistic with its Monte Carlo standard error, or a dash."""
        if self.outcome is None:
            return "–"
        value, error = (
            _printed(number, _SHARE, language) for number in (self.outcome.value, self.outcome.standard_error)
        )
        return f"{value} ± {error}"

    def band(self, language: Language) -> str:
        """The ends of the acceptance band."""
        return " – ".join(_printed(end, _SHARE, language) for end in (self.promise.low, self.promise.high))

    def replicates(self, language: Language) -> str:
        """How many replicates were made."""
        return "–" if self.outcome is None else _printed(self.outcome.replicates, _WHOLE, language)

    @property
    def seed(self) -> str:
        """The seed they were drawn with."""
        return "–" if self.outcome is None else str(self.outcome.seed)


def tried(findings: Sequence[Finding]) -> list[Tried]:
    """The promises of the measures that answered, in the order of the findings, with their outcomes.

    Example:
        >>> tried([])
        []
    """
    found = recorded()
    measures = dict.fromkeys(finding.measure for finding in findings)
    return [Tried(one, found.get(one.id)) for name in measures for one in calibrations(name)]


def _printed(number: float, pattern: str, language: Language) -> str:
    return format_decimal(number, pattern, locale=language)
