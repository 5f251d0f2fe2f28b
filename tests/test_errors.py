"""The exception tree: drawn as it is, one line a message, and no third-party error comes through."""

import ast
import inspect
import io
import pickle
import unicodedata
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito import errors
from perito.engine.duckdb_engine import DuckDBEngine
from perito.errors import CaseError, Malformed, MeasureError, PeritoError, SchemaError, StatsError, nearest
from perito.formats import SourceItem
from perito.formats.parquet import read_parquet
from perito.tables import TableSet

SOURCE = Path(errors.__file__).parent
OURS = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, Exception)]
DUCKDB_ERRORS = [
    one for one in vars(duckdb).values() if isinstance(one, type) and issubclass(one, duckdb.Error)
]
ARROW_ERRORS = [
    one for one in vars(pa.lib).values() if isinstance(one, type) and issubclass(one, pa.ArrowException)
]


def drawn_tree():
    """Name and parent of each exception as the module's docstring draws them by indentation."""
    block = errors.__doc__.split("\n\n")[1]
    above = []
    for line in block.splitlines():
        name = line.split()[0]
        depth = (len(line) - len(line.lstrip())) // 4
        above = [*above[:depth], name]
        yield name, above[-2] if depth else "Exception"


def test_the_tree_is_drawn_as_it_is():
    assert dict(drawn_tree()) == {one.__name__: one.__base__.__name__ for one in OURS}


def test_no_other_module_defines_an_exception_that_leaves_it():
    become_results = {"RowFault", "Refused"}  # a reject, and a refusal to open an archive member
    become_results |= {"_OtherSize", "_TooMany"}  # caught in the module that raises them
    defined = {
        node.name
        for file in SOURCE.rglob("*.py")
        if file != SOURCE / "errors.py"
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ClassDef) and any(_is_exception(base) for base in node.bases)
    }
    assert defined <= become_results


def _is_exception(base):
    return isinstance(base, ast.Name) and base.id.endswith(("Error", "Exception", "Missing", "Malformed"))


@pytest.mark.parametrize("one", OURS, ids=lambda one: one.__name__)
def test_every_error_ends_with_exit_code_two_except_a_broken_seal(one):
    assert one.exit_code == (1 if one is errors.SealBroken else 2)


def test_a_message_says_where_what_expected_against_found_and_what_to_do():
    error = CaseError(
        "no date", where="case.toml: [case] period", expected="a day", found="3", remedy="give one"
    )
    assert str(error) == "case.toml: [case] period: no date (expected a day, found 3). Give one."
    assert (error.what, error.where, error.expected, error.found, error.remedy) == (
        "no date",
        "case.toml: [case] period",
        "a day",
        "3",
        "give one",
    )


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({}, "no date"),
        ({"expected": "a day"}, "no date (expected a day)"),
        ({"found": "3"}, "no date (found 3)"),
        ({"remedy": "did you mean 'x'?"}, "no date. Did you mean 'x'?"),
        ({"remedy": "stop."}, "no date. Stop."),
    ],
)
def test_a_fact_that_is_not_given_leaves_no_trace(facts, message):
    assert str(PeritoError("no date", **facts)) == message


@given(st.text(min_size=1), st.text(), st.text(), st.text())
def test_a_message_is_one_line_that_cannot_deceive_and_the_attributes_are_what_was_given(
    what, where, found, remedy
):
    error = PeritoError(what, where=where, found=found, remedy=remedy)
    assert not {unicodedata.category(c) for c in str(error)} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert (error.what, error.where, error.found, error.remedy) == (what, where, found, remedy)


def test_an_error_keeps_its_facts_on_the_way_between_processes():
    error = pickle.loads(pickle.dumps(Malformed("cut short", where="a.csv", remedy="fetch it again")))
    assert (str(error), error.where, error.remedy) == (
        "a.csv: cut short. Fetch it again.",
        "a.csv",
        "fetch it again",
    )


def test_numbers_that_no_estimator_takes_are_also_wrong_values():
    with pytest.raises(ValueError, match="k > n"):
        raise StatsError("k > n")


def test_the_nearest_name_is_offered_or_all_of_them_or_nothing():
    assert nearest("plaftorm", ["platform", "path"]) == "did you mean 'platform'?"
    assert nearest("zzz", ["b", "a"]) == "known: a, b"
    assert nearest("zzz", []) == ""


class Raising:
    """Stands for a connection in which everything that is asked goes wrong."""

    def __init__(self, error):
        self.error = error

    def __getattr__(self, name):
        raise self.error


@pytest.mark.parametrize("kind", DUCKDB_ERRORS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("words", ["", "first line\nsecond line"])
def test_every_error_of_duckdb_becomes_one_of_ours(kind, words):
    engine = DuckDBEngine({}, [], threads=1)
    engine.close()
    engine._connection = Raising(kind(words))
    with pytest.raises(MeasureError) as caught:
        engine.query("SELECT 1")
    assert caught.value.__cause__ is engine._connection.error
    assert "second line" not in str(caught.value)


@pytest.mark.parametrize("kind", [*ARROW_ERRORS, OSError, ValueError], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("words", ["", "first line\nsecond line"])
def test_every_error_of_arrow_becomes_one_of_ours(kind, words, monkeypatch, tmp_path):
    def read_table(*_, **__):
        raise kind(words)

    monkeypatch.setattr(pq, "read_table", read_table)
    item = SourceItem("sha256:" + "0" * 64, "a.parquet", lambda: io.BytesIO(b"PAR1"), None, 0)
    with pytest.raises(Malformed) as caught:
        read_parquet(item)
    assert "a.parquet" in str(caught.value)
    with pytest.raises(SchemaError) as caught:
        TableSet(tmp_path, {"posts": ("", 0)}).read("posts")
    assert str(tmp_path / "posts.parquet") in str(caught.value)


def test_the_libraries_have_errors_to_map():
    assert len(DUCKDB_ERRORS) > 15
    assert len(ARROW_ERRORS) > 7
