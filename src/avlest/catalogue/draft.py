# SPDX-License-Identifier: Apache-2.0
"""A draft catalogue file for a meter that no file knows yet."""

from __future__ import annotations

from avlest.catalogue.clear import Clear
from avlest.catalogue.systematic import derive_fields
from avlest.telegrams.records.model import Record


def draft_family(clear: Clear) -> str:
    """TOML text with a field for every record, to be given a name, a title and better field names."""
    address = clear.address
    name = f"{address.mfct.lower()}_{address.version:02x}_{address.device_type:02x}"
    lines = [
        f'family = "{name}"',
        f'title = "{address.mfct} {address.medium}, version {address.version:02x}: name the meter here"',
        'source = "EN 13757-3; say where else the facts are from"',
        f'meters = ["{address.mfct}:{address.version:02x}:{address.device_type:02x}"]',
    ]
    records = clear.records.records
    for field, record in zip(derive_fields(records), records, strict=True):
        lines += ["", "[[field]]", f'name = "{field.name}"']
        if field.kind == "text":
            lines.append('as = "auto"')
        lines.append(f"from = {_select(record)}")
    return "\n".join(lines) + "\n"


def _select(record: Record) -> str:
    """How the field finds its record: by meaning, or by its bytes where the meaning is not standard."""
    meaning = record.meaning
    if meaning.quantity in ("unknown", "manufacturer_specific", "text") or meaning.text:
        return f'{{ key = "{record.key.hex().upper()}" }}'
    parts = [f'vif = "{meaning.quantity}"']
    if record.function.value != "instant":
        parts.append(f'function = "{record.function.value}"')
    parts += [
        f"{name} = {number}"
        for name, number in (("storage", record.storage), ("tariff", record.tariff), ("subunit", record.subunit))
        if number
    ]
    if meaning.modifiers:
        parts.append("with = [" + ", ".join(f'"{word}"' for word in meaning.modifiers) + "]")
    return "{ " + ", ".join(parts) + " }"
