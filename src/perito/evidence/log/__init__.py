"""The custody log: an append-only Merkle log, its signed checkpoints, time stamps and proofs."""

from __future__ import annotations

from perito.evidence.log.canonical_form import ENTRY_BYTES_MAX, canonical
from perito.evidence.log.custody_log import Log
from perito.evidence.log.note import Checkpoint, Note
from perito.evidence.log.proof import Proof
from perito.evidence.log.stamps import StampedState, Stamps
from perito.evidence.log.timestamp import Stamp, Trust
from perito.evidence.log.tree import EMPTY_ROOT, leaf_hash, verify_consistency, verify_inclusion

__all__ = [
    "EMPTY_ROOT",
    "ENTRY_BYTES_MAX",
    "Checkpoint",
    "Log",
    "Note",
    "Proof",
    "Stamp",
    "StampedState",
    "Stamps",
    "Trust",
    "canonical",
    "leaf_hash",
    "verify_consistency",
    "verify_inclusion",
]
