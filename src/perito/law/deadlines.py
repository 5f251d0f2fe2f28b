"""Deadlines: the few numbers of hours that the law gives, as dated data, and where it gives none.

A deadline is a named, dated vertical line on a removal curve. One that was not in force when the
conduct took place is refused. A repealed one is a benchmark and says so in its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from perito.clock import Period, iso
from perito.errors import LawError, nearest
from perito.law.force import in_force
from perito.law.provisions import provisions
from perito.law.reference import CONFIDENCE, check_order, read_toml, shipped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perito.law.force import InForce
    from perito.law.provisions import Provision
    from perito.law.reference import Row

_TABLE = "deadlines.toml"
_NO_NUMBER = "no number"
_REQUIRED = (
    "id",
    "name",
    "instrument",
    "article",
    "hours",
    "threshold",
    "in_force_from",
    "source",
    "confidence",
)
_OPTIONAL = ("provision", "share", "in_force_to", "in_force_vlop_from")
_DATES = ("in_force_from", "in_force_to", "in_force_vlop_from")


@dataclass(frozen=True)
class Deadline:
    """A time limit that a rule gives, or the explicit statement that it gives none.

    Attributes:
        id: Its name in cases, for example `tida-48h`.
        name: Its name for people, `en` and `es`.
        provision_id: The provision it belongs to; its dates are the provision's.
        instrument: The rule.
        article: The part of it.
        hours: The limit in hours; None = the rule gives **no number**.
        share: The share of items that the rule asks for within the limit, as an exact fraction (`2/3`);
            None = it gives no share.
        threshold: What must have happened by then, counted from what, `en` and `es`.
        in_force_from: First day in force.
        in_force_to: First day no longer in force.
        in_force_vlop_from: First day in force for designated very large platforms.
        source: Where it was read.
        confidence: As in the table of provisions.

    Example:
        >>> deadline("coc-plus-24h-two-thirds").share_fraction
        Fraction(2, 3)
    """

    id: str
    name: Mapping[str, str]
    provision_id: str | None
    instrument: str
    article: str
    hours: int | None
    share: str | None
    threshold: Mapping[str, str]
    in_force_from: str | None
    in_force_to: str | None
    in_force_vlop_from: str | None
    source: str
    confidence: str

    @property
    def share_fraction(self) -> Fraction | None:
        """The share as an exact fraction, or None."""
        return None if self.share is None else Fraction(self.share)


@cache
def deadlines() -> Mapping[str, Deadline]:
    """Every deadline of the shipped table, by id.

    Example:
        >>> sorted({one.hours for one in deadlines().values() if one.hours is not None})
        [1, 24, 48, 168]
    """
    return read_deadlines(shipped(_TABLE), _TABLE, provisions())


def deadline(deadline_id: str) -> Deadline:
    """The deadline with that id, in force or not.

    Raises:
        LawError: There is none; the message names the nearest.
    """
    table = deadlines()
    if deadline_id not in table:
        raise LawError(
            f"no deadline is called '{deadline_id}'", where=_TABLE, remedy=nearest(deadline_id, table)
        )
    return table[deadline_id]


def deadline_verdict(deadline_id: str, at_us: int, platform: str | None = None) -> InForce:
    """Whether the deadline was in force at an instant, for callers that print the refusal.

    Args:
        deadline_id: A deadline of the table.
        at_us: When its clock started (receipt of the notice), microseconds since the epoch.
        platform: Who had to act; matters where very large platforms were bound earlier.

    Raises:
        LawError: Unknown deadline.

    Example:
        >>> from perito.clock import instant_us
        >>> deadline_verdict("tida-48h", instant_us("2026-01-15")).reason
        'not_yet'
    """
    return in_force(deadline(deadline_id), Period(at_us, at_us + 1), platform)


def deadline_in_force(deadline_id: str, at_us: int, platform: str | None = None) -> Deadline:
    """The deadline, if it was in force at the instant.

    Raises:
        LawError: Unknown deadline, or one that was not in force then.

    Example:
        >>> from perito.clock import instant_us
        >>> deadline_in_force("terreg-1h", instant_us("2026-01-15")).hours
        1
    """
    verdict = deadline_verdict(deadline_id, at_us, platform)
    if not verdict:
        span = f"from {verdict.from_text or 'an unknown day'} to {verdict.to_text or 'now'}"
        raise LawError(
            f"deadline '{deadline_id}' was not in force at the time of the conduct ({verdict.reason})",
            where=_TABLE,
            expected=f"conduct in its time, {span}",
            found=iso(at_us),
            remedy="choose a deadline of that time, or report the whole curve without one",
        )
    return deadline(deadline_id)


def read_deadlines(text: str, where: str, table: Mapping[str, Provision]) -> Mapping[str, Deadline]:
    """The deadlines of a TOML table, by id.

    Args:
        text: The file's text.
        where: The file's name, for messages.
        table: The provisions that the deadlines may name.

    Raises:
        LawError: A fault in the table, with file, row and column; or a date that contradicts the provision's.
    """
    rows = read_toml(text, where, "deadline", required=_REQUIRED, optional=_OPTIONAL)
    return MappingProxyType({row.text("id"): _deadline(row, table) for row in rows})


def _deadline(row: Row, table: Mapping[str, Provision]) -> Deadline:
    read = Deadline(
        id=row.text("id"),
        name=row.bilingual("name"),
        provision_id=row.text_or_none("provision"),
        instrument=row.text("instrument"),
        article=row.text("article"),
        hours=_hours(row),
        share=_share(row),
        threshold=row.bilingual("threshold"),
        in_force_from=row.date("in_force_from"),
        in_force_to=row.date_or_none("in_force_to"),
        in_force_vlop_from=row.date_or_none("in_force_vlop_from"),
        source=row.text("source"),
        confidence=row.choice("confidence", CONFIDENCE),
    )
    check_order(row, read.in_force_from, read.in_force_vlop_from, read.in_force_to)
    _check_provision(row, read, table)
    return read


def _hours(row: Row) -> int | None:
    """Whole hours, or None where the row says in words that the rule gives no number."""
    value = row.cells["hours"]
    if value == _NO_NUMBER:
        return None
    if type(value) is not int or value <= 0:
        raise row.fault("hours", "not a time limit", expected=f"whole hours or '{_NO_NUMBER}'", found=value)
    return value


def _share(row: Row) -> str | None:
    value = row.text_or_none("share")
    if value is None:
        return None
    top, _, bottom = value.partition("/")
    numbers = [int(part) for part in (top, bottom) if part.isascii() and part.isdigit()]
    if len(numbers) != 2 or not 0 < numbers[0] <= numbers[1]:  # noqa: PLR2004  (numerator and denominator)
        raise row.fault("share", "not a share", expected="a fraction such as 2/3", found=f"'{value}'")
    return value


def _check_provision(row: Row, read: Deadline, table: Mapping[str, Provision]) -> None:
    """One rule, one set of dates: those of the deadline are those of its provision."""
    if read.provision_id is None:
        return
    if read.provision_id not in table:
        raise row.fault(
            "provision",
            f"no provision is called '{read.provision_id}'",
            found=nearest(read.provision_id, table),
        )
    for column in _DATES:
        expected, found = getattr(table[read.provision_id], column), getattr(read, column)
        if expected != found:
            raise row.fault(
                column,
                "not the date of the provision",
                expected=expected or "no date",
                found=found or "no date",
            )
