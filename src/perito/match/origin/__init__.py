"""What a file declares of its own origin: C2PA manifests, XMP, parameters of generators."""

from __future__ import annotations

from perito.match.origin.declared import declared_origin
from perito.match.origin.model import Declaration, DeclaredOrigin

__all__ = ["Declaration", "DeclaredOrigin", "declared_origin"]
