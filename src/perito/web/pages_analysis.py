"""The analyst's view: agreement, disputes, drift and the share so far, in numbers and charts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perito.web.design import Design
from perito.web.live import COUNTED, ClassView, Drift, live_views
from perito.web.progress import progress_of
from perito.web.review import book_in_force, fact
from perito.web.svg import Mark, interval_chart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup
    from starlette.responses import Response

    from perito.stats.interval import Estimate
    from perito.web.shares import Share
    from perito.web.visit import Visit
    from perito.web.words import Words

_AIMS = (10, 15, 20, 25, 33, 50)
_DIGITS = 3
_SMALL = 0.1  # shares below it get a digit more
_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Shown:
    """A class on the page: its view and its charts."""

    title: str
    view: ClassView
    agreement: Markup | None
    shares: Markup | None
    drift: Markup | None


def live(visit: Visit) -> Response:
    """The live view."""
    asked = visit.query.get("aim", "")
    aim = int(asked) / 100 if asked in map(str, _AIMS) else None
    with visit.desk.review.base.reading() as connection:
        book = book_in_force(connection)
        views = live_views(connection, book, aim)
        progress = progress_of(connection, visit.person.id)
        counts = Design.from_text(fact(connection, "design") or "").method in COUNTED
    titles = {one.id: one.words("title", visit.language) for one in book.classes}
    shown = [
        _shown(view, titles[view.id], visit.words, book.minimum_alpha) for view in views
    ]  # fmt: skip
    return visit.page(
        "live.html.j2",
        shown=shown,
        book=book,
        progress=progress,
        aims=_AIMS,
        aim=asked,
        estimate=written,
        counts=counts,
    )


def written(found: Estimate, t: Words, *, as_share: bool = True) -> str:
    """An estimate with its interval, as people read it."""
    most = found.value if found.interval is None else found.interval.high
    digits = 1 if most >= _SMALL or most == 0 else 2

    def one(value: float) -> str:
        return t.share(value, digits) if as_share else t.number(value, _DIGITS)

    if found.interval is None:
        return one(found.value)
    return t(
        "live.interval", value=one(found.value), low=one(found.interval.low), high=one(found.interval.high)
    )


def _shown(view: ClassView, title: str, t: Words, minimum: float) -> Shown:
    return Shown(
        title, view, _agreement_chart(view, t, minimum), _share_chart(view, t), _drift_chart(view, t)
    )


def _mark(name: str, found: Estimate, shown: str) -> Mark:
    low, high = (
        (found.value, found.value) if found.interval is None else (found.interval.low, found.interval.high)
    )
    return Mark(name, found.value, low, high, shown)


def _agreement_chart(view: ClassView, t: Words, minimum: float) -> Markup | None:
    marks = [
        _mark(t(f"live.{name}"), found, written(found, t, as_share=False))
        for name, found in view.agreement
        if not isinstance(found, str)
    ]
    if not marks:
        return None
    low = min(0.0, *(mark.low for mark in marks))
    ends = _SHARES if low == 0 else (math.floor(low * 4) / 4, *_SHARES)
    ticks = [(value, t.number(value, 2)) for value in ends]
    return interval_chart(marks, t("live.agreement_chart"), ticks, limit=minimum)


def _share_chart(view: ClassView, t: Words) -> Markup | None:
    rows: list[Share] = [view.total, *view.strata] if len(view.strata) > 1 else [view.total]
    marks = [
        _mark(share.name or t("live.all"), share.estimate, written(share.estimate, t))
        for share in rows
        if share.estimate is not None
    ]
    if not marks:
        return None
    top = _round_up(max(mark.high for mark in marks))
    ticks = [(top * part, t.share(top * part, 0 if top >= 0.2 else 2)) for part in _SHARES]  # noqa: PLR2004
    return interval_chart(marks, t("live.share_chart"), ticks)


def _round_up(value: float) -> float:
    """The end of an axis: 1, 2 or 4 at the first digit, at most 1."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return min(next(step * power for step in (1, 2, 4, 10) if value <= step * power * (1 + 1e-9)), 1.0)


def _drift_chart(view: ClassView, t: Words) -> Markup | None:
    runs: Sequence[tuple[str, Drift]] = [
        *(("golden", run) for run in view.golden),
        *(("repeats", run) for run in view.repeats),
    ]
    if not runs:
        return None
    marks = [
        _mark(t(f"live.{name}_run", first=run.first, last=run.last), run.estimate, written(run.estimate, t))
        for name, run in runs
    ]
    return interval_chart(marks, t("live.drift_chart"), [(value, t.share(value, 0)) for value in _SHARES])
