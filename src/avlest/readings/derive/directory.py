# SPDX-License-Identifier: Apache-2.0
"""The registry and the settings of this room as frames: which series there are, what feeds them, what holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl
from django.db.models import Q

from avlest.readings.derive.classes import add_classes
from avlest.readings.derive.frames import empty
from avlest.readings.models import (
    Decision,
    DegreeDay,
    Expectation,
    Formula,
    Outage,
    SeriesClass,
    Threshold,
    WeatherPlace,
)
from avlest.readings.vee.contracts import DECISIONS, DEGREE_DAYS, EXPECTATIONS, LIMITS, OUTAGES
from avlest.readings.vee.thresholds import load_thresholds
from avlest.registry.frames import get_feeds_frame, get_series_frame
from avlest.registry.services.audit import get_versions

_VERSIONS: Final = ("meters", "places")
_CHUNK: Final = 900


@dataclass(slots=True)
class Directory:
    """All series, or some; read once, and again by `refresh` when the registry has changed."""

    ids: Sequence[int] | None = None
    series: pl.DataFrame = field(init=False)
    feeds: pl.DataFrame = field(init=False)
    _versions: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.refresh()

    def refresh(self) -> bool:
        """Read again what changed; whether anything did."""
        versions = get_versions(_VERSIONS)
        if versions == self._versions:
            return False
        self.series = add_classes(get_series_frame(self.ids))
        self.feeds = get_feeds_frame(self.ids)
        self._versions = versions
        return True

    def describe(self, series_ids: Sequence[int], day: dt.date) -> pl.DataFrame:
        """The rows `vee.contracts.SERIES` of some series as they are on a day."""
        rows = self.series.filter(pl.col("series").is_in(list(series_ids)))
        rows = rows.join(_read_classes(series_ids, day), on="series", how="left").join(
            _read_climates(rows["organisation"].unique().to_list()), on=["organisation", "zone"], how="left",
            nulls_equal=True,
        )  # fmt: skip
        default = _read_climates(rows["organisation"].unique().to_list()).filter(pl.col("zone").is_null())
        rows = rows.join(
            default.select("organisation", pl.col("climate").alias("usual")), on="organisation", how="left"
        )
        climate = pl.when("follows_weather").then(pl.coalesce("climate", "usual"))
        return rows.select(
            "series",
            "kind",
            "unit",
            pl.coalesce("own_class", "meter_class").alias("meter_class"),
            pl.lit(None, dtype=pl.Int64).alias("interval_s"),
            pl.lit(None, dtype=pl.Int64).alias("cadence_s"),
            climate.alias("climate"),
        )


def _holds(day: dt.date) -> Q:
    return Q(starts_on__lte=day) & (Q(ends_on__isnull=True) | Q(ends_on__gt=day))


def _frame(rows: Iterable[tuple[Any, ...]], **schema: Any) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def _read_classes(series_ids: Sequence[int], day: dt.date) -> pl.DataFrame:
    rows = read_of(SeriesClass, series_ids, _holds(day), "series_id", "meter_class")
    return _frame(rows, series=pl.Int64, own_class=pl.String).unique("series", keep="last")


def _read_climates(organisations: Sequence[int]) -> pl.DataFrame:
    rows = WeatherPlace.objects.filter(organisation_id__in=organisations).values_list(
        "organisation_id", "zone_id", "id"
    )
    return _frame(rows, organisation=pl.Int64, zone=pl.Int64, climate=pl.Int64)


def read_of(model: Any, series_ids: Sequence[int], test: Q, *columns: str) -> list[tuple[Any, ...]]:
    """Columns of the rows of some series; in few queries, with few parameters each."""
    wanted = sorted(set(series_ids))
    found: list[tuple[Any, ...]] = []
    for at in range(0, len(wanted), _CHUNK):
        rows = model.objects.filter(test, series_id__in=wanted[at : at + _CHUNK]).order_by("pk")
        found.extend(rows.values_list(*columns))
    return found


def read_limits(series: pl.DataFrame, organisations: Sequence[int], day: dt.date) -> pl.DataFrame:
    """Own limits on a day as `LIMITS`: those of the class, and above them those of the series."""
    of_class = Threshold.objects.filter(_holds(day), organisation_id__in=organisations, series__isnull=True)
    classes = [
        (name, limit, float(value)) for name, limit, value in of_class.values_list("meter_class", "name", "value")
    ]
    limits = _frame(classes, meter_class=pl.String, name=pl.String, value=pl.Float64)
    ranked = series.join(_ancestors(), on="meter_class").rename({"meter_class": "own", "ancestor": "meter_class"})
    # The nearest class speaks last.
    by_class = ranked.join(limits, on="meter_class").sort("distance", descending=True, maintain_order=True)
    own = [
        (number, name, float(value))
        for number, name, value in read_of(
            Threshold, series["series"].to_list(), _holds(day), "series_id", "name", "value"
        )
    ]
    both = pl.concat([by_class.select(list(LIMITS)), _frame(own, **LIMITS)])
    return both.unique(["series", "name"], keep="last", maintain_order=True)


def _ancestors() -> pl.DataFrame:
    """Each class with itself and the classes above it, and how far they are."""
    parents = load_thresholds().parents
    rows = []
    for name in parents:
        above, distance = name, 0
        while above:
            rows.append((name, above, distance))
            above, distance = parents[above], distance + 1
    return _frame(rows, meter_class=pl.String, ancestor=pl.String, distance=pl.Int64)


def read_expectations(series_ids: Sequence[int], day: dt.date) -> pl.DataFrame:
    """What each series is expected to use in a year, as said for a day."""
    return _frame(read_of(Expectation, series_ids, _holds(day), "series_id", "per_year"), **EXPECTATIONS)


def read_decisions(series_ids: Sequence[int], *, as_known_at: dt.datetime | None) -> pl.DataFrame:
    """All decisions about some series, known at an instant (None: now)."""
    test = Q() if as_known_at is None else Q(known_at__lte=as_known_at)
    columns = ("series_id", "starts_at", "ends_at", "action", "value", "known_at")
    rows = read_of(Decision, series_ids, test & Q(ends_at__isnull=False), *columns)
    return _frame(rows, **DECISIONS)


def read_outages(series: pl.DataFrame, start: dt.datetime, stop: dt.datetime) -> pl.DataFrame:
    """Outages that touch a period, for each series at their point or in their zone, of their medium."""
    during = Q(starts_at__lt=stop) & (Q(ends_at__isnull=True) | Q(ends_at__gt=start))
    organisations = series["organisation"].unique().to_list()
    rows = Outage.objects.filter(during, organisation_id__in=organisations)
    found = [
        (point, zone, medium, begins, min(ends or stop, stop))
        for point, zone, medium, begins, ends in rows.values_list(
            "point_id", "zone_id", "medium", "starts_at", "ends_at"
        )
    ]
    if not found:
        return empty(OUTAGES)
    when = OUTAGES["start"]
    outages = _frame(found, point=pl.Int64, zone=pl.Int64, medium=pl.String, start=when, stop=when)
    by_point = series.join(outages.drop("zone").drop_nulls("point"), on=["point", "medium"])
    by_zone = series.join(outages.drop("point").drop_nulls("zone"), on=["zone", "medium"])
    return pl.concat([by_point.select(list(OUTAGES)), by_zone.select(list(OUTAGES))]).unique()


def read_degree_days(climates: Sequence[int], start: dt.date, stop: dt.date) -> pl.DataFrame:
    """Degree days of some places in local days."""
    rows = DegreeDay.objects.filter(place_id__in=climates, day__gte=start, day__lt=stop)
    found = [(place, day, value / 1000) for place, day, value in rows.values_list("place_id", "day", "value")]
    return _frame(found, **DEGREE_DAYS)


def read_cuts(series_ids: Sequence[int], organisations: Sequence[int]) -> list[dt.date]:
    """Days on which a class, limit or expectation of some series begins or ends."""
    dates: set[dt.date | None] = set()
    for model in (SeriesClass, Expectation, Threshold):
        for dated in read_of(model, series_ids, Q(), "starts_on", "ends_on"):
            dates.update(dated)
    of_class = Threshold.objects.filter(organisation_id__in=organisations, series__isnull=True)
    for dated in of_class.values_list("starts_on", "ends_on"):
        dates.update(dated)
    return sorted(day for day in dates if day is not None)


def read_formulas(series_ids: Sequence[int] | None = None) -> pl.DataFrame:
    """Terms of formulas (None: all): `series, part, factor, at_least_zero, starts_on, ends_on`."""
    rows = Formula.objects.order_by("series_id", "starts_on")
    if series_ids is not None:
        rows = rows.filter(series_id__in=list(series_ids))
    columns = ("series_id", "terms__part_id", "terms__factor", "at_least_zero", "starts_on", "ends_on")
    return _frame(
        rows.filter(terms__isnull=False).values_list(*columns),
        series=pl.Int64, part=pl.Int64, factor=pl.Int64, at_least_zero=pl.Boolean, starts_on=pl.Date, ends_on=pl.Date,
    )  # fmt: skip
