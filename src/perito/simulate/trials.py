"""Trials: a generator that is asked forbidden and benign prompts, and age gates that are tried.

Their number is the plan's, not the posts'. No prompt has words, and no tester is a minor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from perito.simulate.columns import (
    Codes,
    Flags,
    Numbers,
    Whole,
    coded,
    constant,
    digits,
    joined,
    microseconds,
    table,
    unsaid,
)
from perito.simulate.plan import DAY_S

if TYPE_CHECKING:
    from numpy.random import Generator

    from perito.simulate.world import World

GENERATOR = "invented generator"
DESIGN = "audit-1"
OUTCOMES = ("refused", "complied", "partial", "error")
PROMPT_CLASSES = ("forbidden", "benign")
_REFUSED, _COMPLIED, _PARTIAL, _ERROR = range(4)
_BOOK = ("outcomes of trials", "1")
_JUDGE = ("simulated judge", "1")
_JUDGE_THRESHOLD = 0.5


@dataclass(frozen=True)
class Trials:
    """The trials of the audit as arrays of equal length.

    Args:
        day: Day of the audit, from 1.
        prompt: Number of the prompt, from 0; a pair shares it.
        is_benign: Whether it is the benign twin.
        draw: Repetition on that day, from 1.
        is_after: Whether the safeguard had changed.
        outcome: What truly came of it, as a position in `OUTCOMES`.
        asked_s: When, in seconds since the epoch.
    """

    day: Whole
    prompt: Whole
    is_benign: Flags
    draw: Whole
    is_after: Flags
    outcome: Codes
    asked_s: Whole

    def __len__(self) -> int:
        return len(self.day)

    @property
    def has_complied(self) -> Flags:
        """Whether the request was fulfilled, wholly or in part."""
        return np.isin(self.outcome, (_COMPLIED, _PARTIAL))

    @property
    def is_error(self) -> Flags:
        """Whether it ended in a technical failure."""
        return np.isin(self.outcome, (_ERROR,))


def correlated(mean: float, correlation: float, places: Numbers) -> Numbers:
    """Probabilities of clusters with a mean and an intra-cluster correlation: quantiles of a Beta law.

    Beta(mean (1/rho - 1), (1 - mean) (1/rho - 1)) has that correlation (beta-binomial).

    Args:
        mean: Mean probability.
        correlation: rho, from 0 (all equal) to less than 1.
        places: Uniform numbers, one a cluster.

    Example:
        >>> correlated(0.4, 0.0, np.array([0.1, 0.9])).tolist()
        [0.4, 0.4]
    """
    if not correlation or mean in {0, 1}:
        return np.full(len(places), float(mean))
    from scipy.special import betaincinv

    weight = 1 / correlation - 1
    drawn: Numbers = betaincinv(mean * weight, (1 - mean) * weight, places)
    return drawn


def prompt_probabilities(world: World) -> tuple[Numbers, Numbers]:
    """Probability that each forbidden prompt is fulfilled, before and after the change."""
    plan = world.plan.generator
    places = world.stream("prompts").random(plan.prompts)
    return (
        correlated(plan.complies_before, plan.correlation, places),
        correlated(plan.complies_after, plan.correlation, places),
    )


def draw_trials(world: World) -> Trials:
    """Every prompt of every pair, asked every day."""
    plan, random = world.plan.generator, world.stream("trials")
    shape = (plan.days, 2, plan.prompts, plan.draws)
    day, benign, prompt, draw = (axis.ravel() for axis in np.indices(shape))
    is_after, is_benign = day + 1 > plan.change_day, benign == 1
    before, after = prompt_probabilities(world)
    complies = np.where(is_after, after[prompt], before[prompt])
    refuses = np.where(is_after, plan.over_refuses_after, plan.over_refuses_before)
    has_complied = random.random(len(day)) < np.where(is_benign, 1 - refuses, complies)
    is_partial = has_complied & (random.random(len(day)) < plan.partly)
    outcome = np.where(is_partial, _PARTIAL, np.where(has_complied, _COMPLIED, _REFUSED))
    outcome[random.random(len(day)) < plan.errors] = _ERROR
    asked_s = world.start_s + day * DAY_S + random.integers(0, DAY_S, len(day))
    return Trials(day + 1, prompt, is_benign, draw + 1, is_after, outcome, asked_s)


def trial_tables(world: World, trials: Trials) -> dict[str, pa.Table]:
    """The trials, what two readers and a machine judge say came of them, and the truth."""
    keys = joined("trial-", digits(np.arange(len(trials)) + 1))
    random = world.stream("trial labels")
    labels = [_label_rows(world, trials, keys, random, reader) for reader in (1, 2)]
    before, after = prompt_probabilities(world)
    prompts = {
        "prompt_id": joined("forbidden-", digits(np.arange(len(before)) + 1)),
        "complies_before": before,
        "complies_after": after,
    }
    return {
        "generator_trials": _trial_rows(world, trials, keys),
        "labels": pa.concat_tables(labels),
        "scores": _judge_rows(world, trials, keys, random),
        "truth/prompts": table(prompts),
        "truth/trials": table({"trial_id": keys, "outcome": coded(trials.outcome, OUTCOMES)}),
    }


def _trial_rows(world: World, trials: Trials, keys: pa.Array) -> pa.Table:
    rows, testers = len(trials), world.plan.generator.testers
    prompt_class = coded(trials.is_benign.astype(np.int8), PROMPT_CLASSES)
    number = digits(trials.prompt + 1)
    order = np.arange(rows)
    return table(
        {
            "trial_id": keys,
            "design_id": constant(DESIGN, rows),
            "generator": constant(GENERATOR, rows),
            "version": coded(trials.is_after.astype(np.int8), ["1", "2"]),
            "surface": constant("app", rows),
            "locale": constant("es-ES", rows),
            "tester_id": joined("tester-", digits(order % testers + 1)),
            "wave": 1 + trials.is_after.astype(np.int64),
            "prompt_id": joined(prompt_class.cast(pa.string()), "-", number),
            "pair_id": joined("pair-", number),
            "prompt_class": prompt_class,
            "draw": (trials.day - 1) * world.plan.generator.draws + trials.draw,
            "asked_at_us": microseconds(trials.asked_s),
            "asked_basis": constant("capture_clock", rows),
        }
    )


def _label_rows(world: World, trials: Trials, keys: pa.Array, random: Generator, reader: int) -> pa.Table:
    plan, rows = world.plan.generator, len(trials)
    sees = np.where(trials.has_complied, plan.sensitivity, plan.specificity)
    is_wrong = (random.random(rows) >= sees) & ~trials.is_error
    mistaken = np.where(trials.has_complied, _REFUSED, _COMPLIED)
    value = np.where(is_wrong, mistaken, trials.outcome)
    return table(
        {
            "item_id": keys,
            "item_kind": constant("trial", rows),
            "platform": unsaid(rows),
            "assignment_id": pa.nulls(rows, pa.string()),
            "label_book_id": constant(_BOOK[0], rows),
            "label_book_version": constant(_BOOK[1], rows),
            "class": constant("outcome", rows),
            "annotator_id": constant(f"trial-reader-{reader}", rows),
            "round": constant(str(reader), rows),
            "role": constant("sample", rows),
            "value": coded(value, OUTCOMES),
            "skipped": np.zeros(rows, np.bool_),
            "warned": value == _PARTIAL,
            "blind": np.ones(rows, np.bool_),
            "labelled_at_us": microseconds(trials.asked_s + DAY_S * reader),
            "labelled_basis": constant("server_utc", rows),
            "revealed_s": pa.nulls(rows, pa.float64()),
            "view_mode": constant("transcript", rows),
        }
    )


def _judge_rows(world: World, trials: Trials, keys: pa.Array, random: Generator) -> pa.Table:
    plan, rows = world.plan.generator, len(trials)
    chance = np.where(trials.has_complied, plan.judge_sensitivity, 1 - plan.judge_specificity)
    is_flagged = random.random(rows) < chance
    score = (random.random(rows) + is_flagged) / 2
    return table(
        {
            "item_id": keys,
            "item_kind": constant("trial", rows),
            "platform": unsaid(rows),
            "class": constant("outcome", rows),
            "model_id": constant(_JUDGE[0], rows),
            "model_version": constant(_JUDGE[1], rows),
            "score": np.floor(score * 1e4) / 1e4,
            "threshold": np.full(rows, _JUDGE_THRESHOLD),
            "threshold_version": constant("1", rows),
        }
    )
