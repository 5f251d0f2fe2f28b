"""What each measure promises of its intervals and alarms, and what was found when it was put to the test.

Each declares its acceptance bands in `calibration.toml`: a scenario with planted truth, a statistic, and
the band that it must fall in. The outcomes of the last long run are kept beside
the measures and printed in every dossier, with the number of replicates and the seed.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from perito.errors import MeasureError
from perito.findings import Text
from perito.measures.catalogue import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PROMISES_FILE = "calibration.toml"
RECORD_FILE = "calibration.json"
STATISTICS = ("coverage", "false_alarms", "power")


@dataclass(frozen=True)
class Calibration:
    """One promise of a measure.

    Args:
        measure: The measure, with its version, `prevalence@1`.
        name: Its name within the measure.
        scenario: The simulation that plants the truth.
        statistic: `coverage` of the interval, `false_alarms` where nothing is there, `power` where
            something is.
        low: Lower end of the acceptance band, for the statistic over all replicates.
        high: Upper end.
        replicates: How many replicates the long run makes.
        settings: The scenario's planted parameters.
        about: What is tried, in words.
    """

    measure: str
    name: str
    scenario: str
    statistic: str
    low: float
    high: float
    replicates: int
    settings: Mapping[str, Any]
    about: Text

    @property
    def id(self) -> str:
        """Measure and name."""
        return f"{self.measure}/{self.name}"


@dataclass(frozen=True)
class Outcome:
    """What one calibration came to.

    Args:
        calibration: Its id.
        statistic: Which statistic.
        value: The statistic over the replicates.
        standard_error: Its Monte Carlo standard error.
        width: Mean width of the intervals, in the measure's unit; None where there are none.
        replicates: How many replicates were made.
        seed: The seed that they were drawn with.
        low: Lower end of the band.
        high: Upper end.
    """

    calibration: str
    statistic: str
    value: float
    standard_error: float
    width: float | None
    replicates: int
    seed: int
    low: float
    high: float

    @property
    def holds(self) -> bool:
        """Whether the statistic lies in the band."""
        return self.low <= self.value <= self.high

    def to_json(self) -> dict[str, Any]:
        """The outcome as a record."""
        return {**asdict(self), "holds": self.holds}


@cache
def calibrations(measure: str) -> tuple[Calibration, ...]:
    """What a measure promises; nothing for one whose answers are exact or declared.

    Raises:
        MeasureError: A band or a statistic that makes no sense.

    Example:
        >>> [promise.statistic for promise in calibrations("inventory")]
        []
    """
    raw = tomllib.loads((files("perito.measures") / PROMISES_FILE).read_text("utf-8"))
    name = f"{measure}@{catalogue(measure).version}"
    return tuple(_calibration(name, entry) for entry in raw["calibration"] if entry["measure"] == measure)


def _calibration(measure: str, entry: Mapping[str, Any]) -> Calibration:
    about = Text(entry["about"]["en"], entry["about"]["es"])
    made = Calibration(**{**entry, "measure": measure, "about": about})
    if made.statistic not in STATISTICS or not 0 <= made.low <= made.high <= 1:
        raise MeasureError("a calibration makes no sense", where=made.id, expected=", ".join(STATISTICS))
    return made


@cache
def recorded() -> Mapping[str, Outcome]:
    """The outcomes of the last long run, by calibration id."""
    records = json.loads((files("perito.measures") / RECORD_FILE).read_text("utf-8"))
    for record in records:
        del record["holds"]
    return {record["calibration"]: Outcome(**record) for record in records}


def outcomes_json(outcomes: Iterable[Outcome]) -> bytes:
    """Outcomes as the record that is kept beside the measures."""
    return json.dumps([outcome.to_json() for outcome in outcomes], indent=1).encode() + b"\n"
