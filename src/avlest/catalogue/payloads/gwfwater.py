# SPDX-License-Identifier: Apache-2.0
"""GWF water meters: standard records, then a typed block behind DIF 0F.

Type 01 holds one byte of alarms and one with the power mode (bit 0) and the battery's
remaining life in half years (bits 3-7).  Other types are not known.
"""

from __future__ import annotations

from dataclasses import replace

from avlest.catalogue.clear import Clear
from avlest.catalogue.payloads.build import build_record
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.records.model import Payload, Record

_KNOWN_TYPE = 0x01
_NEEDED = 3


def parse_payload(clear: Clear) -> Payload:
    """The standard records, and those of the block: alarms and power, or its unknown type."""
    records = clear.records
    if records.manufacturer_data is None:
        return records
    start, end = records.manufacturer_data
    own, error = _parse_block(clear.payload, start, end)
    return replace(
        records,
        records=(*records.records, *own),
        structure=(*records.structure, (start, min(start + 1, end))),
        error=records.error or error,
    )


def _parse_block(payload: bytes, start: int, end: int) -> tuple[list[Record], TelegramError | None]:
    if start < end and payload[start] != _KNOWN_TYPE:
        return [build_record(payload, (start, start + 1), key="01FF00")], None
    if end - start < _NEEDED:
        detail = f"gwfwater: {end - start} bytes behind 0F, at least {_NEEDED} are expected"
        return [], TelegramError(Outcome.BAD_PAYLOAD, detail, offset=start)
    alarms = build_record(payload, (start + 1, start + 2), key="01FF01")
    return [alarms, build_record(payload, (start + 2, start + 3), key="01FF02")], None
