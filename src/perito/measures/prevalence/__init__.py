"""`prevalence`: how many items of a class exist in a population, how sure is that, and does a claim follow.

This version answers from published counts of a simple random sample (table `counts`); the answers are
`conditional`. What they rest on and what changes if it does not hold is printed with them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perito.findings import Finding
    from perito.measures.inquiry import Inquiry

_ASKED = {"total": "total", "rate": "rate", "claim": "claim", "label-error": "label_error"}


def answer(inquiry: Inquiry) -> Finding:
    """The finding for what the question asks: a total, a rate, the test of a claim, or label error.

    Raises:
        MeasureError: The published count is not there, not unique, or lacks what the question needs.
    """
    module = import_module(f"perito.measures.prevalence.{_ASKED[inquiry.parameters['ask']]}")
    finding: Finding = module.answer(inquiry)
    return finding
