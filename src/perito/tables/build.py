"""From sealed evidence to canonical tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from perito.errors import CaseError, nearest
from perito.formats import UNREAD, SourceItem, find
from perito.formats.base import excerpt
from perito.schema import enumeration, table
from perito.schema.arrow import arrow_schema
from perito.tables.collect import ItemRows, read_item
from perito.tables.holdings import HOLDINGS, holdings
from perito.tables.tableset import TableSet, write_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from perito.evidence import Store
    from perito.evidence.items import Item


@dataclass
class _Gathered:
    """Rows of every table so far, and what was read of each item."""

    parts: dict[str, list[pa.Table]] = field(default_factory=dict)
    rejects: list[dict[str, Any]] = field(default_factory=list)
    read: dict[str, ItemRows] = field(default_factory=dict)


def build_tables(
    store: Store, folder: Path, progress: Callable[[list[Item]], Iterable[Item]] = iter
) -> TableSet:
    """The canonical tables of a store's current items, written to a folder.

    Args:
        store: The sealed evidence.
        folder: Where the tables go; replaced whole, or left as it was after an error.
        progress: Wraps the items as they are read, for a progress bar.

    Raises:
        CaseError: An item is said to come from a platform that nobody knows.
        Malformed: An item of which nothing can be read.
        MeasureError: Published figures that cannot be true together.
        SealBroken: Bytes that are not those that were sealed.
    """
    gathered = _Gathered()
    current = _current(store)
    for item in progress(list(current.values())):
        _check_platform(item)
        if (item.acquisition.format or UNREAD) != UNREAD:
            _gather(gathered, item, store)
    tables = {name: pa.concat_tables(parts) for name, parts in gathered.parts.items()}
    tables["evidence"] = _evidence(store, current, gathered)
    if gathered.rejects:
        tables["rejects"] = pa.Table.from_pylist(gathered.rejects, schema=arrow_schema(table("rejects")))
    tables[HOLDINGS] = holdings(tables)
    return write_tables(tables, folder)


def _current(store: Store) -> dict[str, Item]:
    """Per sealed bytes, by path, the current item: of several paths the one declared last, with its facts."""
    items = sorted(store.current_items(), key=lambda item: item.acquisition.sequence)
    last = {item.evidence_id: item for item in items}
    return dict(sorted(last.items(), key=lambda entry: entry[1].path))


def _check_platform(item: Item) -> None:
    platform, known = item.acquisition.platform, enumeration("platform")
    if platform is not None and platform not in known:
        raise CaseError(
            f"'{platform}' is not a known platform",
            where=f"{item.shown_path} ({item.evidence_id[:19]})",
            remedy=nearest(platform, known.values),
        )


def _gather(gathered: _Gathered, item: Item, store: Store) -> None:
    acquisition = item.acquisition

    def opened() -> BinaryIO:
        return store.get(item.evidence_id)

    source = SourceItem(
        item.evidence_id, item.shown_path, opened, acquisition.platform, _acquired_at_us(item)
    )
    found = read_item(source, find(acquisition.format or UNREAD))
    gathered.read[item.evidence_id] = found
    for name, parts in found.tables.items():
        gathered.parts.setdefault(name, []).extend(parts)
    gathered.rejects += [
        {
            "evidence_id": item.evidence_id,
            "locator": reject.locator,
            "platform": acquisition.platform,
            "reason": excerpt(reject.reason),
            "excerpt": None if reject.excerpt is None else excerpt(reject.excerpt),
        }
        for reject in found.rejects
    ]


def _acquired_at_us(item: Item) -> int:
    """When the item was acquired, by its record; without one, when it was sealed."""
    recorded = item.acquisition.acquired_at_us
    return item.sealed_at_us if recorded is None else recorded


def listed_items(store: Store) -> list[Item]:
    """Every sealed item once, as the table of evidence names it: equal bytes have one name and one row.

    Bytes that are both a file of their own and a member of an archive are listed as the file.
    """
    current = _current(store)
    once: dict[str, Item] = {}
    for item in sorted(store.items(), key=lambda item: (item.parent_id is not None, item.path)):
        once.setdefault(item.evidence_id, current.get(item.evidence_id, item))
    return sorted(once.values(), key=lambda item: (item.path, item.evidence_id))


def _evidence(store: Store, current: dict[str, Item], gathered: _Gathered) -> pa.Table:
    """One row a sealed item; sealing times are custody's, not here, so that equal inputs give equal tables.

    The members of a current archive are as current as it is.
    """
    belonging = {*current, *(item.evidence_id for item in store.items() if item.parent_id in current)}
    rows = [
        _evidence_row(item, gathered, is_current=item.evidence_id in belonging)
        for item in listed_items(store)
    ]
    return pa.Table.from_pylist(rows, schema=arrow_schema(table("evidence")))


def _evidence_row(item: Item, gathered: _Gathered, *, is_current: bool) -> dict[str, Any]:
    acquisition, found = item.acquisition, gathered.read.get(item.evidence_id)
    return {
        "evidence_id": item.evidence_id,
        "parent_id": item.parent_id,
        "path": item.shown_path,
        "bytes": item.bytes,
        "media_type": item.media_type,
        "format": acquisition.format if found else None,
        "platform": acquisition.platform,
        "origin": acquisition.origin,
        "acquired_at_us": acquisition.acquired_at_us,
        "acquired_by": acquisition.acquired_by,
        "tool": acquisition.tool,
        "tool_version": acquisition.tool_version,
        "legal_basis": acquisition.legal_basis,
        "terms": acquisition.terms,
        "records": found.records if found else None,
        "mapped": found.mapped if found else None,
        "rejected": len(found.rejects) if found else None,
        "is_current": is_current,
    }
