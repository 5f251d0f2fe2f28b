"""What a measure is given, and the finding it puts together from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from perito.errors import MeasureError
from perito.findings import Finding, Input, Scope, Text, Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perito.case import Question
    from perito.clock import Period
    from perito.engine import Tables
    from perito.measures.catalogue import Catalogue


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
        lists = self.catalogue.lists
        for field, name in (
            ("conditions", "condition"),
            ("assumptions", "assumption"),
            ("rivals", "rival"),
            ("does_not_show", "does_not_show"),
        ):
            parts[field] = (*parts.get(field, ()), *lists[name])
        parts.setdefault("scope", self.scope())
        asked = self.question.text
        return Finding(
            id=self.question.id,
            measure=self.catalogue.name,
            measure_version=self.catalogue.version,
            question=asked if asked.en else self.catalogue.question,
            definition=parts.pop("definition", self.catalogue.definition),
            parameters=self.parameters,
            inputs=self._inputs(),
            seed=self.seed,
            **parts,
        )

    def refusal(self, reason: Text, **parts: Any) -> Finding:  # noqa: ANN401
        """A finding that says why nothing can be said."""
        return self.finding(status="cannot_say", headline=reason, reason=reason, **parts)

    def fail(self, what: str, *, expected: str = "", found: str = "", remedy: str = "") -> MeasureError:
        """The error of a question that cannot be asked like this."""
        return MeasureError(what, where=self.where, expected=expected, found=found, remedy=remedy)

    def _inputs(self) -> tuple[Input, ...]:
        there = self.tables.inputs
        return tuple(Input(name, *there[name]) for name in self.catalogue.tables if name in there)


def count(name: str, label: Text, number: int, unit: str, sources: Sequence[Any] = ()) -> Value:
    """An exact integer of a finding."""
    return Value(name, label, number, unit, status="exact", sources=tuple(sources))


def with_status(value: Value, status: str) -> Value:
    """The same value under another status."""
    return replace(value, status=status)  # type: ignore[arg-type]
