# SPDX-License-Identifier: Apache-2.0
"""The use of series against other times and other homes, for pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

import polars as pl

from avlest.insight.comparison import (
    Comparison,
    Days,
    Omitted,
    compare,
    compare_last_year,
    derive_concentration,
    derive_days_before,
    derive_last_year,
    derive_peers,
    load_group_rules,
    pick_group_rule,
    sum_days,
)
from avlest.insight.infos import ComparisonInfo, PeersInfo
from avlest.readings.models import DegreeDay, WeatherPlace
from avlest.readings.tables import Store
from avlest.registry.frames import get_series_frame

_HEATED: Final[Mapping[str, Decimal]] = {"heat": Decimal(1)}
"""How much of a medium's use follows the weather (rules §2.7); others do not."""

_NOW: Final = "now"


def get_comparisons(
    store: Store,
    series_ids: Sequence[int],
    *,
    first: date,
    until: date,
    today: date,
    known_from: date | None = None,
) -> list[ComparisonInfo]:
    """Return each series in the local days `[first, until)` against the period before, last year and its like.

    Days from `today` on are not over and do not count.  `known_from`: the first day the viewer may know of; a base that
    begins before it is omitted (`Omitted.BEFORE_TENANCY`).  Its like: homes of the organisation with the same medium
    and kind of unit, of which nothing is said unless there are enough (rules §8, ux §5).
    """
    periods = {_NOW: Days(first, max(first, min(until, today)))}
    periods["previous"] = derive_days_before(periods[_NOW])
    periods["last_year"] = derive_last_year(periods[_NOW])
    homes = _find_homes(series_ids)
    peers = derive_peers(
        homes.join(_sum(store, homes["series"], {_NOW: periods[_NOW]}), on="series", how="left").rename(
            {"series": "home"}
        ),
        pick_group_rule(load_group_rules(), today),
    )
    by_home = {row["home"]: row for row in peers.to_dicts()}
    sums = {(row["series"], row["period"]): row for row in _sum(store, series_ids, periods).to_dicts()}
    described = {row["series"]: row for row in get_series_frame(series_ids).to_dicts()}
    return [
        _compare(one, described[one], sums, periods, by_home.get(one), known_from)
        for one in series_ids
        if one in described
    ]


def get_concentration(store: Store, series_ids: Sequence[int], *, first: date, until: date) -> pl.DataFrame:
    """Return which share of these homes uses which share in the local days `[first, until)`: `homes`, `use`.

    Empty where the group is too small to say anything.
    """
    sums = _sum(store, series_ids, {_NOW: Days(first, until)})
    return derive_concentration(sums["value"], pick_group_rule(load_group_rules(), first))


def _sum(store: Store, series_ids: Sequence[int] | pl.Series, periods: Mapping[str, Days]) -> pl.DataFrame:
    """Sums of periods; those of which most days are not known have no value."""
    ids = list(series_ids)
    parts = [
        sum_days(store.read_range("daily", ids=ids, start=days.first, stop=days.until), {name: days})
        for name, days in periods.items()
        if ids and days.length
    ]
    if not parts:
        return sum_days(pl.DataFrame(schema={"series": pl.Int64, "day": pl.Date, "value": pl.Int64}), {})
    return pl.concat(parts)


def _find_homes(series_ids: Sequence[int]) -> pl.DataFrame:
    """Series that count the same as one of those asked for, at the same kind of place: `series`, `group`."""
    grouped = group_homes()
    wanted = grouped.filter(pl.col("series").is_in(list(series_ids)))["group"].unique()
    return grouped.filter(pl.col("group").is_in(wanted.implode()))


def group_homes() -> pl.DataFrame:
    """Return every series that counts the use of a home, with those of its like: `series`, `group`."""
    every = get_series_frame().filter(
        (pl.col("kind") == "counter") | (pl.col("qualifier") == "amount"),
        pl.col("role") == "main",
        pl.col("purpose") == "billing",
        ~pl.col("measures_zone"),
    )
    mains = every["parent"].drop_nulls().unique()
    alike = ["organisation", "medium", "quantity", "unit", "qualifier", "unit_kind"]
    return every.filter(~pl.col("point").is_in(mains.implode())).select(
        "series",
        pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in alike], separator="/").alias("group"),
    )


def _compare(
    series: int,
    described: Mapping[str, Any],
    sums: Mapping[tuple[int, str], Mapping[str, Any]],
    periods: Mapping[str, Days],
    peers: Mapping[str, Any] | None,
    known_from: date | None,
) -> ComparisonInfo:
    row = sums.get((series, _NOW))
    value = row["value"] if row else None

    def get_base(name: str) -> tuple[int | None, Omitted]:
        if known_from is not None and periods[name].first < known_from:
            return None, Omitted.BEFORE_TENANCY
        base = sums.get((series, name))
        if base is None or base["value"] is None:
            return None, Omitted.NO_BASE
        return (None, Omitted.INCOMPLETE) if base["known_days"] < base["days"] else (base["value"], Omitted.NO_BASE)

    previous, why_previous = get_base("previous")
    former, why_former = get_base("last_year")
    heated = _HEATED.get(described["medium"])
    corrected = None
    if heated is not None:
        degree_days = tuple(_sum_degree_days(described, periods[name]) for name in (_NOW, "last_year"))
        corrected = compare_last_year(
            value or 0, former, degree_days=(degree_days[0], degree_days[1]), heated_share=heated, omitted=why_former
        )
    return ComparisonInfo(
        series_id=series,
        unit=described["unit"],
        first=periods[_NOW].first,
        until=periods[_NOW].until,
        value=value,
        known_days=row["known_days"] if row else 0,
        previous=_compare_known(value, previous, why_previous),
        last_year=_compare_known(value, former, why_former),
        corrected=corrected if value is not None else None,
        peers=_to_peers(peers),
    )


def _compare_known(value: int | None, base: int | None, omitted: Omitted) -> Comparison:
    """Nothing is compared with what is not known."""
    return Comparison(0, omitted=Omitted.NO_BASE) if value is None else compare(value, base, omitted=omitted)


def _sum_degree_days(described: Mapping[str, Any], days: Days) -> Decimal | None:
    """Degree days of the place of a series; None where a day is not known."""
    places = WeatherPlace.objects.of(described["organisation"])
    place = places.filter(zone_id=described["zone"]).first() or places.filter(zone__isnull=True).first()
    if place is None or not days.length:
        return None
    rows = list(
        DegreeDay.objects.filter(place=place, day__gte=days.first, day__lt=days.until).values_list("value", flat=True)
    )
    return Decimal(sum(rows)) / 1000 if len(rows) == days.length else None


def _to_peers(row: Mapping[str, Any] | None) -> PeersInfo:
    if row is None:
        return PeersInfo(size=0, average=None, best=None, less_than=None, more_than=None, omitted=str(Omitted.NO_BASE))
    names = ("size", "average", "best", "less_than", "more_than")
    return PeersInfo(omitted=row["omitted"] or "", **{name: row[name] for name in names})
