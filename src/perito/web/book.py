"""The label book as people read it beside an item: classes, definitions in two languages, answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perito.errors import CaseError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from perito.sampling.label_book import LabelBook

ANSWERS = ("yes", "no", "cannot_tell")


@dataclass(frozen=True)
class BookClass:
    """One class: its id, and title and definition by language."""

    id: str
    title: Mapping[str, str]
    definition: Mapping[str, str]

    def words(self, part: str, language: str) -> str:
        """Title or definition in a language, or in the first that there is."""
        texts: Mapping[str, str] = getattr(self, part)
        return texts.get(language) or next(iter(texts.values()))


@dataclass(frozen=True)
class Book:
    """A version of a label book.

    Args:
        id: Its id.
        version: Its version.
        classes: Its classes, in order.
        answers: What may be answered.
        minimum_alpha: The agreement under which no headline number is given.
        number: Its number in the review, 0 before it was adopted.
    """

    id: str
    version: str
    classes: tuple[BookClass, ...]
    answers: tuple[str, ...] = ANSWERS
    minimum_alpha: float = 0.667
    number: int = 0

    def to_text(self) -> str:
        """The book as JSON text."""
        return json.dumps(
            {
                "classes": [vars(one) for one in self.classes],
                "answers": self.answers,
                "minimum_alpha": self.minimum_alpha,
            },
            ensure_ascii=False,
            sort_keys=True,
        )

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> Book:
        """The book in a row of `books`."""
        content = json.loads(row["content"])
        return cls(
            row["book_id"],
            row["version"],
            tuple(BookClass(**one) for one in content["classes"]),
            tuple(content["answers"]),
            content["minimum_alpha"],
            row["book_no"],
        )


def book_from_rows(rows: Iterable[Mapping[str, Any]], minimum_alpha: float = 0.667) -> Book:
    """The book that rows of `label_classes` describe; all of one version.

    Raises:
        CaseError: There are none.

    Example:
        >>> row = {"label_book_id": "b", "label_book_version": "1", "class": "advert", "language": "en"}
        >>> book_from_rows([{**row, "title": "Advert", "definition": "It was paid for."}]).classes[0].title
        {'en': 'Advert'}
    """
    every = list(rows)
    if not every:
        raise CaseError(
            "the label book has no classes",
            remedy="register a design ('perito sample'), or put label-book.toml into the case",
        )
    titles: dict[str, dict[str, str]] = {}
    definitions: dict[str, dict[str, str]] = {}
    for row in every:
        titles.setdefault(row["class"], {})[row["language"]] = row["title"]
        definitions.setdefault(row["class"], {})[row["language"]] = row["definition"]
    classes = tuple(BookClass(name, titles[name], definitions[name]) for name in titles)
    first = every[0]
    return Book(first["label_book_id"], first["label_book_version"], classes, minimum_alpha=minimum_alpha)


def book_from_file(read: LabelBook) -> Book:
    """The book that a label book file describes."""
    classes = tuple(
        BookClass(one.id, dict(one.title), {name: one.written(name) for name in read.languages})
        for one in read.classes.values()
    )
    return Book(read.id, read.version, classes, tuple(read.values), read.minimum_alpha)
