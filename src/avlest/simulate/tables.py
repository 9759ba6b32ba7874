# SPDX-License-Identifier: Apache-2.0
"""Frames of the contract made piece by piece.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from avlest.simulate.chance import Integers
from avlest.simulate.contracts import FRAMES


def build_frame(name: str, columns: Mapping[str, Any], *, count: int) -> pl.DataFrame:
    """A frame of the contract; columns that are not given are empty, single values are repeated."""
    schema = FRAMES[name]
    unknown = set(columns) - set(schema)
    if unknown:
        raise ValueError(f"{name} has no columns {', '.join(sorted(unknown))}")
    made = {}
    for column, kind in schema.items():
        value = columns.get(column, "" if kind == pl.String() else None)
        if isinstance(value, np.ndarray | list | pl.Series):
            plain = value.tolist() if isinstance(value, np.ndarray) and value.dtype == object else value
            made[column] = pl.Series(column, plain, strict=False).cast(kind)
        else:
            made[column] = pl.Series(column, [value], dtype=kind).new_from_index(0, count)
    return pl.DataFrame(made)


@dataclass(slots=True)
class Tables:
    """The frames of a world as they grow; an index is the row where a piece lands."""

    seed: int
    start: datetime
    stop: datetime
    pieces: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, columns: Mapping[str, Any], *, count: int) -> Integers:
        """Add rows to a frame and return their indices."""
        first = self.counts.get(name, 0)
        numbers = np.arange(first, first + count)
        index = next(iter(FRAMES[name]))
        own = {index: numbers} if f"{index}s" == name or name == "properties" or name == "parties" else {}
        self.pieces.setdefault(name, []).append(build_frame(name, {**own, **columns}, count=count))
        self.counts[name] = first + count
        return numbers

    def collect(self, name: str) -> pl.DataFrame:
        """All rows of a frame up to now."""
        return pl.concat(self.pieces.get(name) or [build_frame(name, {}, count=0)])


def to_instants(micros: Integers) -> pl.Series:
    """µs since 1970 as instants; negative ones are null."""
    return pl.Series(micros).replace(-1, None).cast(pl.Datetime("us", "UTC"))
