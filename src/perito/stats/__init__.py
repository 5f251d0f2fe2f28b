"""Estimators: counts and arrays in, a frozen estimate with its interval out; no files, no clock, no network.

Only the value objects are re-exported here, so that reading a finding never has to load scipy; the estimators
are imported from their modules (`perito.stats.proportion`, `perito.stats.misclassification`).
"""

from __future__ import annotations

from perito.stats.interval import Comparison, Estimate, Interval

__all__ = ["Comparison", "Estimate", "Interval"]
