# SPDX-License-Identifier: Apache-2.0
"""Alarms from hourly series: the rules of rules §5.2 over many series at once.  Pure."""

from avlest.insight.rules.evaluate import derive_alarms
from avlest.insight.rules.leaks import derive_cost, estimate_leaks
from avlest.insight.rules.thresholds import Threshold, ThresholdError, Thresholds, load_thresholds, parse_thresholds

__all__ = [
    "Threshold",
    "ThresholdError",
    "Thresholds",
    "derive_alarms",
    "derive_cost",
    "estimate_leaks",
    "load_thresholds",
    "parse_thresholds",
]
