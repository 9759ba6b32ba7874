# SPDX-License-Identifier: Apache-2.0
"""Make lines of cells, and put them in the order of the invoice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from avlest.settlement.contracts import LINES, Kind, SettlementError
from avlest.settlement.core.columns import derive_frame, empty_frame
from avlest.settlement.core.keys import sort_by_key
from avlest.settlement.core.money import Ints
from avlest.settlement.core.patterns import Cells
from avlest.settlement.core.prices import PriceBook

PROBLEMS = {"subscriber": pl.Int64(), "service": pl.String(), "code": pl.String(), "detail": pl.String()}
"""Subscribers left out, with the reason: the rest of the run goes on without them."""

_ORDER = (
    Kind.SETTLEMENT, Kind.CORRECTION, Kind.ADVANCE_DEDUCTION, Kind.ADVANCE, Kind.FIXED, Kind.FIXED_DEDUCTION,
    Kind.WORK, Kind.ONCE,
)  # fmt: skip
_BLOCKS = {Kind.ADVANCE: 1, Kind.FIXED: 2, Kind.FIXED_DEDUCTION: 2, Kind.WORK: 3, Kind.ONCE: 3}
_BLOCK_RANKS = {kind.value: _BLOCKS.get(kind, 0) for kind in Kind}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Lines (contracts.LINES) and whom could not be settled (PROBLEMS)."""

    lines: pl.DataFrame
    problems: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Charge:
    """What a set of lines has in common."""

    kind: Kind
    service: str
    code: str
    unit: str


def derive_lines(
    rows: pl.DataFrame, cells: Cells, charge: Charge, *, quantity: Ints, amount: Ints, book: PriceBook
) -> pl.DataFrame:
    """One line per cell, from the columns `subscriber`, `quality` and `source` of the rows (the last two if there)."""
    version = cells.get(lambda part: part.version)
    codes = pl.Series([price.vat for price in book.prices], dtype=pl.Categorical())
    given = {name: rows[name].gather(cells.row) for name in ("subscriber", "quality", "source") if name in rows.columns}
    frame = pl.DataFrame(
        given
        | {
            "term": cells.get(lambda part: part.term),
            "start": cells.get_days(lambda part: part.days.start),
            "stop": cells.get_days(lambda part: part.days.stop),
            "quantity": quantity,
            "value": cells.get(lambda part: part.value),
            "amount": amount,
            "vat": codes.gather(version),
            "rate": cells.get(lambda part: part.rate),
            "vat_included": cells.get(lambda part: int(part.vat_included)).astype(bool),
            "version": version,
            "parts": cells.get(lambda part: part.numbers[0]),
            "whole": cells.get(lambda part: part.numbers[1]),
        }
    )
    return derive_frame(add_charge(frame, charge), LINES, name="lines")


def add_charge(frame: pl.DataFrame, charge: Charge) -> pl.DataFrame:
    """The columns that all lines of a charge share."""
    names = {"kind": charge.kind.value, "service": charge.service, "code": charge.code, "unit": charge.unit}
    return frame.with_columns(pl.lit(text, dtype=pl.Categorical()).alias(name) for name, text in names.items())


def join_lines(frames: Sequence[pl.DataFrame], book: PriceBook) -> pl.DataFrame:
    """All lines in the order of the invoice: subscriber, term, settlement before the new year, service, kind, days."""
    frames = [frame for frame in frames if frame.height]
    if not frames:
        return empty_frame(LINES)
    lines = pl.concat(frames)
    services = {name: rank for rank, name in enumerate(dict.fromkeys(price.service for price in book.prices))}
    # Work stands in the order it was done in, band by band, after all that has a price by quantity or year.
    late = lines["kind"].cast(pl.String).is_in([Kind.WORK.value, Kind.ONCE.value]) if _has_work(lines) else None
    ranks = {"kind": {kind.value: rank for rank, kind in enumerate(_ORDER)}, "service": services, "block": _BLOCK_RANKS}
    keyed = lines.with_columns(block=pl.col("kind"))
    order = ["subscriber", "term", "block", "service", "kind", "start", "code", "rate", "value"]
    if late is None:
        return sort_by_key(keyed, order, ranks).drop("block")
    parts = [sort_by_key(keyed.filter(~late), order, ranks), sort_by_key(keyed.filter(late), order[:6], ranks)]
    return sort_by_key(pl.concat(parts), order[:3], ranks).drop("block")


def _has_work(lines: pl.DataFrame) -> bool:
    return bool(lines["kind"].unique().cast(pl.String).is_in([Kind.WORK.value, Kind.ONCE.value]).any())


def derive_problems(
    rows: pl.DataFrame, service: str, pattern_of_row: Ints, errors: dict[int, SettlementError]
) -> pl.DataFrame:
    """One row per subscriber whose pattern could not be built."""
    bad = np.isin(pattern_of_row, np.fromiter(errors, np.int64, len(errors)))
    found = [errors[int(number)] for number in pattern_of_row[bad]]
    frame = pl.DataFrame(
        {
            "subscriber": rows["subscriber"].filter(pl.Series(bad)),
            "service": [service] * len(found),
            "code": [error.code for error in found],
            "detail": [str(error) for error in found],
        },
        schema=PROBLEMS,
    )
    return frame.unique(maintain_order=True)
