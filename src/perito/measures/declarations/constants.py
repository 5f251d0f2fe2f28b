"""Columns on which a platform gives always, or nearly always, one value."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from perito.findings import Row, Table, Text, Value
from perito.measures.labels import bilingual, listed, platform_text
from perito.schema import enumeration
from perito.stats.interval import as_written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from perito.measures.declarations.profile import Profile
    from perito.measures.inquiry import Inquiry

# The columns that should vary, each with the enumeration that says what its values mean.
_SHOULD_VARY = {
    "automated_decision": "sor_automated_decision",
    "automated_detection": "sor_yes_no",
    "category": "sor_category",
    "category_specification": "sor_keyword",
    "content_type": "sor_content_type",
    "decision_ground": "sor_decision_ground",
    "decision_visibility": "sor_decision_visibility",
    "source_type": "sor_source_type",
}
_COLUMNS = ("constant_column", "constant_value", "constant_statements", "constant_of", "constant_often")


@dataclass(frozen=True)
class Constant:
    """One value of a column on so many of a platform's statements; `value` None: none was given."""

    platform: str
    column: str
    value: str | int | None
    statements: int
    of: int


def constants(inquiry: Inquiry, found: Sequence[Profile]) -> list[Constant]:
    """Every platform and column whose most frequent value stands on at least the stated share of statements.

    Delays count too: a content age that is always the same is a constant column.
    """
    least = as_written(inquiry.parameters["nearly_constant"])
    candidates = (one for profile in found for one in (*_columns(profile), *_delays(profile)))
    return [one for one in candidates if Fraction(one.statements, one.of) >= least]


def constants_table(inquiry: Inquiry, found: Sequence[Constant]) -> Table:
    """The constant columns, platform by platform."""
    return inquiry.table("constants", _COLUMNS, [_row(inquiry, constant) for constant in found])


def constants_beside(
    inquiry: Inquiry, found: Iterable[Constant], platform: str, columns: Iterable[str]
) -> Text:
    """The constant columns of a platform among those that a comparison uses, in one phrase."""
    used = set(columns)
    phrases = [
        inquiry.text(
            "constant_here",
            column=_column_text(inquiry, one),
            often=_often(inquiry, one),
            value=_value_text(inquiry, one),
        )
        for one in found
        if one.platform == platform and one.column in used
    ]
    return listed(phrases) if phrases else inquiry.text("no_constant")


def _columns(profile: Profile) -> Iterator[Constant]:
    for column in _SHOULD_VARY:
        given = profile.columns.get(column)
        if given and profile.statements:
            value, number = max(given.items(), key=lambda entry: (entry[1], entry[0] or ""))
            yield Constant(profile.platform, column, value, number, profile.statements)


def _delays(profile: Profile) -> Iterator[Constant]:
    for column, delay in sorted(profile.delays.items()):
        is_one_value = delay.shortest_s is not None and delay.shortest_s == delay.longest_s
        if is_one_value and profile.statements:
            yield Constant(profile.platform, column, delay.shortest_s, delay.statements, profile.statements)


def _row(inquiry: Inquiry, constant: Constant) -> Row:
    label = platform_text(constant.platform)
    numbers = {"constant_statements": constant.statements, "constant_of": constant.of}
    return Row(
        label,
        (
            _column_text(inquiry, constant),
            _value_text(inquiry, constant),
            *(
                Value(name, label, number, "statements", status="declared")
                for name, number in numbers.items()
            ),
            _often(inquiry, constant),
        ),
    )


def _column_text(inquiry: Inquiry, constant: Constant) -> Text:
    return inquiry.text(f"dimension_{constant.column}")


def _often(inquiry: Inquiry, constant: Constant) -> Text:
    return inquiry.text("always" if constant.statements == constant.of else "nearly")


def _value_text(inquiry: Inquiry, constant: Constant) -> Text:
    """What the value means, with the code that the database has for it."""
    if constant.value is None:
        return inquiry.text("value_missing")
    if isinstance(constant.value, int):
        return inquiry.text("value_seconds", seconds=str(constant.value))
    meanings = enumeration(_SHOULD_VARY[constant.column]).values
    if constant.value not in meanings:
        return inquiry.quoted(constant.value)
    known = meanings[constant.value]
    meaning = bilingual(known.en, known.es)
    return (
        meaning
        if known.en == constant.value
        else inquiry.text("value_named", meaning=meaning, code=constant.value)
    )
