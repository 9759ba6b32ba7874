# SPDX-License-Identifier: Apache-2.0
"""IZAR radios whose alarms are printed as one status."""

from __future__ import annotations

from collections.abc import Mapping

from avlest.catalogue.clear import Clear
from avlest.catalogue.model import Value
from avlest.catalogue.payloads.prios import derive_nameplate, derive_registers, parse_prios


def derive_values(clear: Clear) -> Mapping[str, Value]:
    """All values of a telegram; see `prios`."""
    reading = parse_prios(clear)
    alarms = [*reading.current_alarms, *(f"prev_{name}" for name in reading.previous_alarms)]
    return {
        **derive_nameplate(reading, year_field="manufacture_y"),
        **derive_registers(reading, target="target_m3", target_date="target_date"),
        "battery_y": reading.battery_half_years / 2,
        "transmit_period_s": reading.transmit_period,
        "status": " ".join(sorted(name.upper() for name in alarms)) or "OK",
    }
