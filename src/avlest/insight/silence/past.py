# SPDX-License-Identifier: Apache-2.0
"""Who was silent in a time that is over: the same judgement at the hours at which it could have changed.  Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np
import polars as pl

from avlest.insight.contracts import ALARMS, make_empty
from avlest.insight.rules.grid import HOUR, Integers, derive_instants
from avlest.insight.silence.derive import derive_silence
from avlest.insight.silence.rules import SilenceRule

_NEVER = np.iinfo(np.int64).max


def derive_past_silence(
    meters: pl.DataFrame, heard: pl.DataFrame, *, start: datetime, until: datetime, rule: SilenceRule
) -> pl.DataFrame:
    """Alarms (`contracts.ALARMS`) of silences that were over by `until`; those that still last are the present's.

    `meters`: `silence.METERS`, with where and how often each is heard (`last_heard` is not read).  `heard`: `meter,
    at`, the instants at which it was, since `start`.  Judged at the full hours after a meter fell silent or was heard
    again.
    """
    known = heard.filter(pl.col("meter").is_in(meters["meter"].implode())).sort("meter", "at")
    moments = _find_moments(meters, known, rule, _micros(start), _micros(until))
    open_alarms, over = make_empty(ALARMS), [make_empty(ALARMS)]
    for at, there in _iterate_moments(meters, known, moments):
        found = derive_silence(there, at=at, rule=rule, open_alarms=open_alarms).alarms
        is_over = pl.col("cleared_at").is_not_null()
        over.append(found.filter(is_over))
        open_alarms = found.filter(~is_over)
    return pl.concat(over).sort("opened_at", "scope", "subject")


def _micros(instant: datetime) -> int:
    return int(instant.timestamp()) * 1_000_000


def _find_moments(meters: pl.DataFrame, heard: pl.DataFrame, rule: SilenceRule, start: int, until: int) -> Integers:
    """The hours (since 1970) at which a meter had just fallen silent, or was heard again; `heard` by meter and time."""
    hours = dict(rule.cadence_hours)
    by_road = pl.col("road").replace_strict(hours, default=hours["other"], return_dtype=pl.Float64) * HOUR
    patience = pl.coalesce(pl.col("cadence_seconds").cast(pl.Float64) * 1_000_000, by_road) * rule.factor
    own = meters.select("meter", patience.cast(pl.Int64).alias("patience")).sort("meter")
    # In arrays, because the instants of a town's year are many and a frame would hold each of these columns at once.
    meter, at = heard["meter"].to_numpy(), heard["at"].dt.timestamp("us").to_numpy()
    again = np.append(at[1:], _NEVER)
    again[np.flatnonzero(np.diff(meter))] = _NEVER
    silent_from = at + own["patience"].to_numpy()[np.searchsorted(own["meter"].to_numpy(), meter)] + 1
    fell = again > silent_from
    changes = np.concatenate([silent_from[fell], again[fell]])
    return np.unique(-(-changes[(changes > start) & (changes <= until)] // HOUR))


def _iterate_moments(
    meters: pl.DataFrame, heard: pl.DataFrame, moments: Integers
) -> Iterator[tuple[datetime, pl.DataFrame]]:
    """The moments, each with the meters that had been heard by then and when last."""
    numbers = meters["meter"].to_numpy()
    order = np.argsort(numbers)
    in_time = heard.sort("at")
    at, row = in_time["at"].dt.timestamp("us").to_numpy(), in_time["meter"].to_numpy()
    place = order[np.searchsorted(numbers, row, sorter=order)]
    ends = np.searchsorted(at, moments * HOUR, side="right")
    last, done = np.zeros(len(numbers), np.int64), 0
    for instant, end in zip(derive_instants(moments).to_list(), ends.tolist(), strict=True):
        last[place[done:end]] = at[done:end]  # in order of time: the last one stays
        done = end
        times = pl.Series("last_heard", last).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        yield instant, meters.with_columns(times).filter(pl.Series(last > 0))
