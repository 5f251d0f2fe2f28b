"""Handing a case over: bags in and out, the graph for other programs, redacted copies."""

from __future__ import annotations

from perito.handover.arrival import Imported, Reception
from perito.handover.bag_reading import BagReport, check_bag
from perito.handover.bag_writing import new_bag
from perito.handover.departure import Exported, Terms
from perito.handover.exporting import export_case
from perito.handover.graph import graph_shards
from perito.handover.importing import import_bag
from perito.handover.redacted_proof import check_received

__all__ = [
    "BagReport",
    "Exported",
    "Imported",
    "Reception",
    "Terms",
    "check_bag",
    "check_received",
    "export_case",
    "graph_shards",
    "import_bag",
    "new_bag",
]
