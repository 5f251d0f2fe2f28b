"""`perito score` as a user meets it."""

import json
import shutil

import pytest

from perito.simulate import Plan, simulate

BOOK = """
id = "simulated book"
version = "1"

[[class]]
id = "planted"
title = { en = "Planted", es = "Puesta" }
definition = { en = "The simulation planted it.", es = "La simulación la puso." }
"""


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("score") / "case"
    simulate(folder, 3000, 7, Plan())
    (folder / "label-book.toml").write_text(BOOK, "utf-8")
    return folder


def test_scores_are_sealed_once_and_the_program_says_what_they_are_for(perito, simulated, tmp_path):
    case = shutil.copytree(simulated, tmp_path / "case")
    first = perito("score", case, "--question", "planted-total", "--kind", "post")
    assert first.code == 0, first.err
    assert "no share is derived" in first.text
    assert "sealed: sha256:" in first.text
    again = json.loads(perito("score", case, "--question", "planted-total", "--kind", "post", "--json").out)
    assert again["is_new"] is False
    assert again["auc"]["low"] <= again["auc"]["value"] <= again["auc"]["high"]
    assert f"{again['model_id']}@{again['model_version']}" in first.text


def test_labels_of_another_book_are_too_few(refused, simulated, tmp_path):
    case = shutil.copytree(simulated, tmp_path / "case")
    (case / "label-book.toml").write_text(BOOK.replace("simulated book", "another book"), "utf-8")
    said = refused("score", case, "--question", "planted-total")
    assert "too few positives" in said
    assert "found 0" in said
    assert not (case / "scores").exists()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--question", "planted-totl"], "planted-total"),
        (["--question", "inventory"], "--class"),
        (["--question", "planted-total", "--class", "plante"], "planted"),
        (["--question", "planted-total", "--folds", "1"], "--folds"),
        (["--question", "planted-total", "--items", "likes"], "--items"),
        ([], "--question"),
    ],
)
def test_what_cannot_be_meant_is_refused(refused, simulated, tmp_path, options, named):
    case = shutil.copytree(simulated, tmp_path / "case")
    assert named in refused("score", case, *options)
