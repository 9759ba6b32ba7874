# SPDX-License-Identifier: Apache-2.0
"""Until when hours are due.  Pure."""

from __future__ import annotations

import datetime as dt
from typing import Final

from avlest.readings.calendar import derive_day_start, derive_local_day

SETTLE: Final = dt.timedelta(hours=3)
"""Yesterday is complete this long after midnight: time for what was sent before midnight to come in, and well before
07:00, when values of the day before are due at Elhub (rules §4.1)."""


def derive_horizon(now: dt.datetime) -> dt.datetime:
    """The instant before which every hour gets a row: midnight, local time, once it is three hours old."""
    return derive_day_start(derive_local_day(now - SETTLE))
