# SPDX-License-Identifier: Apache-2.0
"""Zenner water radios of version 0B: status and two registers behind DIF 0F."""

from __future__ import annotations

from fractions import Fraction

from avlest.catalogue.clear import Clear
from avlest.catalogue.payloads.build import build_payload, build_record, require_length, skip_fillers
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.records.model import Coding, Payload

_MANUFACTURER_DATA = 0x0F
_COUNT = Fraction(1, 256_000)  # 1/256 of a litre, in cubic metres


def parse_payload(clear: Clear) -> Payload:
    """Status word, register of the last month's end, present register."""
    payload = clear.payload
    at = skip_fillers(payload)
    require_length(payload, at + 13, family="zenner0b")
    if payload[at] != _MANUFACTURER_DATA:
        raise TelegramError(Outcome.BAD_PAYLOAD, f"zenner0b: 0F is expected, not {payload[at]:02X}", offset=at)
    target, total = (
        build_record(
            payload,
            (start, start + 4),
            key=key,
            coding=Coding.INT,
            quantity="volume",
            unit="m3",
            scale=_COUNT,
            storage=storage,
        )
        for start, key, storage in ((at + 5, "4413", 1), (at + 9, "0413", 0))
    )
    status = build_record(payload, (at + 1, at + 5), key="04FD17", quantity="error_flags")
    return build_payload([status, target, total], structure=[(0, at + 1)])
