# SPDX-License-Identifier: Apache-2.0
"""CI fields: the byte that says which layer follows (EN 13757-7, table 2)."""

from __future__ import annotations

ELL_SHORT = 0x8C
ELL_ENCRYPTED = 0x8D
ELL_LONG = 0x8E
ELL_LONG_ENCRYPTED = 0x8F
AFL = 0x90

LONG_HEADER = frozenset((0x6B, 0x72, 0x73))
SHORT_HEADER = frozenset((0x6A, 0x7A, 0x7B))
NO_HEADER = frozenset((0x69, 0x78, 0x79))
TRANSPORT = LONG_HEADER | SHORT_HEADER | NO_HEADER

FULL_FRAMES = frozenset((0x72, 0x78, 0x7A))
COMPACT_FRAMES = frozenset((0x73, 0x79, 0x7B))
FORMAT_FRAMES = frozenset((0x69, 0x6A, 0x6B))
WITH_SIGNATURE = COMPACT_FRAMES | FORMAT_FRAMES
COMPACT_LONG = 0x73
MANUFACTURER_SPECIFIC = range(0xA0, 0xB8)
WITH_PAYLOAD = TRANSPORT | {AFL} | frozenset(MANUFACTURER_SPECIFIC)

MEANINGS: dict[int, str] = {
    0x69: "format frame, no header",
    0x6A: "format frame, short header",
    0x6B: "format frame, long header",
    0x72: "full frame, long header",
    0x73: "compact frame, long header",
    0x78: "full frame, no header",
    0x79: "compact frame, no header",
    0x7A: "full frame, short header",
    0x7B: "compact frame, short header",
    ELL_SHORT: "extended link layer",
    ELL_ENCRYPTED: "extended link layer with session and payload CRC",
    ELL_LONG: "extended link layer with the receiver's address",
    ELL_LONG_ENCRYPTED: "extended link layer with the receiver's address, session and payload CRC",
    AFL: "authentication and fragmentation layer",
}

# Whole and legal, yet nothing is measured in them.
WITHOUT_DATA: dict[int, str] = {
    0x50: "application reset or selection",
    0x51: "command to the device",
    0x52: "selection of a device",
    0x53: "application reset or selection, long header",
    0x54: "question for the selected application",
    0x55: "question for the selected application, long header",
    0x5A: "command to the device, short header",
    0x5B: "command to the device, long header",
    0x5C: "synchronise action",
    0x60: "DLMS command to the device, long header",
    0x61: "DLMS command to the device, short header",
    0x66: "the selected application",
    0x67: "the selected application, short header",
    0x68: "the selected application, long header",
    0x6C: "clock set to a time, long header",
    0x6D: "clock shifted, long header",
    0x6E: "application error, short header",
    0x6F: "application error, long header",
    0x70: "application error",
    0x71: "alarm",
    0x74: "alarm, short header",
    0x75: "alarm, long header",
    0x80: "transport layer alone to the device, long header",
    0x81: "network layer",
    0x82: "network management to the device, long header",
    0x83: "network management to the device",
    0x84: "transport layer to the device, a compact frame is expected",
    0x85: "transport layer to the device, a format frame is expected",
    0x87: "network management, long header",
    0x88: "network management, short header",
    0x89: "network management",
    0x8A: "transport layer alone, short header",
    0x8B: "transport layer alone, long header",
    0xB8: "baud rate 300",
    0xB9: "baud rate 600",
    0xBA: "baud rate 1200",
    0xBB: "baud rate 2400",
    0xBC: "baud rate 4800",
    0xBD: "baud rate 9600",
    0xBE: "baud rate 19200",
    0xBF: "baud rate 38400",
    0xC0: "image transfer, command, long header",
    0xC1: "image transfer, answer, short header",
    0xC2: "image transfer, answer, long header",
    0xC3: "security information, command, long header",
    0xC4: "security information, answer, short header",
    0xC5: "security information, answer, long header",
}
