"""The case: it runs, it verifies, its findings hold the truth, and the truth is no evidence."""

import csv
import tomllib

import pytest

from perito.dossier.verify import verify
from perito.run import run_case
from perito.simulate import Plan, read_plan, removal_share
from perito.simulate.world import World


@pytest.fixture(scope="module")
def case(make):
    return make(
        2_000,
        pictures=5,
        generator={"days": 40, "change_day": 20, "prompts": 20},
        age_gate={"testers": 5},
        impressions={"users": 200},
        labels={"sample": 500},
    )


@pytest.fixture(scope="module")
def findings(case):
    return {finding.id: finding for finding in run_case(case.folder)}


def test_every_question_is_answered(findings):
    assert {finding.id: finding.status for finding in findings.values()} == {
        "inventory": "exact",
        "planted-total": "conditional",
        "planted-rate": "conditional",
        "refusals": "conditional",
    }


def test_the_case_verifies(case, findings):
    assert findings
    assert [str(problem) for problem in verify(case.folder).problems] == []


def test_no_row_is_rejected(findings):
    values = {value.name: value.estimate for value in findings["inventory"].values}
    assert values["rejected"] == 0
    assert values["records"] == values["mapped"] > 0


def test_the_total_holds_the_planted_one(case, findings):
    total = findings["planted-total"].values[0]
    assert total.interval.low <= case.truth["realised"]["planted"] <= total.interval.high


def test_the_rates_of_compliance_hold_the_planted_ones_of_their_prompts(case, findings):
    first, last = (value.estimate for value in findings["refusals"].values[:2])
    before, after = (
        column.mean() for column in case.arrays("truth/prompts", "complies_before", "complies_after")
    )
    assert first == pytest.approx(before, abs=0.04)
    assert last == pytest.approx(after, abs=0.06)


def test_the_counts_are_those_of_the_truth(case):
    with (case.folder / "sources" / "counts.csv").open(encoding="utf-8") as stream:
        sample, *outcomes = csv.DictReader(stream)
    assert int(sample["value"]) == case.truth["realised"]["sample_planted"]
    assert int(sample["population"]) == 2_000
    for wave in ("1", "2"):
        complied, refused = (row for row in outcomes if row["wave"] == wave)
        assert int(complied["value"]) + int(refused["value"]) == int(complied["base"])
        assert int(complied["base"]) == case.truth["realised"][f"trials.forbidden.wave_{wave}"]


def test_the_truth_is_declared_nowhere_and_everything_else_is(case):
    declared = tomllib.loads((case.folder / "case.toml").read_text("utf-8"))["evidence"]
    paths = {item["path"] for item in declared}
    assert paths == {f"sources/{path.name}" for path in (case.folder / "sources").iterdir()}
    assert {path.suffix for path in (case.folder / "truth").iterdir()} == {".parquet", ".json", ".toml"}


def test_the_plan_beside_the_data_is_the_plan_of_the_data(make):
    made = make(500, impressions={"boost": 3.0})
    plan = read_plan((made.folder / "truth" / "plan.toml").read_bytes())
    assert plan.impressions.boost == 3.0
    assert plan.removal == Plan().removal


def test_rows_and_totals_of_the_truth_are_those_of_the_files(case):
    for name in [*case.tables, "truth/items", "truth/cascades", "truth/notices"]:
        assert case.truth["rows"][name] == case[name].num_rows
    assert case.truth["realised"]["reposts"] == case["edges"].num_rows
    assert case.truth["realised"]["planted"] == case["truth/items"].column("is_planted").to_pylist().count(
        True
    )


def test_the_expected_removal_is_that_of_the_law():
    # (1 - 0.2) (1 - exp(-0.5 * 2 (24/48)^0.7)), by hand
    assert removal_share(World(Plan(), 0, 1), "x", "trusted_flagger", 24) == pytest.approx(0.367735, abs=1e-6)
