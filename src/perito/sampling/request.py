"""The request: what is asked of a sample, checked before anything is counted or drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perito.errors import CaseError, nearest
from perito.ids import is_slug

if TYPE_CHECKING:
    from collections.abc import Sequence

LEVEL = 0.95
SECOND_READING = 0.1
READERS = ("reader-1", "reader-2", "reader-3")
STOPPING = ("fixed", "anytime")
STRATIFY = ("score", "none")
WEIGHTS = ("views",)
_LONGEST_SEED = 200


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Args:
        question_id: The question.
        classes: Classes of the label book to decide on; the scores are those of the first.
        budget: Labels to spend (first readings), or
        precision: the half-width of the interval over the estimate to aim at (0.1 for 10 %).
        stratify_by: `score` or `none`; None: by score where there are scores.
        weight: `views`: draw in proportion to views, for the share of views.
        seed: Seed of the draw; None: from the digest of the frame, so that nobody chose it.
        stopping: `fixed` or `anytime`.
        second_reading: Share of the items that get a second blind reading even if the first says no.
        validation: The least number of such items.
        readers: Pseudonyms of the readers.
        expected: A guess of the share, where there are no scores.
        level: Confidence level as a share.
        replaces: The design that it replaces.
        reason: Why.

    Raises:
        CaseError: Something is out of its range, or does not go with the rest.
    """

    question_id: str
    classes: tuple[str, ...]
    budget: int | None = None
    precision: float | None = None
    stratify_by: str | None = None
    weight: str | None = None
    seed: str | None = None
    stopping: str = "fixed"
    second_reading: float = SECOND_READING
    validation: int = 0
    readers: tuple[str, ...] = READERS
    expected: float | None = None
    level: float = LEVEL
    replaces: str | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        _one_of("--stratify-by", self.stratify_by, STRATIFY)
        _one_of("--weight", self.weight, WEIGHTS)
        _one_of("--stopping", self.stopping, STOPPING)
        self._check_size()
        self._check_readings()
        self._check_combination()
        if self.seed is not None and not 0 < len(self.seed.strip()) <= _LONGEST_SEED:
            raise CaseError(
                "the seed is empty or too long", where="--seed", expected=f"1 to {_LONGEST_SEED} characters"
            )
        if bool(self.replaces) != bool(self.reason and self.reason.strip()):
            raise CaseError(
                "a design that replaces another says which and why",
                where="--replaces, --reason",
                expected="both",
                remedy="give both, or neither",
            )

    def _check_size(self) -> None:
        if self.budget is None and self.precision is None:
            raise CaseError(
                "nothing says how many items are to be read",
                where="--budget, --precision",
                remedy="give a number of labels ('--budget 600') or a precision ('--precision 20%')",
            )
        if self.budget is not None and self.precision is not None:
            raise CaseError(
                "the size of the sample is given twice", where="--budget, --precision", expected="one of them"
            )
        if self.budget is not None and self.budget < 1:
            raise CaseError(
                "no label can be spent", where="--budget", expected="at least 1", found=str(self.budget)
            )
        for option, value in (
            ("--precision", self.precision),
            ("--expected", self.expected),
            ("--level", self.level),
        ):
            if value is not None and not 0 < value < 1:
                raise CaseError(
                    "not a share",
                    where=option,
                    expected="above 0% and below 100%",
                    found=f"{value * 100:g}%",
                    remedy="write for example 95% or 0.95",
                )

    def _check_readings(self) -> None:
        if not 0 <= self.second_reading <= 1:
            raise CaseError(
                "not a share",
                where="--second-reading",
                expected="0% to 100%",
                found=f"{self.second_reading * 100:g}%",
                remedy="write for example 10% or 0.1",
            )
        if self.validation < 0:
            raise CaseError("not a number of items", where="--validation", found=str(self.validation))
        for reader in self.readers:
            if not is_slug(reader):
                raise CaseError(
                    f"'{reader}' is no pseudonym",
                    where="--readers",
                    expected="lower-case letters, digits, '.', '_' and '-'",
                )
        if not self.readers or len(set(self.readers)) != len(self.readers):
            raise CaseError(
                "readers are named once each, and at least one",
                where="--readers",
                found=",".join(self.readers),
            )

    def _check_combination(self) -> None:
        if not self.classes or len(set(self.classes)) != len(self.classes):
            raise CaseError("classes are named once each, and at least one", where="--class")
        if self.stopping == "anytime" and (self.stratify_by == "score" or self.weight):
            raise CaseError(
                "labels may be looked at any time only in a simple random sample",
                where="--stopping anytime",
                remedy="leave out '--stratify-by score' and '--weight', or stop at a fixed number",
            )
        if self.weight and (self.stratify_by == "score" or self.precision is not None):
            raise CaseError(
                "a draw in proportion to views takes a budget and no strata",
                where="--weight views",
                remedy="give '--budget', and leave out '--stratify-by score'",
            )


def _one_of(option: str, value: str | None, known: Sequence[str]) -> None:
    if value is not None and value not in known:
        raise CaseError(f"'{value}' is not known", where=option, remedy=nearest(value, known))
