# SPDX-License-Identifier: Apache-2.0
"""What flowed into each zone against what its subscribers' meters counted, in the settled year."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
from django.db.models import Q

from avlest.readings.quality import READ
from avlest.readings.tables import Store
from avlest.registry.media import get_media
from avlest.registry.models import MeteringPoint, Series, Zone, ZoneMeter
from avlest.settlement.core.calendar import derive_year
from avlest.settlement.runs.quantities import SCALES, Services
from avlest.settlement.runs.spans import derive_span_sums
from avlest.settlement.services.evidence import read_daily
from avlest.settlement.services.frames import read_frame
from avlest.settlement.services.gather import Wanted

_STEP = 8192
_SERIES = {"series": pl.Int64(), "point": pl.Int64(), "zone": pl.Int64(), "unit": pl.String()}


def gather_zones(store: Store, organisation_id: int, wanted: Wanted, *, used: pl.DataFrame) -> list[dict[str, Any]]:
    """Return per zone with main meters: `zone, name, inflow, measured, days, days_missing`; thousandths of the price's
    unit, and days of its main meters.

    `used` has what the run found at each `point` (`quantity`).  `inflow` is what came in less what went out; zones
    inside a zone are counted where their own main meters are.
    """
    mains = list(ZoneMeter.objects.of(organisation_id).values_list("zone_id", "point_id", "direction"))
    if not mains:
        return []
    year = derive_year(wanted.parameters.year)
    zones = {zone for zone, _, _ in mains}
    media = Services.from_options(wanted.options.values["services"]).media
    flows = _sum(store, _get_series(organisation_id, Q(point__in={point for _, point, _ in mains}), media), year)
    by_point = {row["point"]: row for row in flows.iter_rows(named=True)}
    names = dict(Zone.objects.of(organisation_id).filter(pk__in=zones).values_list("pk", "code"))
    measured = _sum_points(organisation_id, zones, used)
    found = []
    for zone in sorted(zones):
        rows = [(by_point[p], 1 if d == "in" else -1) for z, p, d in mains if z == zone and p in by_point]
        found.append(
            {
                "zone": zone,
                "name": names[zone],
                "inflow": sum(row["quantity"] * sign for row, sign in rows),
                "measured": measured.get(zone, 0),
                "days": len(rows) * (year[1] - year[0]).days,
                "days_missing": sum(row["days_missing"] for row, _ in rows),
            }
        )
    return found


def _sum_points(organisation_id: int, zones: set[int], used: pl.DataFrame) -> dict[int, int]:
    rows = MeteringPoint.objects.of(organisation_id).filter(zone__in=zones).values_list("pk", "zone_id")
    places = read_frame(rows, {"point": pl.Int64(), "zone": pl.Int64()})
    return dict(used.join(places, on="point").group_by("zone").agg(pl.col("quantity").sum()).iter_rows())


def _get_series(organisation_id: int, which: Q, media: frozenset[str]) -> pl.DataFrame:
    rows = Series.objects.of(organisation_id).filter(which, role="main", qualifier="", tariff=0, subunit=0)
    quantities = {medium.quantity for code, medium in get_media().items() if code in media}
    rows = rows.filter(point__medium__in=media, quantity__in=quantities)
    return read_frame(rows.order_by("id").values_list("id", "point_id", "point__zone_id", "unit"), _SERIES)


def _sum(store: Store, series: pl.DataFrame, year: tuple[date, date]) -> pl.DataFrame:
    """The year's total of each series, some thousand at a time."""
    parts = [_sum_some(store, series[at : at + _STEP], year) for at in range(0, series.height, _STEP)]
    schema = {"point": pl.Int64(), "zone": pl.Int64(), "quantity": pl.Int64(), "days_missing": pl.Int64()}
    return pl.concat(parts) if parts else pl.DataFrame(schema=schema)


def _sum_some(store: Store, series: pl.DataFrame, year: tuple[date, date]) -> pl.DataFrame:
    daily = read_daily(store, series["series"], *year)
    spans = series.with_columns(start=pl.lit(year[0]), stop=pl.lit(year[1]))
    scale = pl.col("unit").replace_strict(SCALES, default=1, return_dtype=pl.Int64)
    sums = derive_span_sums(daily, spans, read_from=int(READ))
    return sums.select(
        "point", "zone", quantity=pl.col("total") // scale, days_missing=pl.col("days_missing").cast(pl.Int64)
    )
