"""Comparing what a dossier says with what comes out again, number by number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from perito.report import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PARTS = ("low", "high", "level")


def derivation_problems(
    told: Mapping[str, Mapping[str, Any]], again: Mapping[str, Mapping[str, Any]]
) -> Iterator[Problem]:
    """Every number whose recomputed value is another, that does not come out, or that is not told."""
    for name in [*told, *(name for name in again if name not in told)]:
        if name not in again:
            yield Problem("number", name, "the number does not come out of the tables", expected=_shown(told[name]))
        elif name not in told:
            yield Problem("number", name, "the tables give a number that the dossier leaves out", found=_shown(again[name]))
        else:
            yield from _record_problems(name, told[name], again[name])


def _record_problems(name: str, told: Mapping[str, Any], again: Mapping[str, Any]) -> Iterator[Problem]:
    tolerance = again["tolerance"]
    if not same_number(told.get("value"), again["value"], tolerance):
        yield Problem(
            "number", name, "the recomputed value is another",
            expected=_shown(told), found=_shown(again),
        )  # fmt: skip
    one, other = told.get("interval") or {}, again["interval"] or {}
    for part in _PARTS:
        if not same_number(one.get(part), other.get(part), tolerance):
            yield Problem(
                "number", name, f"the recomputed end '{part}' of the interval is another",
                expected=str(one.get(part)), found=str(other.get(part)),
            )  # fmt: skip
    for key in ("measure", "unit", "status", "kind", "seed", "parameters", "rows", "inputs", "tolerance"):
        if told.get(key) != again[key]:
            yield Problem(
                "derivation", name, f"the record's '{key}' is another",
                expected=str(told.get(key))[:120], found=str(again[key])[:120],
            )  # fmt: skip


def same_number(one: object, other: object, tolerance: float) -> bool:
    """Whether two recorded numbers are the same, within a relative tolerance where there is one."""
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == other or (tolerance > 0 and math.isclose(one, other, rel_tol=tolerance))
    return one == other


def finding_problems(
    told: Sequence[Mapping[str, Any]], again: Sequence[Mapping[str, Any]], *, same_code: bool
) -> Iterator[Problem]:
    """Every finding that is missing, added, or says something else than comes out again.

    Words are compared only where the code is the same: another version may say the same thing better.
    """
    by_id = {str(finding.get("id")): finding for finding in told}
    for finding in again:
        name = finding["id"]
        if name not in by_id:
            yield Problem("finding", name, "the finding is missing")
        else:
            yield from _field_problems(name, by_id[name], finding, same_code=same_code)
    for name in by_id.keys() - {finding["id"] for finding in again}:
        yield Problem("finding", name, "the case file asks no such question")


def _field_problems(
    name: str, told: Mapping[str, Any], again: Mapping[str, Any], *, same_code: bool
) -> Iterator[Problem]:
    for key in ("status", "counts", "parameters", "scope", "inputs", "seed"):
        if told.get(key) != again[key]:
            yield Problem("finding", f"{name}: {key}", "the finding says something else than comes out again")
    if told.keys() != again.keys():
        yield Problem("finding", name, "the finding has other fields", found=", ".join(sorted(told.keys() ^ again.keys())))
    for path, one, other in _differences(told, again):
        is_number = isinstance(other, (int, float)) and not isinstance(other, bool)
        if (same_code or is_number) and not same_number(one, other, _RELATIVE):
            yield Problem("finding", f"{name}: {path}", "the finding says something else than comes out again",
                          expected=str(one)[:120], found=str(other)[:120])  # fmt: skip


_RELATIVE = 1e-9


def _differences(one: Any, other: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401
    """The leaves in which two JSON values differ, with their paths."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in other:
            yield from _differences(one.get(key), other[key], f"{path}/{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for at, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _differences(left, right, f"{path}/{at}")
    elif one != other:
        yield path, one, other
