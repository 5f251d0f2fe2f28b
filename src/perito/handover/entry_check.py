"""Log entries of others, read before anything follows from them: each has the form that our own have.

A log proves that its entries are those that were logged. It does not prove that they make sense: what a
store is rebuilt from must not surprise the program that does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from perito.errors import CaseError, SealBroken
from perito.evidence.custody import STATED_ACTS
from perito.evidence.entries import Limits
from perito.evidence.items import Facts, intake_record
from perito.evidence.ledger import RECORDING_ACTS, is_stated
from perito.evidence.log import canonical
from perito.ids import is_evidence_id

if TYPE_CHECKING:
    from collections.abc import Mapping

_ARCHIVES = ("zip", "tar", "tar.gz")
_ARCHIVE_FACTS = {"kind", "limits", "members", "refused", "contents_digest"}
_NOT_STATED = ("evidence_id", "bytes", "recorded_at_us", "path", "archive")


def read_entry(index: int, data: bytes) -> Mapping[str, Any]:
    """The act in an entry.

    Raises:
        SealBroken: The entry has not the form that the custody log of a case has.

    Example:
        >>> read_entry(0, b'{"act":"opened","at_us":0}')["act"]
        'opened'
    """
    try:
        entry = orjson.loads(data)
        if canonical(entry) != data:
            raise _odd(index, "another form than RFC 8785")
    except (orjson.JSONDecodeError, CaseError) as fault:
        raise _odd(index, str(fault)) from fault
    items = entry.get("items", [])
    if not isinstance(entry.get("act"), str) or not _is_instant(entry.get("at_us")):
        raise _odd(index, "no act, or no time")
    if not isinstance(items, list) or not all(isinstance(one, str) and is_evidence_id(one) for one in items):
        raise _odd(index, "items that are no evidence ids")
    if not isinstance(entry.get("by", ""), str):
        raise _odd(index, "a person who is no text")
    if entry["act"] in STATED_ACTS:
        _check_stated(index, data, entry)
    return dict(entry)


def _check_stated(index: int, data: bytes, entry: Mapping[str, Any]) -> None:
    if not is_stated(data) or not entry.get("items"):
        raise _odd(index, "an act of the store without its items")
    if entry["act"] not in RECORDING_ACTS:
        return
    record = entry.get("record")
    if (
        len(entry["items"]) != 1
        or not isinstance(record, dict)
        or record.get("evidence_id") != entry["items"][0]
    ):
        raise _odd(index, "an intake record of another item")
    try:
        found = _again(record)
    except (CaseError, KeyError, TypeError, ValueError) as fault:
        raise _odd(index, f"{type(fault).__name__}: {fault}") from fault
    if found.encode() != canonical(record):
        raise _odd(index, "an intake record in another form")


def _again(record: Mapping[str, Any]) -> str:
    """The intake record made again from its own facts."""
    path, size, archive = record["path"], record["bytes"], record.get("archive")
    if not isinstance(path, str) or not _is_count(size) or not _is_instant(record["recorded_at_us"]):
        raise ValueError("path, size or time")
    stated = {name: value for name, value in record.items() if name not in _NOT_STATED}
    facts = Facts.stated(path, stated)
    if archive is not None:
        _check_archive(archive)
    return intake_record(
        facts,
        evidence_id=record["evidence_id"],
        size=size,
        recorded_at_us=record["recorded_at_us"],
        archive=archive,
    )


def _check_archive(archive: Any) -> None:  # noqa: ANN401  (of whatever kind the sender wrote)
    """The facts of an archive; the limits may not exceed ours: under them it is opened again here."""
    if set(archive) != _ARCHIVE_FACTS or archive["kind"] not in _ARCHIVES:
        raise ValueError("the facts of an archive")
    ours = Limits().to_json()
    limits = archive["limits"]
    if set(limits) != set(ours) or not all(_is_count(limits[name]) for name in ours):
        raise ValueError("the limits of an archive")
    above = [name for name in ours if limits[name] > ours[name]]
    if above:
        raise ValueError(
            f"an archive that was opened under a higher limit than {above[0]} = {ours[above[0]]}"
        )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_instant(value: object) -> bool:
    # RFC 8785 has whole numbers up to 2^53 only: as microseconds, the years 1684 to 2255.
    return isinstance(value, int) and not isinstance(value, bool)


def _odd(index: int, found: str) -> SealBroken:
    return SealBroken(
        "the entry is none that a custody log of a case has",
        where=f"log entry {index}",
        expected="an act as RFC 8785 JSON",
        found=found,
        remedy="ask the sender with which program it was written",
    )
