"""What the analyst sees while people read: agreement, disputes, drift, an interval that may be watched.

No label is read that is not in the events.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perito.errors import StatsError
from perito.web.design import Design
from perito.web.review import fact
from perito.web.shares import Share, share_of, total_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from perito.stats.interval import Estimate
    from perito.web.book import Book

REPLICATES = 2_000
BLOCK = 50
DOUBLED_MIN = 10  # items read twice under which no agreement is shown
_FEW = 2
COUNTED = ("simple", "stratified", "census")  # methods of drawing in which a count of the sample is enough

_STANDING = """
SELECT items.item_no, items.item_id, items.stratum, slots.round, slots.reader, label_events.choices,
  decisions.choices decided, conflicts.state dispute
FROM slots JOIN items USING (item_no)
LEFT JOIN label_events ON label_events.event_no = slots.event_no
LEFT JOIN conflicts ON conflicts.item_no = items.item_no AND conflicts.book_no = slots.book_no
  AND conflicts.state <> 'withdrawn'
LEFT JOIN label_events decisions ON decisions.event_no = conflicts.event_no
WHERE slots.book_no = :book AND slots.queue = 'sample' AND slots.item_no IN
  (SELECT item_no FROM slots WHERE book_no = :book AND queue = 'sample' AND state = 'done')
ORDER BY items.item_no, slots.round
"""
_CHECKS = """
SELECT slots.item_no, slots.queue, slots.reader, label_events.choices, answers.choices known
FROM slots JOIN label_events USING (event_no) LEFT JOIN answers ON answers.item_no = slots.item_no
WHERE slots.book_no = ? AND slots.queue = ? AND slots.state = 'done' ORDER BY event_no
"""
_FIRST_OWN = """
SELECT choices FROM slots JOIN label_events USING (event_no)
WHERE slots.item_no = ? AND slots.book_no = ? AND slots.queue = 'sample' AND slots.reader = ?
"""


@dataclass
class ItemState:
    """An item of the sample that somebody has read: its readings so far and what was decided."""

    item_id: str
    stratum: str
    readings: list[Mapping[str, str] | None]
    decided: Mapping[str, str] | None
    dispute: str | None

    def value(self, name: str) -> str | None:
        """What stands for a class: decided, or said alike by all; None while it is open."""
        if self.decided is not None:
            return self.decided[name]
        said = {None if reading is None else reading[name] for reading in self.readings}
        return said.pop() if len(said) == 1 else None


@dataclass(frozen=True)
class Drift:
    """A run of answers to items with a known answer, or to items read before: how many were right."""

    first: int
    last: int
    right: int
    checked: int
    estimate: Estimate


@dataclass(frozen=True)
class ClassView:
    """What is known of one class so far.

    Args:
        id: The class.
        doubled: Items with two readings or more.
        agreement: Name and estimate of each measure of agreement; text instead where there is none.
        is_too_low: Whether the interval of alpha reaches below the minimum of the label book.
        contested: Ids of items on which readings differ, with the state of the dispute.
        total: The share in the whole population.
        strata: The share in each stratum.
        golden: Answers to items with a known answer, in runs.
        repeats: Second answers of the same person, in runs.
    """

    id: str
    doubled: int
    agreement: list[tuple[str, Estimate | str]]
    is_too_low: bool
    contested: list[tuple[str, str]]
    total: Share
    strata: list[Share]
    golden: list[Drift]
    repeats: list[Drift]


def live_views(connection: sqlite3.Connection, book: Book, aim: float | None = None) -> list[ClassView]:
    """What is known of every class of the label book so far.

    Args:
        connection: The review's database.
        book: The label book in force.
        aim: Relative half-width that further labels shall reach; that of the design if not given, else .25.
    """
    design = Design.from_text(fact(connection, "design") or "")
    states = item_states(connection, book.number)
    wanted = aim or design.precision or 0.25
    return [_class_view(connection, book, one.id, states, design, wanted) for one in book.classes]


def item_states(connection: sqlite3.Connection, book_no: int) -> list[ItemState]:
    """Every item of the sample with at least one reading."""
    found: dict[int, ItemState] = {}
    for row in connection.execute(_STANDING, {"book": book_no}):
        state = found.setdefault(
            row["item_no"],
            ItemState(row["item_id"], row["stratum"] or "all", [], _parsed(row["decided"]), row["dispute"]),
        )
        state.readings.append(_parsed(row["choices"]))
    return list(found.values())


def _parsed(text: str | None) -> dict[str, str] | None:
    found: dict[str, str] | None = None if text is None else json.loads(text)
    return found


def _class_view(
    connection: sqlite3.Connection,
    book: Book,
    name: str,
    states: Sequence[ItemState],
    design: Design,
    aim: float,
) -> ClassView:
    measures = agreement_of(states, name)
    alpha = next((found for key, found in measures if key == "alpha"), "")
    low = alpha.interval.low if not isinstance(alpha, str) and alpha.interval else None
    strata = _strata(states, name, design, aim)
    return ClassView(
        id=name,
        doubled=sum(_said(state) >= _FEW for state in states),
        agreement=measures,
        is_too_low=low is not None and low < book.minimum_alpha,
        contested=[(state.item_id, state.dispute or "open") for state in states if _differs(state, name)],
        total=total_of(strata, aim, design.level),
        strata=strata,
        golden=_drift(connection, book.number, name, "golden"),
        repeats=_drift(connection, book.number, name, "relabel"),
    )


def _said(state: ItemState) -> int:
    return sum(reading is not None for reading in state.readings)


def _differs(state: ItemState, name: str) -> bool:
    return len({reading[name] for reading in state.readings if reading is not None}) > 1


# --- agreement --------------------------------------------------------------------------------------------


def agreement_of(states: Sequence[ItemState], name: str) -> list[tuple[str, Estimate | str]]:
    """Alpha, positive, raw agreement and the contested share, each with its bootstrap interval.

    «Cannot tell» counts as a value of its own. Where a measure has no value the reason stands instead.
    """
    from perito.stats import agreement

    ratings = _ratings(states, name)
    doubled = sum(_said(state) >= _FEW for state in states)
    measures: list[tuple[str, Callable[..., Estimate]]] = [
        ("alpha", agreement.krippendorff_alpha),
        ("positive", agreement.positive_agreement),
        ("raw", agreement.raw_agreement),
        ("contested", agreement.contested_share),
    ]
    found: list[tuple[str, Estimate | str]] = []
    for key, measure in measures:
        try:
            made = agreement.bootstrap_agreement(measure, ratings, replicates=REPLICATES)
        except StatsError as error:
            found.append((key, _reason(error)))
        else:
            found.append((key, made if _has_width(made, doubled) else "too_few"))
    return found


def _has_width(found: Estimate, doubled: int) -> bool:
    """Whether resampling says how uncertain a value is: of few items, or of items all alike, it does not."""
    return doubled >= DOUBLED_MIN and found.interval is not None and found.interval.low < found.interval.high


def _reason(error: StatsError) -> str:
    """The key of the words for why a measure has no value."""
    if "labelled once" in error.what or "no label" in error.what:
        return "labelled_once"
    return "too_few" if "resamples" in error.what or "only one value" not in error.what else "one_value"


def _ratings(states: Sequence[ItemState], name: str) -> npt.NDArray[np.float64]:
    """One row a reading, one column an item; 0 no, 1 yes, other answers 2 and on."""
    import numpy as np

    doubled = [state for state in states if _said(state) >= _FEW]
    most = max((len(state.readings) for state in doubled), default=2)
    codes: dict[str, float] = {"no": 0.0, "yes": 1.0}
    table = np.full((most, max(len(doubled), 1)), np.nan)
    for column, state in enumerate(doubled):
        for row, reading in enumerate(state.readings):
            if reading is not None:
                table[row, column] = codes.setdefault(reading[name], float(len(codes)))
    return table


# --- the share of positives -------------------------------------------------------------------------------


def _strata(states: Sequence[ItemState], name: str, design: Design, aim: float) -> list[Share]:
    """Each stratum with an interval; the level is shared out, so that all hold together."""
    level = 1 - (1 - design.level) / max(len(design.population), 1)
    population = design.population if design.method in COUNTED else dict.fromkeys(design.population, 0)
    by_stratum: dict[str, list[ItemState]] = {stratum: [] for stratum in population}
    for state in states:
        by_stratum.setdefault(state.stratum, []).append(state)
    return [
        share_of(stratum, [state.value(name) for state in held], population.get(stratum, 0), level, aim)
        for stratum, held in by_stratum.items()
    ]


# --- drift ------------------------------------------------------------------------------------------------


def _drift(connection: sqlite3.Connection, book_no: int, name: str, queue: str) -> list[Drift]:
    """How many answers of each run were as known, or as the same person gave before; with exact intervals."""
    from perito.stats.interval import Estimate
    from perito.stats.proportion import clopper_pearson

    right = [
        1 if _parsed(row["choices"])[name] == known[name] else 0  # type: ignore[index]
        for row in connection.execute(_CHECKS, (book_no, queue)).fetchall()
        if (known := _expected(connection, row, book_no)) is not None
    ]
    runs = []
    for first in range(0, len(right), BLOCK):
        run = right[first : first + BLOCK]
        found = Estimate(sum(run) / len(run), clopper_pearson(sum(run), len(run)))
        runs.append(Drift(first + 1, first + len(run), sum(run), len(run), found))
    return runs


def _expected(connection: sqlite3.Connection, row: sqlite3.Row, book_no: int) -> dict[str, Any] | None:
    if row["queue"] == "golden":
        return _parsed(row["known"])
    before = connection.execute(_FIRST_OWN, (row["item_no"], book_no, row["reader"])).fetchone()
    return None if before is None else _parsed(before["choices"])
