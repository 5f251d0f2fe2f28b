"""Do the independent readings of a sample agree enough to carry a number?

Alpha is never printed without its interval, raw agreement and the agreement on positives; AC1 never alone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from perito.errors import StatsError
from perito.stats.agreement import (
    bootstrap_agreement,
    contested_share,
    gwet_ac1,
    krippendorff_alpha,
    negative_agreement,
    positive_agreement,
    raw_agreement,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from perito.stats.interval import Estimate

Reading = tuple[str, str, str]
Metric = Literal["nominal", "ordinal", "interval", "ratio"]

NEARLY_CONSTANT = 0.05
"""Share of the rarer answer among the readings under which alpha says little."""
REPLICATES = 2_000
_CODES = {"no": 0.0, "yes": 1.0, "cannot_tell": 2.0}
_MEASURES: dict[str, Callable[..., Estimate]] = {
    "alpha": krippendorff_alpha,
    "positive": positive_agreement,
    "negative": negative_agreement,
    "raw": raw_agreement,
    "contested": contested_share,
    "ac1": gwet_ac1,
}


@dataclass(frozen=True)
class Agreement:
    """How far independent readings agree.

    Args:
        items: Items with two readings or more.
        readings: Readings of those items.
        estimates: The measures by name, in the order in which they are printed; None where one has no value.
        refusal: The refusal that applies: `once` (L1), `one_value` (L3), `not_blind` (L4); None if none does.
        rarer_share: Share of the rarer of yes and no among those readings.
        unread_values: Readings whose value has no place on the metric.
    """

    items: int
    readings: int
    estimates: dict[str, Estimate | None]
    refusal: str | None
    rarer_share: float
    unread_values: int = 0

    @property
    def is_nearly_constant(self) -> bool:
        """Whether one answer is so rare that the agreement on it decides instead of alpha."""
        return self.rarer_share < NEARLY_CONSTANT

    def deciding(self, *, is_positive_rarer: bool = True) -> Estimate | None:
        """What is held against the preset minimum: alpha, or for a nearly constant class its rarer answer."""
        if not self.is_nearly_constant:
            return self.estimates.get("alpha")
        return self.estimates.get("positive" if is_positive_rarer else "negative")

    @property
    def is_judged(self) -> bool:
        """Whether what decides has an interval that can be held against a minimum."""
        decides = None if self.refusal else self.deciding()
        return decides is not None and decides.interval is not None

    def blocks(self, minimum: float) -> bool:
        """Whether the lower end of what decides lies under the preset minimum (L2)."""
        if self.refusal is not None or not minimum:
            return False
        decides = self.deciding()
        return decides is not None and decides.interval is not None and decides.interval.low < minimum


def agreement_of(
    readings: Sequence[Reading],
    *,
    dependent: int = 0,
    metric: Metric = "nominal",
    level: float = 0.95,
    seed: int = 0,
    replicates: int = REPLICATES,
) -> Agreement:
    """Agreement of the readings of items that two persons or more read.

    Args:
        readings: Item, reader and value of every independent reading.
        dependent: Readings that were made with sight of an earlier one, and so left out.
        metric: How far two values are apart; with another than `nominal` values are numbers.
        level: Confidence level of the intervals.
        seed: Seed of the bootstrap.
        replicates: Number of its replicates.
    """
    table, unread = ratings_of(readings, metric)
    m = (~np.isnan(table)).sum(axis=0)
    table = table[:, m > 1]
    labels = table[~np.isnan(table)]
    counted = Counter(labels.tolist())
    ends = sorted(counted.get(_CODES[value], 0) for value in ("yes", "no"))
    refusal = _refusal(table, counted, dependent)
    estimates = {} if refusal else _estimates(table, metric, level, seed, replicates)
    rarer = ends[0] / len(labels) if len(labels) and metric == "nominal" else 1.0
    return Agreement(table.shape[1], len(labels), estimates, refusal, rarer, unread)


def ratings_of(
    readings: Sequence[Reading], metric: Metric = "nominal"
) -> tuple[npt.NDArray[np.float64], int]:
    """The readings as a table, one row a place in the item's list, and how many have no place on the metric.

    Example:
        >>> ratings_of([("a", "r1", "yes"), ("a", "r2", "no"), ("b", "r1", "no")])[0].tolist()
        [[1.0, 0.0], [0.0, nan]]
    """
    of_item: dict[str, list[float]] = {}
    unread = 0
    for item, _, value in readings:
        code = _code(value, metric)
        if code is None:
            unread += 1
        else:
            of_item.setdefault(item, []).append(code)
    places = max((len(values) for values in of_item.values()), default=0)
    table = np.full((max(places, 1), len(of_item)), np.nan)
    for at, item in enumerate(sorted(of_item)):
        table[: len(of_item[item]), at] = of_item[item]
    return table, unread


def _code(value: str, metric: Metric) -> float | None:
    if metric == "nominal":
        return _CODES.get(value)
    try:
        number = float(value)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _refusal(table: npt.NDArray[np.float64], counted: Counter[float], dependent: int) -> str | None:
    if not table.shape[1]:
        return "not_blind" if dependent else "once"
    return "one_value" if len(counted) == 1 else None


def _estimates(
    table: npt.NDArray[np.float64], metric: Metric, level: float, seed: int, replicates: int
) -> dict[str, Estimate | None]:
    found: dict[str, Estimate | None] = {}
    for name, measure in _MEASURES.items():
        if metric != "nominal" and name in {"positive", "negative", "ac1"}:
            continue
        options = {"metric": metric} if name == "alpha" else {}
        try:
            found[name] = bootstrap_agreement(
                measure, table, seed=seed + 1, level=level, replicates=replicates, **options
            )
        except StatsError:  # nobody said yes (or no), or too few did for an interval: a dash, never a number
            found[name] = None
    return found
