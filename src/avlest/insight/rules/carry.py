# SPDX-License-Identifier: Apache-2.0
"""Between the frame of alarms and the numbers the rules count with.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import polars as pl

from avlest.insight.contracts import ALARMS, AlarmKind, Evidence, Scope
from avlest.insight.rules.grid import HOUR, Grid, Integers, derive_instants
from avlest.insight.rules.latch import STILL_OPEN
from avlest.insight.rules.measure import Carried, Measures
from avlest.insight.rules.scene import Amount, Rate, Rule

Part = tuple[Rule, Grid, Measures]


def find_carried(open_alarms: pl.DataFrame, kind: AlarmKind, grid: Grid) -> Carried:
    """Which rows of `grid` have an open alarm of `kind`, and what is known of it."""
    numbers = pl.DataFrame({"subject": grid.series, "row": np.arange(len(grid.series))})
    of_kind = (pl.col("kind") == str(kind)) & (pl.col("scope") == str(Scope.SERIES)) & pl.col("cleared_at").is_null()
    rows = open_alarms.filter(of_kind).join(numbers, on="subject")
    place = rows["row"].to_numpy()

    def spread(values: pl.Series) -> Integers:
        result = np.zeros(len(grid.series), np.int64)
        result[place] = values.fill_null(0).cast(pl.Int64).to_numpy()
        return result

    is_open = np.zeros(len(grid.series), bool)
    is_open[place] = True
    hours = {name: spread(rows[name].dt.timestamp("us") // HOUR) for name in ("since", "opened_at", "last_at")}
    return Carried(
        is_open, hours["since"], hours["opened_at"], hours["last_at"], spread(rows["rate"]), spread(rows["amount"])
    )  # fmt: skip


def make_rows(parts: Sequence[Part], first: int) -> pl.DataFrame:
    """Rows of `ALARMS`; cause, advice and severity are still to be found."""
    frames = [_make_rows(*part) for part in parts]
    return pl.concat([pl.DataFrame(schema=dict(ALARMS)), *frames])


def _make_rows(rule: Rule, grid: Grid, found: Measures) -> pl.DataFrame:
    cleared = derive_instants(np.maximum(found.cleared, 0)).set(pl.Series(found.cleared == STILL_OPEN), None)
    has_rate, has_amount = rule.rate is not Rate.NONE, rule.amount is not Amount.NONE
    nothing = pl.lit(None)
    frame = pl.DataFrame({"subject": grid.series[found.row]}).with_columns(
        pl.lit(str(Scope.SERIES)).alias("scope"),
        pl.lit(str(rule.kind)).alias("kind"),
        nothing.alias("severity"),
        derive_instants(found.since).alias("since"),
        derive_instants(found.opened).alias("opened_at"),
        derive_instants(found.last).alias("last_at"),
        cleared.alias("cleared_at"),
        (pl.lit(pl.Series(found.rate)) if has_rate else nothing).alias("rate"),
        (pl.lit(pl.Series(found.amount)) if has_amount else nothing).alias("amount"),
        pl.lit(1).alias("count"),
        nothing.alias("cause"),
        nothing.alias("advice"),
        pl.lit(str(Evidence.SERIES)).alias("evidence"),
        pl.lit("").alias("detail"),
    )
    return frame.select(pl.col(name).cast(dtype) for name, dtype in ALARMS.items())


def close_unwatched(open_alarms: pl.DataFrame, found: Sequence[pl.DataFrame], start: datetime) -> pl.DataFrame:
    """Open alarms that no rule looks after any more (the series or its class is watched no longer): cleared."""
    kept = pl.concat([pl.DataFrame(schema=dict(ALARMS)), *found]).select("scope", "subject", "kind", "opened_at")
    left = open_alarms.join(kept, on=["scope", "subject", "kind", "opened_at"], how="anti")
    return left.with_columns(pl.lit(start).cast(ALARMS["cleared_at"]).alias("cleared_at"))
