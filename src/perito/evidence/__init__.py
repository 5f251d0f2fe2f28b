"""Evidence: files sealed under their digest, archives whole, and the way from a row back to its bytes."""

from __future__ import annotations

from perito.evidence.archive import Refusal
from perito.evidence.custody import Custody
from perito.evidence.entries import Limits
from perito.evidence.items import Acquisition, Facts, Item, Receipt
from perito.evidence.locator import Locator
from perito.evidence.names import shown_name
from perito.evidence.resolve import csv_record, line_of, resolve
from perito.evidence.store import Store

__all__ = [
    "Acquisition",
    "Custody",
    "Facts",
    "Item",
    "Limits",
    "Locator",
    "Receipt",
    "Refusal",
    "Store",
    "csv_record",
    "line_of",
    "resolve",
    "shown_name",
]
