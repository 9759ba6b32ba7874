# SPDX-License-Identifier: Apache-2.0
"""Which identities stand in a telegram's clear headers, to look up keys by."""

from __future__ import annotations

from avlest.telegrams import mbus
from avlest.telegrams.layouts.route import read_route
from avlest.telegrams.outcomes import TelegramError
from avlest.telegrams.wmbus import diehl
from avlest.telegrams.wmbus.frame import parse_frame

_WIRED_IDENTITY = slice(7, 11)  # 68 L L 68 C A CI, then the identity


def find_identities(telegram: bytes) -> tuple[bytes, ...]:
    """The identities (four bytes as sent) of transport and link header; empty where there is none."""
    if mbus.is_wired(telegram):
        return (telegram[_WIRED_IDENTITY],)
    try:
        frame = parse_frame(telegram)
    except TelegramError:
        return ()
    data = frame.data
    logical = diehl.derive_logical_address(data, frame.address).identity
    if len(data) <= frame.ci_offset:
        return (logical,)
    at = read_route(data)[0].identity_at
    return tuple(dict.fromkeys((data[at : at + 4], logical, frame.address.identity)))
