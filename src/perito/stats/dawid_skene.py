"""What was probably true, and how each reader errs, from labels alone: the model of Dawid and Skene.

It assumes that readers err independently given the truth. Readers trained alike share errors, which the model
takes for truth: its shares are a diagnostic of the readers, not an estimate of prevalence by themselves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from perito.errors import StatsError
from perito.stats.interval import whole_count
from perito.stats.ratings import coded, distinct_rows

if TYPE_CHECKING:
    import numpy.typing as npt

    from perito.stats.columns import Floats, Integers

__all__ = ["DawidSkene", "dawid_skene"]

_SETTLED = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class DawidSkene:
    """What the model of Dawid and Skene says of items and readers.

    Args:
        values: The values that occur, ascending; the last one counts as "positive".
        shares: The share of items of which each value is true.
        confusion: For every reader, the chance of each label (column) given each true value (row).
        probabilities: For every item, the probability of each value.
        log_likelihood: Log-likelihood of the labels.
        iterations: Steps taken.

    Example:
        >>> dawid_skene([[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 1]]).prevalence
        0.5
    """

    values: Floats
    shares: Floats
    confusion: Floats
    probabilities: Floats
    log_likelihood: float
    iterations: int

    @property
    def prevalence(self) -> float:
        """The share of items whose true value is the largest one (1, where labels are 0 and 1)."""
        return float(self.shares[-1])

    @property
    def value(self) -> float:
        """The prevalence, so that the result reads like any other estimate."""
        return self.prevalence

    @property
    def interval(self) -> None:
        """None: the model gives no interval."""
        return


def dawid_skene(ratings: npt.ArrayLike, *, most_iterations: int = 10_000) -> DawidSkene:
    """The shares of true values and the errors of every reader that make the labels most likely.

    EM: the probability of true value k for an item is proportional to share_k times the product over its
    labels of confusion[reader, k, label]; shares and confusion are the weighted frequencies. Starts from the
    vote shares of each item; stops when the log-likelihood changes by less than 1e-12 of itself. No
    smoothing. Source: Dawid & Skene 1979, Appl. Statist. 28:20. Items with the same labels are computed once.

    Args:
        ratings: One row a reader, one column an item; not-a-number (or None) where a reader did not label it.
        most_iterations: Steps after which it gives up.

    Returns:
        Shares, confusion, probabilities, log-likelihood. The confusion of a reader without labels, and the
        row of a value that is true of no item the reader labelled, are not-a-number.

    Raises:
        StatsError: No such table; less than two readers; only one value occurs; no end within the steps.

    Example:
        >>> found = dawid_skene([[1, 1, 0, 0, 1], [1, 1, 0, 0, 0], [1, 0, 0, 1, 0]])
        >>> round(found.prevalence, 3), found.confusion.shape
        (0.4, (3, 2, 2))
    """
    steps = whole_count("most_iterations", most_iterations, smallest=1)
    values, codes = coded(ratings)
    if len(values) == 1:
        found = f"only {values[0]:g}"
        raise StatsError("readers cannot be judged: only one value occurs", expected="two", found=found)
    first, which, held = distinct_rows(codes + 1, len(values) + 1)
    patterns = codes[:, first]
    chosen = _chosen(patterns, len(values))
    votes = np.asarray(chosen.sum(axis=1)).ravel()
    weights = np.where(votes > 0, held, 0)  # an item that nobody labelled says nothing
    model = _Model(chosen, weights, len(codes), len(values))
    truth = model.vote_shares(np.maximum(votes, 1))
    before = -math.inf
    for step in range(1, steps + 1):
        shares, confusion = model.frequencies(truth)
        truth, likelihood = model.truth(shares, np.nan_to_num(confusion))
        if abs(likelihood - before) <= _SETTLED * abs(likelihood):
            return DawidSkene(values, shares, confusion, truth[which], likelihood, step)
        before = likelihood
    raise StatsError(
        "the model did not settle",
        expected=f"a change below {_SETTLED:g} of the log-likelihood",
        found=f"{steps} steps",
        remedy="raise 'most_iterations'",
    )


def _chosen(patterns: Integers, values: int) -> sparse.csr_array:
    """One row a pattern, one column a reader and value: 1 where the reader chose it."""
    reader, row = np.nonzero(patterns >= 0)
    column = reader * values + patterns[reader, row]
    shape = (patterns.shape[1], len(patterns) * values)
    return sparse.csr_array((np.ones(len(row)), (row, column)), shape=shape)


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    chosen: sparse.csr_array
    weights: Integers
    readers: int
    values: int

    def vote_shares(self, votes: Floats) -> Floats:
        by_value = sparse.kron(np.ones((self.readers, 1)), sparse.eye_array(self.values), format="csr")
        shares: Floats = (self.chosen @ by_value).toarray() / votes[:, np.newaxis]
        return shares

    def frequencies(self, truth: Floats) -> tuple[Floats, Floats]:
        """Shares of the values, and for every reader the labels given each true value."""
        weighted = truth * self.weights[:, np.newaxis]
        counts = (self.chosen.T @ weighted).reshape(self.readers, self.values, self.values).transpose(0, 2, 1)
        totals = counts.sum(axis=2, keepdims=True)
        confusion = np.full(counts.shape, np.nan)
        np.divide(counts, totals, out=confusion, where=totals > 0)
        return weighted.sum(axis=0) / self.weights.sum(), confusion

    def truth(self, shares: Floats, confusion: Floats) -> tuple[Floats, float]:
        """Probabilities of the true values of every pattern, and the log-likelihood of all labels."""
        with np.errstate(divide="ignore"):  # the log of a share of 0 is minus infinity, as it should be
            chances = np.log(confusion).transpose(0, 2, 1).reshape(-1, self.values)
            joint = self.chosen @ chances + np.log(shares)
        highest = joint.max(axis=1, keepdims=True)
        relative = np.exp(joint - highest)
        sums = relative.sum(axis=1, keepdims=True)
        likelihood = math.fsum(self.weights * (highest + np.log(sums)).ravel())
        return relative / sums, likelihood
