"""The reference page of the canonical tables, made from the same data as the tables themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.schema.model import enumerations, tables
from perito.schema.shape import KINDS, Bilingual

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perito.schema.shape import Column, Enumeration, Table

_WORDS = {
    "title": Bilingual("Canonical tables", "Tablas canónicas"),
    "intro": Bilingual(
        "Every column of every table, made from the schema that ships with the package. NULL means that the "
        "source did not say; times are whole microseconds since 1970-01-01T00:00:00Z, each with what it "
        "rests on.",
        "Todas las columnas de todas las tablas, a partir del esquema que acompaña al paquete. NULL "
        "significa que la fuente no lo dice; las horas son microsegundos enteros desde "
        "1970-01-01T00:00:00Z, cada una con aquello en que se apoya.",
    ),
    "evidence": Bilingual("Tables of evidence", "Tablas de prueba"),
    "reference": Bilingual("Tables of reference", "Tablas de referencia"),
    "derived": Bilingual("Derived tables", "Tablas derivadas"),
    "key": Bilingual("Key", "Clave"),
    "head": Bilingual("Column | Type | Values | Meaning", "Columna | Tipo | Valores | Significado"),
    "required": Bilingual("required", "obligatoria"),
    "basis": Bilingual("basis", "base"),
    "from": Bilingual("from", "desde"),
    "to": Bilingual("to", "hasta"),
    "list": Bilingual("JSON list of", "lista JSON de"),
    "enumerations": Bilingual("Enumerations", "Enumeraciones"),
    "value_head": Bilingual("Value | Meaning", "Valor | Significado"),
    "name": Bilingual("name", "nombre"),
    "open": Bilingual("any name of the platform's own", "cualquier nombre propio de la plataforma"),
    "any_of": Bilingual("Each row has at least one of", "Cada fila tiene al menos una de"),
}


def reference(language: str) -> str:
    """The reference page in Markdown: every table and enumeration with types and meanings.

    Args:
        language: `en` or `es`.

    Raises:
        SchemaError: Another language.

    Example:
        >>> reference("es").splitlines()[0]
        '# Tablas canónicas'
    """
    return "\n".join(_lines(language)) + "\n"


def _lines(language: str) -> Iterator[str]:
    yield f"# {_say('title', language)}"
    yield from ("", _say("intro", language))
    for kind in KINDS:
        yield from ("", f"## {_say(kind, language)}")
        for table in tables().values():
            if table.kind == kind:
                yield from _table_lines(table, language)
    yield from ("", f"## {_say('enumerations', language)}")
    for enumeration in enumerations().values():
        yield from _enumeration_lines(enumeration, language)


def _table_lines(table: Table, language: str) -> Iterator[str]:
    yield from ("", f"### `{table.name}`: {table.title.in_language(language)}")
    yield from ("", table.about.in_language(language))
    yield f"{_say('key', language)}: {_code(table.key)}."
    for group in table.any_of:
        yield f"{_say('any_of', language)} {_code(group)}."
    yield from ("", f"| {_say('head', language)} |", "|---|---|---|---|")
    for column in table.columns:
        values = _cell("; ".join(_facts(column, language)))
        meaning = _cell(column.about.in_language(language))
        yield f"| `{column.name}` | {column.type} | {values} | {meaning} |"


def _facts(column: Column, language: str) -> Iterator[str]:
    if column.required:
        yield _say("required", language)
    if column.enum:
        yield f"[`{column.enum}`](#{column.enum})"
    if column.list_of:
        yield f"{_say('list', language)} [`{column.list_of}`](#{column.list_of})"
    if not column.is_time and column.minimum is not None:
        yield f"{_say('from', language)} {column.minimum}"
    if not column.is_time and column.maximum is not None:
        yield f"{_say('to', language)} {column.maximum}"
    if column.unit:
        yield column.unit.replace("_", " ")
    if column.is_time:
        yield f"{_say('basis', language)} `{column.basis or column.fixed_basis}`"


def _enumeration_lines(enumeration: Enumeration, language: str) -> Iterator[str]:
    yield from ("", f"### {enumeration.name}", "", enumeration.about.in_language(language), "")
    yield from (f"| {_say('value_head', language)} |", "|---|---|")
    for value, meaning in enumeration.values.items():
        yield f"| `{value}` | {_cell(meaning.in_language(language))} |"
    for prefix in enumeration.prefixes:
        yield f"| `{prefix}<{_say('name', language)}>` | {_say('open', language)} |"


def _code(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _say(word: str, language: str) -> str:
    return _WORDS[word].in_language(language)
