"""The label book: read strictly, every fault named with its key."""

import pytest

from perito.errors import CaseError
from perito.sampling.label_book import load_label_book, read_label_book, template, write_template


def test_a_book_holds_what_its_file_says(book, planted):
    assert (book.id, book.version, book.minimum_alpha) == ("book", "1", 0.7)
    assert book.languages == ("en", "es")
    assert list(book.classes) == ["cats", "dogs"]
    assert book.content == planted.book_text.encode()


def test_a_definition_is_followed_by_its_clauses_line_by_line(book):
    assert book.chosen("cats").written("en") == "The post is about a cat.\na) Lions are no cats."
    rows = {(row["class"], row["language"]): row for row in book.rows()}
    assert len(rows) == 4
    assert rows["dogs", "es"]["definition"] == "La publicación trata de un perro."


def test_another_wording_has_another_digest(book, planted):
    other = read_label_book(planted.book_text.replace("a cat.", "a tomcat.").encode())
    assert other.digest != book.digest


def test_an_unknown_class_is_named_with_the_nearest(book):
    with pytest.raises(CaseError) as caught:
        book.chosen("cat")
    assert "'cats'" in caught.value.remedy


def test_a_book_in_one_language_needs_that_one_only():
    text = 'id = "b"\nversion = "1"\nlanguages = ["es"]\n[[class]]\nid = "c"\ntitle.es = "C"\n'
    text += 'definition.es = "D"\n'
    assert [row["language"] for row in read_label_book(text.encode()).rows()] == ["es"]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('id = "book"', 'id = "Book\\u202eOne"', "id"),
        ('id = "book"', "", "id"),
        ('version = "1"', "version = 1", "version"),
        ('version = "1"', 'version = "1"\nverson = "2"', "'version'"),
        ("minimum_alpha = 0.7", "minimum_alpha = 1.7", "minimum_alpha"),
        ("minimum_alpha = 0.7", "minimum_alpha = true", "minimum_alpha"),
        ("minimum_alpha = 0.7", 'languages = ["en", "de"]', "languages"),
        ("minimum_alpha = 0.7", 'languages = ["en", "en"]', "languages"),
        ("minimum_alpha = 0.7", 'languages = "en"', "languages"),
        ("minimum_alpha = 0.7", 'values = ["yes", "no"]', "values"),
        ('title = { en = "Cats", es = "Gatos" }', "", "title"),
        ('title = { en = "Cats", es = "Gatos" }', 'title = { en = "Cats" }', "es"),
        ('title = { en = "Cats", es = "Gatos" }', 'title = { en = "Cats", es = " " }', "es"),
        ('title = { en = "Cats", es = "Gatos" }', 'title = { en = "C", es = "G", fr = "C" }', "fr"),
        ('en = "a) Lions are no cats."', 'en = "a) Lions\\nare no cats."', "clauses"),
        ("clauses = [{", "clauses = [3, {", "clauses"),
        (
            'clauses = [{ en = "a) Lions are no cats.", es = "a) Los leones no lo son." }]',
            "clauses = 3",
            "clauses",
        ),
        ('id = "dogs"', 'id = "cats"', "cats"),
        ("[[class]]", "[[clas]]", "'class'"),
    ],
)
def test_every_fault_of_a_book_is_named(planted, old, new, key):
    assert old in planted.book_text
    with pytest.raises(CaseError) as caught:
        read_label_book(planted.book_text.replace(old, new).encode(), "book.toml")
    assert key in str(caught.value)
    assert "book.toml" in caught.value.where


def test_a_book_without_a_class_defines_nothing():
    with pytest.raises(CaseError, match="class"):
        read_label_book(b'id = "b"\nversion = "1"\n')


@pytest.mark.parametrize("content", [b"", b"\xff", b"id = ", b"[" * 5000])
def test_what_is_no_book_is_refused(content):
    with pytest.raises(CaseError):
        read_label_book(content)


def test_the_template_is_a_label_book(tmp_path):
    path = write_template(tmp_path)
    assert load_label_book(path).rows()
    assert path.read_text("utf-8") == template()


def test_a_book_that_is_there_is_not_overwritten(tmp_path):
    (tmp_path / "label-book.toml").write_text("mine", "utf-8")
    with pytest.raises(CaseError):
        write_template(tmp_path)
    assert (tmp_path / "label-book.toml").read_text("utf-8") == "mine"


def test_a_missing_book_is_named_with_the_way_to_one(tmp_path):
    with pytest.raises(CaseError) as caught:
        load_label_book(tmp_path / "label-book.toml")
    assert "--new-label-book" in caught.value.remedy
