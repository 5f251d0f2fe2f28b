"""Weights adjusted until the sample shows the totals that are known of the population.

If the platform's own statistics say how many items each language or each day holds, a sample must not say
otherwise. Raking scales the weights by one variable after the other until all totals fit. It repairs an
uneven sample as far as the variables explain it, and no further.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from perito.errors import StatsError, nearest
from perito.stats.columns import SMALLEST_DIVISOR, exact_sum, groups, numbers, refuse_where
from perito.stats.interval import real_or_nan, shown, whole_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from perito.stats.columns import Floats, Integers

__all__ = ["Raked", "rake"]

_SUMS_AGREE = 1e-6  # relative; published totals are rounded


@dataclass(frozen=True, slots=True, eq=False)
class Raked:
    """Raked weights, and what the adjustment cost.

    Args:
        weights: The new weights.
        iterations: Rounds over all variables.
        largest_deviation: Largest relative distance from a known total that is left.
        largest_factor: Largest new weight over old weight.
        smallest_factor: Smallest new weight over old weight.

    Example:
        >>> rake([1, 1, 1], {"lang": ["es", "es", "en"]}, {"lang": {"es": 10, "en": 5}}).largest_factor
        5.0
    """

    weights: Floats
    iterations: int
    largest_deviation: float
    largest_factor: float
    smallest_factor: float


def rake(
    weights: npt.ArrayLike,
    categories: Mapping[str, Sequence[object] | npt.ArrayLike],
    totals: Mapping[str, Mapping[Any, float]],
    *,
    tolerance: float = 1e-10,
    most_iterations: int = 1_000,
) -> Raked:
    """The weights closest to the given ones under which every known total comes out.

    Iterative proportional fitting (Deming & Stephan 1940, Ann. Math. Statist. 11:427; calibration in the
    sense of Deville & Sarndal 1992, JASA 87:376): for one variable after the other every weight is multiplied
    by the known over the estimated total of the item's category. For the error of an estimate with raked
    weights rake every set of replicate weights in the same way (`perito.stats.replicates`).

    Args:
        weights: Population items that each item stands for by its design.
        categories: For every variable the category of each item.
        totals: For every variable the known number of population items in each category.
        tolerance: Largest relative distance from a known total at which to stop.
        most_iterations: Rounds after which it gives up.

    Returns:
        The weights with a record of the adjustment.

    Raises:
        StatsError: Weights below 0; totals that are not above 0; variables or categories without totals, or
            totals of categories that no item has or whose items all weigh 0 (join them first); variables
            whose totals add up to different populations; no fit within the rounds, as with totals that
            contradict each other.

    Example:
        >>> lang, day = ["es", "es", "en", "en"], ["mon", "tue", "mon", "tue"]
        >>> known = {"lang": {"es": 60, "en": 40}, "day": {"mon": 50, "tue": 50}}
        >>> rake([1, 1, 1, 1], {"lang": lang, "day": day}, known).weights.round(6).tolist()
        [30.0, 30.0, 20.0, 20.0]
    """
    given = numbers("weights", weights)
    refuse_where("impossible weights", (given < SMALLEST_DIVISOR) & (given != 0), given, "0 or above")
    rounds = whole_count("most_iterations", most_iterations, smallest=1)
    if not real_or_nan(tolerance) > 0:
        raise StatsError("'tolerance' is no distance", expected="a number above 0", found=shown(tolerance))
    margins = _margins(categories, totals, given)
    adjusted = given.copy()
    for step in range(1, rounds + 1):
        for code, known in margins:
            adjusted *= (known / np.bincount(code, adjusted))[code]
        deviation = max(float(abs(np.bincount(code, adjusted) / known - 1).max()) for code, known in margins)
        if deviation <= tolerance:
            factors = adjusted[given > 0] / given[given > 0]
            return Raked(adjusted, step, deviation, float(factors.max()), float(factors.min()))
    raise StatsError(
        "the weights do not reach the known totals",
        expected=f"a relative distance of at most {tolerance:g} after {rounds} rounds",
        found=f"{deviation:.3g}",
        remedy="check whether combinations of categories that the totals need are missing in the sample",
    )


def _margins(
    categories: Mapping[str, Sequence[object] | npt.ArrayLike],
    totals: Mapping[str, Mapping[Any, float]],
    given: Floats,
) -> list[tuple[Integers, Floats]]:
    for name, given_as in (("categories", categories), ("totals", totals)):
        if not isinstance(given_as, Mapping) or not given_as:
            raise StatsError(
                f"'{name}' names no variable", expected="a mapping by variable", found=shown(given_as)
            )
    for name in sorted(set(categories) ^ set(totals), key=str):
        missing = "totals" if name in categories else "categories"
        others = totals if name in categories else categories
        raise StatsError(f"the variable '{name}' has no {missing}", remedy=nearest(name, others))
    margins = [_margin(name, categories[name], totals[name], given) for name in totals]
    sums = [exact_sum(known) for _, known in margins]
    if max(sums) - min(sums) > _SUMS_AGREE * max(sums):
        raise StatsError(
            "the totals of the variables add up to different populations",
            expected="one population",
            found=", ".join(f"{name}: {total:.10g}" for name, total in zip(totals, sums, strict=True)),
        )
    # Totals that differ by rounding only would never fit at once: scale all to the first.
    return [(code, known * (sums[0] / total)) for (code, known), total in zip(margins, sums, strict=True)]


def _margin(
    name: str, column: Sequence[object] | npt.ArrayLike, totals: Mapping[Any, float], given: Floats
) -> tuple[Integers, Floats]:
    if not isinstance(totals, Mapping):
        raise StatsError(
            f"the totals of '{name}' are no mapping", expected="category: total", found=shown(totals)
        )
    names, code = groups(name, column, len(given))
    for category in sorted(set(names) ^ set(totals), key=str):
        what = "no known total" if category in names else "a known total but no item"
        raise StatsError(
            f"the category {shown(category)} of '{name}' has {what}",
            expected="the same categories in the sample and among the totals",
            remedy="join it with another category on both sides",
        )
    known = np.array([real_or_nan(totals[category]) for category in names])
    wrong = ~(known > 0) | np.isinf(known)
    refuse_where(f"known totals of '{name}' that are not above 0", wrong, known)
    held = np.bincount(code, given)
    refuse_where(f"categories of '{name}' whose items all weigh 0", held == 0, np.array(names, dtype=object))
    return code, known
