# SPDX-License-Identifier: Apache-2.0
"""Zenner Caltos E: the values of the months before the base date.

They come as an inverse compact profile of storage 8, newest first, unused places filled
with FF.  Source: EN 13757-3:2018, annex F; public decoder facts.
"""

from __future__ import annotations

from collections.abc import Mapping

from avlest.catalogue.clear import Clear
from avlest.catalogue.model import Value
from avlest.catalogue.payloads.months import find_month_profile, step_months


def derive_values(clear: Clear) -> Mapping[str, Value]:
    """`consumption_<n>_hca` and its date `consumption_<n>`, n months before the base date."""
    profile = find_month_profile(clear.records.records, "inverse_compact_profile")
    values: dict[str, Value] = {}
    for months, number in enumerate(profile.entries if profile else (), start=1):
        if profile and number is not None:
            values[f"consumption_{months}_hca"] = number
            values[f"consumption_{months}"] = step_months(profile.base, -months)
    return values
