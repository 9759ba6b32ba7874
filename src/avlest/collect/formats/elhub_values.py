# SPDX-License-Identifier: Apache-2.0
"""What a file of Min side holds, as interval values.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from avlest.collect.formats.canonical import load_readings
from avlest.collect.formats.model import Parsed
from avlest.readings.elhub.values import Direction, IntervalValue, Status

_STATUSES: Final[Mapping[str, Status]] = {
    "measured": Status.MEASURED,
    "estimated": Status.ESTIMATED,
    "final_estimated": Status.FINAL_ESTIMATED,
    "temporary": Status.TEMPORARY,
    "manual": Status.MEASURED,
}


def to_interval_values(parsed: Parsed) -> list[IntervalValue]:
    """The amounts of `elhub_csv.parse_elhub_csv`, in the order of the file."""
    return [
        IntervalValue(
            gsrn=reading.point,
            start=reading.since,
            stop=reading.at,
            direction=Direction.IN if reading.direction == "export" else Direction.OUT,
            watt_hours=int((reading.value * 1000).to_integral_value(rounding="ROUND_HALF_UP")),
            status=_STATUSES[reading.quality],
        )
        for heard in parsed.heard
        for reading in load_readings(heard.payload)
        if reading.since is not None
    ]
