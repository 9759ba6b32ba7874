# SPDX-License-Identifier: Apache-2.0
"""Values that a payload reader computes, for whole columns: once for each different input."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from avlest.catalogue.clear import Clear
from avlest.catalogue.columns import Column, Texts, find_distinct_rows
from avlest.catalogue.model import Field, Value
from avlest.catalogue.payload_reader import get_reader
from avlest.telegrams.layouts.batch import Bytes, Mask, Rows


@dataclass(frozen=True, slots=True)
class Derivation:
    """How to derive the values of any telegram of one skeleton.

    `example` is one such telegram; the values depend on the payload bytes at `positions`.
    """

    derive: Callable[[Clear], Mapping[str, Value]]
    example: Clear
    positions: Rows

    def derive_row(self, payload: bytes) -> Mapping[str, Value]:
        """The derived values of one telegram of the skeleton."""
        records = self.example.records
        laid = tuple(
            replace(record, data=payload[record.data_offset : record.data_offset + record.data_length])
            for record in records.records
        )
        return self.derive(replace(self.example, payload=payload, records=replace(records, records=laid)))


def find_derivation(payload: str, clear: Clear) -> Derivation | None:
    """The derivation of a family's payload reader, if it has one that columns can use."""
    reader = get_reader(payload) if payload else None
    if reader is None or reader.derive_values is None or reader.find_deciding_spans is None:
        return None
    spans = reader.find_deciding_spans(clear.records.records)
    positions = np.array([place for start, end in spans for place in range(start, end)], np.int64)
    return Derivation(reader.derive_values, clear, positions)


@dataclass(frozen=True, slots=True)
class Derived:
    """Derived values of many telegrams: `values[codes[i]]` are those of telegram i."""

    codes: Rows
    values: tuple[Mapping[str, Value], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names that most telegrams have."""
        counts = np.bincount(self.codes, minlength=len(self.values))
        weight: Counter[tuple[str, ...]] = Counter()
        for values, count in zip(self.values, counts.tolist(), strict=True):
            weight[tuple(values)] += count
        return weight.most_common(1)[0][0]

    @property
    def alike(self) -> Mask:
        """Which telegrams have just these names; only those can share columns."""
        usual = self.names
        return np.array([tuple(values) == usual for values in self.values])[self.codes]


def derive_rows(derivation: Derivation, payload: Bytes) -> Derived:
    """Derive the values of all rows, once for each different input."""
    codes, examples = find_distinct_rows(payload[:, derivation.positions])
    return Derived(codes, tuple(derivation.derive_row(payload[row].tobytes()) for row in examples.tolist()))


def add_derived(columns: tuple[Column, ...], derived: Derived) -> tuple[Column, ...]:
    """The columns with the derived ones, which replace those of the same name."""
    merged = {column.name: column for column in columns}
    for name in derived.names:
        texts = tuple(values.get(name) for values in derived.values)
        merged[name] = Texts(name, Field(name, "text"), derived.codes, texts)
    return tuple(merged.values())
