# SPDX-License-Identifier: Apache-2.0
"""What meters say of themselves: info codes and status words, as alarms.  Pure."""

from avlest.insight.infocodes.alarms import derive_battery_alarms, derive_info_alarms
from avlest.insight.infocodes.registers import (
    DURATIONS,
    Duration,
    InfoCode,
    decode_info_16,
    decode_info_16_columns,
    decode_info_32,
)
from avlest.insight.infocodes.words import WordError, Words, load_words, parse_words

__all__ = [
    "DURATIONS",
    "Duration",
    "InfoCode",
    "WordError",
    "Words",
    "decode_info_16",
    "decode_info_16_columns",
    "decode_info_32",
    "derive_battery_alarms",
    "derive_info_alarms",
    "load_words",
    "parse_words",
]
