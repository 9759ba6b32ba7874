# SPDX-License-Identifier: Apache-2.0
"""Water meters of the Waterstar M kind: the days that the monthly registers belong to.

The registers of storage 2 to 16 are one, two … months older than the meter's clock.
Source: public decoder facts.
"""

from __future__ import annotations

from collections.abc import Mapping

from avlest.catalogue.clear import Clear
from avlest.catalogue.model import Value
from avlest.catalogue.payloads.months import find_day, find_day_spans, step_months

_FIRST, _LAST = 2, 16


def derive_values(clear: Clear) -> Mapping[str, Value]:
    """`history_<n>_date` for the registers of storage 2 to 16 that the telegram holds."""
    today = find_day(clear.records.records, 0)
    values: dict[str, Value] = {}
    for record in clear.records.records:
        if record.meaning.quantity == "volume" and _FIRST <= record.storage <= _LAST:
            months = record.storage - _FIRST + 1
            values[f"history_{months}_date"] = step_months(today, -months) if today else None
    return values


find_deciding_spans = find_day_spans
