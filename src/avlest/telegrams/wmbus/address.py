# SPDX-License-Identifier: Apache-2.0
"""The address of a meter: manufacturer, identity, version, device type (EN 13757-7, 7.5)."""

from __future__ import annotations

from dataclasses import dataclass

from avlest.telegrams.wmbus.device_types import decode_medium
from avlest.telegrams.wmbus.manufacturer import decode_manufacturer

ADDRESS_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Address:
    """An address with its fields as they were sent.

    `manufacturer` is the 16-bit field, `identity` the four bytes as sent (least
    significant first, normally BCD), `version` and `device_type` one byte each.
    """

    manufacturer: int
    identity: bytes
    version: int
    device_type: int

    @property
    def mfct(self) -> str:
        """The three letters of the manufacturer."""
        return decode_manufacturer(self.manufacturer)

    @property
    def id(self) -> str:
        """The identity as printed on the meter: most significant digit first."""
        return self.identity[::-1].hex()

    @property
    def medium(self) -> str:
        """The word for the device type."""
        return decode_medium(self.device_type, manufacturer=self.manufacturer)

    @property
    def link_bytes(self) -> bytes:
        """M and A field in link-layer order: manufacturer, identity, version, type."""
        return self.manufacturer.to_bytes(2, "little") + self.identity + bytes((self.version, self.device_type))

    @property
    def header_bytes(self) -> bytes:
        """The fields in the order of a long header: identity, manufacturer, version, type."""
        return self.identity + self.manufacturer.to_bytes(2, "little") + bytes((self.version, self.device_type))


# A wired frame or a bare payload need not say who sent it.
NO_ADDRESS = Address(manufacturer=0, identity=b"", version=0, device_type=0)


def parse_link_address(data: bytes, offset: int) -> Address:
    """The address at `offset` in link-layer order (M, ID, version, type): 8 bytes."""
    return Address(
        data[offset] | data[offset + 1] << 8,
        data[offset + 2 : offset + 6],
        data[offset + 6],
        data[offset + 7],
    )


def parse_header_address(data: bytes, offset: int) -> Address:
    """The address at `offset` in long-header order (ID, M, version, type): 8 bytes."""
    return Address(
        data[offset + 4] | data[offset + 5] << 8,
        data[offset : offset + 4],
        data[offset + 6],
        data[offset + 7],
    )
