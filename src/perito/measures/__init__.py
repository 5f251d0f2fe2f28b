"""Measures: one question each, with a definition, an estimator and a version. Tables in, a finding out."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from perito.errors import MeasureError, nearest
from perito.measures.catalogue import Catalogue, catalogue

if TYPE_CHECKING:
    from perito.findings import Finding
    from perito.measures.inquiry import Inquiry

__all__ = ["MEASURES", "Answer", "Catalogue", "answer_of", "describe"]

Answer = Callable[["Inquiry"], "Finding"]

MEASURES = (
    "agreement",
    "claims",
    "copies",
    "declarations",
    "inventory",
    "prevalence",
    "proceedings",
    "refusals",
    "removal",
    "survey",
)


def describe(name: str, where: str = "") -> Catalogue:
    """The words, tables and parameters of a measure.

    Raises:
        MeasureError: There is no measure of that name; the message names the nearest.
    """
    if name not in MEASURES:
        raise MeasureError(f"there is no measure '{name}'", where=where, remedy=nearest(name, MEASURES))
    return catalogue(name)


def answer_of(name: str) -> Answer:
    """The function that answers a measure's questions."""
    answer: Answer = import_module(f"perito.measures.{name}").answer
    return answer
