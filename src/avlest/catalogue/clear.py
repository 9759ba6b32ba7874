# SPDX-License-Identifier: Apache-2.0
"""What the catalogue gets to see of a telegram: who sent it and its payload in clear."""

from __future__ import annotations

from dataclasses import dataclass, field

from avlest.telegrams.records.model import Payload
from avlest.telegrams.wmbus.address import Address


@dataclass(frozen=True, slots=True)
class Clear:
    """One telegram in clear.

    `address` identifies the meter (transport header before link header); `ci` says what
    the payload is; `status` is the status byte of the transport header, None where there
    is no such header; `records` is the payload split into records (empty for payloads of
    the manufacturer's own make until a payload reader has been through it).
    `access_number` is the one of the transport header (else of the extended link layer);
    `keys` are those known for the meter, for payloads that are enciphered inside the
    maker's own format; they show in no representation.
    """

    address: Address
    link_address: Address
    ci: int
    payload: bytes
    status: int | None
    records: Payload
    access_number: int | None = None
    keys: tuple[bytes, ...] = field(default=(), repr=False, compare=False)


EMPTY_PAYLOAD = Payload(records=(), structure=(), manufacturer_data=None, more_follows=False, error=None)
