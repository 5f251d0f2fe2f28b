"""Identities between published parts: do they add up to their totals, within rounding?

k parts printed as whole units may differ from their printed total by up to (k + 1)/2 units without any
of them being wrong; volumes must add up exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from perito.findings import Row, Table, Value
from perito.measures.removal.series import ALL, ANY, NOT_PUBLISHED, Figure, described

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perito.measures.inquiry import Inquiry

_HALF = Fraction(1, 2)
_FEWEST_PARTS = 2


@dataclass(frozen=True)
class Identity:
    """Parts and the figure that they should come to; `kind` names the sentence that says which."""

    kind: str
    total: Figure
    others: tuple[Figure, ...]
    parts: Fraction
    whole: Fraction
    tolerance: Fraction

    @property
    def holds(self) -> bool:
        """Whether the difference is within rounding."""
        return abs(self.parts - self.whole) <= self.tolerance


def identities(found: Sequence[Figure]) -> list[Identity]:
    """Every identity that the series allows: channels, stages, shorter periods, and counts against shares."""
    return [*_channels(found), *_stages(found), *_periods(found), *_counted_shares(found)]


def _channels(found: Sequence[Figure]) -> Iterator[Identity]:
    """Shares by notifier channel against the share of all channels."""
    rates = [figure for figure in found if figure.is_rate]
    for total in rates:
        if (total.channel, total.stage) == (ALL, ANY):
            same = [f for f in rates if (f.platform, f.period) == (total.platform, total.period)]
            yield from _of_shares("channels", total, _one_a_channel(same))


def _one_a_channel(rates: Sequence[Figure]) -> list[Figure]:
    """The share of each channel whatever the time to removal, said to be any or not said."""
    by_channel: dict[str, Figure] = {}
    for stage in (NOT_PUBLISHED, ANY):
        by_channel.update({f.channel: f for f in rates if f.stage == stage and f.channel != ALL})
    return list(by_channel.values())


def _stages(found: Sequence[Figure]) -> Iterator[Identity]:
    """Shares by time to removal against the share at any time."""
    rates = [figure for figure in found if figure.is_rate]
    for total in rates:
        if total.stage == ANY:
            place = (total.platform, total.channel, total.period)
            same = [f for f in rates if (f.platform, f.channel, f.period) == place]
            yield from _of_shares("stages", total, [f for f in same if f.stage not in {ANY, NOT_PUBLISHED}])


def _of_shares(kind: str, total: Figure, parts: Sequence[Figure]) -> Iterator[Identity]:
    if len(parts) >= _FEWEST_PARTS:
        yield Identity(
            kind=kind,
            total=total,
            others=tuple(parts),
            parts=sum((f.share or Fraction(0) for f in parts), Fraction(0)),
            whole=total.share or Fraction(0),
            tolerance=sum((_HALF * (f.unit or 0) for f in (total, *parts)), Fraction(0)),
        )


def _periods(found: Sequence[Figure]) -> Iterator[Identity]:
    """Volumes of shorter periods of one length against the volume of the longer period that they fill."""
    volumes = [figure for figure in found if figure.items is not None]
    for total in volumes:
        same = [f for f in volumes if (f.name, f.part) == (total.name, total.part)]
        for length in sorted({f.length for f in same} - {total.length}):
            parts = _filling(total, [f for f in same if f.length == length])
            if len(parts) >= _FEWEST_PARTS:
                yield Identity(
                    kind="periods",
                    total=total,
                    others=tuple(parts),
                    parts=Fraction(sum(f.items or 0 for f in parts)),
                    whole=Fraction(total.items or 0),
                    tolerance=Fraction(0),
                )


def _filling(total: Figure, candidates: Sequence[Figure]) -> list[Figure]:
    """The candidates that fill the total's period without gap or overlap; empty if they do not."""
    start, end = total.period.start_us, total.period.end_us
    inside = [f for f in candidates if start <= f.period.start_us and f.period.end_us <= end]
    inside.sort(key=lambda f: f.period)
    edges = [start, *(f.period.end_us for f in inside)]
    starts = [*(f.period.start_us for f in inside), end]
    return inside if edges == starts else []


def _counted_shares(found: Sequence[Figure]) -> Iterator[Identity]:
    """Removed over notified items against the printed share of the same place and period."""
    for share in (figure for figure in found if figure.is_rate):
        same = [f for f in found if (f.period, f.part) == (share.period, share.part) and f.items is not None]
        removed = next((f for f in same if f.name == "removed"), None)
        notified = next((f for f in same if f.name == "notified"), None)
        if removed and notified and notified.items:
            yield Identity(
                kind="counted",
                total=share,
                others=(removed, notified),
                parts=Fraction(removed.items or 0, notified.items),
                whole=share.share or Fraction(0),
                tolerance=_HALF * (share.unit or 0),
            )


def identities_table(inquiry: Inquiry, checked: Sequence[Identity]) -> Table:
    """The identities with both sides, the rounding that is allowed, and whether they hold."""
    columns = ("parts", "total", "allowed", "holds")
    return inquiry.table("identities", columns, [_row(inquiry, identity) for identity in checked])


def _row(inquiry: Inquiry, identity: Identity) -> Row:
    label = inquiry.text(f"identity_{identity.kind}", what=described(inquiry, identity.total))
    sources = tuple(figure.source for figure in (identity.total, *identity.others))
    is_share = identity.total.is_share
    unit, allowed = ("published_percent", "percentage_points") if is_share else ("items", "items")

    def value(name: str, number: Fraction, in_unit: str) -> Value:
        return Value(name, label, float(number) if is_share else int(number), in_unit, sources=sources)

    return Row(
        label,
        (
            value("parts", identity.parts, unit),
            value("total", identity.whole, unit),
            value("allowed", identity.tolerance, allowed),
            inquiry.verdict(identity.holds),
        ),
    )
