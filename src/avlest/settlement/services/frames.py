# SPDX-License-Identifier: Apache-2.0
"""Rows of the database as columns, part by part."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl


@dataclasses.dataclass(frozen=True, slots=True)
class Range:
    """The properties of one part: `first` to `last`, both included."""

    organisation_id: int
    first: int
    last: int

    def within(self, relation: str) -> dict[str, int]:
        """Return the filter on a relation to a property."""
        return {f"{relation}__gte": self.first, f"{relation}__lte": self.last}


def read_frame(rows: Iterable[Sequence[Any]], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return a `values_list` in the order of `schema` as columns; turned over once, which is what makes it fast."""
    found = list(rows)
    columns = list(zip(*found, strict=True)) if found else [()] * len(schema)
    return pl.DataFrame(
        [pl.Series(name, column, dtype=kind) for (name, kind), column in zip(schema.items(), columns, strict=True)]
    )
