# SPDX-License-Identifier: Apache-2.0
"""The series and feeds of one call as arrays, with the thresholds that count on a day.  Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from avlest.readings.vee.arrays import MS_HOUR, Floats, Integers, Mask, to_integers, to_ms
from avlest.readings.vee.contracts import FEEDS, SERIES, Kind, Schema, VeeError, VeeInputs
from avlest.readings.vee.thresholds import ThresholdBook

NEVER_MS: Final = 4_102_444_800_000
"""The end of what has none: the year 2100, after which no reading is accepted."""

_DEFAULT_INTERVAL_S: Final = 3600
_KINDS: Final = {Kind.COUNTER: 0, Kind.INTERVAL: 1, Kind.GAUGE: 2}
COUNTER, INTERVAL, GAUGE = _KINDS.values()


@dataclass(frozen=True, slots=True)
class Feeds:
    """Feeds sorted by series and time; an index into them says series, register and place in time at once.

    `starts`, `ends` in milliseconds (`ends` may be `NEVER_MS`); `modulus`: where the register begins again, 0 unknown.
    """

    series: Integers
    register: Integers
    starts: Integers
    ends: Integers
    start_value: Integers
    end_value: Integers
    has_start: Mask
    has_end: Mask
    modulus: Integers
    fits_unit: Mask
    is_last: Mask


@dataclass(frozen=True, slots=True)
class Book:
    """`ids`: the series, ascending; all other arrays by index into them."""

    ids: Integers
    kind: Integers
    interval_ms: Integers
    climate: Integers
    per_year: Integers
    limits: Mapping[str, Floats]
    feeds: Feeds

    def limit(self, name: str, *, factor: float = 1) -> Integers:
        """A threshold of every series as integers, times `factor`."""
        found: Integers = np.rint(self.limits[name] * factor).astype(np.int64)
        return found

    @property
    def cadence_ms(self) -> Integers:
        """How often a reading of each series is expected."""
        return self.limit("cadence_min", factor=60_000)


def conform_frame(frame: pl.DataFrame, schema: Schema, *, name: str, required: tuple[str, ...]) -> pl.DataFrame:
    """The columns of `schema` with exact types; absent ones null. Raises `VeeError` naming frame and column."""
    for column in required:
        if column not in frame.columns:
            raise VeeError(f"{name}.{column}", f"missing; expected {schema[column]}")
    columns = []
    for column, dtype in schema.items():
        if column not in frame.columns:
            columns.append(pl.lit(None, dtype).alias(column))
            continue
        given = frame.schema[column]
        if isinstance(dtype, pl.Datetime) and getattr(given, "time_zone", "UTC") != "UTC":
            raise VeeError(f"{name}.{column}", f"is {given}; expected instants in UTC")
        columns.append(pl.col(column).cast(dtype))
    try:
        found = frame.select(columns)
    except pl.exceptions.PolarsError as error:
        raise VeeError(name, str(error).splitlines()[0]) from error
    for column in required:
        if found[column].null_count():
            raise VeeError(f"{name}.{column}", f"row {found[column].is_null().arg_max()} is null")
    return found


def make_book(inputs: VeeInputs, *, thresholds: ThresholdBook, day: dt.date) -> Book:
    """Series, feeds and thresholds as they count on `day`. Raises `VeeError` for what does not fit."""
    series = conform_frame(inputs.series, SERIES, name="series", required=("series", "kind")).sort("series")
    ids = series["series"].to_numpy()
    if len(np.unique(ids)) != len(ids):
        raise VeeError("series.series", "a series stands there twice")
    unknown = set(series["kind"].unique()) - set(_KINDS)
    if unknown:
        raise VeeError("series.kind", f"{', '.join(sorted(unknown))} is not one of {', '.join(_KINDS)}")
    return Book(
        ids=ids,
        kind=np.array([_KINDS[Kind(kind)] for kind in series["kind"]], np.int64),
        interval_ms=to_integers(series["interval_s"], missing=_DEFAULT_INTERVAL_S) * 1000,
        climate=to_integers(series["climate"], missing=-1),
        per_year=_make_expectations(inputs, ids),
        limits=_make_limits(inputs, series, thresholds=thresholds, day=day),
        feeds=_make_feeds(inputs, series),
    )


def _make_expectations(inputs: VeeInputs, ids: Integers) -> Integers:
    """Expected use of a year, -1 where there is none."""
    found = np.full(len(ids), -1, np.int64)
    place, known = find_places(ids, to_integers(inputs.expectations["series"]))
    found[place[known]] = to_integers(inputs.expectations["per_year"])[known]
    return found


def _make_limits(
    inputs: VeeInputs, series: pl.DataFrame, *, thresholds: ThresholdBook, day: dt.date
) -> dict[str, Floats]:
    """Class thresholds, then `cadence_s` of the series, then its own limits."""
    classes = series["meter_class"].fill_null("any")
    try:
        values = {name: thresholds.values_on(name, day) for name in classes.unique()}
    except KeyError as error:
        raise VeeError("series.meter_class", str(error.args[0])) from error
    names = thresholds.names
    limits = {
        name: classes.replace_strict({c: v[name] for c, v in values.items()}, return_dtype=pl.Float64).to_numpy().copy()
        for name in names
    }
    cadence = series["cadence_s"].cast(pl.Float64).to_numpy() / 60
    limits["cadence_min"] = np.where(np.isnan(cadence), limits["cadence_min"], cadence)
    place, known = find_places(series["series"].to_numpy(), to_integers(inputs.limits["series"]))
    for (name,), rows in inputs.limits.with_row_index("row").partition_by("name", as_dict=True).items():
        if name not in limits:
            raise VeeError("limits.name", f"{name!r} is not one of {', '.join(names)}")
        chosen = rows["row"].to_numpy()
        chosen = chosen[known[chosen]]
        limits[str(name)][place[chosen]] = inputs.limits["value"].to_numpy()[chosen]
    return limits


def find_places(ids: Integers, wanted: Integers) -> tuple[Integers, Mask]:
    """Where each of `wanted` stands in the ascending `ids`, and whether it does."""
    if not len(ids):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    place = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1).astype(np.int64)
    return place, ids[place] == wanted


def _make_feeds(inputs: VeeInputs, series: pl.DataFrame) -> Feeds:
    rows = conform_frame(inputs.feeds, FEEDS, name="feeds", required=("series", "register", "starts_at"))
    rows = rows.join(series.select("series", own_unit="unit"), on="series").sort("series", "starts_at", "register")
    place, _ = find_places(series["series"].to_numpy(), rows["series"].to_numpy())
    starts = to_ms(rows["starts_at"])
    is_last = np.append(place[1:] != place[:-1], np.ones(min(1, len(place)), np.bool_))
    following = np.where(is_last, NEVER_MS, np.append(starts[1:], NEVER_MS)[: len(starts)])
    ends = to_ms(rows["ends_at"], missing=NEVER_MS)
    digits, scale = to_integers(rows["digits"]), to_integers(rows["scale"])
    fits = (rows["unit"] == rows["own_unit"]).fill_null(value=True).to_numpy()
    bounded = (digits > 0) & (scale > 0) & (digits + np.log10(np.maximum(scale, 1)) < 18)
    return Feeds(
        series=place,
        register=rows["register"].to_numpy(),
        starts=starts,
        # two meters never feed one series at once: the later one counts from its start
        ends=np.minimum(ends, following),
        start_value=to_integers(rows["start_value"]),
        end_value=to_integers(rows["end_value"]),
        has_start=rows["start_value"].is_not_null().to_numpy(),
        has_end=rows["end_value"].is_not_null().to_numpy() & (ends <= following),
        modulus=np.where(bounded, 10 ** np.where(bounded, digits, 0) * scale, 0),
        fits_unit=fits,
        is_last=is_last,
    )


def floor_hour(ms: int) -> int:
    """The full hour at or before an instant."""
    return ms // MS_HOUR * MS_HOUR
