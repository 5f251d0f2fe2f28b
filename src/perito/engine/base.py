"""The one interface through which measures ask the tables: a portable SQL query in, Arrow out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa


class Engine(Protocol):
    """An engine over a case's canonical tables."""

    @property
    def name(self) -> str:
        """Its name on the command line."""

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """The result of a query; `$name` stands for a parameter. Aggregates are integers or DECIMAL."""

    def close(self) -> None:
        """Release what the engine holds."""


class Tables:
    """The canonical tables of a case, as measures see them.

    Args:
        engine: The engine that answers.
        inputs: Canonical digest and row count of each table that is there, by name.
    """

    def __init__(self, engine: Engine, inputs: Mapping[str, tuple[str, int]]) -> None:
        self._engine = engine
        self.inputs = inputs

    def rows(self, sql: str, **parameters: object) -> list[dict[str, Any]]:
        """The rows of a query as dictionaries, in the query's order.

        In measures, the query is a constant of a module: the tests find it there and check that it is
        portable.
        """
        rows: list[dict[str, Any]] = self.table(sql, **parameters).to_pylist()
        return rows

    def table(self, sql: str, **parameters: object) -> pa.Table:
        """The result of a query in Arrow, in the query's order; for results too large for dictionaries."""
        return self._engine.query(sql, parameters)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.close()
