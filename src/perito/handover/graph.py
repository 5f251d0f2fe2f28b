"""The case as a graph in CASE/UCO JSON-LD, for the programs of others: who did what with which exhibit.

The graph comes in shards of at most a hundred items, each complete in itself: what an act, a person or a
tool is stands in every shard that names it, under the same id, so that the union of all shards is the graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rfc8785

from perito import __version__
from perito.handover import graph_nodes
from perito.handover.graph_nodes import CONTEXT, Ids

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from perito.evidence import Item

    Node = dict[str, Any]

ITEMS_PER_SHARD = 100
"""How many items a shard describes: validators of others take a long time over more."""

_PLAIN_FACTS = (str, int, float, bool)
_NOT_DESCRIBED = {"act", "at_us", "by", "items", "record", "limits"}


def graph_shards(
    case_id: str,
    title: str,
    items: Sequence[Item],
    entries: Sequence[tuple[int, Mapping[str, Any]]],
    items_per_shard: int = ITEMS_PER_SHARD,
) -> Iterator[bytes]:
    """The graph of a case, shard by shard, as RFC 8785 JSON: the same case gives the same bytes.

    Args:
        case_id: The id of the case.
        title: Its title.
        items: The items that are to be in the graph, archives and their members.
        entries: The acts of custody, each with its place in the log. Of an act on items, each shard names
            those that it describes; an act on none of the items is left out, one on no items at all is in
            the first shard.
        items_per_shard: At most so many items in one.

    Example:
        >>> shard = next(graph_shards("case-7", "Harbour", [], [(0, {"act": "registered", "at_us": 0})]))
        >>> b"InvestigativeAction" in shard, b"http://" in shard.replace(b"http://www.w3.org/2001", b"")
        (True, False)
    """
    ids = Ids(case_id)
    exhibits = _exhibits(items)
    by_item: dict[str, list[int]] = {}
    for place, (_, entry) in enumerate(entries):
        for evidence_id in entry.get("items", ()):
            by_item.setdefault(evidence_id, []).append(place)
    for start in range(0, max(len(items), 1), items_per_shard):
        shard = _Shard(ids, exhibits)
        shard.add(graph_nodes.investigation(ids, case_id, title))
        part = items[start : start + items_per_shard]
        for item in part:
            shard.add_item(item)
        places = {place for item in part for place in by_item.get(item.evidence_id, ())}
        if start == 0:
            places |= {place for place, (_, entry) in enumerate(entries) if not entry.get("items")}
        for place in sorted(places):
            shard.add_act(*entries[place])
        yield shard.data


def _exhibits(items: Sequence[Item]) -> dict[tuple[str, str | None, int | None], str]:
    """Exhibit numbers: the place of each item in the order of the case, of a member below its archive."""
    numbers: dict[tuple[str, str | None, int | None], str] = {}
    count = 0
    for item in items:
        if item.parent_id is None:
            count += 1
        suffix = "" if item.parent_id is None else f".{item.position}"
        numbers[item.evidence_id, item.parent_id, item.position] = f"EX-{count:05d}{suffix}"
    return numbers


class _Shard:
    """The nodes of one shard, each once."""

    def __init__(self, ids: Ids, exhibits: Mapping[tuple[str, str | None, int | None], str]) -> None:
        self._ids = ids
        self._exhibits = exhibits
        self._nodes: dict[str, Node] = {}
        self._items: dict[str, list[Item]] = {}
        self._tool = self.add(graph_nodes.tool(ids, "perito", __version__))

    @property
    def data(self) -> bytes:
        """The shard as it is written."""
        graph = [self._nodes[node_id] for node_id in sorted(self._nodes)]
        return rfc8785.dumps({"@context": CONTEXT, "@graph": graph}) + b"\n"

    def add(self, node: Node) -> str:
        """Takes a node in; gives its id."""
        self._nodes.setdefault(node["@id"], node)
        return str(node["@id"])

    def add_item(self, item: Item) -> None:
        """An item with its provenance; of a member, where it lies."""
        self.add(graph_nodes.file_node(self._ids, item))
        exhibit = self._exhibits[item.evidence_id, item.parent_id, item.position]
        self.add(graph_nodes.provenance(self._ids, item, exhibit))
        self._items.setdefault(item.evidence_id, []).append(item)
        if item.parent_id is not None:
            archive_id = self._ids.of("item", item.parent_id, "", "")
            # Where the archive is in another shard, its node there has the same id.
            self.add({"@id": archive_id, "@type": "uco-observable:File", "uco-core:name": item.parent_id})
            self.add(graph_nodes.containment(self._ids, item, archive_id))

    def add_act(self, index: int, entry: Mapping[str, Any]) -> None:
        """An act of custody, on those of its items that are in this shard."""
        concerned = [item for one in entry.get("items", ()) for item in self._items.get(one, ())]
        record = entry.get("record") or {}
        is_intake = bool(record)
        files = [self._ids.item(item) for item in concerned]
        records = [self._ids.of("provenance", node_id) for node_id in files]
        self.add(
            graph_nodes.action(
                self._ids.of("act", index, rfc8785.dumps(dict(entry)).hex()),
                str(entry.get("act")),
                int(entry.get("at_us", 0)),
                performer=self._performer(entry.get("by") or record.get("acquired_by")),
                instruments=self._instruments(record),
                objects=[] if is_intake else files,
                results=[*records, *files] if is_intake else [],
                description=_described(index, entry),
            )
        )

    def _performer(self, name: str | None) -> str | None:
        return None if not name else self.add(graph_nodes.identity(self._ids, name))

    def _instruments(self, record: Mapping[str, Any]) -> list[str]:
        if not record.get("tool"):
            return [self._tool]
        used = graph_nodes.tool(self._ids, record["tool"], record.get("tool_version"))
        return [self.add(used), self._tool]


def _described(index: int, entry: Mapping[str, Any]) -> str:
    """The place of an act in the custody log, and its plain facts."""
    facts = [
        f"{name}: {value}"
        for name, value in sorted(entry.items())
        if name not in _NOT_DESCRIBED and isinstance(value, _PLAIN_FACTS)
    ]
    return "; ".join((f"custody log entry {index}", *facts))
