"""How far the review has come, in numbers that say nothing about anybody's answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perito.web.review import fact

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True)
class Progress:
    """Readings made by a person, by all, and planned at the start."""

    own: int
    made: int
    planned: int


def progress_of(connection: sqlite3.Connection, person_id: str) -> Progress:
    """The progress, as a person may see it."""
    row = connection.execute(
        "SELECT coalesce(sum(labels), 0) made, coalesce(sum(CASE person_id WHEN ? THEN labels END), 0) own"
        " FROM people",
        (person_id,),
    ).fetchone()
    planned = int(fact(connection, "planned") or 0)
    return Progress(row["own"], row["made"], max(planned, row["made"]))
