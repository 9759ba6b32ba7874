# SPDX-License-Identifier: Apache-2.0
"""Lists of keys: from a table, or from a vendor's key file."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from avlest.registry.importing.columns import ParsedRow
from avlest.registry.importing.draft import Draft, find_repeats
from avlest.registry.importing.kinds.base import Kind
from avlest.registry.importing.kinds.meters import KEY, MANUFACTURER, MODEL, PRINTED_NUMBER, SERIAL
from avlest.registry.importing.kinds.sealing import Sealer
from avlest.registry.importing.lookups import Meters
from avlest.registry.models import Meter, MeterKey
from avlest.registry.rights import Right

# What a key file may tell of a meter that is not registered yet.
_ATTRIBUTES = ("printed_number", "model")


def build(draft: Draft, rows: Sequence[ParsedRow], now: datetime) -> None:
    """Set the keys of known meters; a meter that is new is made when its maker is named."""
    known = Meters.read(draft.actor.organisation_id)
    sealer = Sealer.read(draft, now)
    for row in find_repeats(draft, rows, _identify, "serial"):
        meter = _find_or_make(draft, row, known)
        if meter is not None:
            draft.unchanged += not sealer.take(meter, row.values["key"])


def _identify(row: ParsedRow) -> tuple[str | None, str]:
    return row.values.get("manufacturer"), row.values["serial"]


def _find_or_make(draft: Draft, row: ParsedRow, known: Meters) -> Meter | None:
    maker, serial = _identify(row)
    if maker is None or (maker, serial) in known.by_address:
        return known.find(draft, row)
    meter = Meter(
        manufacturer=maker,
        serial=serial,
        **{name: row.values[name] for name in _ATTRIBUTES if name in row.values},
    )
    draft.create(meter)
    known.add(meter)
    return meter


KEYS = Kind(
    name="keys",
    columns=(MANUFACTURER, SERIAL, dataclasses.replace(KEY, required=True), PRINTED_NUMBER, MODEL),
    right=Right.WRITE_KEYS,
    order=(Meter, MeterKey),
    versions=("meters", "keys"),
    build=build,
)
