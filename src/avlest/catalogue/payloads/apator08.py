# SPDX-License-Identifier: Apache-2.0
"""Apator 08 water radios: a counter of thirds of a litre."""

from __future__ import annotations

from fractions import Fraction

from avlest.catalogue.clear import Clear
from avlest.catalogue.payloads.build import build_payload, build_record, require_length
from avlest.telegrams.records.model import Coding, Payload


def parse_payload(clear: Clear) -> Payload:
    """The register is the first four bytes."""
    payload = clear.payload
    require_length(payload, 4, family="apator08")
    total = build_record(
        payload, (0, 4), key="0413", coding=Coding.INT, quantity="volume", unit="m3", scale=Fraction(1, 3000)
    )
    return build_payload([total])
