# SPDX-License-Identifier: Apache-2.0
"""Checking stored rows of all series and bringing the queue up to what was found."""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.db import transaction

from avlest.readings.calendar import derive_local_day
from avlest.readings.derive.directory import Directory
from avlest.readings.derive.outcome import LATER, do_note_findings
from avlest.readings.derive.stored import check_stored
from avlest.readings.tables import Store

_DAYS: Final = 31
_PORTION: Final = 512


def do_check_series(store: Store, directory: Directory, *, now: dt.datetime) -> int:
    """Check the last month of all series and bring the queue up to it; return how many findings are new."""
    stop = derive_local_day(now)
    start = stop - dt.timedelta(days=_DAYS)
    new = 0
    for at in range(0, directory.series.height, _PORTION):
        series = directory.series.slice(at, _PORTION)
        found = check_stored(store, directory, series, start=start, stop=stop)
        with transaction.atomic():
            new += do_note_findings(found, series, start=start, stop=stop, now=now, codes=LATER)
    return new
