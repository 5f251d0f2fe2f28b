"""`perito simulate` as a user meets it."""

import json

import pytest

from perito.case import load_case
from perito.cli import main

SMALL = ("--posts", "300", "--quiet")


@pytest.fixture
def perito(tmp_path, monkeypatch, capsys):
    """Calls the program in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def called(*arguments: str) -> tuple[int, str, str]:
        code = main(["simulate", *arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return called


def test_a_case_is_made_that_can_be_loaded(perito, tmp_path):
    code, out, err = perito("out", "--posts", "3e2", "--seed", "7")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "out"
    assert load_case(tmp_path / "out").id == "simulated-7"


def test_quiet_prints_nothing_and_json_prints_rows_by_table(perito):
    assert perito("quiet", *SMALL) == (0, "", "")
    code, out, _ = perito("json", "--posts", "300", "--json")
    assert code == 0
    assert json.loads(out)["rows"]["truth/items"] == 300


def test_a_plan_is_taken_and_pictures_are_made(perito, tmp_path):
    (tmp_path / "plan.toml").write_text("[impressions]\nboost = 3.0\n")
    assert perito("out", *SMALL, "--plan", "plan.toml", "--media", "4", "--workers", "2")[0] == 0
    assert "boost = 3.0" in (tmp_path / "out" / "truth" / "plan.toml").read_text("utf-8")
    assert (tmp_path / "out" / "sources" / "pictures.zip").is_file()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--posts", "0"), "--posts"),
        (("--posts", "-3"), "--posts"),
        (("--posts", "many"), "--posts"),
        (("--posts", "1e12"), "--posts"),
        (("--seed", "-1"), "--seed"),
        (("--seed", "seven"), "--seed"),
        (("--media", "1e3"), "--media"),
        (("--media", "100000"), "--media"),
        (("--workers", "0"), "--workers"),
        (("--plan", "nothing.toml"), "nothing.toml"),
        (("--plan", "typo.toml"), "boost"),
        (("--plan", "impossible.toml"), "shares"),
    ],
)
def test_a_wrong_call_is_said_in_one_line_and_leaves_nothing(perito, tmp_path, arguments, named):
    (tmp_path / "typo.toml").write_text("[impressions]\nboots = 2\n")
    (tmp_path / "impossible.toml").write_text("[platforms]\nshares = { x = 0.5 }\n")
    before = sorted(tmp_path.iterdir())
    code, out, err = perito("out", *arguments)
    assert (code, out) == (2, "")
    assert named in err
    assert err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_that_exists_is_refused(perito, tmp_path):
    (tmp_path / "out").mkdir()
    code, _, err = perito("out", *SMALL)
    assert code == 2
    assert "out" in err
    assert list((tmp_path / "out").iterdir()) == []
