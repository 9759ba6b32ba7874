# SPDX-License-Identifier: Apache-2.0
"""What a source hands to the inbox: one message as it was heard.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

WMBUS: Final = "wmbus"
MBUS: Final = "mbus"
HAN: Final = "han"
LORAWAN: Final = "lorawan"
READING: Final = "reading"
ROADS: Final = (WMBUS, MBUS, HAN, LORAWAN, READING)
"""What a payload can be; the road decides who decodes it."""

LARGEST_PAYLOAD = 65_536
"""No telegram, frame or reading message is larger; whatever is comes from something else."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One message as a source took it in; everything needed to decode it later, also after a key arrives.

    `received_at` is aware UTC: when the gateway (else we) heard it.  `source` names the source in `avlest.toml`.
    `payload` is, by `road`: wmbus/mbus the telegram, han a frame or APDU, lorawan the FRMPayload, reading the canonical
    JSON of one or more manual or file readings.  `address` is the DevEUI (lorawan) or the serial or point (reading),
    empty where the telegram itself says.  `key` is for messages that bring one along; it is never stored in clear.

    Raises `ValueError` for a naive or non-UTC time, an unknown road, and a payload that is empty or too large.
    """

    received_at: datetime
    source: str
    road: str
    payload: bytes
    gateway: str = ""
    address: str = ""
    port: int | None = None
    counter: int | None = None
    rssi: float | None = None
    snr: float | None = None
    key: bytes | None = None

    def __post_init__(self) -> None:
        if self.received_at.utcoffset() != timedelta(0):
            raise ValueError(f"received_at {self.received_at.isoformat()}: expected an aware time in UTC")
        if self.road not in ROADS:
            raise ValueError(f"road {self.road!r}: expected one of {', '.join(ROADS)}")
        if not 0 < len(self.payload) <= LARGEST_PAYLOAD:
            raise ValueError(f"payload of {len(self.payload)} bytes: expected 1 to {LARGEST_PAYLOAD}")

    def __repr__(self) -> str:
        """Without payload and key: neither belongs in a log."""
        return f"Heard({self.received_at.isoformat()}, {self.source}, {self.road}, {len(self.payload)} bytes)"
