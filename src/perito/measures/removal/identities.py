"""Identities between published parts: do they add up to their totals, within rounding?

k parts printed as whole units may differ from their printed total by up to (k + 1)/2 units without any
of them being wrong; volumes must add up exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from perito.findings import Column, Row, Source, Table, Text, Value
from perito.measures.removal.series import ALL, ANY, SEVERAL, Figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from perito.measures.inquiry import Inquiry

_HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Identity:
    """Parts and the total that they should add up to; `kind` names the sentence that says which."""

    kind: str
    label: str
    parts: Fraction
    total: Fraction
    tolerance: Fraction
    is_share: bool
    sources: tuple[Source, ...]

    @property
    def holds(self) -> bool:
        """Whether the difference is within rounding."""
        return abs(self.parts - self.total) <= self.tolerance


def identities(found: list[Figure]) -> list[Identity]:
    """Every identity that the series allows: channels, stages, months, quarters, and counts against shares."""
    return [*_channels(found), *_stages(found), *_periods(found), *_counted_shares(found)]


def _rates(found: Iterable[Figure]) -> list[Figure]:
    return [f for f in found if f.name == "removed" and f.share is not None and f.platform == SEVERAL]


def _channels(found: list[Figure]) -> Iterator[Identity]:
    """Shares by notifier channel against the share of all channels."""
    rates = [f for f in _rates(found) if f.stage in {ANY, "not published"}]
    for total in (f for f in rates if f.channel == ALL):
        parts = [f for f in rates if f.channel != ALL and f.period == total.period]
        if len(parts) > 1:
            yield _of_shares("channels", total, parts)


def _stages(found: list[Figure]) -> Iterator[Identity]:
    """Shares by time to removal against the share of their channel."""
    rates = _rates(found)
    for total in (f for f in rates if f.channel != ALL and f.stage == ANY):
        parts = [
            f for f in rates if f.channel == total.channel and f.period == total.period and f.stage != ANY
        ]
        if len(parts) > 1:
            yield _of_shares("stages", total, parts)


def _of_shares(kind: str, total: Figure, parts: list[Figure]) -> Identity:
    shares = [f.share for f in (total, *parts) if f.share is not None]
    unit = max((f.unit for f in (total, *parts) if f.unit is not None), default=Fraction(0))
    return Identity(
        kind=kind,
        label=f"{total.label}, {total.channel}",
        parts=sum(shares[1:], Fraction(0)),
        total=shares[0],
        tolerance=(len(parts) + 1) * _HALF * unit,
        is_share=True,
        sources=tuple(f.source for f in (total, *parts)),
    )


def _periods(found: list[Figure]) -> Iterator[Identity]:
    """Volumes of consecutive shorter periods against the volume of the longer period that they fill."""
    volumes = [f for f in found if f.items is not None and f.is_overall]
    for total in volumes:
        for months in (1, 3):
            parts = _filling(total, [f for f in volumes if f.name == total.name and f.months == months])
            if len(parts) > 1:
                yield Identity(
                    kind="periods",
                    label=f"{total.name}, {total.label}",
                    parts=Fraction(sum(f.items or 0 for f in parts)),
                    total=Fraction(total.items or 0),
                    tolerance=Fraction(0),
                    is_share=False,
                    sources=tuple(f.source for f in (total, *parts)),
                )


def _filling(total: Figure, candidates: list[Figure]) -> list[Figure]:
    """The candidates that fill the total's period without gap or overlap; empty if they do not."""
    inside = [
        f
        for f in candidates
        if f is not total
        and total.period.start_us <= f.period.start_us
        and f.period.end_us <= total.period.end_us
    ]
    inside.sort(key=lambda f: f.period)
    edges = [total.period.start_us, *(f.period.end_us for f in inside)]
    starts = [*(f.period.start_us for f in inside), total.period.end_us]
    return inside if edges == starts else []


def _counted_shares(found: list[Figure]) -> Iterator[Identity]:
    """Removed over notified items against the printed share of the same period."""
    for share in (f for f in found if f.name == "removed" and f.is_overall and f.share is not None):
        same = [f for f in found if f.period == share.period and f.is_overall and f.items is not None]
        removed = next((f for f in same if f.name == "removed"), None)
        notified = next((f for f in same if f.name == "notified"), None)
        if removed and notified and notified.items and share.share is not None:
            yield Identity(
                kind="counted",
                label=share.label,
                parts=Fraction(removed.items or 0, notified.items),
                total=share.share,
                tolerance=_HALF * (share.unit or 0),
                is_share=True,
                sources=(share.source, removed.source, notified.source),
            )


def identities_table(inquiry: Inquiry, checked: list[Identity]) -> Table:
    """The identities with both sides, the rounding that is allowed, and whether they hold."""
    names = ("parts", "total", "allowed", "holds")
    return Table(
        "identities",
        inquiry.text("title_identities"),
        tuple(Column(name, inquiry.text(f"column_{name}")) for name in names),
        tuple(_row(inquiry, identity) for identity in checked),
        note=inquiry.text("note_identities"),
    )


def _row(inquiry: Inquiry, identity: Identity) -> Row:
    label: Text = inquiry.text(f"identity_{identity.kind}", label=identity.label)
    unit = "published_percent" if identity.is_share else "items"
    allowed_unit = "percentage_points" if identity.is_share else "items"

    def value(name: str, number: Fraction, in_unit: str) -> Value:
        exact = float(number) if identity.is_share else int(number)
        return Value(name, label, exact, in_unit, status="exact", sources=identity.sources)

    return Row(
        label,
        (
            value("parts", identity.parts, unit),
            value("total", identity.total, unit),
            value("allowed", identity.tolerance, allowed_unit),
            inquiry.text("yes" if identity.holds else "no"),
        ),
    )
