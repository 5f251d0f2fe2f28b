"""The example with a number of one's own: made again from its scripts, true to what was planted, complete."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from perito.case import load_case
from perito.evidence import Store
from perito.sampling import registered_designs

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "simulated-sample"
BUILT = ("evidence", "tables", "findings", "dossier", "__pycache__", ".perito-*")
LANGUAGES = ("en", "es")
PROGRAM = (sys.executable, "-c", "import sys; from perito.cli import main; sys.exit(main())")

pytestmark = pytest.mark.xdist_group("simulated-example")


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """A copy of the example as it ships, with nothing built yet."""
    folder = tmp_path_factory.mktemp("shipped") / "case"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(*BUILT))
    return folder


@pytest.fixture(scope="module")
def ran(shipped, tmp_path_factory):
    """The example after a run."""
    folder = shutil.copytree(shipped, tmp_path_factory.mktemp("ran") / "case")
    perito("run", folder)
    return folder


@pytest.fixture(scope="module")
def findings(ran):
    found = json.loads((ran / "dossier" / "findings.json").read_text("utf-8"))
    return {finding["id"]: finding for finding in found}


@pytest.fixture(scope="module")
def planted():
    return json.loads((EXAMPLE / "truth" / "truth.json").read_text("utf-8"))


def perito(command, folder, *options):
    done = subprocess.run(
        [*PROGRAM, command, str(folder), *options],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_scripts_make_every_file_of_it_again(shipped, tmp_path):
    made = tmp_path / "made"
    subprocess.run([sys.executable, EXAMPLE / "make.py", made], check=True)
    old, new = files(shipped), files(made)
    assert set(old) == set(new)
    tables = {name for name in old if name.endswith(".parquet")}
    assert {name for name in old if old[name] != new[name]} <= tables
    for name in tables:
        assert pq.read_table(made / name).equals(pq.read_table(shipped / name))


def test_it_is_small_enough_to_ship(shipped):
    assert sum(map(len, files(shipped).values())) < 1_500_000


ONE_CLASS = ("how-many", "how-many-first-readings", "if-labels-err")
PLANTED = [
    *((question, name, "resale", name) for question in ONE_CLASS for name in ("total", "share")),
    ("share-of-views", "exposure", "resale", "share_of_views"),
    *(("both-classes", f"class_{at}", of, "total") for at, of in ((1, "resale"), (2, "wrong-date"))),
    *(("what-was-said", f"total_{at}", of, "total") for at, of in ((1, "resale"), (2, "wrong-date"))),
]
"""Which number of which question estimates what, and of which class."""


def test_every_interval_of_a_planted_number_holds_it(findings, planted):
    missed = []
    for question, name, of, what in PLANTED:
        value = next(one for one in findings[question]["values"] if one["name"] == name)
        truth, ends = planted["classes"][of][what], value["interval"]
        if not ends["low"] <= truth <= ends["high"]:
            missed.append(f"{question}/{name}: {truth} is not in {ends}")
    assert missed == []


def test_no_interval_for_a_planted_number_goes_uncompared(findings):
    compared = {(question, name) for question, name, *_ in PLANTED}
    unplanted = {"specificity_where_all_could_be_errors"}
    for finding in findings.values():
        if finding["measure"] == "agreement":  # it follows from what was planted, and was not planted itself
            continue
        printed = {one["name"] for one in finding["values"] if one["interval"]} - unplanted
        assert {(finding["id"], name) for name in printed} <= compared


def test_the_error_rates_that_are_measured_hold_those_that_were_planted(findings, planted):
    rows = table(findings["how-many-first-readings"], "rates")["rows"]
    for row, name in zip(rows, ("sensitivity", "specificity"), strict=True):
        of_readers = list(planted["readers"][name].values())
        ends = row["cells"][0]["interval"]
        assert ends["low"] <= sum(of_readers) / len(of_readers) <= ends["high"]


def table(finding, name):
    return next(one for one in (*finding["series"], *finding["sensitivity"]) if one["name"] == name)


def test_the_bounds_hold_the_estimate_and_the_truth(findings, planted):
    low, high = (row["cells"][0] for row in table(findings["how-many"], "bounds")["rows"])
    assert low["estimate"] <= findings["how-many"]["values"][0]["estimate"] <= high["estimate"]
    assert low["interval"]["low"] <= planted["classes"]["resale"]["total"] <= high["interval"]["high"]


def test_the_ledger_decides_as_the_truth_does_and_never_across_definitions(findings, planted):
    counts = findings["what-was-said"]["counts"]
    assert planted["classes"]["resale"]["total"] > 100  # «more than a hundred»
    verdicts = ("shown", "excluded", "not_shown", "not_comparable", "not_excluded", "refused")
    assert [counts[name] for name in verdicts] == [1, 1, 1, 1, 0, 0]


def test_the_findings_carry_design_label_book_agreement_error_rates_elusion_and_sensitivity(findings):
    finding = findings["how-many"]
    tables = {one["name"] for one in finding["series"]}
    assert {"design", "strata", "book", "agreement", "rates", "bounds"} <= tables
    assert [one["name"] for one in finding["sensitivity"]] == ["specificity"]
    assert finding["chart"]["en"]
    assert {"elusion_read", "elusion_hits"} <= set(finding["counts"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_shows_the_definitions_and_a_chart_in_each_language(ran, language):
    report = (ran / "dossier" / "report.html").read_text("utf-8")
    main = re.search(rf'<main lang="{language}".*?</main>', report, re.DOTALL)[0]
    words = {"en": "Whoever looks for a ticket offers none", "es": "Quien busca entrada no la ofrece"}
    assert words[language] in main
    assert "<svg" in main or "<img" in main


def test_a_second_run_changes_no_byte(ran):
    before = files(ran)
    perito("run", ran, "--quiet")
    assert files(ran) == before


def test_the_dossier_verifies_and_every_table_is_in_its_annex(ran, findings):
    perito("verify", ran / "dossier", "--quiet")
    annex = {path.name for path in (ran / "dossier" / "annex").iterdir()}
    assert "tables.xlsx" in annex
    assert {f"how-many.{one['name']}.csv" for one in findings["how-many"]["series"]} <= annex


def test_the_sealed_design_is_the_one_that_a_call_of_today_would_register(ran, tmp_path):
    ran = shutil.copytree(ran, tmp_path / "case")  # the call writes the files for readers
    (design,) = registered_designs(Store(load_case(ran).evidence_folder))
    done = perito("sample", ran, "--question", "how-many", "--class", "resale", "--class", "wrong-date",
                  "--budget", "800", "--second-reading", "30%", "--json")  # fmt: skip
    said = json.loads(done)
    assert (said["design_id"], said["is_new"]) == (design.design_id, False)


def test_the_readme_shows_the_intervals_that_come_out(findings):
    readme = (EXAMPLE / "README.md").read_text("utf-8")
    for question in ("how-many", "how-many-first-readings", "share-of-views", "both-classes"):
        printed = re.findall(r"interval (\S+ to [^)]+)\)", findings[question]["headline"]["en"])
        assert printed
        assert [ends for ends in printed if ends not in readme] == []


def test_nothing_of_the_truth_is_evidence(shipped):
    declared = [one.path for one in load_case(shipped).evidence]
    assert declared
    assert not [path for path in declared if "truth" in path]
