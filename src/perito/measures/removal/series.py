"""The figures of a published removal series: volumes, and shares of what was notified."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from perito.clock import Period
from perito.findings import Source, Text, Value
from perito.measures.labels import calendar_months, period_label

if TYPE_CHECKING:
    from perito.measures.inquiry import Inquiry

ALL, ANY = "all", "any"
SEVERAL = "several"
_NOTIFIED = "notified"
_QUERY = """
SELECT study, kind, platform, series, stage, class, value, base_is, share_numerator, share_denominator, share_unit,
       window_start_us, window_end_us, note, source, reliability, evidence_id, locator
FROM counts
WHERE kind IN ('volume', 'rate') AND class IN ('detected', 'notified', 'removed')
ORDER BY window_start_us, window_end_us, class, platform NULLS FIRST, series, stage, evidence_id, locator
"""


@dataclass(frozen=True)
class Figure:
    """One published figure. `share` is exact as printed; `unit` is one printed unit of it."""

    name: str
    period: Period
    platform: str
    channel: str
    stage: str
    items: int | None
    share: Fraction | None
    unit: Fraction | None
    base_is: str | None
    is_verified: bool
    note: str | None
    source_words: str | None
    source: Source

    @property
    def label(self) -> str:
        """The period, as printed."""
        return period_label(self.period)

    @property
    def months(self) -> int | None:
        """Calendar months of the period."""
        return calendar_months(self.period)

    @property
    def is_overall(self) -> bool:
        """Whether it is about all platforms, channels and stages together."""
        return (self.platform, self.channel, self.stage) == (SEVERAL, ALL, ANY)

    def describe(self) -> str:
        """The figure's place in the series, in the source's words."""
        return ", ".join((self.name, self.platform, self.channel, self.stage, self.label))


def figures(inquiry: Inquiry) -> list[Figure]:
    """Every figure of the series, in order of time.

    Raises:
        MeasureError: There is none, one has no period, or a removal rate has another base than notified items.
    """
    rows = inquiry.tables.rows(_QUERY)
    study = inquiry.parameters.get("study")
    rows = [row for row in rows if study is None or row["study"] == study]
    if not rows:
        raise inquiry.fail(
            "no published removal series is sealed", remedy="declare one as 'removal_notified'"
        )
    return [_figure(inquiry, row) for row in rows]


def _figure(inquiry: Inquiry, row: dict[str, Any]) -> Figure:
    if row["window_start_us"] is None or row["window_end_us"] is None:
        raise inquiry.fail("a figure of the series has no period", found=row["locator"])
    if row["class"] == "removed" and row["kind"] == "rate" and row["base_is"] != _NOTIFIED:
        raise inquiry.fail(
            "the base of a removal rate is not what was notified",
            expected=_NOTIFIED,
            found=f"'{row['base_is']}' at {row['locator']}",
            remedy="removals are never divided by detections",
        )
    known = row["share_numerator"] is not None
    return Figure(
        name=row["class"],
        period=Period(row["window_start_us"], row["window_end_us"]),
        platform=row["platform"] or SEVERAL,
        channel=row["series"] or ALL,
        stage=row["stage"] or ANY,
        items=row["value"],
        share=Fraction(row["share_numerator"], row["share_denominator"]) if known else None,
        unit=Fraction(1, row["share_unit"]) if row["share_unit"] else None,
        base_is=row["base_is"],
        is_verified=row["reliability"] == "seen",
        note=row["note"],
        source_words=row["source"],
        source=Source(row["evidence_id"], row["locator"]),
    )


def overall_rates(found: list[Figure]) -> list[Figure]:
    """Shares removed over all platforms, channels and stages, in order of time."""
    return [f for f in found if f.name == "removed" and f.is_overall and f.share is not None]


def rate_value(inquiry: Inquiry, figure: Figure, name: str, label: Text | None = None) -> Value:
    """A published share as a declared value; None where the source printed no number."""
    return Value(
        name=name,
        label=label or inquiry.text("label_rate", what=figure.describe()),
        estimate=None if figure.share is None else float(figure.share),
        unit="published_percent",
        status="declared",
        sources=(figure.source,),
    )


def items_value(figure: Figure, name: str, label: Text) -> Value:
    """A published volume as a declared value."""
    return Value(name, label, figure.items, "items", status="declared", sources=(figure.source,))
