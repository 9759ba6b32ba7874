# SPDX-License-Identifier: Apache-2.0
"""Techem MK radio 4 modules on water meters."""

from __future__ import annotations

from fractions import Fraction

from avlest.catalogue.clear import Clear
from avlest.catalogue.payloads.build import build_payload, build_record, require_length
from avlest.telegrams.records.model import Payload

_TENTH = Fraction(1, 10)


def parse_payload(clear: Clear) -> Payload:
    """Volume of the last and of the present billing period, in tenths of a cubic metre."""
    payload = clear.payload
    require_length(payload, 9, family="mkradio4")
    return build_payload(
        [
            build_record(payload, (3, 5), key="4215", quantity="volume", unit="m3", scale=_TENTH, storage=1),
            build_record(payload, (7, 9), key="0215", quantity="volume", unit="m3", scale=_TENTH),
        ]
    )
