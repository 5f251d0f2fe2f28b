"""Entries of the index by their meaning: what is asked of an open index, and what is written to it."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import TYPE_CHECKING, Any

import rfc8785

from perito.errors import SealBroken
from perito.evidence.archive import Contents, Member, Refusal
from perito.evidence.items import Acquisition, Item, digest_of, read_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perito.evidence.entries import Limits

_ACQUISITIONS = "SELECT sequence, evidence_id, path, recorded_at_us, record, record_digest FROM acquisitions"
_ACQUISITION_TYPES = (int, str, str, int, str, str)
_MEMBER = "position, name, evidence_id, bytes, media_type"
_MEMBER_TYPES = (int, str, str, int, str)


class Catalogue:
    """The index through one connection.

    Args:
        connection: As `Index.reading` or `Index.transaction` gives it.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def has_size(self, size: int) -> bool:
        """Whether any object has that size: if none has, the bytes are new."""
        return self._first((int,), "SELECT 1 FROM objects WHERE bytes = ? LIMIT 1", size) is not None

    def bytes_of(self, item_id: str) -> int | None:
        """The size of a sealed object, None when there is none of that name."""
        row = self._first((int,), "SELECT bytes FROM objects WHERE evidence_id = ?", item_id)
        return None if row is None else int(row[0])

    def sizes(self) -> dict[str, int]:
        """The size of every object, by name."""
        return dict(self._rows((str, int), "SELECT evidence_id, bytes FROM objects ORDER BY evidence_id"))

    def acquisitions_of(self, item_id: str) -> list[Acquisition]:
        """Every time that the bytes were added, oldest first."""
        query = f"{_ACQUISITIONS} WHERE evidence_id = ? ORDER BY sequence"
        return [_acquisition(row) for row in self._rows(_ACQUISITION_TYPES, query, item_id)]

    def last_at(self, path: str) -> tuple[str, Acquisition] | None:
        """What was sealed last under a path: item and acquisition."""
        query = f"{_ACQUISITIONS} WHERE path = ? ORDER BY sequence DESC LIMIT 1"
        row = self._first(_ACQUISITION_TYPES, query, path)
        return None if row is None else (row[1], _acquisition(row))

    def acquisition_rows(self) -> Iterator[tuple[int, str, str, int, str, str]]:
        """Every acquisition as written: sequence, item, path, instant, record and its digest."""
        yield from self._rows(_ACQUISITION_TYPES, f"{_ACQUISITIONS} ORDER BY sequence")

    def acquisitions(self) -> dict[str, list[Acquisition]]:
        """Every acquisition by item, oldest first."""
        by_item: dict[str, list[Acquisition]] = {}
        for row in self.acquisition_rows():
            by_item.setdefault(row[1], []).append(_acquisition(row))
        return by_item

    def archive_facts(self, item_id: str) -> dict[str, Any] | None:
        """How an archive was read last: kind, limits, counts, digest of its lists. None: no archive."""
        known = [one.archive for one in self.acquisitions_of(item_id) if one.archive is not None]
        return known[-1] if known else None

    def contents_of(self, archive_id: str) -> Contents:
        """What an archive holds."""
        in_order = "WHERE archive_id = ? ORDER BY position"
        members = self._rows(_MEMBER_TYPES, f"SELECT {_MEMBER} FROM members {in_order}", archive_id)
        query = f"SELECT position, name, reason FROM refusals {in_order}"
        refusals = self._rows((int, str, str), query, archive_id)
        return Contents(tuple(Member(*row) for row in members), tuple(Refusal(*row) for row in refusals))

    def archives(self) -> set[str]:
        """Every item of which members or refusals are listed."""
        query = "SELECT archive_id FROM members UNION SELECT archive_id FROM refusals"
        return {row[0] for row in self._rows((str,), query)}

    def holder_of(self, item_id: str) -> tuple[str, Member] | None:
        """The first archive that holds a member with these bytes, and the member."""
        row = self._first(
            (str, *_MEMBER_TYPES),
            f"SELECT archive_id, {_MEMBER} FROM members WHERE evidence_id = ?"
            " ORDER BY archive_id, position LIMIT 1",
            item_id,
        )
        return None if row is None else (row[0], Member(*row[1:]))

    def states(self) -> dict[str, tuple[str, str]]:
        """Every item that is not plainly sealed: its state, and the log entry that says so."""
        query = "SELECT evidence_id, state, entry FROM states ORDER BY evidence_id"
        return {row[0]: (row[1], row[2]) for row in self._rows((str, str, str), query)}

    def state_of(self, item_id: str) -> tuple[str, str] | None:
        """The state of an item that is not plainly sealed, and the log entry that says so."""
        query = "SELECT state, entry FROM states WHERE evidence_id = ?"
        return self._first((str, str), query, item_id)  # type: ignore[no-any-return]

    def log_size(self) -> int:
        """How many entries of the custody log the index has followed."""
        row = self._first((int,), "SELECT log_size FROM custody")
        if row is None:
            raise sqlite3.DatabaseError("the index does not say how far it has followed the log")
        return int(row[0])

    def faults(self) -> list[str]:
        """What SQLite itself finds wrong with the index."""
        integrity = [row[0] for row in self._connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        orphans = self._connection.execute("PRAGMA foreign_key_check").fetchall()
        return integrity + [f"a row of {table} names no sealed object" for table, *_ in orphans]

    def _rows(self, types: tuple[type, ...], query: str, *values: str | int) -> Iterator[Any]:
        """Rows whose values have the types of their columns: in a damaged file they need not."""
        for row in self._connection.execute(query, values):
            if tuple(map(type, row)) != types:
                raise sqlite3.DatabaseError("a value has not the type of its column")
            yield row

    def _first(self, types: tuple[type, ...], query: str, *values: str | int) -> Any:  # noqa: ANN401  (a row)
        return next(self._rows(types, query, *values), None)

    # --- writing -------------------------------------------------------------------------------------

    def add_object(self, item_id: str, size: int) -> None:
        """Enters an object that is durable in its place."""
        self._connection.execute("INSERT INTO objects VALUES (?, ?)", (item_id, size))

    def replace_contents(self, archive_id: str, contents: Contents) -> None:
        """Enters what an archive holds, in the place of what an earlier reading found."""
        for table in ("members", "refusals"):
            self._connection.execute(f"DELETE FROM {table} WHERE archive_id = ?", (archive_id,))
        self._connection.executemany(
            "INSERT INTO members VALUES (?, ?, ?, ?, ?, ?)",
            (
                (archive_id, m.position, m.name, m.evidence_id, m.bytes, m.media_type)
                for m in contents.members
            ),
        )
        self._connection.executemany(
            "INSERT INTO refusals VALUES (?, ?, ?, ?)",
            ((archive_id, r.position, r.name, r.reason) for r in contents.refusals),
        )

    def add_acquisition(self, record: str, *, item_id: str, path: str, recorded_at_us: int) -> None:
        """Enters one more time that bytes were added, by its intake record."""
        self._connection.execute(
            "INSERT INTO acquisitions (evidence_id, path, recorded_at_us, record, record_digest)"
            " VALUES (?, ?, ?, ?, ?)",
            (item_id, path, recorded_at_us, record, digest_of(record)),
        )

    def set_state(self, item_id: str, state: str, entry: str) -> None:
        """Enters how an item is held from now on."""
        self._connection.execute("INSERT OR REPLACE INTO states VALUES (?, ?, ?)", (item_id, state, entry))

    def set_log_size(self, size: int) -> None:
        """Enters how far the log has been followed."""
        self._connection.execute("UPDATE custody SET log_size = ?", (size,))


def contents_digest(contents: Contents) -> str:
    """SHA-256 over both lists of an archive, one RFC 8785 JSON array a line, in hexadecimal."""
    digest = hashlib.sha256()
    for m in contents.members:
        row = ("member", m.position, m.name, m.evidence_id, m.bytes, m.media_type)
        digest.update(rfc8785.dumps(row) + b"\n")
    for r in contents.refusals:
        digest.update(rfc8785.dumps(["refusal", r.position, r.name, r.reason]) + b"\n")
    return digest.hexdigest()


def archive_facts(kind: str, limits: Limits, contents: Contents) -> dict[str, Any]:
    """What an intake record says of an archive."""
    return {
        "kind": kind,
        "limits": limits.to_json(),
        "members": len(contents.members),
        "refused": len(contents.refusals),
        "contents_digest": contents_digest(contents),
    }


def item_of(item_id: str, size: int | None, acquisitions: list[Acquisition], state: str = "sealed") -> Item:
    """The item of an object.

    Raises:
        SealBroken: The index has acquisitions of it and does not list the object itself.
    """
    if size is None:
        raise SealBroken(
            "the index does not list the object of an acquisition",
            where=item_id,
            remedy="restore the index from a copy",
        )
    return Item(
        evidence_id=item_id,
        path=min(one.path for one in acquisitions),
        bytes=size,
        media_type=acquisitions[-1].media_type or "",
        sealed_at_us=acquisitions[0].recorded_at_us,
        sequence=acquisitions[0].sequence,
        acquisitions=tuple(acquisitions),
        state=state,
    )


def member_item(archive: Item, member: Member) -> Item:
    """The item of an archive member: it came in with its archive."""
    return Item(
        evidence_id=member.evidence_id,
        path=member.name,
        bytes=member.bytes,
        media_type=member.media_type,
        sealed_at_us=archive.sealed_at_us,
        sequence=archive.sequence,
        acquisitions=archive.acquisitions,
        parent_id=archive.evidence_id,
        position=member.position,
        state=archive.state,
    )


def _acquisition(row: tuple[int, str, str, int, str, str]) -> Acquisition:
    sequence, item_id, path, recorded_at_us, record, record_digest = row
    facts = read_record(record, record_digest, (item_id, path, recorded_at_us), sequence)
    return Acquisition.from_facts(facts, sequence)
