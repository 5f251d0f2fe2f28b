"""A trial of a calibration: planted rows, the question asked of them, and how the finding is judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from perito.findings import Finding, Value


@dataclass(frozen=True)
class Verdict:
    """How a finding fared against the planted truth; None where the scenario does not ask.

    `is_covered`: the interval holds the truth. `is_alarmed`: the finding says that something is there.
    `width`: the interval's width in the measure's unit.
    """

    is_covered: bool | None = None
    is_alarmed: bool | None = None
    width: float | None = None


@dataclass(frozen=True)
class Trial:
    """One replicate: published rows, measure and parameters asked of them, and how to judge the finding.

    `tables` holds rows of other tables than `counts`, by table.
    """

    rows: tuple[Mapping[str, Any], ...]
    measure: str
    parameters: Mapping[str, Any]
    judge: Callable[[Finding], Verdict]
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


Scenario = Callable[["np.random.Generator", str, Mapping[str, Any]], Trial]


def covering(finding: Finding, name: str, truth: float) -> Verdict:
    """Whether the interval of a number holds the truth, and how wide it is."""
    interval = value_of(finding, name).interval
    if interval is None:
        return Verdict(is_covered=False)
    return Verdict(is_covered=interval.low <= truth <= interval.high, width=interval.high - interval.low)


def value_of(finding: Finding, name: str) -> Value:
    """A number of the finding."""
    return finding.numbers()[name]
