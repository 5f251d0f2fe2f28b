"""The reference page: complete, in both languages, and still a table when a meaning holds a bar."""

import re
from importlib import import_module

import pytest

from perito.errors import SchemaError
from perito.schema import enumerations, parse_table, reference, tables

LANGUAGES = pytest.mark.parametrize("language", ["en", "es"])


@LANGUAGES
def test_every_table_column_and_value_is_on_the_page_with_its_meaning(language: str) -> None:
    page = reference(language)
    for table in tables().values():
        section = page.split(f"### `{table.name}`: ")[1].split("\n#")[0]
        assert table.about.in_language(language) in section
        for column in table.columns:
            (row,) = re.findall(rf"^\| `{column.name}` \|.*$", section, re.MULTILINE)
            assert column.about.in_language(language).replace("|", "\\|") in row
    for enumeration in enumerations().values():
        section = page.split(f"### {enumeration.name}\n")[1].split("\n#")[0]
        for value, meaning in enumeration.values.items():
            assert f"| `{value}` | {meaning.in_language(language)} |" in section


@LANGUAGES
def test_every_row_has_as_many_cells_as_its_head(language: str) -> None:
    for block in re.findall(r"(?:^\|.*\n)+", reference(language), re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(widths) == 1


@LANGUAGES
def test_every_link_leads_to_a_heading(language: str) -> None:
    page = reference(language)
    headings = set(re.findall(r"^### ([a-z_]+)$", page, re.MULTILINE))
    assert set(re.findall(r"\]\(#([a-z_]+)\)", page)) == headings == set(enumerations())


def test_a_bar_in_a_meaning_does_not_end_the_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    words = '{ en = "a | b", es = "c | d" }'
    barred = parse_table(
        f"""
        name = "barred"
        kind = "derived"
        key = ["a"]
        title = {words}
        about = {words}
        [[column]]
        name = "a"
        type = "text"
        about = {words}
        """,
        "barred.toml",
    )
    monkeypatch.setattr(import_module("perito.schema.reference"), "tables", lambda: {"barred": barred})
    assert "| `a` | text |  | a \\| b |" in reference("en")


def test_the_page_is_the_same_each_time_and_differs_by_language() -> None:
    assert reference("en") == reference("en")
    assert reference("en") != reference("es")


def test_another_language_is_refused() -> None:
    with pytest.raises(SchemaError, match="fr"):
        reference("fr")
