"""Further readings: which items are read again, blind, once the first readings are in.

What a first reader says yes to is read twice more; of the rest, those that the design chose beforehand are
read once more, and a third time where that says yes. So agreement, and the error of the labels on both
sides, can be estimated.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from perito.sampling.tasks import Reading, drawn_items

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from perito.engine import Tables
    from perito.sampling.design import Design

_LABELS = """
SELECT item_id, class, annotator_id, round, value FROM labels
WHERE role = 'sample' AND label_book_id = $book AND label_book_version = $version
ORDER BY item_id, class, round, annotator_id, value NULLS FIRST
"""
_ROUNDS_OF_A_YES = (2, 3)
_ROUNDS_OF_THE_REST = (2,)


def further_readings(design: Design, tables: Tables) -> dict[str, list[Reading]]:
    """The readings that are due beside the first ones and not done, by class.

    The score decides nothing here: the chance of a second reading after a first no has to be the one that the
    design states, or the error of the labels could not be estimated from it.

    Args:
        design: A registered design.
        tables: The case's tables, with the labels that are in.
    """
    labels = _labels(design, tables)
    return {name: list(_due(design, labels[name])) for name in design.classes}


def _labels(design: Design, tables: Tables) -> Mapping[str, dict[str, list[dict[str, Any]]]]:
    """Labels of the items drawn under the design's label book, by class and item."""
    facts, drawn = design.facts, set(drawn_items(design))
    rows = tables.rows(_LABELS, book=facts["label_book_id"], version=facts["label_book_version"])
    found: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row["item_id"] in drawn:
            found[row["class"]][row["item_id"]].append(row)
    return found


def _due(design: Design, labels: Mapping[str, list[dict[str, Any]]]) -> Iterable[Reading]:
    readers, chosen = design.readings["readers"], set(design.readings["second"])
    for at, item in enumerate(drawn_items(design)):
        done = labels.get(item, [])
        first = [row["value"] for row in done if row["round"] == "1"]
        if not first:
            continue  # what was not read once is not read again
        # A first no that the second reads as yes is settled by a third, like any first yes.
        is_yes = any(row["value"] == "yes" for row in done)
        rounds = _ROUNDS_OF_A_YES if is_yes else _ROUNDS_OF_THE_REST if item in chosen else ()
        turn = [readers[(at + step) % len(readers)] for step in range(1, len(readers))]
        free = [reader for reader in turn if reader not in {row["annotator_id"] for row in done}]
        open_rounds = [number for number in rounds if str(number) not in {row["round"] for row in done}]
        yield from (Reading(item, number, reader) for number, reader in zip(open_rounds, free, strict=False))
