# SPDX-License-Identifier: Apache-2.0
"""What was stipulated last year and is known now: the difference to what was billed (rules §1.8).  Pure.

When the true reading arrives, the series of the year before become known.  What they say less what was billed is a
quantity of its own, which may be negative: a legal credit at the price it was billed at.
"""

from __future__ import annotations

import polars as pl

from avlest.settlement.contracts import CONSUMPTION, Kind
from avlest.settlement.runs.inputs import shape

_KEYS = ["subscriber", "service"]


def derive_arrears(known: pl.DataFrame, billed: pl.DataFrame) -> pl.DataFrame:
    """Return CONSUMPTION: one row per subscriber and service whose year was billed otherwise than it was.

    `known` is the CONSUMPTION of that year as it is known now (only of those who have no missing day), `billed` what
    was settled for it (EARLIER).  The row spans the days that were not read, and has the provenance of the first.
    """
    unread = billed.filter(pl.col("kind") == Kind.SETTLEMENT.value).group_by(_KEYS).agg(
        pl.col("start").min(), pl.col("stop").max()
    )  # fmt: skip
    was = billed.group_by(_KEYS).agg(was=pl.col("quantity").sum())
    now = known.group_by(_KEYS, maintain_order=True).agg(
        pl.col("quantity").sum(), pl.col("quality").min(), pl.col("source").first()
    )
    rows = now.join(was, on=_KEYS, how="inner", maintain_order="left").join(
        unread, on=_KEYS, how="inner", maintain_order="left"
    )
    changed = rows.with_columns(quantity=pl.col("quantity") - pl.col("was")).filter(pl.col("quantity") != 0)
    return shape(changed, CONSUMPTION)
