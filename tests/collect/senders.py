# SPDX-License-Identifier: Apache-2.0
"""Make-believe meters that send encrypted telegrams; nothing of Django."""

from __future__ import annotations

from dataclasses import dataclass

from avlest.telegrams.encode.records import RecordSpec
from avlest.telegrams.encode.telegrams import encode_telegram
from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.build import OPEN, Envelope, Sealing
from avlest.telegrams.wmbus.manufacturer import encode_manufacturer

MAKER, VERSION, DEVICE_TYPE = "SEN", 0x68, 0x07
VOLUME, FLOW = bytes.fromhex("0413"), bytes.fromhex("023B")


@dataclass(frozen=True, slots=True)
class Sender:
    """One water meter (volume in litres, flow in l/h) with its key."""

    number: int

    @property
    def serial(self) -> str:
        return f"{10_000_000 + self.number:08d}"

    @property
    def key(self) -> bytes:
        return self.number.to_bytes(4, "big") * 4

    def send(self, litres: int, *, flow: int = 0, access: int = 0, status: int = 0, is_open: bool = False) -> bytes:
        """A telegram, encrypted (security mode 5) unless it is to be open."""
        link = Address(encode_manufacturer(MAKER), bytes.fromhex(self.serial)[::-1], VERSION, DEVICE_TYPE)
        envelope = Envelope(link, access_number=access & 0xFF, status=status)
        records = (RecordSpec(VOLUME, litres), RecordSpec(FLOW, flow))
        return encode_telegram(records, envelope, sealing=OPEN if is_open else Sealing("mode5", self.key))
