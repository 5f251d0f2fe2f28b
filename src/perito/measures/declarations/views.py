"""The declarations as tables, a row a platform or a month; constant columns are named in each comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perito.findings import Cell, Column, Row, Table, Text, Value, verbatim
from perito.measures.declarations.constants import Constant, constants_beside
from perito.measures.labels import months_of, period_label, platform_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.clock import Period
    from perito.measures.declarations.profile import Delay, Profile
    from perito.measures.inquiry import Inquiry

_SECONDS_PER_DAY = 86_400
_CONSTANT = "constant"


@dataclass(frozen=True)
class Section:
    """A comparison: its name and the (text key, column, value) of each of its shares and counts."""

    name: str
    shares: tuple[tuple[str, str, str], ...]
    counts: tuple[tuple[str, str, str], ...] = ()

    @property
    def used(self) -> set[str]:
        """The columns that it uses."""
        return {column for _, column, _ in (*self.shares, *self.counts)}


IN_FRONT = Section(
    "in-front",
    shares=(
        ("minors", "category", "STATEMENT_CATEGORY_PROTECTION_OF_MINORS"),
        ("synthetic", "content_type", "CONTENT_TYPE_SYNTHETIC_MEDIA"),
    ),
    counts=(
        ("minors_count", "category", "STATEMENT_CATEGORY_PROTECTION_OF_MINORS"),
        ("synthetic_count", "content_type", "CONTENT_TYPE_SYNTHETIC_MEDIA"),
    ),
)
AUTOMATION = Section(
    "automation",
    shares=(
        ("detected_automatically", "automated_detection", "Yes"),
        ("decided_fully", "automated_decision", "AUTOMATED_DECISION_FULLY"),
        ("decided_partially", "automated_decision", "AUTOMATED_DECISION_PARTIALLY"),
        ("decided_by_people", "automated_decision", "AUTOMATED_DECISION_NOT_AUTOMATED"),
    ),
)
SOURCE = Section(
    "source",
    shares=(
        ("own_initiative", "source_type", "SOURCE_VOLUNTARY"),
        ("notices", "source_type", "SOURCE_ARTICLE_16"),
        ("other_notifications", "source_type", "SOURCE_TYPE_OTHER_NOTIFICATION"),
    ),
    counts=(("trusted_flaggers", "source_type", "SOURCE_TRUSTED_FLAGGER"),),
)
_KEYWORD_COLUMN = "category_specification"
_KEYWORDS = {
    "abuse": "KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL",
    "abuse_deepfake": "KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL_DEEPFAKE",
    "intimate": "KEYWORD_NON_CONSENSUAL_IMAGE_SHARING",
    "intimate_deepfake": "KEYWORD_NON_CONSENSUAL_MATERIAL_DEEPFAKE",
}


def section_table(
    inquiry: Inquiry, found: Sequence[Profile], fixed: Sequence[Constant], section: Section
) -> Table:
    """Shares and counts of statements with certain values, a row a platform."""
    rows = []
    for profile in found:
        cells = [_share(inquiry, profile, *part) for part in section.shares]
        cells += [
            _number(inquiry, key, profile.number(column, value)) for key, column, value in section.counts
        ]
        beside = constants_beside(inquiry, fixed, profile.platform, section.used)
        rows.append(Row(platform_text(profile.platform), (*cells, beside)))
    columns = [key for key, _, _ in (*section.shares, *section.counts)]
    return inquiry.table(section.name, (*columns, _CONSTANT), rows)


def keyword_table(inquiry: Inquiry, found: Sequence[Profile], fixed: Sequence[Constant]) -> Table:
    """Statements that name any keyword, and those that name the ones in front."""
    rows = []
    for profile in found:
        cells = [_number(inquiry, "any_keyword", profile.keyword_statements)]
        cells += [
            _number(inquiry, key, profile.number(_KEYWORD_COLUMN, value)) for key, value in _KEYWORDS.items()
        ]
        beside = constants_beside(inquiry, fixed, profile.platform, (_KEYWORD_COLUMN,))
        rows.append(Row(platform_text(profile.platform), (*cells, beside)))
    return inquiry.table("keywords", ("any_keyword", *_KEYWORDS, _CONSTANT), rows)


def volume_table(inquiry: Inquiry, found: Sequence[Profile]) -> Table:
    """Statements, and days with statements."""
    rows = [
        Row(
            platform_text(profile.platform),
            (
                _number(inquiry, "statements", profile.statements),
                _number(inquiry, "days", len(profile.by_day), "days"),
                _number(inquiry, "period_days", profile.period_days, "days"),
            ),
        )
        for profile in found
    ]
    return inquiry.table("volume", ("statements", "days", "period_days"), rows)


def month_tables(inquiry: Inquiry, found: Sequence[Profile]) -> tuple[Table, Table]:
    """Statements by month, and days with statements by month; a month without any shows."""
    months = months_of(found[0].period)
    platforms = [Column(profile.platform, platform_text(profile.platform)) for profile in found]
    statements = [
        Row(_month(month), tuple(_statements(inquiry, p, month) for p in found)) for month in months
    ]
    days = [
        Row(
            _month(month),
            (
                Value("month_days", _month(month), round(month.days), "days"),
                *(_days(profile, month) for profile in found),
            ),
        )
        for month in months
    ]
    return (
        inquiry.table("months", platforms, statements),
        inquiry.table("days", ("month_days", *platforms), days),
    )


def delay_table(inquiry: Inquiry, found: Sequence[Profile], fixed: Sequence[Constant]) -> Table:
    """Age of content at action, and lag of disclosure: mean and longest, in days; never a response time."""
    rows = []
    for profile in found:
        age, lag = profile.delays.get("moderation_delay"), profile.delays.get("disclosure_delay")
        cells = (
            *_mean_and_longest(inquiry, age, "age"),
            _number(inquiry, "age_left_out", None if age is None else age.left_out),
            *_mean_and_longest(inquiry, lag, "lag"),
            constants_beside(inquiry, fixed, profile.platform, profile.delays),
        )
        rows.append(Row(platform_text(profile.platform), cells))
    columns = ("age_mean", "age_longest", "age_left_out", "lag_mean", "lag_longest", _CONSTANT)
    return inquiry.table("delays", columns, rows)


def _share(inquiry: Inquiry, profile: Profile, key: str, column: str, value: str) -> Value:
    number = profile.number(column, value)
    share = number / profile.statements if number is not None and profile.statements else None
    return Value(key, inquiry.text(f"column_{key}"), share, "share", status="declared")


def _number(inquiry: Inquiry, key: str, number: float | None, unit: str = "statements") -> Value:
    return Value(key, inquiry.text(f"column_{key}"), number, unit, status="declared")


def _month(month: Period) -> Text:
    return verbatim(period_label(month))


def _statements(inquiry: Inquiry, profile: Profile, month: Period) -> Cell:
    numbers = profile.within(month)
    if not numbers:
        return inquiry.text("no_statements")
    label = platform_text(profile.platform)
    return Value(profile.platform, label, sum(numbers), "statements", status="declared")


def _days(profile: Profile, month: Period) -> Value:
    label, number = platform_text(profile.platform), len(profile.within(month))
    return Value(profile.platform, label, number, "days", status="declared")


def _mean_and_longest(inquiry: Inquiry, delay: Delay | None, name: str) -> tuple[Value, Value]:
    mean = None if delay is None else float(delay.mean_s / _SECONDS_PER_DAY)
    longest = None if delay is None or delay.longest_s is None else delay.longest_s / _SECONDS_PER_DAY
    return _number(inquiry, f"{name}_mean", mean, "days"), _number(
        inquiry, f"{name}_longest", longest, "days"
    )
