# SPDX-License-Identifier: Apache-2.0
"""Decoded numbers as int64 thousandths, exact wherever the unit allows.  Pure.

A value that is no whole number of thousandths (a gigajoule in kilowatt hours) is rounded to the nearest, half up.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from avlest.catalogue.bind import Bound
from avlest.catalogue.columns import Numbers, Texts
from avlest.catalogue.evaluate import take_bits, unsigned_number
from avlest.catalogue.model import Value
from avlest.collect.pipeline.registers import Scaling
from avlest.telegrams.layouts.batch import Mask
from avlest.telegrams.records.model import Record
from avlest.telegrams.records.values import decode_number

Integers = npt.NDArray[np.int64]
_SAFE = 2**62
LARGEST = 2**63 - 1


def scale_numbers(column: Numbers, scaling: Scaling) -> tuple[Integers, Mask | None]:
    """A decoded column as thousandths, and which rows hold a value (None: all)."""
    if column.raw is None:
        return _scale_floats(column.values.astype(np.float64), scaling.factor, scaling.offset, column.valid)
    factor = column.factor * scaling.factor
    offset = column.offset * scaling.factor + scaling.offset
    raw = column.raw.values
    if raw.dtype == np.int64:
        return _scale_integers(raw.astype(np.int64, copy=False), factor, offset, column.valid)
    return _scale_floats(raw.astype(np.float64), factor, offset, column.valid)


def _scale_integers(
    raw: Integers, factor: Fraction, offset: Fraction, valid: Mask | None
) -> tuple[Integers, Mask | None]:
    common = factor.denominator * offset.denominator
    times, plus = factor.numerator * offset.denominator, offset.numerator * factor.denominator
    largest = max(abs(int(raw.max())), abs(int(raw.min()))) if len(raw) else 0
    if 2 * (largest * abs(times) + abs(plus) + common) > _SAFE:
        return _scale_one_by_one(raw, factor, offset, valid)
    values = raw * times + plus if plus else raw * times
    if common != 1:
        values = (2 * values + common) // (2 * common)
    return values, valid


def _scale_one_by_one(
    raw: Integers, factor: Fraction, offset: Fraction, valid: Mask | None
) -> tuple[Integers, Mask | None]:
    """Numbers of twenty digits: with Python's integers; what does not fit 64 bits is no value."""
    values = [round_half_up(number * factor + offset) for number in raw.tolist()]
    fits = np.fromiter((abs(value) <= LARGEST for value in values), np.bool_, len(values))
    kept = np.fromiter((value if ok else 0 for value, ok in zip(values, fits, strict=True)), np.int64, len(values))
    return kept, fits if valid is None else fits & valid


def _scale_floats(
    numbers: npt.NDArray[np.float64], factor: Fraction, offset: Fraction, valid: Mask | None
) -> tuple[Integers, Mask | None]:
    with np.errstate(all="ignore"):
        scaled = np.floor(numbers * float(factor) + float(offset) + 0.5)
        fits = np.isfinite(scaled) & (np.abs(scaled) < float(_SAFE))
    if valid is not None:
        fits &= valid
    return np.where(fits, scaled, 0).astype(np.int64), None if fits.all() else fits


def scale_texts(column: Texts, scaling: Scaling) -> tuple[Integers, Mask]:
    """A column of few different values as thousandths; rows whose value is no number are none."""
    numbers = [scale_value(value, scaling) for value in column.texts]
    fits = np.array([number is not None for number in numbers], np.bool_)
    values = np.array([number or 0 for number in numbers], np.int64)
    return values[column.codes], fits[column.codes]


def scale_value(value: Value, scaling: Scaling) -> int | None:
    """One printed value as thousandths; None for what is no number or does not fit 64 bits."""
    if value is None or isinstance(value, str) or value != value or abs(value) == float("inf"):
        return None
    # The shortest text of a double is what was meant: 0.1 is a tenth.
    exact = Fraction(value) if isinstance(value, int) else Fraction(repr(value))
    return scale_fraction(exact, scaling)


def scale_fraction(value: Fraction, scaling: Scaling) -> int | None:
    """One exact value as thousandths; None for what does not fit 64 bits."""
    number = round_half_up(value * scaling.factor + scaling.offset)
    return number if abs(number) <= LARGEST else None


def read_bound(bound: Bound, record: Record, scaling: Scaling) -> int | None:
    """One field of one telegram, exact from the number that was sent; None where the meter marks it invalid."""
    sent: int | float | None
    if bound.field.mask:
        sent = take_bits(unsigned_number(record, as_sent=True), bound.field.mask)
    else:
        sent = decode_number(record)
        if isinstance(sent, int) and sent < 0 and bound.field.unsigned:
            sent += 1 << (8 * record.data_length)
    if sent is None or sent != sent or abs(sent) == float("inf"):
        return None
    return scale_fraction(Fraction(sent) * bound.factor + bound.offset, scaling)


def round_half_up(value: Fraction | int) -> int:
    """The nearest whole number; the upper one of two."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def concatenate(parts: Sequence[Integers]) -> Integers:
    """Columns end to end."""
    return np.concatenate(parts) if parts else np.empty(0, np.int64)
