# SPDX-License-Identifier: Apache-2.0
"""Techem TSD 2 smoke detectors: one status byte and the end of the last billing period."""

from __future__ import annotations

from avlest.catalogue.clear import Clear
from avlest.catalogue.payloads.build import build_payload, build_record
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.records.model import Payload

_NEEDED = 3
_BROKEN = "00FF00"  # no record the detector sends: it stands for a telegram that breaks off


def parse_payload(clear: Clear) -> Payload:
    """Status and date; a telegram that ends before its date has an error and neither."""
    payload = clear.payload
    if len(payload) < _NEEDED:
        error = TelegramError(Outcome.BAD_PAYLOAD, f"tsd2: {len(payload)} bytes, at least {_NEEDED} are expected")
        return build_payload([build_record(payload, (0, 0), key=_BROKEN)], error=error)
    return build_payload([build_record(payload, (0, 1), key="01FF01"), build_record(payload, (1, 3), key="426C")])
