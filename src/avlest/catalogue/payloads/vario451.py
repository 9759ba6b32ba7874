# SPDX-License-Identifier: Apache-2.0
"""Techem vario 4 heat meters: energy of the last and of the present billing period."""

from __future__ import annotations

from avlest.catalogue.clear import Clear
from avlest.catalogue.payloads.build import build_payload, build_record, require_length
from avlest.telegrams.records.model import Payload


def parse_payload(clear: Clear) -> Payload:
    """Two counters of two bytes, in thousandths of a gigajoule."""
    payload = clear.payload
    require_length(payload, 9, family="vario451")
    previous = build_record(payload, (3, 5), key="420E", quantity="energy", unit="mj", storage=1)
    current = build_record(payload, (7, 9), key="020E", quantity="energy", unit="mj")
    return build_payload([previous, current])
