"""`copies`: which pictures show the same, what became of the copies, and what files declare of their origin.

It rests on what `perito match cluster --seal`, `match origin --seal` and `match search --seal` put into the
case: hashes of every sealed picture, the pairs that match, declarations, agreements with hash lists. A copy
is a post (or, where there is none, a medium of an account) that carries a picture of a family.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perito.findings import Finding
    from perito.measures.inquiry import Inquiry


def answer(inquiry: Inquiry) -> Finding:
    """The finding for what the question asks: families, completeness, reupload, declared or listed.

    Raises:
        MeasureError: A platform that nobody knows.
    """
    module = import_module(f"perito.measures.copies.{inquiry.parameters['ask']}")
    finding: Finding = module.answer(inquiry)
    return finding
