# SPDX-License-Identifier: Apache-2.0
"""Techem FHKV data III heat cost allocators.

Version 94 has one byte more before the temperatures than version 69.
"""

from __future__ import annotations

from fractions import Fraction

from avlest.catalogue.clear import Clear
from avlest.catalogue.payloads.build import Span, build_payload, build_record, require_length
from avlest.telegrams.records.model import Coding, Payload, Record

_CENTI = Fraction(1, 100)
_NEWER = 0x94


def parse_payload(clear: Clear) -> Payload:
    """Allocation of the last and the present period, their dates, room and radiator temperature."""
    payload = clear.payload
    room = 10 if clear.address.version == _NEWER else 9
    require_length(payload, room + 4, family="fhkvdataiii")
    return build_payload(
        [
            build_record(payload, (1, 3), key="426C"),
            build_record(payload, (1, 7), key="06FF6C"),
            build_record(payload, (3, 5), key="426E", quantity="heat_cost_allocation", unit="hca", storage=1),
            build_record(payload, (7, 9), key="026E", quantity="heat_cost_allocation", unit="hca"),
            _build_temperature(payload, (room, room + 2), "0265", "external_temperature"),
            _build_temperature(payload, (room + 2, room + 4), "025D", "return_temperature"),
        ]
    )


def _build_temperature(payload: bytes, span: Span, key: str, quantity: str) -> Record:
    return build_record(payload, span, key=key, coding=Coding.INT, quantity=quantity, unit="c", scale=_CENTI)
