"""Exhibits: evidence manifest, custody record and the table of evidence say the same of every sealed item."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.dossier.custody_record import custody_entry, read_custody
from perito.dossier.exhibits import (
    evidence_entry,
    exhibit_problems,
    read_evidence,
    source_problems,
)
from perito.errors import DossierError
from perito.evidence import Store
from perito.tables import open_tables


@pytest.fixture(scope="module")
def rows(built):
    return open_tables(built / "dossier" / "tables").read("evidence").to_pylist()


@pytest.fixture
def evidence(built):
    return read_evidence(built / "dossier")


@pytest.fixture
def custody(built):
    return read_custody(built / "dossier")["items"]


def places(problems):
    return [problem.where for problem in problems]


def test_the_lists_are_those_of_the_store(built, evidence, custody):
    items = Store(built / "evidence").items()
    assert evidence == [evidence_entry(item) for item in items]
    assert [{**entry, "proofs": []} for entry in custody] == [
        {**custody_entry(item), "proofs": []} for item in items
    ]


def test_sealing_times_are_in_the_custody_record_only(built, custody):
    times = {custody[0]["sealed_at"], *custody[0]["acquisitions"]}
    for name in ("evidence.json", "findings.json", "case.toml", "expert.html", "tables/tables.json"):
        text = (built / "dossier" / name).read_text("utf-8")
        assert not any(time in text for time in times)


def test_untouched_lists_agree(evidence, custody, rows, told):
    assert places(exhibit_problems(evidence, custody, rows)) == []
    assert places(source_problems(told.records, evidence)) == []


@pytest.mark.parametrize(
    "key", ["bytes", "media_type", "format", "origin", "acquired_at", "legal_basis", "tool"]
)
def test_another_fact_of_an_item_names_the_item(evidence, custody, rows, key):
    evidence[2][key] = 1 if key == "bytes" else "other"
    assert places(exhibit_problems(evidence, custody, rows)) == [
        f"{evidence[2]['evidence_id']} ({evidence[2]['path']})"
    ]


def test_an_item_listed_under_a_second_path_is_no_problem(evidence, custody, rows):
    for entries in (evidence, custody):
        entries.append({**entries[0], "path": "copy.csv"})
    assert places(exhibit_problems(evidence, custody, rows)) == []


def test_an_item_listed_only_under_a_path_that_the_tables_do_not_know_is_named(evidence, custody, rows):
    for entries in (evidence, custody):
        entries[0]["path"] = "other.csv"
    assert len(places(exhibit_problems(evidence, custody, rows))) == 1


def test_an_item_missing_from_one_list_is_named(evidence, custody, rows):
    assert places(exhibit_problems(evidence, custody[1:], rows)) == ["custody.json"]
    first = f"{evidence[0]['evidence_id']} ({evidence[0]['path']})"
    assert places(exhibit_problems(evidence[1:], custody[1:], rows)) == [first]
    assert places(exhibit_problems(evidence, custody, rows[1:])) == [
        f"{entry['evidence_id']} ({entry['path']})"
        for entry in evidence
        if entry["evidence_id"] == rows[0]["evidence_id"]
    ]


def test_a_number_that_rests_on_an_unlisted_item_is_named(evidence, told):
    record = next(record for record in told.records.values() if record["rows"])
    listed = [entry for entry in evidence if entry["evidence_id"] != record["rows"][0]["evidence_id"]]
    assert record["id"] in places(source_problems(told.records, listed))


json_values = (
    st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=3) | st.lists(st.integers(0, 9))
)


@given(
    name=st.sampled_from(["evidence.json", "custody.json"]),
    key=st.sampled_from(["evidence_id", "path", "bytes", "origin", "sealed_at", "acquisitions", "extra"]),
    value=json_values,
)
def test_no_form_of_an_entry_stops_the_check(built, tmp_path_factory, rows, name, key, value):
    folder = tmp_path_factory.mktemp("odd")
    for file in ("evidence.json", "custody.json"):
        content = orjson.loads((built / "dossier" / file).read_bytes())
        if file == name:
            (content if isinstance(content, list) else content["items"])[0][key] = value
        (folder / file).write_bytes(orjson.dumps(content))
    try:
        problems = list(exhibit_problems(read_evidence(folder), read_custody(folder)["items"], rows))
    except DossierError as error:
        problems = [error]
    is_time = name == "custody.json" and key in {"sealed_at", "acquisitions"}
    assert problems or is_time  # other times are held against the proofs
