"""The rules on values of a portable query: kinds, casts, division, sums, windows.

Every construct that may occur in an expression has a method here that says what is known of its value,
and refuses it where the engines may differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from sqlglot import exp

from perito.engine.portable import refuse
from perito.engine.portable_facts import Fact, Keys, Relation, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_INTEGER_END, _BIGINT_END = 2**31, 2**63
_NUMBERED_BY_ORDER = (exp.RowNumber, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue)
_RANKED = (exp.Rank, exp.DenseRank)
_WHOLE_TYPES = {exp.DType.BIGINT: "bigint", exp.DType.INT: "integer"}
_TIME_TYPES = {"DATE", "TIME", "TIMETZ", "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMPNTZ", "TIMESTAMPLTZ",
               "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "DATETIME", "INTERVAL"}  # fmt: skip
_TEXT_TYPES = (exp.DType.TEXT, exp.DType.VARCHAR)
_BOUNDS = ("UNBOUNDED", "CURRENT ROW")


class Queries(Protocol):
    """What judges subqueries and orders."""

    def query(self, node: exp.Expr, named: Mapping[str, Relation], outer: Scope | None) -> Relation:
        """What is known of the rows of a query."""

    def check_order(
        self, order: exp.Expr, values: Values, keys: Keys | None, fixed: Iterable[str] = ()
    ) -> None:
        """Refuse an order with an open place for NULL and, where keys are given, one that is not total."""


@dataclass(frozen=True)
class Values:
    """Judges the expressions of one SELECT.

    Args:
        scope: The relations that they can name.
        named: The queries that WITH has named, for subqueries.
        queries: What judges subqueries and orders.
        keys: The keys of the rows that windows see.
        is_grouped: Whether there is a GROUP BY: no group is empty.
        numbered: Receives the keys that row_number() makes.
    """

    scope: Scope
    named: Mapping[str, Relation]
    queries: Queries
    keys: Keys = ()
    is_grouped: bool = False
    numbered: list[frozenset[str]] = field(default_factory=list)

    def fact(self, node: exp.Expr) -> Fact:
        """What is known of a value.

        Raises:
            MeasureError: The engines may differ on it.
        """
        judge: Callable[[exp.Expr], Fact] | None = getattr(self, f"_{type(node).__name__.lower()}", None)
        if judge is None:
            raise refuse("unknown", node)
        return judge(node)

    def text(self, node: exp.Expr) -> str:
        """The expression in a form in which equal expressions have equal texts."""
        bare = node.unnest()
        if isinstance(bare, exp.Column):
            return self.scope.find(bare)[0]
        full = bare.copy()
        for column in list(full.find_all(exp.Column)):
            if column.find_ancestor(exp.Query) is None and not isinstance(column.this, exp.Star):
                column.replace(exp.column(self.scope.find(column)[0]))
        return full.sql("duckdb")

    def condition(self, node: exp.Expr) -> None:
        """Refuse a condition that is no truth value."""
        if self.fact(node).kind not in ("boolean", "null", "parameter"):
            raise refuse("type", node)

    def fixed(self, condition: exp.Expr) -> Iterator[str]:
        """The columns that a condition makes equal to a constant."""
        for left, right in _equations(condition):
            for one, other in ((left, right), (right, left)):
                if isinstance(one, exp.Column) and isinstance(other, exp.Literal | exp.Placeholder):
                    yield self.text(one)

    def equated(self, condition: exp.Expr, alias: str) -> Iterator[str]:
        """What a join condition makes equal, of the relation `alias`, to something of the others."""
        for left, right in _equations(condition):
            for one, other in ((left, right), (right, left)):
                if self._owners(one) == {alias} and alias not in self._owners(other) != set():
                    yield self.text(one)

    def _owners(self, node: exp.Expr) -> set[str]:
        return {self.scope.find(column)[0].partition(".")[0] for column in node.find_all(exp.Column)}

    @property
    def _ordering_keys(self) -> Keys:
        """The keys, and all columns together: rows that are equal in every column can change places."""
        sources = self.scope.sources.items()
        visible = frozenset(f"{alias}.{name}" for alias, relation in sources for name in relation.columns)
        return (*self.keys, visible)

    # --- names and constants -----------------------------------------------------------------------

    def _column(self, node: exp.Column) -> Fact:
        return self.scope.find(node)[1]

    def _paren(self, node: exp.Paren) -> Fact:
        return self.fact(node.this)

    def _literal(self, node: exp.Literal) -> Fact:
        digits = str(node.this)
        if node.is_string:
            return Fact("text")
        if "e" in digits.lower():
            raise refuse("float", node)
        if "." in digits:
            return Fact("decimal", scale=len(digits.partition(".")[2]))
        if int(digits) >= _BIGINT_END:
            raise refuse("wide", node)
        return Fact("integer" if int(digits) < _INTEGER_END else "bigint")

    def _boolean(self, _: exp.Boolean) -> Fact:
        return Fact("boolean")

    def _null(self, _: exp.Null) -> Fact:
        return Fact("null", is_nullable=True)

    def _placeholder(self, node: exp.Placeholder) -> Fact:
        if not str(node.this or "").isidentifier():
            raise refuse("name", node)
        return Fact("parameter", is_nullable=True)

    # --- conditions --------------------------------------------------------------------------------

    def _logical(self, node: exp.Expr) -> Fact:
        for part in node.iter_expressions():
            self.condition(part)
        return Fact("boolean", is_nullable=True)

    _and = _or = _not = _logical

    def _comparison(self, node: exp.Expr) -> Fact:
        first, *rest = node.iter_expressions()
        fact = self.fact(first)
        for other in rest:
            fact = fact.joined(self.fact(other), node)
        return Fact("boolean", is_nullable=not isinstance(node, exp.Is | exp.NullSafeEQ | exp.NullSafeNEQ))

    _eq = _neq = _lt = _lte = _gt = _gte = _between = _is = _nullsafeeq = _nullsafeneq = _comparison

    def _in(self, node: exp.In) -> Fact:
        fact = self.fact(node.this)
        for part in node.expressions:
            fact = fact.joined(self.fact(part), node)
        if node.args.get("query") is not None:
            columns = self._subrelation(node.args["query"]).columns
            if len(columns) != 1:
                raise refuse("part", node)
            fact.joined(next(iter(columns.values())), node)
        return Fact("boolean", is_nullable=True)

    def _exists(self, node: exp.Exists) -> Fact:
        self._subrelation(node.this)
        return Fact("boolean")

    def _subquery(self, node: exp.Subquery) -> Fact:
        relation = self._subrelation(node)
        if len(relation.columns) != 1 or frozenset() not in relation.keys:
            raise refuse("single", node)
        return replace(next(iter(relation.columns.values())), is_nullable=True)

    def _subrelation(self, node: exp.Expr) -> Relation:
        return self.queries.query(node, self.named, self.scope)

    def _like(self, node: exp.Like) -> Fact:
        pattern = node.expression
        if not (isinstance(pattern, exp.Literal) and pattern.is_string) or "\\" in pattern.this:
            raise refuse("like", node)
        return self._texts(node)

    def _texts(self, node: exp.Expr) -> Fact:
        facts = [self.fact(part) for part in node.iter_expressions()]
        if any(fact.kind not in ("text", "null", "parameter") for fact in facts):
            raise refuse("type", node)
        kind = "text" if isinstance(node, exp.DPipe) else "boolean"
        return Fact(kind, is_nullable=any(fact.is_nullable for fact in facts))

    _startswith = _dpipe = _texts

    # --- numbers and texts -------------------------------------------------------------------------

    def _arithmetic(self, node: exp.Expr) -> Fact:
        facts = [self.fact(part) for part in node.iter_expressions()]
        fact = facts[0]
        for other in facts[1:]:
            fact = fact.joined(other, node)
        if fact.kind in ("double", "quotient"):
            raise refuse("float", node)
        if not fact.is_number:
            raise refuse("type", node)
        scale = sum(f.scale for f in facts) if isinstance(node, exp.Mul) else fact.scale
        return replace(fact, scale=scale)

    _add = _sub = _mul = _arithmetic

    def _one_number(self, node: exp.Expr) -> Fact:
        fact = self.fact(node.this)
        if not fact.is_number:
            raise refuse("type", node)
        return fact

    _neg = _abs = _one_number

    def _bits(self, node: exp.Expr) -> Fact:
        fact = self._arithmetic(node)
        if not fact.is_whole:
            raise refuse("type", node)
        return fact

    _bitwisexor = _bitwiseand = _bitwiseor = _bits

    def _remainder(self, node: exp.Expr) -> Fact:
        fact = self._bits(node)
        divisor = node.expression.unnest()
        if isinstance(divisor, exp.Nullif) and _is_number(divisor.expression, 0):
            return replace(fact, is_nullable=True)
        if not isinstance(divisor, exp.Literal) or divisor.is_string or int(divisor.this) == 0:
            raise refuse("zero", node)
        return fact

    _mod = _remainder

    def _division(self, node: exp.Expr) -> Fact:
        fact = self._remainder(node)  # the same conditions on both sides, and the divisor is not zero
        if not _divides_exactly(node.this.unnest(), node.expression.unnest()):
            raise refuse("division", node)
        return replace(fact, kind="quotient") if isinstance(node, exp.Div) else fact

    _div = _intdiv = _division

    def _anonymous(self, node: exp.Anonymous) -> Fact:
        facts = [self.fact(part) for part in node.expressions]
        if len(facts) != 1 or facts[0].kind != "bigint" or not isinstance(node.parent, exp.Cast):
            raise refuse("bits", node)
        return Fact("integer", facts[0].is_nullable)

    def _length(self, node: exp.Length) -> Fact:
        return Fact("bigint", self._as_text(node).is_nullable)

    def _substring(self, node: exp.Substring) -> Fact:
        places = [node.args.get("start"), node.args.get("length")]
        if any(place is not None and not isinstance(place, exp.Literal) for place in places):
            raise refuse("substring", node)
        if places[0] is None or int(places[0].this) < 1:
            raise refuse("substring", node)
        return self._as_text(node)

    def _as_text(self, node: exp.Expr) -> Fact:
        fact = self.fact(node.this)
        if fact.kind not in ("text", "null", "parameter"):
            raise refuse("type", node)
        return fact

    # --- choices and casts -------------------------------------------------------------------------

    def _case(self, node: exp.Case) -> Fact:
        compared = node.args.get("this")
        answers = [branch.args["true"] for branch in node.args["ifs"]]
        for branch in node.args["ifs"]:
            if compared is None:
                self.condition(branch.this)
            else:
                self.fact(compared).joined(self.fact(branch.this), node)
        default = node.args.get("default")
        fact = self.either([*answers, default] if default is not None else answers, node)
        return fact if default is not None else replace(fact, is_nullable=True)

    def either(self, parts: Sequence[exp.Expr], node: exp.Expr) -> Fact:
        """What is known of a value that is one of several."""
        fact, *rest = [self.fact(part) for part in parts]
        for other in rest:
            fact = fact.joined(other, node)
        return fact

    def _first_known(self, node: exp.Expr) -> Fact:
        parts = [node.this, *node.expressions]
        return replace(self.either(parts, node), is_nullable=all(self.fact(p).is_nullable for p in parts))

    _coalesce = _greatest = _least = _first_known

    def _nullif(self, node: exp.Nullif) -> Fact:
        self._comparison(node)
        return replace(self.fact(node.this), is_nullable=True)

    def _cast(self, node: exp.Cast) -> Fact:
        target, fact = node.to, self.fact(node.this)
        wanted = target.this
        if wanted == exp.DType.DECIMAL:
            return self._to_decimal(node, fact)
        if wanted.name in _TIME_TYPES:
            raise refuse("time_type", node)
        if target.expressions or wanted not in (*_WHOLE_TYPES, *_TEXT_TYPES, exp.DType.BOOLEAN):
            raise refuse("cast" if wanted in (exp.DType.DOUBLE, exp.DType.FLOAT) else "wide", node)
        if wanted in _WHOLE_TYPES:
            allowed = fact.is_whole or fact.kind == "boolean" or (fact.kind == "decimal" and not fact.scale)
            kind = _WHOLE_TYPES[wanted]
        elif wanted in _TEXT_TYPES:
            allowed, kind = fact.kind not in ("double", "quotient"), "text"
        else:
            allowed, kind = fact.kind in ("boolean", "null", "parameter"), "boolean"
        if not allowed:
            raise refuse("cast", node)
        return Fact(kind, fact.is_nullable)

    def _to_decimal(self, node: exp.Cast, fact: Fact) -> Fact:
        sizes = [int(part.this.this) for part in node.to.expressions]
        scale = sizes[1] if len(sizes) > 1 else 0
        is_wider = fact.is_whole or (fact.kind == "decimal" and fact.scale <= scale)
        if not is_wider:
            raise refuse("cast", node)
        return Fact("decimal", fact.is_nullable, scale)

    # --- aggregates and windows --------------------------------------------------------------------

    def _argument(self, node: exp.Expr) -> Fact:
        """What is known of the one argument of an aggregate, with or without DISTINCT."""
        inner = node.this
        if isinstance(inner, exp.Distinct):
            if len(inner.expressions) != 1:
                raise refuse("part", node, "DISTINCT of several columns")
            inner = inner.expressions[0]
        if not isinstance(inner, exp.Expr):
            raise refuse("unknown", node)
        return self.fact(inner)

    def _count(self, node: exp.Count) -> Fact:
        if not isinstance(node.this, exp.Star):
            self._argument(node)
        return Fact("bigint")

    def _extreme(self, node: exp.Expr) -> Fact:
        fact = self._argument(node)
        is_filtered = isinstance(node.parent, exp.Filter | exp.Window)
        return replace(fact, is_nullable=fact.is_nullable or is_filtered or not self.is_grouped)

    _min = _max = _logicaland = _logicalor = _extreme

    def _sum(self, node: exp.Sum) -> Fact:
        fact = self._extreme(node)
        if fact.kind in ("double", "quotient"):
            raise refuse("float", node)
        if not fact.is_number:
            raise refuse("type", node)
        outer = node.parent
        while isinstance(outer, exp.Filter | exp.Window | exp.Paren):
            outer = outer.parent
        if not isinstance(outer, exp.Cast):
            raise refuse("sum", node)
        return replace(fact, kind="bigint" if fact.is_whole else fact.kind)

    def _filter(self, node: exp.Filter) -> Fact:
        self.condition(node.expression.this)
        return self.fact(node.this)

    def _window(self, node: exp.Window) -> Fact:
        function = node.this.this if isinstance(node.this, exp.Filter) else node.this
        partition = [self.text(part) for part in node.args.get("partition_by") or ()]
        for part in node.args.get("partition_by") or ():
            self.fact(part)
        is_by_rows = _is_by_rows(node)
        needs_total = isinstance(function, _NUMBERED_BY_ORDER) or is_by_rows
        order = node.args.get("order")
        if order is not None:
            self.queries.check_order(order, self, self._ordering_keys if needs_total else None, partition)
        elif needs_total or isinstance(function, _RANKED):
            raise refuse("order", node)
        if isinstance(function, exp.RowNumber):
            self.numbered.append(frozenset({*partition, self.text(node)}))
        return self._window_fact(node.this, function)

    def _window_fact(self, called: exp.Expr, function: exp.Expr) -> Fact:
        if isinstance(function, exp.RowNumber | exp.Rank | exp.DenseRank):
            return Fact("bigint")
        if isinstance(function, _NUMBERED_BY_ORDER):
            return replace(self._argument(function), is_nullable=True)
        if not isinstance(function, exp.Count | exp.Sum | exp.Min | exp.Max | exp.LogicalAnd | exp.LogicalOr):
            raise refuse("unknown", function)
        return self.fact(called)


def has_aggregate(nodes: Iterable[exp.Expr]) -> bool:
    """Whether one of the expressions aggregates rows, outside windows and subqueries."""
    return any(_aggregates(node) for node in nodes)


def _aggregates(node: exp.Expr) -> bool:
    if isinstance(node, exp.Query):
        return False
    if isinstance(node, exp.Window):
        function = node.this.this if isinstance(node.this, exp.Filter) else node.this
        inner = [*function.iter_expressions(), *(node.args.get("partition_by") or ())]
        return has_aggregate(part for part in inner if isinstance(part, exp.Expr))
    return isinstance(node, exp.AggFunc) or has_aggregate(node.iter_expressions())


def _is_by_rows(node: exp.Window) -> bool:
    """Whether the frame counts rows; refused if it is of another kind than rows or whole peers."""
    frame = node.args.get("spec")
    if frame is None:
        return False
    ends = [frame.args.get(end) for end in ("start", "end")]
    kind = str(frame.args.get("kind")).upper()
    if kind == "ROWS":
        return True
    if kind != "RANGE" or any(not isinstance(end, str) or end.upper() not in _BOUNDS for end in ends):
        raise refuse("part", node, f"a frame of {kind}")
    return False


def _equations(condition: exp.Expr) -> Iterator[tuple[exp.Expr, exp.Expr]]:
    for part in condition.unnest().flatten() if isinstance(condition.unnest(), exp.And) else (condition,):
        bare = part.unnest()
        if isinstance(bare, exp.EQ):
            yield bare.this.unnest(), bare.expression.unnest()


def _is_number(node: exp.Expr, number: int) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and node.this == str(number)


def _divides_exactly(dividend: exp.Expr, divisor: exp.Expr) -> bool:
    """Whether it is `x - x % k` by k, or `n + n % 2` by 2: what comes out even, negative or not."""
    if not isinstance(dividend, exp.Sub | exp.Add) or not isinstance(dividend.expression.unnest(), exp.Mod):
        return False
    rest = dividend.expression.unnest()
    is_same = rest.this.unnest() == dividend.this.unnest() and rest.expression.unnest() == divisor
    return is_same and (isinstance(dividend, exp.Sub) or _is_number(divisor, 2))
