"""Running a case: twice changes nothing, and two copies agree wherever and however they are run."""

import os
import shutil
import subprocess
import sys

import orjson
import pytest

from perito import run_case
from perito.dossier import build as building
from perito.errors import CaseError

RUN = "import sys, perito; perito.run_case(sys.argv[1])"
# What another machine may have set otherwise; the languages only where they are installed.
PLACES = [
    {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "1"},
    {"TZ": "Europe/Madrid", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "2"},
    {"TZ": "Pacific/Kiritimati", "LC_ALL": "es_ES.UTF-8", "LANG": "es_ES.UTF-8", "PYTHONHASHSEED": "3"},
]
OF_ONE_COPY = {"custody.json", "report.html", "manifest.json", "manifest.sha256"}


def has_locale(name):
    listed = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout.split()
    return name.lower().replace("-", "") in {each.lower().replace("-", "") for each in listed}


def test_running_again_changes_no_byte_of_the_case(case, fingerprint):
    before = fingerprint(case)
    assert "evidence/index.sqlite" in before
    run_case(case)
    assert fingerprint(case) == before


def test_running_again_with_the_sources_gone_changes_no_byte(case, fingerprint):
    shutil.rmtree(case / "sources")
    before = fingerprint(case)
    run_case(case)
    assert fingerprint(case) == before


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place["LC_ALL"])
def test_a_fresh_copy_run_elsewhere_gives_the_same_tables_findings_and_papers(
    built, example_case, fingerprint, place
):
    if not has_locale(place["LC_ALL"]):
        place = {**place, "LC_ALL": "C"}  # the zone and the seed still differ
    environment = {**os.environ, **place}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN, str(example_case)],
        env=environment, capture_output=True, check=False, cwd=example_case.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    for part in ("tables", "findings", "dossier"):
        one, other = fingerprint(built / part), fingerprint(example_case / part)
        assert one.keys() == other.keys()
        differing = {name for name in one if one[name] != other[name] and not name.startswith("proofs/")}
        assert differing <= (OF_ONE_COPY if part == "dossier" else set())


def test_the_reports_of_two_copies_differ_in_sealing_times_and_root_alone(built, example_case):
    run_case(example_case)
    texts = []
    for folder in (built, example_case):
        text = (folder / "dossier" / "report.html").read_text("utf-8")
        custody = orjson.loads((folder / "dossier" / "custody.json").read_bytes())
        text = text.replace(custody["log"]["root"], "ROOT")
        for entry in custody["items"]:
            for time in (entry["sealed_at"], *entry["acquisitions"]):
                text = text.replace(time, "TIME")
        texts.append(text)
    assert texts[0] == texts[1]


def test_the_steps_are_shown_as_they_are_worked_through(example_case):
    shown = {}

    def progress(steps, word):
        shown[word] = list(steps)
        return shown[word]

    findings = run_case(example_case, progress=progress)
    assert [finding.id for finding in findings] == [question.id for question in shown["questions"]]
    assert len(shown["tables"]) == 6


def test_a_fault_of_the_case_file_is_an_error_before_anything_is_written(example_case, fingerprint):
    file = example_case / "case.toml"
    file.write_text(file.read_text("utf-8").replace('measure = "survey"', 'measure = "surveys"'), "utf-8")
    before = fingerprint(example_case)
    with pytest.raises(Exception, match="survey") as raised:
        run_case(example_case)
    assert raised.value.exit_code == 2
    assert fingerprint(example_case) == before


def test_a_folder_without_a_case_file_is_refused(tmp_path):
    with pytest.raises(CaseError, match="no case file"):
        run_case(tmp_path)


def test_a_run_that_breaks_off_is_completed_by_the_next(example_case, built, monkeypatch, fingerprint):
    def fails(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(building, "report_html", fails)
        with pytest.raises(KeyboardInterrupt):
            run_case(example_case)
    assert not (example_case / "dossier").exists()
    run_case(example_case)
    assert fingerprint(example_case / "findings") == fingerprint(built / "findings")
    assert not list(example_case.glob(".perito-*"))
