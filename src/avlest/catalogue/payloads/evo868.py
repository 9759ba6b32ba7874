# SPDX-License-Identifier: Apache-2.0
"""Maddalena EVO 868: the month ends that the history registers belong to.

Only the newest register (storage 8) carries a date; each further one is a month older.
Source: public decoder facts.
"""

from __future__ import annotations

from collections.abc import Mapping

from avlest.catalogue.clear import Clear
from avlest.catalogue.model import Value
from avlest.catalogue.payloads.months import find_day, find_day_spans, step_months

_FIRST, _LAST = 8, 19


def derive_values(clear: Clear) -> Mapping[str, Value]:
    """`history_<n>_date` for the registers of storage 8 to 19 that the telegram holds."""
    reference = find_day(clear.records.records, _FIRST)
    values: dict[str, Value] = {}
    for record in clear.records.records:
        if record.meaning.quantity == "volume" and _FIRST <= record.storage <= _LAST:
            months = record.storage - _FIRST
            day = step_months(reference, -months) if reference else None
            values[f"history_{months + 1}_date"] = day
    return values


find_deciding_spans = find_day_spans
