# SPDX-License-Identifier: Apache-2.0
"""The extended link layer, CI 8C to 8F (EN 13757-4, clause 12.2)."""

from __future__ import annotations

from dataclasses import dataclass

from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.wmbus import ci as cis
from avlest.telegrams.wmbus.address import ADDRESS_LENGTH, Address, parse_link_address
from avlest.telegrams.wmbus.crc import compute_crc

CRC_LENGTH = 2
SESSION_LENGTH = 4
NOT_ENCRYPTED = 0
AES_CTR = 1

_WITH_ADDRESS = frozenset((cis.ELL_LONG, cis.ELL_LONG_ENCRYPTED))
_WITH_SESSION = frozenset((cis.ELL_ENCRYPTED, cis.ELL_LONG_ENCRYPTED))
LAYERS = _WITH_ADDRESS | _WITH_SESSION | {cis.ELL_SHORT}


@dataclass(frozen=True, slots=True)
class Ell:
    """An extended link layer.

    `offset` is that of its CI field, `length` counts the CI field and, where there is a
    session number, the payload CRC.  `address` is the receiver's address of the long
    forms.  `payload_crc` is in clear once the stack has deciphered it.
    """

    ci: int
    offset: int
    length: int
    communication_control: int
    access_number: int
    address: Address | None
    session_number: int | None
    payload_crc: int | None

    @property
    def encryption(self) -> int:
        """The three encryption bits of the session number: 0 none, 1 AES-128-CTR."""
        return NOT_ENCRYPTED if self.session_number is None else self.session_number >> 29

    @property
    def crc_offset(self) -> int:
        """Where the payload CRC stands: the first byte that is encrypted."""
        return self.offset + self.length - CRC_LENGTH


def parse_ell(data: bytes, offset: int, end: int) -> Ell:
    """The extended link layer whose CI field is at `offset`; raises TOO_SHORT."""
    ci = data[offset]
    session_at = offset + 3 + (ADDRESS_LENGTH if ci in _WITH_ADDRESS else 0)
    has_session = ci in _WITH_SESSION
    stop = session_at + (SESSION_LENGTH + CRC_LENGTH if has_session else 0)
    if stop > end:
        raise TelegramError(Outcome.TOO_SHORT, "the telegram ends inside the extended link layer", offset=end)
    session, crc = _session(data, session_at) if has_session else (None, None)
    return Ell(
        ci=ci,
        offset=offset,
        length=stop - offset,
        communication_control=data[offset + 1],
        access_number=data[offset + 2],
        address=parse_link_address(data, offset + 3) if ci in _WITH_ADDRESS else None,
        session_number=session,
        payload_crc=crc,
    )


def _session(data: bytes, offset: int) -> tuple[int, int]:
    session = int.from_bytes(data[offset : offset + SESSION_LENGTH], "little")
    return session, data[offset + 4] | data[offset + 5] << 8


def has_payload_crc(body: bytes) -> bool:
    """Whether `body` (payload CRC, low byte first, then the payload) is consistent."""
    crc = compute_crc(body[CRC_LENGTH:])
    return len(body) > CRC_LENGTH and body[0] | body[1] << 8 == crc


def build_ell(
    payload: bytes,
    *,
    communication_control: int,
    access_number: int,
    session_number: int | None = None,
    address: Address | None = None,
) -> bytes:
    """An extended link layer with `payload` behind it, in clear.

    The CI field follows from what is given: 8C, 8D with a session number, 8E with an
    address, 8F with both.  To encrypt, cipher everything after the session number.
    """
    ci = cis.ELL_SHORT | (session_number is not None) | (address is not None) << 1
    head = bytes((ci, communication_control, access_number))
    head += address.link_bytes if address is not None else b""
    if session_number is not None:
        head += session_number.to_bytes(SESSION_LENGTH, "little")
        head += compute_crc(payload).to_bytes(CRC_LENGTH, "little")
    return head + payload
