"""What one platform declared over the period: exact integer sums of the daily statistics."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from perito.clock import MICROSECONDS_PER_DAY, Period
from perito.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perito.measures.inquiry import Inquiry

STATEMENTS = "rows"
_SUMS = """
SELECT platform, dimension, entity, variant,
       CAST(sum(count) AS BIGINT) AS total,
       CAST(sum(CASE WHEN mean_s IS NOT NULL THEN count END) AS BIGINT) AS averaged,
       CAST(sum(CAST(mean_s AS HUGEINT) * count) AS VARCHAR) AS weighted_s,
       CAST(min(min_s) AS BIGINT) AS shortest_s, CAST(max(max_s) AS BIGINT) AS longest_s,
       min(day_us) AS first_us, max(day_us) AS last_us,
       CAST(count(DISTINCT day_us) AS BIGINT) AS days
FROM statement_stats
WHERE day_us >= $start_us AND day_us < $end_us
GROUP BY platform, dimension, entity, variant
ORDER BY platform, dimension, entity NULLS FIRST, variant NULLS FIRST
"""
_BEGINNING_US, _END_US = -(2**62), 2**62


@dataclass(frozen=True)
class Delay:
    """A delay over the statements that have one: exact mean, shortest and longest, in seconds."""

    statements: int
    mean_s: Fraction
    shortest_s: int
    longest_s: int
    left_out: int


@dataclass(frozen=True)
class Profile:
    """A platform's declarations.

    `columns` maps a column to the number of statements with each value; `lists` does the same for
    columns that may name several values; the value None stands for statements that gave none.
    """

    platform: str
    statements: int
    days: int
    period: Period
    columns: Mapping[str, Mapping[str | None, int]]
    delays: Mapping[str, Delay]
    keyword_statements: int

    def number(self, column: str, value: str) -> int:
        """Statements with the value in the column; none of them is none, for a column that is there."""
        return self.columns.get(column, {}).get(value, 0)

    @property
    def period_days(self) -> int:
        """Days of the period, with or without statements."""
        return (self.period.end_us - self.period.start_us) // MICROSECONDS_PER_DAY


def profiles(inquiry: Inquiry) -> list[Profile]:
    """The profile of each platform that the question names, in its order.

    Raises:
        MeasureError: No statistics in the period, or none for a platform.
    """
    asked = inquiry.question.scope.period
    rows = inquiry.tables.rows(
        _SUMS,
        start_us=asked.start_us if asked else _BEGINNING_US,
        end_us=asked.end_us if asked else _END_US,
    )
    if not rows:
        raise inquiry.fail(
            "no daily statistics of statements are sealed for the period", remedy="declare a 'sor_daily' file"
        )
    period = asked or Period(
        min(row["first_us"] for row in rows), max(row["last_us"] for row in rows) + MICROSECONDS_PER_DAY
    )
    known = sorted({row["platform"] for row in rows})
    for platform in inquiry.parameters["platforms"]:
        if platform not in known:
            raise inquiry.fail(f"no statements of the platform '{platform}'", remedy=nearest(platform, known))
    return [
        _profile(platform, [row for row in rows if row["platform"] == platform], period)
        for platform in inquiry.parameters["platforms"]
    ]


def _profile(platform: str, rows: list[dict[str, object]], period: Period) -> Profile:
    columns: dict[str, dict[str | None, int]] = {}
    whole: dict[str, int] = {}
    named: dict[tuple[str, str], int] = {}
    days = 0
    for row in rows:
        dimension, entity, total = str(row["dimension"]), row["entity"], _int(row["total"])
        if entity is not None:
            named[dimension, str(entity)] = named.get((dimension, str(entity)), 0) + total
        elif dimension == STATEMENTS:
            whole[dimension] = total
            days = _int(row["days"])
        elif not dimension.endswith("_delay"):
            value = None if row["variant"] is None else str(row["variant"])
            columns.setdefault(dimension, {})[value] = total
    return Profile(
        platform=platform,
        statements=whole.get(STATEMENTS, 0),
        days=days,
        period=period,
        columns=columns,
        delays=_delays(rows, named),
        keyword_statements=named.get(("category_specification", "rows_with_elements"), 0),
    )


def _delays(rows: list[dict[str, object]], named: Mapping[tuple[str, str], int]) -> dict[str, Delay]:
    delays = {}
    for row in rows:
        dimension = str(row["dimension"])
        averaged = _int(row["averaged"] or 0)
        if dimension.endswith("_delay") and row["entity"] is None and averaged:
            delays[dimension] = Delay(
                statements=averaged,
                mean_s=Fraction(int(str(row["weighted_s"])), averaged),
                shortest_s=_int(row["shortest_s"]),
                longest_s=_int(row["longest_s"]),
                left_out=named.get((dimension, "null_bc_negative"), 0),
            )
    return delays


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"an exact integer was expected, not {value!r}")
    return value
