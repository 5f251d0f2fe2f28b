"""From sealed evidence to canonical tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from perito.errors import CaseError, nearest
from perito.evidence.states import UNHELD
from perito.files import write_folder
from perito.formats import UNREAD, SourceItem, find
from perito.formats.base import excerpt
from perito.schema import enumeration, table
from perito.schema.arrow import arrow_schema
from perito.tables.collect import ItemCount, read_into
from perito.tables.holdings import HOLDINGS, holdings_of
from perito.tables.staging import Staging
from perito.tables.tableset import TableSet, put_manifest, put_tables, scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from perito.evidence import Store
    from perito.evidence.items import Item
    from perito.formats import Reject

REJECTS = "rejects"


@dataclass
class _ItemSink:
    """Where the rows of one item go: the staged tables, rejects among them."""

    item: Item
    staging: Staging

    def take_rows(self, name: str, data: pa.Table) -> None:
        """Take rows of a table."""
        self.staging.add(name, data)

    def take_rejects(self, rejects: list[Reject]) -> None:
        """Take rejects."""
        rows = [
            {
                "evidence_id": self.item.evidence_id,
                "locator": reject.locator,
                "platform": self.item.acquisition.platform,
                "reason": excerpt(reject.reason),
                "excerpt": None if reject.excerpt is None else excerpt(reject.excerpt),
            }
            for reject in rejects
        ]
        self.staging.add(REJECTS, pa.Table.from_pylist(rows, schema=arrow_schema(table(REJECTS))))


def build_tables(
    store: Store,
    folder: Path,
    progress: Callable[[list[Item]], Iterable[Item]] = iter,
    *,
    memory_limit_mb: int | None = None,
    spill: Path | None = None,
) -> TableSet:
    """The canonical tables of a store's current items, written to a folder.

    Rows are read some at a time; what does not fit in memory goes to a folder of its own, gone afterwards.

    Args:
        store: The sealed evidence.
        folder: Where the tables go; replaced whole, or left as it was after an error.
        progress: Wraps the items as they are read, for a progress bar.
        memory_limit_mb: How much memory rows may take, in MB of 10^6 bytes.
        spill: Where what does not fit in memory goes; beside the tables by default.

    Raises:
        CaseError: An item is said to come from a platform that nobody knows, or a disk is full.
        Malformed: An item of which nothing can be read.
        MeasureError: Published figures that cannot be true together.
        SealBroken: Bytes that are not those that were sealed.
    """
    current = _current(store)
    with (
        write_folder(folder) as target,
        scratch(spill or target, memory_limit_mb=memory_limit_mb) as limits,
    ):
        staging = Staging(limits)
        read = {item.evidence_id: _staged(staging, item, store) for item in progress(list(current.values()))}
        staging.add("evidence", _evidence(store, current, read))
        inputs, profiles = put_tables(staging, target)
        derived = Staging(limits)
        derived.add(HOLDINGS, holdings_of(profiles))
        inputs |= put_tables(derived, target)[0]
        put_manifest(inputs, target)
    return TableSet(folder, dict(sorted(inputs.items())))


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


def _staged(staging: Staging, item: Item, store: Store) -> ItemCount | None:
    """What was read of an item; None of one that is no table."""
    _check_platform(item)
    acquisition = item.acquisition
    if (acquisition.format or UNREAD) == UNREAD or item.state in UNHELD:
        return None

    def opened() -> BinaryIO:
        return store.get(item.evidence_id)

    source = SourceItem(
        item.evidence_id, item.shown_path, opened, acquisition.platform, _acquired_at_us(item)
    )
    return read_into(source, find(acquisition.format or UNREAD), _ItemSink(item, staging))


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


def _evidence(store: Store, current: dict[str, Item], read: Mapping[str, ItemCount | None]) -> pa.Table:
    """One row a sealed item; sealing times are custody's, not here, so that equal inputs give equal tables.

    The members of a current archive are as current as it is.
    """
    belonging = {*current, *(item.evidence_id for item in store.items() if item.parent_id in current)}
    rows = [
        _evidence_row(item, read.get(item.evidence_id), is_current=item.evidence_id in belonging)
        for item in listed_items(store)
    ]
    return pa.Table.from_pylist(rows, schema=arrow_schema(table("evidence")))


def _was_to_be_read(item: Item) -> bool:
    """Whether an item without bytes is of a format that is read: what it was stays said."""
    return item.state in UNHELD and item.acquisition.format != UNREAD


def _evidence_row(item: Item, found: ItemCount | None, *, is_current: bool) -> dict[str, Any]:
    acquisition = item.acquisition
    return {
        "evidence_id": item.evidence_id,
        "parent_id": item.parent_id,
        "path": item.shown_path,
        "bytes": item.bytes,
        "media_type": item.media_type,
        "format": acquisition.format if found or _was_to_be_read(item) else None,
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
        "rejected": found.rejected if found else None,
        "is_current": is_current,
        "state": item.state,
    }
