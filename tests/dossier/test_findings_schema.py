"""The JSON Schema of findings.json: what we write holds it, and what breaks a rule does not."""

from copy import deepcopy

import jsonschema
import orjson
import pytest

from perito.dossier.manifest import FINDINGS_SCHEMA_VERSION
from perito.findings import STATUSES
from perito.findings.output import findings_schema
from perito.findings.value import units


@pytest.fixture(scope="module")
def schema():
    return orjson.loads(findings_schema())


@pytest.fixture(scope="module")
def validator(schema):
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture(scope="module")
def written(built):
    return orjson.loads((built / "findings" / "findings.json").read_bytes())


@pytest.fixture
def findings(written):
    return deepcopy(written)


def test_the_schema_is_a_schema_with_a_version_of_its_own(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:perito:findings:{FINDINGS_SCHEMA_VERSION}"


def test_the_example_holds_it(validator, findings):
    assert [error.json_path for error in validator.iter_errors(findings)] == []


def test_the_schema_knows_the_statuses_and_allows_every_unit(schema):
    assert tuple(schema["$defs"]["status"]["enum"]) == STATUSES
    unit = jsonschema.Draft202012Validator(schema["$defs"]["value"]["properties"]["unit"])
    assert all(unit.is_valid(name) for name in units())


def test_every_object_of_ours_is_closed(schema):
    free = {"specification"}  # Vega-Lite has a schema of its own; parameters and counts are maps
    for name, part in schema["$defs"].items():
        if part.get("type") == "object" and name not in free:
            assert part["additionalProperties"] is False, name
            assert set(part["required"]) == set(part["properties"]), name


def value(finding):
    return next(v for v in finding["values"] if v["interval"])


def cell(finding):
    return finding["series"][0]["rows"][0]["cells"][0]


def refuse(finding):
    finding["status"] = "cannot_say"


BREACHES = {
    "an unknown field": lambda f: f.update(verdict="x"),
    "a missing field": lambda f: f.pop("rivals"),
    "a status that is none": lambda f: f.update(status="certain"),
    "a language missing": lambda f: f["headline"].pop("es"),
    "an empty language": lambda f: f["definition"].update(en=""),
    "a third language": lambda f: f["question"].update(fr="x"),
    "nothing that it does not show": lambda f: f.update(does_not_show=[]),
    "a refusal without a reason": refuse,
    "a reason without a refusal": lambda f: f.update(reason={"en": "x", "es": "x"}),
    "an estimate without an interval": lambda f: value(f).update(interval=None),
    "an exact number with an interval": lambda f: value(f).update(status="exact"),
    "an interval without a level": lambda f: value(f)["interval"].pop("level"),
    "a level of one": lambda f: value(f)["interval"].update(level=1),
    "an interval without a method": lambda f: value(f)["interval"].update(method=""),
    "a number without a derivation": lambda f: value(f).pop("derivation"),
    "a derivation that names no number": lambda f: value(f).update(derivation="total"),
    "a number as text": lambda f: value(f).update(estimate="3"),
    "nothing said, and still conditional": lambda f: value(f).update(estimate=None),
    "a value with a field of its own": lambda f: value(f).update(certain=True),
    "a cell of a table that is a bare number": lambda f: f["series"][0]["rows"][0]["cells"].__setitem__(0, 3),
    "a number in a table without its unit": lambda f: cell(f).pop("unit"),
    "a count that is no integer": lambda f: f["counts"].update(hits=1.5),
    "a count that is null": lambda f: f["counts"].update(hits=None),
    "an input without a digest": lambda f: f["inputs"][0].update(digest="sha256:0"),
    "a period without a zone": lambda f: f["scope"]["period"].update({"to": "2026-01-09"}),
    "a chart in one language": lambda f: f["chart"].pop("es"),
    "a provision without its authority": lambda f: f["provisions"][0].pop("authority"),
    "a provision in force from an unreadable day": lambda f: f["provisions"][0].update(in_force_from="soon"),
    "an id with a slash": lambda f: f.update(id="a/b"),
    "a seed that is no integer": lambda f: f.update(seed=None),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_finding_with(validator, findings, breach):
    assert validator.is_valid([findings[0]])
    BREACHES[breach](findings[0])
    assert not validator.is_valid([findings[0]])


def test_a_refusal_with_its_reason_holds_the_schema(validator, findings):
    findings[0].update(status="cannot_say", reason={"en": "x", "es": "x"}, values=[], series=[], chart=None)
    assert validator.is_valid([findings[0]])


def test_findings_are_a_list(validator, findings):
    assert not validator.is_valid({"findings": findings})
