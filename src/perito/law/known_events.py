"""Known events: changes and faults of a data source that a trend must not be read across unannounced.

A break in a declared series may be a new schema, a corrected label or a damaged dump. Each is a dated row
with its effect; every trend that crosses one is annotated with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from perito.clock import day_bounds_us
from perito.errors import LawError, nearest
from perito.law.force import require_time
from perito.law.reference import CONFIDENCE, platform_key, read_toml, shipped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perito.clock import Period
    from perito.law.reference import Row

_TABLE = "known_events.toml"
_ALWAYS_US = -(2**63)  # before every instant that a table can hold


@dataclass(frozen=True)
class KnownEvent:
    """Something that changed or broke a data source on known days.

    Attributes:
        id: Its name.
        platforms: Whose data it touches; empty = every platform's.
        first_day: First day touched, or the day of the change; None = from the beginning.
        last_day: **Last day touched, included**; the same as `first_day` for a change of one day.
        effect: What it does to the data, `en` and `es`.
        concerns: Tags of the datasets and fields that it touches, for example `dsa-tdb`.
        source: Where it was read.
        confidence: As in the table of provisions.
    """

    id: str
    platforms: tuple[str, ...]
    first_day: str | None
    last_day: str
    effect: Mapping[str, str]
    concerns: tuple[str, ...]
    source: str
    confidence: str

    @property
    def start_us(self) -> int:
        """First instant touched; a month counts from its first instant, so that nothing is missed."""
        return _ALWAYS_US if self.first_day is None else day_bounds_us(self.first_day)[0]

    @property
    def end_us(self) -> int:
        """First instant after the event; a month counts to its last instant."""
        return day_bounds_us(self.last_day)[1]

    def is_crossed_by(self, period: Period) -> bool:
        """Whether the period contains any of the event's days, in whole or in part."""
        return period.start_us < self.end_us and self.start_us < period.end_us

    def borders(self, period: Period) -> bool:
        """Whether the period ends where the event starts, or starts where it ends."""
        return self.start_us == period.end_us or self.end_us == period.start_us

    def touches(self, platform: str | None) -> bool:
        """Whether it concerns the platform's data; None asks about all platforms together."""
        return not self.platforms or platform is None or platform_key(platform) in self.platforms


def known_events(dataset: str, platform: str | None, period: Period) -> list[KnownEvent]:
    """The known events of a dataset that lie in the period or border on it, by date.

    An event in the list is *crossed* if `is_crossed_by(period)`; the others lie directly before or
    after it. To compare two periods, ask for the span from the first one's start to the second's end.

    Args:
        dataset: A tag of the table, for example `dsa-tdb`.
        platform: The platform whose data are read; None = all of them together.
        period: The time that the data cover, half-open.

    Raises:
        LawError: No event carries the tag, or the period contains no time.

    Example:
        >>> from perito.clock import Period
        >>> [event.id for event in known_events("dsa-tdb", "x", Period.of("2025-06-01", "2025-08-01"))]
        ['dsa-tdb-schema-v2']
    """
    require_time(period)
    tags = {tag for event in events().values() for tag in event.concerns}
    if dataset not in tags:
        raise LawError(f"no known event concerns '{dataset}'", where=_TABLE, remedy=nearest(dataset, tags))
    found = [
        event
        for event in events().values()
        if dataset in event.concerns
        and event.touches(platform)
        and (event.is_crossed_by(period) or event.borders(period))
    ]
    return sorted(found, key=lambda event: (event.start_us, event.end_us, event.id))


@cache
def events() -> Mapping[str, KnownEvent]:
    """Every known event of the shipped table, by id.

    Example:
        >>> events()["meta-trusted-flagger-labels"].platforms
        ('facebook', 'instagram')
    """
    return read_known_events(shipped(_TABLE), _TABLE)


def read_known_events(text: str, where: str) -> Mapping[str, KnownEvent]:
    """The known events of a TOML table, by id.

    Raises:
        LawError: A fault in the table, with file, row and column.
    """
    required = ["id", "platforms", "last_day", "effect", "concerns", "source", "confidence"]
    rows = read_toml(text, where, "event", required=required, optional=["first_day"])
    return MappingProxyType({row.text("id"): _event(row) for row in rows})


def _event(row: Row) -> KnownEvent:
    read = KnownEvent(
        id=row.text("id"),
        platforms=row.names("platforms"),
        first_day=row.date_or_none("first_day"),
        last_day=row.date("last_day"),
        effect=row.bilingual("effect"),
        concerns=row.names("concerns"),
        source=row.text("source"),
        confidence=row.choice("confidence", CONFIDENCE),
    )
    if not read.concerns:
        raise row.fault("concerns", "the event concerns nothing", expected="at least one tag")
    if read.start_us >= read.end_us:
        raise row.fault("last_day", "the event ends before it starts", found=read.last_day)
    return read
