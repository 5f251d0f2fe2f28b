"""The example case answered once a session, and small planted cases that take the same way as any other.

Every finding that a test gets from here has passed `check_form`: the JSON Schema, the wording rules, and a
derivation behind every number of every sentence, table and chart, in both languages.
"""

import csv
import io
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import jsonschema
import orjson
import pyarrow as pa
import pytest

from perito.case import Case, Question, QuestionScope, load_case
from perito.clock import Period
from perito.engine import Tables, open_engine
from perito.findings import LANGUAGES, Value, verbatim
from perito.findings.output import findings_schema
from perito.findings.wording import check_finding
from perito.formats import find
from perito.measures import describe
from perito.measures.asking import ask
from perito.schema import table
from perito.schema.arrow import arrow_schema
from perito.tables import write_tables
from perito.workflow import answer, check_case, seal_declared, tables_of

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "spain-2026"
SCHEMA = jsonschema.Draft202012Validator(json.loads(findings_schema()))

CASE = """
[case]
id = "planted"
title = { en = "Planted", es = "Sembrado" }
period = { from = 2020-01-01, to = 2027-01-01 }
"""
EVIDENCE = """
[[evidence]]
path = "%(path)s"
format = "%(format)s"
acquired_at = 2026-03-20
"""
ROWS = {
    "label_counts": {
        "study": "Study of cats",
        "platform": "x",
        "row": "count",
        "class": "cats",
        "count": 7,
        "denominator": 1500,
        "population": 60_000,
        "population_basis": "as published",
        "window_start": "2026-01-01",
        "window_end_inclusive": "2026-01-10",
        "sampling": "simple random sample",
        "label_method": "two readers",
        "definition": "a picture that shows a cat",
        "source": "cats.example",
        "status": "seen",
    },
    "refusal_trials": {
        "study": "Test of the generator",
        "wave": 1,
        "date_start": "2026-01-14",
        "date_end": "2026-01-16",
        "outcome": "complied",
        "row_is": "outcome",
        "system": "Generator",
        "tester": "nine persons",
        "source": "tests.example",
        "status": "seen",
    },
    "removal_notified": {
        "period": "2025-01",
        "period_start": "2025-01-01",
        "period_end_inclusive": "2025-01-31",
        "measure": "removed",
        "unit": "percent",
        "base": "notified",
        "channel": "all",
        "time_window": "any",
        "platform": "all monitored",
        "source": "series.example",
        "status": "seen",
    },
    "survey_counts": {
        "survey": "First survey",
        "country": "ES",
        "fieldwork_start": "2025-03",
        "fieldwork_end": "2025-04",
        "ages": "13-20",
        "n": 1000,
        "n_status": "as published",
        "sampling": "random digits",
        "measure": "was the subject of such an image",
        "recall": "last year",
        "value": "20",
        "value_form": "percent",
        "source": "survey.example",
        "status": "seen",
    },
    "proceedings": {
        "id": "one",
        "authority": "European Commission",
        "jurisdiction": "EU",
        "addressee": "X",
        "instrument": "decision",
        "date": "2025-12-05",
        "event": "fine",
        "state": "open",
        "source": "register.example",
        "status": "seen",
    },
}


def check_form(finding):
    """What every finding has to be, whatever it says."""
    SCHEMA.validate(json.loads(orjson.dumps([finding.to_json()])))
    check_finding(finding)
    records = finding.derivations("perito test")
    orjson.dumps(records)
    known = [record["id"] for record in records]
    assert len(known) == len(set(known)), "two numbers share a derivation"
    assert all(value.derivation in known for value in finding.all_values())
    numbers = finding.numbers()
    for text in finding.texts():
        for language in LANGUAGES:
            segments = list(text.segments(language, numbers))
            assert all(s.derivation in known for s in segments if s.kind == "number")
            assert "".join(s.text for s in segments).strip(), "a sentence says nothing"
    check_chart(finding)


def check_chart(finding):
    """A chart repeats numbers of the finding and adds none."""
    if finding.chart is None:
        return
    parts = ("estimate", "low", "high")
    said = {value.part(part) for value in finding.all_values() for part in parts}
    for language in LANGUAGES:
        for point in finding.chart[language]["data"]["values"]:
            assert {n for n in point.values() if not isinstance(n, str)} <= said


@pytest.fixture(scope="session")
def example(tmp_path_factory):
    """The findings of the example case by question id, in the order of the questions."""
    folder = tmp_path_factory.mktemp("example") / "spain-2026"
    built = shutil.ignore_patterns("evidence", "tables", "findings", "dossier", ".perito-*")
    shutil.copytree(EXAMPLE, folder, ignore=built)
    case = load_case(folder)
    check_case(case)
    seal_declared(case)
    findings = answer(case, case.questions, tables_of(case))
    for finding in findings:
        check_form(finding)
    return {finding.id: finding for finding in findings}


@pytest.fixture
def plant(tmp_path, monkeypatch):
    """A function that answers one question over planted files: `plant(measure, parameters, format=[rows])`.

    A row is a dict over the defaults of its format; None empties a cell. Bytes are taken as they are. What
    follows two underscores in the name of a format tells several files of it apart.
    """
    monkeypatch.setattr(os, "fsync", lambda _: None)  # whether seals outlast a power cut is tested elsewhere

    def planted(measure, parameters=None, *, scope=None, threads=1, **files):
        folder = tmp_path / f"case-{len(list(tmp_path.iterdir()))}"
        case = replace(
            written_case(folder, files),
            questions=(
                Question("planted", measure, verbatim("?"), scope or QuestionScope(), parameters or {}),
            ),
        )
        check_case(case)
        seal_declared(case)
        (finding,) = answer(case, case.questions, tables_of(case), threads=threads)
        check_form(finding)
        return finding

    return planted


@pytest.fixture
def plain():
    """A function that prints a text of a finding in a language (English if none is named)."""

    def printed(finding, text, language="en"):
        return finding.plain(text, language)

    return printed


@pytest.fixture(name="table")
def _table_of():
    """A function that gives a table of a finding as rows of cells: numbers as numbers, texts in English."""

    def cells(finding, name):
        (found,) = [t for t in finding.tables() if t.name == name]
        return [[_cell(finding, cell) for cell in (row.label, *row.cells)] for row in found.rows]

    return cells


@pytest.fixture
def period():
    """Half-open periods by their first day and the first day after them."""
    return Period.of


def _cell(finding, cell):
    if isinstance(cell, Value):
        return cell.estimate
    return cell if cell is None or isinstance(cell, str) else finding.plain(cell, "en")


def written_case(folder, files):
    """A case folder that declares the files."""
    folder.mkdir()
    declared = []
    for number, (key, content) in enumerate(files.items()):
        name = key.partition("__")[0]
        path = folder / f"{number}-{name}.data"
        path.write_bytes(content if isinstance(content, bytes) else csv_bytes(name, content))
        declared.append(EVIDENCE % {"path": path.name, "format": name})
    (folder / "case.toml").write_text(CASE + "".join(declared), encoding="utf-8")
    return load_case(folder)


def csv_bytes(name, rows):
    """Rows over the defaults of their format, as CSV in the format's columns."""
    columns = find(name).columns
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        unknown = set(row) - set(columns)
        assert not unknown, f"the format {name} has no column {unknown}"
        writer.writerow({key: value for key, value in {**ROWS[name], **row}.items() if value is not None})
    return text.getvalue().encode()


DESIGN = {
    "design_id": "d-1",
    "platform": "x",
    "question_id": "planted",
    "item_kind": "post",
    "frame": "posts of January",
    "frame_digest": "00",
    "population": 1_000,
    "population_basis": "counted",
    "window_start_us": 1_767_225_600_000_000,
    "window_end_us": 1_769_904_000_000_000,
    "window_basis": "calendar_date",
    "label_book_id": "book",
    "label_book_version": "1",
    "method": "simple",
    "planned": 100,
    "level": 0.95,
    "stopping": "fixed",
    "minimum_alpha": 0.0,
    "second_reading_share": 0.1,
    "seed": "7",
    "registered_at_us": 1_770_000_000_000_000,
    "registered_basis": "server_utc",
}
_TEXTS = {"en": ("cats", "a cat\nnot a drawing"), "es": ("gatos", "un gato\nno un dibujo")}
_BOOK = [
    {
        "label_book_id": "book",
        "label_book_version": "1",
        "class": name,
        "language": language,
        "title": title if name == "cats" else name,
        "definition": definition,
    }
    for name in ("cats", "dogs", "birds")
    for language, (title, definition) in _TEXTS.items()
]
_LABEL = {
    "item_kind": "post",
    "platform": "x",
    "label_book_id": "book",
    "label_book_version": "1",
    "class": "cats",
    "annotator_id": "reader-1",
    "round": "1",
    "role": "sample",
    "value": "no",
    "skipped": False,
    "blind": True,
    "view_mode": "full",
    "labelled_at_us": 1_770_100_000_000_000,
}


class OwnLabels:
    """A sample with its labels, written down row by row; the defaults are a simple sample of 1,000 posts."""

    def __init__(self, **design):
        self.rows = {"designs": [{**DESIGN, **design}], "label_classes": list(_BOOK)}
        self.rows |= {
            name: [] for name in ("strata", "draws", "assignments", "labels", "scores", "posts", "engagement")
        }

    def stratum(self, name, population, position):
        self.rows["strata"].append(
            {"design_id": "d-1", "stratum": name, "position": position, "population": population, "sample": 1}
        )

    def draw(self, items, stratum=None, **columns):
        first = len(self.rows["draws"])
        for at, item in enumerate(items, start=first + 1):
            draw = {"design_id": "d-1", "item_id": item, "item_kind": "post", "method": "simple", "draw": at}
            self.rows["draws"].append({**draw, "stratum": stratum, "inclusion_prob": 0.1, **columns})

    def label(self, items, value="no", **columns):
        for item in items:
            label = {**_LABEL, "item_id": item, "value": value, **columns}
            self.rows["labels"].append({**label, "value": None} if label["skipped"] else label)

    def known(self, positives, found, negatives, rejected):
        """Items of known answer: of the positives so many were found, of the negatives so many rejected."""
        for name, right, items, agreed in (("p", "yes", positives, found), ("n", "no", negatives, rejected)):
            wrong = "no" if right == "yes" else "yes"
            for at in range(items):
                item = [f"known-{name}-{at}"]
                self.label(item, right if at < agreed else wrong, role="validation")
                self.label(
                    item, right, role="validation", round="adjudication", annotator_id="ref", blind=False
                )

    def twice(self, items, value="no", other=None):
        """Two further blind readings of each item."""
        self.label(items, value, round="2", annotator_id="reader-2")
        self.label(items, value if other is None else other, round="3", annotator_id="reader-3")


@pytest.fixture
def own():
    """An empty sample with its labels."""
    return OwnLabels


@pytest.fixture
def ask_own(tmp_path):
    """A function that puts a question to rows of canonical tables; every finding must have its form."""

    def asked(rows, measure="prevalence", engine="duckdb", **parameters):
        if measure == "prevalence":
            parameters = {"basis": "labels", "ask": "total", **parameters}
            if parameters["ask"] not in {"classes", "claims"}:
                parameters.setdefault("class", "cats")
        data = {
            name: pa.Table.from_pylist(
                [
                    {"evidence_id": f"sha256:{'0' * 64}", "locator": f"{name};row={at}", **row}
                    for at, row in enumerate(given, start=1)
                ],
                schema=arrow_schema(table(name)),
            )
            for name, given in getattr(rows, "rows", rows).items()
            if given
        }
        written = write_tables(data, tmp_path / f"tables-{len(list(tmp_path.iterdir()))}")
        names = describe(measure).tables
        case = Case(
            tmp_path, "own", verbatim("own"), None, "en", Period.of("2026-01-01", "2026-02-01"), (), ()
        )
        question = Question("planted", measure, verbatim("?"), QuestionScope(), parameters)
        paths = {name: path for name, path in written.paths.items() if name in names}
        with Tables(open_engine(engine, paths, names, threads=1), written.inputs) as opened:
            finding = ask(question, case, opened)
        check_form(finding)
        return finding

    return asked
