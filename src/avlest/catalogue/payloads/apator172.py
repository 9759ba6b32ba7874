# SPDX-License-Identifier: Apache-2.0
"""Apator 172 water radios: a counter of thirds of a cubic metre, printed to a tenth."""

from __future__ import annotations

from avlest.catalogue.clear import Clear
from avlest.catalogue.payloads.build import build_payload, build_record, require_length
from avlest.telegrams.records.model import Payload


def parse_payload(clear: Clear) -> Payload:
    """The register is the first four bytes."""
    require_length(clear.payload, 4, family="apator172")
    return build_payload([build_record(clear.payload, (0, 4), key="04FF13")])


def compute_total(data: bytes) -> float:
    """The register, rounded half up to a tenth of a cubic metre."""
    thirds = int.from_bytes(data, "little", signed=True)
    return (20 * thirds + 3) // 6 / 10
