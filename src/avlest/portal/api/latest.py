# SPDX-License-Identifier: Apache-2.0
"""The last that is known of series: for the API, Home Assistant and anything else that wants one number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from avlest.portal.access import SeriesAccess, access_hourly, access_readings
from avlest.portal.viewer import Viewer
from avlest.readings.calendar import derive_day_start, derive_local_day
from avlest.readings.tables import Store

_BACK: Final = timedelta(days=3)
_THOUSAND: Final = 1000


def read_latest(viewer: Viewer, store: Store, series: Sequence[SeriesAccess], *, now: datetime) -> list[dict[str, Any]]:
    """Return for each series `series, unit, read_at, reading, today, this_month`, in its unit.

    `reading`: the last of the past three days, for a resident counted from the take-over.  `today` and `this_month`
    (local): what was used, the mean of a gauge; None: nothing is known.
    """
    seen = [each for each in series if each.access.hours]
    day = derive_day_start(derive_local_day(now))
    month = derive_day_start(derive_local_day(now).replace(day=1))
    hours = access_hourly(viewer, store, seen, month, now + timedelta(hours=1), now=now)
    return [
        {
            "series": each.series.id,
            "unit": each.series.unit,
            **_read_register(viewer, store, each, now=now),
            "today": _sum_up(hours, each, since=day),
            "this_month": _sum_up(hours, each, since=month),
        }
        for each in series
    ]


def _read_register(viewer: Viewer, store: Store, series: SeriesAccess, *, now: datetime) -> dict[str, Any]:
    rows = access_readings(viewer, store, series, now - _BACK, now + timedelta(minutes=1), now=now)
    known = rows.filter(pl.col("value").is_not_null()) if rows.width else rows
    if not known.height:
        return {"read_at": None, "reading": None}
    last = known.sort("at").row(-1, named=True)
    return {"read_at": last["at"], "reading": last["value"] / _THOUSAND}


def _sum_up(hours: pl.DataFrame, series: SeriesAccess, *, since: datetime) -> float | None:
    values = hours.filter(pl.col("series") == series.series.id, pl.col("hour") >= since)["value"].drop_nulls()
    if not len(values):
        return None
    total = int(values.sum())
    return (round(total / len(values)) if series.series.kind == "gauge" else total) / _THOUSAND
