# SPDX-License-Identifier: Apache-2.0
"""Negative quantities: more was stipulated and billed than was used (rules §1.8, pitfall 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from avlest.settlement.contracts import LINES, Kind
from avlest.settlement.core.columns import derive_frame, empty_frame
from avlest.settlement.core.money import derive_amount


def derive_credits(used: pl.DataFrame, earlier: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Credit negative quantities at the price they were billed at; returns the lines and the quantities left.

    The newest stipulated line is credited first, none by more than it billed.  Few subscribers have one, so they are
    taken one by one.
    """
    billed = earlier.filter(pl.col("kind") == Kind.SETTLEMENT.value)
    negative = used.filter(pl.col("quantity") < 0)
    if not (negative.height and billed.height):
        return empty_frame(LINES), used
    lots: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for line in billed.sort("stop", descending=True, maintain_order=True).iter_rows(named=True):
        lots.setdefault((line["subscriber"], line["service"]), []).append(line)
    lines: list[dict[str, Any]] = []
    left: list[dict[str, Any]] = []
    for row in negative.iter_rows(named=True):
        rest = _credit(row, lots.get((row["subscriber"], row["service"]), []), lines)
        if rest:
            left.append({**row, "quantity": -rest})
    kept = used.filter(pl.col("quantity") >= 0)
    more = pl.DataFrame(left, schema=used.schema)
    return derive_frame(pl.DataFrame(lines, schema_overrides=dict(LINES)), LINES, name="lines"), pl.concat([kept, more])


def _credit(row: Mapping[str, Any], lots: list[dict[str, Any]], lines: list[dict[str, Any]]) -> int:
    """Append credit lines for one negative quantity; returns what no billed line covers."""
    rest = -row["quantity"]
    for lot in lots:
        quantity = min(rest, lot["quantity"])
        if quantity <= 0:
            continue
        whole = quantity == lot["quantity"]
        amount = lot["amount"] if whole else derive_amount(quantity, lot["value"])
        names = ("service", "code", "unit", "start", "stop", "value", "vat", "rate", "vat_included")
        lines.append(
            {name: lot[name] for name in names}
            | {"subscriber": row["subscriber"], "term": 0, "kind": Kind.CORRECTION.value, "quantity": -quantity}
            | {"amount": -amount, "quality": row["quality"], "source": row["source"], "parts": 1}
        )
        lot["quantity"] -= quantity
        lot["amount"] -= amount
        rest -= quantity
    return int(rest)
