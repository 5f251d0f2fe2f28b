"""What is known of values and relations of a portable query before it runs: kinds, NULL, keys.

An order of rows is total when what it sorts by holds a key. What cannot be shown from the schema and the
text counts as unknown and is refused where it matters: a rule that guesses would be no rule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from perito.engine.portable import refuse
from perito.errors import SchemaError
from perito.schema import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlglot import exp

Keys = tuple[frozenset[str], ...]

_NUMBERS = ("integer", "bigint", "decimal", "quotient", "double")  # from narrow to wide
_OPEN = ("null", "parameter")  # kinds that go with any other


@dataclass(frozen=True)
class Fact:
    """What is known of a value.

    `kind` is text, integer, bigint, decimal, double, boolean, quotient (a whole number as a float), null,
    or parameter; `scale` counts the decimals of a decimal.
    """

    kind: str
    is_nullable: bool = False
    scale: int = 0

    @property
    def is_number(self) -> bool:
        """Whether it is a number, or may be one."""
        return self.kind in _NUMBERS or self.kind in _OPEN

    @property
    def is_whole(self) -> bool:
        """Whether it is an integer, or may be one."""
        return self.kind in ("integer", "bigint", *_OPEN)

    def joined(self, other: Fact, node: exp.Expr) -> Fact:
        """What is known of a value that is either of two.

        Raises:
            MeasureError: They are of different kinds, which the engines would convert in their own way.
        """
        nullable, scale = self.is_nullable or other.is_nullable, max(self.scale, other.scale)
        if other.kind in _OPEN or self.kind == other.kind:
            return Fact(self.kind, nullable, scale)
        if self.kind in _OPEN:
            return Fact(other.kind, nullable, scale)
        if self.kind in _NUMBERS and other.kind in _NUMBERS:
            return Fact(max(self.kind, other.kind, key=_NUMBERS.index), nullable, scale)
        raise refuse("type", node)


@dataclass(frozen=True)
class Relation:
    """The columns of a relation with what is known of each, and its keys; an empty key means one row."""

    columns: Mapping[str, Fact]
    keys: Keys = ()

    def renamed(self, alias: exp.Expr | None) -> Relation:
        """The relation with the column names that an alias gives it, `t(a, b)`."""
        names = [column.name.lower() for column in alias.args.get("columns") or ()] if alias else []
        if not names:
            return self
        if alias is not None and len(names) != len(self.columns):
            raise refuse("name", alias)
        new = dict(zip(self.columns, names, strict=True))
        keys = tuple(frozenset(new[name] for name in key) for key in self.keys)
        return Relation({new[name]: fact for name, fact in self.columns.items()}, keys)

    def nullable(self) -> Relation:
        """The relation as the outer side of a join: every column can be NULL."""
        facts = {name: replace(fact, is_nullable=True) for name, fact in self.columns.items()}
        return Relation(facts, self.keys)

    def without(self, names: Iterable[str]) -> Relation:
        """The relation with some columns out of reach, as after a join by USING."""
        hidden = set(names)
        return Relation({name: fact for name, fact in self.columns.items() if name not in hidden}, self.keys)

    def named_by(self, alias: str) -> Keys:
        """Its keys in full names, `alias.column`."""
        return tuple(frozenset(f"{alias}.{name}" for name in key) for key in self.keys)


@dataclass(frozen=True)
class Scope:
    """The relations that an expression can name, by alias, and the scope around a subquery."""

    sources: Mapping[str, Relation]
    outer: Scope | None = None

    def find(self, column: exp.Column) -> tuple[str, Fact]:
        """The full name of a column and what is known of it.

        Raises:
            MeasureError: No such column, or several.
        """
        name, owner = column.name.lower(), column.table.lower()
        found = [
            (f"{alias}.{name}", relation.columns[name])
            for alias, relation in self.sources.items()
            if name in relation.columns and owner in ("", alias)
        ]
        if len(found) == 1:
            return found[0]
        if not found and self.outer is not None:
            return self.outer.find(column)
        raise refuse("name", column)


def canonical(node: exp.Table) -> Relation:
    """What the schema says of a canonical table.

    Raises:
        MeasureError: There is no such table.
    """
    try:
        known = table(node.name)
    except SchemaError:
        raise refuse("name", node) from None
    columns = {
        column.name: Fact(
            "decimal" if column.type.startswith("decimal") else column.type,
            is_nullable=not column.required,
            scale=6 if column.type.startswith("decimal") else 0,
        )
        for column in known.columns
    }
    return Relation(columns, (frozenset(known.key),))
