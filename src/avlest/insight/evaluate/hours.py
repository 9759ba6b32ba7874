# SPDX-License-Identifier: Apache-2.0
"""The alarm rules over the stored hours of some series, each from its own beginning."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from avlest.insight.contracts import ALARMS, AWAY, HOURLY, LOOKBACK_DAYS, PARAMETERS, Meaning, make_empty
from avlest.insight.falls import FALLS, derive_fall_alarms
from avlest.insight.limits import LIMITS, derive_limit_alarms
from avlest.insight.rules import Thresholds, derive_alarms
from avlest.readings.tables import Store

_CELLS: Final = 2_000_000
_LOOKBACK: Final = timedelta(days=LOOKBACK_DAYS)
_HOUR: Final = timedelta(hours=1)


@dataclasses.dataclass(frozen=True, slots=True)
class Rules:
    """What series are judged by: `watched.WATCHED`, thresholds, absences, own limits, falls of registers."""

    watched: pl.DataFrame
    thresholds: Thresholds
    away: pl.DataFrame = dataclasses.field(default_factory=lambda: make_empty(AWAY))
    limits: pl.DataFrame = dataclasses.field(default_factory=lambda: make_empty(LIMITS))
    falls: pl.DataFrame = dataclasses.field(default_factory=lambda: make_empty(FALLS))


def split_work(restarts: pl.DataFrame, *, until: datetime) -> Iterator[pl.DataFrame]:
    """Rows of `subject, start` in portions that fit in memory; those that begin together stay near each other."""
    rows = restarts.filter(pl.col("start") < until).sort("start", "subject", descending=[True, False])
    begin = 0
    starts = rows["start"].to_list()
    for end in range(1, len(starts) + 1):
        is_last = end == len(starts)
        if is_last or (end + 1 - begin) * ((until - starts[end] + _LOOKBACK) // _HOUR) > _CELLS:
            yield rows[begin:end]
            begin = end


def find_in_hours(store: Store, portion: pl.DataFrame, rules: Rules, *, until: datetime) -> pl.DataFrame:
    """Alarms (`contracts.ALARMS`) of the series of a portion (`subject, start`), each opened after its `start`."""
    watched = rules.watched.filter(pl.col("series").is_in(portion["subject"].implode()))
    if watched.is_empty():
        return make_empty(ALARMS)
    hours = _read(store, watched, portion, until)
    found = [make_empty(ALARMS)]
    for (start,), members in portion.group_by("start", maintain_order=True):
        chosen = watched.filter(pl.col("series").is_in(members["subject"].implode()))
        if isinstance(start, datetime) and not chosen.is_empty():
            rows = hours.get(start, make_empty(HOURLY))
            found.append(
                derive_alarms(
                    rows,
                    chosen.select(list(PARAMETERS)),
                    start=start,
                    until=until,
                    thresholds=rules.thresholds,
                    away=rules.away,
                )
            )
            limits = rules.limits.filter(pl.col("series").is_in(chosen["series"].implode()))
            if not limits.is_empty():
                found.append(derive_limit_alarms(rows, limits, start=start, until=until))
            falls = rules.falls.join(chosen.select("series"), on="series", how="semi")
            if not falls.is_empty():
                found.append(derive_fall_alarms(falls, start=start, until=until))
    return pl.concat(found)


def _read(store: Store, watched: pl.DataFrame, portion: pl.DataFrame, until: datetime) -> dict[object, pl.DataFrame]:
    """The hours of the series and of the partners of temperatures, by the instant evaluation begins at."""
    starts = watched.join(portion, left_on="series", right_on="subject").select("series", "partner", "meaning", "start")
    partners = starts.filter(pl.col("meaning") == str(Meaning.WATER_TEMPERATURE)).select(
        pl.col("partner").alias("series"), "start"
    )
    wanted = pl.concat([starts.select("series", "start"), partners.drop_nulls()]).unique()
    first = portion["start"].min()
    assert isinstance(first, datetime)
    rows = store.read_range("hourly", ids=wanted["series"].unique(), start=first - _LOOKBACK, stop=until)
    hours = (
        rows.lazy()
        .select(list(HOURLY))
        .join(wanted.lazy(), on="series")
        .filter(pl.col("hour") >= pl.col("start") - pl.duration(days=LOOKBACK_DAYS))
        .collect()
    )
    return {key[0]: part.drop("start") for key, part in hours.partition_by("start", as_dict=True).items()}
