"""Findings as files: what programs read, valid against the schema that ships with them."""

import json
from dataclasses import replace

import jsonschema
import orjson
import pytest

from perito import __version__
from perito.errors import DossierError
from perito.files import files_below
from perito.findings import Column, Finding, Input, Row, Scope, Source, Table, Text, Value
from perito.findings.charts import bar_chart
from perito.findings.output import (
    CODE,
    DERIVATIONS_FOLDER,
    FINDINGS_FILE,
    derivations_json,
    findings_json,
    findings_schema,
    write_findings,
)
from perito.stats.interval import Interval

WORDS = Text("words", "palabras «ñ»")
TOTAL = Value(
    "total", WORDS, 0.1 + 0.2, "share", Interval(0.25, 0.5, 0.95, "exact"), "conditional",
    is_exact=False, sources=(Source("sha256:" + "a" * 64, "row=2"),),
)  # fmt: skip
ANSWERED = Finding(
    id="grok-minors",
    measure="prevalence",
    measure_version="1",
    question=WORDS,
    definition=WORDS,
    scope=Scope("x"),
    status="conditional",
    headline=WORDS,
    values=(TOTAL,),
    counts=(Value("sample", WORDS, 20_000, "items"),),
    series=(Table("waves", WORDS, (Column("share", WORDS),), (Row(WORDS, (TOTAL,)),)),),
    does_not_show=(WORDS,),
    parameters={"class": "x", "range": [1, 2]},
    inputs=(Input("counts", "sha256:" + "b" * 64, 5),),
    chart=bar_chart([(WORDS, WORDS, TOTAL)], WORDS, {}),
).placed()
REFUSED = replace(
    ANSWERED, id="second", status="cannot_say", reason=WORDS, values=(), series=(), chart=None
).placed()


def test_findings_are_listed_in_the_order_of_the_questions():
    told = json.loads(findings_json([REFUSED, ANSWERED]))
    assert [one["id"] for one in told] == ["second", "grok-minors"]
    assert told[1] == json.loads(json.dumps(ANSWERED.to_json()))


def test_a_number_is_written_to_its_last_digit_and_letters_are_letters():
    raw = findings_json([ANSWERED])
    assert b"0.30000000000000004" in raw
    assert "«ñ»".encode() in raw
    assert raw.endswith(b"\n")


def test_what_is_written_is_valid_against_the_schema_that_ships():
    schema = json.loads(findings_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(findings_json([ANSWERED, REFUSED])))


@pytest.mark.parametrize(
    ("key", "wrong"), [("status", "certain"), ("values", None), ("id", 5), ("does_not_show", [{"en": "a"}])]
)
def test_what_is_not_as_the_contract_says_is_invalid_against_the_schema(key, wrong):
    told = json.loads(findings_json([ANSWERED]))
    told[0][key] = wrong
    validator = jsonschema.Draft202012Validator(json.loads(findings_schema()))
    assert not validator.is_valid(told)


def test_derivations_name_the_version_of_the_code():
    records = json.loads(derivations_json(ANSWERED))
    assert [record["id"] for record in records] == [
        "grok-minors/total", "grok-minors/sample", "grok-minors/waves/1/share",
    ]  # fmt: skip
    assert {record["code"] for record in records} == {CODE} == {f"perito {__version__}"}


def test_there_is_one_derivations_file_a_finding(tmp_path):
    folder = tmp_path / "findings"
    write_findings([ANSWERED, REFUSED], folder)
    assert files_below(folder) == [
        f"{DERIVATIONS_FOLDER}/grok-minors.json", f"{DERIVATIONS_FOLDER}/second.json", FINDINGS_FILE,
    ]  # fmt: skip
    assert (folder / FINDINGS_FILE).read_bytes() == findings_json([ANSWERED, REFUSED])


def test_writing_replaces_all_that_was_there_and_an_error_nothing(tmp_path):
    folder = tmp_path / "findings"
    write_findings([ANSWERED, REFUSED], folder)
    write_findings([ANSWERED], folder)
    assert f"{DERIVATIONS_FOLDER}/second.json" not in files_below(folder)
    before = {name: (folder / name).read_bytes() for name in files_below(folder)}
    broken = replace(
        ANSWERED, values=(replace(TOTAL, unit="share", name="a"),), headline=Text("{gone}", "{gone}")
    )
    with pytest.raises(DossierError):
        write_findings([broken], folder)
    assert {name: (folder / name).read_bytes() for name in files_below(folder)} == before
    assert [path.name for path in tmp_path.iterdir()] == ["findings"]


def test_a_case_without_questions_has_an_empty_list(tmp_path):
    write_findings([], tmp_path / "findings")
    assert orjson.loads((tmp_path / "findings" / FINDINGS_FILE).read_bytes()) == []
