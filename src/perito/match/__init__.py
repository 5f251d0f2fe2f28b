"""Matching: is this the same picture?"""

from __future__ import annotations

from perito.match.hamming import HammingIndex, Pairs
from perito.match.origin import DeclaredOrigin, declared_origin
from perito.match.pdq import PdqHash, dihedral, hash_image, triage_hash

__all__ = [
    "DeclaredOrigin",
    "HammingIndex",
    "Pairs",
    "PdqHash",
    "declared_origin",
    "dihedral",
    "hash_image",
    "triage_hash",
]
