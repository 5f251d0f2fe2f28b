"""What a receiver can do at once with the case that came: verify it, and run it though it is redacted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from perito.cli import main
from perito.dossier.verify import verify
from perito.errors import MeasureError
from perito.evidence.keys import SigningKey
from perito.handover import Reception, Terms, export_case, import_bag
from perito.handover.redaction import withheld_words
from perito.run import run_case

if TYPE_CHECKING:
    from pathlib import Path

HEADER = (
    "study,platform,generator,row,class,count,denominator,denominator_is,population,population_basis,"
    "window_start,window_end_inclusive,window_days,as_of,sampling,label_method,definition,note,source,status"
)
ROW = "{study},x,,count,kind,7,1500,sample,60000,counted,2026-01-01,2026-01-31,31,,random,readers,,,here,seen"
CASE = """
[case]
id = "two"
title = "Two studies"
language = "en"
period = { from = 2026-01-01, to = 2026-02-01 }
""" + "".join(
    f"""
[[evidence]]
path = "{name}.csv"
format = "label_counts"
platform = "x"
acquired_at = 2026-03-20

[[question]]
id = "{name}"
measure = "prevalence"
[question.parameters]
ask = "total"
class = "{name}"
unit = "posts"
"""
    for name in ("first", "second")
)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A case of two questions, each on a file of its own, that was run and signed; and two bags of it."""
    folder = tmp_path_factory.mktemp("made")
    case, key = folder / "case", SigningKey.new("unit4.example/two")
    case.mkdir()
    (case / "case.toml").write_text(CASE)
    for name in ("first", "second"):
        row = ROW.format(study=name).replace("kind", name)
        (case / f"{name}.csv").write_text(f"{HEADER}\n{row}\n")
    run_case(case)
    export_case(case, folder / "whole", Terms(by="Unit 4", to="Court"), signers=(key,))
    shown = Terms(by="Unit 4", to="Press", is_redacted=True, without=("second.csv",), reason="not public")
    export_case(case, folder / "redacted", shown, signers=(key,))
    return folder


@pytest.fixture(autouse=True)
def no_keys(tmp_path, monkeypatch):
    monkeypatch.setenv("PERITO_KEYS", str(tmp_path / "keys"))
    monkeypatch.delenv("PERITO_KEY", raising=False)


def counts(report) -> dict[str, int]:
    return dict(report.checked)


# --- a whole copy ----------------------------------------------------------------------------------------


def test_a_whole_copy_verifies_before_it_is_run(made, tmp_path):
    import_bag(made / "whole", tmp_path / "court", Reception("Court"))
    report = verify(tmp_path / "court")
    assert report.ok, report.problems
    assert counts(report)["tables rebuilt"] > 0
    assert any("not run here" in what for what in counts(report))
    run_case(tmp_path / "court")
    report = verify(tmp_path / "court")
    assert report.ok
    assert not any("not run here" in what for what in counts(report))


def test_a_number_that_the_sealed_bytes_do_not_give_is_named_before_the_case_is_run(made, tmp_path):
    import_bag(made / "whole", tmp_path / "court", Reception("Court"))
    file = tmp_path / "court/dossier/findings.json"
    findings = json.loads(file.read_bytes())
    findings[0]["values"][0]["estimate"] += 1
    file.write_text(json.dumps(findings))
    report = verify(tmp_path / "court")
    assert any(problem.where.startswith("first") for problem in report.problems)


def test_a_case_in_which_nothing_was_computed_does_not_verify_and_says_what_to_do(made, tmp_path):
    import_bag(made / "redacted", tmp_path / "press", Reception("Press"))
    problems = verify(tmp_path / "press").problems
    assert [problem.kind for problem in problems] == ["unbuilt"]
    assert "perito run" in problems[0].what


# --- a redacted copy -------------------------------------------------------------------------------------


def test_a_redacted_copy_answers_what_it_can_and_refuses_the_rest_in_words(made, tmp_path):
    import_bag(made / "redacted", tmp_path / "press", Reception("Press"))
    first, second = run_case(tmp_path / "press")
    assert (first.status, second.status) == ("conditional", "cannot_say")
    assert all("not public" in second.plain(second.reason, language) for language in ("en", "es"))
    said = [first.plain(condition, "en") for condition in first.conditions]
    assert sum("redacted" in words for words in said) == 1
    report = verify(tmp_path / "press")
    assert report.ok, report.problems
    assert verify(tmp_path / "press/dossier").ok


def test_in_a_whole_case_a_question_that_cannot_be_asked_is_still_an_error(made, tmp_path):
    import_bag(made / "whole", tmp_path / "court", Reception("Court"))
    file = tmp_path / "court/case.toml"
    file.write_text(file.read_text().replace('class = "second"', 'class = "third"'))
    with pytest.raises(MeasureError):
        run_case(tmp_path / "court")


def test_a_copy_of_a_redacted_copy_says_both_redactions(made, tmp_path):
    import_bag(made / "redacted", tmp_path / "press", Reception("Press"))
    again = Terms(by="Press", to="Q", is_redacted=True, without=("first.csv",), reason="on appeal")
    export_case(tmp_path / "press", tmp_path / "bag", again)
    import_bag(tmp_path / "bag", tmp_path / "q", Reception("Q"))
    assert "1 (not public); 1 (on appeal)" in (tmp_path / "q/case.toml").read_text()


def test_what_was_left_out_is_counted_by_reason():
    reasons = {"sha256:a": "names", "sha256:b": "appeal", "sha256:c": "names"}
    assert withheld_words(reasons) == "1 (appeal); 2 (names)"


# --- against what the reader brings ----------------------------------------------------------------------


def test_verify_holds_the_signatures_against_the_key_that_the_reader_brings(made, tmp_path, capsys):
    import_bag(made / "whole", tmp_path / "court", Reception("Court"))
    own = (tmp_path / "court/evidence/log/log.vkey").read_text().split()[0]
    other = SigningKey.new("unit4.example/two").verifier.text
    folder = str(tmp_path / "court")
    assert main(["verify", folder, "--key", own]) == 0
    assert "held against keys of yours" in capsys.readouterr().out
    assert main(["verify", folder, "--quiet", "--key", other]) == 1
    assert "no trusted key" in capsys.readouterr().err
    assert main(["verify", folder, "--key", "no-key"]) == 2


def test_verify_asks_for_roots_and_policy_together(made, tmp_path):
    assert main(["verify", str(made / "case"), "--policy", "1.2.3"]) == 2
