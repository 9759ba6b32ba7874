# SPDX-License-Identifier: Apache-2.0
"""EMH ED300L and eHZ-P: the readings that follow the one of storage 3.

They come as compact profiles of energies.  Source: EN 13757-3:2018, annex F; public
decoder facts for the names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from avlest.catalogue.clear import Clear
from avlest.catalogue.model import Value
from avlest.telegrams.outcomes import TelegramError
from avlest.telegrams.records.model import Record
from avlest.telegrams.records.profiles import Profile, decode_profile, find_profile_base, is_profile
from avlest.telegrams.records.values import decode_number
from avlest.telegrams.units import UNITS

_FIRST = 3
_LAST = 10


def derive_values(clear: Clear) -> Mapping[str, Value]:
    """`total_energy_consumption_at_<n>_kwh` and `…production_at_<n>_kwh` for storage 4 to 10, n from 2 on."""
    records = clear.records.records
    values: dict[str, Value] = {}
    for record in _find_profiles(records):
        direction = "production" if "backward_flow" in record.meaning.modifiers else "consumption"
        profile = _decode(record, records)
        entries = profile.values if profile else ()
        for storage, number in enumerate(entries[: _LAST - _FIRST], start=_FIRST + 1):
            values[f"total_energy_{direction}_at_{storage - 2}_kwh"] = _in_kwh(number, record)
    return values


def find_deciding_spans(records: Sequence[Record]) -> tuple[tuple[int, int], ...]:
    """The profiles and the readings they start from."""
    energies = (record for record in records if record.storage == _FIRST and record.meaning.quantity == "energy")
    return tuple((record.data_offset, record.data_offset + record.data_length) for record in energies)


def _find_profiles(records: Sequence[Record]) -> Iterator[Record]:
    for record in records:
        if record.storage == _FIRST and record.meaning.quantity == "energy" and is_profile(record):
            yield record


def _decode(record: Record, records: Sequence[Record]) -> Profile | None:
    base, _ = find_profile_base(record, records)
    try:
        return decode_profile(record, decode_number(base) if base else None)
    except TelegramError:  # not of annex F's form: the other records of the telegram stand
        return None


def _in_kwh(number: int | float | None, record: Record) -> Value:
    if number is None:
        return None
    scale = record.meaning.scale * UNITS[record.meaning.unit].factor
    return float(number) * scale.numerator / scale.denominator
