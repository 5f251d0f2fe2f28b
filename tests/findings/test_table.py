"""Tables inside a finding: each number with its derivation, each word in both languages."""

import pytest

from perito.errors import DossierError
from perito.findings import Column, Row, Table, Text, Value, verbatim

LABEL = Text("items", "elementos")
COLUMNS = (Column("total", Text("Total", "Total")), Column("note", Text("Note", "Nota")))


def table(*rows, note=None):
    return Table("waves", Text("By wave", "Por oleada"), COLUMNS, tuple(rows), note)


def value(number=5):
    return Value("total", LABEL, number, "items")


def test_each_number_gets_the_derivation_of_its_row_and_column():
    placed = table(
        Row(Text("one", "una"), (value(1), None)),
        Row(Text("two", "dos"), ("as printed", value(2))),
    ).placed("reuters")
    assert [one.derivation for one in placed.values()] == ["reuters/waves/1/total", "reuters/waves/2/note"]
    assert [one.estimate for one in placed.values()] == [1, 2]


def test_placing_leaves_words_and_gaps_as_they_are():
    cells = (None, "as printed")
    assert table(Row(LABEL, cells)).placed("q").rows[0].cells == cells


@pytest.mark.parametrize("cells", [(), (None,), (None, None, None)])
def test_a_row_with_another_number_of_cells_than_columns_is_refused(cells):
    with pytest.raises(DossierError, match="row 2 of the table 'waves'"):
        table(Row(LABEL, (None, None)), Row(LABEL, cells)).placed("q")


def test_every_text_of_ours_is_listed_and_no_quotation_of_a_source_is():
    words, note = Text("few", "pocos"), Text("a note", "una nota")
    texts = list(
        table(Row(verbatim("one"), (value(), words)), Row(LABEL, ("quoted", None)), note=note).texts()
    )
    for text in (note, words, LABEL, *(column.label for column in COLUMNS)):
        assert text in texts
    assert "quoted" not in texts
    assert note not in list(table().texts())


def test_the_table_for_programs_tells_numbers_words_quotations_and_gaps_apart():
    placed = table(Row(LABEL, (value(), Text("few", "pocos"))), Row(LABEL, ("quoted", None))).placed("q")
    told = placed.to_json({})
    assert told["note"] is None
    assert told["columns"][1] == {"name": "note", "label": {"en": "Note", "es": "Nota"}}
    first, second = (row["cells"] for row in told["rows"])
    assert (first[0]["estimate"], first[0]["derivation"]) == (5, "q/waves/1/total")
    assert first[1] == {"text": {"en": "few", "es": "pocos"}}
    assert second == [{"quote": "quoted"}, None]


def test_the_note_may_refer_to_a_number_of_the_finding():
    note = Text("of {total}", "de {total}")
    assert table(note=note).to_json({"total": value(7)})["note"] == {"en": "of 7", "es": "de 7"}
