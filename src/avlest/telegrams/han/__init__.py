# SPDX-License-Identifier: Apache-2.0
"""Push lists of the HAN port of Nordic electricity meters: bytes in, values out."""

from avlest.telegrams.han.decode import decode_han, decode_payload, summarise_values
from avlest.telegrams.han.model import (
    ClockRule,
    HanField,
    HanList,
    HanValue,
    Maker,
    MeterClock,
    Wiring,
)
from avlest.telegrams.han.stream import HanStreamReader, StreamStats
from avlest.telegrams.han.tibber import unwrap_payload

__all__ = [
    "ClockRule",
    "HanField",
    "HanList",
    "HanStreamReader",
    "HanValue",
    "Maker",
    "MeterClock",
    "StreamStats",
    "Wiring",
    "decode_han",
    "decode_payload",
    "summarise_values",
    "unwrap_payload",
]
