# SPDX-License-Identifier: Apache-2.0
"""The registry as columns, for rooms that calculate over many series at once.

Each takes few queries whatever the number of rows; nothing here is for a person, so nothing is checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import polars as pl
from django.db.models import Model, QuerySet

from avlest.registry.models import (
    Installation,
    InstallationValue,
    MeteringPoint,
    Register,
    Series,
    Unit,
    ZoneMeter,
)

_CHUNK: Final = 900
_UTC: Final = pl.Datetime("us", "UTC")
_IDENTITY: Final = ("quantity", "qualifier", "tariff", "subunit")

SERIES: Final[Mapping[str, pl.DataType]] = {
    "series": pl.Int64(),
    "organisation": pl.Int64(),
    "point": pl.Int64(),
    "role": pl.String(),
    "quantity": pl.String(),
    "unit": pl.String(),
    "qualifier": pl.String(),
    "tariff": pl.Int64(),
    "subunit": pl.Int64(),
    "kind": pl.String(),
}
"""Columns of `get_series_frame`, without those of the point."""

FEEDS: Final[Mapping[str, pl.DataType]] = {
    "series": pl.Int64(),
    "register": pl.Int64(),
    "installation": pl.Int64(),
    "starts_at": _UTC,
    "ends_at": _UTC,
    "start_value": pl.Int64(),
    "end_value": pl.Int64(),
    "digits": pl.Int16(),
    "scale": pl.Int64(),
    "unit": pl.String(),
}
"""Columns of `get_feeds_frame`: `scale` in thousandths of the unit."""


def get_series_frame(series_ids: Iterable[int] | None = None) -> pl.DataFrame:
    """Return series (None: all) with their points: `SERIES` and `medium, purpose, property, dwelling, zone, parent`,
    `unit_kind` (dwelling, business, common or null) and `measures_zone` (the point is a main meter of a zone).
    """
    columns = ("id", "organisation_id", "point_id", "role", *_IDENTITY[:1], "unit", *_IDENTITY[1:], "kind")
    rows = _read(Series, columns, SERIES, "id", series_ids)
    points = None if series_ids is None else rows["point"].unique().to_list()
    return rows.join(_read_points(points), on="point", how="left").sort("series")


def _read_points(point_ids: Sequence[int] | None) -> pl.DataFrame:
    whole, text = pl.Int64(), pl.String()
    schema = {
        "point": whole, "medium": text, "purpose": text, "property": whole, "dwelling": whole, "zone": whole,
        "parent": whole,
    }  # fmt: skip
    columns = ("id", "medium", "purpose", "property_id", "unit_id", "zone_id", "parent_id")
    points = _read(MeteringPoint, columns, schema, "id", point_ids)
    chosen = None if point_ids is None else points["dwelling"].drop_nulls().unique().to_list()
    units = _read(Unit, ("id", "kind"), {"dwelling": whole, "unit_kind": text}, "id", chosen)
    mains = _read(ZoneMeter, ("point_id",), {"point": whole}, "point_id", point_ids)["point"].unique()
    joined = points.join(units, on="dwelling", how="left")
    return joined.with_columns(pl.col("point").is_in(mains.implode()).alias("measures_zone"))


def get_feeds_frame(series_ids: Iterable[int] | None = None) -> pl.DataFrame:
    """Return which register feeds which series when (None: all series), by series and time: `FEEDS`.

    The same as `queries.get_series_feeds`, as columns and with what bounds a rollover.
    """
    series = _read(
        Series, ("id", "point_id", "role", *_IDENTITY), _pick("series", "point", "role", *_IDENTITY), "id", series_ids
    )
    points = None if series_ids is None else series["point"].unique().to_list()
    placed = _read(Installation, *_INSTALLATION, "point_id", points)
    meters = None if series_ids is None else placed["meter"].unique().to_list()
    registers = _read_registers(meters)
    feeds = series.join(placed, on=["point", "role"]).join(registers, on=["meter", *_IDENTITY])
    noted = _read(InstallationValue, *_NOTED, "installation_id", _few(feeds["installation"], series_ids))
    for moment, column in (("start", "start_value"), ("end", "end_value")):
        values = noted.filter(pl.col("moment") == moment).rename({"value": column}).drop("moment")
        feeds = feeds.join(values, on=["installation", "register"], how="left")
    return feeds.select(pl.col(name).cast(dtype) for name, dtype in FEEDS.items()).sort("series", "starts_at")


_INSTALLATION: Final = (
    ("id", "point_id", "role", "meter_id", "starts_at", "ends_at"),
    {
        "installation": pl.Int64(), "point": pl.Int64(), "role": pl.String(), "meter": pl.Int64(),
        "starts_at": _UTC, "ends_at": _UTC,
    },
)  # fmt: skip
_NOTED: Final = (
    ("installation_id", "register_id", "moment", "value"),
    {"installation": pl.Int64(), "register": pl.Int64(), "moment": pl.String(), "value": pl.Int64()},
)


def _pick(*names: str) -> dict[str, pl.DataType]:
    return {name: SERIES[name] for name in names}


def _few(ids: pl.Series, asked: object) -> Sequence[int] | None:
    return None if asked is None else ids.unique().to_list()


def _read_registers(meter_ids: Sequence[int] | None) -> pl.DataFrame:
    columns = ("id", "meter_id", *_IDENTITY, "digits", "scale", "unit")
    schema = {
        "register": pl.Int64(), "meter": pl.Int64(), **_pick(*_IDENTITY), "digits": pl.Int64(),
        "scale": pl.Int64(), "unit": pl.String(),
    }  # fmt: skip
    rows = Register.objects.filter(storage=0, function="instant")
    return _read(Register, columns, schema, "meter_id", meter_ids, rows=rows)


def _read(
    model: type[Model],
    columns: Sequence[str],
    schema: Mapping[str, pl.DataType],
    key: str,
    values: Iterable[int] | None,
    *,
    rows: QuerySet[Any] | None = None,
) -> pl.DataFrame:
    """Columns of a table, of all rows or of those whose `key` is one of `values`."""
    every = model._default_manager.all() if rows is None else rows
    found: list[tuple[Any, ...]] = []
    if values is None:
        found.extend(every.values_list(*columns).iterator(chunk_size=20_000))
    else:
        wanted = sorted(set(values))
        for at in range(0, len(wanted), _CHUNK):
            found.extend(every.filter(**{f"{key}__in": wanted[at : at + _CHUNK]}).values_list(*columns))
    if "scale" in columns:
        at = columns.index("scale")
        found = [(*row[:at], _thousandths(row[at]), *row[at + 1 :]) for row in found]
    return pl.DataFrame(found, schema=dict(schema), orient="row")


def _thousandths(value: Decimal | None) -> int | None:
    return None if value is None else int(value * 1000)
