"""The words of findings on own labels: one catalogue for what all of them say, lent to each measure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from perito.findings import LANGUAGES, Text, unit_name
from perito.measures.catalogue import catalogue
from perito.measures.labels import bilingual
from perito.schema import enumeration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from perito.findings import Finding
    from perito.measures.inquiry import Inquiry
    from perito.measures.sampled.design import Design

SHARED = "sampled"
LABEL_TABLES = ("designs", "strata", "label_classes", "draws", "assignments", "labels")

_CLASSES = """
SELECT language, title, definition, evidence_id, locator
FROM label_classes
WHERE label_book_id = $book AND label_book_version = $version AND class = $class
ORDER BY language, evidence_id, locator
"""


def speaking(inquiry: Inquiry, *, definition: bool = False) -> Inquiry:
    """The question with the shared sentences added to its measure's own.

    Args:
        inquiry: The question.
        definition: Whether definition, assumptions, rivals and limits are the shared ones, too.
    """
    own, shared = inquiry.catalogue, catalogue(SHARED)
    texts = {**own.texts, **shared.texts} if definition else {**shared.texts, **own.texts}
    lent = replace(own, texts=texts)
    if definition:
        lent = replace(lent, definition=shared.definition, lists=shared.lists)
    return replace(inquiry, catalogue=lent)


def resting_on(finding: Finding, tables: Iterable[str]) -> Finding:
    """The finding with those of its inputs that it was answered from."""
    names = set(tables)
    return replace(finding, inputs=tuple(item for item in finding.inputs if item.table in names))


def class_record(inquiry: Inquiry, design: Design, class_name: str) -> dict[str, dict[str, Any]]:
    """What the label book says of a class, by language."""
    book, version = design.book or ("", "")
    rows = inquiry.tables.rows(_CLASSES, **{"book": book, "version": version, "class": class_name})
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        found.setdefault(row["language"], row)
    return found


def class_text(inquiry: Inquiry, design: Design, class_name: str) -> Text:
    """The class as the label book names it for readers of each language, in quotation marks."""
    named = _in_each_language(class_record(inquiry, design, class_name), "title", class_name)
    return Text("«{words}»", "«{words}»", {"words": named})


def definition_text(inquiry: Inquiry, design: Design, class_name: str) -> Text:
    """The written definition of the class in quotation marks, or that there is none."""
    found = class_record(inquiry, design, class_name)
    if not found:
        return inquiry.text("not_said")
    return Text("«{words}»", "«{words}»", {"words": _in_each_language(found, "definition", "")})


def clauses(inquiry: Inquiry, design: Design, class_name: str) -> list[str]:
    """The definition of the class line by line, in the language in which it comes first."""
    found = class_record(inquiry, design, class_name)
    if not found:
        return []
    return lines_of(str(found[min(found)]["definition"]))


def lines_of(definition: str) -> list[str]:
    r"""The clauses of a definition: its lines, without blanks around them.

    Example:
        >>> lines_of("a cat\n  not a drawing\n")
        ['a cat', 'not a drawing']
    """
    return [line.strip() for line in definition.splitlines() if line.strip()]


def differing(one: Sequence[str], other: Sequence[str]) -> list[str]:
    """The clauses that stand in one definition and not in the other, in order.

    Example:
        >>> differing(["a cat", "not a drawing"], ["a cat"])
        ['not a drawing']
    """
    shared = {_folded(line) for line in one} & {_folded(line) for line in other}
    return list(dict.fromkeys(line for line in (*one, *other) if _folded(line) not in shared))


def things(inquiry: Inquiry, unit: str | None = None) -> Text:
    """What is counted, in words."""
    name = unit or inquiry.parameters["unit"]
    return Text(unit_name(name, "en"), unit_name(name, "es"))


def meaning(enum: str, value: str | None) -> Text | None:
    """What a value of an enumeration means; None where nothing is said."""
    known = enumeration(enum).values
    if value is None or value not in known:
        return None
    return Text(known[value].en, known[value].es)


def _folded(line: str) -> str:
    return " ".join(line.casefold().split()).rstrip(".;,")


def _in_each_language(found: dict[str, dict[str, Any]], key: str, otherwise: str) -> Text:
    """Words of the label book in both languages; where it has only one, that stands for both."""
    said = {language: " ".join(lines_of(str(found[language][key]))) for language in found}
    one = said[min(said)] if said else otherwise
    words = {language: said.get(language, one) for language in LANGUAGES}
    return bilingual(words["en"], words["es"])
