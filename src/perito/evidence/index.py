"""The index of the store in SQLite: which objects are sealed, how they were acquired, what archives hold.

It follows from the custody log, and `custody.log_size` says how far it has followed it. Table `states`
names the items that are not plainly sealed, each with the log entry that says so.

Writing uses a write-ahead log with `synchronous=FULL`, so what was committed survives a crash; the log
is folded back when the connection closes. Reading changes no byte, works on a read-only medium, and
sees what a crashed writer had committed. A lock file keeps readers and writers of the project apart,
because SQLite cannot open a write-ahead database read-only without writing beside it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from perito.errors import EvidenceError, SealBroken

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA_VERSION = 2
_BUSY_SECONDS = 60.0
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE objects (
    evidence_id TEXT NOT NULL PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX objects_by_size ON objects (bytes);
CREATE TABLE acquisitions (
    sequence INTEGER NOT NULL PRIMARY KEY,
    evidence_id TEXT NOT NULL REFERENCES objects,
    path TEXT NOT NULL,
    recorded_at_us INTEGER NOT NULL,
    record TEXT NOT NULL,
    record_digest TEXT NOT NULL
) STRICT;
CREATE INDEX acquisitions_by_path ON acquisitions (path, sequence);
CREATE INDEX acquisitions_by_item ON acquisitions (evidence_id, sequence);
CREATE TABLE members (
    archive_id TEXT NOT NULL REFERENCES objects,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    evidence_id TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    PRIMARY KEY (archive_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_item ON members (evidence_id);
CREATE TABLE refusals (
    archive_id TEXT NOT NULL REFERENCES objects,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (archive_id, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE states (
    evidence_id TEXT NOT NULL PRIMARY KEY REFERENCES objects,
    state TEXT NOT NULL,
    entry TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE custody (
    log_size INTEGER NOT NULL
) STRICT;
INSERT INTO custody VALUES (0);
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""
_DAMAGE = (sqlite3.Error, UnicodeError)  # in a damaged schema the names of columns may be no text
# Faults of the place, not of the evidence: the disk, the permissions, another program.
_OF_THE_PLACE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_NOMEM,
}


class Index:
    """The index file of a store, `index.sqlite`.

    Args:
        folder: The store's folder. Nothing is created before `create` is called.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "index.sqlite"
        self._objects = folder / "objects"
        self._log = folder / "index.sqlite-wal"
        self._lock_path = folder / "index.lock"

    @property
    def has_log(self) -> bool:
        """Whether a write-ahead log lies there: of a writer at work, or of one that crashed."""
        return self._log.exists()

    def create(self) -> None:
        """Makes the empty index. Made again after a crash half-way, nothing is lost."""
        with self._writing() as connection:
            if _version(connection) == 0 and _is_empty(connection):
                connection.executescript(_SCHEMA)

    def fold(self) -> None:
        """Folds back the write-ahead log that a crashed writer left.

        Raises:
            SealBroken: The index is damaged.
        """
        with self.exclusive(), self._writing():
            pass

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keeps every other process of the project out of the store's records until the end of the block."""
        with self._locked(os.O_RDWR | os.O_CREAT, fcntl.LOCK_EX):
            yield

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection whose changes are durable when the block ends, and undone when it raises.

        Call it inside `exclusive`.

        Raises:
            SealBroken: The index is damaged.
            EvidenceError: It cannot be written (disk full, no permission).
        """
        with self._writing() as connection:
            self._expect_version(connection)
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for reading; an empty index where none was ever made.

        Raises:
            SealBroken: The index is damaged.
            EvidenceError: It cannot be read.
        """
        with self._locked(os.O_RDONLY, fcntl.LOCK_SH), self.unlocked() as connection:
            yield connection

    @contextmanager
    def unlocked(self) -> Iterator[sqlite3.Connection]:
        """The same for who has the lock already.

        Raises:
            SealBroken: The index is damaged.
            EvidenceError: It cannot be read.
        """
        with self._at_rest() as path:
            connection = self._readable(path)
            try:
                yield connection
            except _DAMAGE as fault:
                raise self._fault(fault) from fault
            finally:
                connection.close()

    def _readable(self, path: Path) -> sqlite3.Connection:
        if not path.exists():
            if self._objects.exists():
                raise self._broken("objects, and no index")
            return _empty()
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        # Damaged text must reach the comparison with its digest, not stop the reading.
        connection.text_factory = partial(str, encoding="utf-8", errors="backslashreplace")
        try:
            if self._was_never_filled(connection):
                connection.close()
                return _empty()
            self._expect_version(connection)
        except (*_DAMAGE, EvidenceError) as fault:
            connection.close()
            raise fault if isinstance(fault, EvidenceError) else self._fault(fault) from fault
        return connection

    def _was_never_filled(self, connection: sqlite3.Connection) -> bool:
        """A crash may come between making the file and filling it; objects are made only after that."""
        return not self._objects.exists() and _version(connection) == 0 and _is_empty(connection)

    @contextmanager
    def _locked(self, flags: int, kind: int) -> Iterator[None]:
        try:
            handle = os.open(self._lock_path, flags | os.O_CLOEXEC, 0o644)
        except FileNotFoundError:
            yield  # a copy made without the lock file: nobody writes there
            return
        except OSError as fault:
            raise EvidenceError(
                "the store cannot be locked", where=str(self._lock_path), found=str(fault.strerror)
            ) from fault
        try:
            fcntl.flock(handle, kind)
            yield
        finally:
            os.close(handle)

    @contextmanager
    def _at_rest(self) -> Iterator[Path]:
        """The index without a write-ahead log: itself, or a folded copy after a crash."""
        if not self._log.exists() or self._log.stat().st_size == 0:
            yield self.path
            return
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / self.path.name
            shutil.copyfile(self.path, copy)
            shutil.copyfile(self._log, copy.with_name(self._log.name))
            try:
                with closing(sqlite3.connect(copy)) as connection:
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except _DAMAGE as fault:
                raise self._fault(fault) from fault
            yield copy

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A connection for writing; closing it undoes what was not committed, and folds the log back."""
        try:
            connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
            with closing(connection):
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA foreign_keys = ON")
                yield connection
        except _DAMAGE as fault:
            raise self._fault(fault) from fault

    def _expect_version(self, connection: sqlite3.Connection) -> None:
        found = _version(connection)
        if found > SCHEMA_VERSION:
            raise EvidenceError(
                "the index was written by a newer version",
                where=str(self.path),
                expected=str(SCHEMA_VERSION),
                found=str(found),
                remedy="open the case with that version",
            )
        if found != SCHEMA_VERSION:
            raise self._broken(f"schema version {found}")

    def _fault(self, fault: Exception) -> EvidenceError:
        code = getattr(fault, "sqlite_errorcode", None)
        if code is not None and code & 0xFF in _OF_THE_PLACE:
            return EvidenceError(
                "the index cannot be opened or written",
                where=str(self.path),
                found=str(fault),
                remedy="check the disk's free space and the permissions",
            )
        return self._broken(str(fault))

    def _broken(self, found: str) -> SealBroken:
        return SealBroken(
            "the index of the store is damaged",
            where=str(self.path),
            expected="the index that was written",
            found=found,
            remedy="restore it from a copy; the objects can be checked without it",
        )


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None


def _empty() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(_SCHEMA)
    return connection
