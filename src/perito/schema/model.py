"""The canonical tables as data: what the TOML files in `tables/` and `enums.toml` say, checked on load.

Nothing is parsed until somebody asks, and each file is parsed once. A fault in these files is a fault
of the package, so it is an error before any work starts, with the nearest valid name.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from perito.errors import SchemaError, nearest
from perito.schema.shape import (
    EARLIEST_US,
    KINDS,
    LANGUAGES,
    LATEST_US,
    TYPES,
    Bilingual,
    Column,
    Enumeration,
    NullRule,
    Table,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from importlib.resources.abc import Traversable

_NUMERIC = frozenset(TYPES) - {"text", "boolean"}
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TABLE_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "kind": str,
    "key": list,
    "current": list,
    "extends": str,
    "any_of": list,
    "title": dict,
    "about": dict,
    "column": list,
}
_COLUMN_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "type": str,
    "required": bool,
    "enum": str,
    "list_of": str,
    "min": (int, float),
    "max": (int, float),
    "unit": str,
    "basis": str,
    "fixed_basis": str,
    "null_if": dict,
    "about": dict,
}
_RULE_KEYS: Mapping[str, type | tuple[type, ...]] = {"column": str, "equals": (str, bool)}
_ENUMERATION_KEYS: Mapping[str, type | tuple[type, ...]] = {"about": dict, "prefixes": list, "values": dict}
_WORDS_KEYS: Mapping[str, type | tuple[type, ...]] = dict.fromkeys(LANGUAGES, str)


@cache
def tables() -> Mapping[str, Table]:
    """Every canonical table, by name."""
    return MappingProxyType({name: _table_of(name) for name in table_names()})


@cache
def table_names() -> tuple[str, ...]:
    """Names of the canonical tables, sorted; reads no table."""
    folder = _root() / "tables"
    stems = (entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return tuple(sorted(stem for stem in stems if not stem.startswith("_")))


def table(name: str) -> Table:
    """The canonical table of that name.

    Raises:
        SchemaError: There is none; the message names the nearest.

    Example:
        >>> table("counts").key
        ('evidence_id', 'locator')
    """
    if name not in table_names():
        raise SchemaError(f"there is no table '{name}'", remedy=nearest(name, table_names()))
    return _table_of(name)


@cache
def enumerations() -> Mapping[str, Enumeration]:
    """Every enumeration, by name."""
    data = _read(_root() / "enums.toml")
    return MappingProxyType({name: _enumeration(name, body) for name, body in data.items()})


def enumeration(name: str) -> Enumeration:
    """The enumeration of that name.

    Raises:
        SchemaError: There is none; the message names the nearest.

    Example:
        >>> "reaction:love" in enumeration("metric")
        True
    """
    if name not in enumerations():
        raise SchemaError(f"there is no enumeration '{name}'", remedy=nearest(name, enumerations()))
    return enumerations()[name]


def parse_table(text: str, where: str) -> Table:
    """The table that a TOML text describes, checked in full.

    Args:
        text: Content of a file of `tables/`.
        where: Name of that file, for error messages.

    Raises:
        SchemaError: Not TOML, an unknown key or name, or a part that contradicts another.

    Example:
        >>> parse_table("keys = ['post_id']", "posts.toml")
        Traceback (most recent call last):
        perito.errors.SchemaError: posts.toml: 'keys' is not a known key. Did you mean 'key'?
    """
    body = _parse(text, where)
    _check_keys(body, _TABLE_KEYS, where)
    columns = tuple(_columns(_taken(body, "column", where), where))
    if "extends" in body:
        columns += _shared_columns(body["extends"])
    found = Table(
        name=_taken(body, "name", where),
        title=_bilingual(body, "title", where),
        about=_bilingual(body, "about", where),
        kind=_one_of(_taken(body, "kind", where), KINDS, f"{where}: kind"),
        key=tuple(_taken(body, "key", where)),
        columns=columns,
        current=tuple(body.get("current", ())),
        any_of=tuple(tuple(group) for group in body.get("any_of", ())),
    )
    _check_table(found, where)
    return found


def _root() -> Traversable:
    return files("perito.schema")


@cache
def _table_of(name: str) -> Table:
    where = f"tables/{name}.toml"
    found = parse_table((_root() / "tables" / f"{name}.toml").read_text("utf-8"), where)
    _one_of(found.name, (name,), f"{where}: name")
    return found


@cache
def _shared_columns(name: str) -> tuple[Column, ...]:
    where = f"tables/_{name}.toml"
    body = _read(_root() / "tables" / f"_{name}.toml")
    _check_keys(body, {"column": list}, where)
    return tuple(_columns(_taken(body, "column", where), where))


def _read(file: Traversable) -> dict[str, Any]:
    return _parse(file.read_text("utf-8"), file.name)


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SchemaError("the file is not TOML", where=where, found=str(error)) from error


def _columns(entries: Iterable[Mapping[str, Any]], where: str) -> Iterator[Column]:
    for entry in entries:
        name = _taken(entry, "name", where)
        yield _column(name, entry, f"{where}: {name}")


def _column(name: str, entry: Mapping[str, Any], where: str) -> Column:
    _check_keys(entry, _COLUMN_KEYS, where)
    is_time = name.endswith("_us")
    has_own_basis = is_time and "fixed_basis" not in entry
    return Column(
        name=name,
        type=_one_of(_taken(entry, "type", where), TYPES, where),
        about=_bilingual(entry, "about", where),
        required=entry.get("required", False),
        enum=entry.get("enum"),
        list_of=entry.get("list_of"),
        minimum=entry.get("min", EARLIEST_US if is_time else None),
        maximum=entry.get("max", LATEST_US if is_time else None),
        unit=entry.get("unit"),
        basis=entry.get("basis", _default_basis(name) if has_own_basis else None),
        fixed_basis=entry.get("fixed_basis"),
        null_if=_null_rule(entry["null_if"], where) if "null_if" in entry else None,
    )


def _null_rule(body: Mapping[str, Any], where: str) -> NullRule:
    _check_keys(body, _RULE_KEYS, f"{where}: null_if")
    return NullRule(_taken(body, "column", where), _taken(body, "equals", where))


def _default_basis(name: str) -> str:
    """The basis column of a time by its name: `created_basis` of `created_at_us`, `day_basis` of `day_us`."""
    return name.removesuffix("_us").removesuffix("_at") + "_basis"


def _enumeration(name: str, body: Mapping[str, Any]) -> Enumeration:
    where = f"enums.toml: {name}"
    _check_keys(body, _ENUMERATION_KEYS, where)
    values = _taken(body, "values", where)
    meanings = {value: _bilingual(values, value, where) for value in values}
    return Enumeration(
        name, _bilingual(body, "about", where), MappingProxyType(meanings), tuple(body.get("prefixes", ()))
    )


def _bilingual(body: Mapping[str, Any], key: str, where: str) -> Bilingual:
    words = _taken(body, key, where)
    _check_keys(words, _WORDS_KEYS, f"{where}: {key}")
    missing = [language for language in LANGUAGES if not words.get(language)]
    if missing:
        raise SchemaError(f"'{key}' has no words in '{missing[0]}'", where=where)
    return Bilingual(words["en"], words["es"])


def _taken(body: Mapping[str, Any], key: str, where: str) -> Any:  # noqa: ANN401  (TOML holds anything)
    if key not in body:
        raise SchemaError(f"'{key}' is missing", where=where)
    return body[key]


def _check_keys(body: Mapping[str, Any], known: Mapping[str, type | tuple[type, ...]], where: str) -> None:
    for key, value in body.items():
        if key not in known:
            raise SchemaError(f"'{key}' is not a known key", where=where, remedy=nearest(key, known))
        if not isinstance(value, known[key]):
            raise SchemaError(f"'{key}' has a value of the wrong type", where=where, found=repr(value))


def _one_of(value: str, known: tuple[Any, ...], where: str) -> Any:  # noqa: ANN401  (a literal of `known`)
    if value not in known:
        raise SchemaError(f"'{value}' is not known here", where=where, remedy=nearest(value, known))
    return value


def _check_table(found: Table, where: str) -> None:
    if len(found.column_names) != len(found.columns):
        raise SchemaError("two columns have the same name", where=where)
    referred = [*found.key, *found.current, *(name for group in found.any_of for name in group)]
    if found.current:
        referred += ["observed_at_us", "evidence_id", "locator"]
    for name in referred:
        found.column(name)
    if not found.key:
        raise SchemaError("a table needs a key", where=where)
    for column in found.columns:
        _check_column(column, found, f"{where}: {column.name}")


def _check_column(column: Column, found: Table, where: str) -> None:
    if not _NAME.fullmatch(column.name):
        raise SchemaError(
            f"'{column.name}' is not a column name", where=where, expected="lower_case_with_underscores"
        )
    for name in filter(None, (column.enum, column.list_of)):
        _one_of(name, tuple(enumerations()), f"{where}: enumeration")
        if column.type != "text":
            raise SchemaError("an enumeration needs type text", where=where, found=column.type)
    if (column.minimum, column.maximum) != (None, None) and column.type not in _NUMERIC:
        raise SchemaError("bounds need a number", where=where, found=column.type)
    if column.null_if:
        found.column(column.null_if.column)
    _check_time(column, found, where)


def _check_time(column: Column, found: Table, where: str) -> None:
    if not column.is_time:
        if column.basis or column.fixed_basis:
            raise SchemaError("only a time has a basis", where=where, expected="a name that ends in '_us'")
        return
    if column.type != "bigint":
        raise SchemaError("a time is a bigint", where=where, found=column.type)
    if column.fixed_basis is not None:
        _one_of(column.fixed_basis, tuple(enumeration("time_basis").values), where)
    elif found.column(column.basis or "").enum != "time_basis":
        raise SchemaError(f"'{column.basis}' is no time basis", where=where, expected="enum = 'time_basis'")
