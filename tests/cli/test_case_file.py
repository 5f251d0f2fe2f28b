"""Faults of the case file: named with file, key and remedy before anything is written."""

from __future__ import annotations

import pytest

FAULTS = {
    "an unknown section": ("[case]", "[cases]", ["cases", "case"]),
    "an unknown key of the case": ('language = "en"', 'langauge = "en"', ["[case]", "langauge", "language"]),
    "an unknown key of an item": (
        'platform = "x"',
        'plattform = "x"',
        ["[[evidence]]", "plattform", "platform"],
    ),
    "an unknown key of a question": (
        'measure = "inventory"',
        'mesure = "inventory"',
        ["[[question]]", "mesure", "measure"],
    ),
    "a key that is missing": ('title = "A small case"', "", ["[case]", "title"]),
    "a value of a wrong kind": ('title = "A small case"', "title = 7", ["[case]", "title", "7"]),
    "an empty text": ('title = "A small case"', 'title = " "', ["[case]", "title"]),
    "a title in one language": ('title = "A small case"', 'title = { en = "A" }', ["[case]", "title", "es"]),
    "a language that there is not": (
        'language = "en"',
        'language = "fr"',
        ["[case]", "language", "fr", "es"],
    ),
    "an id that is none": ('id = "small"', 'id = "../small"', ["[case]", "id", "../small"]),
    "a period that ends before it starts": (
        "to = 2026-02-01",
        "to = 2025-02-01",
        ["[case]", "period", "ends before"],
    ),
    "an empty period": ("to = 2026-02-01", "to = 2026-01-01", ["[case]", "period"]),
    "a date that does not exist": (
        "to = 2026-02-01",
        'to = "2026-02-30"',
        ["[case]", "period", "2026-02-30"],
    ),
    "a time without a zone": (
        "acquired_at = 2026-03-20",
        "acquired_at = 2026-03-20T10:00:00",
        ["acquired_at", "zone"],
    ),
    "a missing file": (
        "sources/counts.csv",
        "sources/cuonts.csv",
        ["[[evidence]]", "sources/cuonts.csv", "no such file"],
    ),
    "an absolute path": (
        '"sources/counts.csv"',
        '"/etc/hostname"',
        ["[[evidence]]", "/etc/hostname", "relative"],
    ),
    "an unknown format": (
        '"label_counts"',
        '"lable_counts"',
        ["sources/counts.csv", "lable_counts", "label_counts"],
    ),
    "an unknown measure": ('"prevalence"', '"prevalance"', ["how-many", "prevalance", "prevalence"]),
    "an unknown parameter": ('unit = "posts"', 'units = "posts"', ["how-many", "units", "unit"]),
    "a parameter of a wrong kind": ('class = "kind"', "class = 7", ["how-many", "class", "7"]),
    "a parameter that is missing": ('class = "kind"', "", ["how-many", "class", "missing"]),
    "a choice that there is not": ('ask = "total"', 'ask = "totals"', ["how-many", "ask", "totals", "total"]),
    "an unknown provision": (
        'unit = "posts"',
        'unit = "posts"\nprovisions = ["dsa-334"]',
        ["dsa-334", "dsa-34"],
    ),
    "two questions of one id": ('id = "inventory"', 'id = "how-many"', ["[[question]]", "how-many"]),
    "no TOML": ("[case]", "[case", ["TOML", "line"]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_case_file_is_named_before_anything_is_written(name, refused, small_case, bytes_of):
    file = small_case / "case.toml"
    right, wrong, facts = FAULTS[name]
    assert right in file.read_text("utf-8")
    file.write_text(file.read_text("utf-8").replace(right, wrong, 1), "utf-8")
    before = bytes_of(small_case)
    said = refused("run", small_case)
    assert [fact for fact in ("case.toml", *facts) if fact not in said] == [], said
    assert bytes_of(small_case) == before


def test_a_case_file_that_is_not_utf_8_is_refused_with_the_place(refused, small_case):
    (small_case / "case.toml").write_bytes(b'[case]\nid = "caf\xe9"\n')
    said = refused("run", small_case)
    assert "UTF-8" in said
    assert "byte 16" in said


def test_a_byte_order_mark_in_the_case_file_is_accepted(perito, small_case):
    file = small_case / "case.toml"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert perito("run", small_case, "--quiet").code == 0


def test_an_empty_evidence_file_is_refused_before_anything_is_written(refused, small_case, bytes_of):
    (small_case / "sources" / "counts.csv").write_bytes(b"")
    before = bytes_of(small_case)
    said = refused("run", small_case)
    assert "sources/counts.csv" in said
    assert "empty" in said
    assert bytes_of(small_case) == before
