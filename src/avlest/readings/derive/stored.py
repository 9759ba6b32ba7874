# SPDX-License-Identifier: Apache-2.0
"""The rules that look at stored rows: V08 and V09 over days, V12 between quantities of a meter, V15 between points."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

import polars as pl

from avlest.readings import vee
from avlest.readings.calendar import derive_day_start
from avlest.readings.derive.directory import Directory, read_formulas, read_limits
from avlest.readings.derive.frames import empty
from avlest.readings.tables import Store
from avlest.readings.vee.contracts import FINDINGS

_WEEKS: Final = dt.timedelta(weeks=8)
_STUCK: Final = dt.timedelta(days=100)
_RECENT: Final = dt.timedelta(days=7)
_ROLES: Final[Mapping[str, tuple[str, str]]] = {
    "energy": ("energy", ""),
    "volume": ("volume", ""),
    "supply": ("flow_temperature", ""),
    "back": ("return_temperature", ""),
}
"""The series of a heat meter that V12 holds against each other, by quantity and qualifier."""


def check_stored(
    store: Store, directory: Directory, series: pl.DataFrame, *, start: dt.date, stop: dt.date
) -> pl.DataFrame:
    """Findings of some series of the directory in the local days `[start, stop)`, from stored rows."""
    counters = series.filter(pl.col("kind") != "gauge", pl.col("role") != "virtual")
    parts = [
        empty(FINDINGS),
        _check_days(store, directory, counters, start=start, stop=stop),
        _check_relations(store, series, stop=stop),
        _check_parents(store, directory, counters, start=start, stop=stop),
        _check_formulas(store, series, start=start, stop=stop),
    ]
    found = pl.concat([part.select(list(FINDINGS)) for part in parts])
    return found.filter(pl.col("series").is_in(series["series"].implode()))


def _check_days(
    store: Store, directory: Directory, series: pl.DataFrame, *, start: dt.date, stop: dt.date
) -> pl.DataFrame:
    if series.is_empty():
        return empty(FINDINGS)
    ids = series["series"].to_list()
    described = directory.describe(ids, stop)
    limits = read_limits(described, series["organisation"].unique().to_list(), stop)
    thresholds = vee.resolve_thresholds(described, limits, book=vee.load_thresholds(), day=stop)
    daily = store.read_range("daily", ids=ids, start=min(start - _WEEKS, stop - _STUCK), stop=stop)
    return pl.concat(
        [vee.check_periods(daily, thresholds, start=start), vee.check_stuck(daily, thresholds, until=stop)]
    )


def _check_relations(store: Store, series: pl.DataFrame, *, stop: dt.date) -> pl.DataFrame:
    """V12 where one point has energy and volume of heat."""
    heat = series.filter(pl.col("medium").is_in(["heat", "cooling"]), pl.col("qualifier") == "")
    relations = heat.select("point", "role").unique()
    for name, (quantity, qualifier) in _ROLES.items():
        chosen = heat.filter(pl.col("quantity") == quantity, pl.col("qualifier") == qualifier, pl.col("tariff") == 0)
        columns = chosen.select("point", "role", pl.col("series").alias(name)).unique(["point", "role"])
        relations = relations.join(columns, on=["point", "role"], how="left")
    relations = relations.filter(pl.col("energy").is_not_null(), pl.col("volume").is_not_null())
    if relations.is_empty():
        return empty(FINDINGS)
    ids = pl.concat([relations[name] for name in _ROLES]).drop_nulls().unique()
    hourly = store.read_range("hourly", ids=ids, start=derive_day_start(stop - _RECENT), stop=derive_day_start(stop))
    return vee.check_relations(hourly, relations.select(list(_ROLES)))


def _check_parents(
    store: Store, directory: Directory, series: pl.DataFrame, *, start: dt.date, stop: dt.date
) -> pl.DataFrame:
    """V15 for main points among `series`: their sub-points together."""
    key = ["quantity", "qualifier", "tariff", "subunit", "unit"]
    mains = series.filter(pl.col("role") == "main").select("point", *key, pl.col("series").alias("parent_series"))
    subs = directory.series.filter(pl.col("parent").is_not_null(), pl.col("role") == "main", pl.col("kind") != "gauge")
    pairs = subs.join(mains, left_on=["parent", *key], right_on=["point", *key])
    if pairs.is_empty():
        return empty(FINDINGS)
    factor = vee.load_thresholds().values_on("any", stop)["parent_factor"]
    parents = pairs.select(
        pl.col("parent_series").alias("parent"), pl.col("series").alias("child"), pl.lit(factor).alias("factor")
    )
    ids = pl.concat([parents["parent"], parents["child"]]).unique()
    daily = store.read_range("daily", ids=ids, start=start, stop=stop)
    found = vee.check_parents(daily, parents)
    # Each main point is looked at once, so its sub-points' findings belong to the portion it is in.
    return found.filter(pl.col("series").is_in(series["series"].implode()))


def _check_formulas(store: Store, series: pl.DataFrame, *, start: dt.date, stop: dt.date) -> pl.DataFrame:
    """V15 where what a formula takes off exceeds the rest."""
    formulas = read_formulas(series["series"].to_list()).filter(
        pl.col("starts_on") < stop, pl.col("ends_on").is_null() | (pl.col("ends_on") > start)
    )
    if formulas.is_empty():
        return empty(FINDINGS)
    latest = formulas.filter(pl.col("starts_on") == pl.col("starts_on").max().over("series"))
    terms = latest.select("series", "part", "factor", pl.col("at_least_zero").alias("floor_at_zero"))
    begin, end = derive_day_start(start), derive_day_start(stop)
    return vee.find_negative(terms, store.read_range("hourly", ids=terms["part"].unique(), start=begin, stop=end))
