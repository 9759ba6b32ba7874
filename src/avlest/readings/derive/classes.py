# SPDX-License-Identifier: Apache-2.0
"""What the files of `data` say of series: their class of limits, whether they follow the weather, when they freeze."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any, Final

import polars as pl

_AMOUNT: Final = r"(^|_)amount(_|$)"
"""An amount of a period has a register of its own whose qualifier says so (`collect.pipeline.reading_road`)."""
_RESULTS: Final = ("class", "climate")


@cache
def load_classes() -> tuple[dict[str, Any], ...]:
    """The rows of the file, in order."""
    text = (resources.files("avlest.readings") / "data" / "classes.toml").read_text("utf-8")
    return tuple(tomllib.loads(text)["class"])


@cache
def load_freezes() -> tuple[dict[str, Any], ...]:
    """Media that are frozen by themselves, a number of days after use: rows of `data/freezes.toml`."""
    text = (resources.files("avlest.readings") / "data" / "freezes.toml").read_text("utf-8")
    return tuple(tomllib.loads(text)["freeze"])


def add_classes(series: pl.DataFrame) -> pl.DataFrame:
    """Add `meter_class` and `follows_weather` to a frame of series, and make `kind` of amounts "interval"."""
    is_amount = pl.col("qualifier").str.contains(_AMOUNT)
    kind = pl.when(is_amount).then(pl.lit("interval")).otherwise(pl.col("kind")).alias("kind")
    meter_class, weather = pl.lit(None, dtype=pl.String), pl.lit(value=False)
    for row in reversed(load_classes()):
        fits = _fits(row)
        meter_class = pl.when(fits).then(pl.lit(row["class"])).otherwise(meter_class)
        weather = pl.when(fits).then(pl.lit(bool(row.get("climate", False)))).otherwise(weather)
    return series.with_columns(kind).with_columns(meter_class.alias("meter_class"), weather.alias("follows_weather"))


def _fits(row: dict[str, Any]) -> pl.Expr:
    tests = [pl.col(name).eq_missing(pl.lit(value)) for name, value in row.items() if name not in _RESULTS]
    return pl.all_horizontal(tests) if tests else pl.lit(value=True)
