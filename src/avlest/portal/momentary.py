# SPDX-License-Identifier: Apache-2.0
"""What a meter says right now: momentary values as they came in, or the rate between two readings of a counter.

The same door as `portal.access`: cut at the viewer's windows of hours.  A momentary value tells nothing of the time
before a window, so it is given as it is; a rate comes from two readings that both lie in the window.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from avlest.portal.access import SeriesAccess, access_readings
from avlest.portal.viewer import Viewer
from avlest.portal.windows import Window, cut, intersect
from avlest.readings.tables import Store
from avlest.registry.queries import get_series_feeds

SCHEMA: Final[dict[str, Any]] = {"at": pl.Datetime("us", "UTC"), "value": pl.Int64}
"""Thousandths of `Flow.unit` at an instant."""

_HOUR: Final = timedelta(hours=1)
LONGEST: Final = timedelta(minutes=20)
"""Readings farther apart than this say nothing of now."""


@dataclasses.dataclass(frozen=True, slots=True)
class Flow:
    """What can be shown of now for a series: `unit` of the rate; `is_counter`: it comes from a counter's readings."""

    series: SeriesAccess
    unit: str
    is_counter: bool


_GAUGES: Final = {"power": "w", "volume_flow": "lh"}
_RATES: Final = {"l": ("lh", 1), "kwh": ("w", 1000)}


def find_flow(series: SeriesAccess) -> Flow | None:
    """Return what a series can say of now; None for one that says nothing (a temperature, a unit without a rate)."""
    info = series.series
    if info.role != "main" or info.qualifier or info.tariff:
        return None
    if info.kind == "gauge" and _GAUGES.get(info.quantity) == info.unit:
        return Flow(series, info.unit, is_counter=False)
    if info.kind == "counter" and info.unit in _RATES and info.quantity in ("volume", "energy"):
        return Flow(series, _RATES[info.unit][0], is_counter=True)
    return None


def has_live(series: Iterable[SeriesAccess]) -> bool:
    """Whether any series is a momentary value, so that a page of now is worth a link."""
    return any(flow is not None and not flow.is_counter for flow in map(find_flow, series))


def access_momentary(
    viewer: Viewer, store: Store, flow: Flow, start: datetime, stop: datetime, *, now: datetime
) -> pl.DataFrame:
    """Return `SCHEMA`: momentary values in `[start, stop)`, oldest first; null where they came too far apart."""
    if flow.is_counter:
        rows = access_readings(viewer, store, flow.series, start, stop, now=now)
        return _derive_rates(rows, _RATES[flow.series.series.unit][1])
    frames = [
        _read(store, flow.series.series.id, first, last) for first, last in cut(flow.series.access.hours, start, stop)
    ]
    return pl.concat([pl.DataFrame(schema=SCHEMA), *frames]).sort("at")


def _read(store: Store, series_id: int, first: datetime, last: datetime) -> pl.DataFrame:
    frames = [pl.DataFrame(schema=SCHEMA)]
    for feed in get_series_feeds([series_id]):
        part = intersect(Window(feed.starts_at, feed.ends_at), first, last)
        if part:
            rows = store.read_range("readings", ids=[feed.register_id], start=part[0], stop=part[1])
            frames.append(rows.select("at", "value"))
    return pl.concat(frames, how="vertical_relaxed")


def _derive_rates(rows: pl.DataFrame, factor: int) -> pl.DataFrame:
    """The mean rate since the reading before: thousandths of the counter's unit an hour, times `factor`."""
    if not rows.height:
        return pl.DataFrame(schema=SCHEMA)
    step = (pl.col("at") - pl.col("at").shift(1)).over("register")
    change = (pl.col("value") - pl.col("value").shift(1)).over("register")
    micros = pl.lit(int(_HOUR / timedelta(microseconds=1)))
    rate = change * factor * micros // step.dt.total_microseconds()
    is_near = (step > timedelta(0)) & (step <= LONGEST) & (change >= 0)
    counted = rows.sort("register", "at").with_columns(pl.when(is_near).then(rate).alias("value"))
    return counted.sort("at").select("at", "value")
