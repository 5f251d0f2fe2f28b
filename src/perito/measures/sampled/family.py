"""Families: several intervals or tests that are to hold together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.stats.interval import half_alpha

if TYPE_CHECKING:
    from collections.abc import Sequence


def shared_level(level: float, number: int) -> float:
    """The level of each of m intervals that hold together at the given one: 1 - (1 - level)/m (Bonferroni).

    Example:
        >>> shared_level(0.95, 2), shared_level(0.95, 1)
        (0.975, 0.95)
    """
    return float(1 - 2 * half_alpha(level) / number)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values adjusted for their number, from the smallest on (Holm 1979, Scand. J. Stat. 6:65).

    A claim is shown for the family if its adjusted value is at most the threshold of one test.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=lambda at: p_values[at])
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for place, at in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[at]))
        adjusted[at] = largest
    return adjusted
