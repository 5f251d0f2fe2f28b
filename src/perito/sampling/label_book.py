"""The label book: the written definitions under which items are labelled, as a TOML file of the case.

Its bytes are sealed with every design that uses it. A change of a definition is a new version: labels of
two versions are never added up.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from perito.case.reader import Section
from perito.errors import CaseError, nearest, on_one_line
from perito.ids import evidence_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE_NAME = "label-book.toml"
LANGUAGES = ("en", "es")
VALUES = ("yes", "no", "cannot_tell")
DEFAULT_MINIMUM_ALPHA = 0.667  # Krippendorff's convention

_LONGEST_NAME = 80
_KEYS = ("id", "version", "languages", "minimum_alpha", "values", "class")
_CLASS_KEYS = ("id", "title", "definition", "clauses")


@dataclass(frozen=True)
class LabelClass:
    """One class: its id, and by language its title, definition and clauses."""

    id: str
    title: Mapping[str, str]
    definition: Mapping[str, str]
    clauses: tuple[Mapping[str, str], ...] = ()

    def written(self, language: str) -> str:
        """The definition, and then each clause on a line of its own."""
        return "\n".join([self.definition[language], *(clause[language] for clause in self.clauses)])


@dataclass(frozen=True)
class LabelBook:
    """A label book as it was read.

    Args:
        id: Its id; with the version it names the definitions.
        version: Its version.
        languages: The languages that every definition is written in.
        minimum_alpha: The agreement (Krippendorff's alpha) under which no headline number is given.
        values: What a reader may answer; `yes`, `no` and `cannot_tell` are always among them.
        classes: The classes by id, in the order of the file.
        content: The bytes of the file.
    """

    id: str
    version: str
    languages: tuple[str, ...]
    minimum_alpha: float
    values: tuple[str, ...]
    classes: Mapping[str, LabelClass]
    content: bytes

    @property
    def digest(self) -> str:
        """The evidence id of its bytes."""
        return evidence_id(hashlib.sha256(self.content).hexdigest())

    def chosen(self, name: str, where: str = "") -> LabelClass:
        """The class of that id.

        Raises:
            CaseError: The book has none; the nearest is named.
        """
        if name not in self.classes:
            place = where or f"label book '{self.id}' {self.version}"
            raise CaseError(
                f"the label book has no class '{name}'", where=place, remedy=nearest(name, self.classes)
            )
        return self.classes[name]

    def rows(self) -> list[dict[str, Any]]:
        """Its definitions as rows of `label_classes`, without where they come from."""
        return [
            {
                "label_book_id": self.id,
                "label_book_version": self.version,
                "class": one.id,
                "language": language,
                "title": one.title[language],
                "definition": one.written(language),
            }
            for one in self.classes.values()
            for language in self.languages
        ]


def load_label_book(path: Path) -> LabelBook:
    """The label book in a file.

    Raises:
        CaseError: There is no such file, or as `read_label_book`.
    """
    if not path.is_file():
        raise CaseError(
            "there is no label book",
            where=str(path),
            remedy="write one ('perito sample CASE --new-label-book' makes a template), or give --label-book",
        )
    return read_label_book(path.read_bytes(), str(path))


def read_label_book(content: bytes, where: str = FILE_NAME) -> LabelBook:
    r"""The label book that the bytes of a file describe.

    Raises:
        CaseError: Not TOML, or a key that is missing, unknown or wrong; the key is named.

    Example:
        >>> book = read_label_book(template().encode())
        >>> book.languages, list(book.classes)
        (('en', 'es'), ['advert'])
    """
    root = Section(_parsed(content, where), where, _KEYS)
    languages = _languages(root)
    return LabelBook(
        id=_name(root, "id"),
        version=_name(root, "version"),
        languages=languages,
        minimum_alpha=_share(root, "minimum_alpha", DEFAULT_MINIMUM_ALPHA),
        values=_values(root),
        classes=_classes(root, languages),
        content=content,
    )


def template() -> str:
    """The label book that a case starts from: one class, with every key explained."""
    return (files("perito.sampling") / "label_book.toml").read_text("utf-8")


def write_template(folder: Path) -> Path:
    """Write the template into a case folder.

    Raises:
        CaseError: There is a label book already; it is not overwritten.
    """
    path = folder / FILE_NAME
    try:
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(template())
    except FileExistsError:
        raise CaseError("there is a label book already", where=str(path), remedy="edit that one") from None
    return path


def _parsed(content: bytes, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise CaseError("the label book is not UTF-8", where=where, found=f"byte {error.start}") from None
    except (ValueError, RecursionError) as error:
        raise CaseError(f"the label book is not TOML: {error}", where=where) from None


def _name(section: Section, key: str) -> str:
    text = section.text(key).strip()
    if len(text) > _LONGEST_NAME or on_one_line(text) != text:
        section.fail(key, "not a name", expected=f"one line of at most {_LONGEST_NAME} characters")
    return text


def _languages(root: Section) -> tuple[str, ...]:
    given = _texts(root, "languages", LANGUAGES)
    for language in given:
        if language not in LANGUAGES:
            root.fail(
                "languages",
                f"'{language}' is not a language that readers are shown",
                expected=" and ".join(LANGUAGES),
            )
    return given


def _values(root: Section) -> tuple[str, ...]:
    given = _texts(root, "values", VALUES)
    for value in VALUES:
        if value not in given:
            root.fail("values", f"'{value}' is missing", expected=", ".join(VALUES))
    return given


def _texts(section: Section, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    given = section.values.get(key, list(default))
    is_list = isinstance(given, list) and given and all(isinstance(one, str) and one.strip() for one in given)
    if not is_list:
        section.fail(key, "not a list of texts", expected=f"for example {list(default)}")
    if len(set(given)) != len(given):
        section.fail(key, "a text occurs twice")
    return tuple(given)


def _share(section: Section, key: str, default: float) -> float:
    value = section.values.get(key, default)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= 1:
        section.fail(key, "not a share", expected="a number from 0 to 1")
    return float(value)


def _classes(root: Section, languages: tuple[str, ...]) -> Mapping[str, LabelClass]:
    found: dict[str, LabelClass] = {}
    for number, entry in enumerate(root.tables("class"), start=1):
        one = _class(Section(entry, f"{root.where} [[class]] number {number}", _CLASS_KEYS), languages)
        if one.id in found:
            raise CaseError("two classes have the same id", where=f"{root.where} [[class]] {one.id}")
        found[one.id] = one
    if not found:
        root.fail("class", "the label book defines no class", expected="at least one [[class]]")
    return found


def _class(section: Section, languages: tuple[str, ...]) -> LabelClass:
    identifier = _name(section, "id")
    section.where = f"{section.where} ({identifier})"
    return LabelClass(
        id=identifier,
        title=_words(section, section.values.get("title"), "title", languages),
        definition=_words(section, section.values.get("definition"), "definition", languages),
        clauses=_clauses(section, languages),
    )


def _clauses(section: Section, languages: tuple[str, ...]) -> tuple[Mapping[str, str], ...]:
    given = section.values.get("clauses", [])
    if not isinstance(given, list):
        section.fail("clauses", "not a list", expected='[{ en = "..", es = ".." }]')
    return tuple(_words(section, clause, "clauses", languages, one_line=True) for clause in given)


def _words(
    section: Section, given: object, key: str, languages: tuple[str, ...], *, one_line: bool = False
) -> Mapping[str, str]:
    """The words of one text in every language of the book.

    Raises:
        CaseError: A language is missing, empty, or not one of the book's.
    """
    if not isinstance(given, dict):
        section.fail(key, "the words are missing", expected=_shown(languages))
    inner = Section(given, f"{section.where} {key}", languages)
    words = {language: inner.text(language).strip() for language in languages}
    if one_line and any("\n" in text for text in words.values()):
        section.fail(key, "a clause has several lines", remedy="write one clause a line")
    return words


def _shown(languages: tuple[str, ...]) -> str:
    return "{ " + ", ".join(f'{language} = ".."' for language in languages) + " }"
