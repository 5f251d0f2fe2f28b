"""A classifier's flags with its measured error taken out; without that measurement they are refused.

A score orders the queue and shapes strata. It becomes a number only where items of known answer of both
kinds carry one, so that sensitivity and specificity of the flag are known with their error (R4 and L6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.findings import Finding, Value
from perito.measures.sampled.label_error import LEAST_INFORMATIVE, ErrorRates, lang_reiczigel
from perito.measures.sampled.words import resting_on, speaking, things

if TYPE_CHECKING:
    from perito.findings import Text
    from perito.measures.inquiry import Inquiry
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
    AND (value = 'yes' OR value = 'no')
  GROUP BY item_id
)
SELECT k.answer, CAST(count(*) AS BIGINT) AS items,
       CAST(count(*) FILTER (WHERE f.flag = 1) AS BIGINT) AS flagged
FROM known AS k JOIN flagged AS f ON f.item_id = k.item_id
WHERE k.answer = k.other
GROUP BY k.answer
ORDER BY k.answer NULLS LAST
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
    known = {row["answer"]: row for row in inquiry.tables.rows(_KNOWN, **asked)}
    return resting_on(
        _finding(inquiry, counted["scored"], counted["flagged"], _rates(known)), ("scores", "labels")
    )


def _rates(known: dict[str, dict[str, int]]) -> ErrorRates:
    positives, negatives = known.get("yes", {}), known.get("no", {})
    p, n = positives.get("items", 0), negatives.get("items", 0)
    return ErrorRates(p, p, positives.get("flagged", 0), n, n, n - negatives.get("flagged", 0))


def _finding(inquiry: Inquiry, scored: int, flagged: int, rates: ErrorRates) -> Finding:
    name = inquiry.quoted(inquiry.parameters["class"])
    numbers = {
        "flagged": flagged,
        "scored": scored,
        "known_positives": rates.positives,
        "known_negatives": rates.negatives,
    }
    said: dict[str, str | Text] = {"things": things(inquiry), "class": name}
    shared = {
        "counts": inquiry.counts(numbers, inquiry.parameters["unit"]),
        "definition": inquiry.catalogue.definition.quoting(
            book="–", version="–", class_definition=inquiry.text("not_said"), **{"class": name}
        ),
    }
    if not scored:
        return inquiry.refusal(inquiry.text("refusal_no_scores"), **shared)
    if not rates.is_measured:
        return inquiry.refusal(inquiry.text("refusal_scores"), **shared)
    if rates.youden <= LEAST_INFORMATIVE:
        return inquiry.refusal(inquiry.text("refusal_labels"), **shared)
    found = lang_reiczigel(flagged / scored, float("inf"), rates, inquiry.parameters["level"])
    if found.value <= 0 or found.interval is None or found.interval.low <= 0:
        return inquiry.refusal(inquiry.text("refusal_zero"), **shared)
    values = (
        _value(inquiry, "total", scaled_to(found, scored), inquiry.parameters["unit"], said),
        _value(inquiry, "share", found, "share", said),
    )
    return inquiry.finding(
        **shared, status="estimated", headline=inquiry.text("headline_flagged", **said), values=values
    )


def scaled_to(found: Estimate, items: int) -> Estimate:
    """The share as a number of the items that were scored."""
    from perito.measures.sampled.estimates import scaled

    return scaled(found, items)


def _value(inquiry: Inquiry, name: str, found: Estimate, unit: str, said: dict[str, str | Text]) -> Value:
    label = inquiry.text(f"label_{name}", **said)
    return Value(name, label, found.value, unit, found.interval, "estimated", is_exact=False)
