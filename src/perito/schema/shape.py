"""What a table, a column and an enumeration are: the value objects that the TOML files are read into."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from perito.errors import SchemaError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

ColumnType = Literal["text", "bigint", "integer", "double", "boolean", "decimal(18,6)"]
TableKind = Literal["evidence", "reference", "derived"]

TYPES: tuple[ColumnType, ...] = ("text", "bigint", "integer", "double", "boolean", "decimal(18,6)")
KINDS: tuple[TableKind, ...] = ("evidence", "reference", "derived")
LANGUAGES = ("en", "es")
EARLIEST_US = -62_135_596_800_000_000  # 0001-01-01T00:00:00Z: before it no calendar date can be printed
LATEST_US = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999Z


@dataclass(frozen=True)
class Bilingual:
    """The same words in English and Spanish.

    Example:
        >>> Bilingual("Posts", "Publicaciones").in_language("es")
        'Publicaciones'
    """

    en: str
    es: str

    def in_language(self, language: str) -> str:
        """The words of one language.

        Raises:
            SchemaError: Not `en` or `es`.
        """
        if language not in LANGUAGES:
            raise SchemaError(
                f"'{language}' is not a language of the schema", remedy=nearest(language, LANGUAGES)
            )
        return self.en if language == "en" else self.es


@dataclass(frozen=True)
class Enumeration:
    """The texts that a column may hold, with their meanings; `prefixes` begin further, open ones."""

    name: str
    about: Bilingual
    values: Mapping[str, Bilingual]
    prefixes: tuple[str, ...] = ()

    def __contains__(self, text: object) -> bool:
        if not isinstance(text, str):
            return False
        return text in self.values or any(text.startswith(p) and text != p for p in self.prefixes)


@dataclass(frozen=True)
class NullRule:
    """A column is NULL exactly when another column equals a value: hidden counts, skipped labels."""

    column: str
    equals: str | bool


@dataclass(frozen=True)
class Column:
    """One column: its type, the values it may hold, its unit and its meaning.

    Args:
        name: Name in every table file, view and export.
        type: One of `TYPES`.
        about: Meaning, one sentence.
        required: Whether every row has a value.
        enum: Enumeration that its texts belong to.
        list_of: Enumeration that the members of its JSON list belong to; checked by the source format.
        minimum: Smallest value allowed.
        maximum: Largest value allowed.
        unit: Unit, where the name alone does not say.
        basis: Column that says what a time rests on, for times.
        fixed_basis: The basis of every value, where it cannot vary, for times.
        null_if: When the column is NULL, where that is a rule.
    """

    name: str
    type: ColumnType
    about: Bilingual
    required: bool = False
    enum: str | None = None
    list_of: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    unit: str | None = None
    basis: str | None = None
    fixed_basis: str | None = None
    null_if: NullRule | None = None

    @property
    def is_time(self) -> bool:
        """Whether it holds instants, in microseconds since the epoch, UTC."""
        return self.name.endswith("_us")


@dataclass(frozen=True)
class Table:
    """One canonical table.

    Args:
        name: Name of its file in `tables/`.
        title: Heading.
        about: What one row is.
        kind: `evidence` rows lead back to sealed bytes, `reference` rows ship with the package,
            `derived` rows are computed from other tables.
        key: Columns that tell rows apart and in whose order rows are sorted and digested.
        columns: In the order in which they are stored.
        current: What is observed repeatedly; its latest row by `observed_at_us` is the current view.
        any_of: Groups of columns of which each row fills at least one.
    """

    name: str
    title: Bilingual
    about: Bilingual
    kind: TableKind
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    current: tuple[str, ...] = ()
    any_of: tuple[tuple[str, ...], ...] = ()
    _by_name: Mapping[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", MappingProxyType({c.name: c for c in self.columns}))

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of its columns, in order."""
        return tuple(self._by_name)

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            SchemaError: There is none; the message names the nearest.
        """
        if name not in self._by_name:
            raise SchemaError(
                f"there is no column '{name}'",
                where=f"table '{self.name}'",
                remedy=nearest(name, self._by_name),
            )
        return self._by_name[name]
