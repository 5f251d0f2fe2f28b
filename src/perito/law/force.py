"""In force or not: may a finding on conduct in a period be joined to a legal rule?

A finding on conduct before entry into force is refused, so every doubt is decided against joining: a
start known to the month counts from the next month, an end from the first instant of its month, and a
rule without a date is never joined.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Protocol

from perito.clock import Period, iso
from perito.errors import LawError
from perito.law.reference import (
    CONFIDENCE,
    certain_end_us,
    certain_start_us,
    platform_key,
    read_toml,
    shipped,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perito.law.reference import Row

Reason = Literal["in_force", "not_yet", "no_longer", "undated", "not_addressed"]
_TABLE = "designations.toml"


class Dated(Protocol):
    """Whatever has the three dates of a legal rule: a provision or a deadline."""

    @property
    def in_force_from(self) -> str | None:
        """First day in force."""

    @property
    def in_force_to(self) -> str | None:
        """First day no longer in force."""

    @property
    def in_force_vlop_from(self) -> str | None:
        """First day in force for designated very large platforms."""


@dataclass(frozen=True)
class Designation:
    """A platform that the Commission designated as very large under the DSA.

    Attributes:
        platform: Its name in the canonical tables.
        designated: Day of the decision.
        applies_from: First day on which the duties of very large platforms bind it: four months after
            notification (DSA art. 92; art. 33(6) for later decisions), to the month where only that is known.
        source: Where it was read.
        confidence: As in the table of provisions.
    """

    platform: str
    designated: str
    applies_from: str
    source: str
    confidence: str


@dataclass(frozen=True)
class InForce:
    """Whether a rule was in force for the whole of a period, and why not. True or false in a condition.

    Attributes:
        holds: Whether conduct in the period may be joined to the rule.
        reason: `in_force`; `not_yet`: some of the period lies before the start; `no_longer`: some of it
            lies after the end; `undated`: the table gives no start; `not_addressed`: the rule binds
            designated very large platforms only and this is none.
        from_text: The start that was applied, as the table gives it.
        to_text: The end (first day no longer in force), as the table gives it.
    """

    holds: bool
    reason: Reason
    from_text: str | None
    to_text: str | None

    def __bool__(self) -> bool:
        return self.holds


def in_force(rule: Dated, period: Period, platform: str | None) -> InForce:
    """Whether the rule was in force from the period's start to its end.

    Args:
        rule: A provision or a deadline.
        period: The time of the conduct, half-open.
        platform: The platform that acted; None where the conduct is nobody's in particular.

    Raises:
        LawError: The period is empty or ends before it starts.

    Example:
        >>> from perito.law.provisions import provision
        >>> autumn = Period.of("2023-09-01", "2023-12-01")
        >>> [in_force(provision("dsa-16"), autumn, platform).reason for platform in ("x", "reddit")]
        ['in_force', 'not_yet']
    """
    require_time(period)
    start = _start(rule, platform)
    if start is None:
        nobody_else = rule.in_force_vlop_from is not None
        return InForce(False, "not_addressed" if nobody_else else "undated", None, rule.in_force_to)
    reason = _judge(start, rule.in_force_to, period)
    return InForce(reason == "in_force", reason, start, rule.in_force_to)


def require_time(period: Period) -> None:
    """Refuses a period that contains no instant: nothing can be said of conduct in no time.

    Raises:
        LawError: The period is empty or ends before it starts.
    """
    if period.start_us >= period.end_us:
        raise LawError(
            "the period contains no time",
            expected=f"an end after {iso(period.start_us)}",
            found=iso(period.end_us),
            remedy="give a half-open period whose end lies after its start",
        )


def designation(platform: str | None) -> Designation | None:
    """The designation of a platform as very large, or None.

    Example:
        >>> designation("X").designated, designation("reddit")
        ('2023-04-25', None)
    """
    return None if platform is None else designations().get(platform_key(platform))


@cache
def designations() -> Mapping[str, Designation]:
    """Every designated platform of the shipped table, by name."""
    return read_designations(shipped(_TABLE), _TABLE)


def read_designations(text: str, where: str) -> Mapping[str, Designation]:
    """The designations of a TOML table, by platform.

    Raises:
        LawError: A fault in the table, with file, row and column.
    """
    columns = ["platform", "designated", "applies_from", "source", "confidence"]
    rows = read_toml(text, where, "designation", required=columns, key="platform")
    return MappingProxyType({row.text("platform"): _designation(row) for row in rows})


def _designation(row: Row) -> Designation:
    read = Designation(
        platform=row.text("platform"),
        designated=row.date("designated"),
        applies_from=row.date("applies_from"),
        source=row.text("source"),
        confidence=row.choice("confidence", CONFIDENCE),
    )
    if certain_start_us(read.applies_from) < certain_start_us(read.designated):
        raise row.fault("applies_from", "the duties would bind before the decision", found=read.applies_from)
    return read


def _start(rule: Dated, platform: str | None) -> str | None:
    """The earliest start that binds the platform: that of all, or that of the very large."""
    starts = [] if rule.in_force_from is None else [rule.in_force_from]
    named = designation(platform)
    if named is not None and rule.in_force_vlop_from is not None:
        starts.append(max(rule.in_force_vlop_from, named.applies_from, key=certain_start_us))
    return min(starts, key=certain_start_us, default=None)


def _judge(start: str, end: str | None, period: Period) -> Reason:
    if period.start_us < certain_start_us(start):
        return "not_yet"
    if end is not None and period.end_us > certain_end_us(end):
        return "no_longer"
    return "in_force"
