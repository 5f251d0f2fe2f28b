"""A review: the case it belongs to, where it is kept, its settings and its clock."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perito.errors import CaseError
from perito.web.book import Book
from perito.web.database import Database, access_database, review_database
from perito.web.moments import Clock
from perito.web.settings import Settings, load_settings

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path


@dataclass
class Review:
    """What every step of a review needs.

    Args:
        folder: The case folder.
        base: The review's database.
        access: Its access log.
        settings: Its settings.
        clock: Its clock.
    """

    folder: Path
    base: Database
    access: Database
    settings: Settings
    clock: Clock = field(default_factory=Clock)

    def close(self) -> None:
        """Close the databases."""
        self.base.close()
        self.access.close()


def open_review(case_folder: Path, settings: Settings | None = None, clock: Clock | None = None) -> Review:
    """The review of a case, made if there is none.

    Args:
        case_folder: The case folder.
        settings: Its settings; those of `review.toml` if not given.
        clock: Its clock; the machine's if not given.

    Raises:
        CaseError: The settings are wrong, or the database is damaged or of another version.
    """
    given = settings or load_settings(case_folder)
    review = Review(
        case_folder, review_database(case_folder), access_database(case_folder), given, clock or Clock()
    )
    with review.base.writing() as connection:
        connection.execute(
            "INSERT OR IGNORE INTO facts VALUES ('secret', ?), ('seed', ?)",
            (secrets.token_urlsafe(32), secrets.token_hex(8)),
        )
    return review


def fact(connection: sqlite3.Connection, name: str) -> str | None:
    """A fact of the review, None where it was never stated."""
    row = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row["value"])


def state_fact(connection: sqlite3.Connection, name: str, value: str) -> None:
    """State a fact of the review, in place of an earlier one."""
    connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))


def book_in_force(connection: sqlite3.Connection) -> Book:
    """The label book under which items are read now.

    Raises:
        CaseError: Nothing has been put up for review yet.
    """
    row = connection.execute("SELECT * FROM books ORDER BY book_no DESC LIMIT 1").fetchone()
    if row is None:
        raise CaseError(
            "nothing has been put up for review", remedy="start 'perito review CASE' with a design"
        )
    return Book.from_row(row)


def last_event_us(connection: sqlite3.Connection) -> int:
    """When the last label event was recorded; 0 before the first."""
    row = connection.execute("SELECT at_us FROM label_events ORDER BY event_no DESC LIMIT 1").fetchone()
    return 0 if row is None else int(row["at_us"])
