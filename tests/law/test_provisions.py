"""The table of provisions: what it holds, and that a fault in it is found before any work starts."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from dataclasses import astuple
from importlib import resources

import pytest

from perito.errors import LawError
from perito.law import (
    provision,
    provision_words,
    provisions,
    read_provision_words,
    read_provisions,
)

HEADER = (
    "id,instrument,article,authority,measurable_fact_it_needs,clock,"
    "in_force_from,in_force_to,in_force_vlop_from,in_force_note,confidence,source_or_note"
)
COLUMNS = HEADER.split(",")
GOOD = {
    "id": "law-1",
    "instrument": "Law 1",
    "article": "1",
    "authority": "court",
    "measurable_fact_it_needs": "a fact",
    "clock": "",
    "in_force_from": "2024-02-17",
    "in_force_to": "",
    "in_force_vlop_from": "",
    "in_force_note": "",
    "confidence": "seen",
    "source_or_note": "somewhere",
}


def table(*changes: dict[str, str]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for change in changes:
        writer.writerow(GOOD | change)
    return out.getvalue()


def refusal(text: str) -> LawError:
    with pytest.raises(LawError) as caught:
        read_provisions(text, "broken.csv")
    return caught.value


def test_the_shipped_table_has_the_37_provisions_of_its_source():
    assert len(provisions()) == 37


def test_a_provision_carries_every_cell_of_its_row():
    found = provision("coc-plus")
    assert found.instrument == "Code of Conduct+ on illegal hate speech (DSA 45)"
    assert found.article == "commitments"
    assert found.authority == "Commission"
    assert found.fact_needed.startswith("share of monitoring-reporter notices reviewed in 24 h")
    assert found.clock is not None
    assert found.clock.startswith("2/3 best efforts")
    assert found.in_force_from == "2025-01-20"
    assert found.in_force_to is None
    assert found.in_force_vlop_from is None
    assert found.note is None
    assert found.confidence == "seen"
    assert found.source.startswith("benton.org")


def test_an_empty_cell_is_none_and_not_an_empty_text():
    assert provision("es-aepd-cp").article is None
    assert provision("dsa-25").clock is None


def test_every_cell_of_the_shipped_file_is_in_its_provision():
    text = resources.files("perito.law").joinpath("provisions.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    read = [list(astuple(one)) for one in provisions().values()]
    assert read == [[row[column] or None for column in COLUMNS] for row in rows]


@pytest.mark.shared
def test_the_shipped_table_is_byte_for_byte_the_reference(shared_data):
    ours = resources.files("perito.law").joinpath("provisions.csv").read_bytes()
    assert ours == (shared_data / "law" / "provisions.csv").read_bytes()


def test_the_table_is_read_once_and_cannot_be_changed():
    assert provisions() is provisions()
    with pytest.raises(TypeError):
        provisions()["dsa-34"] = provision("dsa-35")  # type: ignore[index]


def test_importing_the_package_reads_no_table():
    code = "import perito.law as l; print(l.provisions.cache_info().currsize, l.events.cache_info().currsize)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "0"]


def test_an_unknown_provision_is_refused_with_the_nearest_name():
    with pytest.raises(LawError) as caught:
        provision("dsa34")
    assert "'dsa-34'" in caught.value.remedy


def test_a_sound_table_is_read():
    read = read_provisions(table({}, {"id": "law-2", "in_force_from": "2019-09"}), "sound.csv")
    assert list(read) == ["law-1", "law-2"]
    assert read["law-2"].in_force_from == "2019-09"


def test_a_repeated_id_is_refused_with_both_rows():
    error = refusal(table({}, {}))
    assert error.where == "broken.csv: row 3, column 'id'"
    assert "row 2" in error.found


def test_an_unknown_column_is_refused_with_the_nearest():
    error = refusal(table({}).replace(",clock,", ",clocks,", 1))
    assert "clocks" in error.what
    assert "'clock'" in error.remedy


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_is_refused(column):
    kept = [name for name in COLUMNS if name != column]
    error = refusal(",".join(kept) + "\n")
    assert f"'{column}'" in error.what
    assert error.where == "broken.csv: row 1"


def test_a_column_that_stands_twice_is_refused():
    assert "clock" in refusal(HEADER + ",clock\n").what


@pytest.mark.parametrize("text", ["", "\n", "\ufeff" + HEADER + "\n"])
def test_a_file_without_the_header_is_refused(text):
    assert refusal(text).where.startswith("broken.csv: row 1")


@pytest.mark.parametrize(
    ("line", "found"),
    [("law-2,Law 2", "2"), (",".join(["x"] * 13), "13"), ("", "0")],
)
def test_a_row_with_the_wrong_number_of_cells_is_refused(line, found):
    error = refusal(table({}) + line + "\n")
    assert error.where.startswith("broken.csv: row 3, column '")
    assert error.expected == "12 cells"
    assert error.found == found


def test_a_quote_that_never_ends_is_refused_with_its_row():
    assert refusal(table({}) + '"law-2').where == "broken.csv: row 3"


@pytest.mark.parametrize("column", ["in_force_from", "in_force_to", "in_force_vlop_from"])
@pytest.mark.parametrize(
    "date",
    [
        "17/02/2024",
        "2024-02-30",
        "2024-13",
        "2024",
        "20240217",
        "2024-W07-6",
        "2024-2-17",
        "2024-02-17T00:00:00Z",
        "20244-02-17",
        "0024-02-17",
        "\u0662\u0660\u0662\u0664-\u0660\u0662-\u0661\u0667",
        "soon",
    ],
)
def test_a_bad_date_is_refused_with_file_row_and_column(column, date):
    error = refusal(table({"id": "a"}, {"id": "b", column: date}))
    assert error.where == f"broken.csv: row 3 ('b'), column '{column}'"
    assert date in error.found


def test_an_end_that_is_not_after_the_start_is_refused():
    error = refusal(table({"in_force_from": "2024-02-17", "in_force_to": "2024-02-17"}))
    assert "in_force_to" in error.where


def test_swapped_dates_of_very_large_platforms_are_refused():
    error = refusal(table({"in_force_from": "2023-08-25", "in_force_vlop_from": "2024-02-17"}))
    assert "in_force_vlop_from" in error.where


@pytest.mark.parametrize("value", ["sure", "Seen", ""])
def test_an_unknown_confidence_is_refused(value):
    assert refusal(table({"confidence": value})).where == "broken.csv: row 2 ('law-1'), column 'confidence'"


@pytest.mark.parametrize(
    "column", ["id", "instrument", "authority", "measurable_fact_it_needs", "source_or_note"]
)
def test_a_cell_that_every_row_needs_may_not_be_empty(column):
    assert f"'{column}'" in refusal(table({column: ""})).where


@pytest.mark.parametrize("name", ["DSA 34", "../dsa", "-dsa", "dsa\n34"])
def test_an_ill_formed_id_is_refused(name):
    assert "'id'" in refusal(table({"id": name})).where


def test_blanks_around_a_cell_are_refused():
    assert "'instrument'" in refusal(table({"instrument": " Law 1"})).where


def test_every_provision_has_its_words_in_both_languages():
    for name, one in provisions().items():
        english, spanish = provision_words(name, "en"), provision_words(name, "es")
        assert english.fact_needed == one.fact_needed
        assert english.title
        assert spanish.title
        assert spanish.authority
        assert spanish.fact_needed
        assert (spanish.clock is None) == (one.clock is None)
        assert (spanish.note is None) == (one.note is None)


def test_the_spanish_words_keep_every_figure_of_the_english():
    def figures(text: str | None) -> set[str]:
        return set("".join(mark if mark.isdigit() else " " for mark in text or "").split())

    for name in provisions():
        english, spanish = astuple(provision_words(name, "en")), astuple(provision_words(name, "es"))
        assert [figures(text) for text in spanish] == [figures(text) for text in english], name


def test_words_in_another_language_or_of_an_unknown_provision_are_refused():
    with pytest.raises(LawError):
        provision_words("dsa-34", "fr")
    with pytest.raises(LawError):
        provision_words("dsa-99", "es")


WORDS = """[[words]]
id = "law-1"
title = { en = "Law 1", es = "Ley 1" }
authority_es = "tribunal"
fact_needed_es = "un hecho"
"""


@pytest.mark.parametrize(
    "text",
    [
        "",
        WORDS.replace('"law-1"', '"law-2"'),
        WORDS + '[[words]]\nid = "law-2"\ntitle = { en = "a", es = "b" }\n',
        WORDS.replace('authority_es = "tribunal"\n', ""),
        WORDS + 'clock_es = "un plazo"\n',
        WORDS.replace(', es = "Ley 1"', ""),
        WORDS.replace("authority_es", "autority_es"),
        WORDS.replace('"tribunal"', "7"),
        WORDS.replace('"tribunal"', "tribunal"),
    ],
)
def test_words_that_do_not_fit_the_table_are_refused(text):
    known = read_provisions(table({}), "sound.csv")
    assert read_provision_words(WORDS, "sound.toml", known)["law-1"]["es"].authority == "tribunal"
    with pytest.raises(LawError) as caught:
        read_provision_words(text, "broken.toml", known)
    assert caught.value.where.startswith("broken.toml")
