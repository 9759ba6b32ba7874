# SPDX-License-Identifier: Apache-2.0
"""In which state each metering point is: from no meter handed out to an alarm; in columns."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import polars as pl
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from avlest.insight.standing import SEVERITIES, SILENT_KINDS


class Stage(StrEnum):
    """The state of a point; a later one wins over an earlier."""

    NOT_DELIVERED = "not_delivered"
    """No meter hangs there."""
    DELIVERED = "delivered"
    """A meter hangs there, and no reading of it has come."""
    RECEIVED = "received"
    SILENT = "silent"
    ALARM = "alarm"


NAMES: Final[dict[Stage, Promise]] = {
    Stage.NOT_DELIVERED: _("Not delivered"),
    Stage.DELIVERED: _("Delivered"),
    Stage.RECEIVED: _("Reading received"),
    Stage.SILENT: _("Silent"),
    Stage.ALARM: _("Alarm"),
}
HEARD_NAMES: Final = (
    "manufacturer", "serial", "last_heard_at", "last_read_at", "outcome", "family", "gateway", "rssi",
)  # fmt: skip
"""The columns of `collect.heard_of.HEARD_OF` that a state needs."""
_WORST_LAST: Final = {severity: rank for rank, severity in enumerate(reversed(SEVERITIES))}


def derive_stages(places: pl.DataFrame, heard: pl.DataFrame, standing: pl.DataFrame) -> pl.DataFrame:
    """Return `places` (of `registry.places`) with what was heard, the worst open alarm and `stage`.

    `heard` is `collect.heard_of.HEARD_OF`, `standing` `insight.standing.STANDING`.  Added are `last_heard_at`,
    `last_read_at`, `gateway`, `family`, `outcome`, `rssi`, `alarm`, `kind` and `stage`, in the order of `places`.
    """
    known = places.join(
        heard.select(HEARD_NAMES),
        on=["manufacturer", "serial"],
        how="left",
        maintain_order="left",
    )
    worst = _find_worst(known.select("point", "meter"), standing)
    joined = known.join(worst, on="point", how="left", maintain_order="left")
    return joined.with_columns(
        pl.when(pl.col("meter").is_null())
        .then(pl.lit(str(Stage.NOT_DELIVERED)))
        .when(pl.col("kind").is_not_null() & ~pl.col("kind").is_in([*map(str, SILENT_KINDS)]))
        .then(pl.lit(str(Stage.ALARM)))
        .when(pl.col("kind").is_not_null())
        .then(pl.lit(str(Stage.SILENT)))
        .when(pl.col("last_read_at").is_not_null())
        .then(pl.lit(str(Stage.RECEIVED)))
        .otherwise(pl.lit(str(Stage.DELIVERED)))
        .alias("stage")
    )


def _find_worst(points: pl.DataFrame, standing: pl.DataFrame) -> pl.DataFrame:
    """`point, alarm, kind`: of each point one alarm, other matters before silence, the worst and oldest first."""
    placed = points.drop_nulls("meter").rename({"point": "place"})
    named = standing.join(placed, on="meter", how="left").with_columns(pl.coalesce("point", "place").alias("point"))
    rank = pl.col("severity").replace_strict(_WORST_LAST, default=0, return_dtype=pl.Int64)
    is_silence = pl.col("kind").is_in([*map(str, SILENT_KINDS)])
    ordered = named.drop_nulls("point").sort(is_silence, -rank, "since", "alarm")
    return ordered.unique("point", keep="first", maintain_order=True).select("point", "alarm", "kind")
