"""The file in which a review lives: one SQLite database in the case, and a second one for the access log.

A label is on the disk before anybody is told that it was recorded (`synchronous=FULL`). What may be lost
with the power, a claim or a line of the access log, is written without waiting; a killed process loses
neither.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from perito.errors import CaseError
from perito.web import layout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = "review"
_LAYOUT = 1
_WAIT_S = 20.0


class Database:
    """The connections to one database file; safe to share among threads.

    Args:
        path: The file; made with its tables if it is not there.
        tables: The SQL that makes the tables.

    Example:
        >>> import tempfile, pathlib
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     base = Database(pathlib.Path(folder, "a.sqlite"), "CREATE TABLE t (n INTEGER);")
        ...     with base.writing() as connection:
        ...         _ = connection.execute("INSERT INTO t VALUES (1)")
        ...     with base.reading() as connection:
        ...         print(connection.execute("SELECT n FROM t").fetchone()["n"])
        ...     base.close()
        1
    """

    def __init__(self, path: Path, tables: str) -> None:
        self.path = path
        self._idle: list[sqlite3.Connection] = []
        self._all: list[sqlite3.Connection] = []
        self._guard, self._writer = threading.Lock(), threading.Lock()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self._lay_out(tables)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the database."""
        with self._lent() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def writing(self, *, is_durable: bool = True) -> Iterator[sqlite3.Connection]:
        """A connection of which all is written or nothing.

        Args:
            is_durable: Whether to wait until it is on the disk.
        """
        with self._lent() as connection, self._writer:
            connection.execute(f"PRAGMA synchronous = {'FULL' if is_durable else 'NORMAL'}")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def close(self) -> None:
        """Close every connection."""
        with self._guard:
            for connection in self._all:
                connection.close()
            self._all.clear()
            self._idle.clear()

    @contextmanager
    def _lent(self) -> Iterator[sqlite3.Connection]:
        with self._guard:
            connection = self._idle.pop() if self._idle else self._opened()
        try:
            yield connection
        finally:
            with self._guard:
                self._idle.append(connection)

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False
        )
        self._all.append(connection)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        return connection

    def _lay_out(self, tables: str) -> None:
        try:
            with self._lent() as connection:
                (found,) = connection.execute("PRAGMA user_version").fetchone()
        except sqlite3.DatabaseError as error:
            raise CaseError(
                "the review is damaged", where=str(self.path), found=str(error),
                remedy="restore the file from a copy; exported labels are sealed in the case",
            ) from error  # fmt: skip
        if found == _LAYOUT:
            return
        if found:
            raise CaseError(
                "the review was made by another version of perito", where=str(self.path),
                expected=f"layout {_LAYOUT}", found=str(found),
                remedy="finish it with that version, or export its labels there",
            )  # fmt: skip
        with self._writer, self._lent() as connection:
            connection.executescript(f"BEGIN IMMEDIATE; {tables} PRAGMA user_version = {_LAYOUT}; COMMIT;")


def review_database(case_folder: Path) -> Database:
    """The database of a case's review, `review/review.sqlite`."""
    return Database(case_folder / FOLDER / "review.sqlite", layout.REVIEW)


def access_database(case_folder: Path) -> Database:
    """The access log of a case's review, `review/access.sqlite`."""
    return Database(case_folder / FOLDER / "access.sqlite", layout.ACCESS)
