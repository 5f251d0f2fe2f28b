"""The plan: from what is asked for to a design, with what it can be expected to say and what to know of it.

Defaults: strata by score with half-proportional allocation and the mid-p form of the Fay-Feuer interval where
there are scores; a simple random sample with the exact interval where there are none; every first `yes` read
twice more, and a tenth of the rest once more, blind.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from perito.clock import MICROSECONDS_PER_DAY
from perito.errors import CaseError
from perito.formats.sample_design import SIZE_TOTAL
from perito.sampling.allocation import (
    WORDS,
    Expectation,
    audited_half_width,
    budget_for,
    expectation,
    expected_share,
    sizes_of,
)
from perito.sampling.design import Design
from perito.sampling.draw import ranked, smallest, with_chances
from perito.sampling.strata import ALL, LEAST_LABELS, Stratum, one_stratum, strata_by_score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.clock import Period
    from perito.sampling.frame import Frame
    from perito.sampling.label_book import LabelBook
    from perito.sampling.request import Request
    from perito.sampling.scores import Scores

_INTERVALS = {
    "simple": "exact-hypergeometric",
    "census": "exact-hypergeometric",
    "stratified": "fay-feuer mid-p",
    "pps": "hansen-hurwitz",
}
_ANYTIME_INTERVAL = "prior-posterior ratio, without replacement"
_READINGS_OF_A_YES = 3
_WIDER = 1.1


@dataclass(frozen=True)
class Plan:
    """A design that is not registered yet, and what is to be known of it.

    Args:
        design: What would be sealed.
        strata: The strata, lowest scores first.
        sizes: Labels for each.
        expected: What it can be expected to find; None where nothing says.
        second_readings: Items that get a second reading whatever the first says.
        notes: What the reader of the plan has to know: sentences without a full stop.
    """

    design: Design
    strata: tuple[Stratum, ...]
    sizes: tuple[int, ...]
    expected: Expectation | None
    second_readings: int
    notes: tuple[str, ...]

    @property
    def planned(self) -> int:
        """First readings (n)."""
        return sum(self.sizes)

    @property
    def further_readings(self) -> int | None:
        """Readings that are expected beside the first ones; None where nothing says how many are positive."""
        if self.expected is None:
            return None
        found = self.expected.positives
        share = self.second_readings / self.planned
        return round((_READINGS_OF_A_YES - 1) * found + share * (self.planned - found))


def make_plan(request: Request, frame: Frame, scores: Scores | None, book: LabelBook) -> Plan:
    """The plan for a request.

    Args:
        request: What is asked for.
        frame: The population.
        scores: Scores of its items, if there are any.
        book: The label book.

    Raises:
        CaseError: Something that the method refuses: a stratum that could not be sampled, a class that the
            book does not define, strata without scores, a precision without a guess.
    """
    for name in request.classes:
        book.chosen(name)
    if request.weight == "views":
        return _by_views(request, frame, book)
    strata, budget = _strata_and_budget(request, frame, scores)
    method = "stratified" if len(strata) > 1 else "simple"
    if budget >= frame.population:
        strata, budget, method = one_stratum(frame.items, expected_share(strata)), frame.population, "census"
    sizes = sizes_of(budget, strata)
    seed = request.seed or _own_seed(request, frame)
    drawn = {
        item: one.name
        for one, size in zip(strata, sizes, strict=True)
        for item in smallest(seed, one.items, size)
    }
    draws = [
        {"item_id": item, "platform": frame.platforms[item], "stratum": drawn[item]}
        for item in ranked(seed, drawn)
    ]
    used = scores if method == "stratified" else None
    return _plan(request, frame, book, method, seed, strata, sizes, draws, used)


def _strata_and_budget(
    request: Request, frame: Frame, scores: Scores | None
) -> tuple[tuple[Stratum, ...], int]:
    if request.stratify_by == "score" and scores is None:
        raise CaseError(
            "there are no scores to cut strata by",
            where="--stratify-by score",
            remedy="run 'perito score', add scores, or draw with '--stratify-by none'",
        )
    is_cut = scores is not None and request.stratify_by != "none" and request.stopping == "fixed"
    small = request.budget is not None and request.budget < 2 * LEAST_LABELS and request.stratify_by is None
    if scores is None or not is_cut or small:
        strata = one_stratum(frame.items, request.expected)
    else:
        most = frame.population if request.budget is None else request.budget
        strata = strata_by_score(frame.items, scores.by_item, most)
    if request.budget is not None:
        return strata, request.budget
    return strata, budget_for(request.precision or 0.0, strata, request.level)


def _by_views(request: Request, frame: Frame, book: LabelBook) -> Plan:
    """Draws with replacement in proportion to views; what nobody viewed has no part in a share of views."""
    sizes = {item: views for item, views in (frame.sizes or {}).items() if views}
    if not sizes:
        raise CaseError(
            "no item of the population has a known number of views",
            where="--weight views",
            remedy="draw without '--weight'",
        )
    seed, draws = request.seed or _own_seed(request, frame), request.budget or 0
    items = with_chances(seed, list(sizes), list(sizes.values()), draws)
    rows: list[dict[str, Any]] = [
        {"item_id": item, "platform": frame.platforms[item], "stratum": ALL, "size": sizes[item]}
        for item in items
    ]
    strata = one_stratum(frame.items, request.expected)
    return _plan(request, frame, book, "pps", seed, strata, (draws,), rows, None)


def _plan(
    request: Request,
    frame: Frame,
    book: LabelBook,
    method: str,
    seed: str,
    strata: tuple[Stratum, ...],
    sizes: tuple[int, ...],
    draws: list[dict[str, Any]],
    scores: Scores | None,
) -> Plan:
    items = list(dict.fromkeys(draw["item_id"] for draw in draws))
    second = _second_readings(request, seed, items)
    facts = {
        **_facts(request, frame, book, method, seed),
        "planned": sum(sizes),
        "allocation": WORDS if method == "stratified" else None,
        "second_reading_share": len(second) / len(items),
        SIZE_TOTAL: sum(size or 0 for size in (frame.sizes or {}).values()) or None,
        **({} if scores is None else _model(scores)),
    }
    design = Design(
        facts=facts,
        strata=[
            _stratum_row(at, one, size, frame)
            for at, (one, size) in enumerate(zip(strata, sizes, strict=True), 1)
        ],
        label_book={"digest": book.digest, "classes": book.rows(), "values": list(book.values)},
        classes=list(request.classes),
        draws=draws,
        readings={"readers": list(request.readers), "second": sorted(second)},
    )
    expected = expectation(strata, sizes, request.level) if method != "pps" else None
    notes = _notes(request, frame, method, scores, expected, len(second))
    if expected is not None:
        notes += _audit_note(request, strata, sizes, expected, len(second))
    return Plan(design, strata, sizes, expected, len(second), tuple(notes))


def _facts(request: Request, frame: Frame, book: LabelBook, method: str, seed: str) -> dict[str, Any]:
    period = frame.filter.period
    interval = _ANYTIME_INTERVAL if request.stopping == "anytime" else _INTERVALS[method]
    return {
        "question_id": request.question_id,
        "platform": frame.platform,
        "item_kind": frame.item_kind,
        "frame": frame.filter.words,
        "frame_digest": frame.digest,
        "population": frame.population,
        "population_basis": _basis(frame),
        "window_start_us": period.start_us,
        "window_end_us": period.end_us,
        "window_basis": "calendar_date" if _is_of_days(period) else "acquisition_record",
        "label_book_id": book.id,
        "label_book_version": book.version,
        "method": method,
        "interval_method": interval,
        "level": request.level,
        "precision": request.precision,
        "stopping": request.stopping,
        "minimum_alpha": book.minimum_alpha,
        "weight": request.weight,
        "seed": seed,
        "replaces": request.replaces,
        "reason": request.reason,
    }


def _is_of_days(period: Period) -> bool:
    return period.start_us % MICROSECONDS_PER_DAY == 0 == period.end_us % MICROSECONDS_PER_DAY


def _basis(frame: Frame) -> str:
    """What N rests on, with what was left out."""
    words = f"every item of the table {frame.filter.items} in scope, counted"
    left_out = "".join(f"; {number} {reason} left out" for reason, number in frame.left_out.items())
    if frame.sizes is None:
        return words + left_out
    views = list(frame.sizes.values())
    unknown, none = sum(one is None for one in views), sum(one == 0 for one in views)
    total = sum(one or 0 for one in views)
    return f"{words}{left_out}; {total} views in all, {unknown} items with unknown and {none} with no views"


def _model(scores: Scores) -> dict[str, Any]:
    scorer = scores.scorer
    return {
        "model_id": scorer.model_id,
        "model_version": scorer.model_version,
        "score_class": scorer.score_class,
    }


def _stratum_row(position: int, one: Stratum, size: int, frame: Frame) -> dict[str, Any]:
    platforms = {frame.platforms[item] for item in one.items}
    row = {
        "stratum": one.name,
        "position": position,
        "platform": platforms.pop() if len(platforms) == 1 else None,
        "population": one.population,
        "sample": size,
        "score_low": one.score_low,
        "score_high": one.score_high,
        "score_spread": one.spread,
    }
    return {name: value for name, value in row.items() if value is not None}


def _second_readings(request: Request, seed: str, items: Sequence[str]) -> list[str]:
    """The items that get a second reading even if the first says no: by rank, under a seed of their own."""
    number = max(ceil(round(request.second_reading * len(items), 9)), request.validation)
    return smallest(f"{seed}\nsecond reading", items, min(number, len(items)))


def _own_seed(request: Request, frame: Frame) -> str:
    """A seed that nobody chose: from the digest of the frame and the question."""
    return hashlib.sha256(f"{frame.digest}\n{request.question_id}".encode()).hexdigest()[:16]


def _audit_note(
    request: Request,
    strata: tuple[Stratum, ...],
    sizes: tuple[int, ...],
    expected: Expectation,
    second: int,
) -> list[str]:
    """What the planned second readings leave of the expected interval, where that is a good deal wider."""
    if second >= sum(sizes):
        return []  # every value then rests on two readings or more: one sample, not two phases
    width = audited_half_width(strata, sizes, min(1.0, second / sum(sizes)), request.level)
    if width is None or not expected.half_width or width < _WIDER * expected.half_width:
        return []
    note = (
        f"that interval takes the labels for right: if their error is known from the {second:,} second"
        f" readings alone, it is about ±{width:.0%} (raise with --second-reading or --validation, or have"
        " items of known answer labelled)"
    )
    return [note]


def _notes(
    request: Request,
    frame: Frame,
    method: str,
    scores: Scores | None,
    expected: Expectation | None,
    second: int,
) -> list[str]:
    notes = [
        f"{number:,} items {reason} are not in the population" for reason, number in frame.left_out.items()
    ]
    if method == "census":
        notes.append("the labels reach for the whole population: every item is read, nothing is drawn")
    if scores is not None and scores.unscored:
        notes.append(f"{scores.unscored:,} items have no score: they are a stratum of their own")
    if frame.sizes is not None:
        unknown = sum(views is None for views in frame.sizes.values())
        notes.append(f"{unknown:,} items whose views are not known cannot be drawn")
    if request.stopping == "anytime" and request.second_reading < 1:
        notes.append(
            "an interval that holds at every look needs every item read again (--second-reading 100%):"
            " with fewer second readings the number is refused"
        )
    if len(request.readers) < _READINGS_OF_A_YES:
        notes.append("fewer than three readers: what the first says yes to cannot be read twice more")
    if expected is not None and second < expected.validation:
        notes.append(
            f"{expected.validation:,} second readings of negatives without a false alarm would show"
            f" that false alarms are rarer than the class; planned: {second:,} (raise with --validation)"
        )
    return notes
