"""The sampling design behind a case's own labels: what was fixed before the first of them was read.

A design is a sealed row of `designs` with its `strata`. Where draws are there without one, what they say of
themselves is used, and the finding says that nothing was registered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perito.clock import Period
from perito.errors import nearest
from perito.measures.inquiry import source_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perito.findings import Source
    from perito.measures.inquiry import Inquiry

Record = dict[str, Any]

_DESIGNS = """
SELECT design_id, platform, question_id, item_kind, frame, population, population_basis, window_start_us,
       window_end_us, label_book_id, label_book_version, method, allocation, interval_method, planned, level,
       stopping, minimum_alpha, second_reading_share, weight, model_id, model_version, seed, registered_at_us,
       replaces, reason, evidence_id, locator
FROM designs
ORDER BY design_id, evidence_id, locator
"""
_STRATA = """
SELECT stratum, position, population, evidence_id, locator
FROM strata
WHERE design_id = $design
ORDER BY position, stratum, evidence_id, locator
"""
_DRAWN = """
SELECT design_id, coalesce(stratum, '') AS in_stratum, min(method) AS method, max(method) AS other_method,
       min(stratum_population) AS population, min(seed) AS seed, min(platform) AS platform,
       max(platform) AS other_platform, min(item_kind) AS item_kind,
       CAST(count(DISTINCT item_id) AS BIGINT) AS items,
       CAST(count(DISTINCT coalesce(draw, 0)) AS BIGINT) AS draws,
       CAST(sum(CASE WHEN inclusion_prob IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS without_probability
FROM draws
GROUP BY design_id, coalesce(stratum, '')
ORDER BY design_id, in_stratum
"""
_BOOKS = """
SELECT label_book_id, label_book_version, CAST(count(*) AS BIGINT) AS labels
FROM labels
WHERE class = $class AND role = 'sample'
GROUP BY label_book_id, label_book_version
ORDER BY label_book_id, label_book_version
"""
_WITHOUT_STRATA = ""


@dataclass(frozen=True)
class Stratum:
    """A stratum: its name, how many items it holds (None: not known) and how many were drawn from it."""

    name: str
    population: int | None
    drawn: int


@dataclass(frozen=True)
class Design:
    """A sampling design, registered or as the draws tell it; `strata` are in order, lowest scores first.

    `planned` is None where no size was fixed; `without_probability` counts draws whose chance nobody knows,
    `draws` all of them (an item drawn with replacement may have several).
    """

    id: str
    is_registered: bool
    platform: str | None
    item_kind: str | None
    frame: str | None
    population: int | None
    population_basis: str | None
    period: Period | None
    book: tuple[str, str] | None
    method: str | None
    allocation: str | None
    interval_method: str | None
    planned: int | None
    level: float | None
    stopping: str
    minimum_alpha: float
    second_reading_share: float
    weight: str | None
    seed: str | None
    registered_at_us: int | None
    replaces: str | None
    reason: str | None
    strata: tuple[Stratum, ...]
    without_probability: int
    draws: int
    source: Source | None

    @property
    def drawn(self) -> int:
        """Items drawn."""
        return sum(stratum.drawn for stratum in self.strata)

    @property
    def is_random(self) -> bool:
        """Whether every draw had a chance that the design knows."""
        return self.method not in {None, "purposive"} and not self.without_probability


def design_of(inquiry: Inquiry, class_name: str) -> Design | None:
    """The design of the question: the one it names, else its own, else the only one; None if there is none.

    A design that another replaces is passed over unless the question names it.

    Raises:
        MeasureError: There is no design of that name, or several that nobody chose among.
    """
    rows = _distinct(inquiry.tables.rows(_DESIGNS))
    drawn = _by_design(inquiry.tables.rows(_DRAWN))
    name = _chosen(inquiry, rows, drawn)
    if name is None:
        return None
    cells = drawn.get(name, [])
    if name in rows:
        return _registered(inquiry, rows[name], cells)
    return _as_drawn(inquiry, name, cells, class_name)


def without_design(inquiry: Inquiry, class_name: str) -> Design:
    """What labels without any sample say of themselves: their label book, if it is one."""
    return _as_drawn(inquiry, "", [], class_name)


def _distinct(rows: Sequence[Record]) -> dict[str, Record]:
    """One row a design; the same design sealed twice is one."""
    first: dict[str, Record] = {}
    for row in rows:
        first.setdefault(row["design_id"], row)
    return first


def _by_design(rows: Sequence[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for row in rows:
        found.setdefault(row["design_id"], []).append(row)
    return found


def _chosen(inquiry: Inquiry, rows: Mapping[str, Record], drawn: Mapping[str, object]) -> str | None:
    known = {*rows, *drawn}
    asked: str | None = inquiry.parameters.get("design")
    if asked is not None:
        if asked not in known:
            remedy = nearest(asked, known) if known else "register a design with 'perito sample'"
            raise inquiry.fail(f"there is no design '{asked}'", remedy=remedy)
        return asked
    replaced = {row["replaces"] for row in rows.values()}
    own = [name for name, row in rows.items() if row["question_id"] == inquiry.question.id]
    for names in (own, rows, drawn):
        current = sorted(set(names) - replaced)
        if len(current) > 1:
            raise inquiry.fail(
                "several designs fit the question", found=", ".join(current), remedy="name one: design = .."
            )
        if current:
            return current[0]
    return None


def _registered(inquiry: Inquiry, row: Record, cells: Sequence[Record]) -> Design:
    strata = _registered_strata(inquiry, row, cells)
    window = (row["window_start_us"], row["window_end_us"])
    return Design(
        id=row["design_id"],
        is_registered=True,
        period=None if None in window else Period(*window),
        book=(row["label_book_id"], row["label_book_version"]),
        strata=strata,
        without_probability=sum(cell["without_probability"] for cell in cells),
        draws=sum(cell["draws"] for cell in cells),
        source=source_of(row),
        **{name: row[name] for name in _SAME},
    )


_SAME = (
    "platform", "item_kind", "frame", "population", "population_basis", "method", "allocation",
    "interval_method", "planned", "level", "stopping", "minimum_alpha", "second_reading_share", "weight",
    "seed", "registered_at_us", "replaces", "reason",
)  # fmt: skip


def _registered_strata(inquiry: Inquiry, row: Record, cells: Sequence[Record]) -> tuple[Stratum, ...]:
    """The strata in their order, with what was drawn in each; one without strata holds the population."""
    drawn = {cell["in_stratum"]: cell["items"] for cell in cells}
    held = {s["stratum"]: s["population"] for s in inquiry.tables.rows(_STRATA, design=row["design_id"])}
    if not held:
        return (Stratum(_WITHOUT_STRATA, row["population"], sum(drawn.values())),)
    known = [Stratum(name, population, drawn.pop(name, 0)) for name, population in held.items()]
    return (*known, *(Stratum(name, None, number) for name, number in sorted(drawn.items())))


def _as_drawn(inquiry: Inquiry, name: str, cells: Sequence[Record], class_name: str) -> Design:
    """What draws without a registered design say of themselves."""
    held = [cell["population"] for cell in cells]
    books = inquiry.tables.rows(_BOOKS, **{"class": class_name})
    methods = {cell[key] for cell in cells for key in ("method", "other_method")}
    platforms = {cell[key] for cell in cells for key in ("platform", "other_platform")}
    return Design(
        id=name,
        is_registered=False,
        platform=platforms.pop() if len(platforms) == 1 else None,
        item_kind=cells[0]["item_kind"] if cells else None,
        frame=None,
        population=None if None in held or not held else sum(held),
        population_basis=None,
        period=None,
        book=(books[0]["label_book_id"], books[0]["label_book_version"]) if len(books) == 1 else None,
        method=methods.pop() if len(methods) == 1 else None,
        allocation=None,
        interval_method=None,
        planned=None,
        level=None,
        stopping="fixed",
        minimum_alpha=0.0,
        second_reading_share=0.0,
        weight=None,
        seed=cells[0]["seed"] if cells else None,
        registered_at_us=None,
        replaces=None,
        reason=None,
        strata=tuple(Stratum(cell["in_stratum"], cell["population"], cell["items"]) for cell in cells),
        without_probability=sum(cell["without_probability"] for cell in cells),
        draws=sum(cell["draws"] for cell in cells),
        source=None,
    )
