# SPDX-License-Identifier: Apache-2.0
"""Zenner IUWS: the volumes of the months before the base date.

They come as an inverse compact profile of storage 30, newest first.  Where the meter has
no value it sends the most negative number, which EN 13757-3:2018 (annex A, type B)
reserves for that.  Source: EN 13757-3:2018, annexes A and F; public decoder facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from avlest.catalogue.clear import Clear
from avlest.catalogue.model import Value
from avlest.catalogue.payloads.months import find_month_profile, find_profile_spans, step_months
from avlest.telegrams.records.model import Record

_MONTHS = 10
_NONE = -(1 << 31)
_LITRES = 1000
_PROFILE = "inverse_compact_profile"


def format_litres(data: bytes) -> Value:
    """Four bytes of litres in m³; None for the number that says there is none."""
    litres = int.from_bytes(data, "little", signed=True)
    return None if litres == _NONE else litres / _LITRES


def derive_values(clear: Clear) -> Mapping[str, Value]:
    """`target_<n>_m3` and `target_<n>_date`, n months before the base date."""
    records = clear.records.records
    profile = find_month_profile(records, _PROFILE)
    values: dict[str, Value] = {}
    for months, number in enumerate(profile.entries[:_MONTHS] if profile else (), start=1):
        if profile:
            values[f"target_{months}_m3"] = _in_cubic_metres(number, records)
            values[f"target_{months}_date"] = step_months(profile.base, -months)
    return values


def find_deciding_spans(records: Sequence[Record]) -> tuple[tuple[int, int], ...]:
    """The base date and the profile."""
    return find_profile_spans(records, _PROFILE)


def _in_cubic_metres(number: int | float | None, records: tuple[Record, ...]) -> Value:
    scale = next(r.meaning.scale for r in records if _PROFILE in r.meaning.modifiers)
    if number is None or number == _NONE:
        return None
    return float(number) * scale.numerator / scale.denominator
