# SPDX-License-Identifier: Apache-2.0
"""IZAR radios whose alarms are printed as two lists: those of now and those of before."""

from __future__ import annotations

from collections.abc import Mapping

from avlest.catalogue.clear import Clear
from avlest.catalogue.model import Value
from avlest.catalogue.payloads.prios import PriosReading, derive_nameplate, derive_registers, parse_prios


def derive_values(clear: Clear) -> Mapping[str, Value]:
    """All values of a telegram; see `prios`."""
    reading = parse_prios(clear)
    return {
        **derive_nameplate(reading, year_field="manufacture_year"),
        **derive_registers(reading, target="last_month_total_m3", target_date="last_month_measure_date"),
        "remaining_battery_life_y": reading.battery_half_years / 2,
        "transmit_period_s": reading.transmit_period,
        "current_alarms": _list_current(reading),
        "previous_alarms": ",".join(reading.previous_alarms) or "no_alarm",
    }


def _list_current(reading: PriosReading) -> str:
    if reading.current_alarms and reading.general_alarm:
        return "general_alarm"
    return ",".join(reading.current_alarms) or "no_alarm"
