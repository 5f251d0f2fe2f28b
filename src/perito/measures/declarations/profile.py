"""What one platform declared over the period: exact integer sums of the daily statistics."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from perito.clock import MICROSECONDS_PER_DAY, Period
from perito.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perito.measures.inquiry import Inquiry

Rows = list[dict[str, Any]]
_SUMS = """
SELECT platform, dimension, entity, variant,
       CAST(sum(count) AS BIGINT) AS total,
       CAST(sum(CASE WHEN mean_s IS NOT NULL THEN count END) AS BIGINT) AS averaged,
       CAST(sum(CAST(mean_s AS DECIMAL(19, 0)) * CAST(count AS DECIMAL(19, 0))) AS VARCHAR) AS weighted_s,
       min(min_s) AS shortest_s, max(max_s) AS longest_s
FROM statement_stats
WHERE day_us >= $start_us AND day_us < $end_us
GROUP BY platform, dimension, entity, variant
ORDER BY platform, dimension, entity NULLS FIRST, variant NULLS FIRST
"""
_DAYS = """
SELECT platform, day_us, CAST(sum(count) AS BIGINT) AS total
FROM statement_stats
WHERE dimension = 'rows' AND entity IS NULL AND count > 0
GROUP BY platform, day_us
ORDER BY platform, day_us
"""
_BOUNDS = (
    "SELECT platform, min(day_us) AS first_us, max(day_us) AS last_us FROM statement_stats GROUP BY platform"
)
_WHOLE = "rows"
_DELAY = "_delay"
_KEYWORDS = ("category_specification", "rows_with_elements")


@dataclass(frozen=True)
class Delay:
    """A delay over the statements that have one: exact mean, shortest and longest, in seconds.

    The two ends are None where the source gives a mean alone.
    """

    statements: int
    mean_s: Fraction
    shortest_s: int | None
    longest_s: int | None
    left_out: int


@dataclass(frozen=True)
class Profile:
    """A platform's declarations.

    `columns` maps a column to the number of statements with each value; the value None stands for
    statements that gave none. `by_day` has only days with statements.
    """

    platform: str
    period: Period
    by_day: Mapping[int, int]
    columns: Mapping[str, Mapping[str | None, int]]
    delays: Mapping[str, Delay]
    keyword_statements: int | None

    @property
    def statements(self) -> int | None:
        """Statements in the period; None where the source has no day with any."""
        return sum(self.by_day.values()) or None

    @property
    def period_days(self) -> int:
        """Days of the period, with or without statements."""
        return (self.period.end_us - self.period.start_us) // MICROSECONDS_PER_DAY

    def number(self, column: str, value: str) -> int | None:
        """Statements with the value in the column; None where the source does not have the column."""
        return self.columns[column].get(value, 0) if column in self.columns else None

    def within(self, part: Period) -> Sequence[int]:
        """The statements of each day of a part of the period that has any."""
        return [number for day_us, number in self.by_day.items() if part.contains(day_us)]


def profiles(inquiry: Inquiry) -> list[Profile]:
    """The profile of each platform that the question names, in its order.

    Raises:
        MeasureError: No daily statistics are sealed, or none of a platform.
    """
    bounds = {row["platform"]: row for row in inquiry.tables.rows(_BOUNDS)}
    asked: list[str] = inquiry.parameters["platforms"]
    if not bounds:
        raise inquiry.fail("no daily statistics of statements are sealed", remedy="seal a 'sor_daily' file")
    for platform in asked:
        if platform not in bounds:
            raise inquiry.fail(
                f"no statements of the platform '{platform}'", remedy=nearest(platform, bounds)
            )
    period = inquiry.question.scope.period or Period(
        min(bounds[platform]["first_us"] for platform in asked),
        max(bounds[platform]["last_us"] for platform in asked) + MICROSECONDS_PER_DAY,
    )
    sums = inquiry.tables.rows(_SUMS, start_us=period.start_us, end_us=period.end_us)
    days = [row for row in inquiry.tables.rows(_DAYS) if period.contains(row["day_us"])]
    return [_profile(platform, period, _of(platform, sums), _of(platform, days)) for platform in asked]


def _of(platform: str, rows: Rows) -> Rows:
    return [row for row in rows if row["platform"] == platform]


def _profile(platform: str, period: Period, sums: Rows, days: Rows) -> Profile:
    columns: dict[str, dict[str | None, int]] = {}
    for row in sums:
        if row["entity"] is None and row["dimension"] != _WHOLE and not row["dimension"].endswith(_DELAY):
            columns.setdefault(row["dimension"], {})[row["variant"]] = row["total"]
    named = _named(sums)
    return Profile(
        platform=platform,
        period=period,
        by_day={row["day_us"]: row["total"] for row in days},
        columns=columns,
        delays=_delays(sums, named),
        keyword_statements=named.get(_KEYWORDS),
    )


def _named(sums: Rows) -> dict[tuple[str, str], int]:
    """Sums of what is counted of a column besides its values: `rows_with_elements`, `null_bc_negative` ..."""
    named: dict[tuple[str, str], int] = {}
    for row in sums:
        if row["entity"] is not None:
            key = (row["dimension"], row["entity"])
            named[key] = named.get(key, 0) + row["total"]
    return named


def _delays(sums: Rows, named: Mapping[tuple[str, str], int]) -> dict[str, Delay]:
    return {
        row["dimension"]: Delay(
            statements=row["averaged"],
            mean_s=Fraction(int(row["weighted_s"]), row["averaged"]),
            shortest_s=_whole(row["shortest_s"]),
            longest_s=_whole(row["longest_s"]),
            left_out=named.get((row["dimension"], "null_bc_negative"), 0),
        )
        for row in sums
        if row["dimension"].endswith(_DELAY) and row["entity"] is None and row["averaged"]
    }


def _whole(seconds: float | None) -> int | None:
    """Whole seconds, rounded here: engines round floats in different ways."""
    return None if seconds is None else round(seconds)
