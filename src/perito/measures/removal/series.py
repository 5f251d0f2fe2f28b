"""The figures of a published removal series: volumes, and shares of what was notified."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from perito.clock import Period
from perito.findings import Source, Text, Value, verbatim
from perito.measures.inquiry import source_of
from perito.measures.labels import calendar_months, listed, period_label, platform_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perito.measures.inquiry import Inquiry

ALL, ANY, NOT_PUBLISHED = "all", "any", "not published"
SEVERAL = "several"
_REMOVED, _NOTIFIED = "removed", "notified"
_NUMBER = re.compile(r"\d+")
_QUERY = """
SELECT study, kind, platform, series, stage, class, value, base_is, share_numerator, share_denominator,
       share_unit, window_start_us, window_end_us, note, source, reliability, evidence_id, locator
FROM counts
WHERE kind IN ('volume', 'rate') AND class IN ('detected', 'notified', 'removed')
ORDER BY window_start_us NULLS LAST, window_end_us DESC NULLS LAST, class, kind, platform NULLS FIRST,
         series NULLS LAST, stage NULLS LAST, evidence_id, locator
"""


@dataclass(frozen=True)
class Figure:
    """One published figure: a number of items, or a share exactly as printed, with its printed `unit`."""

    name: str
    is_share: bool
    period: Period
    platform: str
    channel: str
    stage: str
    items: int | None
    share: Fraction | None
    unit: Fraction | None
    is_verified: bool
    note: str | None
    source_words: str | None
    source: Source

    @property
    def label(self) -> str:
        """The period, in short."""
        return period_label(self.period)

    @property
    def length(self) -> tuple[str, int]:
        """How long the period is: in calendar months, or else in microseconds."""
        months = calendar_months(self.period)
        return ("months", months) if months else ("us", self.period.end_us - self.period.start_us)

    @property
    def part(self) -> tuple[str, str, str]:
        """Platform, channel and stage."""
        return self.platform, self.channel, self.stage

    @property
    def is_overall(self) -> bool:
        """Whether it is about all platforms, channels and stages together."""
        return self.part == (SEVERAL, ALL, ANY)

    @property
    def is_rate(self) -> bool:
        """Whether it is a share of notified items that were removed, with a number."""
        return self.is_share and self.name == _REMOVED and self.share is not None


def figures(inquiry: Inquiry) -> list[Figure]:
    """Every figure of the series, in order of time, a longer period before the shorter ones in it.

    Raises:
        MeasureError: There is none, several series and none named, a figure without a period, or a removal
            rate with another base than notified items.
    """
    rows = inquiry.tables.rows(_QUERY)
    studies = sorted({row["study"] for row in rows})
    study = inquiry.parameters.get("study") or (studies[0] if len(studies) == 1 else None)
    if study not in studies:
        found = ", ".join(studies) or "no published removal series"
        raise inquiry.fail(
            "no single series fits", found=found, remedy="seal a 'removal_notified' file, or name the study"
        )
    return [_figure(inquiry, row) for row in rows if row["study"] == study]


def repeated(found: Iterable[Figure]) -> Figure | None:
    """The first figure that the series gives for something that it gave a figure for already."""
    seen = set()
    for figure in found:
        key = (figure.name, figure.is_share, figure.period, figure.part)
        if key in seen:
            return figure
        seen.add(key)
    return None


def overall_rates(found: Iterable[Figure]) -> list[Figure]:
    """Shares removed over all platforms, channels and stages, the one that ended last at the end."""
    rates = [figure for figure in found if figure.is_rate and figure.is_overall]
    return sorted(rates, key=lambda figure: (figure.period.end_us, figure.period.start_us))


def stage_order(stage: str) -> tuple[bool, list[int], str]:
    """Any time first, then stages by the numbers that they name (`up to 24 h` before `24-48 h`)."""
    return stage != ANY, [int(number) for number in _NUMBER.findall(stage)], stage


def panel(inquiry: Inquiry, platform: str) -> Text:
    """What the platform of a figure is called."""
    return inquiry.text("all_platforms") if platform == SEVERAL else platform_text(platform)


def described(inquiry: Inquiry, figure: Figure) -> Text:
    """What a figure is about: `share removed, X, 2025-12`; parts that are not told apart are left out."""
    pieces = [inquiry.text("name_share" if figure.is_share else f"name_{figure.name}")]
    if figure.platform != SEVERAL:
        pieces.append(platform_text(figure.platform))
    if figure.channel != ALL:
        pieces.append(inquiry.quoted(figure.channel))
    if figure.stage not in {ANY, NOT_PUBLISHED}:
        pieces.append(inquiry.quoted(figure.stage))
    return listed([*pieces, verbatim(figure.label)], ", ")


def rate_value(inquiry: Inquiry, figure: Figure, name: str, label: Text | None = None) -> Value:
    """A published share as a declared value; None where the source printed no number."""
    return Value(
        name=name,
        label=label or described(inquiry, figure),
        estimate=None if figure.share is None else float(figure.share),
        unit="published_percent",
        status="declared",
        sources=(figure.source,),
    )


def items_value(inquiry: Inquiry, figure: Figure, name: str) -> Value:
    """A published volume as a declared value."""
    label = described(inquiry, figure)
    return Value(name, label, figure.items, "items", status="declared", sources=(figure.source,))


def _figure(inquiry: Inquiry, row: dict[str, Any]) -> Figure:
    if row["window_start_us"] is None or row["window_end_us"] is None:
        raise inquiry.fail("a figure of the series has no period", found=row["locator"])
    if row["class"] == _REMOVED and row["kind"] == "rate" and row["base_is"] != _NOTIFIED:
        raise inquiry.fail(
            "the base of a removal rate is not what was notified",
            expected=_NOTIFIED,
            found=f"'{row['base_is']}' at {row['locator']}",
            remedy="removals are never divided by detections",
        )
    known = row["share_numerator"] is not None
    return Figure(
        name=row["class"],
        is_share=row["kind"] == "rate",
        period=Period(row["window_start_us"], row["window_end_us"]),
        platform=row["platform"] or SEVERAL,
        channel=row["series"] or ALL,
        stage=row["stage"] or ANY,
        items=row["value"],
        share=Fraction(row["share_numerator"], row["share_denominator"]) if known else None,
        unit=Fraction(1, row["share_unit"]) if row["share_unit"] else None,
        is_verified=row["reliability"] == "seen",
        note=row["note"],
        source_words=row["source"],
        source=source_of(row),
    )
