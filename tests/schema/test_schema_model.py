"""Reading the TOML: what loads, what is refused, and how the refusal helps."""

import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.errors import SchemaError
from perito.schema import Table, enumeration, enumerations, model, parse_table, table, table_names, tables
from perito.schema.shape import EARLIEST_US, LATEST_US

HEAD = """
name = "trials"
kind = "evidence"
key = ["trial_id"]
title = { en = "Trials", es = "Ensayos" }
about = { en = "One row is one trial.", es = "Cada fila es un ensayo." }
"""
WORDS = 'about = { en = "words", es = "palabras" }'
TRIAL_ID = f'[[column]]\nname = "trial_id"\ntype = "text"\nrequired = true\n{WORDS}\n'


def with_column(lines: str, head: str = HEAD) -> Table:
    return parse_table(f"{head}\n{TRIAL_ID}\n[[column]]\n{WORDS}\n{lines}", "trials.toml")


def test_a_smallest_table_reads_as_written() -> None:
    found = parse_table(HEAD + TRIAL_ID, "trials.toml")
    assert (found.name, found.kind, found.key) == ("trials", "evidence", ("trial_id",))
    assert found.title.es == "Ensayos"
    assert found.column("trial_id").required


def test_shared_columns_come_last() -> None:
    found = parse_table('extends = "row"\n' + HEAD + TRIAL_ID, "trials.toml")
    assert found.column_names == ("trial_id", "evidence_id", "locator")


def test_every_attribute_of_a_column_is_read() -> None:
    found = with_column('name = "score"\ntype = "decimal(18,6)"\nmin = 0\nmax = 1.5\nunit = "points"').column(
        "score"
    )
    assert (found.type, found.minimum, found.maximum, found.unit) == ("decimal(18,6)", 0, 1.5, "points")
    assert not found.required


def test_a_time_finds_its_basis_by_its_name_and_stays_within_printable_years() -> None:
    basis = f'\n[[column]]\nname = "asked_basis"\ntype = "text"\nenum = "time_basis"\n{WORDS}'
    found = with_column('name = "asked_at_us"\ntype = "bigint"' + basis).column("asked_at_us")
    assert found.basis == "asked_basis"
    assert (found.minimum, found.maximum) == (EARLIEST_US, LATEST_US)


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        ('name = "a"\ntype = "text"\nrequierd = true', "required"),
        ('name = "a"\ntype = "string"', "string"),
        ('name = "a"\ntype = "text"\nrequired = "yes"', "required"),
        ('name = "a"\ntype = "text"\nenum = "platfrom"', "platform"),
        ('name = "a"\ntype = "bigint"\nenum = "platform"', "text"),
        ('name = "a"\ntype = "text"\nmin = 0', "number"),
        ('name = "a"\ntype = "bigint"\nmin = "0"', "min"),
        ('name = "trial_id"\ntype = "text"', "same name"),
        ('name = "Trial"\ntype = "text"', "Trial"),
        ('name = "a-b"\ntype = "text"', "a-b"),
        ('name = "a_us"\ntype = "integer"\nfixed_basis = "unknown"', "integer"),
        ('name = "a_us"\ntype = "bigint"', "a_basis"),
        ('name = "a_us"\ntype = "bigint"\nbasis = "trial_id"', "time_basis"),
        ('name = "a_us"\ntype = "bigint"\nfixed_basis = "calender_date"', "calendar_date"),
        ('name = "a"\ntype = "bigint"\nbasis = "trial_id"', "_us"),
        ('name = "a"\ntype = "text"\nnull_if = { column = "trial", equals = true }', "trial_id"),
        ('name = "a"\ntype = "text"\nnull_if = { column = "trial_id" }', "equals"),
        ('name = "a"\ntype = "text"\nnull_if = { colum = "trial_id", equals = "x" }', "column"),
        ('type = "text"', "name"),
        ('name = "a"', "type"),
    ],
)
def test_a_wrong_column_is_refused_with_its_place_and_what_would_be_right(lines: str, named: str) -> None:
    with pytest.raises(SchemaError) as refusal:
        with_column(lines)
    assert refusal.value.where.startswith(("trials.toml", "table 'trials'"))
    assert named in str(refusal.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('kind = "evidence"', 'kind = "evidense"'),
        ('kind = "evidence"', ""),
        ('name = "trials"', "name = 3"),
        ('key = ["trial_id"]', 'key = ["trialid"]'),
        ('key = ["trial_id"]', "key = []"),
        ('key = ["trial_id"]', 'key = ["trial_id"]\ncurrent = ["trial_id"]'),
        ('key = ["trial_id"]', 'key = ["trial_id"]\nany_of = [["trial_id", "b"]]'),
        ('key = ["trial_id"]', 'key = ["trial_id"]\ncomment = "none"'),
        (', es = "Ensayos"', ""),
        (', es = "Ensayos"', ', es = ""'),
        (', es = "Ensayos"', ', es = "Ensayos", fr = "Essais"'),
        ('name = "trials"', 'name = "trials'),
    ],
)
def test_a_wrong_table_is_refused(old: str, new: str) -> None:
    assert old in HEAD
    with pytest.raises(SchemaError):
        parse_table(HEAD.replace(old, new) + TRIAL_ID, "trials.toml")


def test_a_table_without_columns_is_refused() -> None:
    with pytest.raises(SchemaError, match="column"):
        parse_table(HEAD, "trials.toml")


@settings(deadline=None, derandomize=True)
@given(st.text(max_size=60))
def test_no_text_at_all_crashes_the_reader(text: str) -> None:
    with pytest.raises(SchemaError):
        parse_table(text, "noise.toml")


@pytest.mark.parametrize(
    ("wrong", "right"), [("post", "posts"), ("statement", "statements"), ("enagement", "engagement")]
)
def test_an_unknown_table_names_the_nearest(wrong: str, right: str) -> None:
    with pytest.raises(SchemaError, match=f"'{right}'"):
        table(wrong)


def test_an_unknown_column_names_the_nearest_and_its_table() -> None:
    with pytest.raises(SchemaError, match="'native_id'") as refusal:
        table("posts").column("nativ_id")
    assert "posts" in refusal.value.where


@pytest.mark.parametrize("name", ["../enums", "_row", "", "posts.toml", "posts/", "POSTS"])
def test_a_name_never_leads_to_another_file(name: str) -> None:
    with pytest.raises(SchemaError):
        table(name)


def test_an_unknown_enumeration_names_the_nearest() -> None:
    with pytest.raises(SchemaError, match="'time_basis'"):
        enumeration("time_bases")


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(SchemaError, match="fr"):
        table("posts").title.in_language("fr")


@pytest.mark.parametrize(
    ("text", "is_in"),
    [("view", True), ("reaction:love", True), ("reaction:", False), ("views", False), (None, False)],
)
def test_an_open_enumeration_takes_its_prefix_with_a_name(text: object, is_in: bool) -> None:
    assert (text in enumeration("metric")) is is_in


def test_tables_are_read_once_and_cannot_be_changed() -> None:
    assert table("posts") is tables()["posts"]
    with pytest.raises(TypeError):
        tables()["posts"] = table("edges")  # type: ignore[index]
    with pytest.raises(TypeError):
        enumerations()["platform"].values["myspace"] = None  # type: ignore[index]
    with pytest.raises(AttributeError):
        table("posts").name = "other"  # type: ignore[misc]


def test_a_table_contains_its_columns_and_no_others() -> None:
    assert "post_id" in table("posts")
    assert "post" not in table("posts")


def fresh(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_importing_reads_no_toml_and_no_pyarrow() -> None:
    code = (
        "import sys, tomllib\n"
        "def refuse(*_): raise SystemExit('TOML was read')\n"
        "tomllib.loads = refuse\n"
        "import perito, perito.schema\n"
        "print('pyarrow' in sys.modules)"
    )
    assert fresh(code) == "False"


def test_arrow_names_come_with_the_package_and_unknown_ones_do_not() -> None:
    code = (
        "import perito.schema as s\n"
        "print(s.arrow_schema(s.table('rejects')).names[0], hasattr(s, 'arrow_shema'))"
    )
    assert fresh(code) == "platform False"


def test_every_public_name_exists_and_is_listed_in_order() -> None:
    import perito.schema

    assert perito.schema.__all__ == sorted(perito.schema.__all__)
    assert set(dir(perito.schema)) == set(perito.schema.__all__)
    assert all(getattr(perito.schema, name) is not None for name in perito.schema.__all__)


def test_checking_the_tables_costs_little_beside_parsing_them() -> None:
    root = files("perito.schema")
    texts = [(root / "tables" / f"{name}.toml").read_text("utf-8") for name in table_names()]

    def seconds(read: Callable[[str], object]) -> float:
        start = time.perf_counter()
        for text in texts:
            read(text)
        return time.perf_counter() - start

    reading = min(seconds(lambda text: parse_table(text, "a table")) for _ in range(5))
    assert reading < 5 * min(seconds(tomllib.loads) for _ in range(5))


def test_the_file_of_a_table_bears_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "misnamed.toml").write_text(HEAD + TRIAL_ID, "utf-8")
    monkeypatch.setattr(model, "_root", lambda: tmp_path)
    with pytest.raises(SchemaError, match="misnamed"):
        model._table_of("misnamed")
