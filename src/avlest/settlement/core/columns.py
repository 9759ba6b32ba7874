# SPDX-License-Identifier: Apache-2.0
"""Frames with the columns of `settlement.contracts`."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from avlest.settlement.contracts import SettlementError


def derive_frame(frame: pl.DataFrame, schema: Mapping[str, pl.DataType], *, name: str) -> pl.DataFrame:
    """`frame` with exactly the columns of `schema`, cast; missing ones null.

    Raises SettlementError `unknown_column` for a column that the schema does not have.
    """
    unknown = sorted(set(frame.columns) - set(schema))
    if unknown:
        raise SettlementError("unknown_column", name, f"has the column {unknown[0]!r}, expected {', '.join(schema)}")
    return frame.select(
        (pl.col(column) if column in frame.columns else pl.lit(None)).cast(_categorical(kind)).alias(column)
        for column, kind in schema.items()
    )


def _categorical(kind: pl.DataType) -> pl.DataType:
    """Text repeats from row to row: as numbers it takes four bytes."""
    return pl.Categorical() if kind == pl.String() else kind


def empty_frame(schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """No rows, with the columns as the core has them."""
    return pl.DataFrame(schema={name: _categorical(kind) for name, kind in schema.items()})
