# SPDX-License-Identifier: Apache-2.0
"""Readings that a person types in: on a screen or by a command."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from avlest.collect.formats.canonical import Reading, to_heard
from avlest.collect.formats.model import FormatError
from avlest.collect.sources.http import SyncInbox

SOURCE: Final = "manual"
_AHEAD: Final = timedelta(minutes=10)


def do_take_readings(
    inbox: SyncInbox, readings: Sequence[Reading], *, now: datetime, source: str = SOURCE, by: str = ""
) -> int:
    """Take in readings of any meters and points in one transaction; returns how many messages they make.

    `by` says who read (kept as the gateway).  Raises `FormatError` for a reading that is ahead
    of `now` or names neither meter nor point, before anything is taken in.
    """
    for reading in readings:
        if not reading.meter and not reading.point:
            raise FormatError("a meter or a point is required", field="meter")
        if reading.at > now + _AHEAD:
            raise FormatError(f"is {reading.at.isoformat()}, expected a time that is not ahead", field="at")
    ordered = sorted(readings, key=lambda reading: (reading.meter, reading.point, reading.at))
    heard = [
        to_heard(list(own), received_at=now, source=source, gateway=by)
        for _, own in groupby(ordered, key=lambda reading: (reading.meter, reading.point))
    ]
    inbox.put(heard)
    return len(heard)
