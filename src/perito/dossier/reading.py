"""Reading a dossier with suspicion: whoever made it may be the other side, and the copy may be damaged.

What cannot be read is named, with its file; nothing of it can stop the check of the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any

import orjson

from perito.errors import DossierError
from perito.findings.output import DERIVATIONS_FOLDER, FINDINGS_FILE
from perito.report import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_DEEPEST = 60
_SHOWN_CHARACTERS = 160
_INTERVAL_PARTS = ("low", "high", "level")


@dataclass(frozen=True)
class Told:
    """What a folder says it found: findings, and the derivation record of every number, by id."""

    findings: tuple[Mapping[str, Any], ...] = ()
    records: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def read_json(file: Path, shown: str) -> Any:  # noqa: ANN401  (whatever JSON can hold)
    """The JSON in a file.

    Args:
        file: The file.
        shown: How to name it in an error.

    Raises:
        DossierError: It cannot be read, is no JSON, or is nested deeper than anything that we write.
    """
    if not file.is_file():
        raise DossierError("the file is missing", where=shown)
    try:
        value = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise DossierError(
            "the file cannot be read", where=shown, found=str(error)[:_SHOWN_CHARACTERS]
        ) from error
    if is_deeper(value, _DEEPEST):
        raise DossierError("the file is nested too deep", where=shown, expected=f"at most {_DEEPEST} levels")
    return value


def read_objects(file: Path, shown: str) -> list[dict[str, Any]]:
    """A JSON array of objects.

    Raises:
        DossierError: As `read_json`, and where it is no array of objects.
    """
    value = read_json(file, shown)
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise DossierError(
            "the file has another form than it was written in", where=shown, expected="a list of objects"
        )
    return value


def read_told(folder: Path) -> Told:
    """Findings and derivation records as a folder has them, and everything of them that cannot be read."""
    problems: list[Problem] = []
    findings = list(_objects_in(folder / FINDINGS_FILE, FINDINGS_FILE, problems))
    problems += [
        Problem("form", f"{FINDINGS_FILE}: entry {number}", "a finding without an id")
        for number, finding in enumerate(findings, start=1)
        if not isinstance(finding.get("id"), str)
    ]
    records: dict[str, Mapping[str, Any]] = {}
    for file in sorted((folder / DERIVATIONS_FOLDER).glob("*.json")):
        shown = f"{DERIVATIONS_FOLDER}/{file.name}"
        for number, record in enumerate(_objects_in(file, shown, problems), start=1):
            if not is_record(record):
                problems.append(Problem("form", f"{shown}: record {number}", "no derivation record"))
            elif record["id"] in records:
                problems.append(
                    Problem(
                        "form",
                        f"{shown}: record {number}",
                        "a second record of the same number",
                        found=record["id"],
                    )
                )
            else:
                records[record["id"]] = record
    named = tuple(finding for finding in findings if isinstance(finding.get("id"), str))
    return Told(named, records, tuple(problems))


def values_in(finding: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every number of a finding in JSON: its values, and those in the cells of its tables.

    Example:
        >>> list(values_in({"values": [{"derivation": "a/b", "estimate": 1}], "seed": 0}))
        [{'derivation': 'a/b', 'estimate': 1}]
    """
    waiting: list[Any] = [finding]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if isinstance(part.get("derivation"), str):
                yield part
            waiting += reversed(part.values())
        elif isinstance(part, list):
            waiting += reversed(part)


def is_record(entry: Mapping[str, Any]) -> bool:
    """Whether a JSON object has the form of a derivation record.

    Example:
        >>> is_record({"id": "a/b", "value": "many"})
        False
    """
    interval, rows = entry.get("interval"), entry.get("rows")
    return (
        isinstance(entry.get("id"), str)
        and isinstance(entry.get("unit"), str)
        and (entry.get("value") is None or _is_number(entry["value"]))
        and (interval is None or _is_interval(interval))
        and isinstance(rows, list)
        and all(isinstance(row, dict) and isinstance(row.get("evidence_id"), str) for row in rows)
    )


def is_deeper(value: object, levels: int) -> bool:
    """Whether JSON is nested in more levels than that; looked at without recursion.

    Example:
        >>> is_deeper([[1]], 2), is_deeper([[[1]]], 2)
        (False, True)
    """
    layer = [value]
    for _ in range(levels + 1):
        layer = [inner for part in layer for inner in _inner(part)]
        if not layer:
            return False
    return True


def _inner(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _objects_in(file: Path, shown: str, problems: list[Problem]) -> list[dict[str, Any]]:
    try:
        return read_objects(file, shown)
    except DossierError as error:
        problems.append(Problem("unreadable", error.where, error.what, error.expected, error.found))
        return []


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def _is_interval(value: object) -> bool:
    return isinstance(value, dict) and all(_is_number(value.get(part)) for part in _INTERVAL_PARTS)
