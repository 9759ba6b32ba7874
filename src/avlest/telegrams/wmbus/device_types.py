# SPDX-License-Identifier: Apache-2.0
"""Device types: the byte of an address that says what is measured (EN 13757-7, table 13).

The words are the field's own; systems that read M-Bus print the same ones, so that a
series carried over from another tool keeps its medium.
"""

from __future__ import annotations

from avlest.telegrams.wmbus.manufacturer import LETTER_BITS, encode_manufacturer

RESERVED = "reserved"
UNKNOWN = "unknown"
LAST_STANDARD_TYPE = 0x3F

STANDARD_TYPES: dict[int, str] = {
    0x00: "other",
    0x01: "oil",
    0x02: "electricity",
    0x03: "gas",
    0x04: "heat",
    0x05: "steam",
    0x06: "warm water",
    0x07: "water",
    0x08: "heat cost allocation",
    0x09: "compressed air",
    0x0A: "cooling load volume at outlet",
    0x0B: "cooling load volume at inlet",
    0x0C: "heat volume at inlet",
    0x0D: "heat/cooling load",
    0x0E: "bus/system component",
    0x0F: UNKNOWN,
    0x14: "calorific value",
    0x15: "hot water",
    0x16: "cold water",
    0x17: "hot/cold water",
    0x18: "pressure",
    0x19: "a/d converter",
    0x1A: "smoke detector",
    0x1B: "room sensor",
    0x1C: "gas detector",
    0x20: "breaker",
    0x21: "valve",
    0x25: "customer unit (display device)",
    0x28: "waste water",
    0x29: "garbage",
    0x2A: "carbon dioxide",
    0x36: "radio converter (system side)",
    0x37: "radio converter (meter side)",
}

# Techem numbers its radio modules with bytes above the standard range.
MANUFACTURER_TYPES: dict[tuple[int, int], str] = {
    (encode_manufacturer("TCH"), 0x43): "heat",
    (encode_manufacturer("TCH"), 0x45): "heat",
    (encode_manufacturer("TCH"), 0x62): "warm water",
    (encode_manufacturer("TCH"), 0x72): "cold water",
    (encode_manufacturer("TCH"), 0x80): "heat cost allocator",
    (encode_manufacturer("TCH"), 0xC3): "heat",
    (encode_manufacturer("TCH"), 0xF0): "smoke detector",
}


def decode_medium(device_type: int, *, manufacturer: int = 0) -> str:
    """The word for a device type; `manufacturer` settles types above the standard ones."""
    if device_type <= LAST_STANDARD_TYPE:
        return STANDARD_TYPES.get(device_type, RESERVED)
    return MANUFACTURER_TYPES.get((manufacturer & LETTER_BITS, device_type), UNKNOWN)
