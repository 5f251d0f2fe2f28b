"""The survey samples and label tables of the shared folder, as columns."""

from __future__ import annotations

import ast
import csv

import numpy as np
import pytest


class Table(dict):
    """Columns of text by name; `number` gives one as floats."""

    def number(self, name):
        return np.array([float(value) for value in self[name]])


def _read(path):
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return Table({name: [row[name] for row in rows] for name in rows[0]})


@pytest.fixture(scope="session")
def survey(shared_data):
    """A function that reads one of the survey samples (R package survey; GPL, never copied)."""
    return lambda name: _read(shared_data / "stats" / f"{name}.csv")


@pytest.fixture(scope="session")
def hatecheck(shared_data):
    """The English ratings: ten readers by items, with the functionality of every item."""
    table = _read(shared_data / "stats" / "hatecheck_en_test_suite_annotations.csv")
    code = {"hateful": 1.0, "non-hateful": 0.0, "": np.nan}
    ratings = np.array([[code[label] for label in table[f"label_{reader}"]] for reader in range(1, 11)])
    return ratings, np.array(table["functionality"])


@pytest.fixture(scope="session")
def hatecheck_es(shared_data):
    """The Spanish ratings: three places by items, with the functionality of every item."""
    table = _read(shared_data / "stats" / "mhc_spanish_cases.csv")
    labels = [[float(x == "hateful") for x in ast.literal_eval(cell)] for cell in table["label_annotated"]]
    return np.array(labels).T, np.array(table["functionality"])
