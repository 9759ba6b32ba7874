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

    def owned(self, relation: str) -> dict[str, int]:
        """Return the filter on a relation to something of a property (an account), organisation included.

        Asked of the account rather than of the rows themselves, so that the database begins with the accounts of the
        part: with an organisation of its own to ask for it walks through all rows of the organisation in each part.
        """
        return {f"{relation}__organisation": self.organisation_id, **self.within(f"{relation}__property")}


def read_frame(rows: Iterable[Sequence[Any]], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return a `values_list` in the order of `schema` as columns; turned over once, which is what makes it fast."""
    found = list(rows)
    columns = list(zip(*found, strict=True)) if found else [()] * len(schema)
    return pl.DataFrame(
        [pl.Series(name, column, dtype=kind) for (name, kind), column in zip(schema.items(), columns, strict=True)]
    )
