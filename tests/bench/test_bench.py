"""The bench runs. What it measures is nobody's gate."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "bench" / "run.py"


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    file = tmp_path_factory.mktemp("bench") / "outcome.json"
    done = subprocess.run(
        [sys.executable, BENCH, "--smoke", "--json", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(file.read_bytes())


def test_a_smoke_run_prints_every_row_as_a_table_and_as_json(outcome):
    printed, written = outcome
    names = [row["name"] for row in written["rows"]]
    assert len(names) > len(list((BENCH.parent / "entries").glob("*.py")))
    assert [name for name in names if name not in printed] == []
    assert written["smoke"] is True


def test_a_row_has_a_ratio_exactly_when_it_has_a_peer(outcome):
    for row in outcome[1]["rows"]:
        assert (row["ratio"] is None) == (row["peer"] is None) == (row["peer_name"] == "")
        assert row["ours"] > 0


def test_the_page_of_the_documentation_holds_every_row(outcome, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH.parent))
    from page import page

    written = page(outcome[1])
    assert [row["name"] for row in outcome[1]["rows"] if f"| {row['name']} |" not in written] == []
    assert "ratio" in written


def test_an_entry_that_there_is_not_is_refused():
    done = subprocess.run([sys.executable, BENCH, "nothing"], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "nothing" in done.stderr
