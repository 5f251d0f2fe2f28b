"""Findings as value objects: what was measured, with error, definition, conditions and limits."""

from perito.findings.finding import Chart, Finding, Input, JoinedProvision, Scope
from perito.findings.table import Cell, Column, Row, Table
from perito.findings.text import LANGUAGES, Language, Segment, Text, verbatim
from perito.findings.value import (
    RELATIVE_TOLERANCE,
    STATUSES,
    Bounds,
    Source,
    Status,
    Value,
    format_number,
    unit_name,
)

__all__ = [
    "LANGUAGES",
    "RELATIVE_TOLERANCE",
    "STATUSES",
    "Bounds",
    "Cell",
    "Chart",
    "Column",
    "Finding",
    "Input",
    "JoinedProvision",
    "Language",
    "Row",
    "Scope",
    "Segment",
    "Source",
    "Status",
    "Table",
    "Text",
    "Value",
    "format_number",
    "unit_name",
    "verbatim",
]
