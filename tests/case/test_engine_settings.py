"""What a case says of the machine reaches the work, changes no number, and leaves nothing behind."""

import pytest

from perito import workflow
from perito.case import load_case
from perito.dossier.verify import verify_dossier
from perito.errors import CaseError
from perito.run import run_case

SETTINGS = '\n[engine]\nmemory_limit_mb = 80\nthreads = 1\nspill = "work/spill"\n'


@pytest.fixture
def opened(monkeypatch):
    """How each engine was opened."""
    calls = []

    def remembered(*given, **named):
        calls.append((given[3], named["memory_limit_mb"], named["spill"]))
        return true_open(*given, **named)

    true_open = workflow.open_engine
    monkeypatch.setattr(workflow, "open_engine", remembered)
    return calls


def test_the_settings_reach_the_engine_and_change_no_finding(example_case, opened):
    plain = [finding.to_json() for finding in run_case(example_case)]
    with (example_case / "case.toml").open("a", encoding="utf-8") as file:
        file.write(SETTINGS)
    assert [finding.to_json() for finding in run_case(example_case)] == plain
    assert opened == [
        (None, 1_024, example_case / ".perito-spill"),
        (1, 80, example_case / "work" / "spill"),
    ]
    assert sorted(
        path.name for path in example_case.iterdir() if path.name.startswith((".perito", "work"))
    ) in (
        [],
        ["work"],
    )
    assert not (example_case / "work" / "spill").exists()


def test_a_dossier_that_is_verified_is_not_written_to(example_case, opened):
    run_case(example_case)
    before = sorted(path for path in (example_case / "dossier").rglob("*"))
    case = load_case(example_case)
    workflow.answer(case, case.questions[:1], workflow.open_tables(case.tables_folder), threads=1)
    assert not opened[-1][2].exists()
    assert example_case not in opened[-1][2].parents
    assert verify_dossier(example_case / "dossier").ok
    assert sorted(path for path in (example_case / "dossier").rglob("*")) == before


def test_a_spill_folder_that_cannot_be_made_is_an_error_that_leaves_no_tables(example_case):
    with (example_case / "case.toml").open("a", encoding="utf-8") as file:
        file.write('\n[engine]\nspill = "case.toml/spill"\n')
    with pytest.raises(CaseError, match="spill"):
        run_case(example_case)
    assert not (example_case / "tables").exists()
