"""The rules on the relations of a portable query: joins, grouping, orders, names, set operations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from perito.engine.portable import refuse
from perito.engine.portable_facts import Fact, Keys, Relation, Scope, canonical
from perito.engine.portable_values import Values, has_aggregate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Outputs = dict[str, tuple[str, Fact]]  # name of a column of the result: its expression's text, what is known
_ONE_ROW: frozenset[str] = frozenset()


def check_queries(tree: exp.Query, order_is_explicit: frozenset[int]) -> None:
    """Refuse a query that breaks a rule on kinds, NULL, keys, division, joins or order.

    Args:
        tree: The query, in which every construct is on the list.
        order_is_explicit: Which sort keys, in the order of the walk, name a place for NULL.

    Raises:
        MeasureError: Naming the construct and the portable way.
    """
    keys = enumerate(tree.find_all(exp.Ordered))
    _Queries(tree, frozenset(id(key) for at, key in keys if at in order_is_explicit)).query(tree, {}, None)


@dataclass(frozen=True)
class _Queries:
    """Walks the relations of a query; expressions are judged by `Values`."""

    whole: exp.Query
    explicit: frozenset[int]

    def query(self, node: exp.Expr, named: Mapping[str, Relation], outer: Scope | None) -> Relation:
        """What is known of the rows of a query."""
        named = self._with(node, named, outer)
        if isinstance(node, exp.Subquery):
            return self.query(node.this, named, outer)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, named, outer)
        if isinstance(node, exp.Select):
            return self._select(node, named, outer)
        raise refuse("unknown", node)

    def check_order(
        self,
        order: exp.Expr,
        values: Values,
        keys: Keys | None,
        fixed: Iterable[str] = (),
        outputs: Outputs | None = None,
    ) -> None:
        """Refuse an order with an open place for NULL and, where keys are given, one that is not total.

        Args:
            order: The ORDER BY.
            values: What judges its expressions.
            keys: The keys of the rows; None where ties do no harm.
            fixed: What is equal in all rows that are ordered together.
            outputs: The columns of the result, which the order can name.
        """
        sorted_by = set(fixed)
        for key in order.expressions:
            text, fact = _sort_key(key.this, values, outputs or {})
            if fact.is_nullable and id(key) not in self.explicit:
                raise refuse("nulls", key)
            sorted_by.add(text)
        if keys is not None and not any(key <= sorted_by for key in keys):
            raise refuse("order", order)

    def _with(
        self, node: exp.Expr, named: Mapping[str, Relation], outer: Scope | None
    ) -> Mapping[str, Relation]:
        clause = node.args.get("with_")
        known = dict(named)
        for part in clause.expressions if clause else ():
            known[part.alias.lower()] = self.query(part.this, known, outer).renamed(part.args["alias"])
        return known

    def _set_operation(
        self, node: exp.SetOperation, named: Mapping[str, Relation], outer: Scope | None
    ) -> Relation:
        left, right = (self.query(side, named, outer) for side in (node.this, node.expression))
        if len(left.columns) != len(right.columns):
            raise refuse("type", node, "a different number of columns")
        pairs = zip(left.columns.items(), right.columns.values(), strict=True)
        columns = {name: one.joined(other, node) for (name, one), other in pairs}
        keys: Keys = (frozenset(columns),) if node.args.get("distinct") else ()
        if not isinstance(node, exp.Union):
            keys += left.keys
        outputs = {name: (name, fact) for name, fact in columns.items()}
        self._check_cut(node, Values(Scope({}), named, self), keys, outputs)
        return Relation(columns, keys)

    def _select(self, node: exp.Select, named: Mapping[str, Relation], outer: Scope | None) -> Relation:
        scope, keys = self._sources(node, named, outer)
        values = Values(scope, named, self)
        if node.args.get("where") is not None:
            condition = node.args["where"].this
            values.condition(condition)
            fixed = set(values.fixed(condition))
            keys = tuple(key - fixed for key in keys)
        keys = self._grouped(node, values, keys)
        values = replace(values, keys=keys, is_grouped=node.args.get("group") is not None)
        if node.args.get("having") is not None:
            values.condition(node.args["having"].this)
        outputs = self._outputs(node, values)
        keys += tuple(values.numbered)
        if node.args.get("distinct") is not None:
            keys = (*keys, frozenset(text for text, _ in outputs.values()))
        self._check_cut(node, values, keys, outputs)
        names = {text: name for name, (text, _) in outputs.items()}
        kept = [frozenset(names[text] for text in key) for key in keys if key <= names.keys()]
        return Relation({name: fact for name, (_, fact) in outputs.items()}, tuple(kept))

    # --- where rows come from ----------------------------------------------------------------------

    def _sources(
        self, node: exp.Select, named: Mapping[str, Relation], outer: Scope | None
    ) -> tuple[Scope, Keys]:
        start = node.args.get("from_")
        if start is None:
            return Scope({}, outer), (_ONE_ROW,)
        alias, relation = self._source(start.this, named, outer)
        sources, keys = {alias: relation}, relation.named_by(alias)
        for join in node.args.get("joins") or ():
            name, joined = self._source(join.this, named, outer)
            if name in sources:
                raise refuse("name", join)
            keys = self._join(join, Values(Scope({**sources, name: joined}, outer), named, self), keys, name)
            joined = joined.nullable() if join.side.upper() == "LEFT" else joined
            sources[name] = joined.without(key.name.lower() for key in join.args.get("using") or ())
        return Scope(sources, outer), keys

    def _source(
        self, node: exp.Expr, named: Mapping[str, Relation], outer: Scope | None
    ) -> tuple[str, Relation]:
        alias = node.alias_or_name.lower()
        if isinstance(node, exp.Values):
            return alias, self._constants(node)
        if isinstance(node, exp.Subquery) and alias:
            return alias, self.query(node.this, named, outer).renamed(node.args.get("alias"))
        if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
            raise refuse("table", node)
        relation = named[node.name.lower()] if node.name.lower() in named else canonical(node)
        return alias, relation.renamed(node.args.get("alias"))

    def _constants(self, node: exp.Values) -> Relation:
        """A VALUES list: the kinds of its columns; together they are a key if no two rows are equal."""
        given = node.args.get("alias")
        names = [column.name.lower() for column in given.columns] if given else []
        rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in node.expressions]
        if not names or any(len(row) != len(names) for row in rows):
            raise refuse("alias", node)
        values = Values(Scope({}), {}, self)
        columns = {name: values.either([row[at] for row in rows], node) for at, name in enumerate(names)}
        is_distinct = len({row.sql() for row in node.expressions}) == len(rows)
        return Relation(columns, (frozenset(names),) if is_distinct else ())

    def _join(self, join: exp.Join, values: Values, keys: Keys, name: str) -> Keys:
        """The keys after a join; refused unless it is by equality, or with a constant list or one row."""
        joined = values.scope.sources[name]
        theirs = joined.named_by(name)
        if join.kind.upper() == "CROSS":
            if not isinstance(join.this, exp.Values) and _ONE_ROW not in joined.keys:
                raise refuse("join", join)
            return tuple(one | other for one in keys for other in theirs)
        if join.kind.upper() not in ("", "INNER") or join.side.upper() not in ("", "LEFT"):
            raise refuse("join", join)
        equal = self._equalities(join, values, name)
        if not equal:
            raise refuse("join", join)
        if any(key <= equal for key in theirs):
            return keys  # a row of the left meets at most one row of the right
        return tuple(one | other for one in keys for other in theirs)

    def _equalities(self, join: exp.Join, values: Values, name: str) -> set[str]:
        """What a join makes equal, of the relation `name`, to something of the relations before it."""
        using = [key.name.lower() for key in join.args.get("using") or ()]
        sources = values.scope.sources
        for key in using:
            owners = [
                alias for alias, relation in sources.items() if alias != name and key in relation.columns
            ]
            if len(owners) != 1 or key not in sources[name].columns:
                raise refuse("name", join)
            sources[owners[0]].columns[key].joined(sources[name].columns[key], join)
        if using:
            return {f"{name}.{key}" for key in using}
        if join.args.get("on") is None:
            return set()
        values.condition(join.args["on"])
        return set(values.equated(join.args["on"], name))

    # --- what becomes of them ----------------------------------------------------------------------

    def _grouped(self, node: exp.Select, values: Values, keys: Keys) -> Keys:
        group = node.args.get("group")
        if group is None:
            having = node.args.get("having")
            return (_ONE_ROW,) if having or has_aggregate(node.expressions) else keys
        for part in group.expressions:
            if isinstance(part, exp.Literal):
                raise refuse("part", group, "GROUP BY a position")
            values.fact(part)
        return (frozenset(values.text(part) for part in group.expressions),)

    def _outputs(self, node: exp.Select, values: Values) -> Outputs:
        """The columns of the result; those of the whole query have names, and no whole floats."""
        outputs: Outputs = {}
        is_result = node.parent is None or isinstance(node.parent, exp.SetOperation)
        for name, text, fact in self._expanded(node, values, is_result=is_result):
            if name in outputs:
                raise refuse("alias", node, name)
            if is_result and fact.kind == "quotient":
                raise refuse("division", node, name)
            outputs[name] = (text, fact)
        return outputs

    def _expanded(
        self, node: exp.Select, values: Values, *, is_result: bool
    ) -> Iterator[tuple[str, str, Fact]]:
        for number, part in enumerate(node.expressions):
            if part.is_star and not part.find(exp.Count):
                owner = part.table.lower() if isinstance(part, exp.Column) else ""
                for alias, relation in values.scope.sources.items():
                    if owner in ("", alias):
                        yield from ((n, f"{alias}.{n}", fact) for n, fact in relation.columns.items())
                continue
            name = part.alias_or_name.lower() if isinstance(part, exp.Alias | exp.Column) else ""
            if is_result and not name:
                raise refuse("alias", part)
            inner = part.this if isinstance(part, exp.Alias) else part
            yield name or f"column {number}", values.text(inner), values.fact(inner)

    def _check_cut(self, node: exp.Expr, values: Values, keys: Keys, outputs: Outputs) -> None:
        """Refuse an order that is not total, and LIMIT or OFFSET without one."""
        order, cut = node.args.get("order"), node.args.get("limit") or node.args.get("offset")
        if order is not None:
            whole_rows = frozenset(text for text, _ in outputs.values())  # equal ones can change places
            self.check_order(order, values, (*keys, whole_rows), outputs=outputs)
        elif cut is not None and _ONE_ROW not in keys:
            raise refuse("order", node, cut.sql().strip())


def _sort_key(node: exp.Expr, values: Values, outputs: Outputs) -> tuple[str, Fact]:
    """The text of what is sorted by, and what is known of it: a column of the result first, as SQL has it."""
    if isinstance(node, exp.Literal):
        raise refuse("part", node, "ORDER BY a position")
    if isinstance(node, exp.Column) and not node.table and node.name.lower() in outputs:
        return outputs[node.name.lower()]
    return values.text(node), values.fact(node)
