# SPDX-License-Identifier: Apache-2.0
"""Maddalena MicroClima: the month ends that the history registers belong to.

Only the register of storage 1 carries a date; storage n is n - 1 months older.
Source: public decoder facts.
"""

from __future__ import annotations

from collections.abc import Mapping

from avlest.catalogue.clear import Clear
from avlest.catalogue.model import Value
from avlest.catalogue.payloads.months import find_day, find_day_spans, step_months

_FIRST, _LAST = 1, 31


def derive_values(clear: Clear) -> Mapping[str, Value]:
    """`set_date_<n>_date` for the energies of storage 1 to 31 that the telegram holds."""
    reference = find_day(clear.records.records, _FIRST)
    storages = {
        record.storage
        for record in clear.records.records
        if record.meaning.quantity == "energy" and _FIRST <= record.storage <= _LAST
    }
    return {
        f"set_date_{storage}_date": step_months(reference, _FIRST - storage) if reference else None
        for storage in sorted(storages)
    }


find_deciding_spans = find_day_spans
