# SPDX-License-Identifier: Apache-2.0
"""Evaluate a binding over whole columns: the fast twin of `evaluate`.

All telegrams given share one skeleton.  Numbers are computed with NumPy; everything that
ends as text (status words, dates, identifiers) is computed once for each *different*
value by the scalar functions, so both roads agree by construction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from avlest.catalogue.bind import Binding, Bound
from avlest.catalogue.evaluate import DECIMALS, evaluate_bound, is_decimal_factor, missing_value
from avlest.catalogue.formula import parse_formula
from avlest.catalogue.instant_columns import format_instant_column
from avlest.catalogue.instants import DAY_AT
from avlest.catalogue.lookup import join_words, translate_transport_status
from avlest.catalogue.model import Family, Field, Value
from avlest.telegrams.layouts.batch import Bytes, Mask, Rows
from avlest.telegrams.layouts.columns import (
    NumberColumn,
    decode_bcd_column,
    decode_int_column,
    decode_real_column,
    decode_uint_column,
)
from avlest.telegrams.records.model import Coding, Record

_SCALE: int = 10**DECIMALS
_WHOLE = 2**52 / _SCALE


@dataclass(frozen=True, slots=True)
class Numbers:
    """A printed number column; `raw` keeps what was sent, with its exact factor, for stores."""

    name: str
    field: Field
    values: npt.NDArray[np.float64] | npt.NDArray[np.int64]
    valid: Mask | None
    raw: NumberColumn | None = None
    factor: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Texts:
    """A text column as codes into the few different texts it holds."""

    name: str
    field: Field
    codes: Rows
    texts: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Characters:
    """A text column of one width, as ASCII codes (n, width): dates and times."""

    name: str
    field: Field
    characters: Bytes
    valid: Mask | None


Column: TypeAlias = Numbers | Texts | Characters


def evaluate_columns(
    binding: Binding, records: Sequence[Record], payload: Bytes, status: Bytes | None
) -> tuple[Column, ...]:
    """All fields of `n` telegrams of one skeleton, in the order the scalar road prints them.

    `payload` (n, width) the payloads in clear, `records` those of any one of them,
    `status` (n,) the transport header's status bytes or None.
    """
    count = len(payload)
    columns: dict[str, Column] = {}
    for bound in binding.bound:
        columns[bound.name] = evaluate_column(bound, records[bound.record], payload)
    injected = [column for column in columns.values() if column.field.into_status and isinstance(column, Texts)]
    for field in binding.missing:
        columns.setdefault(field.name, constant_column(field, missing_value(field), count))
    _add_formulas(binding, columns, count)
    _add_status(binding.family, columns, injected, status, count)
    return tuple(column for column in columns.values() if not column.field.hidden)


def constant_column(field: Field, value: Value, count: int) -> Texts:
    """The same value for every telegram."""
    return Texts(field.name, field, np.zeros(count, np.int64), (value,))


def evaluate_column(bound: Bound, record: Record, payload: Bytes) -> Column:
    """One field of all telegrams from the data bytes of its record."""
    data = payload[:, record.data_offset : record.data_offset + record.data_length]
    if bound.field.mask or bound.field.compute:
        return evaluate_distinct(bound, record, data)
    if bound.field.kind == "number":
        raw = decode_number_column(data, record.coding, unsigned=bound.field.unsigned)
        if raw is not None:
            return scale_column(bound, raw)
    elif bound.field.kind in ("date", "datetime") and record.coding in DAY_AT:
        characters, valid = format_instant_column(data, record.coding, bound.field.kind)
        return Characters(bound.name, bound.field, characters, valid)
    return evaluate_distinct(bound, record, data)


_DECODERS: dict[Coding, Callable[[Bytes], NumberColumn]] = {
    Coding.INT: lambda data: NumberColumn(decode_int_column(data)),
    Coding.BCD: decode_bcd_column,
    Coding.REAL: decode_real_column,
}


def decode_number_column(data: Bytes, coding: Coding, *, unsigned: bool) -> NumberColumn | None:
    """Numbers as sent; None for codings that are only read one by one."""
    width = data.shape[1]
    if not width or width > 8:
        return None
    if coding is Coding.UINT or (coding is Coding.INT and unsigned):
        return NumberColumn(decode_uint_column(data)) if width < 8 else None
    decode = _DECODERS.get(coding)
    return decode(data) if decode else None


def scale_column(bound: Bound, raw: NumberColumn) -> Numbers:
    """`evaluate.scale_number` for a column: the same two operations on the same doubles."""
    factor, offset = bound.factor, bound.offset
    whole = raw.values.dtype == np.int64
    values: npt.NDArray[np.float64] | npt.NDArray[np.int64]
    if whole and factor.denominator == 1 and not offset and _fits(raw, factor.numerator):
        values = raw.values * factor.numerator if factor.numerator != 1 else raw.values
    else:
        values = raw.values.astype(np.float64)
        if factor.numerator != 1:
            values = values * factor.numerator
        if factor.denominator != 1:
            values = values / factor.denominator
        if offset:
            values = values + float(offset)
        if not whole or offset or not is_decimal_factor(factor.denominator):
            values = round_column(values)
    return Numbers(bound.name, bound.field, values, raw.valid, raw, factor, offset)


def _fits(raw: NumberColumn, numerator: int) -> bool:
    if numerator == 1 or not len(raw.values):
        return True
    largest = max(-int(raw.values.min()), int(raw.values.max()))
    return largest <= (2**63 - 1) // abs(numerator)


def round_column(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """`evaluate.round_decimals` for a column."""
    with np.errstate(invalid="ignore"):
        rounded = np.rint(values * _SCALE) / _SCALE + 0.0  # minus zero becomes zero
        return np.where(np.abs(values) < _WHOLE, rounded, values)


def evaluate_distinct(bound: Bound, record: Record, data: Bytes) -> Texts:
    """Read each different byte string once with the scalar reference."""
    codes, examples = find_distinct(data)
    texts = tuple(evaluate_bound(bound, replace(record, data=bytes(example))) for example in examples)
    return Texts(bound.name, bound.field, codes, texts)


def find_distinct(data: Bytes) -> tuple[Rows, Bytes]:
    """Group equal rows: (group number of each row, one example row of each group)."""
    codes, examples = find_distinct_rows(data)
    return codes, data[examples]


def find_distinct_rows(data: Bytes) -> tuple[Rows, Rows]:
    """Group equal rows: (group number of each row, number of an example row of each group)."""
    count, width = data.shape
    if not width or not count or (data == data[0]).all():
        return np.zeros(count, np.int64), np.zeros(min(count, 1), np.int64)
    keys = np.ascontiguousarray(data).view(np.dtype((np.void, width))).reshape(-1)
    _, first, codes = np.unique(keys, return_index=True, return_inverse=True)
    return codes.reshape(-1).astype(np.int64), first


def _add_formulas(binding: Binding, columns: dict[str, Column], count: int) -> None:
    absent = {field.name for field in binding.missing}
    for field in binding.family.fields:
        if not field.formula:
            continue
        names = parse_formula(field.formula).names
        if all(name in columns and name not in absent for name in names):
            columns[field.name] = evaluate_formula_column(field, columns, count)
        elif field.required:
            columns[field.name] = constant_column(field, None, count)


def evaluate_formula_column(field: Field, columns: Mapping[str, Column], count: int) -> Numbers:
    """A calculated column; rows with a missing part or a division by zero are null."""
    formula = parse_formula(field.formula)
    numbers = {name: as_doubles(columns[name], count) for name in formula.names}
    with np.errstate(all="ignore"):
        result = np.broadcast_to(np.asarray(formula.evaluate(numbers), np.float64), (count,))
    valid = np.isfinite(result)
    return Numbers(field.name, field, round_column(result), None if valid.all() else valid)


def as_doubles(column: Column, count: int) -> npt.NDArray[np.float64]:
    """The numbers of a column, not-a-number where there is none."""
    if isinstance(column, Numbers):
        values = column.values.astype(np.float64)
        return values if column.valid is None else np.where(column.valid, values, np.nan)
    if isinstance(column, Characters):
        return np.full(count, np.nan)
    numbers = [float(text) if isinstance(text, int | float) else np.nan for text in column.texts]
    return np.array(numbers)[column.codes]


def _add_status(
    family: Family, columns: dict[str, Column], injected: list[Texts], status: Bytes | None, count: int
) -> None:
    for field in family.fields:
        if not field.status:
            continue
        own = columns.pop(field.name, None)
        parts = [own] if isinstance(own, Texts) else []
        parts += injected
        if field.transport_status and status is not None:
            parts.append(_transport_column(family, field, status))
        columns[field.name] = join_columns(field, parts, count)


def _transport_column(family: Family, field: Field, status: Bytes) -> Texts:
    codes, examples = find_distinct(status[:, None])
    texts = tuple(translate_transport_status(int(example[0]), family.transport_bits) for example in examples)
    return Texts(field.name, field, codes, texts)


def join_columns(field: Field, parts: Sequence[Texts], count: int) -> Texts:
    """The status words of all parts, joined once for each combination that occurs."""
    codes = np.zeros(count, np.int64)
    for part in parts:
        codes = codes * len(part.texts) + part.codes
    present, codes = np.unique(codes, return_inverse=True) if len(parts) else (np.zeros(1, np.int64), codes)
    texts = []
    for combination in present.tolist():
        words: list[str] = []
        for part in reversed(parts):
            combination, code = divmod(combination, len(part.texts))
            words.append(str(part.texts[code] or ""))
        texts.append(join_words(words) or missing_value(field) or "OK")
    return Texts(field.name, field, codes.reshape(-1).astype(np.int64), tuple(texts))
