# SPDX-License-Identifier: Apache-2.0
"""Derivation that writes nothing: as known at an instant, and quarters of hours."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Final

import polars as pl

from avlest.readings import vee
from avlest.readings.calendar import derive_local_day
from avlest.readings.derive.compute import Window, derive_window
from avlest.readings.derive.directory import Directory, read_formulas
from avlest.readings.derive.frames import SPANS, empty, unpack
from avlest.readings.derive.horizon import derive_horizon
from avlest.readings.derive.loading import Loader
from avlest.readings.models import DeriveState
from avlest.readings.tables import Store
from avlest.readings.vee.contracts import QUARTERS, VeeInputs, VeeResult

_DAY: Final = dt.timedelta(days=1)
_QUARTER: Final = 900


def derive_as_known(
    store: Store, series_ids: Sequence[int], first: dt.date, stop: dt.date, *, as_known_at: dt.datetime
) -> VeeResult:
    """Derive local days from the readings and decisions known at an instant.

    Installations, formulas and limits are those of today: they carry their own dates, not when they became known.
    """
    loader = Loader(store, Directory(_with_parts(series_ids)), as_known_at)
    spans = unpack(DeriveState.objects.values_list("spans", flat=True).first() or b"", SPANS)
    window = Window(series_ids, first, stop, derive_horizon(as_known_at), as_known_at, as_known_at)
    return derive_window(loader, window, spans.filter(pl.col("series").is_in(list(series_ids))))


def _with_parts(series_ids: Sequence[int]) -> list[int]:
    """Series and everything the virtual ones among them are made of."""
    found, new = set(series_ids), set(series_ids)
    while new:
        new = set(read_formulas(sorted(new))["part"].to_list()) - found
        found |= new
    return sorted(found)


def derive_quarters_of(store: Store, series_ids: Sequence[int], start: dt.datetime, stop: dt.datetime) -> pl.DataFrame:
    """The quarters of the stored hours in `[start, stop)`."""
    hourly = store.read_range("hourly", ids=list(series_ids), start=start, stop=stop)
    if hourly.is_empty():
        return empty(QUARTERS)
    loader = Loader(store, Directory(series_ids), whole_amounts=False)
    inputs = loader.load(series_ids, derive_local_day(start), derive_local_day(stop) + _DAY, horizon=stop)
    return vee.derive_quarters(_tell_intervals(inputs), hourly)


def _tell_intervals(inputs: VeeInputs) -> VeeInputs:
    """Say of series of amounts whether they come by the quarter: where one stands at no full hour, they do."""
    between = inputs.readings.filter(pl.col("at").dt.minute() != 0)["register"].unique()
    quarters = inputs.feeds.filter(pl.col("register").is_in(between.implode()))["series"].unique()
    is_quarter = (pl.col("kind") == "interval") & pl.col("series").is_in(quarters.implode())
    told = pl.when(is_quarter).then(pl.lit(_QUARTER)).otherwise("interval_s").alias("interval_s")
    return dataclasses.replace(inputs, series=inputs.series.with_columns(told))
