"""One class read in one sample: what was read, how the labels' error is known, and what estimates it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from perito.measures.sampled.agreement import Agreement, agreement_of
from perito.measures.sampled.estimates import Cell, Estimator, anytime, simple, stratified, weighted
from perito.measures.sampled.label_error import (
    ErrorRates,
    at_most_one,
    corrected,
    error_rates,
    known_rates,
)
from perito.measures.sampled.readings import (
    OtherBook,
    Outcome,
    State,
    draws_of,
    early_labels,
    items_in,
    items_outside,
    other_books,
    outcomes,
    readings_by_person,
    reference_outcomes,
)
from perito.measures.sampled.words import class_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perito.findings import Text
    from perito.measures.inquiry import Inquiry
    from perito.measures.sampled.design import Design, Stratum

Fill = Literal["no", "yes"]
"""What items without a value count as, for the bounds; None leaves them out within their stratum."""
Rule = Literal["first", "final", "second-readings"]
By = Literal["validation", "second-readings", "known-rates"]

_UNEQUAL = ("pps", "cluster")


@dataclass(frozen=True)
class Study:
    """One class read in one sample.

    Args:
        inquiry: The question.
        design: The design of the sample.
        class_name: The class.
        outcomes: How many items of the sample had which readings.
        others: Labels under other label books or versions.
        outside: Items with labels of the sample's queue that were not drawn.
        rates: Readings of items of known answer.
        early: Labels of sampled items that are older than the registration of the design.
        level: Confidence level of the intervals.
        named: The class in words.
    """

    inquiry: Inquiry
    design: Design
    class_name: str
    outcomes: tuple[Outcome, ...]
    others: tuple[OtherBook, ...]
    outside: int
    rates: ErrorRates
    early: int
    level: float
    named: Text

    @property
    def error_by(self) -> By | None:
        """How the error of the labels is known; None where it is not.

        What the question names; else known answers of both kinds, else second readings, if there are any.
        """
        asked: By | None = self.inquiry.parameters.get("label_error")
        if asked == "known-rates":
            return asked
        if asked != "second-readings" and self.rates.is_measured:
            return "validation"
        return "second-readings" if asked != "validation" and self._is_audited else None

    @property
    def rule(self) -> Rule:
        """Which value of an item counts: that of the first reading where its error is taken out."""
        if self.error_by == "validation":
            return "first"
        return "final" if self.error_by != "second-readings" or self._is_read_twice else "second-readings"

    @property
    def _is_audited(self) -> bool:
        """Whether part of the items of every stratum and first value was read again."""
        groups = [group for stratum in self.design.strata for group in self._groups(stratum)]
        return bool(groups) and all(_second(group) for group in groups if group)

    @property
    def _is_read_twice(self) -> bool:
        return all(outcome.is_second for outcome in self.outcomes if outcome.readings)

    def of_stratum(self, stratum: Stratum) -> tuple[Outcome, ...]:
        """The outcomes of a stratum."""
        return tuple(outcome for outcome in self.outcomes if outcome.in_stratum == stratum.name)

    def items(self, *states: State) -> int:
        """Items in one of the states by the rule."""
        return items_in(self.outcomes, *states, by=self._by)

    @property
    def _by(self) -> Literal["first", "final"]:
        return "first" if self.rule == "first" else "final"

    @property
    def hits(self) -> int:
        """Positives in the sample, by the rule."""
        return self.items("yes")

    @property
    def read(self) -> int:
        """Items of the sample that somebody read or passed on."""
        return self.design.drawn - items_in(self.outcomes, "unread")

    @property
    def contested(self) -> int:
        """Items without a value because their readings differ and nobody has settled it."""
        return sum(outcome.items for outcome in self.outcomes if outcome.is_contested)

    @property
    def has_unsettled_misses(self) -> bool:
        """Whether a further reading said yes where the first did not, and nobody has settled which is right.

        Where the number stands on further readings these are the very errors that they are there to find: to
        leave them out would leave the positives out that a first reading misses.
        """
        missed = [one for one in self.outcomes if one.is_contested and one.first != "yes"]
        return self.rule == "second-readings" and bool(missed)

    @property
    def decided(self) -> int:
        """Items of the sample with a value."""
        return self.items("yes", "no")

    def agreement(self) -> Agreement:
        """How far the independent readings of the sample agree."""
        readings = readings_by_person(self.inquiry, self.design, self.class_name)
        dependent = sum(outcome.dependent * outcome.items for outcome in self.outcomes)
        return agreement_of(readings, dependent=dependent, level=self.level, seed=self.inquiry.seed)

    def apparent(self, fill: Fill | None = None, *, at_any_time: bool = False) -> Estimator:
        """The estimator before any label error is taken out.

        Args:
            fill: What items without a value count as; they are left out within their stratum if None.
            at_any_time: Whether the interval must hold at every look.
        """
        if self.is_unequal:
            return self._weighted(fill)
        cells = [cell for stratum in self.design.strata for cell in self._cells(stratum, fill)]
        if len(self.design.strata) > 1 or len(cells) > 1:
            return stratified(cells, self.design.population)
        make = anytime if at_any_time or self.design.stopping == "anytime" else simple
        return make(cells[0].hits, cells[0].read, self.design.population)

    def estimator(self, fill: Fill | None = None, *, at_any_time: bool = False) -> Estimator:
        """The estimator with the label error taken out, where that is how it is known."""
        return self.correct(self.apparent(fill, at_any_time=at_any_time))

    def correct(self, apparent: Estimator) -> Estimator:
        """An estimator of this study with the label error taken out."""
        asked = self.inquiry.parameters
        if self.error_by == "validation":
            return corrected(apparent, self.rates)
        if self.error_by == "known-rates":
            made = known_rates(apparent, asked["known_sensitivity"], asked["known_specificity"])
            return replace(made, share_at=lambda level: at_most_one(made.share_at(level)))
        return apparent

    @property
    def is_unequal(self) -> bool:
        """Whether items had chances of their own, or came in clusters, or strata of unknown size."""
        is_unknown = any(stratum.population is None for stratum in self.design.strata)
        return self.design.method in _UNEQUAL or (len(self.design.strata) > 1 and is_unknown)

    def _cells(self, stratum: Stratum, fill: Fill | None) -> Iterator[Cell]:
        held, share = stratum.population, self._share_of(stratum)
        if not share:
            return
        if self.rule != "second-readings":
            yield self._cell(self.of_stratum(stratum), share, held, fill)
            return
        groups = [group for group in self._groups(stratum, without_open=fill is not None) if group]
        sizes = [_items(group) for group in groups]
        missing = stratum.drawn - sum(sizes)
        whole = sum(sizes) + (missing if fill else 0)
        for group, size in zip(groups, sizes, strict=True):
            yield self._cell(_second(group), share * Fraction(size, whole), None, fill)
        if fill and missing:
            yield Cell(share * Fraction(missing, whole), missing, missing if fill == "yes" else 0)

    def _share_of(self, stratum: Stratum) -> Fraction:
        if len(self.design.strata) == 1:
            return Fraction(1)
        whole = sum(s.population or 0 for s in self.design.strata)
        return Fraction(stratum.population or 0, whole)

    def _cell(self, found: Sequence[Outcome], share: Fraction, held: int | None, fill: Fill | None) -> Cell:
        hits, decided = items_in(found, "yes", by=self._by), items_in(found, "yes", "no", by=self._by)
        open_ = _items(found) - decided if fill else 0
        return Cell(share, decided + open_, hits + (open_ if fill == "yes" else 0), held)

    def _groups(self, stratum: Stratum, *, without_open: bool = False) -> tuple[tuple[Outcome, ...], ...]:
        """The items of a stratum by their first reading: yes, and anything else.

        Without those that are open (read once, without an answer), where bounds say what they count as.
        """
        read = [outcome for outcome in self.of_stratum(stratum) if outcome.readings]
        if without_open:
            read = [one for one in read if one.first in {"yes", "no"} or one.is_second]
        return (
            tuple(outcome for outcome in read if outcome.first == "yes"),
            tuple(outcome for outcome in read if outcome.first != "yes"),
        )

    def _weighted(self, fill: Fill | None) -> Estimator:
        """One row a draw, weighted by one over its chance, and by that of its second reading."""
        rows = [(draw, outcome) for draw, outcome in draws_of(self.inquiry, self.design, self.class_name)]
        kept = [(draw, self.value_of(outcome, fill), self.stands_for(outcome)) for draw, outcome in rows]
        chosen = [(draw, value, raised) for draw, value, raised in kept if value is not None and raised]
        is_by_cluster = any(draw["cluster"] is not None for draw, _, _ in chosen)
        return weighted(
            [value for _, value, _ in chosen],
            [raised / self._chance(draw) for draw, _, raised in chosen],
            self.design.population,
            [stratum_name(draw) for draw, _, _ in chosen],
            [str(draw["cluster"]) for draw, _, _ in chosen] if is_by_cluster else None,
        )

    def weight_of(self, draw: dict[str, Any]) -> float:
        """How many items of the population a draw stands for by the design."""
        if self.is_unequal:
            return 1 / self._chance(draw)
        for stratum in self.design.strata:
            if draw["in_stratum"] == stratum.name and stratum.population:
                return stratum.population / stratum.drawn
        return 1.0

    def _chance(self, draw: dict[str, Any]) -> float:
        """Expected number of draws of the item: n p, from the chance 1 - (1-p)^n that it is drawn at all."""
        included = float(draw["inclusion_prob"])
        if self.design.weight is None and self.design.method != "pps":
            return included
        n = self.design.draws
        return float(n * (1 - (1 - included) ** (1 / n))) if included < 1 else float(n)

    def value_of(self, outcome: Outcome, fill: Fill | None = None) -> int | None:
        """One if the item is positive by the rule, nought if it is not; None without a value."""
        state = getattr(outcome, self._by)
        if state in {"yes", "no"}:
            return int(state == "yes")
        return None if fill is None else int(fill == "yes")

    def stands_for(self, outcome: Outcome) -> float:
        """How many items of its stratum and first value one that was read again stands for."""
        if self.rule != "second-readings" or not outcome.readings:
            return 1.0
        if not outcome.is_second:
            return 0.0
        group = [
            other
            for other in self.outcomes
            if other.readings
            and other.in_stratum == outcome.in_stratum
            and (other.first == "yes") == (outcome.first == "yes")
        ]
        return _items(group) / _items(_second(group))


def study_of(inquiry: Inquiry, design: Design, class_name: str) -> Study:
    """Everything that was read of a class under a design."""
    return Study(
        inquiry=inquiry,
        design=design,
        class_name=class_name,
        outcomes=tuple(outcomes(inquiry, design, class_name)),
        others=tuple(other_books(inquiry, design, class_name)),
        outside=items_outside(inquiry, design, class_name),
        rates=error_rates(reference_outcomes(inquiry, design, class_name)),
        early=early_labels(inquiry, design, class_name),
        level=level_of(inquiry, design),
        named=class_text(inquiry, design, class_name),
    )


def level_of(inquiry: Inquiry, design: Design) -> float:
    """The level of the question where it names one, else that of the design."""
    is_asked = "level" in inquiry.question.parameters or design.level is None
    return float(inquiry.parameters["level"] if is_asked else design.level or 0)


def stratum_name(draw: dict[str, Any]) -> str:
    """The stratum of a draw; a sample without strata is one.

    Example:
        >>> stratum_name({"in_stratum": ""}), stratum_name({"in_stratum": "low"})
        ('all', 'low')
    """
    return str(draw["in_stratum"] or "all")


def at_level(study: Study, level: float) -> Study:
    """The same study at another confidence level."""
    return replace(study, level=level)


def _items(found: Sequence[Outcome]) -> int:
    return sum(outcome.items for outcome in found)


def _second(found: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """Those that were read again."""
    return tuple(outcome for outcome in found if outcome.is_second)
