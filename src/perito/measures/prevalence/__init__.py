"""`prevalence`: how many items of a class exist in a population, how sure is that, and does a claim follow.

From published counts of a simple random sample (table `counts`) the answers are `conditional`: what they rest
on and what changes if it does not hold is printed with them. From own labels, drawn by a registered design,
they are `estimated`, or refused in the words of the method sheet.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from perito.measures.sampled.words import resting_on

if TYPE_CHECKING:
    from perito.findings import Finding
    from perito.measures.inquiry import Inquiry

_PUBLISHED = {"total": "total", "rate": "rate", "claim": "claim", "label-error": "label_error"}
_OWN = {"labels": "labels", "scores": "flagged"}


def answer(inquiry: Inquiry) -> Finding:
    """The finding for what the question asks, from published counts or from the case's own items.

    Raises:
        MeasureError: The published count is not there, not unique, or lacks what the question needs;
            published counts cannot answer it; several designs fit, or none has that name.
    """
    asked, basis = inquiry.parameters["ask"], inquiry.parameters.get("basis", "published")
    if basis == "published" and asked not in _PUBLISHED:
        raise inquiry.fail(
            f"published counts cannot answer 'ask = \"{asked}\"'",
            expected=", ".join(_PUBLISHED),
            remedy='ask it of the case\'s own labels: basis = "labels"',
        )
    name = _OWN[basis] if basis in _OWN else _PUBLISHED[asked]
    module = import_module(f"perito.measures.prevalence.{name}")
    finding: Finding = module.answer(inquiry)
    return finding if basis in _OWN else resting_on(finding, ("counts",))
