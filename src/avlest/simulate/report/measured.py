# SPDX-License-Identifier: Apache-2.0
"""Figures of measured water: supply zones of a town in northern Italy, and one flat in Naples.

The data are not part of Avlest: the Battle of Water Demand Forecasting (WDSA-CCWI 2024) and WEUSEDTO (Di Mauro et
al.) give them; where a folder lacks them the report says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

Shares = npt.NDArray[np.float64]

_FIXTURES: Final = {
    "toilet": "feed.Toilet.csv", "bidet": "feed_Bidet.MYD.csv", "dishwasher": "feed_Dishwasher30.MYD.csv",
    "kitchen": "feed_Kitchenfaucet.MYD.csv", "shower": "feed_Shower.MYD.csv", "washbasin": "feed_Washbasin.MYD.csv",
    "washing machine": "feed_Washingmachine.MYD.csv",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Zones:
    """Shapes of measured zones (1 is the mean hour): median zone of working and free days with the lowest and highest
    zone, months, the lowest hour of each zone, and free days over working days."""

    count: int
    working_day: Shares
    free_day: Shares
    lowest: Shares
    highest: Shares
    minimum: tuple[float, float, float]  # least, median and largest over the zones
    free_day_ratio: float
    summer_ratio: float


def read_zones(folder: Path) -> Zones | None:
    """Hourly inflow of the zones in `bwdf_dma_water/InflowData.csv`; None where it is not there."""
    path = folder / "bwdf_dma_water" / "InflowData.csv"
    if not path.is_file():
        return None
    frame = pl.read_csv(path, infer_schema_length=None)
    frame = frame.rename({frame.columns[0]: "at"}).with_columns(pl.col("at").str.to_datetime("%d/%m/%Y %H:%M"))
    zones = [name for name in frame.columns if name != "at"]
    long = frame.unpivot(zones, index="at", variable_name="zone", value_name="flow").drop_nulls()
    long = long.with_columns(
        hour=pl.col("at").dt.hour(), free=pl.col("at").dt.weekday() > 5, month=pl.col("at").dt.month(),
        part=pl.col("flow") / pl.col("flow").mean().over("zone"),
    )  # fmt: skip
    working, free = (_shape(long.filter(pl.col("free") == value)) for value in (False, True))
    every = _shape(long)
    minimum = every.min(axis=1)
    summer = long.filter(pl.col("month").is_in([6, 7, 8]))["part"].mean()
    return Zones(
        len(zones),
        np.median(working, axis=0),
        np.median(free, axis=0),
        every.min(axis=0),
        every.max(axis=0),
        (float(minimum.min()), float(np.median(minimum)), float(minimum.max())),
        float(np.median(free.mean(axis=1) / working.mean(axis=1))),
        float(str(summer)),
    )


def _shape(long: pl.DataFrame) -> Shares:
    """Mean part of each zone and hour, shape (zones, 24)."""
    table = long.group_by("zone", "hour").agg(pl.col("part").mean()).pivot("hour", index="zone", sort_columns=False)
    shape: Shares = table.select(str(hour) for hour in range(24)).to_numpy()
    return shape


@dataclass(frozen=True, slots=True)
class Flat:
    """One person's flat: events a day of the toilet, litres of one flush, and the shape of the flushes' day."""

    flushes_a_day: float
    flush_shape: Shares


def read_flat(folder: Path) -> Flat | None:
    """The flushes of `weusedto/feed.Toilet.csv`, whose events are marked one by one; None where it is not there."""
    path = folder / "weusedto" / _FIXTURES["toilet"]
    if not path.is_file():
        return None
    frame = pl.read_csv(path, separator=" ", has_header=True)
    at = pl.from_epoch(frame[frame.columns[0]].cast(pl.Int64), time_unit="s").dt.replace_time_zone("UTC")
    local = at.dt.convert_time_zone("Europe/Rome")
    hours = np.bincount(local.dt.hour().to_numpy(), minlength=24).astype(np.float64)
    return Flat(len(frame) / local.dt.date().n_unique(), hours / hours.mean())
