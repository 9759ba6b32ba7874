# SPDX-License-Identifier: Apache-2.0
"""Techem compact V heat meters: energy of the last and of the present billing period."""

from __future__ import annotations

from avlest.catalogue.clear import Clear
from avlest.catalogue.payloads.build import build_payload, build_record, require_length
from avlest.telegrams.records.model import Payload


def parse_payload(clear: Clear) -> Payload:
    """Two counters of three bytes, in kWh."""
    payload = clear.payload
    require_length(payload, 10, family="compact5")
    previous = build_record(payload, (3, 6), key="4306", quantity="energy", unit="kwh", storage=1)
    current = build_record(payload, (7, 10), key="0306", quantity="energy", unit="kwh")
    return build_payload([previous, current])
