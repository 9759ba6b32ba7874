# SPDX-License-Identifier: Apache-2.0
"""Meters that are not heard any more, and why: the meter, its gateway, a power cut.  Pure."""

from avlest.insight.silence.derive import GATEWAYS, METERS, SilenceResult, derive_silence
from avlest.insight.silence.past import derive_past_silence
from avlest.insight.silence.rules import SilenceError, SilenceRule, load_silence_rules, parse_silence_rules, pick_rule

__all__ = [
    "GATEWAYS",
    "METERS",
    "SilenceError",
    "SilenceResult",
    "SilenceRule",
    "derive_past_silence",
    "derive_silence",
    "load_silence_rules",
    "parse_silence_rules",
    "pick_rule",
]
