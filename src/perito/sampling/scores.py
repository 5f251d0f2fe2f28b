"""Scores as they shape a sample: one model's score of each item, checked; what is missing is counted.

A score orders and stratifies. It never counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from perito.errors import CaseError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perito.engine import Tables
    from perito.sampling.frame import Frame

_MODELS = """
SELECT DISTINCT model_id, model_version, class FROM scores ORDER BY model_id, model_version, class NULLS FIRST
"""
# Counts in whole numbers only; the score itself is compared, never added up.
_SCORES = """
SELECT item_id, min(score) AS low, max(score) AS high FROM scores
WHERE model_id = $model AND model_version = $version AND coalesce(class, '') = $class
GROUP BY item_id
"""


@dataclass(frozen=True)
class Scorer:
    """One model in one version, and the class that its scores are for (None: not said)."""

    model_id: str
    model_version: str
    score_class: str | None

    @property
    def words(self) -> str:
        """How to name it on the command line."""
        return f"{self.model_id}@{self.model_version}"


@dataclass(frozen=True)
class Scores:
    """One model's scores of a frame: the score of each item that has one."""

    scorer: Scorer
    by_item: Mapping[str, float]
    unscored: int


def choose_scorer(tables: Tables, class_name: str, model: str | None = None) -> Scorer | None:
    """The model whose scores shape the strata; None where there are no scores.

    Args:
        tables: The case's tables.
        class_name: The class asked about; scores for it come before scores for no class in particular.
        model: `id` or `id@version`, where there are several.

    Raises:
        CaseError: Several models fit, or the one that is named does not exist or scored another class.
    """
    known = [Scorer(row["model_id"], row["model_version"], row["class"]) for row in tables.rows(_MODELS)]
    named = [one for one in known if model in (None, one.model_id, one.words)]
    if model is not None and not named:
        remedy = nearest(model, {one.words for one in known}) or "add scores, or leave --model out"
        raise CaseError(f"no model '{model}' has scored anything", where="--model", remedy=remedy)
    fitting = [one for one in named if one.score_class == class_name] or [
        one for one in named if one.score_class is None
    ]
    if len(fitting) > 1:
        shown = ", ".join(one.words for one in fitting)
        raise CaseError(
            "several models have scored the class", where="--model", found=shown, remedy="name one"
        )
    if not fitting and model is not None:
        classes = ", ".join(sorted({str(one.score_class) for one in named}))
        raise CaseError(
            f"the model '{model}' has not scored this class",
            where="--model",
            expected=class_name,
            found=classes,
        )
    return fitting[0] if fitting else None


def scores_of(tables: Tables, scorer: Scorer, frame: Frame) -> Scores:
    """One model's scores of the items of a frame; items without a score are counted.

    Raises:
        CaseError: Scores outside 0 to 1, or different scores of one item: how many, and the first.
    """
    rows = tables.rows(
        _SCORES, model=scorer.model_id, version=scorer.model_version, **{"class": scorer.score_class or ""}
    )
    inside = [row for row in rows if row["item_id"] in frame.platforms]
    _refuse(scorer, "scores outside their range", [row for row in inside if not _is_share(row)], "0 to 1")
    _refuse(
        scorer,
        "items with several different scores of the same model",
        [row for row in inside if row["low"] != row["high"]],
        "one score an item",
    )
    by_item = {row["item_id"]: row["low"] for row in inside}
    return Scores(scorer, by_item, frame.population - len(by_item))


def _is_share(row: Mapping[str, Any]) -> bool:
    return all(isfinite(row[end]) and 0 <= row[end] <= 1 for end in ("low", "high"))


def _refuse(scorer: Scorer, what: str, rows: Sequence[Mapping[str, Any]], expected: str) -> None:
    if rows:
        first = min(rows, key=lambda row: row["item_id"])
        ends = sorted({first["low"], first["high"]})
        raise CaseError(
            f"{len(rows):,} {what}",
            where=f"scores of {scorer.words}",
            expected=expected,
            found=f"{first['item_id']}: {', '.join(map(str, ends))}",
            remedy="correct the scores, or draw without them ('--stratify-by none')",
        )
