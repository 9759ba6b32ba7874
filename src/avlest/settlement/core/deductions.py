# SPDX-License-Identifier: Apache-2.0
"""Deductions: what was invoiced, summed from the stored lines and never recomputed (rules §1.5, pitfall 2)."""

from __future__ import annotations

import polars as pl

from avlest.settlement.contracts import LINES, Kind
from avlest.settlement.core.columns import derive_frame
from avlest.settlement.core.keys import derive_key

_SAME = ["subscriber", "service", "code", "unit", "value", "vat", "rate", "vat_included"]
"""Lines that were invoiced alike are credited as one; another price or VAT rate is a line of its own."""


def derive_deductions(earlier: pl.DataFrame, *, partial: pl.Series) -> pl.DataFrame:
    """Credit every advance; and the yearly fees of the subscribers in `partial`, whose fees are settled by days.

    `earlier` has the columns of EARLIER.  A subscriber is only ever credited what that subscriber was invoiced.
    """
    advances = _sum(earlier.filter(pl.col("kind") == Kind.ADVANCE.value), Kind.ADVANCE_DEDUCTION)
    fixed = (pl.col("kind") == Kind.FIXED.value) & pl.col("subscriber").is_in(partial.implode())
    return pl.concat([advances, _sum(earlier.filter(fixed), Kind.FIXED_DEDUCTION)])


def _sum(lines: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    key = derive_key(lines, _SAME)
    same = lines if key is None else lines.with_columns(same=pl.Series(key))
    summed = same.group_by(_SAME if key is None else "same", maintain_order=True).agg(
        *([] if key is None else [pl.col(_SAME).first()]),
        -pl.col("quantity").sum(),
        -pl.col("amount").sum(),
        pl.col("start").min(),
        pl.col("stop").max(),
        pl.col("quality").min(),
        parts=pl.len().cast(pl.Int32),
    )
    named = summed.drop("same", strict=False).with_columns(
        pl.lit(kind.value, dtype=pl.Categorical()).alias("kind"), pl.lit(0).alias("term")
    )
    return derive_frame(named, LINES, name="lines")
