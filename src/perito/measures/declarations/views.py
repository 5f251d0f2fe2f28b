"""The declarations as tables, a row a platform: what is in front, automation, source, volume, delays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perito.findings import Column, Row, Table, Value
from perito.measures.labels import platform_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.measures.declarations.profile import Delay, Profile
    from perito.measures.inquiry import Inquiry

_SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class Section:
    """A table of shares: its name and the (text key, column, value) of each of its columns.

    `counts` are values shown as counts as well, where a share would round to nothing.
    """

    name: str
    shares: tuple[tuple[str, str, str], ...]
    counts: tuple[tuple[str, str, str], ...] = ()


SECTIONS = (
    Section(
        "in-front",
        shares=(
            ("minors", "category", "STATEMENT_CATEGORY_PROTECTION_OF_MINORS"),
            ("synthetic", "content_type", "CONTENT_TYPE_SYNTHETIC_MEDIA"),
        ),
        counts=(
            ("minors_count", "category", "STATEMENT_CATEGORY_PROTECTION_OF_MINORS"),
            ("synthetic_count", "content_type", "CONTENT_TYPE_SYNTHETIC_MEDIA"),
            ("abuse_keyword", "category_specification", "KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL"),
            ("intimate_keyword", "category_specification", "KEYWORD_NON_CONSENSUAL_IMAGE_SHARING"),
        ),
    ),
    Section(
        "automation",
        shares=(
            ("detected_automatically", "automated_detection", "Yes"),
            ("decided_fully", "automated_decision", "AUTOMATED_DECISION_FULLY"),
            ("decided_partially", "automated_decision", "AUTOMATED_DECISION_PARTIALLY"),
            ("decided_by_people", "automated_decision", "AUTOMATED_DECISION_NOT_AUTOMATED"),
        ),
    ),
    Section(
        "source",
        shares=(
            ("own_initiative", "source_type", "SOURCE_VOLUNTARY"),
            ("notices", "source_type", "SOURCE_ARTICLE_16"),
            ("other_notifications", "source_type", "SOURCE_TYPE_OTHER_NOTIFICATION"),
        ),
        counts=(("trusted_flaggers", "source_type", "SOURCE_TRUSTED_FLAGGER"),),
    ),
)


def section_table(inquiry: Inquiry, found: Sequence[Profile], section: Section) -> Table:
    """Shares and counts of statements with certain values, a row a platform."""
    parts = (*section.shares, *section.counts)
    return Table(
        section.name,
        inquiry.text(f"title_{section.name}"),
        tuple(Column(key, inquiry.text(f"column_{key}")) for key, _, _ in parts),
        tuple(_section_row(inquiry, profile, section) for profile in found),
        note=inquiry.text(f"note_{section.name}"),
    )


def _section_row(inquiry: Inquiry, profile: Profile, section: Section) -> Row:
    cells = []
    for key, column, value in (*section.shares, *section.counts):
        label, number = inquiry.text(f"column_{key}"), profile.number(column, value)
        # Which numbers are shares is the section's matter; keywords stay counts, for not everybody fills them.
        if (key, column, value) in section.shares:
            share = number / profile.statements if profile.statements else None
            cells.append(Value(key, label, share, "share", status="declared"))
        else:
            cells.append(Value(key, label, number, "statements", status="declared"))
    return Row(platform_text(profile.platform), tuple(cells))


def volume_table(inquiry: Inquiry, found: Sequence[Profile]) -> Table:
    """Statements, days with statements, and statements that name a keyword."""
    units = {"statements": "statements", "days": "days", "period_days": "days", "keywords": "statements"}
    return Table(
        "volume",
        inquiry.text("title_volume"),
        tuple(Column(key, inquiry.text(f"column_{key}")) for key in units),
        tuple(_volume_row(inquiry, profile, units) for profile in found),
        note=inquiry.text("note_volume"),
    )


def _volume_row(inquiry: Inquiry, profile: Profile, units: dict[str, str]) -> Row:
    numbers = {
        "statements": profile.statements,
        "days": profile.days,
        "period_days": profile.period_days,
        "keywords": profile.keyword_statements,
    }
    return Row(
        platform_text(profile.platform),
        tuple(
            Value(key, inquiry.text(f"column_{key}"), number, units[key], status="declared")
            for key, number in numbers.items()
        ),
    )


def delay_table(inquiry: Inquiry, found: Sequence[Profile]) -> Table:
    """Age of content at action, and lag of disclosure: mean and longest, in days; never a response time."""
    keys = ("age_mean", "age_longest", "age_left_out", "lag_mean", "lag_longest")
    return Table(
        "delays",
        inquiry.text("title_delays"),
        tuple(Column(key, inquiry.text(f"column_{key}")) for key in keys),
        tuple(_delay_row(inquiry, profile) for profile in found),
        note=inquiry.text("note_delays"),
    )


def _delay_row(inquiry: Inquiry, profile: Profile) -> Row:
    age, lag = profile.delays.get("moderation_delay"), profile.delays.get("disclosure_delay")
    left_out = None if age is None else age.left_out
    return Row(
        platform_text(profile.platform),
        (
            *_mean_and_longest(inquiry, age, "age"),
            Value(
                "age_left_out", inquiry.text("column_age_left_out"), left_out, "statements", status="declared"
            ),
            *_mean_and_longest(inquiry, lag, "lag"),
        ),
    )


def _mean_and_longest(inquiry: Inquiry, delay: Delay | None, name: str) -> tuple[Value, Value]:
    mean = None if delay is None else float(delay.mean_s / _SECONDS_PER_DAY)
    longest = None if delay is None else delay.longest_s / _SECONDS_PER_DAY
    return (
        Value(f"{name}_mean", inquiry.text(f"column_{name}_mean"), mean, "days", status="declared"),
        Value(f"{name}_longest", inquiry.text(f"column_{name}_longest"), longest, "days", status="declared"),
    )
