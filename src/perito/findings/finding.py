"""The finding: what a measure answers, with everything that a reader needs to judge it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import TYPE_CHECKING, Any

from perito.errors import DossierError
from perito.findings.text import LANGUAGES, Language, Text
from perito.findings.value import RELATIVE_TOLERANCE, Source, Status, Value, interval_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perito.clock import Period
    from perito.findings.table import Table

Chart = Mapping[Language, Mapping[str, Any]]
"""A Vega-Lite specification for each language."""


@dataclass(frozen=True)
class Scope:
    """What the finding is about: platform, half-open period, population, territory (None = not limited)."""

    platform: str | None = None
    period: Period | None = None
    population: str | None = None
    territory: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The scope as in findings.json."""
        return {
            "platform": self.platform,
            "period": self.period.to_json() if self.period else None,
            "population": self.population,
            "territory": self.territory,
        }


@dataclass(frozen=True)
class Input:
    """A table that the finding rests on, by its canonical digest."""

    table: str
    digest: str
    rows: int

    def to_json(self) -> dict[str, Any]:
        """The input as in findings.json."""
        return {"table": self.table, "digest": self.digest, "rows": self.rows}


@dataclass(frozen=True)
class JoinedProvision:
    """A provision whose facts the finding speaks to, in force over the whole period of the conduct.

    Words are given in both languages; `confidence` says how well the provision itself was read.
    """

    id: str
    title: Text
    authority: Text
    fact_needed: Text
    in_force_from: str
    confidence: str

    def to_json(self) -> dict[str, Any]:
        """The provision as in findings.json."""
        return {
            "id": self.id,
            "title": self.title.to_json({}),
            "authority": self.authority.to_json({}),
            "fact_needed": self.fact_needed.to_json({}),
            "in_force_from": self.in_force_from,
            "confidence": self.confidence,
        }


@dataclass(frozen=True)
class Finding:
    """The answer to one question of a case. A finding's id is its question's id.

    `counts` are the exact integers it rests on, as values, so that they too can be recomputed;
    `headline` is claim, interval and scope in one sentence. A refusal has status `cannot_say`, a
    `reason`, and no values that could be mistaken for an answer.
    """

    id: str
    measure: str
    measure_version: str
    question: Text
    definition: Text
    scope: Scope
    status: Status
    headline: Text
    reason: Text | None = None
    values: tuple[Value, ...] = ()
    series: tuple[Table, ...] = ()
    counts: tuple[Value, ...] = ()
    sensitivity: tuple[Table, ...] = ()
    conditions: tuple[Text, ...] = ()
    assumptions: tuple[Text, ...] = ()
    rivals: tuple[Text, ...] = ()
    does_not_show: tuple[Text, ...] = ()
    provisions: tuple[JoinedProvision, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()
    seed: int = 0
    chart: Chart | None = None

    def placed(self) -> Finding:
        """The same finding with every derivation id set, and its parts checked against each other.

        Raises:
            DossierError: Two numbers share a name; a refusal without a reason, or with a value; a number that
                is none, or without the interval that its status demands.
        """
        if (self.status == "cannot_say") != (self.reason is not None):
            raise DossierError(f"finding '{self.id}': a reason belongs to 'cannot_say', and to nothing else")
        if self.status == "cannot_say" and any(value.estimate is not None for value in self.values):
            raise DossierError(f"finding '{self.id}' says that it cannot say, and gives a value")
        placed = replace(
            self,
            values=tuple(v.within(f"{self.id}/{v.name}") for v in self.values),
            counts=tuple(v.within(f"{self.id}/{v.name}") for v in self.counts),
            series=tuple(table.placed(self.id) for table in self.series),
            sensitivity=tuple(table.placed(self.id) for table in self.sensitivity),
        )
        _check_names(placed)
        for value in placed.all_values():
            _check_value(value)
        return placed

    def numbers(self) -> dict[str, Value]:
        """The numbers that its sentences may refer to, by name."""
        return {value.name: value for value in (*self.values, *self.counts)}

    def tables(self) -> tuple[Table, ...]:
        """Series and sensitivity tables."""
        return (*self.series, *self.sensitivity)

    def all_values(self) -> Iterator[Value]:
        """Every number of the finding."""
        yield from self.values
        yield from self.counts
        for table in self.tables():
            yield from table.values()

    def texts(self) -> Iterator[Text]:
        """Every sentence and label of ours in the finding."""
        yield from (self.question, self.definition, self.headline)
        if self.reason:
            yield self.reason
        yield from (*self.conditions, *self.assumptions, *self.rivals, *self.does_not_show)
        yield from (value.label for value in (*self.values, *self.counts))
        for table in self.tables():
            yield from table.texts()

    def plain(self, text: Text, language: Language) -> str:
        """A text of the finding as a string, its numbers printed."""
        return text.plain(language, self.numbers())

    def to_json(self) -> dict[str, Any]:
        """The object for findings.json."""
        numbers = self.numbers()

        def listed(texts: tuple[Text, ...]) -> list[dict[str, str]]:
            return [text.to_json(numbers) for text in texts]

        return {
            "id": self.id,
            "measure": self.measure,
            "measure_version": self.measure_version,
            "question": self.question.to_json(numbers),
            "definition": self.definition.to_json(numbers),
            "scope": self.scope.to_json(),
            "status": self.status,
            "reason": self.reason.to_json(numbers) if self.reason else None,
            "headline": self.headline.to_json(numbers),
            "values": [value.to_json(numbers) for value in self.values],
            "series": [table.to_json(numbers) for table in self.series],
            "counts": {value.name: value.estimate for value in self.counts},
            "sensitivity": [table.to_json(numbers) for table in self.sensitivity],
            "conditions": listed(self.conditions),
            "assumptions": listed(self.assumptions),
            "rivals": listed(self.rivals),
            "does_not_show": listed(self.does_not_show),
            "provisions": [provision.to_json() for provision in self.provisions],
            "parameters": dict(self.parameters),
            "inputs": [item.to_json() for item in self.inputs],
            "seed": self.seed,
            "chart": None if self.chart is None else {lang: dict(self.chart[lang]) for lang in LANGUAGES},
        }

    def derivations(self, code: str) -> list[dict[str, Any]]:
        """One record per number: what is needed to recompute and to judge it.

        Args:
            code: The version of the code that computed it.
        """
        shared = {
            "measure": f"{self.measure}@{self.measure_version}",
            "parameters": dict(self.parameters),
            "inputs": [item.to_json() for item in self.inputs],
            "code": code,
            "seed": self.seed,
        }
        return [_record(value, shared) for value in self.all_values()]


def _record(value: Value, shared: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": value.derivation,
        **shared,
        "kind": "exact" if value.is_exact else "tolerance",
        "tolerance": 0 if value.is_exact else RELATIVE_TOLERANCE,
        "value": value.estimate,
        "interval": interval_json(value.interval),
        "unit": value.unit,
        "status": value.status,
        "rows": [source.to_json() for source in _distinct(value.sources)],
    }


def _distinct(sources: tuple[Source, ...]) -> list[Source]:
    return list(dict.fromkeys(sources))


def _check_names(finding: Finding) -> None:
    seen: set[str] = set()
    for value in finding.all_values():
        if value.derivation in seen:
            raise DossierError(f"two numbers have the same name '{value.derivation}'")
        seen.add(value.derivation)


def _check_value(value: Value) -> None:
    for part in ("estimate", "low", "high"):
        number = value.part(part)
        if number is not None and not isfinite(number):
            raise DossierError(f"'{value.derivation}' is no number", found=f"{part} {number}")
    if value.interval is None and value.status not in {"exact", "declared", "cannot_say"}:
        raise DossierError(f"'{value.derivation}' is {value.status} and has no interval")
    if value.estimate is None and value.status not in {"cannot_say", "declared"}:
        raise DossierError(f"'{value.derivation}' says nothing and does not say so")
