"""A classifier's flags with its measured error taken out; without that measurement they are refused.

A score orders the queue and shapes strata. It becomes a number only where items of known answer of both
kinds carry one, so that sensitivity and specificity of the flag are known with their error (R4 and L6).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from perito.findings import Finding, Value
from perito.measures.prevalence.labels import definition_of
from perito.measures.sampled.design import without_design
from perito.measures.sampled.label_error import (
    FEW_POSITIVES,
    LEAST_INFORMATIVE,
    ErrorRates,
    lang_reiczigel,
)
from perito.measures.sampled.series import present, rates_of, text_list
from perito.measures.sampled.words import class_text, resting_on, speaking, things

if TYPE_CHECKING:
    from perito.findings import Text
    from perito.measures.inquiry import Inquiry
    from perito.measures.sampled.design import Design
    from perito.stats.interval import Estimate

_ASKED = ("total", "share")
_FLAGGED = """
WITH flagged AS (
  SELECT item_id, max(CASE WHEN score >= threshold THEN 1 ELSE 0 END) AS flag
  FROM scores
  WHERE model_id = $model AND model_version = $version AND class = $class AND threshold IS NOT NULL
  GROUP BY item_id
)
SELECT CAST(count(*) AS BIGINT) AS scored, CAST(count(*) FILTER (WHERE flag = 1) AS BIGINT) AS flagged
FROM flagged
"""
_KNOWN = """
WITH flagged AS (
  SELECT item_id, max(CASE WHEN score >= threshold THEN 1 ELSE 0 END) AS flag
  FROM scores
  WHERE model_id = $model AND model_version = $version AND class = $class AND threshold IS NOT NULL
  GROUP BY item_id
), known AS (
  SELECT item_id, min(value) AS answer, max(value) AS other
  FROM labels
  WHERE role = 'validation' AND round = 'adjudication' AND class = $class AND NOT skipped
    AND (value = 'yes' OR value = 'no') AND label_book_id = $book AND label_book_version = $book_version
  GROUP BY item_id
)
SELECT k.answer, CAST(count(*) AS BIGINT) AS items,
       CAST(count(*) FILTER (WHERE f.flag = 1) AS BIGINT) AS flagged
FROM known AS k JOIN flagged AS f ON f.item_id = k.item_id
WHERE k.answer = k.other
GROUP BY k.answer
ORDER BY k.answer NULLS LAST
"""
_BOOKS = """
SELECT DISTINCT label_book_id, label_book_version
FROM labels
WHERE role = 'validation' AND round = 'adjudication' AND class = $class
ORDER BY label_book_id, label_book_version
"""


def answer(inquiry: Inquiry) -> Finding:
    """The corrected total and share of what was scored, or that the flags carry no number.

    Raises:
        MeasureError: A question that flags cannot answer.
    """
    inquiry = speaking(inquiry, definition=True)
    if inquiry.parameters["ask"] not in _ASKED:
        raise inquiry.fail("a classifier's flags cannot answer this", expected=", ".join(_ASKED))
    asked = {
        "model": inquiry.parameters["model_id"],
        "version": inquiry.parameters["model_version"],
        "class": inquiry.parameters["class"],
    }
    (counted,) = inquiry.tables.rows(_FLAGGED, **asked)
    books = [
        (row["label_book_id"], row["label_book_version"])
        for row in inquiry.tables.rows(_BOOKS, **{"class": asked["class"]})
    ]
    book = books[0] if len(books) == 1 else None
    known = {} if book is None else _known(inquiry, asked, book)
    flags = _Flags(counted["scored"], counted["flagged"], _rates(known), book, is_mixed=len(books) > 1)
    return resting_on(_finding(inquiry, flags), ("scores", "labels", "label_classes"))


@dataclass(frozen=True)
class _Flags:
    """What the classifier flagged, how it errs, and the label book that its error was measured under."""

    scored: int
    flagged: int
    rates: ErrorRates
    book: tuple[str, str] | None
    is_mixed: bool


def _known(inquiry: Inquiry, asked: dict[str, str], book: tuple[str, str]) -> dict[str, dict[str, int]]:
    rows = inquiry.tables.rows(_KNOWN, **asked, book=book[0], book_version=book[1])
    return {row["answer"]: row for row in rows}


def _rates(known: dict[str, dict[str, int]]) -> ErrorRates:
    positives, negatives = known.get("yes", {}), known.get("no", {})
    p, n = positives.get("items", 0), negatives.get("items", 0)
    return ErrorRates(p, p, positives.get("flagged", 0), n, n, n - negatives.get("flagged", 0))


def _finding(inquiry: Inquiry, flags: _Flags) -> Finding:
    design = replace(without_design(inquiry, inquiry.parameters["class"]), book=flags.book)
    name = class_text(inquiry, design, inquiry.parameters["class"])
    said: dict[str, str | Text] = {"things": things(inquiry), "class": name}
    shared = _shared(inquiry, flags, design)
    reason = _refusal(inquiry, flags)
    if reason is not None:
        return inquiry.refusal(reason, **shared)
    level = inquiry.parameters["level"]
    found = lang_reiczigel(flags.flagged / flags.scored, math.inf, flags.rates, level)
    if found.value <= 0 or found.interval is None or found.interval.low <= 0:
        return inquiry.refusal(inquiry.text("refusal_zero"), **shared)
    values = (
        _value(inquiry, "total", scaled_to(found, flags.scored), inquiry.parameters["unit"], said),
        _value(inquiry, "share", found, "share", said),
    )
    return inquiry.finding(
        **shared, status="conditional", headline=inquiry.text("headline_flagged", **said), values=values
    )


def _shared(inquiry: Inquiry, flags: _Flags, design: Design) -> dict[str, Any]:
    """Counts, error rates, definition and conditions, whether a number follows or not."""
    rates = flags.rates
    numbers = {
        "flagged": flags.flagged,
        "scored": flags.scored,
        "known_positives": rates.positives,
        "known_negatives": rates.negatives,
    }
    is_few = rates.is_measured and rates.positives < FEW_POSITIVES
    level = inquiry.parameters["level"]
    return {
        "counts": inquiry.counts(numbers, inquiry.parameters["unit"]),
        "definition": definition_of(inquiry, design, inquiry.parameters["class"]),
        "series": present([rates_of(inquiry, rates, level)]),
        "conditions": text_list(
            [
                inquiry.text("condition_flags") if rates.is_measured else None,
                inquiry.text("condition_few_positives") if is_few else None,
            ]
        ),
    }


def _refusal(inquiry: Inquiry, flags: _Flags) -> Text | None:
    if not flags.scored:
        return inquiry.text("refusal_no_scores")
    if flags.is_mixed:
        return inquiry.text("refusal_books_mixed")
    if not flags.rates.is_measured:
        return inquiry.text("refusal_scores")
    return inquiry.text("refusal_labels") if flags.rates.youden <= LEAST_INFORMATIVE else None


def scaled_to(found: Estimate, items: int) -> Estimate:
    """The share as a number of the items that were scored."""
    from perito.measures.sampled.estimates import scaled

    return scaled(found, items)


def _value(inquiry: Inquiry, name: str, found: Estimate, unit: str, said: dict[str, str | Text]) -> Value:
    label = inquiry.text(f"label_{name}", **said)
    return Value(name, label, found.value, unit, found.interval, "conditional", is_exact=False)
