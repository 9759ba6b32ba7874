# SPDX-License-Identifier: Apache-2.0
"""What changed after it was frozen: items for the next settlement, never a change of what was billed.  Pure."""

from __future__ import annotations

from typing import Final

import polars as pl

CORRECTIONS: Final = {
    "series": pl.Int64(),
    "day": pl.Date(),
    "before": pl.Int64(),
    "after": pl.Int64(),
    "difference": pl.Int64(),
    "before_quality": pl.Int16(),
    "after_quality": pl.Int16(),
}
"""A frozen day whose value changed; a missing value counts as nothing in `difference`."""


def find_corrections(before: pl.DataFrame, after: pl.DataFrame, frozen: pl.DataFrame) -> pl.DataFrame:
    """Days (`CORRECTIONS`) whose value changed though their series was frozen.

    `before`, `after`: rows of `daily` as stored and as derived now; days only in one of them count. `frozen`: series,
    until (Date): days before `until` are frozen. A better quality with the same value is no correction.
    """
    old = before.select("series", "day", before="value", before_quality="quality")
    new = after.select("series", "day", after="value", after_quality="quality")
    both = new.join(old, on=["series", "day"], how="full", coalesce=True).join(
        frozen.select("series", "until"), on="series"
    )
    changed = both.filter(
        (pl.col("day") < pl.col("until")) & pl.col("before").ne_missing(pl.col("after"))
    ).with_columns(
        difference=pl.col("after").fill_null(0) - pl.col("before").fill_null(0),
        before_quality=pl.col("before_quality").fill_null(0),
        after_quality=pl.col("after_quality").fill_null(0),
    )
    return changed.select(pl.col(name).cast(dtype) for name, dtype in CORRECTIONS.items()).sort("series", "day")
