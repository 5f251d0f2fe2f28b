"""The parts of a CASE/UCO graph: one function per kind of node, with the ontology's own names.

CASE 1.5 on UCO 1.4 (caseontology.org). Ids are version 5 UUIDs (RFC 9562) over what a node stands for: the
same case gives the same ids, whoever writes the graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from perito import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.evidence import Item

if TYPE_CHECKING:
    Node = dict[str, Any]

ONTOLOGY = "https://ontology.unifiedcyberontology.org/uco"
CONTEXT = {
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    "uco-action": f"{ONTOLOGY}/action/",
    "uco-core": f"{ONTOLOGY}/core/",
    "uco-identity": f"{ONTOLOGY}/identity/",
    "uco-observable": f"{ONTOLOGY}/observable/",
    "uco-tool": f"{ONTOLOGY}/tool/",
    "uco-types": f"{ONTOLOGY}/types/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
"""The whole context, inline: nothing has to be fetched to read the graph."""

_NAMESPACE = uuid5(NAMESPACE_URL, "perito:handover:graph")


class Ids:
    """The ids of the nodes of one case.

    Args:
        case_id: The id of the case.

    Example:
        >>> Ids("case-7").of("person", "A. Nalyst")
        'urn:uuid:d260a190-030c-5a14-b768-5d794f0b49c4'
    """

    def __init__(self, case_id: str) -> None:
        self._namespace = uuid5(_NAMESPACE, case_id)

    def of(self, kind: str, *names: object) -> str:
        """The id of what has that kind and those names."""
        return f"urn:uuid:{uuid5(self._namespace, chr(31).join((kind, *map(str, names))))}"

    def item(self, item: Item) -> str:
        """The id of an item; of a member, of its place in its archive."""
        return self.of("item", item.evidence_id, item.parent_id or "", item.position or "")


def reference(node_id: str) -> Node:
    """A pointer to a node."""
    return {"@id": node_id}


def identity(ids: Ids, name: str) -> Node:
    """Somebody who acted: the name as it was stated, a person's or a body's."""
    return {"@id": ids.of("person", name), "@type": "uco-identity:Identity", "uco-core:name": name}


def tool(ids: Ids, name: str, version: str | None) -> Node:
    """A program with which something was done."""
    node = {"@id": ids.of("tool", name, version or ""), "@type": "uco-tool:Tool", "uco-core:name": name}
    return node if version is None else {**node, "uco-tool:version": version}


def investigation(ids: Ids, case_id: str, title: str) -> Node:
    """The case."""
    return {
        "@id": ids.of("case"),
        "@type": "case-investigation:Investigation",
        "uco-core:name": case_id,
        "uco-core:description": title,
    }


def file_node(ids: Ids, item: Item) -> Node:
    """An item: name, size, media type, digest, and how it is held."""
    node_id = ids.item(item)
    digest = {
        "@id": ids.of("hash", node_id),
        "@type": "uco-types:Hash",
        "uco-types:hashMethod": "SHA256",
        "uco-types:hashValue": _typed("hexBinary", item.evidence_id.removeprefix("sha256:")),
    }
    size = _typed("integer", str(item.bytes))
    content = {
        "@id": ids.of("content", node_id),
        "@type": "uco-observable:ContentDataFacet",
        "uco-observable:hash": [digest],
        "uco-observable:sizeInBytes": size,
    }
    if item.media_type:
        content["uco-observable:mimeType"] = item.media_type
    facet = {
        "@id": ids.of("file", node_id),
        "@type": "uco-observable:FileFacet",
        "uco-observable:fileName": item.shown_path.rpartition("/")[2],
        "uco-observable:filePath": item.shown_path,
        "uco-observable:sizeInBytes": size,
    }
    return {
        "@id": node_id,
        "@type": "uco-observable:File",
        "uco-core:name": item.evidence_id,
        "uco-core:description": f"state: {item.state}",
        "uco-core:hasFacet": [facet, content],
    }


def provenance(ids: Ids, item: Item, exhibit: str) -> Node:
    """The record that an item is an exhibit, and where it came from."""
    facts = item.acquisition
    origin = {"origin": facts.origin, "legal basis": facts.legal_basis, "terms": facts.terms}
    stated = [f"{word}: {value}" for word, value in origin.items() if value]
    return {
        "@id": ids.of("provenance", ids.item(item)),
        "@type": "case-investigation:ProvenanceRecord",
        "uco-core:description": "; ".join(stated) or "no origin stated",
        "case-investigation:exhibitNumber": exhibit,
        "uco-core:object": [reference(ids.item(item))],
    }


def containment(ids: Ids, member: Item, archive_id: str) -> Node:
    """That a member lies in its archive."""
    return {
        "@id": ids.of("contained", ids.item(member)),
        "@type": "uco-observable:ObservableRelationship",
        "uco-core:source": [reference(ids.item(member))],
        "uco-core:target": [reference(archive_id)],
        "uco-core:kindOfRelationship": "Contained_Within",
        "uco-core:isDirectional": _typed("boolean", "true"),
    }


def action(
    node_id: str,
    name: str,
    at_us: int,
    *,
    performer: str | None,
    instruments: Sequence[str],
    objects: Sequence[str],
    results: Sequence[str],
    description: str = "",
) -> Node:
    """An act of custody: what, when, by whom, with what, on what, with which outcome."""
    at = _typed("dateTime", clock.iso(at_us))
    node: Node = {
        "@id": node_id,
        "@type": "case-investigation:InvestigativeAction",
        "uco-core:name": name,
        "uco-action:startTime": at,
        "uco-action:endTime": at,
    }
    many = (("instrument", instruments), ("object", objects), ("result", results))
    for key, targets in many:
        if targets:
            node[f"uco-action:{key}"] = [reference(one) for one in targets]
    if performer is not None:
        node["uco-action:performer"] = reference(performer)
    if description:
        node["uco-core:description"] = description
    return node


def _typed(kind: str, value: str) -> Node:
    return {"@type": f"xsd:{kind}", "@value": value}
