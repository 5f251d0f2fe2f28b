"""Provisions: dated legal rules as data, each with its authority, the fact it needs and its clock.

The table `provisions.csv` is the reference; this module only reads it. Whether a provision was in force
for given conduct is asked in `perito.law.force`. Nothing here is legal advice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from perito.errors import LawError, nearest
from perito.law.reference import (
    CONFIDENCE,
    LANGUAGES,
    check_order,
    read_csv,
    read_toml,
    shipped,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perito.law.reference import Row

_TABLE = "provisions.csv"
_WORDS = "titles.toml"
_COLUMNS = (
    "id",
    "instrument",
    "article",
    "authority",
    "measurable_fact_it_needs",
    "clock",
    "in_force_from",
    "in_force_to",
    "in_force_vlop_from",
    "in_force_note",
    "confidence",
    "source_or_note",
)
_TRANSLATED = ("authority", "fact_needed", "clock", "note")


@dataclass(frozen=True)
class Provision:
    """One dated legal rule, in the words of the table. None = the table does not say.

    Attributes:
        id: Its name in cases and findings, for example `dsa-34`.
        instrument: The law, regulation, circular or judgment.
        article: The article or part of it.
        authority: Who applies it.
        fact_needed: The measurable fact that it asks for.
        clock: The time limit or amount in it, in words.
        in_force_from: First day in force, `YYYY-MM-DD` or `YYYY-MM`.
        in_force_to: **First day no longer in force** (half-open, like every period here).
        in_force_vlop_from: First day in force for designated very large platforms.
        note: What the dates leave open.
        confidence: `seen`, `seen-after-2026-02`, `known-not-read` or `unverified`.
        source: Where it was read, or what is missing.

    Example:
        >>> provision("dsa-16").in_force_from
        '2024-02-17'
    """

    id: str
    instrument: str
    article: str | None
    authority: str
    fact_needed: str
    clock: str | None
    in_force_from: str | None
    in_force_to: str | None
    in_force_vlop_from: str | None
    note: str | None
    confidence: str
    source: str


@dataclass(frozen=True)
class ProvisionWords:
    """What a reader is shown of a provision, in one language."""

    title: str
    authority: str
    fact_needed: str
    clock: str | None
    note: str | None


def read_provisions(text: str, where: str) -> Mapping[str, Provision]:
    r"""The provisions of a CSV table, by id, in the table's order.

    Args:
        text: The table as text, with the twelve columns of `provisions.csv`.
        where: The file's name, for messages.

    Raises:
        LawError: A fault in the table, with file, row and column: unknown, missing or repeated column,
            wrong number of cells, repeated id, bad date, unknown confidence, an end before its start.

    Example:
        >>> read_provisions("id,article\n", "broken.csv")
        Traceback (most recent call last):
        ...
        perito.errors.LawError: broken.csv: row 1: column 'instrument' is missing. Add it.
    """
    rows = (_provision(row) for row in read_csv(text, where, _COLUMNS, "id"))
    return MappingProxyType({one.id: one for one in rows})


@cache
def provisions() -> Mapping[str, Provision]:
    """Every provision of the shipped table, by id.

    Example:
        >>> len(provisions())
        37
    """
    return read_provisions(shipped(_TABLE), _TABLE)


def provision(provision_id: str) -> Provision:
    """The provision with that id.

    Raises:
        LawError: There is none; the message names the nearest.

    Example:
        >>> provision("dsa-34").authority
        'Commission'
    """
    _require_known(provision_id)
    return provisions()[provision_id]


def provision_words(provision_id: str, language: str) -> ProvisionWords:
    """Title, authority, fact needed, clock and note of a provision in English or Spanish.

    The Spanish is ours, not that of the official edition.

    Raises:
        LawError: Unknown provision or language.

    Example:
        >>> provision_words("terreg", "es").clock
        '1 hora'
    """
    _require_known(provision_id)
    if language not in LANGUAGES:
        raise LawError(f"no texts in the language '{language}'", expected=" or ".join(LANGUAGES))
    return _words()[provision_id][language]


def read_provision_words(
    text: str, where: str, table: Mapping[str, Provision]
) -> Mapping[str, Mapping[str, ProvisionWords]]:
    """The words of every provision of a table, by id and language.

    Raises:
        LawError: A fault in the file; a provision without words, or words without a provision; a cell
            that only one of the two languages has.
    """
    required = ["id", "title"]
    optional = [f"{part}_es" for part in _TRANSLATED]
    rows = {
        row.text("id"): row for row in read_toml(text, where, "words", required=required, optional=optional)
    }
    for missing in [name for name in table if name not in rows]:
        raise LawError(f"provision '{missing}' has no words", where=where, remedy="add a row for it")
    for name, row in rows.items():
        if name not in table:
            raise row.fault("id", f"no provision is called '{name}'", found=nearest(name, table))
    return MappingProxyType({name: _both(row, table[name]) for name, row in rows.items()})


@cache
def _words() -> Mapping[str, Mapping[str, ProvisionWords]]:
    return read_provision_words(shipped(_WORDS), _WORDS, provisions())


def _require_known(provision_id: str) -> None:
    if provision_id not in provisions():
        raise LawError(
            f"no provision is called '{provision_id}'",
            where=_TABLE,
            remedy=nearest(provision_id, provisions()),
        )


def _provision(row: Row) -> Provision:
    read = Provision(
        id=row.text("id"),
        instrument=row.text("instrument"),
        article=row.text_or_none("article"),
        authority=row.text("authority"),
        fact_needed=row.text("measurable_fact_it_needs"),
        clock=row.text_or_none("clock"),
        in_force_from=row.date_or_none("in_force_from"),
        in_force_to=row.date_or_none("in_force_to"),
        in_force_vlop_from=row.date_or_none("in_force_vlop_from"),
        note=row.text_or_none("in_force_note"),
        confidence=row.choice("confidence", CONFIDENCE),
        source=row.text("source_or_note"),
    )
    check_order(row, read.in_force_from, read.in_force_vlop_from, read.in_force_to)
    return read


def _both(row: Row, table: Provision) -> Mapping[str, ProvisionWords]:
    title = row.bilingual("title")
    spanish = {part: row.text_or_none(f"{part}_es") for part in _TRANSLATED}
    for part, text in spanish.items():
        if (text is None) != (getattr(table, part) is None):
            raise row.fault(f"{part}_es", "only one of the two languages has this text")
    return MappingProxyType(
        {
            "en": ProvisionWords(title["en"], table.authority, table.fact_needed, table.clock, table.note),
            "es": ProvisionWords(
                title["es"],
                spanish["authority"] or "",
                spanish["fact_needed"] or "",
                spanish["clock"],
                spanish["note"],
            ),
        }
    )
