"""A small text model from the case's own labels: for the order of a queue and for strata, for nothing else.

Words and pieces of words, weighted by their rarity, and a logistic regression. Cross-fitted: the texts are
dealt into folds by their digest, and each is scored by the model that saw no label of its own fold. Copies of
a text lie in one fold, so that no label is recognised by its copy.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import exp, log
from typing import TYPE_CHECKING, Any

from perito.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

FOLDS = 5
FEWEST = 20
"""The least number of positives, and of negatives, from which a model is trained."""

_DECIMALS = 6
_SEED_OF_THE_SOLVER = 0
_STEPS = 200
_FARTHEST = 40.0


@dataclass(frozen=True)
class CrossFitted:
    """Scores of every text, none of them by a model that saw its label.

    Args:
        scores: Score of each item that has a text, from 0 to 1.
        folds: Fold of each.
        positives: Labelled items of the class.
        negatives: Labelled items that are not.
    """

    scores: Mapping[str, float]
    folds: Mapping[str, int]
    positives: int
    negatives: int

    @property
    def fold_digest(self) -> str:
        """SHA-256 over the items in order with their folds."""
        state = hashlib.sha256()
        for item in sorted(self.folds):
            state.update(f"{item}\t{self.folds[item]}\n".encode())
        return state.hexdigest()


def cross_fit(
    texts: Mapping[str, str],
    labels: Mapping[str, bool],
    weights: Mapping[str, float],
    seed: str,
    folds: int = FOLDS,
) -> CrossFitted:
    """Train on the labels and score every text.

    The same input gives the same scores, whatever the order of the rows and the number of threads. The scores
    are moved (on the scale of the logit, all alike) so that their mean over the labelled items, each counted
    as its design says, is the share of positives among them.

    Args:
        texts: The words of each item.
        labels: Whether a labelled item is of the class.
        weights: What each labelled item stands for, 1 over its inclusion probability; 1 where not given.
        seed: Seed of the folds.
        folds: How many.

    Raises:
        CaseError: scikit-learn is not installed; too few positives or negatives, overall or in a fold.
    """
    _check_installed()
    known = {item: value for item, value in labels.items() if texts.get(item, "").strip()}
    fold = {item: _fold(seed, text, folds) for item, text in texts.items() if text.strip()}
    positives = sum(known.values())
    _check_enough(positives, len(known) - positives, known, fold, folds)
    raw: dict[str, float] = {}
    for number in range(folds):
        inside = sorted(item for item in fold if fold[item] == number)
        training = sorted(item for item in known if fold[item] != number)
        model = _trained([texts[item] for item in training], [known[item] for item in training])
        if inside:
            chances = model.predict_proba([texts[item] for item in inside])[:, 1]
            raw |= dict(zip(inside, chances.tolist(), strict=True))
    return CrossFitted(_moved(raw, known, weights), fold, positives, len(known) - positives)


def auc_with_interval(scores: Mapping[str, float], labels: Mapping[str, bool], level: float = 0.95) -> Any:  # noqa: ANN401
    """The chance that a positive scores above a negative, with its interval: a diagnostic, no finding.

    AUC = mean over pairs of [s(pos) > s(neg)] + half of the ties; variance by DeLong, DeLong & Clarke-Pearson
    1988 (Biometrics 44:837); the interval on the logit scale.

    Args:
        scores: Scores.
        labels: Whether a labelled item is of the class; items without a score are left out.
        level: Confidence level as a share.

    Returns:
        `(auc, low, high)`.

    Example:
        >>> scores = {"a": 0.9, "b": 0.4, "c": 0.6, "d": 0.1}
        >>> auc_with_interval(scores, {"a": True, "b": True, "c": False, "d": False})[0]
        0.75
    """
    import numpy as np

    from perito.stats.proportion import normal_quantile

    pos = np.sort([scores[item] for item, yes in labels.items() if yes and item in scores])
    neg = np.sort([scores[item] for item, yes in labels.items() if not yes and item in scores])
    above = _below(neg, pos) / len(neg)
    under = 1 - _below(pos, neg) / len(pos)
    auc = float(above.mean())
    if min(len(pos), len(neg)) < 2 or not 0 < auc < 1:  # noqa: PLR2004  (a variance needs two)
        return auc, 0.0, 1.0
    variance = above.var(ddof=1) / len(pos) + under.var(ddof=1) / len(neg)
    reach = normal_quantile(level) * float(variance) ** 0.5 / (auc * (1 - auc))
    logit = log(auc / (1 - auc))
    return auc, 1 / (1 + exp(reach - logit)), 1 / (1 + exp(-reach - logit))


def _below(ordered: Floats, values: Floats) -> Floats:
    """How many of some ordered numbers lie below each value, ties as one half."""
    import numpy as np

    left, right = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
    halves: Floats = (left + right) / 2
    return halves


def _check_installed() -> None:
    try:
        import sklearn  # noqa: F401
    except ImportError:
        raise CaseError(
            "scoring needs scikit-learn, which is not installed",
            where="perito score",
            remedy="install it with: pip install 'perito[score]'",
        ) from None


def _check_enough(
    positives: int, negatives: int, known: Mapping[str, bool], fold: Mapping[str, int], folds: int
) -> None:
    for what, number in (("positives", positives), ("negatives", negatives)):
        if number < FEWEST:
            raise CaseError(
                f"too few {what} to train on",
                where="labels",
                expected=f"at least {FEWEST} items with words",
                found=str(number),
                remedy="label more, or draw without scores ('--stratify-by none')",
            )
    for number in range(folds):
        outside = {known[item] for item in known if fold[item] != number}
        if len(outside) < 2:  # noqa: PLR2004  (both answers)
            raise CaseError(
                "outside one fold all labels are equal",
                where="labels",
                found=f"fold {number}",
                remedy="label more items with different words, or take fewer folds",
            )


def _fold(seed: str, text: str, folds: int) -> int:
    """The fold of a text: its digest with the seed, so that copies lie together."""
    words = " ".join(text.split()).casefold()
    return int(hashlib.sha256(f"{seed}\n{words}".encode()).hexdigest(), 16) % folds


def _trained(texts: Sequence[str], answers: Sequence[bool]) -> Any:  # noqa: ANN401  (scikit-learn has no types)
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    words = TfidfVectorizer(
        ngram_range=(1, 2),
        sublinear_tf=True,
        strip_accents=None,
        lowercase=True,
        token_pattern=r"(?u)\b\w+\b",  # noqa: S106  (what a word is)
    )
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, lowercase=True)
    line = LogisticRegression(C=10.0, solver="liblinear", random_state=_SEED_OF_THE_SOLVER, max_iter=1_000)
    return make_pipeline(make_union(words, pieces), line).fit(list(texts), list(answers))


def _moved(
    raw: Mapping[str, float], known: Mapping[str, bool], weights: Mapping[str, float]
) -> dict[str, float]:
    """All scores moved by one step on the logit scale, so that the mean over the labelled is right."""
    import numpy as np

    items = sorted(raw)
    logit = np.array([_logit(raw[item]) for item in items])
    place = {item: at for at, item in enumerate(items)}
    labelled = sorted(known)
    at = np.array([place[item] for item in labelled])
    weight = np.array([weights.get(item, 1.0) for item in labelled])
    target = float((weight * np.array([known[item] for item in labelled], np.float64)).sum() / weight.sum())
    low, high = -_FARTHEST, _FARTHEST
    for _ in range(_STEPS):
        step = (low + high) / 2
        mean = float((weight / (1 + np.exp(-(logit[at] + step)))).sum() / weight.sum())
        low, high = (step, high) if mean < target else (low, step)
    moved = 1 / (1 + np.exp(-(logit + (low + high) / 2)))
    return {item: round(value, _DECIMALS) for item, value in zip(items, moved.tolist(), strict=True)}


def _logit(share: float) -> float:
    kept = min(max(share, 1e-9), 1 - 1e-9)
    return log(kept / (1 - kept))
