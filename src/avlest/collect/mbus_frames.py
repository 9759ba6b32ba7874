# SPDX-License-Identifier: Apache-2.0
"""What a wired M-Bus master sends and how it knows a whole answer (EN 13757-2, clauses 5 and 6).  Pure."""

from __future__ import annotations

from typing import Final

from avlest.collect.mbus_address import NETWORK_LAYER
from avlest.telegrams.mbus import ACKNOWLEDGE, OVERHEAD, START, STOP, build_long_frame
from avlest.telegrams.records.parse import parse_records

SND_NKE: Final = 0x40
REQ_UD2: Final = 0x5B
SND_UD: Final = 0x53
FCB: Final = 0x20
SELECT: Final = 0x52
"""CI of the selection of a secondary address."""
_HEADER_LONG: Final = 12
_HEADERS: Final = {0x72: _HEADER_LONG, 0x7A: 4, 0x78: 0}


def build_short_frame(c_field: int, address: int) -> bytes:
    """A frame without data."""
    return bytes((0x10, c_field, address, c_field + address & 0xFF, STOP))


def build_select(secondary: bytes) -> bytes:
    """The selection of the meter with a secondary address; it answers to address 253 from then on."""
    return build_long_frame(c_field=SND_UD, primary_address=NETWORK_LAYER, body=bytes((SELECT,)) + secondary)


def measure_answer(data: bytes) -> int | None:
    """Bytes of the answer at the start of `data`; 0 when none starts there, None to wait for more."""
    if not data:
        return None
    if data[0] == ACKNOWLEDGE:
        return 1
    if data[0] != START:
        return 0
    if len(data) < 4:
        return None if data[1:2] == data[2:3] or len(data) < 3 else 0
    if data[3] != START or data[1] != data[2]:
        return 0
    size = data[1] + OVERHEAD
    if len(data) < size:
        return None
    return size if data[size - 1] == STOP and sum(data[4 : size - 2]) & 0xFF == data[size - 2] else 0


def has_more(frame: bytes) -> bool:
    """Whether an answer says that another telegram follows (DIF 1F; EN 13757-3, 6.3.4).

    It is looked for by walking the records, because its byte may stand in any value.
    """
    ci, start = frame[6], 7
    if ci not in _HEADERS:
        return False
    return parse_records(frame[start + _HEADERS[ci] : -2]).more_follows
