"""Comparing what a dossier says with what comes out again, number by number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import orjson

from perito.dossier.environment import Agreement
from perito.dossier.reading import values_in
from perito.findings import RELATIVE_TOLERANCE
from perito.report import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from perito.dossier.reading import Told

_ENDS = ("low", "high", "level")
# What every record of a finding repeats: where the finding itself differs, it is named once, there.
_SHARED = ("measure", "parameters", "inputs", "seed")
_OF_THE_NUMBER = ("status", "kind", "tolerance", "rows", "code")
_SHOWN_CHARACTERS = 120


def same_number(one: object, other: object, tolerance: float = 0) -> bool:
    """Whether two recorded values are the same, numbers within a relative tolerance where there is one.

    Example:
        >>> same_number(1.0, 1.0 + 1e-12), same_number(1.0, 1.0 + 1e-12, 1e-9), same_number(1, True)
        (False, True, False)
    """
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == other or (tolerance > 0 and math.isclose(one, other, rel_tol=tolerance))
    return one == other


# --- a folder against itself -------------------------------------------------------------------------


def internal_problems(told: Told) -> Iterator[Problem]:
    """Every number of the findings that is not its derivation's, and every derivation of no number."""
    used: set[str] = set()
    for finding in told.findings:
        for name, value in _numbers(finding):
            used.add(name)
            yield from _against_record(name, value, told.records.get(name))
    for name in told.records.keys() - used:
        yield Problem("derivation", name, "a derivation of no number in the findings")


def _numbers(finding: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from ((value["derivation"], value) for value in values_in(finding))
    counts = finding.get("counts")
    for name, count in counts.items() if isinstance(counts, dict) else ():
        yield f"{finding['id']}/{name}", {"estimate": count, "interval": None}


def _against_record(
    name: str, value: Mapping[str, Any], record: Mapping[str, Any] | None
) -> Iterator[Problem]:
    if record is None:
        yield Problem("derivation", name, "the findings print a number without a derivation")
        return
    pairs = [
        ("estimate", record["value"]),
        *((key, record.get(key)) for key in ("interval", "unit", "status")),
    ]
    for key, recorded in pairs:
        if key in value and not same_number(value[key], recorded):
            yield Problem(
                "number", name, f"the finding's '{key}' is not that of its derivation",
                expected=shown(recorded), found=shown(value[key]),
            )  # fmt: skip


def input_problems(told: Told, inputs: Mapping[str, tuple[str, int]]) -> Iterator[Problem]:
    """Every table that the findings say they rest on and that is not the one there; each named once.

    Args:
        told: What the folder says.
        inputs: Canonical digest and row count of the tables that are there.
    """
    named = {}
    for finding in told.findings:
        listed = finding.get("inputs")
        for entry in listed if isinstance(listed, list) else ():
            if isinstance(entry, dict):
                named[str(entry.get("table"))] = (entry.get("digest"), entry.get("rows"))
    for table, digest_and_rows in named.items():
        if digest_and_rows != inputs.get(table):
            yield Problem(
                "table", table, "the findings were computed from another table",
                expected=shown(digest_and_rows), found=shown(inputs.get(table)),
            )  # fmt: skip


# --- a folder against what comes out again -------------------------------------------------------------


def number_problems(told: Told, again: Told, agreement: Agreement) -> Iterator[Problem]:
    """Every number whose recomputed value is another, that does not come out, or that is left out."""
    for name, record in told.records.items():
        if name not in again.records:
            yield Problem("number", name, "the number does not come out of the tables", expected=_of(record))
        else:
            yield from _value_problems(name, record, again.records[name])
    if agreement is Agreement.VALUES:
        return  # another version may print more numbers, and describe them otherwise
    yield from _left_out(told, again)
    others = _other_fields(told, again)
    for name, record in told.records.items():
        if name in again.records:
            yield from _record_problems(name, record, again.records[name], others)


def _value_problems(name: str, told: Mapping[str, Any], again: Mapping[str, Any]) -> Iterator[Problem]:
    tolerance = again["tolerance"]
    if not same_number(told["value"], again["value"], tolerance):
        yield Problem("number", name, "the recomputed value is another", expected=_of(told), found=_of(again))
    one, other = told.get("interval") or {}, again["interval"] or {}
    for end in _ENDS:
        if not same_number(one.get(end), other.get(end), tolerance):
            yield Problem(
                "number", name, f"the recomputed '{end}' of the interval is another",
                expected=shown(one.get(end)), found=shown(other.get(end)),
            )  # fmt: skip
    if told["unit"] != again["unit"]:
        yield Problem(
            "number", name, "the recomputed unit is another", expected=told["unit"], found=again["unit"]
        )


def _left_out(told: Told, again: Told) -> Iterator[Problem]:
    there = {finding["id"] for finding in told.findings}
    for name, record in again.records.items():
        if name not in told.records and name.partition("/")[0] in there:
            yield Problem("number", name, "the tables give a number that is left out", found=_of(record))


def _other_fields(told: Told, again: Told) -> set[tuple[str, str]]:
    """Finding and field, for the shared fields that a finding itself tells otherwise than they come out."""
    came_out = {finding["id"]: finding for finding in again.findings}
    return {
        (finding["id"], key)
        for finding in told.findings
        for key in _SHARED
        if _shared(finding, key) != _shared(came_out.get(finding["id"], {}), key)
    }


def _shared(finding: Mapping[str, Any], key: str) -> object:
    return (finding.get("measure"), finding.get("measure_version")) if key == "measure" else finding.get(key)


def _record_problems(
    name: str, told: Mapping[str, Any], again: Mapping[str, Any], others: set[tuple[str, str]]
) -> Iterator[Problem]:
    finding = name.partition("/")[0]
    keys = [*_OF_THE_NUMBER, *(key for key in _SHARED if (finding, key) not in others)]
    pairs = [(key, told.get(key), again[key]) for key in keys]
    pairs.append(("method", _method(told), _method(again)))
    for key, one, other in pairs:
        if one != other:
            yield Problem(
                "derivation", name, f"the record's {key} is another", expected=shown(one), found=shown(other)
            )
    if told.keys() != again.keys():
        extra = ", ".join(sorted(told.keys() ^ again.keys()))
        yield Problem("derivation", name, "the record has other fields", found=extra[:_SHOWN_CHARACTERS])


def _method(record: Mapping[str, Any]) -> object:
    """How the interval was computed."""
    return (record.get("interval") or {}).get("method")


def finding_problems(told: Told, again: Told, agreement: Agreement) -> Iterator[Problem]:
    """Every finding that is missing, added, or says something else than comes out again.

    Its numbers are `number_problems`' and `internal_problems`' matter.
    """
    names, came_out = ([finding["id"] for finding in one.findings] for one in (told, again))
    for name in [name for name in came_out if name not in names]:
        yield Problem("finding", name, "the finding is missing")
    for name in [name for name in names if name not in came_out]:
        yield Problem("finding", name, "the case file asks no such question")
    if sorted(names) == sorted(came_out) and names != came_out:
        yield Problem("finding", names[0], "the findings are not in the order of the questions")
    if len(names) != len(set(names)):
        yield Problem("finding", max(names, key=names.count), "two findings have the same id")
    if agreement is Agreement.VALUES:
        return
    by_id = {finding["id"]: finding for finding in told.findings}
    for finding in again.findings:
        if finding["id"] in by_id:
            yield from _field_problems(by_id[finding["id"]], finding)


def _field_problems(told: Mapping[str, Any], again: Mapping[str, Any]) -> Iterator[Problem]:
    for path, one, other in _differences(told, again):
        tolerance = RELATIVE_TOLERANCE if path.startswith("/chart/") else 0
        if not same_number(one, other, tolerance):
            yield Problem(
                "finding", f"{again['id']}: {path}", "the finding says something else than comes out again",
                expected=shown(one), found=shown(other),
            )  # fmt: skip


def _differences(one: Any, other: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401
    """The leaves in which two JSON values differ, with their paths; numbers with a derivation left out."""
    if isinstance(one, dict) and isinstance(other, dict):
        skipped = {"estimate", "interval"} if "derivation" in other else set()
        for key in [*other, *(key for key in one if key not in other)]:
            if key not in skipped:
                yield from _differences(one.get(key), other.get(key), f"{path}/{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for at, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _differences(left, right, f"{path}/{at}")
    elif not same_number(one, other):
        yield path, one, other


def shown(value: object) -> str:
    """A JSON value as a message shows it, cut where it is long.

    Example:
        >>> shown({"low": 1.5}), shown(None)
        ('{"low":1.5}', 'null')
    """
    text = orjson.dumps(value).decode()
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"


def _of(record: Mapping[str, Any]) -> str:
    return f"{shown(record['value'])} {record['unit']}"
