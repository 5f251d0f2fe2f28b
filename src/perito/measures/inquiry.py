"""What a measure is given, and the finding it puts together from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perito.errors import MeasureError
from perito.findings import Column, Finding, Input, Row, Scope, Source, Table, Text, Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from perito.case import Question
    from perito.clock import Period
    from perito.engine import Tables
    from perito.measures.catalogue import Catalogue

_ALWAYS = {
    "conditions": "condition",
    "assumptions": "assumption",
    "rivals": "rival",
    "does_not_show": "does_not_show",
}


@dataclass(frozen=True)
class Inquiry:
    """One question put to a measure: tables, parameters and seed in, a finding out.

    Args:
        question: The question of the case.
        where: How to name it in an error.
        parameters: Its parameters, checked, defaults filled in.
        catalogue: The measure's words.
        tables: The canonical tables.
        case_period: The case's period, for questions that name none.
        seed: Seed of any random draw.
    """

    question: Question
    where: str
    parameters: Mapping[str, Any]
    catalogue: Catalogue
    tables: Tables
    case_period: Period
    seed: int = 0

    def text(self, key: str, **quotes: str | Text) -> Text:
        """A sentence of the measure's catalogue."""
        return self.catalogue.text(key, **quotes)

    def quoted(self, words: str | None) -> Text:
        """Words of a source in quotation marks, or that it says nothing."""
        return Text("«{words}»", "«{words}»", {"words": words}) if words else self.text("not_said")

    def verdict(self, holds: bool) -> Text:
        """Yes or no."""
        return self.text("yes" if holds else "no")

    def table(self, name: str, columns: Iterable[str | Column], rows: Iterable[Row]) -> Table:
        """A table with title, note and column labels from the catalogue, or with columns of its own."""
        return Table(
            name,
            self.text(f"title_{name}"),
            tuple(self.column(column) if isinstance(column, str) else column for column in columns),
            tuple(rows),
            note=self.text(f"note_{name}"),
        )

    def column(self, name: str) -> Column:
        """A column with its label from the catalogue."""
        return Column(name, self.text(f"column_{name}"))

    def counts(self, numbers: Mapping[str, int], unit: str) -> tuple[Value, ...]:
        """Exact integers, labelled by the catalogue under their names."""
        return tuple(
            count(name, self.text(f"label_{name}"), number, unit) for name, number in numbers.items()
        )

    def scope(self, **known: Any) -> Scope:  # noqa: ANN401  (the fields of Scope)
        """The finding's scope: what the question limits it to, completed by what the data say."""
        asked = self.question.scope
        return Scope(
            platform=asked.platform or known.get("platform"),
            period=asked.period or known.get("period") or self.case_period,
            population=asked.population or known.get("population"),
            territory=asked.territory or known.get("territory"),
        )

    def finding(self, **parts: Any) -> Finding:  # noqa: ANN401  (the fields of Finding)
        """The finding, with what every finding of this measure says; lists given are added to those.

        Keyword arguments are fields of `Finding`; `headline` and `status` must be among them.
        """
        for field, name in _ALWAYS.items():
            parts[field] = (*parts.get(field, ()), *self.catalogue.lists[name])
        parts.setdefault("scope", self.scope())
        parts.setdefault("definition", self.catalogue.definition)
        asked = self.question.text
        return Finding(
            id=self.question.id,
            measure=self.catalogue.name,
            measure_version=self.catalogue.version,
            question=asked if asked.en else self.catalogue.question,
            parameters=self.parameters,
            inputs=self._inputs(),
            seed=self.seed,
            **parts,
        )

    def refusal(self, reason: Text, **parts: Any) -> Finding:  # noqa: ANN401  (the fields of Finding)
        """A finding that says why nothing can be said."""
        return self.finding(status="cannot_say", headline=reason, reason=reason, **parts)

    def fail(self, what: str, *, expected: str = "", found: str = "", remedy: str = "") -> MeasureError:
        """The error of a question that cannot be asked like this."""
        return MeasureError(what, where=self.where, expected=expected, found=found, remedy=remedy)

    def _inputs(self) -> tuple[Input, ...]:
        there = self.tables.inputs
        return tuple(Input(name, *there[name]) for name in self.catalogue.tables if name in there)


def count(name: str, label: Text, number: int, unit: str, sources: Sequence[Source] = ()) -> Value:
    """An exact integer of a finding."""
    return Value(name, label, number, unit, status="exact", sources=tuple(sources))


def source_of(row: Mapping[str, Any]) -> Source:
    """Where a row of a canonical table came from."""
    return Source(row["evidence_id"], row["locator"])
