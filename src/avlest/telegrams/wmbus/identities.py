# SPDX-License-Identifier: Apache-2.0
"""Which identities stand in a telegram's clear headers, to look up keys by."""

from __future__ import annotations

from avlest.telegrams import mbus
from avlest.telegrams.outcomes import TelegramError
from avlest.telegrams.wmbus import ci as cis
from avlest.telegrams.wmbus import diehl
from avlest.telegrams.wmbus import ell as ells
from avlest.telegrams.wmbus.afl import parse_afl
from avlest.telegrams.wmbus.ell import parse_ell
from avlest.telegrams.wmbus.frame import parse_frame

_WIRED_IDENTITY = slice(7, 11)  # 68 L L 68 C A CI, then the identity
_IDENTITY = 4


def find_identities(telegram: bytes) -> tuple[bytes, ...]:
    """The identities (four bytes as sent) of transport and link header; empty where there is none."""
    if mbus.is_wired(telegram):
        return (telegram[_WIRED_IDENTITY],)
    try:
        frame = parse_frame(telegram)
    except TelegramError:
        return ()
    logical = diehl.derive_logical_address(frame.data, frame.address).identity
    header = _find_header_identity(frame.data, frame.ci_offset)
    found = (header, logical, frame.address.identity)
    return tuple(dict.fromkeys(identity for identity in found if identity is not None))


def _find_header_identity(data: bytes, at: int) -> bytes | None:
    """The identity in a long transport header that stands in clear, behind what layers there are."""
    try:
        while at < len(data):
            ci = data[at]
            if ci in cis.LONG_HEADER:
                return data[at + 1 : at + 1 + _IDENTITY]
            if ci == cis.AFL:
                afl = parse_afl(data, at, len(data))
                at = afl.offset + afl.length
            elif ci in ells.LAYERS and not (ell := parse_ell(data, at, len(data))).encryption:
                at = ell.offset + ell.length
            else:
                return None
    except TelegramError:
        return None
    return None
