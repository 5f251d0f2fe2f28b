"""The sealed items as a dossier lists them in `evidence.json`: the same wherever they are sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perito.clock import iso
from perito.dossier.custody_record import CUSTODY_FILE
from perito.dossier.reading import read_objects
from perito.errors import DossierError
from perito.formats import UNREAD
from perito.ids import is_evidence_id
from perito.report import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from perito.evidence import Item

EVIDENCE_FILE = "evidence.json"
EVIDENCE_TABLE = "evidence"

_TEXTS = (
    "media_type", "format", "platform", "origin", "acquired_at", "acquired_by", "tool", "tool_version",
    "legal_basis", "terms",
)  # fmt: skip
_EVIDENCE_KEYS = {"evidence_id", "parent_id", "path", "bytes", *_TEXTS}

Entry = dict[str, Any]


def evidence_entry(item: Item) -> Entry:
    """An item as the evidence manifest lists it: digest and acquisition record, no time of this machine."""
    acquisition = item.acquisition
    return {
        "evidence_id": item.evidence_id,
        "parent_id": item.parent_id,
        "path": item.shown_path,
        "bytes": item.bytes,
        "media_type": item.media_type,
        "format": acquisition.format,
        "platform": acquisition.platform,
        "origin": acquisition.origin,
        "acquired_at": None if acquisition.acquired_at_us is None else iso(acquisition.acquired_at_us),
        "acquired_by": acquisition.acquired_by,
        "tool": acquisition.tool,
        "tool_version": acquisition.tool_version,
        "legal_basis": acquisition.legal_basis,
        "terms": acquisition.terms,
    }


def read_evidence(folder: Path) -> list[Entry]:
    """The evidence manifest of a dossier.

    Raises:
        DossierError: It cannot be read, or an entry has another form.
    """
    entries = read_objects(folder / EVIDENCE_FILE, EVIDENCE_FILE)
    for number, entry in enumerate(entries, start=1):
        if not _is_evidence(entry):
            raise DossierError(
                "an entry has another form than it was written in", where=f"{EVIDENCE_FILE}: entry {number}"
            )
    return entries


def exhibit_problems(
    evidence: Sequence[Entry], custody: Sequence[Entry], rows: Sequence[Mapping[str, Any]]
) -> Iterator[Problem]:
    """Every item on which evidence manifest, custody record and the table of evidence do not agree.

    Args:
        evidence: The evidence manifest.
        custody: The items of the custody record.
        rows: The rows of the canonical table `evidence`.
    """
    by_id = {row["evidence_id"]: row for row in rows}
    for entry in evidence:
        yield from _entry_problems(entry, by_id.get(entry["evidence_id"]))
    listed = {(entry["evidence_id"], entry["path"]) for entry in evidence}
    for name, row in by_id.items():
        if (name, row["path"]) not in listed:
            what = "the evidence manifest does not list an item of the tables"
            yield Problem("exhibit", f"{name} ({row['path']})", what)
    if [(entry["evidence_id"], entry["path"]) for entry in evidence] != [
        (e["evidence_id"], e["path"]) for e in custody
    ]:
        yield Problem(
            "exhibit", CUSTODY_FILE, "custody record and evidence manifest do not list the same items"
        )


def source_problems(records: Mapping[str, Mapping[str, Any]], evidence: Sequence[Entry]) -> Iterator[Problem]:
    """Every number that rests on an item which the evidence manifest does not list."""
    listed = {entry["evidence_id"] for entry in evidence}
    for name, record in records.items():
        unknown = [row["evidence_id"] for row in record["rows"] if row["evidence_id"] not in listed]
        if unknown:
            yield Problem("exhibit", name, "the number rests on an item that is not listed", found=unknown[0])


def _entry_problems(entry: Entry, row: Mapping[str, Any] | None) -> Iterator[Problem]:
    name = f"{entry['evidence_id']} ({entry['path']})"
    if row is None:
        yield Problem("exhibit", name, "the tables do not know the item")
        return
    # One item may be listed under several paths, and has one row: the rest of its record is that of one path.
    keys = ("bytes", *_TEXTS) if row["path"] == entry["path"] else ("bytes", "media_type")
    facts = _facts(row)
    for key in keys:
        told = None if entry[key] == UNREAD and key == "format" else entry[key]
        if told != facts[key]:
            yield Problem(
                "exhibit", name, f"the evidence manifest has another '{key}' than the tables",
                expected=str(facts[key]), found=str(told),
            )  # fmt: skip


def _facts(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the table in the form of the manifest."""
    at_us = row["acquired_at_us"]
    return {**row, "acquired_at": None if at_us is None else iso(at_us)}


def _is_evidence(entry: Entry) -> bool:
    return (
        entry.keys() == _EVIDENCE_KEYS
        and _is_item(entry)
        and isinstance(entry["bytes"], int)
        and all(isinstance(entry[key], str | None) for key in (*_TEXTS, "parent_id"))
    )


def _is_item(entry: Entry) -> bool:
    return (
        isinstance(entry["path"], str)
        and isinstance(entry["evidence_id"], str)
        and is_evidence_id(entry["evidence_id"])
    )
