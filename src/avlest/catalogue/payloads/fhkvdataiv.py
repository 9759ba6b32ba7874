# SPDX-License-Identifier: Apache-2.0
"""Techem FHKV data IV: what was used in each month since the date of storage 8.

It comes as a compact profile of increments.  The field names that other decoders have
established count the numbers from the end of the profile and the dates from its start,
so number and date of one name do not belong together; they are kept for compatibility.
`month_<n>_…` are the same numbers with the month end that each belongs to: its sum over
the profile is the value at the set date.  Source: EN 13757-3:2018, annex F.
"""

from __future__ import annotations

from collections.abc import Mapping

from avlest.catalogue.clear import Clear
from avlest.catalogue.model import Value
from avlest.catalogue.payloads.months import find_month_profile, step_months


def derive_values(clear: Clear) -> Mapping[str, Value]:
    """`month_<n>_hca` and `month_<n>_date`, oldest first, and the established names."""
    profile = find_month_profile(clear.records.records, "compact_profile")
    values: dict[str, Value] = {}
    if profile is None:
        return values
    count = len(profile.increments)
    for months, number in enumerate(profile.increments, start=1):
        day = step_months(profile.base, months)
        values[f"month_{months}_hca"] = number
        values[f"month_{months}_date"] = day
        values[f"consumption_at_set_date_{months}"] = day
        values[f"consumption_at_set_date_{count + 1 - months}_hca"] = number
    return values
