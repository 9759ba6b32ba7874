# SPDX-License-Identifier: Apache-2.0
"""Deriving some series in some days, without writing anything."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import polars as pl

from avlest.readings import vee
from avlest.readings.calendar import derive_day_start, derive_local_day
from avlest.readings.derive.directory import read_cuts, read_formulas
from avlest.readings.derive.frames import empty
from avlest.readings.derive.loading import Loader
from avlest.readings.quality import Quality
from avlest.readings.vee.contracts import DAILY, FINDINGS, HOURLY, VeeResult

_DAY: Final = dt.timedelta(days=1)


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """What to derive: series, local days `[start, stop)`, and the three instants that bound it.

    Hours before `horizon` are complete: what is missing there is estimated, or said to be missing.  From `horizon` to
    `now` only what was measured is told.  `known_at` is written into the rows.
    """

    series: Sequence[int]
    start: dt.date
    stop: dt.date
    horizon: dt.datetime
    now: dt.datetime
    known_at: dt.datetime


def derive_window(loader: Loader, window: Window, spans: pl.DataFrame) -> VeeResult:
    """Derive series fed by registers and virtual ones; rows before a series' first day are left out.

    `spans`: `series, first_day`.  Dated settings change on their days: the window is cut there.
    """
    formulas = read_formulas(window.series)
    virtual = set(formulas["series"].to_list())
    fed = [number for number in window.series if number not in virtual]
    parts = [_derive_fed(loader, piece) for piece in _cut(loader, window, fed)] if fed else []
    if virtual:
        parts.append(_derive_virtual(loader, window, formulas))
    found = VeeResult(*(pl.concat([getattr(part, name) for part in parts]) for name in ("hourly", "daily", "findings")))
    return _trim(found, window, spans)


def _cut(loader: Loader, window: Window, fed: Sequence[int]) -> list[Window]:
    known = loader.directory.series.filter(pl.col("series").is_in(list(fed)))
    inner = [
        day for day in read_cuts(fed, known["organisation"].unique().to_list()) if window.start < day < window.stop
    ]
    edges = [window.start, *inner, window.stop]
    return [dataclasses.replace(window, series=fed, start=first, stop=last) for first, last in pairwise(edges)]


def _derive_fed(loader: Loader, window: Window) -> VeeResult:
    until = max(window.now, window.horizon)
    inputs = loader.load(window.series, window.start, window.stop, horizon=until)
    return vee.derive_series(
        inputs,
        start=window.start,
        stop=window.stop,
        horizon=until,
        known_at=window.known_at,
        history=loader.read_history,
    )


def _derive_virtual(loader: Loader, window: Window, formulas: pl.DataFrame) -> VeeResult:
    """Virtual series from the hours of their parts, as they stand in the table (or are derived as known then)."""
    hours = [empty(HOURLY)]
    for (starts_on, ends_on), terms in formulas.group_by(["starts_on", "ends_on"], maintain_order=True):
        first = max(window.start, _day(starts_on))
        last = window.stop if ends_on is None else min(window.stop, _day(ends_on))
        if first < last:
            parts = read_parts(loader, window, terms["part"].unique().to_list(), first, last)
            named = terms.select("series", "part", "factor", pl.col("at_least_zero").alias("floor_at_zero"))
            hours.append(vee.derive_virtual(named, parts, known_at=window.known_at).select(list(HOURLY)))
    hourly = pl.concat(hours).sort("series", "hour")
    daily = vee.derive_daily(hourly, known_at=window.known_at).select(list(DAILY))
    return VeeResult(hourly, daily, empty(FINDINGS))


def _day(value: object) -> dt.date:
    if not isinstance(value, dt.date):
        raise TypeError(f"{value!r} is no day")
    return value


def read_parts(loader: Loader, window: Window, parts: Sequence[int], first: dt.date, last: dt.date) -> pl.DataFrame:
    """The hours of the parts of formulas."""
    start, stop = derive_day_start(first), derive_day_start(last)
    if loader.as_known_at is None:
        return loader.store.read_range("hourly", ids=list(parts), start=start, stop=stop)
    spans = pl.DataFrame({"series": list(parts), "first_day": [first] * len(parts)})
    return derive_window(loader, dataclasses.replace(window, series=parts, start=first, stop=last), spans).hourly


def _trim(found: VeeResult, window: Window, spans: pl.DataFrame) -> VeeResult:
    """Leave out what no window may tell: days before the first, hours not due that nobody measured."""
    begins = spans.with_columns(
        pl.col("first_day").map_elements(derive_day_start, return_dtype=HOURLY["hour"]).alias("begins")
    ) if spans.height else spans.with_columns(pl.lit(None, dtype=HOURLY["hour"]).alias("begins"))  # fmt: skip
    stands = (pl.col("hour") < window.horizon) | (pl.col("quality") >= Quality.DISCRETION)
    hourly = found.hourly.join(begins.select("series", "begins"), on="series").filter(
        pl.col("hour") >= pl.col("begins"), stands
    )
    last = derive_local_day(window.horizon)
    daily = found.daily.join(spans.select("series", "first_day"), on="series").filter(
        pl.col("day") >= pl.col("first_day"), pl.col("day") < last
    )
    findings = found.findings.join(begins.select("series", "begins"), on="series").filter(
        pl.col("start") >= pl.col("begins")
    )
    return VeeResult(
        hourly.select(list(HOURLY)).sort("series", "hour"),
        daily.select(list(DAILY)).sort("series", "day"),
        findings.select(list(FINDINGS)),
    )
