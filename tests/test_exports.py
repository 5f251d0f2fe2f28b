"""The public names: complete, in order, and free until they are used."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import perito
from perito import errors

HEAVY = ("numpy", "scipy", "duckdb", "pyarrow", "pandas", "jinja2", "babel", "vl_convert", "orjson", "click")


def test_the_names_are_sorted_ignoring_case_and_named_once():
    names = [name for name in perito.__all__ if not name.startswith("__")]
    assert names == sorted(set(names), key=str.lower)
    assert len(set(perito.__all__)) == len(perito.__all__)


def test_every_name_leads_to_something_and_to_the_same_each_time():
    for name in perito.__all__:
        assert getattr(perito, name) is getattr(perito, name)


def test_the_names_are_those_that_type_checkers_see_and_no_others():
    tree = ast.parse(Path(perito.__file__).read_text("utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    typed = {alias.asname or alias.name: node.module for node in block.body for alias in node.names}
    assert set(typed) | {"__version__"} == set(perito.__all__)
    assert typed == perito._HOMES


def test_listing_the_package_lists_the_public_names():
    assert set(perito.__all__) <= set(dir(perito))


def test_a_name_that_is_none_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        perito.no_such_name  # noqa: B018


def test_the_root_of_every_error_is_public():
    assert perito.PeritoError is errors.PeritoError


def loaded_by(statement: str) -> set[str]:
    """The heavy libraries that a fresh interpreter has loaded after a statement."""
    code = f"import sys\n{statement}\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_the_package_loads_no_library():
    assert loaded_by("import perito; perito.__version__; dir(perito)") == set()


def test_an_error_can_be_caught_without_loading_a_library():
    assert loaded_by("from perito import PeritoError") == set()


def test_the_command_line_starts_without_the_libraries_of_the_work():
    assert loaded_by("import perito.cli") <= {"click"}


def test_what_is_needed_is_loaded_when_it_is_used():
    assert {"orjson", "pyarrow"} <= loaded_by("import perito; perito.verify, perito.run_case")
