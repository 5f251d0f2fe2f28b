"""The labels as evidence: `assignments` and `labels`, every event and every access, sealed into the case.

The same labels give the same rows, in the order of their events. What a later export seals under the same
names replaces the earlier in the tables; the earlier stays in the store.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perito.web.design import Design
from perito.web.events import broken_chain
from perito.web.review import fact

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

    from perito.evidence import Store
    from perito.web.review import Review

_BASIS = "server_utc"
_READINGS = """
SELECT label_events.*, slots.round, slots.queue, items.item_id, items.item_kind, items.platform,
  items.content, books.book_id, books.version
FROM label_events JOIN items USING (item_no) JOIN books USING (book_no) LEFT JOIN slots USING (slot_no)
WHERE kind IN ('label', 'skip', 'decision')
  AND NOT EXISTS (SELECT 1 FROM label_events later WHERE later.undoes = label_events.event_no)
ORDER BY event_no
"""
_EVENTS = """
SELECT label_events.*, item_id, round, slots.queue, book_id, version FROM label_events
JOIN items USING (item_no) JOIN books USING (book_no) LEFT JOIN slots USING (slot_no) ORDER BY event_no
"""
_REVEALS = """
SELECT reveals.*, hides.shown_us, item_id FROM reveals JOIN items USING (item_no)
LEFT JOIN hides USING (reveal_no) ORDER BY reveal_no
"""
_SECRET = {"token"}


@dataclass(frozen=True)
class Sealed:
    """One sealed file of an export: its name, its evidence id, and how many rows it has."""

    path: str
    evidence_id: str
    rows: int


def label_rows(connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    """The rows of `labels`: one for each class of each answer that stands."""
    for row in connection.execute(_READINGS):
        content = json.loads(row["content"])
        choices = _choices(row, connection)
        for name, value in choices.items():
            yield {
                "item_id": row["item_id"],
                "item_kind": row["item_kind"],
                "platform": row["platform"],
                "assignment_id": _assignment_id(row),
                "label_book_id": row["book_id"],
                "label_book_version": row["version"],
                "class": name,
                "annotator_id": row["person_id"],
                "round": "adjudication" if row["kind"] == "decision" else str(row["round"]),
                "role": row["queue"] or "sample",
                "value": value,
                "skipped": value is None,
                "blind": row["kind"] != "decision",
                "labelled_at_us": row["at_us"],
                "labelled_basis": _BASIS,
                "revealed_s": row["revealed_us"] / 1e6,
                "view_mode": row["view_mode"],
                "shown_evidence_id": content.get("evidence_id"),
                "shown_locator": content.get("locator"),
                "template_version": row["template_version"],
            }


def _choices(row: sqlite3.Row, connection: sqlite3.Connection) -> dict[str, Any]:
    if row["choices"] is not None:
        found: dict[str, Any] = json.loads(row["choices"])
        return found
    book = connection.execute("SELECT content FROM books WHERE book_no = ?", (row["book_no"],)).fetchone()
    return {one["id"]: None for one in json.loads(book["content"])["classes"]}


def _assignment_id(row: Mapping[str, Any] | sqlite3.Row) -> str:
    if row["slot_no"] is None:
        return f"dispute-{row['conflict_no']}"
    return f"reading-{row['slot_no']}-{row['person_id']}"


def assignment_rows(connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    """The rows of `assignments`: one for each reading and each dispute that was answered."""
    design = fact(connection, "design")
    design_id = Design.from_text(design).id if design else None
    seen = set()
    for row in connection.execute(_READINGS):
        name = _assignment_id(row)
        if name in seen:
            continue
        seen.add(name)
        yield {
            "assignment_id": name,
            "item_id": row["item_id"],
            "item_kind": row["item_kind"],
            "platform": row["platform"],
            "design_id": design_id if row["queue"] in {None, "sample", "relabel"} else None,
            "annotator_id": row["person_id"],
            "queue": row["queue"] or "sample",
            "blind": row["kind"] != "decision",
            "assigned_at_us": row["at_us"] - row["open_us"],
            "assigned_basis": _BASIS,
        }


def _rows(connection: sqlite3.Connection, query: str) -> Iterator[dict[str, Any]]:
    for row in connection.execute(query):
        yield {name: row[name] for name in row.keys() if name not in _SECRET}  # noqa: SIM118  (a row, no mapping)


def _changes(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """Label books adopted in the middle of the review and items withdrawn, each with its time and reason."""
    books = "SELECT book_id, version, adopted_us, reason FROM books WHERE reason IS NOT NULL ORDER BY book_no"
    withdrawn = "SELECT value FROM facts WHERE name LIKE 'withdrawn %' ORDER BY name"
    return [*_rows(connection, books), *(json.loads(row["value"]) for row in connection.execute(withdrawn))]


def seal_labels(review: Review, store: Store, person_id: str | None) -> list[Sealed]:
    """Seal what was labelled so far, with the events, reveals, changes and the access log behind it.

    Args:
        review: The review.
        store: The case's evidence.
        person_id: Who asks for it, by pseudonym; None on the command line.

    Returns:
        What was sealed: labels and assignments first.

    Raises:
        EvidenceError: The store cannot be written; nothing was sealed.
        SealBroken: A label event is not as it was written.
    """
    from perito.errors import SealBroken

    with review.base.reading() as connection:
        broken = broken_chain(connection)
        if broken is not None:
            raise SealBroken(
                "a label event is not as it was written", where=f"{review.base.path}: event {broken}",
                remedy="restore the review from a copy; earlier exports are sealed",
            )  # fmt: skip
        parts = {
            "labels": ("table:labels", list(label_rows(connection))),
            "assignments": ("table:assignments", list(assignment_rows(connection))),
            "events": ("document", list(_rows(connection, _EVENTS))),
            "reveals": ("document", list(_rows(connection, _REVEALS))),
            "changes": ("document", _changes(connection)),
        }
    with review.access.reading() as connection:
        parts["access"] = ("document", list(_rows(connection, "SELECT * FROM access ORDER BY access_no")))
    return _seal(review, store, person_id, parts)


def _seal(
    review: Review,
    store: Store,
    person_id: str | None,
    parts: Mapping[str, tuple[str, list[dict[str, Any]]]],
) -> list[Sealed]:
    now = review.clock.now_us()
    written = {name: part for name, part in parts.items() if part[1]}
    with tempfile.TemporaryDirectory(prefix="perito-review-") as folder:
        sources = []
        for name, (format_, rows) in written.items():
            path = Path(folder, f"{name}.ndjson")
            path.write_bytes(ndjson(rows))
            facts = {
                "path_in_case": f"review/{name}.ndjson",
                "format": format_,
                "origin": "perito review",
                "acquired_by": person_id,
                "acquired_at_us": now,
                "tool": "perito review",
                "tool_version": _version(),
            }
            sources.append((path, {key: value for key, value in facts.items() if value is not None}))
        receipts = store.add_many(sources) if sources else ()
    sealed = [
        Sealed(receipt.path, receipt.evidence_id, len(rows))
        for receipt, (_, rows) in zip(receipts, written.values(), strict=True)
    ]
    if sealed:
        _note_export(review, store, person_id, sealed)
    return sealed


def _note_export(review: Review, store: Store, person_id: str | None, sealed: list[Sealed]) -> None:
    rows = {one.path.rpartition("/")[2].partition(".")[0]: one.rows for one in sealed}
    store.custody.record("labelled", items=[one.evidence_id for one in sealed], by=person_id, rows=rows)
    with review.base.writing() as connection:
        last = connection.execute("SELECT coalesce(max(event_no), 0) n FROM label_events").fetchone()["n"]
        connection.execute(
            "INSERT INTO exports (at_us, person_id, items, last_event) VALUES (?, ?, ?, ?)",
            (review.clock.now_us(), person_id, json.dumps([one.evidence_id for one in sealed]), last),
        )


def ndjson(rows: Iterable[Mapping[str, Any]]) -> bytes:
    r"""Rows as NDJSON, keys sorted.

    Example:
        >>> ndjson([{"b": 1, "a": "ñ"}]).decode()
        '{"a":"ñ","b":1}\n'
    """
    return b"".join(
        json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"
        for row in rows
    )


def _version() -> str:
    from perito import __version__

    return __version__
