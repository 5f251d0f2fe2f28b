"""The canonical tables as data: one TOML file a table, and what is made from it.

`tables/*.toml` and `enums.toml` say which columns there are, what they may hold and what they mean;
from them come the DuckDB tables and views (`ddl`, `views`), the Arrow schemas and checks
(`arrow_schema`, `cast_columns`, `violations`) and the reference page (`reference`). No file is read
before it is asked for, and pyarrow is imported with the first of the Arrow names.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from perito.schema.ddl import ddl, views
from perito.schema.model import enumeration, enumerations, parse_table, table, table_names, tables
from perito.schema.reference import reference
from perito.schema.shape import Bilingual, Column, Enumeration, NullRule, Table

if TYPE_CHECKING:
    from perito.schema.arrow import Violation, arrow_schema, cast_columns, violations

__all__ = [
    "Bilingual",
    "Column",
    "Enumeration",
    "NullRule",
    "Table",
    "Violation",
    "arrow_schema",
    "cast_columns",
    "ddl",
    "enumeration",
    "enumerations",
    "parse_table",
    "reference",
    "table",
    "table_names",
    "tables",
    "views",
    "violations",
]

_IN_ARROW = frozenset({"Violation", "arrow_schema", "cast_columns", "violations"})


def __getattr__(name: str) -> Any:  # noqa: ANN401  (a module's attribute is anything)
    if name not in _IN_ARROW:
        raise AttributeError(f"module 'perito.schema' has no attribute '{name}'")
    return getattr(import_module("perito.schema.arrow"), name)


def __dir__() -> list[str]:
    return __all__
