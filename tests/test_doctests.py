"""Every example in a docstring runs and prints what it says."""

import doctest
import importlib
import pkgutil

import pytest

import perito

MODULES = ["perito", *(info.name for info in pkgutil.walk_packages(perito.__path__, "perito."))]


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith(".__main__")])
def test_the_examples_of_a_module_hold(name):
    results = doctest.testmod(importlib.import_module(name), raise_on_error=False, verbose=False)
    assert results.failed == 0


def test_there_are_examples_to_run():
    found = doctest.DocTestFinder().find(importlib.import_module("perito.clock"))
    assert sum(len(one.examples) for one in found) > 3
