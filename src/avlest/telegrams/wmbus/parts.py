# SPDX-License-Identifier: Apache-2.0
"""What a telegram comes apart into."""

from __future__ import annotations

from dataclasses import dataclass

from avlest.telegrams.mbus import WiredFrame
from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.afl import Afl
from avlest.telegrams.wmbus.ell import Ell
from avlest.telegrams.wmbus.frame import Frame
from avlest.telegrams.wmbus.transport import Transport

__all__ = ["DECRYPTED", "PLAIN", "STORED_PLAIN", "Parts"]

PLAIN = "plain"
DECRYPTED = "decrypted"
STORED_PLAIN = "stored plain"


@dataclass(frozen=True, slots=True)
class Parts:
    """A telegram taken apart, its payload in clear.

    `clear` is the frame's data with every encrypted part deciphered in place, `payload`
    is `clear[payload_offset:payload_end]`.  `address` identifies the meter (transport,
    else an adapter's enhanced identification, else link layer, or the ELL's receiver in
    what a gateway sends);
    `wire_address` is the one of the link layer as sent, `link_address` the same with
    Diehl's order put right.  `security` is "none", "des", "mode4", "mode5", "mode7",
    "ell-ctr", "diehl-lfsr" or "mode<n>" for bits outside the standard; `state` is
    "plain", "decrypted" or "stored plain" (said to be encrypted, but is in clear).
    `mac` is "none", "verified" or "not checked".
    """

    frame: Frame | WiredFrame
    ell: Ell | None
    afl: Afl | None
    transport: Transport | None
    address: Address
    wire_address: Address
    link_address: Address
    payload_ci: int
    payload: bytes
    payload_offset: int
    payload_end: int
    clear: bytes
    security: str
    state: str
    mac: str
    warnings: tuple[str, ...]

    @property
    def status(self) -> int | None:
        """The status byte of the transport header, None without header."""
        return None if self.transport is None else self.transport.status

    @property
    def access_number(self) -> int | None:
        """The access number of the transport header, else of the ELL."""
        if self.transport is not None and self.transport.access_number is not None:
            return self.transport.access_number
        return None if self.ell is None else self.ell.access_number
