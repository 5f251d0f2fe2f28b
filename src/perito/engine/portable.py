"""The portable subset of SQL: what DuckDB and Spark answer alike. Any other query is refused before it runs.

The subset is a list of what is allowed (`portable.toml`), not of what is forbidden: a construct that
nobody has thought of is refused too. Conditions that need types, NULL or keys are in `portable_values`
and `portable_queries`. The measures' queries are checked by the tests, and by Spark before it runs them; a
default installation has no parser and does not need one.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from perito.errors import CaseError, MeasureError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlglot import Dialect, exp

SQLGLOT_VERSION = "30.30.0"  # the pin of the extra; another version may transpile otherwise
_SHOWN = 100


@dataclass(frozen=True)
class Rule:
    """One reason to refuse: what it is, why the engines differ, and the portable way to write it."""

    construct: str
    because: str
    instead: str
    example: str


@dataclass(frozen=True)
class Subset:
    """The portable subset as data.

    `allowed` maps a class of the parser to the parts it may have; `nodes` and `functions` map what is
    known to differ to the reason; `rules` are the conditions by id.
    """

    allowed: Mapping[str, frozenset[str]]
    nodes: Mapping[str, Rule]
    functions: Mapping[str, Rule]
    rules: Mapping[str, Rule]


@cache
def subset() -> Subset:
    """The portable subset of SQL.

    Example:
        >>> subset().functions["hash"].construct
        'hash functions'
    """
    data = tomllib.loads(files("perito.engine").joinpath("portable.toml").read_text("utf-8"))
    nodes: dict[str, Rule] = {}
    functions: dict[str, Rule] = {}
    for entry in data["refused"]:
        rule = _rule(entry)
        nodes |= dict.fromkeys(entry["nodes"], rule)
        functions |= dict.fromkeys(entry["functions"], rule)
    return Subset(
        allowed={name: frozenset(parts) for name, parts in data["allowed"].items()},
        nodes=nodes,
        functions=functions,
        rules={entry["id"]: _rule(entry) for entry in data["rule"]},
    )


def check_portable(sql: str) -> None:
    """Refuse a query that the two engines may answer differently.

    Args:
        sql: The query, in the dialect of DuckDB, over the canonical tables.

    Raises:
        MeasureError: Naming the construct, its line, why the engines differ, and the portable way.
        CaseError: The parser is not installed, or in another version than the one that was tested.

    Example:
        >>> check_portable("SELECT post_id FROM posts ORDER BY post_id, evidence_id, locator")
        >>> check_portable("SELECT hash(post_id) AS bucket FROM posts")  # doctest: +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        perito.errors.MeasureError: line 1 of the query: not portable: hash functions ...
    """
    parsed(sql)


def parsed(sql: str) -> exp.Query:
    """The syntax tree of a portable query.

    Raises:
        MeasureError: As `check_portable`.
        CaseError: The parser is not installed, or in another version than the one that was tested.
    """
    from perito.engine.portable_queries import check_queries

    tree, order_is_explicit = _parse(sql)
    _check_grammar(tree)
    check_queries(tree, order_is_explicit)
    return tree


def refuse(rule: str | Rule, node: exp.Expr | None, detail: str = "") -> MeasureError:
    """The error for a node of the tree that breaks a rule, named by id or given."""
    reason = subset().rules[rule] if isinstance(rule, str) else rule
    text = "" if node is None else node.sql("duckdb")
    return MeasureError(
        f"not portable: {reason.construct}: {reason.because}",
        where=_place(node),
        found=detail or (text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"),
        remedy=reason.instead,
    )


def require_sqlglot() -> None:
    """Refuse to go on without the parser in the version that was tested.

    Raises:
        CaseError: It is not installed, or in another version.
    """
    try:
        import sqlglot
    except ImportError:
        raise CaseError(
            "the SQL parser 'sqlglot' is not installed",
            remedy="install the extra: pip install 'perito[spark]'",
        ) from None
    found = getattr(sqlglot, "__version__", "")
    if found != SQLGLOT_VERSION:
        raise CaseError(
            "the SQL parser 'sqlglot' has another version than the one that was tested",
            expected=SQLGLOT_VERSION,
            found=found,
            remedy="install the extra with its pins: pip install 'perito[spark]'",
        )


def _parse(sql: str) -> tuple[exp.Query, frozenset[int]]:
    """The tree, and the positions (in the order of the walk) of sort keys that name a place for NULL.

    The parser fills in the dialect's default. Read under two defaults that are always opposite, a key
    says the same twice only if the text says it.
    """
    require_sqlglot()
    from sqlglot import exp

    trees = [_tree(sql, null_ordering) for null_ordering in ("nulls_are_small", "nulls_are_large")]
    keys = [[key.args.get("nulls_first") for key in tree.find_all(exp.Ordered)] for tree in trees]
    explicit = frozenset(at for at, (small, large) in enumerate(zip(*keys, strict=True)) if small == large)
    return _tree(sql, "nulls_are_last"), explicit


def _tree(sql: str, null_ordering: str) -> exp.Query:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        statements = sqlglot.parse(sql, read=_dialect(null_ordering))
    except SqlglotError as error:
        raise MeasureError("the query cannot be read", found=str(error).partition("\n")[0][:200]) from error
    if len(statements) != 1 or statements[0] is None:
        raise refuse("statement", None, f"{len(statements)} statements")
    tree = statements[0]
    if not isinstance(tree, exp.Select | exp.SetOperation):
        raise refuse(subset().nodes.get(type(tree).__name__, "statement"), tree)
    return tree


@cache
def _dialect(null_ordering: str) -> type[Dialect]:
    from sqlglot.dialects.duckdb import DuckDB

    return type(f"DuckDB_{null_ordering}", (DuckDB,), {"NULL_ORDERING": null_ordering})


def _check_grammar(tree: exp.Expr) -> None:
    """Refuse every construct, and every part of one, that is not on the list."""
    known = subset()
    for node in tree.walk():
        name = type(node).__name__
        if name in known.nodes:
            raise refuse(known.nodes[name], node)
        if name == "Anonymous" and node.name.lower() != "bit_count":
            raise refuse(known.functions.get(node.name.lower(), "unknown"), node)
        if name not in known.allowed:
            raise refuse("unknown", node)
        for part in _parts(node):
            if part not in known.allowed[name]:
                raise refuse(_rule_of_part(node, part), node, f"{name.lower()} {part}")


def _parts(node: exp.Expr) -> Iterator[str]:
    return (part for part, value in node.args.items() if value not in (None, False, []))


def _rule_of_part(node: exp.Expr, part: str) -> Rule | str:
    """The reason that is known for a construct inside the part, or that the part is not on the list."""
    if type(node).__name__ == "Table" and part in {"db", "catalog"}:
        return "table"
    if type(node).__name__ == "Join" and part in {"method", "match_condition"}:
        return "join"
    value = node.args[part]
    inner = value[0] if isinstance(value, list) else value
    return subset().nodes.get(type(inner).__name__, "part")


def _place(node: exp.Expr | None) -> str:
    if node is None:
        return "the query"
    lines = [inner.meta["line"] for inner in node.walk() if "line" in inner.meta]
    if not lines and node.parent is not None:
        return _place(node.parent)
    return f"line {min(lines)} of the query" if lines else "the query"


def _rule(entry: Mapping[str, str]) -> Rule:
    return Rule(entry["construct"], entry["because"], entry["instead"], entry["example"])
