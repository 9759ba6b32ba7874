# SPDX-License-Identifier: Apache-2.0
"""VEE: validate, estimate and edit: registers in, trusted hourly and daily series out.  Pure, over many series."""

from avlest.readings.vee.checks import (
    check_messages,
    check_parents,
    check_periods,
    check_relations,
    check_stuck,
    check_sums,
    resolve_thresholds,
)
from avlest.readings.vee.contracts import (
    LONG_HISTORY,
    MARGIN,
    Action,
    HistoryReader,
    Kind,
    Severity,
    VeeError,
    VeeInputs,
    VeeResult,
    no_history,
)
from avlest.readings.vee.corrections import find_corrections
from avlest.readings.vee.daily import derive_daily
from avlest.readings.vee.engine import derive_series
from avlest.readings.vee.quarters import derive_quarters
from avlest.readings.vee.thresholds import load_thresholds
from avlest.readings.vee.touched import derive_touched, extend_touched, find_unanchored
from avlest.readings.vee.virtual import derive_virtual, find_negative

__all__ = [
    "LONG_HISTORY",
    "MARGIN",
    "Action",
    "HistoryReader",
    "Kind",
    "Severity",
    "VeeError",
    "VeeInputs",
    "VeeResult",
    "check_messages",
    "check_parents",
    "check_periods",
    "check_relations",
    "check_stuck",
    "check_sums",
    "derive_daily",
    "derive_quarters",
    "derive_series",
    "derive_touched",
    "derive_virtual",
    "extend_touched",
    "find_corrections",
    "find_negative",
    "find_unanchored",
    "load_thresholds",
    "no_history",
    "resolve_thresholds",
]
