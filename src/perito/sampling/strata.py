"""Strata: the population cut by score, lowest scores first, items without a score in a stratum of their own.

The cut is that of Dalenius and Hodges on sqrt(f (1 - f)) (`perito.stats.planning.score_strata`), into eight
strata, or into as many as the budget reaches for at 20 labels each. A stratum of fewer items is read whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, sqrt
from typing import TYPE_CHECKING

from perito.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ALL = "all"
UNSCORED = "unscored"
MOST_STRATA = 8
FEWEST_STRATA = 4
LEAST_LABELS = 20


@dataclass(frozen=True)
class Stratum:
    """A part of the population that is sampled by itself.

    Args:
        name: Its name in `strata` and `draws`.
        items: Ids, in order.
        score_low: Lowest score in it; None without scores.
        score_high: Highest score in it.
        mean_score: Mean score, which stands for the share of positives that is expected in it.
    """

    name: str
    items: tuple[str, ...]
    score_low: float | None = None
    score_high: float | None = None
    mean_score: float | None = None

    @property
    def population(self) -> int:
        """How many items it has (N_h)."""
        return len(self.items)

    @property
    def spread(self) -> float | None:
        """sqrt(f (1 - f)) at the mean score f; None without scores."""
        return None if self.mean_score is None else sqrt(self.mean_score * (1 - self.mean_score))


def one_stratum(items: Sequence[str], expected_share: float | None = None) -> tuple[Stratum, ...]:
    """The whole population as the one stratum `all`."""
    return (Stratum(ALL, tuple(sorted(items)), mean_score=expected_share),)


def strata_by_score(items: Sequence[str], scores: Mapping[str, float], budget: int) -> tuple[Stratum, ...]:
    """The population cut by score, lowest first; items without a score come last, as `unscored`.

    Args:
        items: Every item of the population.
        scores: The score of each that has one, from 0 to 1.
        budget: Labels to spend; it bounds the number of strata.

    Raises:
        CaseError: No item has a score, or the budget does not reach for two strata.

    Example:
        >>> found = strata_by_score(["a", "b", "c"], {"a": 0.9, "b": 0.1}, 60)
        >>> [(one.name, one.population) for one in found]
        [('score-1', 1), ('score-2', 1), ('unscored', 1)]
    """
    scored = sorted(item for item in items if item in scores)
    unscored = tuple(sorted(item for item in items if item not in scores))
    if not scored:
        raise CaseError("no item of the population has a score", remedy="draw with '--stratify-by none'")
    if budget < 2 * LEAST_LABELS:
        raise CaseError(
            "the budget does not reach for strata",
            expected=f"at least {2 * LEAST_LABELS} labels",
            found=str(budget),
            remedy="spend more, or draw with '--stratify-by none'",
        )
    room = budget // LEAST_LABELS - bool(unscored)
    cut = _named(_cut(scored, scores, min(room, MOST_STRATA)), scores)
    if not unscored:
        return cut
    # Nothing is known of these items: they are taken to be like the population as a whole.
    mean = fsum(scores[item] for item in scored) / len(scored)
    return (*cut, Stratum(UNSCORED, unscored, mean_score=mean))


def _cut(scored: Sequence[str], scores: Mapping[str, float], number: int) -> list[list[str]]:
    """Groups of items by rising score, none of them empty."""
    from perito.stats.planning import score_strata

    cut = score_strata([scores[item] for item in scored], number)
    groups: list[list[str]] = [[] for _ in cut.populations]
    for item, at in zip(scored, cut.stratum.tolist(), strict=True):
        groups[at].append(item)
    return groups


def _named(groups: list[list[str]], scores: Mapping[str, float]) -> tuple[Stratum, ...]:
    return tuple(
        Stratum(
            f"score-{place}",
            tuple(sorted(group)),
            min(scores[item] for item in group),
            max(scores[item] for item in group),
            fsum(scores[item] for item in group) / len(group),
        )
        for place, group in enumerate(groups, start=1)
    )
