# SPDX-License-Identifier: Apache-2.0
"""Telling frames apart by their first bytes: HAN, wired M-Bus, wireless M-Bus.  Pure."""

from __future__ import annotations

from avlest.collect.heard import HAN, MBUS, WMBUS

_LONG_START = 0x68
_DLMS_CI = 0x1F
# Function codes of frames a meter sends (EN 13757-4, table of C-fields), direction bit set or not.
_C_FIELDS = frozenset({0x08, 0x18, 0x28, 0x38, 0x44, 0x46, 0x47, 0x48, 0x4B, 0x06, 0x07, 0x53, 0x73})

_SHORTEST, _LONGEST = 11, 310  # a header; 256 bytes with the CRCs of frame format A and what receivers append


def derive_road(payload: bytes) -> str:
    """Return what a frame is: "han" (HDLC, LLC, or DLMS over M-Bus), "mbus" (wired) or "wmbus"."""
    if is_han(payload):
        return HAN
    return MBUS if _is_long_frame(payload) else WMBUS


def is_han(payload: bytes) -> bool:
    """Whether the bytes begin as a push message of an electricity meter does."""
    if payload[:1] == b"\x7e" and len(payload) > 2:
        return payload[1] & 0xF0 == 0xA0
    if payload[:2] in (b"\xe6\xe7", b"\xe6\xe6"):
        return True
    if payload[:1] == b"\x0f":
        return len(payload) > 9 and not looks_like_wmbus(payload)
    return _is_long_frame(payload) and len(payload) > 6 and payload[6] <= _DLMS_CI


def _is_long_frame(payload: bytes) -> bool:
    return len(payload) > 3 and payload[0] == payload[3] == _LONG_START and payload[1] == payload[2]


def looks_like_wmbus(payload: bytes) -> bool:
    """Whether the bytes can be a wireless telegram: as long as one can be, a C-field that meters send."""
    return _SHORTEST <= len(payload) <= _LONGEST and payload[1] in _C_FIELDS
