"""The canonical tables in SQL: DuckDB tables with their checks and comments, and views for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.schema.model import enumeration, tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perito.schema.shape import Column, NullRule, Table

_SQL_TYPES = {
    "text": "VARCHAR",
    "bigint": "BIGINT",
    "integer": "INTEGER",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "decimal(18,6)": "DECIMAL(18,6)",
}


def ddl(language: str = "en", *, keys: bool = True) -> str:
    """DuckDB statements that create every table: types, NOT NULL, checks, keys, and a comment per column.

    Args:
        language: Language of the comments, `en` or `es`.
        keys: Whether to declare keys. They cost an index each: leave them out for a bulk load.

    Raises:
        SchemaError: Not a language of the schema.

    Example:
        >>> ddl().count("CREATE TABLE") == len(tables())
        True
    """
    return "\n".join(_table_sql(table, language, keys=keys) for table in tables().values())


def views() -> str:
    """DuckDB statements that create the documented views.

    `<table>_current` has the latest observation of each account, post or counter: the row with the
    greatest `observed_at_us`, and among equal times the one with the smallest evidence id and locator.
    `<table>_readable` shows each `<name>_us` as the UTC timestamp `<name>_utc`.

    Example:
        >>> '"posts_current"' in views()
        True
    """
    return "\n".join(statement for table in tables().values() for statement in _view_sql(table))


def _table_sql(table: Table, language: str, *, keys: bool) -> str:
    parts = [_column_sql(column) for column in table.columns]
    parts += [f"CHECK ({condition})" for condition in _row_conditions(table)]
    if keys:
        is_primary = all(table.column(name).required for name in table.key)
        parts.append(f"{'PRIMARY KEY' if is_primary else 'UNIQUE'} ({_list(table.key)})")
    name = _name(table.name)
    statements = [f"CREATE TABLE {name} (\n  " + ",\n  ".join(parts) + "\n);"]
    statements.append(f"COMMENT ON TABLE {name} IS {_text(table.about.in_language(language))};")
    for column in table.columns:
        comment = _text(column.about.in_language(language))
        statements.append(f"COMMENT ON COLUMN {name}.{_name(column.name)} IS {comment};")
    return "\n".join(statements) + "\n"


def _column_sql(column: Column) -> str:
    conditions = list(_value_conditions(column))
    return " ".join(
        (
            _name(column.name),
            _SQL_TYPES[column.type],
            *(["NOT NULL"] if column.required else []),
            *([f"CHECK ({' AND '.join(conditions)})"] if conditions else []),
        )
    )


def _value_conditions(column: Column) -> Iterator[str]:
    name = _name(column.name)
    if column.enum:
        allowed = enumeration(column.enum)
        known = f"{name} IN ({', '.join(map(_text, allowed.values))})"
        open_ones = [
            f"starts_with({name}, {_text(prefix)}) AND length({name}) > {len(prefix)}"
            for prefix in allowed.prefixes
        ]
        yield f"({' OR '.join([known, *open_ones])})"
    if column.type == "double":
        yield f"isfinite({name})"
    if column.minimum is not None:
        yield f"{name} >= {column.minimum}"
    if column.maximum is not None:
        yield f"{name} <= {column.maximum}"


def _row_conditions(table: Table) -> Iterator[str]:
    for group in table.any_of:
        yield " OR ".join(f"{_name(name)} IS NOT NULL" for name in group)
    for column in table.columns:
        name = _name(column.name)
        if column.basis and not table.column(column.basis).required:
            yield f"{name} IS NULL OR {_name(column.basis)} IS NOT NULL"
        if column.null_if:
            yield f"({name} IS NULL) = ({_rule_sql(column.null_if)})"


def _rule_sql(rule: NullRule) -> str:
    value = _text(rule.equals) if isinstance(rule.equals, str) else str(rule.equals).lower()
    return f"{_name(rule.column)} IS NOT DISTINCT FROM {value}"


def _view_sql(table: Table) -> Iterator[str]:
    if table.current:
        yield (
            f"CREATE VIEW {_name(table.name + '_current')} AS\n"
            f"SELECT {_list(table.column_names)}\nFROM (\n"
            f"  SELECT *, row_number() OVER (\n"
            f"    PARTITION BY {_list(table.current)}\n"
            f'    ORDER BY "observed_at_us" DESC, "evidence_id", "locator"\n'
            f'  ) AS "newest_first"\n  FROM {_name(table.name)}\n) AS "ordered"\nWHERE "newest_first" = 1;\n'
        )
    if any(column.is_time for column in table.columns):
        shown = ",\n  ".join(_shown(column) for column in table.columns)
        view = _name(table.name + "_readable")
        yield f"CREATE VIEW {view} AS\nSELECT\n  {shown}\nFROM {_name(table.name)};\n"


def _shown(column: Column) -> str:
    if not column.is_time:
        return _name(column.name)
    return f"make_timestamp({_name(column.name)}) AS {_name(column.name.removesuffix('_us') + '_utc')}"


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(map(_name, names))


def _name(name: str) -> str:
    return f'"{name}"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
