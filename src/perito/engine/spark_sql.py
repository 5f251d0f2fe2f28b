"""A portable query in the dialect of Spark: the same text through the pinned parser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.engine.portable import parsed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlglot import exp

    from perito.engine.exchange import Parameter


def to_spark(sql: str, parameters: Mapping[str, Parameter]) -> str:
    """The query for Spark, with `:name` where `$name` stood.

    Values that Spark counts in 32 bits where DuckDB takes 64 (integer parameters, row numbers, lengths) are
    widened, so that overflow and types are the same.

    Raises:
        MeasureError: The query is not portable.

    Example:
        >>> to_spark("SELECT post_id FROM posts WHERE observed_at_us >= $start_us", {"start_us": 5})
        'SELECT `post_id` FROM `posts` WHERE `observed_at_us` >= CAST(:start_us AS BIGINT)'
    """
    from sqlglot import exp

    tree = parsed(sql).copy()
    for node in list(tree.find_all(exp.Window, exp.Length, exp.Placeholder)):
        if _is_narrow(node, parameters):
            node.replace(exp.cast(node.copy(), exp.DType.BIGINT))
    return tree.sql("spark", identify=True, comments=False)


def _is_narrow(node: exp.Expr, parameters: Mapping[str, Parameter]) -> bool:
    from sqlglot import exp

    if isinstance(node, exp.Window):
        return isinstance(node.this, exp.RowNumber | exp.Rank | exp.DenseRank)
    if isinstance(node, exp.Placeholder):
        value = parameters.get(str(node.this))
        is_integer = isinstance(value, int) and not isinstance(value, bool)
        return is_integer and not isinstance(node.parent, exp.Limit | exp.Offset)
    return True
