"""Labels: a simple random sample read by readers whose sensitivity and specificity are known.

Every item of the sample is read once; first readings «yes» get two further blind readings, of the «no» a
random part gets one. Items with a known answer, drawn at random from both sides, are read by all. Some
items of the sample are read again later by the same reader.
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
)
from perito.simulate.plan import DAY_S
from perito.simulate.scores import LABEL_CLASS

if TYPE_CHECKING:
    from numpy.random import Generator

    from perito.simulate.posts import Posts
    from perito.simulate.world import World

DESIGN = "simple-1"
BOOK = ("simulated book", "1")
VALUES = ("no", "yes", "cannot_tell")
_ROLES = ("sample", "validation", "relabel")
_ROUNDS = ("1", "2", "3", "adjudication")
_KNOWN = 3  # round of the known answer, in `_ROUNDS`
_MOST_ROUNDS = 3
_SECONDS_A_LABEL = 20
_A_DAYS_WORK = 2000  # labels; times of known answers repeat after so many posts
_START_DAYS = {"sample": 2, "validation": 1, "relabel": 40}  # after the capture


@dataclass(frozen=True)
class Sample:
    """The sample: numbers of posts, rising, and the order from 1 in which each was drawn."""

    posts: Whole
    draw: Whole


@dataclass(frozen=True)
class _Readings:
    """Readings as arrays of equal length: post in the block, reader, round, role, value, and when."""

    post: Whole
    reader: Whole
    round: Whole
    role: Codes
    value: Codes
    at_s: Whole


def draw_sample(world: World) -> Sample:
    """A simple random sample without replacement of all posts."""
    size = min(world.plan.labels.sample, world.posts)
    drawn = world.stream("sample").choice(world.posts, size, replace=False)
    order = np.argsort(drawn)
    return Sample(drawn[order].astype(np.int64), order + 1)


def label_tables(world: World, sample: Sample, posts: Posts, block: int) -> tuple[dict[str, pa.Table], int]:
    """Draws, assignments and labels of a block, and how many of its sampled posts are of the class."""
    inside = slice(*np.searchsorted(sample.posts, (posts.first, posts.first + len(posts))))
    post, draw = sample.posts[inside] - posts.first, sample.draw[inside]
    random = world.stream("labels", block)
    readings = _all_readings(world, posts, post, draw, random)
    tables = {"draws": _draw_rows(world, posts, post, draw, len(sample.posts))}
    tables |= _reading_rows(world, posts, readings, random)
    return tables, int(posts.is_planted[post].sum())


def _draw_rows(world: World, posts: Posts, post: Whole, draw: Whole, size: int) -> pa.Table:
    rows = len(post)
    return table(
        {
            "design_id": constant(DESIGN, rows),
            "item_id": posts.keys.take(pa.array(post)),
            "item_kind": constant("post", rows),
            "platform": coded(posts.platform[post], world.platforms),
            "method": constant("simple", rows),
            "phase": np.ones(rows, np.int32),
            "draw": draw,
            "stratum": constant("all", rows),
            "stratum_sample": np.full(rows, size),
            "stratum_population": np.full(rows, world.posts),
            "inclusion_prob": np.full(rows, size / world.posts),
            "seed": constant(str(world.seed), rows),
            "drawn_at_us": np.full(rows, world.capture_us),
            "drawn_basis": constant("server_utc", rows),
        }
    )


def _all_readings(world: World, posts: Posts, post: Whole, draw: Whole, random: Generator) -> _Readings:
    parts = [
        *_sample_readings(world, posts, post, draw, random),
        *_validation_readings(world, posts, random),
        _later_readings(world, posts, post, draw, random),
    ]
    names = ("post", "reader", "round", "role", "value", "at_s")
    return _Readings(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _sample_readings(
    world: World, posts: Posts, post: Whole, draw: Whole, random: Generator
) -> list[_Readings]:
    readers = len(world.plan.labels.sensitivity)
    first = _read(world, posts, post, draw % readers, 0, "sample", draw, random)
    doubled = random.random(len(post)) < world.plan.labels.double_share
    found = [first]
    for number in range(1, min(readers, _MOST_ROUNDS)):
        again = (first.value == 1) | (doubled & (first.value == 0) & (number == 1))
        found.append(
            _read(
                world,
                posts,
                post[again],
                (draw[again] + number) % readers,
                number,
                "sample",
                draw[again],
                random,
            )
        )
    return found


def _validation_readings(world: World, posts: Posts, random: Generator) -> list[_Readings]:
    """Every reader's reading of items with a known answer, and that answer."""
    plan, rate = world.plan.labels, world.plan.mean_prevalence
    expected = np.where(posts.is_planted, plan.validation_positives, plan.validation_negatives)
    present = world.posts * np.where(posts.is_planted, rate, 1 - rate)
    chance = np.divide(expected, present, out=np.zeros(len(posts)), where=present > 0)
    post = np.flatnonzero(random.random(len(posts)) < chance)
    place = (posts.first + post) % _A_DAYS_WORK
    found = [
        _read(world, posts, post, np.full(len(post), reader), reader, "validation", place, random)
        for reader in range(min(len(plan.sensitivity), _MOST_ROUNDS))
    ]
    known = _read(
        world, posts, post, np.full(len(post), len(plan.sensitivity)), _KNOWN, "validation", place, random
    )
    return [*found, known]


def _later_readings(world: World, posts: Posts, post: Whole, draw: Whole, random: Generator) -> _Readings:
    again = draw <= world.plan.labels.relabelled
    reader = draw[again] % len(world.plan.labels.sensitivity)
    return _read(world, posts, post[again], reader, 0, "relabel", draw[again], random)


def _read(
    world: World,
    posts: Posts,
    post: Whole,
    reader: Whole,
    round_: int,
    role: str,
    place: Whole,
    random: Generator,
) -> _Readings:
    plan = world.plan.labels
    late = plan.late_ratio if role == "relabel" else 1.0
    sensitivity: Numbers = np.array([*(value * late for value in plan.sensitivity), 1.0])
    specificity: Numbers = np.array([*plan.specificity, 1.0])
    chance = np.where(posts.is_planted[post], sensitivity[reader], 1 - specificity[reader])
    value = (random.random(len(post)) < chance).astype(np.int8)
    is_unsure = (random.random(len(post)) < plan.unsure) & (round_ != _KNOWN)
    at_s = world.capture_s + _START_DAYS[role] * DAY_S + place * _SECONDS_A_LABEL
    return _Readings(
        post=post,
        reader=reader,
        round=np.full(len(post), round_),
        role=np.full(len(post), _ROLES.index(role)),
        value=np.where(is_unsure, VALUES.index("cannot_tell"), value),
        at_s=at_s + round_ * DAY_S,
    )


def _reading_rows(world: World, posts: Posts, readings: _Readings, random: Generator) -> dict[str, pa.Table]:
    rows, post = len(readings.post), readings.post
    readers = [f"reader-{at + 1}" for at in range(len(world.plan.labels.sensitivity))] + ["reference"]
    is_blind: Flags = readings.round != _KNOWN
    role, reader = coded(readings.role, _ROLES), coded(readings.reader, readers)
    keys, platform = posts.keys.take(pa.array(post)), coded(posts.platform[post], world.platforms)
    assignment = joined(
        "assignment-",
        role.cast(pa.string()),
        "-",
        digits(readings.round + 1),
        "-",
        digits(posts.first + post),
    )
    shared = {
        "item_id": keys,
        "item_kind": constant("post", rows),
        "platform": platform,
        "annotator_id": reader,
    }
    assignments = {
        "assignment_id": assignment,
        **shared,
        "design_id": coded(np.zeros(rows, np.int8), [DESIGN], readings.role != _ROLES.index("validation")),
        "queue": role,
        "blind": is_blind,
        "assigned_at_us": microseconds(readings.at_s - _SECONDS_A_LABEL),
        "assigned_basis": constant("server_utc", rows),
    }
    labels = {
        **shared,
        "assignment_id": assignment,
        "label_book_id": constant(BOOK[0], rows),
        "label_book_version": constant(BOOK[1], rows),
        "class": constant(LABEL_CLASS, rows),
        "round": coded(readings.round, _ROUNDS),
        "role": role,
        "value": coded(readings.value, VALUES),
        "skipped": np.zeros(rows, np.bool_),
        "warned": pa.nulls(rows, pa.bool_()),
        "blind": is_blind,
        "labelled_at_us": microseconds(readings.at_s),
        "labelled_basis": constant("server_utc", rows),
        "revealed_s": np.rint(random.exponential(5.0, rows) * 10) / 10,
        "view_mode": constant("full", rows),
    }
    return {"assignments": table(assignments), "labels": table(labels)}
