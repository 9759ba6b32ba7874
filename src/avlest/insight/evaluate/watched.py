# SPDX-License-Identifier: Apache-2.0
"""Which series are watched and by whose thresholds: the registry, and what people have said of a point."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final

import polars as pl
from django.db.models import Q

from avlest.insight.contracts import AWAY, PARAMETERS, Meaning
from avlest.insight.models import Absence, PointUse
from avlest.registry.frames import get_feeds_frame, get_series_frame

WATCHED: Final[Mapping[str, pl.DataType]] = {
    **PARAMETERS,
    "organisation": pl.Int64(),
    "point": pl.Int64(),
    "medium": pl.String(),
}
"""`contracts.PARAMETERS` with whose series it is and where."""

_LITRE: Final = 1000


@cache
def load_watched() -> Mapping[str, Any]:
    """The table `watched.toml`."""
    return tomllib.loads(files("avlest.insight.evaluate").joinpath("watched.toml").read_text(encoding="utf-8"))


def get_watched(*, day: date, series_ids: Iterable[int] | None = None) -> pl.DataFrame:
    """Return the series (None: all) that are watched on a local day: `WATCHED`, by series."""
    # Parts and main meters are told apart by the points of all series.
    every = get_series_frame().filter(pl.col("role") == "main")
    rows = every if series_ids is None else every.filter(pl.col("series").is_in(list(series_ids)))
    known = _add_meaning(rows).drop_nulls("meaning")
    classed = _add_class(known, every, day).filter(pl.col("customer_class") != "")
    scales = (
        get_feeds_frame(None if series_ids is None else classed["series"])
        .group_by("series")
        .agg(pl.col("scale").drop_nulls().last())
    )
    uses = every.filter(pl.col("medium") == "cold_water", pl.col("quantity") == "volume", pl.col("qualifier") == "")
    partners = uses.select("point", pl.col("series").alias("partner")).unique("point")
    is_temperature = pl.col("meaning") == str(Meaning.WATER_TEMPERATURE)
    return (
        classed.join(scales, on="series", how="left")
        .join(partners, on="point", how="left")
        .with_columns(
            pl.col("scale").fill_null(_LITRE).alias("resolution"),
            pl.when(is_temperature).then("partner").alias("partner"),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in WATCHED.items())
        .sort("series")
    )


def _add_meaning(rows: pl.DataFrame) -> pl.DataFrame:
    meaning: pl.Expr = pl.lit(None, pl.String)
    for row in reversed(load_watched()["series"]):
        fits = (
            pl.col("medium").is_in(row["media"])
            & (pl.col("quantity") == row["quantity"])
            & (pl.col("unit") == row["unit"])
            & pl.col("qualifier").is_in(row["qualifiers"])
            & (pl.col("tariff") == 0)
            & (pl.col("subunit") == 0)
        )
        meaning = pl.when(fits).then(pl.lit(row["meaning"])).otherwise(meaning)
    return rows.with_columns(meaning.alias("meaning"))


def _add_class(rows: pl.DataFrame, every: pl.DataFrame, day: date) -> pl.DataFrame:
    """`customer_class` and `occupied`: as people said, else by what the registry knows."""
    said = _read_uses(day)
    mains = every["parent"].drop_nulls().unique()
    facts = {
        "measures_zone": pl.col("measures_zone").fill_null(value=False),
        "not_for_billing": pl.col("purpose") != "billing",
        "is_main": pl.col("point").is_in(mains.implode()),
        "business": (pl.col("unit_kind") == "business").fill_null(value=False),
        "common": (pl.col("unit_kind") == "common").fill_null(value=False),
    }
    usual: pl.Expr = pl.lit("")
    for row in reversed(load_watched()["class"]):
        fits = pl.all_horizontal(pl.lit(value=True), *(facts[name] for name in row["is"]))
        usual = pl.when(fits).then(pl.lit(row["class"])).otherwise(usual)
    return rows.join(said, on="point", how="left").with_columns(
        pl.coalesce("said", usual).alias("customer_class"), pl.col("occupied").fill_null(value=True)
    )


def _read_uses(day: date) -> pl.DataFrame:
    present = Q(starts_on__lte=day) & (Q(ends_on__isnull=True) | Q(ends_on__gt=day))
    rows = PointUse.objects.filter(present).order_by("point_id", "starts_on")
    found = {point: (said, occupied) for point, said, occupied in rows.values_list(*_USE)}
    schema = {"point": pl.Int64, "said": pl.String, "occupied": pl.Boolean}
    return pl.DataFrame([(point, *use) for point, use in found.items()], schema=schema, orient="row")


_USE: Final = ("point_id", "customer_class", "is_occupied")


def get_away(watched: pl.DataFrame) -> pl.DataFrame:
    """Return when nobody is there, for the watched series: `contracts.AWAY`."""
    rows = Absence.objects.values_list("point_id", "starts_at", "ends_at")
    schema = {"point": pl.Int64(), "starts_at": AWAY["starts_at"], "ends_at": AWAY["ends_at"]}
    away = pl.DataFrame(list(rows), schema=schema, orient="row")
    return away.join(watched.select("point", "series"), on="point").select(list(AWAY))
