# SPDX-License-Identifier: Apache-2.0
"""Decoded groups as Polars series and Arrow arrays, for files and for stores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pyarrow as pa

from avlest.catalogue.batch_decoder import DecodedGroup
from avlest.catalogue.columns import Characters, Column, Numbers, Texts
from avlest.catalogue.model import Value
from avlest.telegrams.layouts.batch import Bytes, Mask

_LARGEST = 2**63 - 1
_LARGEST_UNSIGNED = 2**64 - 1


def build_frame(group: DecodedGroup) -> pl.DataFrame:
    """The group's identity and fields, one row a telegram; media, meter and manufacturer left out."""
    return pl.DataFrame([pl.Series("id", build_text(group.ids)), *map(build_series, group.columns)])


def build_series(column: Column) -> pl.Series:
    """One column as a series: Int64, Float64 or String, null where the meter says invalid."""
    if isinstance(column, Numbers):
        return _mask(pl.Series(column.name, column.values), column.valid)
    if isinstance(column, Characters):
        return _mask(pl.Series(column.name, build_text(column.characters)), column.valid)
    return _build_texts(column)


def build_text(characters: Bytes) -> pa.LargeStringArray:
    """ASCII codes (n, width) as an array of text."""
    count, width = characters.shape
    offsets = np.arange(0, (count + 1) * width, width or 1, dtype=np.int64)[: count + 1]
    data = np.ascontiguousarray(characters)
    return pa.LargeStringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(data))


def _build_texts(column: Texts) -> pl.Series:
    values = pl.Series(column.name, *_typed(column.texts))
    if len(values) == 1:
        return values.new_from_index(0, len(column.codes))
    return values.gather(column.codes)


def _typed(values: Sequence[Value]) -> tuple[list[Value], type[pl.DataType]]:
    """Values with the one type they share: text, whole numbers, or doubles."""
    present = [value for value in values if value is not None]
    if any(isinstance(value, str) for value in present) or not present:
        return list(values), pl.String
    if all(isinstance(value, int) and abs(value) <= _LARGEST for value in present):
        return list(values), pl.Int64
    if all(isinstance(value, int) and 0 <= value <= _LARGEST_UNSIGNED for value in present):
        return list(values), pl.UInt64
    return [None if value is None else float(value) for value in values], pl.Float64


def _mask(series: pl.Series, valid: Mask | None) -> pl.Series:
    if valid is None:
        return series
    return series.scatter(np.flatnonzero(~valid), None)


def build_objects(group: DecodedGroup) -> list[dict[str, Value]]:
    """The flat objects of a group, member for member those of the scalar decoder."""
    head = {"media": group.media, "meter": group.meter}
    frame = build_frame(group)
    names = frame.columns[1:]
    return [
        {**head, "id": identity, "manufacturer": group.manufacturer, **dict(zip(names, values, strict=True))}
        for identity, *values in frame.iter_rows()
    ]
