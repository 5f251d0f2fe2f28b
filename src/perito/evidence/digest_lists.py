"""Lists of digests for material that must not be held, in JSON or CSV: checked before any is entered."""

from __future__ import annotations

import csv
import io
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from perito.clock import instant_us
from perito.errors import CaseError, LocatorError, nearest
from perito.evidence.items import Facts
from perito.evidence.pointer import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from perito.evidence.items import Item
    from perito.evidence.store import Store

_REQUIRED = ("digest", "bytes", "media_type", "computed_by")
_OPTIONAL = ("pdq", "pdq_quality", "reported", "path", "acquired_at")
_ORIGIN = tuple(one.name for one in fields(Facts) if one.name not in ("path", "media_type", "acquired_at_us"))
_KNOWN = (*_REQUIRED, *_OPTIONAL, *_ORIGIN)
_WHOLE = ("bytes", "pdq_quality")


def read_digests(file: Path) -> list[dict[str, Any]]:
    """The items of a list, each as the arguments of `Store.declare`.

    A list is a JSON array of objects, or CSV with a header. Every item has `digest` (`sha256:..`), `bytes`,
    `media_type` and `computed_by`; it may have `path`, `pdq`, `pdq_quality`, `reported`, `acquired_at` and
    the facts of an acquisition.

    Raises:
        CaseError: The file is none of both, or an item lacks a fact, has an unknown or a wrong one.
    """
    content = file.read_bytes()
    rows = _from_json(content, file) if content.lstrip()[:1] in (b"[", b"{") else _from_csv(content, file)
    return [_arguments(row, f"{file}: item {number}") for number, row in enumerate(rows, start=1)]


def declare_digests(store: Store, file: Path, *, by: str | None, **facts: str | int | None) -> list[Item]:
    """Enters every item of a list that is known by its digests alone.

    Args:
        store: The store.
        file: The list, as `read_digests` reads it.
        by: Who enters it.
        **facts: What holds of every item that does not say otherwise.

    Raises:
        CaseError: As for `read_digests` and `Store.declare`; the items before the one at fault are entered.
    """
    stated = {name: value for name, value in facts.items() if value is not None}
    return [store.declare(by=by, **{**stated, **item}) for item in read_digests(file)]


def _from_json(content: bytes, file: Path) -> list[Mapping[str, Any]]:
    try:
        rows = read_json(content)
    except LocatorError as fault:
        raise CaseError(
            "the list cannot be read", where=str(file), found=fault.found or fault.what
        ) from fault
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CaseError("the list is no array of objects", where=str(file))
    return rows


def _from_csv(content: bytes, file: Path) -> list[Mapping[str, Any]]:
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig")), strict=True)
        return [{name: value for name, value in row.items() if value} for row in reader]
    except (csv.Error, UnicodeDecodeError) as fault:
        raise CaseError("the list cannot be read", where=str(file), found=str(fault)) from fault


def _arguments(row: Mapping[str, Any], where: str) -> dict[str, Any]:
    for name in row:
        if name not in _KNOWN:
            raise CaseError(f"the key '{name}' is not known", where=where, remedy=nearest(str(name), _KNOWN))
    for name in _REQUIRED:
        if row.get(name) in (None, ""):
            raise CaseError(f"the key '{name}' is missing", where=where)
    found = {name: _value(name, value, where) for name, value in row.items() if value is not None}
    at, path, size = found.pop("acquired_at", None), found.pop("path", None), found.pop("bytes")
    return {
        **found,
        "size": size,
        **({"acquired_at_us": instant_us(str(at))} if at else {}),
        **({"path_in_case": path} if path else {}),
    }


def _value(name: str, value: object, where: str) -> str | int:
    if not isinstance(value, str):
        raise CaseError(f"'{name}' is no text or number", where=where, found=repr(value)[:80])
    if name not in _WHOLE:
        return str(value)
    if not (value.isascii() and value.isdigit() and len(value) < 19):  # noqa: PLR2004  (64 bits)
        raise CaseError(f"'{name}' is no whole number", where=where, found=value[:80])
    return int(value)
