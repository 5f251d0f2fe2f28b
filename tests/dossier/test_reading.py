"""Reading with suspicion: what cannot be read is named by its place, and the rest is still read."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.dossier.compare import (
    finding_problems,
    input_problems,
    internal_problems,
    number_problems,
)
from perito.dossier.environment import Agreement
from perito.dossier.reading import is_record, read_json, read_objects, read_told, values_in
from perito.errors import DossierError

INTERVAL = {"low": 1, "high": 2.5, "level": 0.95, "method": "wilson"}
RECORD = {
    "id": "q/n",
    "value": 1,
    "unit": "items",
    "interval": INTERVAL,
    "rows": [{"evidence_id": "sha256:00", "locator": "row=1"}],
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "derivations").mkdir()
    (tmp_path / "findings.json").write_bytes(orjson.dumps([{"id": "q"}]))
    (tmp_path / "derivations" / "q.json").write_bytes(orjson.dumps([RECORD]))
    return tmp_path


def test_findings_and_records_are_read_by_id(folder):
    told = read_told(folder)
    assert [finding["id"] for finding in told.findings] == ["q"]
    assert list(told.records) == ["q/n"]
    assert told.problems == ()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"null", b"{}", b"[1]", b'"x"', b"NaN", b"[" * 100_000, b"[{}" + b"]" * 5]
)
def test_a_file_that_is_no_list_of_objects_is_named_and_the_other_is_read(folder, content):
    (folder / "findings.json").write_bytes(content)
    told = read_told(folder)
    assert [problem.where for problem in told.problems] == ["findings.json"]
    assert list(told.records) == ["q/n"]


@pytest.mark.parametrize(
    "change",
    [
        {"id": 1},
        {"value": "many"},
        {"value": True},
        {"value": [1]},
        {"unit": None},
        {"interval": []},
        {"interval": {"low": 1}},
        {"interval": {**INTERVAL, "high": None}},
        {"rows": None},
        {"rows": [1]},
        {"rows": [{"locator": "row=1"}]},
    ],
)
def test_a_record_of_another_form_is_named_by_its_place(folder, change):
    (folder / "derivations" / "q.json").write_bytes(orjson.dumps([RECORD, {**RECORD, **change}]))
    told = read_told(folder)
    assert [problem.where for problem in told.problems] == ["derivations/q.json: record 2"]
    assert not is_record({**RECORD, **change})


def test_a_number_beyond_every_number_is_no_record(folder):
    (folder / "derivations" / "q.json").write_bytes(
        orjson.dumps([RECORD]).replace(b'"value":1', b'"value":1e999')
    )
    assert [problem.kind for problem in read_told(folder).problems]


def test_a_second_record_of_the_same_number_is_named(folder):
    (folder / "derivations" / "r.json").write_bytes(orjson.dumps([RECORD]))
    (problem,) = read_told(folder).problems
    assert (problem.where, problem.found) == ("derivations/r.json: record 1", "q/n")


def test_a_finding_without_an_id_is_named(folder):
    (folder / "findings.json").write_bytes(orjson.dumps([{"id": "q"}, {"id": 5}]))
    told = read_told(folder)
    assert [problem.where for problem in told.problems] == ["findings.json: entry 2"]
    assert len(told.findings) == 1


def test_json_nested_deeper_than_ours_is_refused(tmp_path):
    (tmp_path / "x.json").write_bytes(b"[" * 100 + b"]" * 100)
    with pytest.raises(DossierError, match="nested too deep"):
        read_json(tmp_path / "x.json", "x.json")


def test_a_folder_in_place_of_a_file_is_refused_by_name(tmp_path):
    (tmp_path / "x.json").mkdir()
    with pytest.raises(DossierError, match=r"x\.json"):
        read_objects(tmp_path / "x.json", "x.json")


def test_the_numbers_of_a_finding_come_in_the_order_in_which_they_stand(told):
    finding = told.findings[0]
    names = [value["derivation"] for value in values_in(finding)]
    assert names[0] == f"{finding['id']}/{finding['values'][0]['name']}"
    assert len(names) == len(set(names))
    assert set(names) | {f"{finding['id']}/{name}" for name in finding["counts"]} == {
        name for name in told.records if name.startswith(f"{finding['id']}/")
    }


# --- any damage -----------------------------------------------------------------------------------------

damage = st.one_of(
    st.tuples(st.just("cut"), st.floats(0, 1)),
    st.tuples(st.just("noise"), st.binary(max_size=40)),
    st.tuples(st.just("flip"), st.floats(0, 1)),
)


def damaged(content, kind, how):
    if kind == "noise":
        return how
    at = min(int(how * len(content)), len(content) - 1)
    return content[:at] if kind == "cut" else content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]


@given(st.sampled_from(["findings.json", "derivations/grok-minors.json"]), damage)
def test_no_damage_of_findings_or_derivations_passes_or_stops_the_comparison(
    built, told, tmp_path_factory, name, how
):
    folder, source = tmp_path_factory.mktemp("damaged"), built / "dossier"
    (folder / "derivations").mkdir()
    for file in ("findings.json", *(f"derivations/{p.name}" for p in (source / "derivations").iterdir())):
        (folder / file).symlink_to(source / file)
    (folder / name).unlink()
    (folder / name).write_bytes(damaged((source / name).read_bytes(), *how))
    now = read_told(folder)
    problems = [*now.problems, *internal_problems(now), *input_problems(now, {})]
    for agreement in Agreement:
        problems += [*number_problems(now, told, agreement), *finding_problems(now, told, agreement)]
    assert problems
