"""How much is there, from any sampling design: the one import for all estimators of a survey.

Strata of a rare class: `fay_feuer`. Clusters: `korn_graubard`. Drawn by views or score: `hansen_hurwitz` and
`pps_total`. Counts by stratum instead of items: `stratified_share`. The code lives in one module a topic.
"""

from __future__ import annotations

from perito.stats.design import (
    Design,
    DesignEstimate,
    design_mean,
    design_ratio,
    design_total,
    sampling_design,
)
from perito.stats.fay_feuer import EstimateTable, fay_feuer, fay_feuer_many
from perito.stats.korn_graubard import ShareEstimate, design_share, korn_graubard
from perito.stats.pps import hansen_hurwitz, pps_total
from perito.stats.simple import jeffreys, simple_total
from perito.stats.stratified import stratified_share, stratified_total, two_phase_share

__all__ = [
    "Design",
    "DesignEstimate",
    "EstimateTable",
    "ShareEstimate",
    "design_mean",
    "design_ratio",
    "design_share",
    "design_total",
    "fay_feuer",
    "fay_feuer_many",
    "hansen_hurwitz",
    "jeffreys",
    "korn_graubard",
    "pps_total",
    "sampling_design",
    "simple_total",
    "stratified_share",
    "stratified_total",
    "two_phase_share",
]
