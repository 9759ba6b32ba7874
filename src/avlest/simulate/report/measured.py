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

_FEED_LINE: Final = r"^(?<seconds>\d+)[ ,](?<flow>[0-9.]+)"
_EPOCH: Final = 1970  # a clock that was not set
_FIXTURES_HEARD: Final = 3
"""How many fixtures must have been heard on a day for it to count."""
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
    """One person's flat: flushes a day, and the share of hours with water by the clock of the day."""

    flushes_a_day: float
    busy: Shares


def read_flat(folder: Path) -> Flat | None:
    """The fixtures of `weusedto/feed*.csv`; None where they are not there."""
    paths = [folder / "weusedto" / name for name in _FIXTURES.values()]
    if not all(path.is_file() for path in paths):
        return None
    events = pl.concat([_read_feed(path).with_columns(fixture=pl.lit(path.name)) for path in paths])
    days = events.group_by("day").agg(pl.col("fixture").n_unique()).filter(pl.col("fixture") >= _FIXTURES_HEARD)
    hours = events.join(days.select("day"), on="day").select("hour").unique()
    busy = np.bincount(hours["hour"].dt.hour().to_numpy(), minlength=24) / len(days)
    flushes = events.filter(pl.col("fixture") == _FIXTURES["toilet"])
    return Flat(len(flushes) / flushes["day"].n_unique(), busy)


def _read_feed(path: Path) -> pl.DataFrame:
    """The moments at which a fixture lets water out; some feeds have a heading, some commas, some spaces."""
    cells = pl.Series("line", path.read_text(encoding="utf-8").splitlines()).str.extract_groups(_FEED_LINE)
    frame = cells.struct.unnest().drop_nulls()
    at = pl.from_epoch(frame["seconds"].cast(pl.Int64), time_unit="s").dt.replace_time_zone("UTC")
    local = at.dt.convert_time_zone("Europe/Rome")
    rows = pl.DataFrame(
        {"hour": local.dt.truncate("1h"), "day": local.dt.date(), "flow": frame["flow"].cast(pl.Float64)}
    )
    return rows.filter((pl.col("flow") > 0) & (pl.col("day").dt.year() > _EPOCH)).drop("flow")
