# SPDX-License-Identifier: Apache-2.0
"""From when on a subject must be looked at again.  Pure.

What was stored of an alarm that is open says how it stands now, not how it stood at the hour that has changed.  So one
goes back to before every alarm that was open then, to an instant at which nothing was open, and evaluates from there
without carrying anything over: the same rows as if all had been evaluated at once.
"""

from __future__ import annotations

from typing import Final

import polars as pl

_MOST_ROUNDS: Final = 1000


def derive_restarts(touched: pl.DataFrame, spans: pl.DataFrame, *, zone: str = "Europe/Oslo") -> pl.DataFrame:
    """Return `subject, start` (a local midnight, UTC) before each touched instant at which nothing was open.

    `touched`: `subject, at`.  `spans`: `subject, opened_at, cleared_at` of the alarms that are stored, of all kinds.
    """
    restarts = touched.group_by("subject").agg(_midnight(pl.col("at").min(), zone).alias("start"))
    moving = restarts
    settled = []
    for _ in range(_MOST_ROUNDS):
        over = (pl.col("opened_at") <= pl.col("start")) & (
            pl.col("cleared_at").is_null() | (pl.col("cleared_at") > pl.col("start"))
        )
        # An alarm opened at the end of the hour that decided: that hour must be looked at again too.
        earlier = (
            moving.join(spans, on="subject")
            .filter(over)
            .group_by("subject")
            .agg(_midnight(pl.col("opened_at").min() - pl.duration(hours=1), zone).alias("start"))
        )
        settled.append(moving.join(earlier, on="subject", how="anti"))
        if earlier.is_empty():
            break
        moving = earlier
    return pl.concat(settled).sort("start", "subject")


def _midnight(instant: pl.Expr, zone: str) -> pl.Expr:
    return instant.dt.convert_time_zone(zone).dt.truncate("1d").dt.convert_time_zone("UTC")
