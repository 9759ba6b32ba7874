# SPDX-License-Identifier: Apache-2.0
"""Names for the records of a meter that no catalogue file knows.

`<quantity words>_<unit>`; the present register of energy, volume or mass is `total_…`,
storage 1 (the last billing period) is `target_…`, older ones carry `_storage_<n>`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from avlest.catalogue.model import Field, FieldKind, Selector, Span
from avlest.telegrams.records.model import Coding, Record
from avlest.telegrams.units import UNITS

_COUNTED = frozenset({"energy", "volume", "mass", "reactive_energy", "apparent_energy"})
_SILENT = frozenset({"manufacturer_specific", "any_vif"})
_CANONICAL = {
    "energy": "kwh",
    "reactive_energy": "kvarh",
    "apparent_energy": "kvah",
    "power": "kw",
    "reactive_power": "kvar",
    "apparent_power": "kva",
    "volume": "m3",
    "volume_flow": "m3h",
    "temperature": "c",
    "pressure": "bar",
    "mass": "kg",
    "mass_flow": "kgh",
    "voltage": "v",
    "current": "a",
    "frequency": "hz",
}
_TEXT_CODINGS = frozenset({Coding.TEXT, Coding.BINARY_VAR, Coding.RAW, Coding.NONE})
_TEXT_QUANTITIES = frozenset({
    "fabrication_number", "enhanced_identification", "bus_address", "manufacturer", "device_type", "parameter_set",
    "model_version",
    "hardware_version", "firmware_version", "software_version", "customer_location", "customer", "text", "unknown",
    "special_supplier_information", "manufacturer_specific",
})  # fmt: skip
_HEX_TEXT_QUANTITIES = frozenset({"error_flags", "error_mask", "digital_output", "digital_input"})


def derive_fields(records: Sequence[Record]) -> tuple[Field, ...]:
    """One field for each record that says something, with unique systematic names."""
    fields: list[Field] = []
    seen: dict[str, int] = {}
    occurrence: dict[bytes, int] = {}
    for record in records:
        occurrence[record.key] = occurrence.get(record.key, 0) + 1
        kind, unit = derive_kind(record)
        name = derive_name(record, kind, unit)
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            name = _numbered(name, unit, seen[name])
        nth = occurrence[record.key]
        fields.append(Field(name, kind, unit, Selector(key=record.key, nth=Span(nth, nth))))
    return tuple(fields)


def derive_kind(record: Record) -> tuple[FieldKind, str]:
    """Whether a record prints as number, text or date, and in which unit."""
    quantity, coding = record.meaning.quantity, record.coding
    if coding is Coding.DATE_G:
        return "date", "date"
    if coding in (Coding.DATETIME_F, Coding.DATETIME_I, Coding.TIME_J):
        return "datetime", "datetime"
    if coding in _TEXT_CODINGS or quantity in _TEXT_QUANTITIES | _HEX_TEXT_QUANTITIES:
        return "text", ""
    return "number", _printed_unit(record.meaning.unit)


def _printed_unit(unit: str) -> str:
    if unit not in UNITS:
        return "counter"
    return _CANONICAL.get(UNITS[unit].dimension, unit)


def derive_name(record: Record, kind: FieldKind, unit: str) -> str:
    """The systematic name of one record."""
    meaning = record.meaning
    words: list[str] = []
    if record.function.value != "instant":
        words.append(record.function.value)
    words += _quantity_words(record, unit)
    words += [modifier for modifier in meaning.modifiers if modifier not in _SILENT]
    if record.storage > 1 or (record.storage and meaning.quantity not in _COUNTED | {"date", "datetime"}):
        words.append(f"storage_{record.storage}")
    if record.tariff:
        words.append(f"tariff_{record.tariff}")
    if record.subunit:
        words.append(f"subunit_{record.subunit}")
    if unit and (kind == "number" or not words or words[-1] != unit):
        words.append(unit)
    return "_".join(words)


def _quantity_words(record: Record, unit: str) -> list[str]:
    quantity = record.meaning.quantity
    if quantity in _COUNTED:
        prefix = {0: "total", 1: "target"}.get(record.storage, "history")
        return [prefix] if unit in _CANONICAL.values() else [prefix, quantity]
    if quantity in ("date", "datetime"):
        return ["target"] if record.storage == 1 else ["meter"]
    if quantity == "unknown":
        return [f"record_{record.key.hex()}"]
    if quantity == "text" and record.meaning.text:
        return [_slug(record.meaning.text)]
    return [quantity]


@lru_cache(maxsize=256)
def _slug(text: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in text.lower()).strip("_") or "text"


def _numbered(name: str, unit: str, number: int) -> str:
    if unit and name.endswith(f"_{unit}"):
        return f"{name.removesuffix(f'_{unit}')}_{number}_{unit}"
    return f"{name}_{number}"
