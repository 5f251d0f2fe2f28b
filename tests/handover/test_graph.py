"""The CASE/UCO graph: conformant for a validator of others, complete over its shards, the same every time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from perito.evidence import Acquisition, Item, Store
from perito.handover import Terms, export_case
from perito.handover.graph import ITEMS_PER_SHARD, graph_shards

AT_US = 1_773_964_800_000_000
FACTS = Acquisition(
    path="posts/a.csv", origin="request 7", acquired_by="A. Nalyst", acquired_at_us=AT_US, tool="curl",
    tool_version="8.1", legal_basis="order 1",
)  # fmt: skip


def item(number: int, **changes) -> Item:
    values = {"media_type": "text/csv", "sealed_at_us": AT_US, "sequence": number, "acquisitions": (FACTS,)}
    return Item(
        **{
            "evidence_id": f"sha256:{number:064x}",
            "path": f"posts/{number}.csv",
            "bytes": 9,
            **values,
            **changes,
        }
    )


def a_case(count: int):
    """Items, the last two members of the first; acts on one, on two in different shards, on none."""
    items = [item(number) for number in range(count)]
    members = [item(count + n, parent_id=items[0].evidence_id, position=n) for n in (1, 2)]
    record = {"acquired_by": "A. Nalyst", "tool": "curl", "tool_version": "8.1"}
    acts = [
        {"act": "acquired", "at_us": AT_US + n, "items": [one.evidence_id], "record": record}
        for n, one in enumerate(items)
    ]
    both = [items[0].evidence_id, items[-1].evidence_id]
    acts += [
        {"act": "opened", "at_us": AT_US, "by": "R. Eader", "items": both, "reason": "first \u202e look"},
        {"act": "handed_over", "at_us": AT_US, "by": "Unit 4", "to": "Court 4"},
    ]
    return [*items, *members], list(enumerate(acts))


def nodes(shard: bytes) -> dict[str, dict]:
    return {node["@id"]: node for node in json.loads(shard)["@graph"]}


def of_type(shard: bytes, kind: str) -> list[dict]:
    return [node for node in nodes(shard).values() if node["@type"].endswith(f":{kind}")]


def validate(*files: Path) -> None:
    """Holds files against CASE 1.5 by the ontology's own validator; a warning is a fault as well."""
    program = Path(sys.executable).with_name("case_validate")
    done = subprocess.run([program, *files], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout
    assert "Conforms: True" in done.stdout
    assert done.stderr == ""


def test_every_shard_conforms_to_case_and_uco(tmp_path):
    for number, shard in enumerate(graph_shards("case-7", "Harbour", *a_case(6), 3)):
        file = tmp_path / f"{number}.jsonld"
        file.write_bytes(shard)
        validate(file)
    assert number == 2


def test_the_union_of_all_shards_conforms_too(tmp_path):
    files = []
    for number, shard in enumerate(graph_shards("case-7", "Harbour", *a_case(6), 3)):
        files.append(tmp_path / f"{number}.jsonld")
        files[-1].write_bytes(shard)
    validate(*files)


def test_the_validator_minds_a_misspelt_property(tmp_path):
    shard = next(graph_shards("case-7", "Harbour", *a_case(1)))
    file = tmp_path / "wrong.jsonld"
    file.write_bytes(shard.replace(b"uco-observable:fileName", b"uco-observable:fileNmae"))
    with pytest.raises(AssertionError):
        validate(file)


def test_the_graph_in_a_bag_conforms(case, keys, tmp_path):
    export_case(case, tmp_path / "bag", Terms(by="A", to="B"), signers=keys[:1])
    files = sorted((tmp_path / "bag/data/graph").iterdir())
    assert [file.name for file in files] == ["case-0001.jsonld"]
    validate(*files)
    shard = files[0].read_bytes()
    digests = {
        facet["uco-observable:hash"][0]["uco-types:hashValue"]["@value"]
        for node in of_type(shard, "File")
        for facet in node["uco-core:hasFacet"]
        if "uco-observable:hash" in facet
    }
    assert {f"sha256:{one}" for one in digests} == {
        one.evidence_id for one in Store(case / "evidence").items()
    }
    assert len(of_type(shard, "InvestigativeAction")) == Store(case / "evidence").custody.size


@pytest.mark.shared
def test_the_shape_is_that_of_the_reference_graph(shared_data):
    reference = (shared_data / "evidence" / "ok10.jsonld").read_bytes()
    ours = next(graph_shards("case-7", "Harbour", *a_case(3)))
    for kind in ("File", "ProvenanceRecord", "InvestigativeAction"):
        theirs = set.intersection(*(set(node) for node in of_type(reference, kind)))
        mine = set.intersection(
            *(set(node) for node in of_type(ours, kind) if "hasFacet" in str(node) or kind != "File")
        )
        assert theirs - mine <= {"uco-action:result", "uco-action:performer"}, kind
    context = json.loads(reference)["@context"]
    shared = context.keys() & json.loads(ours)["@context"].keys()
    assert {name: context[name] for name in shared} == {
        name: json.loads(ours)["@context"][name] for name in shared
    }
    assert len(shared) >= 7


def test_no_shard_has_more_items_than_it_may():
    items, acts = a_case(2 * ITEMS_PER_SHARD + 1)
    shards = list(graph_shards("case-7", "Harbour", items, acts))
    counts = [len(of_type(shard, "ProvenanceRecord")) for shard in shards]
    assert counts == [100, 100, 3]


def test_every_item_and_every_act_is_in_some_shard():
    items, acts = a_case(6)
    shards = list(graph_shards("case-7", "Harbour", items, acts, 3))
    exhibits = [
        node["case-investigation:exhibitNumber"]
        for shard in shards
        for node in of_type(shard, "ProvenanceRecord")
    ]
    assert sorted(exhibits) == sorted([*(f"EX-{n:05d}" for n in range(1, 7)), "EX-00006.1", "EX-00006.2"])
    named = {node["@id"] for shard in shards for node in of_type(shard, "InvestigativeAction")}
    assert len(named) == len(acts)


def test_an_act_on_items_of_two_shards_stands_in_both_under_one_id():
    items, acts = a_case(6)
    shards = list(graph_shards("case-7", "Harbour", items, acts, 3))
    opened = [
        node
        for shard in shards
        for node in of_type(shard, "InvestigativeAction")
        if node["uco-core:name"] == "opened"
    ]
    assert len(opened) == 2
    assert len({node["@id"] for node in opened}) == 1
    assert len({one["@id"] for node in opened for one in node["uco-action:object"]}) == 2


def test_every_reference_of_a_shard_leads_to_a_node_in_it():
    for shard in graph_shards("case-7", "Harbour", *a_case(6), 3):
        held = set(nodes(shard))
        for node in nodes(shard).values():
            for key, value in node.items():
                values = value if isinstance(value, list) else [value]
                targets = {one["@id"] for one in values if isinstance(one, dict) and set(one) == {"@id"}}
                assert targets <= held, key


def test_the_same_case_gives_the_same_bytes_and_another_case_other_ids():
    one, two = (list(graph_shards("case-7", "Harbour", *a_case(3))) for _ in range(2))
    assert one == two
    other = next(graph_shards("case-8", "Harbour", *a_case(3)))
    assert nodes(one[0]).keys().isdisjoint(nodes(other))


def test_no_context_has_to_be_fetched():
    context = json.loads(next(graph_shards("case-7", "Harbour", *a_case(1))))["@context"]
    assert all(isinstance(value, str) for value in context.values())


def test_a_case_without_items_has_one_shard():
    assert len(list(graph_shards("case-7", "Harbour", [], []))) == 1
