"""What of a sampling design matters to the people who read, and one item of the sample."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Item:
    """One item to read: what it is, where it stands in the sample, and what is shown of it."""

    item_id: str
    item_kind: str | None
    platform: str | None
    stratum: str | None
    draw: int | None
    content: Mapping[str, Any]


@dataclass(frozen=True)
class Design:
    """What of a sampling design matters to the people who read.

    Args:
        id: Its id.
        population: Number of items in the population of each stratum.
        second_share: The share of the items that get a second blind reading whatever the first says.
        flagged_readings: How many readings an item gets that the first reader flags.
        level: Confidence level.
        precision: The relative half-width aimed at, None with a budget.
        method: How the items were drawn.
    """

    id: str
    population: Mapping[str, int]
    second_share: float = 1.0
    flagged_readings: int = 2
    level: float = 0.95
    precision: float | None = None
    method: str = "simple"

    def to_text(self) -> str:
        """The design as JSON text."""
        return json.dumps(dict(vars(self)))

    @classmethod
    def from_text(cls, text: str) -> Design:
        """The design that a JSON text holds."""
        return cls(**json.loads(text))
