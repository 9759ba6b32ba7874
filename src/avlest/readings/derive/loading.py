# SPDX-License-Identifier: Apache-2.0
"""What VEE is given for some series and days, read from the tables and the database."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Final

import polars as pl

from avlest.readings import vee
from avlest.readings.calendar import derive_day_start
from avlest.readings.derive.directory import (
    Directory,
    read_decisions,
    read_degree_days,
    read_expectations,
    read_limits,
    read_outages,
)
from avlest.readings.derive.intervals import derive_hour_amounts
from avlest.readings.statuses import read_statuses
from avlest.readings.tables import Store
from avlest.readings.vee.contracts import HISTORY, LONG_HISTORY, MARGIN, VeeInputs

_WIDER: Final = 8
_WIDEST: Final = dt.timedelta(days=12_000)
_EARLIEST: Final = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_LATEST: Final = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
_COLUMNS: Final = ("register", "at", "value", "status", "quality", "known_at")


@dataclasses.dataclass(frozen=True, slots=True)
class Loader:
    """Reads inputs of VEE; `as_known_at`: as they were known then (None: now).

    `whole_amounts`: amounts of quarters are given as those of hours; without it as they came, for quarters.
    """

    store: Store
    directory: Directory
    as_known_at: dt.datetime | None = None
    whole_amounts: bool = True

    def load(self, series_ids: Sequence[int], start: dt.date, stop: dt.date, *, horizon: dt.datetime) -> VeeInputs:
        """Everything for the local days `[start, stop)`, with as many readings around them as VEE needs."""
        first, last = derive_day_start(start), derive_day_start(stop)
        inputs = self._describe(series_ids, start, stop)
        inputs = dataclasses.replace(inputs, readings=self.read_readings(inputs, first - MARGIN, last + MARGIN))
        inputs = self._anchor(inputs, start, stop, horizon)
        return dataclasses.replace(inputs, statuses=read_statuses(inputs.readings["status"]))

    def _describe(self, series_ids: Sequence[int], start: dt.date, stop: dt.date) -> VeeInputs:
        """All but the readings; dated settings are those of the first day."""
        first, last = derive_day_start(start), derive_day_start(stop)
        known = self.directory.series.filter(pl.col("series").is_in(list(series_ids)))
        series = self.directory.describe(series_ids, start)
        climates = series["climate"].drop_nulls().unique().to_list()
        organisations = known["organisation"].unique().to_list()
        return VeeInputs(
            readings=pl.DataFrame(),
            feeds=self.directory.feeds.filter(pl.col("series").is_in(list(series_ids))).drop("installation"),
            series=series,
            limits=read_limits(series, organisations, start),
            expectations=read_expectations(series_ids, start),
            decisions=read_decisions(series_ids, as_known_at=self.as_known_at),
            outages=read_outages(known, first - MARGIN, last + MARGIN),
            degree_days=read_degree_days(climates, start - LONG_HISTORY, stop + MARGIN) if climates else _no_degrees(),
        )

    def read_readings(
        self, inputs: VeeInputs, first: dt.datetime, last: dt.datetime, *, series: Sequence[int] | None = None
    ) -> pl.DataFrame:
        """Readings of the registers of some series (None: all of the inputs), amounts by the hour."""
        feeds = inputs.feeds if series is None else inputs.feeds.filter(pl.col("series").is_in(list(series)))
        amounts = inputs.series.filter(pl.col("kind") == "interval")["series"]
        rows = self.store.read_range(
            "readings",
            ids=feeds["register"].unique(),
            start=max(first, _EARLIEST),
            stop=min(last, _LATEST),
            as_known_at=self.as_known_at,
        ).select(_COLUMNS)
        of_amounts = feeds.filter(pl.col("series").is_in(amounts.implode()))["register"].unique()
        if of_amounts.is_empty() or not self.whole_amounts:
            return rows
        is_amount = pl.col("register").is_in(of_amounts.implode())
        folded = derive_hour_amounts(rows.filter(is_amount))
        return pl.concat([rows.filter(~is_amount), folded.select(_COLUMNS)])

    def _anchor(self, inputs: VeeInputs, start: dt.date, stop: dt.date, horizon: dt.datetime) -> VeeInputs:
        """Read further back and ahead for the series that have too few readings near the window."""
        first, last = derive_day_start(start), derive_day_start(stop)
        margin = MARGIN
        wanting = vee.find_unanchored(inputs, start=start, stop=stop, horizon=horizon)
        while wanting and margin < _WIDEST:
            wider = margin * _WIDER
            before = self.read_readings(inputs, first - wider, first - margin, series=wanting)
            after = self.read_readings(inputs, last + margin, last + wider, series=wanting)
            if before.height or after.height:
                inputs = dataclasses.replace(inputs, readings=pl.concat([inputs.readings, before, after]))
                still = vee.find_unanchored(inputs, start=start, stop=stop, horizon=horizon)
                wanting = [number for number in wanting if number in set(still)]
            margin = wider
        return inputs

    def read_history(self, series: Sequence[int], start: dt.datetime, stop: dt.datetime) -> pl.DataFrame:
        """Measured hours before a window: from the table, or derived as known then."""
        if self.as_known_at is None:
            rows = self.store.read_range("hourly", ids=list(series), start=max(start, _EARLIEST), stop=stop)
            return rows.select(list(HISTORY))
        return self._derive_history(series, start, stop)

    def _derive_history(self, series: Sequence[int], start: dt.datetime, stop: dt.datetime) -> pl.DataFrame:
        known_at = self.as_known_at or stop
        days = start.date(), stop.date() + dt.timedelta(days=1)
        inputs = self.load(series, *days, horizon=known_at)
        found = vee.derive_series(inputs, start=days[0], stop=days[1], horizon=known_at, known_at=known_at)
        return found.hourly.filter(pl.col("hour") >= start, pl.col("hour") < stop).select(list(HISTORY))


def _no_degrees() -> pl.DataFrame:
    return read_degree_days([], _EARLIEST.date(), _EARLIEST.date())
