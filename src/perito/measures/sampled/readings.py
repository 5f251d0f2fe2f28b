"""Readings: what each reader said of each item of the sample, and the one value that the item is given.

The engine counts how many items had which readings; the rule that turns readings into a value is here. A
reading counts if it is that person's first of the item and either the item's first reading or blind. The
value is that of the adjudication where there is one, else that of more than half of the readings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.measures.inquiry import Inquiry
    from perito.measures.sampled.design import Design

State = Literal["yes", "no", "undecided", "skipped", "unread"]
STATES: tuple[State, ...] = ("yes", "no", "undecided", "skipped", "unread")

# Every label of the class under the book, numbered by person and by item; labels that were assigned for
# another design are left out.
_NUMBERED = """
WITH numbered AS (
  SELECT l.item_id, l.annotator_id, l.round, l.value, l.skipped, l.labelled_at_us,
         coalesce(l.blind, FALSE) AS is_blind,
         row_number() OVER (
           PARTITION BY l.item_id, l.annotator_id, CASE WHEN l.round = 'adjudication' THEN 1 ELSE 0 END
           ORDER BY l.round, l.labelled_at_us NULLS LAST, l.evidence_id, l.locator) AS of_person,
         row_number() OVER (
           PARTITION BY l.item_id
           ORDER BY l.skipped, l.round, l.labelled_at_us NULLS LAST, l.annotator_id, l.label_book_id,
                    l.label_book_version, l.class, l.evidence_id, l.locator) AS of_item
  FROM labels AS l
  WHERE l.role = $role AND l.class = $class
    AND l.label_book_id = $book AND l.label_book_version = $version
    AND NOT EXISTS (SELECT 1 FROM assignments AS a
                    WHERE a.assignment_id = l.assignment_id AND a.design_id <> $design)
), judged AS (
  SELECT item_id, annotator_id, round, value, labelled_at_us,
         round = 'adjudication' AND NOT skipped AS is_adjudication,
         round <> 'adjudication' AND NOT skipped AND of_person = 1 AND (is_blind OR of_item = 1)
           AS is_counted,
         round <> 'adjudication' AND NOT skipped AND of_person = 1 AND NOT (is_blind OR of_item = 1)
           AS is_dependent,
         round <> 'adjudication' AND of_person > 1 AS is_repeated,
         round <> 'adjudication' AND NOT skipped AND of_item = 1 AS is_first,
         skipped AS is_skipped
  FROM numbered
), tally AS (
  SELECT item_id,
         CAST(count(*) FILTER (WHERE is_counted AND value = 'yes') AS BIGINT) AS yes,
         CAST(count(*) FILTER (WHERE is_counted AND value = 'no') AS BIGINT) AS no,
         CAST(count(*) FILTER (WHERE is_counted AND value <> 'yes' AND value <> 'no') AS BIGINT) AS unsure,
         CAST(count(*) FILTER (WHERE is_skipped) AS BIGINT) AS skipped,
         CAST(count(*) FILTER (WHERE is_dependent) AS BIGINT) AS dependent,
         CAST(count(*) FILTER (WHERE is_repeated) AS BIGINT) AS repeated,
         CAST(count(*) FILTER (WHERE is_adjudication AND value = 'yes') AS BIGINT) AS settled_yes,
         CAST(count(*) FILTER (WHERE is_adjudication AND value = 'no') AS BIGINT) AS settled_no,
         coalesce(max(CASE WHEN is_first THEN value END), '') AS first_value
  FROM judged
  GROUP BY item_id
)"""
_COLUMNS = "yes, no, unsure, skipped, dependent, repeated, settled_yes, settled_no, first_value"
_OF_SAMPLE = """
, drawn AS (
  SELECT DISTINCT item_id, coalesce(stratum, '') AS in_stratum FROM draws WHERE design_id = $design
), found AS (
  SELECT d.in_stratum, coalesce(t.yes, 0) AS yes, coalesce(t.no, 0) AS no, coalesce(t.unsure, 0) AS unsure,
         coalesce(t.skipped, 0) AS skipped, coalesce(t.dependent, 0) AS dependent,
         coalesce(t.repeated, 0) AS repeated, coalesce(t.settled_yes, 0) AS settled_yes,
         coalesce(t.settled_no, 0) AS settled_no, coalesce(t.first_value, '') AS first_value
  FROM drawn AS d LEFT JOIN tally AS t ON t.item_id = d.item_id
)"""
_OUTCOMES = f"""{_NUMBERED}{_OF_SAMPLE}
SELECT in_stratum, {_COLUMNS}, CAST(count(*) AS BIGINT) AS items
FROM found
GROUP BY in_stratum, {_COLUMNS}
ORDER BY in_stratum, {_COLUMNS}
"""
_REFERENCE = f"""{_NUMBERED}
SELECT '' AS in_stratum, {_COLUMNS}, CAST(count(*) AS BIGINT) AS items
FROM tally
WHERE settled_yes + settled_no > 0
GROUP BY {_COLUMNS}
ORDER BY {_COLUMNS}
"""
_BY_READER = f"""{_NUMBERED}
SELECT DISTINCT item_id, annotator_id, value
FROM judged
WHERE is_counted
ORDER BY item_id, annotator_id, value NULLS LAST
"""
_BY_DRAW = f"""{_NUMBERED}
, drawn AS (
  SELECT DISTINCT item_id, coalesce(stratum, '') AS in_stratum, coalesce(draw, 0) AS draw_order, cluster,
         inclusion_prob, size_measure
  FROM draws WHERE design_id = $design
)
SELECT d.item_id, d.in_stratum, d.draw_order, d.cluster, d.inclusion_prob, d.size_measure,
       coalesce(t.yes, 0) AS yes, coalesce(t.no, 0) AS no, coalesce(t.unsure, 0) AS unsure,
       coalesce(t.skipped, 0) AS skipped, coalesce(t.dependent, 0) AS dependent,
       coalesce(t.repeated, 0) AS repeated, coalesce(t.settled_yes, 0) AS settled_yes,
       coalesce(t.settled_no, 0) AS settled_no, coalesce(t.first_value, '') AS first_value, 1 AS items
FROM drawn AS d LEFT JOIN tally AS t ON t.item_id = d.item_id
ORDER BY d.draw_order, d.item_id, d.in_stratum, d.cluster NULLS FIRST, d.inclusion_prob NULLS FIRST,
         d.size_measure NULLS FIRST
"""
_OUTSIDE = f"""{_NUMBERED}
SELECT CAST(count(*) AS BIGINT) AS items
FROM tally AS t
WHERE NOT EXISTS (SELECT 1 FROM draws AS d WHERE d.item_id = t.item_id AND d.design_id = $design)
"""
_OTHER_BOOKS = """
WITH drawn AS (SELECT DISTINCT item_id FROM draws WHERE design_id = $design),
registered AS (
  SELECT DISTINCT item_id FROM labels
  WHERE role = 'sample' AND class = $class AND label_book_id = $book AND label_book_version = $version
)
SELECT l.label_book_id, l.label_book_version, CAST(count(*) AS BIGINT) AS labels,
       CAST(count(DISTINCT CASE WHEN r.item_id IS NULL THEN l.item_id END) AS BIGINT) AS items_only_there,
       min(l.labelled_at_us) AS since_us
FROM labels AS l JOIN drawn AS d ON d.item_id = l.item_id LEFT JOIN registered AS r ON r.item_id = l.item_id
WHERE l.role = 'sample' AND l.class = $class
  AND NOT (l.label_book_id = $book AND l.label_book_version = $version)
GROUP BY l.label_book_id, l.label_book_version
ORDER BY l.label_book_id, l.label_book_version
"""
_SEVERAL = 2
_EARLY = """
SELECT CAST(count(*) AS BIGINT) AS labels
FROM labels AS l
WHERE l.role = 'sample' AND l.class = $class
  AND l.label_book_id = $book AND l.label_book_version = $version
  AND EXISTS (SELECT 1 FROM draws AS d WHERE d.item_id = l.item_id AND d.design_id = $design)
  AND EXISTS (SELECT 1 FROM designs AS s
              WHERE s.design_id = $design AND l.labelled_at_us < s.registered_at_us)
"""


@dataclass(frozen=True)
class Outcome:
    """How many items of a stratum had these readings.

    `yes`, `no` and `unsure` count the readings that count; `first_value` is that of the first of them, empty
    where there is none; `settled_*` count adjudications.
    """

    in_stratum: str
    yes: int
    no: int
    unsure: int
    skipped: int
    dependent: int
    repeated: int
    settled_yes: int
    settled_no: int
    first_value: str
    items: int

    @property
    def readings(self) -> int:
        """Readings that count."""
        return self.yes + self.no + self.unsure

    @property
    def is_second(self) -> bool:
        """Whether the item was read again, or settled."""
        return self.readings >= _SEVERAL or self.settled_yes + self.settled_no > 0

    @property
    def is_settled(self) -> bool:
        """Whether an adjudication decided, and all adjudications the same."""
        return bool(self.settled_yes) != bool(self.settled_no)

    @property
    def final(self) -> State:
        """The value of the item by the rule of the definition."""
        if self.settled_yes and self.settled_no:
            return "undecided"
        if self.settled_yes or self.settled_no:
            return "yes" if self.settled_yes else "no"
        if 2 * self.yes > self.readings:
            return "yes"
        if 2 * self.no > self.readings:
            return "no"
        return "undecided" if self.readings else self._without_reading

    @property
    def first(self) -> State:
        """The value of the first reading alone."""
        if self.first_value in {"yes", "no"}:
            return "yes" if self.first_value == "yes" else "no"
        return "undecided" if self.first_value else self._without_reading

    @property
    def is_contested(self) -> bool:
        """Whether readings differ so that none has more than half, and no adjudication decided."""
        return self.final == "undecided" and bool(self.yes) and bool(self.no)

    @property
    def _without_reading(self) -> State:
        return "skipped" if self.skipped else "unread"


@dataclass(frozen=True)
class OtherBook:
    """Labels of sampled items under another book or version, and items that have no other."""

    book: str
    version: str
    labels: int
    items_only_there: int
    since_us: int | None


def outcomes(inquiry: Inquiry, design: Design, class_name: str) -> list[Outcome]:
    """How many items of the sample had which readings."""
    rows = inquiry.tables.rows(_OUTCOMES, **_asked(design, class_name, "sample"))
    return [Outcome(**row) for row in rows]


def reference_outcomes(inquiry: Inquiry, design: Design, class_name: str) -> list[Outcome]:
    """The same for items of known answer: those of the validation queue that were adjudicated."""
    rows = inquiry.tables.rows(_REFERENCE, **_asked(design, class_name, "validation"))
    return [Outcome(**row) for row in rows]


def readings_by_person(
    inquiry: Inquiry, design: Design, class_name: str, role: str = "sample"
) -> list[tuple[str, str, str]]:
    """Item, reader and value of every reading that counts."""
    rows = inquiry.tables.rows(_BY_READER, **_asked(design, class_name, role))
    return [(row["item_id"], row["annotator_id"], row["value"]) for row in rows]


def draws_of(inquiry: Inquiry, design: Design, class_name: str) -> list[tuple[dict[str, Any], Outcome]]:
    """Every draw in the order of drawing, with the readings of its item."""
    rows = inquiry.tables.rows(_BY_DRAW, **_asked(design, class_name, "sample"))
    names = Outcome.__dataclass_fields__
    return [(row, Outcome(**{name: row[name] for name in names})) for row in rows]


def items_outside(inquiry: Inquiry, design: Design, class_name: str) -> int:
    """Items that carry labels of the sample's queue and were not drawn."""
    return int(inquiry.tables.rows(_OUTSIDE, **_asked(design, class_name, "sample"))[0]["items"])


def other_books(inquiry: Inquiry, design: Design, class_name: str) -> list[OtherBook]:
    """Labels of the sample under another label book or version than the registered one."""
    book, version = design.book or ("", "")
    asked = {"design": design.id, "class": class_name, "book": book, "version": version}
    return [
        OtherBook(
            row["label_book_id"],
            row["label_book_version"],
            row["labels"],
            row["items_only_there"],
            row["since_us"],
        )
        for row in inquiry.tables.rows(_OTHER_BOOKS, **asked)
    ]


def early_labels(inquiry: Inquiry, design: Design, class_name: str) -> int:
    """Labels of drawn items that are older than the registration of the design; none without one."""
    if not design.is_registered:
        return 0
    book, version = design.book or ("", "")
    asked = {"design": design.id, "class": class_name, "book": book, "version": version}
    return int(inquiry.tables.rows(_EARLY, **asked)[0]["labels"])


def items_in(found: Sequence[Outcome], *states: State, by: Literal["final", "first"] = "final") -> int:
    """How many items are in one of the states."""
    return sum(outcome.items for outcome in found if getattr(outcome, by) in states)


def _asked(design: Design, class_name: str, role: str) -> dict[str, str]:
    book, version = design.book or ("", "")
    return {"design": design.id, "class": class_name, "role": role, "book": book, "version": version}
